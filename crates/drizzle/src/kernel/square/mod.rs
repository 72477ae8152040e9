//! Flux spread evenly over the shrunken pixel, whose corners are mapped one by one.

mod strips;
#[cfg(test)]
mod tests;

use strips::{CELLS, Strips, larger, smaller};

use super::{Extent, Shape};
use crate::geometry::{PixelMap, Point, nearest};

/// The kernel `square`.
pub(crate) struct Square<'a> {
    pixmap: PixelMap<'a>,
    /// Half a side of the shrunken pixel [input pixels].
    half_side: f64,
    /// Parts of the nearest, the adjacent and the diagonal centre in the position of a corner.
    parts: (f64, f64, f64),
}

/// The four corners of a pixel in the output, in order.
pub(crate) struct Quadrilateral {
    x: [f64; 4],
    y: [f64; 4],
}

impl<'a> Square<'a> {
    pub(crate) fn new(pixmap: PixelMap<'a>, pixfrac: f64) -> Self {
        let h = 0.5 * pixfrac;
        Self {
            pixmap,
            half_side: h,
            parts: ((1.0 - h) * (1.0 - h), (1.0 - h) * h, h * h),
        }
    }

    /// Corners of a pixel with neighbours on all sides: the mean of the four nearest centres.
    #[inline(always)]
    fn inner_corners(&self, column: usize, row: usize) -> ([f64; 4], [f64; 4]) {
        let (own, adjacent, diagonal) = self.parts;
        let outer = |c: &[f64; 3]| [c[0] * diagonal, c[1] * adjacent, c[2] * diagonal];
        let middle = |c: &[f64; 3]| [c[0] * adjacent, c[1] * own, c[2] * adjacent];
        let corners = |low: &[f64; 3], mid: &[f64; 3], high: &[f64; 3]| {
            let (low, mid, high) = (outer(low), middle(mid), outer(high));
            [
                mid[0] + mid[1] + high[0] + high[1],
                mid[1] + mid[2] + high[1] + high[2],
                low[1] + low[2] + mid[1] + mid[2],
                low[0] + low[1] + mid[0] + mid[1],
            ]
        };
        let low = self.pixmap.triple(column - 1, row - 1);
        let mid = self.pixmap.triple(column - 1, row);
        let high = self.pixmap.triple(column - 1, row + 1);
        (corners(low.0, mid.0, high.0), corners(low.1, mid.1, high.1))
    }

    /// Corners of a pixel at the edge, where the map is extrapolated.
    #[cold]
    fn outer_corners(&self, column: usize, row: usize) -> Option<([f64; 4], [f64; 4])> {
        let (x, y, h) = (column as f64, row as f64, self.half_side);
        let places = [
            (x - h, y + h),
            (x + h, y + h),
            (x + h, y - h),
            (x - h, y - h),
        ];
        let mut corners = ([0.0; 4], [0.0; 4]);
        for (k, (x, y)) in places.into_iter().enumerate() {
            let corner = self.pixmap.interpolate(Point { x, y })?;
            corners.0[k] = corner.x;
            corners.1[k] = corner.y;
        }
        Some(corners)
    }
}

/// Overlaps below this are worked out cell by cell: whether a cell is touched at all shall not hang on rounding.
const SLIVER: f64 = 1e-8;

/// Smallest and largest of four numbers.
#[inline(always)]
fn limits(v: &[f64; 4]) -> (f64, f64) {
    (
        smaller(smaller(v[0], v[1]), smaller(v[2], v[3])),
        larger(larger(v[0], v[1]), larger(v[2], v[3])),
    )
}

