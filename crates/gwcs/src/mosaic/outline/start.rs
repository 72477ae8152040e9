//! Where the outlines of an overlay begin.
//!
//! The rings of both operands are cut where they meet the other operand. The first piece that is part of an outline of
//! the result says where that outline begins: at the second of its points, in the sense of the result. The outlines come
//! in the order of their pieces.

use super::{Point, Ring, Rule, Shape, signed_area};

/// Brings the shapes and their outer rings into order.
pub(super) fn ordered(
    mut shapes: Vec<Shape>,
    subject: &[Shape],
    clip: &[Shape],
    rule: Rule,
) -> Vec<Shape> {
    for ring in shapes.iter_mut().filter_map(|shape| shape.first_mut()) {
        if signed_area(ring) > 0.0 {
            ring.reverse();
        }
    }
    let mut result = Vec::new();
    for (own, other) in [(subject, clip), (clip, subject)] {
        for ring in own.iter().flatten() {
            for piece in pieces(ring, other) {
                if is_inside(middle_of(&piece), other) != (rule == Rule::Intersection) {
                    continue;
                }
                let Some(start) = start_of(&piece, ring) else {
                    continue;
                };
                let scale = piece
                    .iter()
                    .flatten()
                    .fold(1.0, |scale: f64, v| scale.max(v.abs()));
                let found = shapes.iter().enumerate().find_map(|(index, shape)| {
                    let vertex = nearest(shape.first()?, start, 1e-7 * scale)?;
                    Some((index, vertex))
                });
                if let Some((index, vertex)) = found {
                    let mut shape = shapes.remove(index);
                    shape[0].rotate_left(vertex);
                    result.push(shape);
                }
            }
        }
    }
    result.extend(shapes);
    result
}

/// The second point of a piece in the sense of clockwise rings.
fn start_of(piece: &[Point], ring: &Ring) -> Option<Point> {
    if signed_area(ring) < 0.0 {
        piece.get(1).copied()
    } else {
        piece
            .len()
            .checked_sub(2)
            .and_then(|k| piece.get(k))
            .copied()
    }
}

fn nearest(ring: &Ring, point: Point, tolerance: f64) -> Option<usize> {
    let distances = ring
        .iter()
        .map(|p| (p[0] - point[0]).hypot(p[1] - point[1]));
    distances
        .enumerate()
        .filter(|(_, distance)| *distance <= tolerance)
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(index, _)| index)
}

/// A ring from its first point to its first, cut where it meets the rings of `other`.
fn pieces(ring: &Ring, other: &[Shape]) -> Vec<Vec<Point>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<Point> = ring.first().copied().into_iter().collect();
    let after = ring.iter().skip(1).chain(ring.first());
    for (from, to) in ring.iter().zip(after) {
        for part in crossings(*from, *to, other) {
            let point = [0, 1].map(|axis| from[axis] + part * (to[axis] - from[axis]));
            if part > 0.0 {
                piece.push(point);
            }
            pieces.push(std::mem::replace(&mut piece, vec![point]));
        }
        if piece.last() != Some(to) {
            piece.push(*to);
        }
    }
    pieces.push(piece);
    pieces.retain(|piece| piece.len() > 1);
    pieces
}

/// Where a segment meets the rings of shapes, as parts of its length (0 to 1) in order.
fn crossings(from: Point, to: Point, shapes: &[Shape]) -> Vec<f64> {
    let step = [to[0] - from[0], to[1] - from[1]];
    let mut parts = Vec::new();
    for ring in shapes.iter().flatten() {
        let before = ring.last().into_iter().chain(ring);
        for (a, b) in before.zip(ring) {
            let edge = [b[0] - a[0], b[1] - a[1]];
            let cross = step[0] * edge[1] - step[1] * edge[0];
            if cross == 0.0 {
                continue;
            }
            let apart = [a[0] - from[0], a[1] - from[1]];
            let along = (apart[0] * edge[1] - apart[1] * edge[0]) / cross;
            let beside = (apart[0] * step[1] - apart[1] * step[0]) / cross;
            if (0.0..=1.0).contains(&along) && (0.0..=1.0).contains(&beside) {
                parts.push(along);
            }
        }
    }
    parts.sort_by(f64::total_cmp);
    parts.dedup();
    parts
}

/// The middle of the first segment of a piece.
fn middle_of(piece: &[Point]) -> Point {
    match piece {
        [a, b, ..] => [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])],
        _ => [f64::NAN; 2],
    }
}

/// Whether a point is in shapes (even-odd rule).
fn is_inside(point: Point, shapes: &[Shape]) -> bool {
    let mut inside = false;
    for ring in shapes.iter().flatten() {
        let before = ring.last().into_iter().chain(ring);
        for (a, b) in before.zip(ring) {
            if (a[1] > point[1]) != (b[1] > point[1]) {
                let x = a[0] + (point[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0]);
                inside ^= point[0] < x;
            }
        }
    }
    inside
}
