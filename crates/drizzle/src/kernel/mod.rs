//! How an input pixel is spread: the shapes of the kernels.

mod gaussian;
mod lanczos;
mod point;
mod square;
mod turbo;

pub(crate) use gaussian::Gaussian;
pub(crate) use lanczos::{Lanczos, STEP as LANCZOS_STEP, table as lanczos_table};
pub(crate) use point::Centre;
pub(crate) use square::Square;
pub(crate) use turbo::Turbo;

use std::ops::{Range, RangeInclusive};

/// Pixels of a row that are worked out together: so many that the compiler keeps loops over them, and makes vector
/// instructions of these.
pub(crate) const LANES: usize = 32;

/// Output rows or columns, both ends included, before they are cut to the image.
pub(crate) type Extent = (i64, i64);

/// A kernel with its constants for one exposure.
pub(crate) trait Shape: Sync {
    /// One input pixel as it lies in the output.
    type Spot;

    /// What [`spread`](Self::spread) works in, so that it is not made anew for every few pixels.
    type Room: Default;

    /// Where a pixel lies, `None` if it is not mapped.
    fn spot(&self, column: usize, row: usize) -> Option<Self::Spot>;

    /// Output columns that the spot may touch.
    fn columns(&self, spot: &Self::Spot) -> Extent;

    /// Output rows that the spot may touch.
    fn rows(&self, spot: &Self::Spot) -> Extent;

    /// The weight of the whole pixel in the form that [`share`](Self::share) uses.
    fn whole(&self, _spot: &Self::Spot, weight: f32) -> f64 {
        f64::from(weight)
    }

    /// The weight that an output pixel gets, `None` if the spot does not touch it.
    fn share(&self, spot: &Self::Spot, whole: f64, column: i64, row: i64) -> Option<f32>;

    /// Hands what pixels of a row give to output pixels to `receiver`: pixel by pixel, and for each row by row. `simd`
    /// stands for the machine's vector instructions.
    #[inline(always)]
    fn spread(
        &self,
        _simd: impl pulp::Simd,
        _room: &mut Self::Room,
        row: usize,
        columns: RangeInclusive<usize>,
        receiver: &mut impl Receiver,
    ) {
        let (first, last) = columns.into_inner();
        for start in (first..=last).step_by(LANES) {
            let count = LANES.min(last + 1 - start);
            receiver.load((start, row), count);
            for lane in 0..count {
                if let Some(spot) = self.spot(start + lane, row) {
                    each_share(self, &spot, lane, receiver);
                }
            }
        }
    }

    /// How far from the interpolated position of the centre a spot may reach up or down [output pixels].
    fn reach(&self) -> f64;
}

/// The rows and columns of the output that matter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Rows that are wanted. What falls on lower ones is handed over, too, but not what falls on higher ones.
    pub(crate) rows: Extent,
    /// Last row and last column of the output.
    pub(crate) last: (i64, i64),
}

impl Window {
    /// The columns and rows to go through for a pixel with these extents, `None` if there is nothing that is wanted.
    #[inline(always)]
    pub(crate) fn cut(&self, columns: Extent, rows: Extent) -> Option<(Extent, Extent)> {
        let (bottom, top) = (rows.0.max(0), rows.1.min(self.last.0));
        if bottom > self.rows.1 || top < self.rows.0 {
            return None;
        }
        let (left, right) = (columns.0.max(0), columns.1.min(self.last.1));
        (left <= right).then(|| ((left, right), (bottom, top.min(self.rows.1))))
    }
}

/// Takes what pixels give to the output.
pub(crate) trait Receiver {
    /// What is wanted.
    fn window(&self) -> Window;

    /// Turns to `count` pixels of a row, at most [`LANES`], from a column and row on.
    fn load(&mut self, first: (usize, usize), count: usize);

    /// The weight of a pixel, given by its number among those turned to.
    fn weight(&self, lane: usize) -> f32;

    /// Begins with a pixel.
    fn begin(&mut self, lane: usize);

    /// Adds the pixel to an output pixel.
    fn add(&mut self, lane: usize, column: i64, row: i64, share: f32);

    /// Adds a pixel that nothing has been said of to output pixels that are all wanted: those of a grid that begins at
    /// `column` and `row`, which are listed as bits `CELLS * row + column`, the lowest first, with a share for each.
    fn add_cells(&mut self, lane: usize, first: (i64, i64), bits: u64, shares: &Shares);

    /// Adds pixels that nothing has been said of to output pixels that are all wanted, with a share for each cell of each;
    /// those of the run's cells that a pixel does not touch have a share of 0.
    fn add_run(&mut self, simd: impl pulp::Simd, run: &Run, shares: &Shares);
}

/// Neighbouring pixels of a row whose grids begin at neighbouring output pixels of a row.
#[derive(Debug)]
pub(crate) struct Run {
    /// Their numbers among the pixels turned to.
    pub(crate) lanes: Range<usize>,
    /// Column and row at which the first of the grids begins.
    pub(crate) first: (i64, i64),
    /// Cells that any of the pixels touches, as bits `CELLS * row + column`.
    pub(crate) cells: u64,
    /// How many of the pixels touch any.
    pub(crate) hits: i64,
}

impl Run {
    /// All bits for its lanes, none for the others.
    #[inline(always)]
    pub(crate) fn mask(&self) -> [u32; LANES] {
        let mut mask = [0; LANES];
        let (start, end) = (self.lanes.start as u32, self.lanes.end as u32);
        for (mask, lane) in mask.iter_mut().zip(0_u32..) {
            *mask = u32::from(lane >= start && lane < end).wrapping_neg();
        }
        mask
    }
}

/// What pixels give to each of the cells of their grids.
pub(crate) type Shares = [[f32; LANES]; CELLS * CELLS];

/// Cells along a side of the grid of [`Receiver::add_cells`].
pub(crate) const CELLS: usize = 4;

/// Asks for the weight of one output pixel after the other.
#[inline(always)]
pub(crate) fn each_share<S: Shape + ?Sized>(
    shape: &S,
    spot: &S::Spot,
    lane: usize,
    receiver: &mut impl Receiver,
) {
    let window = receiver.window();
    let Some((columns, rows)) = window.cut(shape.columns(spot), shape.rows(spot)) else {
        return;
    };
    let whole = shape.whole(spot, receiver.weight(lane));
    receiver.begin(lane);
    for row in rows.0..=rows.1 {
        for column in columns.0..=columns.1 {
            if let Some(share) = shape.share(spot, whole, column, row) {
                receiver.add(lane, column, row, share);
            }
        }
    }
}
