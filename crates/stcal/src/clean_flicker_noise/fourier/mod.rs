//! Noise as a few frequencies of the readout, fitted to the background pixels (`NSClean`).
//!
//! A fit of `K` frequencies to `M` samples is weighted by the inverse square of the local density of samples. Its normal
//! matrix depends on differences of frequencies only, so its elements are read off one Fourier transform of the
//! weights: no matrix larger than `K` x `K` exists, and no time goes as `M` x `K`.
//!
//! The fit is one of complex waves to real samples, without their conjugates.
//!
//! # Source
//! Rauscher 2024, PASP 136, 015001, doi:10.1088/1538-3873/ad1b36; jwst 3.0.0 `clean_flicker_noise/nsclean.py` and
//! `clean_flicker_noise.py` (`fft_clean_full_frame`, `fft_clean_subarray`).

mod frame;
mod section;
mod solve;
mod subarray;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

pub use frame::FrameFit;
pub use subarray::{LowPass, SubarrayFit};

/// How lines of the readout lie in the image: as columns, in the order of columns or against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readout {
    /// The first column was read first.
    Columns,
    /// The last column was read first.
    ColumnsReversed,
}

/// Edge of the square blocks of a transposition.
const BLOCK: usize = 32;

impl Readout {
    /// The image with a row for each line of the readout.
    fn lines<T: Copy + Default>(self, image: ArrayView2<'_, T>) -> Array2<T> {
        let mut lines = Array2::from_elem((image.ncols(), image.nrows()), T::default());
        transpose(image, lines.view_mut(), |line, value| *line = value);
        if self == Self::ColumnsReversed {
            lines.invert_axis(ndarray::Axis(0));
            lines = lines.as_standard_layout().into_owned();
        }
        lines
    }

    /// Subtracts lines from an image.
    fn subtract(self, mut image: ArrayViewMut2<'_, f32>, lines: ArrayView2<'_, f32>) {
        let lines = match self {
            Self::Columns => lines,
            Self::ColumnsReversed => lines.slice_move(s![..;-1, ..]),
        };
        transpose(lines, image.view_mut(), |value, line| *value -= line);
    }
}

/// Applies `put` to each element of `to` and its mirror image in `from`, block by block.
fn transpose<T: Copy>(
    from: ArrayView2<'_, T>,
    mut to: ArrayViewMut2<'_, T>,
    put: impl Fn(&mut T, T),
) {
    let (rows, columns) = to.dim();
    for top in (0..rows).step_by(BLOCK) {
        for left in (0..columns).step_by(BLOCK) {
            for row in top..(top + BLOCK).min(rows) {
                for column in left..(left + BLOCK).min(columns) {
                    put(&mut to[(row, column)], from[(column, row)]);
                }
            }
        }
    }
}
