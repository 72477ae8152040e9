//! Flux spread evenly over a square aligned with the output.

use super::{Extent, Shape};
use crate::geometry::{PixelMap, Point, nearest};

/// The kernel `turbo`.
pub(crate) struct Turbo<'a> {
    pixmap: PixelMap<'a>,
    /// Half a side of the square [output pixels].
    half_side: f64,
    /// One over the area of the square.
    density: f64,
}

impl<'a> Turbo<'a> {
    pub(crate) fn new(pixmap: PixelMap<'a>, pixfrac: f64, scale_ratio: f32) -> Self {
        let ratio = f64::from(scale_ratio);
        Self {
            pixmap,
            half_side: pixfrac / ratio / 2.0,
            density: 1.0 / (pixfrac * pixfrac) * ratio * ratio,
        }
    }
}

impl Shape for Turbo<'_> {
    type Spot = Point;
    type Room = ();

    fn spot(&self, column: usize, row: usize) -> Option<Point> {
        self.pixmap.mapped(column, row)
    }

    fn columns(&self, spot: &Point) -> Extent {
        (
            nearest(spot.x - self.half_side),
            nearest(spot.x + self.half_side),
        )
    }

    fn rows(&self, spot: &Point) -> Extent {
        (
            nearest(spot.y - self.half_side),
            nearest(spot.y + self.half_side),
        )
    }

    fn share(&self, spot: &Point, whole: f64, column: i64, row: i64) -> Option<f32> {
        let common = |centre: f64, cell: i64| {
            let cell = cell as f64;
            (centre + self.half_side).min(cell + 0.5) - (centre - self.half_side).max(cell - 0.5)
        };
        let (dx, dy) = (common(spot.x, column), common(spot.y, row));
        (dx > 0.0 && dy > 0.0 && dx * dy > 0.0).then_some((dx * dy * self.density * whole) as f32)
    }

    fn reach(&self) -> f64 {
        self.half_side + 1.0
    }
}
