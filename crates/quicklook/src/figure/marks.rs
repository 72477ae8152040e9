//! Circles around sources, their numbers, arrows and upright text.

use super::{HALO, Layout};
use crate::scene::{Anchor, Ink, Point, Rect, Scene, Shape, Stroke, Text, text_width};

/// Straight pieces of a circle that is cut.
const PIECES: u16 = 96;

/// A circle, or the arcs of it that lie within the panel.
pub(super) fn circle_within(
    scene: &mut Scene,
    panel: Rect,
    centre: Point,
    radius: f32,
    stroke: Stroke,
) {
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
pub(super) fn draw_number(
    scene: &mut Scene,
    layout: &Layout,
    centre: Point,
    radius: f32,
    words: &str,
) {
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

pub(super) fn arrow(scene: &mut Scene, from: Point, (x, y): (f32, f32), length: f32, em: f32) {
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
