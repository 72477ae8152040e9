//! The overlaps of neighbouring quadrilaterals with the cells of the output, several quadrilaterals at once.
//!
//! The area of a column of the plane that lies below a side and above a height is worked out for each column and each
//! height between rows; the four sides of a quadrilateral add up, and a cell is the difference between the heights at its
//! base and at its top. Each quadrilateral has a grid of its own, which begins with the first cell that it may touch, and a
//! lane of its own in vector registers: all go through the same arithmetic without branches.

use crate::kernel::Extent;

/// Quadrilaterals that are worked out together.
pub(super) const LANES: usize = 8;

/// Cells of the grid along an axis, at most.
pub(super) const CELLS: usize = 4;

/// A number for each quadrilateral.
pub(super) type Lanes = [f64; LANES];

/// How near to a line between cells the heights of sides are not trusted to be on one side of it.
const MARGIN: f64 = 1e-9;

/// Overlaps below this are worked out cell by cell: whether a cell is touched at all shall not hang on rounding.
const SLIVER: f64 = 1e-8;

/// The corners of quadrilaterals, in order around each; NaN for pixels that are not mapped.
#[derive(Clone, Copy)]
pub(super) struct Corners {
    pub(super) x: [Lanes; 4],
    pub(super) y: [Lanes; 4],
}

/// The cells that quadrilaterals may touch along one axis; NaN for pixels that are not mapped.
pub(super) struct Extents {
    first: Lanes,
    /// How many.
    pub(super) count: Lanes,
}

impl Extents {
    /// Of corners along the axis; NaN where a corner is.
    #[inline(always)]
    pub(super) fn new(corners: &[Lanes; 4]) -> Self {
        let (mut first, mut count) = ([0.0; LANES], [0.0; LANES]);
        for k in 0..LANES {
            let c = [corners[0][k], corners[1][k], corners[2][k], corners[3][k]];
            let low = smaller(smaller(c[0], c[1]), smaller(c[2], c[3]));
            let high = larger(larger(c[0], c[1]), larger(c[2], c[3]));
            // Comparisons lose a NaN, a sum does not.
            let unknown = 0.0 * ((c[0] + c[1]) + (c[2] + c[3]));
            first[k] = nearest(low) + unknown;
            count[k] = nearest(high) - first[k] + 1.0;
        }
        Self { first, count }
    }

    /// First and last cell, `None` if the pixel is not mapped.
    #[inline(always)]
    pub(super) fn of(&self, lane: usize) -> Option<Extent> {
        let (first, count) = (self.first[lane], self.count[lane]);
        (count >= 1.0).then(|| (first as i64, (first + count) as i64 - 1))
    }

    /// Whether there is nothing in a range of cells.
    #[inline(always)]
    pub(super) fn misses(&self, lane: usize, range: Extent) -> bool {
        let (first, count) = (self.first[lane], self.count[lane]);
        let meets = first <= range.1 as f64 && first + count > range.0 as f64;
        !meets
    }

    /// The largest count, at least 1; infinite counts and NaN do not take part.
    #[inline(always)]
    pub(super) fn most(&self) -> usize {
        let mut most = 1.0;
        for count in self.count {
            most = if count > most && count < f64::INFINITY {
                count
            } else {
                most
            };
        }
        most as usize
    }
}

/// The nearest whole number, halves away from zero, as [`crate::geometry::nearest`] gives it.
#[inline(always)]
fn nearest(x: f64) -> f64 {
    (x + crate::geometry::BELOW_HALF.copysign(x)).trunc()
}

/// What is known of the overlap with a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Overlap {
    /// There is none.
    None,
    /// This area.
    Area(f64),
    /// Too small to tell.
    Sliver,
}

/// Overlaps of quadrilaterals with the cells of their grids.
pub(super) struct Cells {
    /// Areas: `[row][column]`.
    areas: [[Lanes; CELLS]; CELLS],
    /// Heights of the lowest and the highest point within a column, infinite where there is nothing.
    lowest: [Lanes; CELLS],
    highest: [Lanes; CELLS],
}

impl Cells {
    /// Overlaps with `COLUMNS` and `ROWS` cells from the first ones of the extents.
    #[inline(always)]
    pub(super) fn new<const COLUMNS: usize, const ROWS: usize>(
        corners: &Corners,
        (columns, rows): (&Extents, &Extents),
    ) -> Self {
        let sides = sides(corners, &columns.first, &rows.first);
        let mut cells = Self {
            areas: [[[0.0; LANES]; CELLS]; CELLS],
            lowest: [[f64::INFINITY; LANES]; CELLS],
            highest: [[f64::NEG_INFINITY; LANES]; CELLS],
        };
        for column in 0..COLUMNS {
            // Areas above the base and above the heights between rows. Nothing is above the last row.
            let mut above = [[0.0; LANES]; CELLS];
            for side in &sides {
                let part = side.within(column as f64);
                for k in 0..LANES {
                    let (low, high) = (cells.lowest[column][k], cells.highest[column][k]);
                    cells.lowest[column][k] = if part.covers[k] {
                        smaller(part.low[k], low)
                    } else {
                        low
                    };
                    cells.highest[column][k] = if part.covers[k] {
                        larger(part.high[k], high)
                    } else {
                        high
                    };
                    above[0][k] += 0.5 * part.width[k] * (part.low[k] + part.high[k]);
                }
                for (height, above) in above.iter_mut().enumerate().take(ROWS).skip(1) {
                    part.add_above(height as f64, above);
                }
            }
            for row in 0..ROWS {
                for k in 0..LANES {
                    let top = if row + 1 < ROWS {
                        above[row + 1][k]
                    } else {
                        0.0
                    };
                    cells.areas[row][column][k] = above[row][k] - top;
                }
            }
        }
        cells
    }

