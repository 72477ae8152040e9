//! The overlaps of neighbouring quadrilaterals with the cells of the output, several quadrilaterals at once.
//!
//! The area of a column of the plane that lies below a side and above a height is worked out for each column and each
//! height between rows; the four sides of a quadrilateral add up, and a cell is the difference between the heights at its
//! base and at its top. Each quadrilateral has a grid of its own, which begins with the first cell that it may touch, and a
//! lane of its own in vector registers: all go through the same arithmetic without branches.

use std::ops::Range;

use pulp::Simd;

use crate::kernel::{CELLS, Extent, LANES, Run, Shares};

/// A number for each quadrilateral.
pub(super) type Lanes = [f64; LANES];

/// The bits of the first cells of all rows.
const FIRST_OF_ROWS: u64 = 0x1111;

/// How near to a line between cells the heights of sides are not trusted to be on one side of it.
const MARGIN: f64 = 1e-9;

/// Overlaps below this are worked out cell by cell: whether a cell is touched at all shall not hang on rounding.
const SLIVER: f64 = 1e-8;

/// The lowest and the highest cell whose numbers go as far.
const FARTHEST: (i64, i64) = (i32::MIN as i64 / 2, i32::MAX as i64 / 2);

/// The corners of quadrilaterals, in order around each; NaN for pixels that are not mapped.
#[derive(Default)]
pub(super) struct Corners {
    pub(super) x: [Lanes; 4],
    pub(super) y: [Lanes; 4],
}

/// The cells that quadrilaterals may touch along one axis; NaN for pixels that are not mapped.
#[derive(Default)]
pub(super) struct Extents {
    first: Lanes,
    /// How many.
    pub(super) count: Lanes,
    /// First and last cell, as far as the numbers go; beyond all numbers for pixels that are not mapped.
    ends: [[i32; LANES]; 2],
}

impl Extents {
    /// Becomes those of corners along the axis; NaN where a corner is.
    #[inline(always)]
    pub(super) fn set(&mut self, corners: &[Lanes; 4]) {
        let Self { first, count, ends } = self;
        for k in 0..LANES {
            let c = [corners[0][k], corners[1][k], corners[2][k], corners[3][k]];
            let low = smaller(smaller(c[0], c[1]), smaller(c[2], c[3]));
            let high = larger(larger(c[0], c[1]), larger(c[2], c[3]));
            // Comparisons lose a NaN, a sum does not.
            let unknown = 0.0 * ((c[0] + c[1]) + (c[2] + c[3]));
            first[k] = nearest(low) + unknown;
            count[k] = nearest(high) - first[k] + 1.0;
            let is_known = unknown == 0.0;
            let whole = [integer(nearest(low)), integer(nearest(high))];
            ends[0][k] = if is_known { whole[0] } else { i32::MIN };
            ends[1][k] = if is_known { whole[1] } else { i32::MAX };
        }
    }

    /// First and last cell, `None` if the pixel is not mapped.
    #[inline(always)]
    pub(super) fn of(&self, lane: usize) -> Option<Extent> {
        let (first, count) = (self.first[lane], self.count[lane]);
        (count >= 1.0).then(|| (first as i64, (first + count) as i64 - 1))
    }

    /// The first cell, if the numbers go as far.
    #[inline(always)]
    pub(super) fn first(&self, lane: usize) -> i64 {
        i64::from(self.ends[0][lane])
    }

    /// Whether the cells of each lane are so few that they fit on a grid, and all of them in a range; 1 or 0.
    #[inline(always)]
    pub(super) fn within(&self, low: i64, high: i64) -> [u32; LANES] {
        // Narrower limits are the same for cells whose numbers go as far.
        let [low, high] = [low, high].map(|end| end.clamp(FARTHEST.0, FARTHEST.1) as i32);
        let mut within = [0; LANES];
        for (k, within) in within.iter_mut().enumerate() {
            let (first, last) = (self.ends[0][k], self.ends[1][k]);
            let is_small = last.wrapping_sub(first) < CELLS as i32;
            *within = u32::from(first >= low && last <= high && is_small);
        }
        within
    }

