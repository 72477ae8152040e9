//! Flux spread evenly over the shrunken pixel, whose corners are mapped one by one.

mod cells;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use cells::{Cells, Corners, Extents, Lanes};

use super::{CELLS, Extent, LANES, Receiver, Shape, Window, each_share};
use crate::geometry::{PixelMap, Point, nearest};

/// The kernel `square`.
pub(crate) struct Square<'a> {
    pixmap: PixelMap<'a>,
    /// Half a side of the shrunken pixel [input pixels].
    half_side: f64,
    /// Parts of the nearest, the adjacent and the diagonal centre in the position of a corner.
    parts: (f64, f64, f64),
}

/// What neighbouring pixels of a row are worked out in.
#[derive(Default)]
pub(crate) struct Room {
    corners: Corners,
    columns: Extents,
    rows: Extents,
    cells: Cells,
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

    /// Works out the corners of pixels of a row, as many as there are lanes, that have neighbours on all sides: each is the
    /// mean of the four nearest centres. False if a pixel is at an edge.
    #[inline(always)]
    fn inner_corners(&self, column: usize, row: usize, corners: &mut Corners) -> bool {
        let (rows, columns) = self.pixmap.shape();
        // Parity: drizzle 2.2.0 src/cdrizzlebox.c do_kernel_square takes the last but one row and column as edges, too.
        let inner = column > 0 && column + LANES < columns && row > 0 && row + 2 < rows;
        let (low, mid, high) = (
            self.pixmap.run(column.wrapping_sub(1), row.wrapping_sub(1)),
            self.pixmap.run(column.wrapping_sub(1), row),
            self.pixmap.run(column.wrapping_sub(1), row + 1),
        );
        let ((true, Some(low)), Some(mid), Some(high)) = ((inner, low), mid, high) else {
            return false;
        };
        self.mean_corners([low.0, mid.0, high.0], &mut corners.x);
        self.mean_corners([low.1, mid.1, high.1], &mut corners.y);
        true
    }

    /// One coordinate of corners, from the centres of three rows.
    #[inline(always)]
    fn mean_corners(&self, [low, mid, high]: [&[f64; LANES + 2]; 3], corners: &mut [Lanes; 4]) {
        let (own, adjacent, diagonal) = self.parts;
        for k in 0..LANES {
            let outer =
                |c: &[f64; LANES + 2]| [c[k] * diagonal, c[k + 1] * adjacent, c[k + 2] * diagonal];
            let (low, high) = (outer(low), outer(high));
            let mid = [mid[k] * adjacent, mid[k + 1] * own, mid[k + 2] * adjacent];
            corners[0][k] = mid[0] + mid[1] + high[0] + high[1];
            corners[1][k] = mid[1] + mid[2] + high[1] + high[2];
            corners[2][k] = low[1] + low[2] + mid[1] + mid[2];
            corners[3][k] = low[0] + low[1] + mid[0] + mid[1];
        }
    }

    /// Corners of a pixel wherever it is; at the edge the map is extrapolated.
    #[cold]
    fn corners(&self, column: usize, row: usize) -> Option<Quadrilateral> {
        let (x, y, h) = (column as f64, row as f64, self.half_side);
        let places = [
            (x - h, y + h),
            (x + h, y + h),
            (x + h, y - h),
            (x - h, y - h),
        ];
        let mut corners = Quadrilateral {
            x: [0.0; 4],
            y: [0.0; 4],
        };
        for (k, (x, y)) in places.into_iter().enumerate() {
            let corner = self.pixmap.interpolate(Point { x, y })?;
            corners.x[k] = corner.x;
            corners.y[k] = corner.y;
        }
        Some(corners)
    }

    /// Works out the corners of `count` pixels of a row wherever they are.
    #[cold]
    fn outer_corners(&self, column: usize, row: usize, count: usize, corners: &mut Corners) {
        *corners = Corners {
            x: [[f64::NAN; LANES]; 4],
            y: [[f64::NAN; LANES]; 4],
        };
        for lane in 0..count {
            if let Some(pixel) = self.corners(column + lane, row) {
                for k in 0..4 {
                    corners.x[k][lane] = pixel.x[k];
                    corners.y[k][lane] = pixel.y[k];
                }
            }
        }
    }

    /// Hands over what `count` pixels from `pixel` on, whose corners are in the room, give to output pixels.
    #[inline(always)]
    fn spread_lanes(
        &self,
        simd: impl pulp::Simd,
        room: &mut Room,
        pixel: (usize, usize),
        count: usize,
        receiver: &mut impl Receiver,
    ) {
        let Room {
            corners,
            columns,
            rows,
            cells,
        } = room;
        let window = receiver.window();
        rows.set(&corners.y);
        if (0..count).all(|lane| rows.misses(lane, window.rows)) {
            return;
        }
        columns.set(&corners.x);
        receiver.load(pixel, count);
        let mut whole = corners.areas();
        for (lane, whole) in whole[..count].iter_mut().enumerate() {
            *whole = f64::from(receiver.weight(lane)) / *whole;
        }
        cells.set(simd, corners, (columns, rows));
        cells.share_out(&whole);
        let grids = Grids::of((columns, rows), &window);
        let simple = grids.simple & cells.known() & finite(&whole);
        let mut lane = 0;
        while lane < count {
            let end = grids.run(lane, simple).min(count);
            let first = (columns.first(lane), rows.first(lane));
            if end == lane {
                self.spread_some(corners, (columns, rows), cells, lane, receiver);
                lane += 1;
            } else if end - lane < SHORT {
                for (lane, column) in (lane..end).zip(first.0..) {
                    let touched = cells.touched(lane);
                    receiver.add_cells(lane, (column, first.1), touched, cells.shares());
                }
                lane = end;
            } else {
                let run = cells.run(lane..end, first);
                receiver.add_run(simd, &run, cells.shares());
                lane = end;
            }
        }
    }

