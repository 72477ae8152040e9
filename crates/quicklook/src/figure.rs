//! The layout of an image with its axes, colour bar, legend and compass.

use std::rc::Rc;

use crate::catalog::Source;
use crate::colour::ColourMap;
use crate::compass::Compass;
use crate::limits::Range;
use crate::options::CountFrom;
use crate::scene::ticks::{label, round_down, round_up, round_values};
use crate::scene::{
    Anchor, Bitmap, Ink, Point, Rect, Scene, Shape, Stroke, Text, cut_to, text_width, wrapped,
};
use crate::shrink::{Blocks, Statistics};
use crate::stretch::Stretch;

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

/// What stands above a picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heading {
    pub(crate) name: String,
    pub(crate) facts: Vec<String>,
    pub(crate) shown: Vec<String>,
}

/// The meaning of the colours.
#[derive(Debug, Clone)]
pub(crate) struct ColourBar {
    pub(crate) range: Range,
    pub(crate) stretch: Stretch,
    pub(crate) colours: ColourMap,
    pub(crate) unit: String,
}

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

/// Colour of the circles around sources.
pub(crate) const SOURCE_INK: Ink = Ink::Fixed([0xff, 0x4f, 0x3a]);
const HALO: Ink = Ink::Fixed([0x10, 0x10, 0x10]);
/// More sources than this have no numbers beside them.
const NUMBERED: usize = 60;

impl Heading {
    /// What the picture shows in words: the product, what it is, and what can be seen.
    pub(crate) fn description(&self, seen: &str) -> String {
        if self.facts.is_empty() {
            return format!("{}: {seen}", self.name);
        }
        format!("{}: {}. {seen}", self.name, self.facts.join(", "))
    }

    /// Draws the heading from the top left corner of the content, and gives its lower edge.
    pub(crate) fn draw(&self, scene: &mut Scene, x: f32, width: f32, em: f32) -> f32 {
        let mut y = em * 2.1;
        scene.shapes.push(Shape::Text(Text {
            at: (x, y),
            words: cut_to(width, &self.name, em * 1.15, true),
            size: em * 1.15,
            anchor: Anchor::Start,
            ink: Ink::Text,
            bold: true,
            upwards: false,
        }));
        for (parts, ink) in [(&self.facts, Ink::Text), (&self.shown, Ink::Muted)] {
            for line in wrapped(width, parts, em * 0.92) {
                y += em * 1.45;
                scene.text((x, y), line, em * 0.92, Anchor::Start, ink);
            }
        }
        y + em * 0.9
    }

    /// Room that the heading takes.
    pub(crate) fn height(&self, width: f32, em: f32) -> f32 {
        let lines = [&self.facts, &self.shown].map(|parts| wrapped(width, parts, em * 0.92).len());
        em * (3.0 + 1.45 * (lines[0] + lines[1]) as f32)
    }
}

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

/// Straight pieces of a circle that is cut.
const PIECES: u16 = 96;

/// A circle, or the arcs of it that lie within the panel.
fn circle_within(scene: &mut Scene, panel: Rect, centre: Point, radius: f32, stroke: Stroke) {
    let (x, y) = centre;
    let is_whole = x - radius >= panel.x
        && x + radius <= panel.right()
        && y - radius >= panel.y
        && y + radius <= panel.bottom();
    if is_whole {
        scene.shapes.push(Shape::Circle {
            centre,
            radius,
            fill: None,
            stroke: Some(stroke),
        });
        return;
    }
    let mut arc: Vec<Point> = Vec::new();
    for piece in 0..=PIECES {
        let angle = f32::from(piece) / f32::from(PIECES) * std::f32::consts::TAU;
        let point = (x + radius * angle.cos(), y + radius * angle.sin());
        let inside = (panel.x..=panel.right()).contains(&point.0)
            && (panel.y..=panel.bottom()).contains(&point.1);
        if inside {
            arc.push(point);
        }
        if !inside || piece == PIECES {
            let arc = std::mem::take(&mut arc);
            if arc.len() > 1 {
                scene.line(arc, stroke);
            }
        }
    }
}

