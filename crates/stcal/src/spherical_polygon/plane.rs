//! The plane that touches the sphere, onto which great circles are projected as straight lines.

use super::vector::{Direction, cross, dot, unit};

/// The gnomonic projection about a centre.
///
/// # Source
/// Calabretta & Greisen 2002, section 5.1.3, doi:10.1051/0004-6361:20021327.
#[derive(Debug, Clone, Copy)]
pub(super) struct TangentPlane {
    centre: Direction,
    right: Direction,
    up: Direction,
}

/// How far from the edge of its hemisphere a direction has to be [cosine].
const RIM: f64 = 1e-3;

impl TangentPlane {
    /// The plane that touches the sphere at `centre`; seen from outside, its axes are right-handed.
    pub(super) fn at(centre: Direction) -> Self {
        let smallest = (0..3)
            .min_by(|a, b| centre[*a].abs().total_cmp(&centre[*b].abs()))
            .unwrap_or(0);
        let mut aside = [0.0; 3];
        aside[smallest] = 1.0;
        let right = unit(cross(aside, centre)).unwrap_or(aside);
        let up = cross(centre, right);
        Self { centre, right, up }
    }

    /// The point of the plane in a direction; none beyond the hemisphere about the centre.
    pub(super) fn point_from_direction(&self, direction: Direction) -> Option<[f64; 2]> {
        let depth = dot(self.centre, direction);
        (depth > RIM).then(|| {
            [
                dot(self.right, direction) / depth,
                dot(self.up, direction) / depth,
            ]
        })
    }

    /// The direction in which a point of the plane lies.
    pub(super) fn direction_from_point(&self, [x, y]: [f64; 2]) -> Direction {
        let ray = [0, 1, 2].map(|i| self.centre[i] + x * self.right[i] + y * self.up[i]);
        unit(ray).unwrap_or(self.centre)
    }
}
