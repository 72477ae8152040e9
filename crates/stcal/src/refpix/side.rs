//! The running median of the reference columns at the sides.

use ndarray::{Array2, ArrayView2};

use super::Arithmetic;

/// How columns of reference pixels at the sides are used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SideOptions {
    /// Rows in the running median; usually odd.
    pub smoothing_length: usize,
    /// Factor by which the median is multiplied before it is subtracted.
    pub gain: f64,
}

/// One side: which of its pixels may be used, `(row, column)` within the block of reference columns.
pub(super) struct Side {
    pub(super) first_column: usize,
    pub(super) usable: Array2<bool>,
}

impl Side {
    /// The median of each row's window, not a number where no pixel may be used.
    ///
    /// `block` holds the values of the side. The window is mirrored at the edges of the detector, of which the block
    /// covers `usable.nrows()` rows from `origin`, out of `detector_rows`.
    pub(super) fn running_median(
        &self,
        block: ArrayView2<'_, f64>,
        (origin, detector_rows): (usize, usize),
        smoothing_length: usize,
        arithmetic: Arithmetic,
    ) -> Vec<f64> {
        // Parity: jwst refpix/reference_pixels.py::NIRDataset.median_filter. Of an even length, the mirrored rows are
        // those of the next odd one, so the window reaches one row further back than ahead.
        let behind = (smoothing_length | 1) / 2;
        let n_rows = block.nrows();
        let mut window = Vec::with_capacity(smoothing_length * block.ncols());
        (0..n_rows)
            .map(|row| {
                window.clear();
                for step in 0..smoothing_length {
                    let place = (origin + row + step) as isize - behind as isize;
                    let Some(source) = mirrored(place, detector_rows)
                        .checked_sub(origin)
                        .filter(|&source| source < n_rows)
                    else {
                        // Not part of the image: such pixels cannot be used.
                        continue;
                    };
                    let pairs = block.row(source).into_iter().zip(self.usable.row(source));
                    window.extend(
                        pairs
                            .filter(|(_, usable)| **usable)
                            .map(|(&value, _)| value),
                    );
                }
                median(&mut window, arithmetic)
            })
            .collect()
    }
}

/// A row beyond the edge is replaced by its mirror image; the edge itself is not repeated.
fn mirrored(row: isize, n_rows: usize) -> usize {
    let last = n_rows as isize - 1;
    let row = if row > last {
        2 * last - row
    } else {
        row.abs()
    };
    row.clamp(0, last) as usize
}

/// The median as numpy takes it: not a number if any value is not one, or if there is none.
fn median(values: &mut [f64], arithmetic: Arithmetic) -> f64 {
    let n = values.len();
    if n == 0 || values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let (below, &mut upper, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match arithmetic {
        Arithmetic::Single => f64::from((lower + upper) as f32 / 2.0),
        Arithmetic::Double => f64::midpoint(lower, upper),
    }
}

/// The mean of both sides row by row; one of them where the other has no value, 0 where none has.
pub(super) fn join(left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter()
        .zip(right)
        .map(|(&left, &right)| match (left.is_nan(), right.is_nan()) {
            (true, true) => 0.0,
            (true, false) => right,
            (false, true) => left,
            (false, false) => 0.5 * (left + right),
        })
        .collect()
}
