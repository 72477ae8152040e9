//! The layout of an image with its axes, colour bar, legend and compass.

mod bar;
mod heading;
mod legend;
mod marks;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use crate::catalog::Source;
use crate::compass::Compass;
use crate::options::CountFrom;
use crate::scene::ticks::{label, round_down, round_values};
use crate::scene::{Anchor, Bitmap, Ink, Point, Rect, Scene, Shape, cut_to, text_width};
use crate::shrink::{Blocks, Statistics};

use legend::legend_lines;
use marks::{arrow, circle_within, draw_number};

pub(crate) use bar::ColourBar;
pub(crate) use heading::Heading;
pub(crate) use legend::{Entry, Symbol, draw_legend, symbol};
pub(crate) use marks::upwards;

/// An image and everything around it.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) heading: Heading,
    pub(crate) bitmap: Rc<Bitmap>,
    pub(crate) blocks: Blocks,
    pub(crate) bar: Option<ColourBar>,
    pub(crate) legend: Vec<Entry>,
    pub(crate) sources: Vec<Source>,
    pub(crate) compass: Option<Compass>,
    pub(crate) count_from: CountFrom,
    /// The length of the longer side of the image.
    pub(crate) size: usize,
    pub(crate) description: String,
    /// Numbers about all values, where they are no labels.
    pub(crate) statistics: Option<Statistics>,
}

/// Colour of the circles around sources.
pub(crate) const SOURCE_INK: Ink = Ink::Fixed([0xff, 0x4f, 0x3a]);
const HALO: Ink = Ink::Fixed([0x10, 0x10, 0x10]);
/// More sources than this have no numbers beside them.
const NUMBERED: usize = 60;

/// Height of an em in a picture of this size.
pub(crate) fn em_for(size: usize) -> f32 {
    (size as f32 / 68.0).clamp(12.0, 40.0)
}

/// Places of the parts of a figure.
struct Layout {
    em: f32,
    /// Pixels of the picture for a block.
    scale: f32,
    panel: Rect,
    /// How far the colour bar reaches beyond a narrow strip, above and below.
    room: f32,
    left: f32,
    content: f32,
    width: f32,
}

impl Figure {
    /// The drawing.
    pub(crate) fn scene(&self) -> Scene {
        let layout = self.layout();
        let em = layout.em;
        let body = layout.panel.bottom() + (em * 3.4).max(layout.room + em * 0.8);
        let height = body + self.footer_height(&layout) + em * 0.6;
        let mut scene = Scene::new(layout.width, height, self.description.clone());
        self.heading.draw(&mut scene, em, layout.content, em);
        scene.shapes.push(Shape::Bitmap {
            frame: layout.panel,
            bitmap: Rc::clone(&self.bitmap),
        });
        self.draw_sources(&mut scene, &layout);
        scene.outline(layout.panel, (Ink::Line, 1.0));
        self.draw_axes(&mut scene, &layout);
        if let Some(bar) = &self.bar {
            bar.draw(&mut scene, &layout);
        }
        let legend_width = layout.content - self.compass_width(em);
        draw_legend(
            &mut scene,
            &self.legend,
            (layout.left, body),
            legend_width,
            em,
        );
        if let Some(compass) = self.compass {
            self.draw_compass(&mut scene, &layout, body, compass);
        }
        scene
    }

    fn layout(&self) -> Layout {
        let em = em_for(self.size);
        let (rows, columns) = self.blocks.dim();
        let longest = rows.max(columns).max(1);
        // Whole numbers keep the blocks of equal size.
        let scale = (self.size / longest).max(1) as f32;
        let (width, height) = (columns as f32 * scale, rows as f32 * scale);
        let left = em * 4.6;
        let right = if self.bar.is_some() {
            em * 8.2
        } else {
            em * 1.5
        };
        let total = (left + width + right).max(em * 30.0);
        let content = total - em * 2.0;
        let top = self.heading.height(content, em);
        // The colour bar and its labels need some height beside a narrow strip.
        let room = (em * 9.0 - height).max(0.0) / 2.0;
        let panel = Rect {
            x: left.round(),
            y: (top + room).round(),
            width,
            height,
        };
        Layout {
            em,
            scale,
            panel,
            room,
            left: em,
            content,
            width: total,
        }
    }

    /// Where the middle of a pixel, counted from 0, is in the picture.
    fn place(&self, layout: &Layout, x: f64, y: f64) -> Point {
        let scale = f64::from(layout.scale) / self.blocks.factor as f64;
        let right = (x + 0.5) * scale;
        let up = (y + 0.5) * scale;
        (
            layout.panel.x + right as f32,
            layout.panel.bottom() - up as f32,
        )
    }

