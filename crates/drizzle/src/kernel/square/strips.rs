//! The overlaps of a quadrilateral with all cells of a small grid at once.
//!
//! The area of a column of the plane that lies below a side and above a height is worked out once for each column and
//! each height between rows; the four sides of the quadrilateral add up, and a cell is the difference between the heights
//! at its base and at its top. All four sides go through the same arithmetic without branches, for vector registers.

/// Cells of the grid along an axis, at most.
pub(super) const CELLS: usize = 4;

/// The sides of a quadrilateral, each from left to right.
pub(super) struct Strips {
    /// 1 for a side that goes to the right around the quadrilateral, -1 for one that goes to the left.
    sign: [f64; 4],
    left: [f64; 4],
    right: [f64; 4],
    /// Height at `left`.
    y: [f64; 4],
    slope: [f64; 4],
    /// One over twice the steepness.
    half_run: [f64; 4],
}

/// Overlaps with the cells of a grid: `[row][column]`.
pub(super) type Overlaps = [[f64; CELLS]; CELLS];

impl Strips {
    /// The sides between corners, given relative to the lower left corner of the grid.
    #[inline(always)]
    pub(super) fn new(x: [f64; 4], y: [f64; 4]) -> Self {
        let mut sides = Self {
            sign: [0.0; 4],
            left: [0.0; 4],
            right: [0.0; 4],
            y: [0.0; 4],
            slope: [0.0; 4],
            half_run: [0.0; 4],
        };
        let (next_x, next_y) = ([x[1], x[2], x[3], x[0]], [y[1], y[2], y[3], y[0]]);
        for k in 0..4 {
            let (dx, dy) = (next_x[k] - x[k], next_y[k] - y[k]);
            // An upright side covers no column.
            let slope = if dx == 0.0 { 0.0 } else { dy / dx };
            sides.sign[k] = if dx < 0.0 { -1.0 } else { 1.0 };
            sides.left[k] = smaller(x[k], next_x[k]);
            sides.right[k] = larger(x[k], next_x[k]);
            sides.y[k] = if dx < 0.0 { next_y[k] } else { y[k] };
            sides.slope[k] = slope;
            sides.half_run[k] = 0.5 / slope.abs();
        }
        sides
    }

    /// Overlaps with the cells of `columns` and `rows`.
    #[inline(always)]
    pub(super) fn overlaps(&self, columns: usize, rows: usize) -> Overlaps {
        let mut cells = [[0.0; CELLS]; CELLS];
        for column in 0..columns.min(CELLS) {
            let part = self.within(column as f64);
            let mut below = part.above(0.0);
            for (row, cells) in cells.iter_mut().enumerate().take(rows) {
                let above = part.above((row + 1) as f64);
                cells[column] = below - above;
                below = above;
            }
        }
        cells
    }

    /// The parts of the sides within a column of the grid.
    #[inline(always)]
    fn within(&self, column: f64) -> Parts {
        let mut parts = Parts {
            width: [0.0; 4],
            low: [0.0; 4],
            high: [0.0; 4],
            half_run: self.half_run,
        };
        for k in 0..4 {
            let from = larger(self.left[k], column);
            let to = smaller(self.right[k], column + 1.0);
            let start = self.y[k] + self.slope[k] * (from - self.left[k]);
            let end = self.y[k] + self.slope[k] * (to - self.left[k]);
            let covered = to > from;
            parts.width[k] = if covered {
                self.sign[k] * (to - from)
            } else {
                0.0
            };
            parts.half_run[k] = if covered {
                self.sign[k] * self.half_run[k]
            } else {
                0.0
            };
            parts.low[k] = smaller(start, end);
            parts.high[k] = larger(start, end);
        }
        parts
    }
}

/// The smaller of two numbers that are not NaN, in one instruction.
#[inline(always)]
pub(super) fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// The larger of two numbers that are not NaN, in one instruction.
#[inline(always)]
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// The parts of four sides in a column; widths have the signs of the sides.
struct Parts {
    width: [f64; 4],
    low: [f64; 4],
    high: [f64; 4],
    half_run: [f64; 4],
}

impl Parts {
    /// The area between the sides and a height.
    #[inline(always)]
    fn above(&self, height: f64) -> f64 {
        let mut areas = [0.0; 4];
        for (k, area) in areas.iter_mut().enumerate() {
            let (low, high) = (self.low[k] - height, self.high[k] - height);
            let trapezoid = 0.5 * self.width[k] * (low + high);
            let triangle = high * high * self.half_run[k];
            let cut = if low < 0.0 { triangle } else { trapezoid };
            *area = if high > 0.0 { cut } else { 0.0 };
        }
        (areas[0] + areas[1]) + (areas[2] + areas[3])
    }
}
