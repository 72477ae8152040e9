//! A closed line of great-circle arcs.

use super::plane::TangentPlane;
use super::vector::{Direction, chord, cross, difference, dot, middle};

/// A closed line of arcs between neighbouring directions; the last is joined to the first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ring(pub(super) Vec<Direction>);

/// Thickness below which a ring is a line that rounding has opened [rad]: directions are exact to 1e-16.
const THINNEST: f64 = 1e-15;

impl Ring {
    /// The ring through `directions`, without repetitions of neighbours.
    pub(super) fn new(directions: impl IntoIterator<Item = Direction>) -> Self {
        let mut ring: Vec<Direction> = directions.into_iter().collect();
        ring.dedup();
        while ring.len() > 1 && ring.first() == ring.last() {
            ring.pop();
        }
        Self(ring)
    }

    /// The area to the left of the line [sr]: negative for a ring that runs clockwise, seen from outside the sphere.
    ///
    /// The sum of the excesses of the triangles from the first direction, `tan(E/2) = a·(b×c) / (1 + a·b + b·c + c·a)`
    /// (Van Oosterom & Strackee 1983, doi:10.1109/TBME.1983.325207). The determinant is taken of differences, so that
    /// small rings keep their digits.
    pub(super) fn area_sr(&self) -> f64 {
        let Some((&a, rest)) = self.0.split_first() else {
            return 0.0;
        };
        rest.windows(2)
            .map(|pair| {
                let (b, c) = (pair[0], pair[1]);
                let volume = dot(a, cross(difference(b, a), difference(c, a)));
                2.0 * volume.atan2(1.0 + dot(a, b) + dot(b, c) + dot(c, a))
            })
            .sum()
    }

    /// Whether the ring encloses nothing but what rounding adds to a line.
    pub(super) fn is_degenerate(&self) -> bool {
        let around = self.0.iter().skip(1).chain(self.0.first());
        let perimeter: f64 = self.0.iter().zip(around).map(|(a, b)| chord(*a, *b)).sum();
        self.0.len() < 3 || self.area_sr().abs() <= THINNEST * perimeter
    }

    /// How often the ring runs around `direction`, counterclockwise.
    pub(super) fn winding(&self, direction: Direction) -> i32 {
        let Some(plane) = middle(&self.0).map(TangentPlane::at) else {
            return 0;
        };
        let Some([x, y]) = plane.point_from_direction(direction) else {
            return 0;
        };
        let points: Option<Vec<_>> = (self.0.iter())
            .map(|direction| plane.point_from_direction(*direction))
            .collect();
        let points = points.unwrap_or_default();
        let ends = points.iter().skip(1).chain(points.first());
        (points.iter().zip(ends))
            .map(|(a, b)| {
                let left = (b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1]);
                match (a[1] <= y, b[1] <= y) {
                    (true, false) if left > 0.0 => 1,
                    (false, true) if left < 0.0 => -1,
                    _ => 0,
                }
            })
            .sum()
    }
}