    /// The overlap of a quadrilateral with a cell of its grid.
    #[inline(always)]
    pub(super) fn overlap(&self, lane: usize, (column, row): (usize, usize)) -> Overlap {
        let area = self.areas[row][column][lane];
        if area.abs() > SLIVER {
            return Overlap::Area(area);
        }
        let base = row as f64;
        if self.lowest[column][lane] > base + 1.0 + MARGIN
            || self.highest[column][lane] < base - MARGIN
        {
            Overlap::None
        } else {
            Overlap::Sliver
        }
    }
}

/// One side of each quadrilateral, from left to right, relative to the lower left corner of the grid.
struct Side {
    /// 1 for a side that goes to the right around the quadrilateral, -1 for one that goes to the left.
    sign: Lanes,
    left: Lanes,
    right: Lanes,
    /// Height at `left`.
    y: Lanes,
    slope: Lanes,
    /// One over twice the steepness.
    half_run: Lanes,
}

/// The sides between corners, in order, on grids that begin with these columns and rows.
#[inline(always)]
fn sides(corners: &Corners, column: &Lanes, row: &Lanes) -> [Side; 4] {
    let (mut x, mut y) = (corners.x, corners.y);
    for corner in 0..4 {
        for k in 0..LANES {
            x[corner][k] -= column[k] - 0.5;
            y[corner][k] -= row[k] - 0.5;
        }
    }
    [
        Side::new((&x[0], &y[0]), (&x[1], &y[1])),
        Side::new((&x[1], &y[1]), (&x[2], &y[2])),
        Side::new((&x[2], &y[2]), (&x[3], &y[3])),
        Side::new((&x[3], &y[3]), (&x[0], &y[0])),
    ]
}

impl Side {
    #[inline(always)]
    fn new(from: (&Lanes, &Lanes), to: (&Lanes, &Lanes)) -> Self {
        let mut side = Self {
            sign: [0.0; LANES],
            left: [0.0; LANES],
            right: [0.0; LANES],
            y: [0.0; LANES],
            slope: [0.0; LANES],
            half_run: [0.0; LANES],
        };
        for k in 0..LANES {
            let (dx, dy) = (to.0[k] - from.0[k], to.1[k] - from.1[k]);
            // An upright side covers no column.
            let slope = if dx == 0.0 { 0.0 } else { dy / dx };
            side.sign[k] = if dx < 0.0 { -1.0 } else { 1.0 };
            side.left[k] = smaller(from.0[k], to.0[k]);
            side.right[k] = larger(from.0[k], to.0[k]);
            side.y[k] = if dx < 0.0 { to.1[k] } else { from.1[k] };
            side.slope[k] = slope;
            side.half_run[k] = 0.5 / slope.abs();
        }
        side
    }

    /// The part within a column of the grid.
    #[inline(always)]
    fn within(&self, column: f64) -> Part {
        let mut part = Part {
            covers: [false; LANES],
            width: [0.0; LANES],
            low: [0.0; LANES],
            high: [0.0; LANES],
            half_run: [0.0; LANES],
        };
        for k in 0..LANES {
            let from = larger(self.left[k], column);
            let to = smaller(self.right[k], column + 1.0);
            let start = self.y[k] + self.slope[k] * (from - self.left[k]);
            let end = self.y[k] + self.slope[k] * (to - self.left[k]);
            let covers = to > from;
            part.covers[k] = covers;
            part.width[k] = if covers {
                self.sign[k] * (to - from)
            } else {
                0.0
            };
            part.half_run[k] = if covers {
                self.sign[k] * self.half_run[k]
            } else {
                0.0
            };
            part.low[k] = smaller(start, end);
            part.high[k] = larger(start, end);
        }
        part
    }
}

/// The part of a side in a column; widths have the sign of the side.
struct Part {
    covers: [bool; LANES],
    width: Lanes,
    low: Lanes,
    high: Lanes,
    half_run: Lanes,
}

impl Part {
    /// Adds the area between the side and a height.
    #[inline(always)]
    fn add_above(&self, height: f64, areas: &mut Lanes) {
        for k in 0..LANES {
            let (low, high) = (self.low[k] - height, self.high[k] - height);
            let trapezoid = 0.5 * self.width[k] * (low + high);
            let triangle = high * high * self.half_run[k];
            let cut = if low < 0.0 { triangle } else { trapezoid };
            areas[k] += if high > 0.0 { cut } else { 0.0 };
        }
    }
}

/// The smaller of two numbers that are not NaN, in one instruction.
#[inline(always)]
fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// The larger of two numbers that are not NaN, in one instruction.
#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}