    /// Whether the first cell of each lane is by `step` beyond that of the lane before; 1 or 0.
    #[inline(always)]
    pub(super) fn steps(&self, step: i32) -> [u32; LANES] {
        let first = &self.ends[0];
        let mut steps = [0; LANES];
        for k in 1..LANES {
            steps[k] = u32::from(first[k].wrapping_sub(first[k - 1]) == step);
        }
        steps
    }

    /// Whether there is nothing in a range of cells.
    #[inline(always)]
    pub(super) fn misses(&self, lane: usize, range: Extent) -> bool {
        let (first, count) = (self.first[lane], self.count[lane]);
        let meets = first <= range.1 as f64 && first + count > range.0 as f64;
        !meets
    }

    /// The largest of `count` counts from a lane on, at least 1; infinite ones and NaN do not take part.
    #[inline(always)]
    fn most(&self, lane: usize, count: usize) -> usize {
        let mut most = 1.0;
        for &count in &self.count[lane..lane + count] {
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

/// A whole number as an integer; the first or last one beyond these. Unlike a cast, it is worked out for several at once.
#[inline(always)]
fn integer(whole: f64) -> i32 {
    /// Whole numbers up to 51 bits that are added to this are in its last bits.
    const SHIFT: f64 = 1.5 * (1_u64 << 52) as f64;
    let within = smaller(larger(whole, f64::from(i32::MIN)), f64::from(i32::MAX));
    (within + SHIFT).to_bits() as i32
}

/// Overlaps of quadrilaterals with the cells of their grids, cell `CELLS * row + column`.
#[derive(Default)]
pub(super) struct Cells {
    /// Zero for cells that a quadrilateral does not touch; beyond the columns and rows in use, what was left there.
    areas: [Lanes; CELLS * CELLS],
    /// What the overlaps are worth.
    shares: Shares,
    /// Columns and rows that are in use.
    size: (usize, usize),
    /// Cells with an area that counts, and cells that may be touched but for so little that only
    /// [`Shape::share`](crate::kernel::Shape::share) can tell: a bit for each.
    touched: [u64; LANES],
    doubtful: [u64; LANES],
}

impl Cells {
    /// Becomes the overlaps with the cells of the extents, as many of them as fit on the grid.
    #[inline(always)]
    pub(super) fn set<S: Simd>(
        &mut self,
        simd: S,
        corners: &Corners,
        (columns, rows): (&Extents, &Extents),
    ) {
        self.size = (0, 0);
        let mut sizes = [(0, 0); LANES];
        let groups = LANES / S::F64_LANES;
        for (group, used) in sizes[..groups].iter_mut().enumerate() {
            let first = group * S::F64_LANES;
            let quadrilaterals = Quadrilaterals::new(simd, corners, (columns, rows), group);
            let size = (
                columns.most(first, S::F64_LANES),
                rows.most(first, S::F64_LANES),
            );
            *used = match size {
                (0..=2, 0..=2) => quadrilaterals.overlap::<2, 2>(self, group),
                (0..=2, 3) => quadrilaterals.overlap::<2, 3>(self, group),
                (3, 0..=2) => quadrilaterals.overlap::<3, 2>(self, group),
                (3, 3) => quadrilaterals.overlap::<3, 3>(self, group),
                _ => quadrilaterals.overlap::<CELLS, CELLS>(self, group),
            };
            self.size = (self.size.0.max(used.0), self.size.1.max(used.1));
        }
        for (group, used) in sizes[..groups].iter().enumerate() {
            if *used != self.size {
                self.clear_beyond::<S>(simd, *used, group);
            }
        }
    }

    /// Sets overlaps of a group of lanes to zero with cells that are in use, but not by this group.
    #[inline(always)]
    fn clear_beyond<S: Simd>(&mut self, simd: S, used: (usize, usize), group: usize) {
        for row in 0..self.size.1 {
            for column in 0..self.size.0 {
                if column >= used.0 || row >= used.1 {
                    let areas = &mut self.areas[CELLS * row + column];
                    S::as_mut_simd_f64s(areas).0[group] = simd.splat_f64s(0.0);
                }
            }
        }
    }

    /// Works out what the overlaps are worth, from what a unit of area is.
    #[inline(always)]
    pub(super) fn share_out(&mut self, whole: &Lanes) {
        for row in 0..self.size.1 {
            for cell in row * CELLS..row * CELLS + self.size.0 {
                let areas = self.areas[cell].iter().zip(whole);
                for (share, (area, whole)) in self.shares[cell].iter_mut().zip(areas) {
                    *share = (area * whole) as f32;
                }
            }
        }
    }

    /// What the overlaps are worth.
    #[inline(always)]
    pub(super) fn shares(&self) -> &Shares {
        &self.shares
    }

    /// The cells that a quadrilateral touches.
    #[inline(always)]
    pub(super) fn touched(&self, lane: usize) -> u64 {
        self.touched[lane]
    }

    /// The quadrilaterals of which all cells that they touch are known: a bit for each lane.
    #[inline(always)]
    pub(super) fn known(&self) -> u32 {
        let mut known = 0;
        for (lane, doubtful) in self.doubtful.iter().enumerate() {
            known |= u32::from(*doubtful == 0) << lane;
        }
        known
    }

    /// Quadrilaterals whose grids begin side by side, the first at this column and row.
    #[inline(always)]
    pub(super) fn run(&self, lanes: Range<usize>, first: (i64, i64)) -> Run {
        let (mut cells, mut hits) = (0, 0);
        for touched in &self.touched[lanes.clone()] {
            cells |= touched;
            hits += i64::from(*touched != 0);
        }
        Run {
            lanes,
            first,
            cells,
            hits,
        }
    }

    /// The cells in a range of columns and rows that a quadrilateral touches or may touch, row by row: column, row and
    /// what the overlap is worth, `None` if it is too small to tell.
    #[inline(always)]
    pub(super) fn of(
        &self,
        lane: usize,
        columns: Extent,
        rows: Extent,
    ) -> impl Iterator<Item = (usize, usize, Option<f32>)> {
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
            let is_known = doubtful & (1 << cell) == 0;
            let share = is_known.then(|| self.shares[cell][lane]);
            Some((cell % CELLS, cell / CELLS, share))
        })
    }
}

/// As many quadrilaterals as have room in vector registers, relative to the lower left corners of their grids.
struct Quadrilaterals<S: Simd> {
    simd: S,
    sides: [Side<S>; 4],
    /// How many cells lie on the grids along x and y.
    counts: (S::f64s, S::f64s),
}

/// One side of each quadrilateral, from left to right.
#[derive(Clone, Copy)]
struct Side<S: Simd> {
    /// 1 for a side that goes to the right around the quadrilateral, -1 for one that goes to the left.
    sign: S::f64s,
    left: S::f64s,
    right: S::f64s,
    /// Height at `left`.
    y: S::f64s,
    slope: S::f64s,
    /// One over twice the steepness.
    half_run: S::f64s,
}

/// The numbers of a group of lanes.
#[inline(always)]
fn group_of<S: Simd>(lanes: &Lanes, group: usize) -> S::f64s {
    S::as_simd_f64s(lanes).0[group]
}

/// Where the grids of a group of lanes begin along one axis. These are functions and not closures, which the compiler would
/// leave outside of what is compiled for newer processors.
#[inline(always)]
fn origin_of<S: Simd>(simd: S, first: &Lanes, group: usize) -> S::f64s {
    simd.sub_f64s(group_of::<S>(first, group), simd.splat_f64s(0.5))
}

/// A corner of a group of lanes, relative to where the grids begin.
#[inline(always)]
fn corner_of<S: Simd>(
    simd: S,
    corners: &Corners,
    corner: usize,
    group: usize,
    origin: (S::f64s, S::f64s),
) -> (S::f64s, S::f64s) {
    (
        simd.sub_f64s(group_of::<S>(&corners.x[corner], group), origin.0),
        simd.sub_f64s(group_of::<S>(&corners.y[corner], group), origin.1),
    )
}

impl<S: Simd> Quadrilaterals<S> {
    #[inline(always)]
    fn new(
        simd: S,
        corners: &Corners,
        (columns, rows): (&Extents, &Extents),
        group: usize,
    ) -> Self {
        let origin = (
            origin_of(simd, &columns.first, group),
            origin_of(simd, &rows.first, group),
        );
        let [a, b, c, d] = [
            corner_of(simd, corners, 0, group, origin),
            corner_of(simd, corners, 1, group, origin),
            corner_of(simd, corners, 2, group, origin),
            corner_of(simd, corners, 3, group, origin),
        ];
        Self {
            simd,
            sides: [
                Side::new(simd, a, b),
                Side::new(simd, b, c),
                Side::new(simd, c, d),
                Side::new(simd, d, a),
            ],
            counts: (
                group_of::<S>(&columns.count, group),
                group_of::<S>(&rows.count, group),
            ),
        }
    }

