//! The meaning of marks and colours.

use crate::scene::{Anchor, Ink, Point, Rect, Scene, Shape, text_width};

/// A line of the legend.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) symbol: Symbol,
    pub(crate) words: String,
}

/// The sign before a line of the legend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Symbol {
    Square(Ink),
    Ring(Ink),
    Dot(Ink),
    HollowDot(Ink),
    Cross(Ink),
    Triangle(Ink),
    Dash(Ink),
    None,
}

/// The lines of a legend: which entries, and where each begins.
pub(super) fn legend_lines(entries: &[Entry], width: f32, em: f32) -> Vec<Vec<(usize, f32)>> {
    let mut lines: Vec<Vec<(usize, f32)>> = Vec::new();
    let mut x = f32::INFINITY;
    for (index, entry) in entries.iter().enumerate() {
        let room = em * 1.3 + text_width(&entry.words, em * 0.92, false);
        if x + room > width {
            lines.push(Vec::new());
            x = 0.0;
        }
        if let Some(line) = lines.last_mut() {
            line.push((index, x));
        }
        x += room + em * 1.4;
    }
    lines
}

/// Draws a legend and gives its height.
pub(crate) fn draw_legend(
    scene: &mut Scene,
    entries: &[Entry],
    (left, top): Point,
    width: f32,
    em: f32,
) -> f32 {
    let lines = legend_lines(entries, width, em);
    for (line, row) in (0..).zip(&lines) {
        let y = top + em * (1.0 + 1.5 * line as f32);
        for (index, x) in row {
            let entry = &entries[*index];
            let x = left + x;
            symbol(
                scene,
                entry.symbol,
                (x + em * 0.5, y - em * 0.32),
                em * 0.42,
            );
            let indent = if entry.symbol == Symbol::None {
                0.0
            } else {
                em * 1.3
            };
            scene.text(
                (x + indent, y),
                entry.words.clone(),
                em * 0.92,
                Anchor::Start,
                Ink::Text,
            );
        }
    }
    lines.len() as f32 * em * 1.5
}

/// Draws a symbol of a given radius.
pub(crate) fn symbol(scene: &mut Scene, symbol: Symbol, (x, y): Point, radius: f32) {
    let circle = |fill, stroke| Shape::Circle {
        centre: (x, y),
        radius,
        fill,
        stroke,
    };
    let shape = match symbol {
        Symbol::None => return,
        Symbol::Square(ink) => Shape::Box {
            frame: Rect {
                x: x - radius,
                y: y - radius,
                width: 2.0 * radius,
                height: 2.0 * radius,
            },
            fill: Some(ink),
            stroke: None,
        },
        Symbol::Ring(ink) => circle(None, Some((ink, radius * 0.35))),
        Symbol::Dot(ink) => circle(Some(ink), None),
        Symbol::HollowDot(ink) => circle(Some(Ink::Paper), Some((ink, radius * 0.35))),
        Symbol::Triangle(ink) => Shape::Polygon {
            points: vec![
                (x, y - radius * 1.25),
                (x + radius * 1.15, y + radius * 0.85),
                (x - radius * 1.15, y + radius * 0.85),
            ],
            fill: ink,
        },
        Symbol::Dash(ink) => Shape::Line {
            points: vec![(x - radius * 1.2, y), (x + radius * 1.2, y)],
            stroke: (ink, radius * 0.45),
            dashed: false,
        },
        Symbol::Cross(ink) => {
            let arm = radius * 0.9;
            let stroke = (ink, radius * 0.5);
            scene.line([(x - arm, y - arm), (x + arm, y + arm)], stroke);
            scene.line([(x - arm, y + arm), (x + arm, y - arm)], stroke);
            return;
        }
    };
    scene.shapes.push(shape);
}
