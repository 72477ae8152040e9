//! The bar that says which colour is which value.

use std::rc::Rc;

use super::{Layout, upwards};
use crate::colour::ColourMap;
use crate::limits::Range;
use crate::scene::ticks::{label, round_up};
use crate::scene::{Anchor, Bitmap, Ink, Rect, Scene, Shape, cut_to, text_width};
use crate::stretch::Stretch;

/// The meaning of the colours.
#[derive(Debug, Clone)]
pub(crate) struct ColourBar {
    pub(crate) range: Range,
    pub(crate) stretch: Stretch,
    pub(crate) colours: ColourMap,
    pub(crate) unit: String,
}

impl ColourBar {
    pub(super) fn draw(&self, scene: &mut Scene, layout: &Layout) {
        let em = layout.em;
        let panel = layout.panel;
        let height = panel.height.max(em * 9.0);
        let frame = Rect {
            x: (panel.right() + em * 0.9).round(),
            y: (panel.y + (panel.height - height) / 2.0).round(),
            width: em.round(),
            height: height.round(),
        };
        let pixels = (0..256).map(|row| self.colours.colour(1.0 - f64::from(row) / 255.0));
        scene.shapes.push(Shape::Bitmap {
            frame,
            bitmap: Rc::new(Bitmap {
                width: 1,
                height: 256,
                pixels: pixels.collect(),
            }),
        });
        scene.outline(frame, (Ink::Line, 1.0));
        let size = em * 0.88;
        let most = ((frame.height / (em * 3.2)) as usize).clamp(2, 9);
        let mut widest: f32 = 0.0;
        for (value, step) in self.ticks(most) {
            let fraction = self.stretch.apply(self.range.fraction(value));
            let y = frame.bottom() - fraction as f32 * frame.height;
            scene.line(
                [(frame.right(), y), (frame.right() + em * 0.35, y)],
                (Ink::Line, 1.0),
            );
            let words = label(value, step);
            widest = widest.max(text_width(&words, size, false));
            let at = (frame.right() + em * 0.55, y + size * 0.35);
            scene.text(at, words, size, Anchor::Start, Ink::Muted);
        }
        if !self.unit.is_empty() {
            let at = (
                frame.right() + em * 1.7 + widest,
                frame.y + frame.height / 2.0,
            );
            let words = cut_to(frame.height, &self.unit, size, false);
            upwards(scene, at, words, size);
        }
    }

    /// Values for labels and the distance of each to its neighbours: evenly spread over the bar, then rounded.
    pub(super) fn ticks(&self, most: usize) -> Vec<(f64, f64)> {
        let (low, high) = (self.range.low(), self.range.high());
        if high <= low {
            return vec![(low, low.abs() / 100.0)];
        }
        let at = |place: f64| self.range.value(self.stretch.invert(place));
        let mut ticks: Vec<(f64, f64)> = Vec::new();
        let gap = 1.0 / most as f64;
        for index in 0..=most {
            let place = index as f64 * gap;
            let (below, above) = (at(place - gap / 2.0), at(place + gap / 2.0));
            let step = round_up((above - below) / 2.5);
            let value = (at(place) / step).round() * step + 0.0;
            let fraction = self.stretch.apply((value - low) / (high - low));
            let inside = (low..=high).contains(&value);
            let apart = ticks.last().is_none_or(|(last, _)| {
                fraction - self.stretch.apply((last - low) / (high - low)) > gap * 0.55
            });
            if inside && apart {
                ticks.push((value, step));
            }
        }
        ticks
    }
}
