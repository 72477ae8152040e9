//! The overlaps of neighbouring quadrilaterals with the cells of the output, several quadrilaterals at once.
//!
//! The area of a column of the plane that lies below a side and above a height is worked out for each column and each
//! height between rows; the four sides of a quadrilateral add up, and a cell is the difference between the heights at its
//! base and at its top. Each quadrilateral has a grid of its own, which begins with the first cell that it may touch, and a
//! lane of its own in vector registers: all go through the same arithmetic without branches.

use crate::kernel::Extent;

/// Quadrilaterals that are worked out together: so many that the compiler keeps loops over them, and makes vector
/// instructions of these.
pub(super) const LANES: usize = 32;

/// Cells of the grid along an axis, at most.
pub(super) const CELLS: usize = 4;

/// A number for each quadrilateral.
pub(super) type Lanes = [f64; LANES];

/// The bits of the first cells of all rows.
const FIRST_OF_ROWS: u64 = 0x1111;

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

/// Overlaps of quadrilaterals with the cells of their grids.
pub(super) struct Cells {
    /// Areas: `[row][column]`.
    areas: [[Lanes; CELLS]; CELLS],
    /// Cells with an area that counts, and cells that may be touched but for so little that only
    /// [`Shape::share`](crate::kernel::Shape::share) can tell: bit `CELLS * row + column`.
    touched: [u64; LANES],
    doubtful: [u64; LANES],
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
            touched: [0; LANES],
            doubtful: [0; LANES],
            lowest: [[f64::INFINITY; LANES]; CELLS],
            highest: [[f64::NEG_INFINITY; LANES]; CELLS],
        };
        for column in 0..COLUMNS {
            // Areas above the base and above the heights between rows. Nothing is above the last row.
            let mut above = [[0.0; LANES]; ROWS];
            for side in &sides {
                let limits = (&mut cells.lowest[column], &mut cells.highest[column]);
                side.add_within(column as f64, &mut above, limits);
            }
            for row in 0..ROWS {
                let top = above.get(row + 1).unwrap_or(&[0.0; LANES]);
                let areas = cells.areas[row][column].iter_mut();
                for (area, (base, top)) in areas.zip(above[row].iter().zip(top)) {
                    *area = base - top;
                }
                cells.note(column, row);
            }
        }
        cells
    }

    /// Notes which quadrilaterals touch a cell.
    #[inline(always)]
    fn note(&mut self, column: usize, row: usize) {
        let (bit, base) = (1 << (CELLS * row + column), row as f64);
        for k in 0..LANES {
            let counts = self.areas[row][column][k].abs() > SLIVER;
            let is_above = self.lowest[column][k] > base + 1.0 + MARGIN;
            let is_below = self.highest[column][k] < base - MARGIN;
            // One condition after the other: they become masks of vector instructions.
            let doubt = if is_above { 0 } else { bit };
            let doubt = if is_below { 0 } else { doubt };
            self.touched[k] |= if counts { bit } else { 0 };
            self.doubtful[k] |= if counts { 0 } else { doubt };
        }
    }

    /// The cells in a range of columns and rows that a quadrilateral touches or may touch, row by row: column, row and
    /// area, `None` if it is too small to tell.
    #[inline(always)]
    pub(super) fn of(
        &self,
        lane: usize,
        columns: Extent,
        rows: Extent,
    ) -> impl Iterator<Item = (usize, usize, Option<f64>)> {
        let bits =
            |range: Extent, step: i64| (1_u64 << (step * (range.1 + 1))) - (1 << (step * range.0));
        // A bit for the first cell of each wanted row, times the bits of a row.
        let wanted = (bits(rows, CELLS as i64) & FIRST_OF_ROWS) * bits(columns, 1);
        let doubtful = self.doubtful[lane];
        let mut left = (self.touched[lane] | doubtful) & wanted;
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let cell = left.trailing_zeros() as usize;
            left &= left - 1;
            let (column, row) = (cell % CELLS, cell / CELLS);
            let is_known = doubtful & (1 << cell) == 0;
            Some((column, row, is_known.then(|| self.areas[row][column][lane])))
        })
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

    /// Adds the areas between the part within a column of the grid and each height to `above`, and takes in its lowest
    /// and highest point.
    #[inline(always)]
    fn add_within<const ROWS: usize>(
        &self,
        column: f64,
        above: &mut [Lanes; ROWS],
        (lowest, highest): (&mut Lanes, &mut Lanes),
    ) {
        for k in 0..LANES {
            let from = larger(self.left[k], column);
            let to = smaller(self.right[k], column + 1.0);
            let start = self.y[k] + self.slope[k] * (from - self.left[k]);
            let end = self.y[k] + self.slope[k] * (to - self.left[k]);
            let (low, high) = (smaller(start, end), larger(start, end));
            let covers = to > from;
            let lower = smaller(low, lowest[k]);
            let higher = larger(high, highest[k]);
            lowest[k] = if covers { lower } else { lowest[k] };
            highest[k] = if covers { higher } else { highest[k] };
            // Widths have the sign of the side.
            let sign = if covers { self.sign[k] } else { 0.0 };
            let half_width = 0.5 * (sign * (to - from));
            above[0][k] += half_width * (low + high);
            for (height, above) in above.iter_mut().enumerate().skip(1) {
                let (low, high) = (low - height as f64, high - height as f64);
                let trapezoid = half_width * (low + high);
                let triangle = sign * (high * high * self.half_run[k]);
                let cut = if low < 0.0 { triangle } else { trapezoid };
                above[k] += if high > 0.0 { cut } else { 0.0 };
            }
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