    /// Hands over what a pixel gives that lies across a border or has cells of which it is not known whether they are
    /// touched.
    #[inline(never)]
    fn spread_some(
        &self,
        corners: &Corners,
        (columns, rows): (&Extents, &Extents),
        cells: &Cells,
        lane: usize,
        receiver: &mut impl Receiver,
    ) {
        let (Some(width), Some(height)) = (columns.of(lane), rows.of(lane)) else {
            return;
        };
        let spot = corners.of(lane);
        if columns.count[lane].max(rows.count[lane]) > CELLS as f64 {
            each_share(self, &spot, lane, receiver);
            return;
        }
        let window = receiver.window();
        let Some((across, up)) = window.cut(width, height) else {
            return;
        };
        let whole = self.whole(&spot, receiver.weight(lane));
        receiver.begin(lane);
        let within = |extent: Extent, first: i64| (extent.0 - first, extent.1 - first);
        for (x, y, share) in cells.of(lane, within(across, width.0), within(up, height.0)) {
            let (x, y) = (width.0 + x as i64, height.0 + y as i64);
            let share = share.or_else(|| self.share(&spot, whole, x, y));
            if let Some(share) = share {
                receiver.add(lane, x, y, share);
            }
        }
    }
}

/// Runs of fewer pixels are added pixel by pixel.
const SHORT: usize = 4;

/// Which pixels can be added to all cells of their grids, and which together: a bit for each lane.
struct Grids {
    /// Those with grids of a size that is known, within the window.
    simple: u32,
    /// Those whose grid begins right of that of the pixel before.
    next: u32,
}

impl Grids {
    #[inline(always)]
    fn of((columns, rows): (&Extents, &Extents), window: &Window) -> Self {
        let (mut simple, mut next) = (0, 0);
        let within = (
            columns.within(0, window.last.1),
            rows.within(window.rows.0, window.rows.1),
        );
        for lane in 0..LANES {
            simple |= (within.0[lane] & within.1[lane]) << lane;
        }
        let steps = (columns.steps(1), rows.steps(0));
        for lane in 1..LANES {
            next |= (steps.0[lane] & steps.1[lane]) << lane;
        }
        Self { simple, next }
    }

    /// The end of the run that begins with a lane; the lane itself if it is not among those that are `simple`.
    #[inline(always)]
    fn run(&self, lane: usize, simple: u32) -> usize {
        if simple >> lane & 1 == 0 {
            return lane;
        }
        let follow = (u64::from(self.next & simple) >> lane) >> 1;
        lane + 1 + follow.trailing_ones() as usize
    }
}

/// Which numbers are finite: a bit for each lane.
#[inline(always)]
fn finite(numbers: &Lanes) -> u32 {
    let mut bits = 0;
    for (lane, number) in numbers.iter().enumerate() {
        bits |= u32::from(number.is_finite()) << lane;
    }
    bits
}

impl Corners {
    #[inline(always)]
    fn of(&self, lane: usize) -> Quadrilateral {
        let (x, y) = (&self.x, &self.y);
        Quadrilateral {
            x: [x[0][lane], x[1][lane], x[2][lane], x[3][lane]],
            y: [y[0][lane], y[1][lane], y[2][lane], y[3][lane]],
        }
    }

    /// The areas of the quadrilaterals, with the sign of their overlaps.
    #[inline(always)]
    fn areas(&self) -> Lanes {
        let (x, y) = (&self.x, &self.y);
        let mut areas = [0.0; LANES];
        for (k, area) in areas.iter_mut().enumerate() {
            let (dx, dy) = (
                [x[1][k] - x[3][k], x[0][k] - x[2][k]],
                [y[0][k] - y[2][k], y[1][k] - y[3][k]],
            );
            *area = 0.5 * (dx[0] * dy[0] - dx[1] * dy[1]);
        }
        areas
    }
}

/// First and last of the cells that the smallest and the largest of four numbers lie in.
fn extent(v: &[f64; 4]) -> Extent {
    let low = v.iter().fold(f64::INFINITY, |low, &v| low.min(v));
    let high = v.iter().fold(f64::NEG_INFINITY, |high, &v| high.max(v));
    (nearest(low), nearest(high))
}

impl Shape for Square<'_> {
    type Spot = Quadrilateral;
    type Room = Room;

    fn spot(&self, column: usize, row: usize) -> Option<Quadrilateral> {
        self.corners(column, row)
    }

    fn columns(&self, spot: &Quadrilateral) -> Extent {
        extent(&spot.x)
    }

    fn rows(&self, spot: &Quadrilateral) -> Extent {
        extent(&spot.y)
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
    fn spread(
        &self,
        simd: impl pulp::Simd,
        room: &mut Room,
        row: usize,
        columns: RangeInclusive<usize>,
        receiver: &mut impl Receiver,
    ) {
        let (first, last) = columns.into_inner();
        for column in (first..=last).step_by(LANES) {
            let count = LANES.min(last + 1 - column);
            if !self.inner_corners(column, row, &mut room.corners) {
                self.outer_corners(column, row, count, &mut room.corners);
            }
            self.spread_lanes(simd, room, (column, row), count, receiver);
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
