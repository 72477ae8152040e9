//! All flux at the centre.

use super::{Extent, Shape};
use crate::geometry::{PixelMap, Point, nearest};

/// The kernel `point`.
pub(crate) struct Centre<'a> {
    pub(crate) pixmap: PixelMap<'a>,
}

impl Shape for Centre<'_> {
    type Spot = Point;
    type Room = ();

    fn spot(&self, column: usize, row: usize) -> Option<Point> {
        self.pixmap.mapped(column, row)
    }

    fn columns(&self, spot: &Point) -> Extent {
        let column = nearest(spot.x);
        (column, column)
    }

    fn rows(&self, spot: &Point) -> Extent {
        let row = nearest(spot.y);
        (row, row)
    }

    fn share(&self, _spot: &Point, whole: f64, _column: i64, _row: i64) -> Option<f32> {
        Some(whole as f32)
    }

    fn reach(&self) -> f64 {
        1.0
    }
}