    fn draw_axes(&self, scene: &mut Scene, layout: &Layout) {
        let em = layout.em;
        let (size, panel) = (em * 0.88, layout.panel);
        let first = self.count_from.first() as f64;
        let ticks = |pixels: usize, length: f32, room: f32| {
            let most = ((length / room) as usize).clamp(1, 10);
            let (low, high) = (first - 0.5, first + pixels as f64 - 0.5);
            let whole = self.blocks.factor as f64 * 0.5;
            round_values(low, high, most, whole.max(1.0))
        };
        for value in ticks(self.blocks.columns, panel.width, em * 4.0) {
            let (x, _) = self.place(layout, value - first, 0.0);
            let y = panel.bottom();
            scene.line([(x, y), (x, y + em * 0.4)], (Ink::Line, 1.0));
            scene.text(
                (x, y + em * 1.4),
                format!("{value:.0}"),
                size,
                Anchor::Middle,
                Ink::Muted,
            );
        }
        for value in ticks(self.blocks.rows, panel.height, em * 2.5) {
            let (_, y) = self.place(layout, 0.0, value - first);
            scene.line([(panel.x - em * 0.4, y), (panel.x, y)], (Ink::Line, 1.0));
            let at = (panel.x - em * 0.6, y + size * 0.35);
            scene.text(at, format!("{value:.0}"), size, Anchor::End, Ink::Muted);
        }
        let from = self.count_from.first();
        let middle = panel.x + panel.width / 2.0;
        let words = format!("column (pixel, from {from})");
        // The label of a narrow strip begins at its left edge.
        let half = text_width(&words, size, false) / 2.0;
        let at = (middle.max(panel.x + half), panel.bottom() + em * 2.7);
        scene.text(at, words, size, Anchor::Middle, Ink::Text);
        let words = format!("row (pixel, from {from})");
        let words = cut_to(panel.height + em * 4.0, &words, size, false);
        upwards(scene, (em * 1.4, panel.y + panel.height / 2.0), words, size);
    }

    fn draw_sources(&self, scene: &mut Scene, layout: &Layout) {
        let em = layout.em;
        let per_pixel = layout.scale / self.blocks.factor as f32;
        let panel = layout.panel;
        let inside = |(x, y): Point| {
            (panel.x..=panel.right()).contains(&x) && (panel.y..=panel.bottom()).contains(&y)
        };
        let mut numbers = Vec::new();
        for source in &self.sources {
            let centre = self.place(layout, source.x, source.y);
            if !inside(centre) {
                continue;
            }
            let extent = source
                .sigma
                .map_or(0.0, |sigma| 2.5 * sigma as f32 * per_pixel);
            let radius = extent.clamp(em * 0.55, em * 4.0);
            for stroke in [(HALO, em * 0.24), (SOURCE_INK, em * 0.12)] {
                circle_within(scene, panel, centre, radius, stroke);
            }
            numbers.extend(
                source
                    .label
                    .map(|label| (centre, radius, label.to_string())),
            );
        }
        if self.sources.len() <= NUMBERED {
            // Above all circles.
            for (centre, radius, number) in numbers {
                draw_number(scene, layout, centre, radius, &number);
            }
        }
    }

    fn compass_width(&self, em: f32) -> f32 {
        if self.compass.is_some() {
            em * 13.0
        } else {
            0.0
        }
    }

    fn footer_height(&self, layout: &Layout) -> f32 {
        let width = layout.content - self.compass_width(layout.em);
        let legend = legend_lines(&self.legend, width, layout.em).len() as f32 * layout.em * 1.5;
        let compass = if self.compass.is_some() {
            layout.em * 5.2
        } else {
            0.0
        };
        legend.max(compass)
    }

    /// Arrows to the north and east, and a bar of round length.
    fn draw_compass(&self, scene: &mut Scene, layout: &Layout, top: f32, compass: Compass) {
        let em = layout.em;
        let right = layout.left + layout.content;
        // The arrows start in the corner that they point away from.
        let arm = em * 1.9;
        let sum = (
            compass.north.0 + compass.east.0,
            compass.north.1 + compass.east.1,
        );
        let origin = (
            right - em * 3.0 - sum.0 as f32 * arm / 2.0,
            top + em * 2.8 + sum.1 as f32 * arm / 2.0,
        );
        for (direction, letter) in [(compass.north, "N"), (compass.east, "E")] {
            let (x, y) = (direction.0 as f32, -direction.1 as f32);
            arrow(scene, origin, (x, y), arm, em);
            let at = (
                origin.0 + x * (arm + em * 0.75),
                origin.1 + y * (arm + em * 0.75) + em * 0.33,
            );
            scene.text(at, letter, em * 0.92, Anchor::Middle, Ink::Text);
        }
        let per_pixel = f64::from(layout.scale) / self.blocks.factor as f64;
        let per_arcsec = per_pixel / compass.pixel_arcsec;
        let seconds = round_down(f64::from(em) * 6.5 / per_arcsec);
        let length = (seconds * per_arcsec) as f32;
        let (x, y) = (right - em * 6.2 - length, top + em * 2.6);
        scene.line([(x, y), (x + length, y)], (Ink::Text, em * 0.16));
        let words = format!("{}″", label(seconds, seconds));
        scene.text(
            (x + length / 2.0, y + em * 1.3),
            words,
            em * 0.92,
            Anchor::Middle,
            Ink::Text,
        );
    }
}