/// The number of a source to the upper right of its circle, on the other side where there is no room.
fn draw_number(scene: &mut Scene, layout: &Layout, centre: Point, radius: f32, words: &str) {
    let em = layout.em;
    let size = em * 0.8;
    let width = text_width(words, size, true);
    let away = radius * 0.75 + em * 0.25;
    let at_right = centre.0 + away + width <= layout.panel.right();
    let x = if at_right {
        centre.0 + away
    } else {
        centre.0 - away
    };
    let above = centre.1 - away - size > layout.panel.y;
    let y = if above {
        centre.1 - away
    } else {
        centre.1 + away + size * 0.8
    };
    let anchor = if at_right { Anchor::Start } else { Anchor::End };
    let mut add = |dx: f32, dy: f32, ink: Ink| {
        scene.shapes.push(Shape::Text(Text {
            at: (x + dx, y + dy),
            words: words.to_owned(),
            size,
            anchor,
            ink,
            bold: true,
            upwards: false,
        }));
    };
    let halo = em * 0.09;
    for (dx, dy) in [(-halo, -halo), (halo, -halo), (-halo, halo), (halo, halo)] {
        add(dx, dy, HALO);
    }
    add(0.0, 0.0, Ink::Fixed([0xff, 0xff, 0xff]));
}

pub(crate) fn upwards(scene: &mut Scene, at: Point, words: String, size: f32) {
    scene.shapes.push(Shape::Text(Text {
        at,
        words,
        size,
        anchor: Anchor::Middle,
        ink: Ink::Text,
        bold: false,
        upwards: true,
    }));
}

fn arrow(scene: &mut Scene, from: Point, (x, y): (f32, f32), length: f32, em: f32) {
    let tip = (from.0 + x * length, from.1 + y * length);
    let (head, half) = (em * 0.6, em * 0.24);
    let neck = (tip.0 - x * head, tip.1 - y * head);
    scene.line([from, neck], (Ink::Text, em * 0.13));
    scene.shapes.push(Shape::Polygon {
        points: vec![
            tip,
            (neck.0 - y * half, neck.1 + x * half),
            (neck.0 + y * half, neck.1 - x * half),
        ],
        fill: Ink::Text,
    });
}

impl ColourBar {
    fn draw(&self, scene: &mut Scene, layout: &Layout) {
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
    fn ticks(&self, most: usize) -> Vec<(f64, f64)> {
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

/// The lines of a legend: which entries, and where each begins.
fn legend_lines(entries: &[Entry], width: f32, em: f32) -> Vec<Vec<(usize, f32)>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::{Palette, Stretch};

    fn figure(rows: usize, columns: usize, size: usize) -> Figure {
        let blocks = Blocks::fitting(rows, columns, size);
        let (height, width) = blocks.dim();
        Figure {
            heading: Heading {
                name: "x_rate.fits".into(),
                facts: vec!["NIRCAM NRCB1".into()],
                shown: vec![],
            },
            bitmap: Rc::new(Bitmap {
                width,
                height,
                pixels: vec![[0; 3]; width * height],
            }),
            blocks,
            bar: None,
            legend: Vec::new(),
            sources: Vec::new(),
            compass: None,
            count_from: CountFrom::Zero,
            size,
            description: String::new(),
            statistics: None,
        }
    }

    #[test]
    fn pixels_lie_where_their_blocks_are_drawn() {
        // 64 pixels as 64 blocks of 8 x 8.
        let small = figure(64, 64, 512);
        let layout = small.layout();
        let (x, y) = small.place(&layout, 0.0, 0.0);
        assert_eq!((x, y), (layout.panel.x + 4.0, layout.panel.bottom() - 4.0));
        // 2048 pixels as 512 blocks of 1 x 1: pixel 1000 is in block 250.
        let large = figure(2048, 2048, 512);
        let layout = large.layout();
        let (x, y) = large.place(&layout, 1000.0, 2047.0);
        assert!((x - (layout.panel.x + 250.125)).abs() < 1e-3);
        assert!((y - (layout.panel.y + 0.125)).abs() < 1e-3);
    }

    #[test]
    fn sources_outside_are_not_drawn() {
        let mut figure = figure(64, 64, 512);
        let source = |x, y| Source {
            x,
            y,
            sigma: None,
            label: None,
        };
        figure.sources = vec![source(10.0, 20.0), source(-3.0, 2.0), source(f64::NAN, 1.0)];
        let scene = figure.scene();
        let centres: Vec<Point> = scene
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Circle { centre, .. } => Some(*centre),
                _ => None,
            })
            .collect();
        let expected = figure.place(&figure.layout(), 10.0, 20.0);
        assert_eq!(centres, [expected, expected]);
    }

