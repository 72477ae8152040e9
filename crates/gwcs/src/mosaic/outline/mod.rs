//! Overlays of polygons in an image, with the vertices in the order of the reference's geometry library.
//!
//! The overlays themselves are those of the crate `i_overlay`, on a grid of 64-bit integers. A footprint is written as a
//! list of vertices, so it matters where the list begins: [`start`] has the rule.
//!
//! # Source
//! stcal 1.20.0 `alignment.resample_utils.combine_sregions`; the order of vertices is that of GEOS 3.11 (`OverlayNG`,
//! `CascadedPolygonUnion`), which shapely calls.

mod start;

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::core::solver::Solver;
use i_overlay::float::overlay::{FloatOverlay, OverlayOptions};

/// A point of an image.
pub(super) type Point = [f64; 2];
/// A closed line of points; the first is not repeated.
pub(super) type Ring = Vec<Point>;
/// A ring and the holes in it.
type Shape = Vec<Ring>;

/// The outlines of what any of the rings holds: clockwise, without vertices that carry no shape. Holes are left out.
pub(super) fn union(rings: &[Ring]) -> Vec<Ring> {
    let ordered = in_order(rings);
    outlines(&union_of(&ordered))
}

/// The outlines of the parts of a ring that are in a rectangle, as [`union`] has them.
pub(super) fn in_rectangle(ring: &Ring, low: Point, high: Point) -> Vec<Ring> {
    let rectangle = vec![low, [high[0], low[1]], high, [low[0], high[1]]];
    let (ring, rectangle) = (vec![vec![ring.clone()]], vec![vec![rectangle]]);
    outlines(&overlay(&ring, &rectangle, Rule::Intersection))
}

fn outlines(shapes: &[Shape]) -> Vec<Ring> {
    let outer = shapes.iter().filter_map(|shape| shape.first());
    outer.map(|ring| simplified(ring)).collect()
}

/// What an overlay keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Union,
    Intersection,
}

/// Polygons in a tree's leaves: this many of them.
const LEAVES: usize = 10;

/// The order in which polygons are united: that of a packed tree, along x in slices, in each along y.
fn in_order(rings: &[Ring]) -> Vec<Shape> {
    let mut placed: Vec<(Point, &Ring)> = rings.iter().map(|ring| (middle(ring), ring)).collect();
    placed.sort_by(|(a, _), (b, _)| a[0].total_cmp(&b[0]));
    let slices = (placed.len().div_ceil(LEAVES) as f64)
        .sqrt()
        .ceil()
        .max(1.0) as usize;
    for slice in placed.chunks_mut(rings.len().div_ceil(slices).max(1)) {
        slice.sort_by(|(a, _), (b, _)| a[1].total_cmp(&b[1]));
    }
    placed
        .into_iter()
        .map(|(_, ring)| vec![ring.clone()])
        .collect()
}

/// The middle of the box around a ring.
fn middle(ring: &Ring) -> Point {
    [0, 1].map(|axis| {
        let values = ring.iter().map(|point| point[axis]);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        f64::midpoint(low, high)
    })
}

/// The union of shapes, by halves.
fn union_of(shapes: &[Shape]) -> Vec<Shape> {
    if shapes.len() <= 1 {
        return shapes.to_vec();
    }
    let (first, second) = shapes.split_at(shapes.len() / 2);
    overlay(&union_of(first), &union_of(second), Rule::Union)
}

/// One overlay: shapes in their order, each outer ring clockwise from where it has to begin.
fn overlay(subject: &[Shape], clip: &[Shape], rule: Rule) -> Vec<Shape> {
    let mut options = OverlayOptions::<f64, i64>::default();
    options.preserve_input_collinear = true;
    options.clean_result = false;
    let contours = |shapes: &[Shape]| {
        shapes
            .iter()
            .flatten()
            .map(counterclockwise)
            .collect::<Vec<_>>()
    };
    let kept = match rule {
        Rule::Union => OverlayRule::Union,
        Rule::Intersection => OverlayRule::Intersect,
    };
    // Holes are clockwise in between: the even-odd rule does not care.
    let shapes: Vec<Shape> = FloatOverlay::<Point, i64>::from_subj_and_clip_custom(
        &contours(subject),
        &contours(clip),
        options,
        Solver::AUTO,
    )
    .overlay(kept, FillRule::EvenOdd);
    start::ordered(shapes, subject, clip, rule)
}

fn counterclockwise(ring: &Ring) -> Ring {
    let mut ring = ring.clone();
    if signed_area(&ring) < 0.0 {
        ring.reverse();
    }
    ring
}

fn signed_area(ring: &[Point]) -> f64 {
    let before = ring.last().into_iter().chain(ring);
    let parts = before.zip(ring).map(|(a, b)| a[0] * b[1] - a[1] * b[0]);
    0.5 * parts.sum::<f64>()
}

/// Two vertices are the same below this distance along both axes \[pixel\].
const SAME_VERTEX: f64 = 5e-2;
/// An angle below this is none \[rad\].
const NO_ANGLE: f64 = 1e-6;

/// A polygon without vertices next to the one before or on a line with both neighbours.
fn simplified(polygon: &[Point]) -> Vec<Point> {
    let count = polygon.len();
    let kept = (0..count).filter(|&k| {
        let (before, here) = (polygon[(k + count - 1) % count], polygon[k]);
        let after = polygon[(k + 1) % count];
        let (v1, v2) = (
            [here[0] - before[0], here[1] - before[1]],
            [after[0] - here[0], after[1] - here[1]],
        );
        let close = v1[0].abs() < SAME_VERTEX && v1[1].abs() < SAME_VERTEX;
        let (m1, m2) = (v1[1] / (v1[0] + 1e-12), v2[1] / (v2[0] + 1e-12));
        let angle = ((m2 - m1) / (1.0 + m1 * m2)).atan();
        // An angle that is not a number is one.
        let straight = angle.abs() < NO_ANGLE;
        !close && !straight
    });
    kept.map(|k| polygon[k]).collect()
}