impl Shape for Square<'_> {
    type Spot = Quadrilateral;

    const USES_NEIGHBOURS: bool = true;

    #[inline(always)]
    fn spot(&self, column: usize, row: usize) -> Option<Quadrilateral> {
        let (rows, columns) = self.pixmap.shape();
        // Parity: drizzle 2.2.0 src/cdrizzlebox.c do_kernel_square takes the last but one row and column as edges, too.
        let inner = column > 0 && column + 2 < columns && row > 0 && row + 2 < rows;
        let (x, y) = if inner {
            self.inner_corners(column, row)
        } else {
            self.outer_corners(column, row)?
        };
        // A NaN anywhere makes the sum one.
        let sum = (x[0] + x[1] + x[2] + x[3]) + (y[0] + y[1] + y[2] + y[3]);
        if sum.is_nan() && x.iter().chain(&y).any(|c| c.is_nan()) {
            return None;
        }
        Some(Quadrilateral { x, y })
    }

    fn columns(&self, spot: &Quadrilateral) -> Extent {
        let (low, high) = limits(&spot.x);
        (nearest(low), nearest(high))
    }

    fn rows(&self, spot: &Quadrilateral) -> Extent {
        let (low, high) = limits(&spot.y);
        (nearest(low), nearest(high))
    }

    /// The weight over the area of the quadrilateral, whose sign is that of the overlaps.
    #[inline(always)]
    fn whole(&self, spot: &Quadrilateral, weight: f32) -> f64 {
        let (x, y) = (&spot.x, &spot.y);
        let area = 0.5 * ((x[1] - x[3]) * (y[0] - y[2]) - (x[0] - x[2]) * (y[1] - y[3]));
        f64::from(weight) / area
    }

    #[inline(always)]
    fn share(&self, spot: &Quadrilateral, whole: f64, column: i64, row: i64) -> Option<f32> {
        let (left, bottom) = (column as f64 - 0.5, row as f64 - 0.5);
        let x = spot.x.map(|x| x - left);
        let y = spot.y.map(|y| y - bottom);
        let overlap = ((under(x[0], y[0], x[1], y[1]) + under(x[1], y[1], x[2], y[2]))
            + under(x[2], y[2], x[3], y[3]))
            + under(x[3], y[3], x[0], y[0]);
        (overlap != 0.0).then_some((overlap * whole) as f32)
    }

    #[inline(always)]
    fn shares(
        &self,
        spot: &Quadrilateral,
        whole: f64,
        (left, right): Extent,
        (bottom, top): Extent,
        mut add: impl FnMut(i64, i64, f32),
    ) {
        let (columns, rows) = ((right - left + 1) as usize, (top - bottom + 1) as usize);
        if columns > CELLS || rows > CELLS {
            return super::each_share(self, spot, whole, (left, right), (bottom, top), add);
        }
        let (x0, y0) = (left as f64 - 0.5, bottom as f64 - 0.5);
        let sides = Strips::new(spot.x.map(|x| x - x0), spot.y.map(|y| y - y0));
        let overlaps = sides.overlaps(columns, rows);
        for (row, overlaps) in (bottom..=top).zip(&overlaps) {
            for (column, &overlap) in (left..=right).zip(overlaps) {
                if overlap.abs() > SLIVER {
                    add(column, row, (overlap * whole) as f32);
                } else if let Some(share) = self.share(spot, whole, column, row) {
                    add(column, row, share);
                }
            }
        }
    }

    fn reach(&self) -> f64 {
        1.0
    }
}

/// The area of the unit square that lies below a line segment, positive for a segment that goes to the right. Around a
/// polygon these areas add up to its overlap with the square.
#[inline(always)]
fn under(x1: f64, y1: f64, x2: f64, y2: f64) -> f64 {
    let dx = x2 - x1;
    if dx == 0.0 {
        return 0.0;
    }
    let (sign, low, high) = if dx < 0.0 {
        (-1.0, x2, x1)
    } else {
        (1.0, x1, x2)
    };
    if low >= 1.0 || high <= 0.0 {
        return 0.0;
    }
    // The part of the segment above the square's base, from (low, y_low) to (high, y_high).
    let (mut low, mut high) = (low.max(0.0), high.min(1.0));
    let dy = y2 - y1;
    let slope = dy / dx;
    let mut y_low = y1 + slope * (low - x1);
    let mut y_high = y1 + slope * (high - x1);
    if y_low <= 0.0 && y_high <= 0.0 {
        return 0.0;
    }
    if y_low >= 1.0 && y_high >= 1.0 {
        return sign * (high - low);
    }
    let determinant = x1 * y2 - y1 * x2;
    if y_low < 0.0 {
        (y_low, low) = (0.0, determinant / dy);
    }
    if y_high < 0.0 {
        (y_high, high) = (0.0, determinant / dy);
    }
    if y_low <= 1.0 && y_high <= 1.0 {
        return sign * 0.5 * (high - low) * (y_high + y_low);
    }
    // One end is above the square: a trapezoid up to where the segment leaves it, and a rectangle.
    let leaves = (dx + determinant) / dy;
    if y_low <= 1.0 {
        sign * (0.5 * (leaves - low) * (1.0 + y_low) + high - leaves)
    } else {
        sign * (0.5 * (high - leaves) * (1.0 + y_high) + leaves - low)
    }
}