    #[test]
    fn circles_end_at_the_edge_of_the_image() {
        let mut figure = figure(64, 64, 512);
        figure.sources = vec![Source {
            x: 0.0,
            y: 63.0,
            sigma: Some(2.0),
            label: None,
        }];
        let scene = figure.scene();
        let panel = figure.layout().panel;
        let arcs: Vec<&Vec<Point>> = scene
            .shapes
            .iter()
            .filter_map(|shape| match shape {
                Shape::Line { points, .. } if points.len() > 2 => Some(points),
                _ => None,
            })
            .collect();
        assert!(!arcs.is_empty());
        for (x, y) in arcs.into_iter().flatten() {
            assert!(
                (panel.x..=panel.right()).contains(x) && (panel.y..=panel.bottom()).contains(y)
            );
        }
    }

    #[test]
    fn axes_say_from_where_they_count() {
        for (count_from, first, label) in [
            (CountFrom::Zero, "0", "column (pixel, from 0)"),
            (CountFrom::One, "10", "column (pixel, from 1)"),
        ] {
            let mut figure = figure(64, 64, 512);
            figure.count_from = count_from;
            let scene = figure.scene();
            let words: Vec<&str> = scene
                .shapes
                .iter()
                .filter_map(|shape| match shape {
                    Shape::Text(text) => Some(text.words.as_str()),
                    _ => None,
                })
                .collect();
            assert!(
                words.contains(&first) && words.contains(&label),
                "{words:?}"
            );
        }
    }

    #[test]
    fn strips_and_single_pixels_have_a_layout() {
        for (rows, columns) in [(1, 1), (8, 8), (4, 2048), (2048, 1), (0, 0)] {
            let scene = figure(rows, columns, 1024).scene();
            assert!(
                scene.width >= 300.0 && scene.width < 1400.0,
                "{}",
                scene.width
            );
            assert!(
                scene.height >= 200.0 && scene.height < 1400.0,
                "{}",
                scene.height
            );
        }
    }

    #[test]
    fn ticks_of_the_bar_are_round_apart_and_inside() {
        for stretch in [Stretch::Linear, Stretch::Asinh, Stretch::Sqrt, Stretch::Log] {
            for (low, high) in [(-1.3, 517.0), (0.001, 0.0017), (-5e6, -4e6)] {
                let Limits::Fixed(range) = Limits::between(low, high).unwrap() else {
                    unreachable!("given values");
                };
                let bar = ColourBar {
                    range,
                    stretch,
                    colours: ColourMap::of(Palette::Grey),
                    unit: String::new(),
                };
                let ticks = bar.ticks(6);
                assert!(ticks.len() >= 3, "{stretch:?} {low} {high}: {ticks:?}");
                let places = ticks
                    .iter()
                    .map(|(value, _)| stretch.apply(range.fraction(*value)));
                let places: Vec<f64> = places.collect();
                assert!(places.windows(2).all(|pair| pair[1] - pair[0] > 0.08));
                assert!(ticks.iter().all(|(value, _)| (low..=high).contains(value)));
            }
        }
    }
}