    /// Overlaps with so many columns and rows of cells, which it gives back.
    #[inline(always)]
    fn overlap<const COLUMNS: usize, const ROWS: usize>(
        &self,
        cells: &mut Cells,
        group: usize,
    ) -> (usize, usize) {
        let simd = self.simd;
        let none = simd.splat_u64s(0);
        let (mut touched, mut doubtful) = (none, none);
        for column in 0..COLUMNS {
            let mut strip = Strip::<S, ROWS>::new(simd);
            for side in &self.sides {
                strip.add(simd, side, column as f64);
            }
            let on_grid = simd.less_than_f64s(simd.splat_f64s(column as f64), self.counts.0);
            for row in 0..ROWS {
                let cell = CELLS * row + column;
                let area = match strip.above.get(row + 1) {
                    Some(&top) => simd.sub_f64s(strip.above[row], top),
                    // Nothing is above the last row.
                    None => strip.above[row],
                };
                let bit = simd.splat_u64s(1 << cell);
                let sliver = simd.splat_f64s(SLIVER);
                let counts = simd.greater_than_f64s(simd.abs_f64s(area), sliver);
                let area = simd.select_f64s(counts, area, simd.splat_f64s(0.0));
                S::as_mut_simd_f64s(&mut cells.areas[cell]).0[group] = area;
                let is_row = simd.less_than_f64s(simd.splat_f64s(row as f64), self.counts.1);
                let doubt = simd.and_m64s(strip.may_meet(simd, row as f64), is_row);
                let doubt = simd.and_m64s(doubt, on_grid);
                let doubt = simd.select_u64s(doubt, bit, none);
                touched = simd.or_u64s(touched, simd.select_u64s(counts, bit, none));
                doubtful = simd.or_u64s(doubtful, simd.select_u64s(counts, none, doubt));
            }
        }
        S::as_mut_simd_u64s(&mut cells.touched).0[group] = touched;
        S::as_mut_simd_u64s(&mut cells.doubtful).0[group] = doubtful;
        (COLUMNS, ROWS)
    }
}

impl<S: Simd> Side<S> {
    #[inline(always)]
    fn new(simd: S, from: (S::f64s, S::f64s), to: (S::f64s, S::f64s)) -> Self {
        let zero = simd.splat_f64s(0.0);
        let (dx, dy) = (simd.sub_f64s(to.0, from.0), simd.sub_f64s(to.1, from.1));
        // An upright side covers no column.
        let slope = simd.select_f64s(simd.equal_f64s(dx, zero), zero, simd.div_f64s(dy, dx));
        let to_left = simd.less_than_f64s(dx, zero);
        let (one, minus_one) = (simd.splat_f64s(1.0), simd.splat_f64s(-1.0));
        Self {
            sign: simd.select_f64s(to_left, minus_one, one),
            left: lesser(simd, from.0, to.0),
            right: greater(simd, from.0, to.0),
            y: simd.select_f64s(to_left, to.1, from.1),
            slope,
            half_run: simd.div_f64s(simd.splat_f64s(0.5), simd.abs_f64s(slope)),
        }
    }

    /// The height at `x`.
    #[inline(always)]
    fn at(&self, simd: S, x: S::f64s) -> S::f64s {
        let rise = simd.mul_f64s(self.slope, simd.sub_f64s(x, self.left));
        simd.add_f64s(self.y, rise)
    }
}

/// What lies within one column of the grids.
struct Strip<S: Simd, const ROWS: usize> {
    /// Areas above the base and above the heights between rows.
    above: [S::f64s; ROWS],
    /// Heights of the lowest and the highest point, infinite where there is nothing.
    lowest: S::f64s,
    highest: S::f64s,
}

impl<S: Simd, const ROWS: usize> Strip<S, ROWS> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        Self {
            above: [simd.splat_f64s(0.0); ROWS],
            lowest: simd.splat_f64s(f64::INFINITY),
            highest: simd.splat_f64s(f64::NEG_INFINITY),
        }
    }

    /// Adds the areas between a side and each height, and takes in its lowest and highest point.
    #[inline(always)]
    fn add(&mut self, simd: S, side: &Side<S>, column: f64) {
        let zero = simd.splat_f64s(0.0);
        let half = simd.splat_f64s(0.5);
        let from = greater(simd, side.left, simd.splat_f64s(column));
        let to = lesser(simd, side.right, simd.splat_f64s(column + 1.0));
        let (start, end) = (side.at(simd, from), side.at(simd, to));
        let (low, high) = (lesser(simd, start, end), greater(simd, start, end));
        let covers = simd.greater_than_f64s(to, from);
        let lower = lesser(simd, low, self.lowest);
        let higher = greater(simd, high, self.highest);
        self.lowest = simd.select_f64s(covers, lower, self.lowest);
        self.highest = simd.select_f64s(covers, higher, self.highest);
        // Widths have the sign of the side.
        let sign = simd.select_f64s(covers, side.sign, zero);
        let half_width = simd.mul_f64s(half, simd.mul_f64s(sign, simd.sub_f64s(to, from)));
        let whole = simd.mul_f64s(half_width, simd.add_f64s(low, high));
        self.above[0] = simd.add_f64s(self.above[0], whole);
        for (height, above) in self.above.iter_mut().enumerate().skip(1) {
            let height = simd.splat_f64s(height as f64);
            let (low, high) = (simd.sub_f64s(low, height), simd.sub_f64s(high, height));
            let trapezoid = simd.mul_f64s(half_width, simd.add_f64s(low, high));
            let square = simd.mul_f64s(high, high);
            let triangle = simd.mul_f64s(sign, simd.mul_f64s(square, side.half_run));
            let cut = simd.select_f64s(simd.less_than_f64s(low, zero), triangle, trapezoid);
            let cut = simd.select_f64s(simd.greater_than_f64s(high, zero), cut, zero);
            *above = simd.add_f64s(*above, cut);
        }
    }

    /// Whether there may be something in a row, as far as heights can be trusted.
    #[inline(always)]
    fn may_meet(&self, simd: S, row: f64) -> S::m64s {
        let (base, top) = (row - MARGIN, row + 1.0 + MARGIN);
        // Not above and not below.
        let reaches_down = simd.less_than_or_equal_f64s(self.lowest, simd.splat_f64s(top));
        let reaches_up = simd.greater_than_or_equal_f64s(self.highest, simd.splat_f64s(base));
        simd.and_m64s(reaches_down, reaches_up)
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

/// As [`smaller`], of several.
#[inline(always)]
fn lesser<S: Simd>(simd: S, a: S::f64s, b: S::f64s) -> S::f64s {
    simd.min_f64s(a, b)
}

/// As [`larger`], of several.
#[inline(always)]
fn greater<S: Simd>(simd: S, a: S::f64s, b: S::f64s) -> S::f64s {
    simd.max_f64s(a, b)
}
