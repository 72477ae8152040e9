//! Removal of drifts with the help of reference pixels, which see no light.
//!
//! Four kinds of readout are known, each corrected image by image:
//!
//! * [`AmplifierCorrection`]: several amplifiers read a block of columns each, and rows of reference pixels lie at the
//!   top and the bottom. The clipped mean of an amplifier's reference pixels, odd and even columns apart, is taken from
//!   its columns. Columns of reference pixels at the sides, smoothed by a running median, are then taken from the rows.
//! * [`SingleOutputCorrection`]: one amplifier reads a part of the detector; all reference pixels that it meets count.
//! * [`ScatteredCorrection`]: several amplifiers read a block of columns each, and reference pixels, known by their flags
//!   alone, lie anywhere in the image.
//! * [`InterleavedCorrection`]: the amplifiers read every n-th column, and columns of reference pixels lie at the left
//!   and the right. Odd and even rows are apart, and the first group is left out of each integration beforehand.
//!
//! The first three work in the frame of the detector, with rows along the fast axis of the readout; [`ReadoutAxes`] turns
//! views into it without copying.
//!
//! # Source
//! jwst 3.0.0 `refpix/reference_pixels.py`. Same order of operations in the same precision, including numpy's order of
//! summation, so that clipping falls alike.

use ndarray::ArrayView2;

use crate::flags::PixelFlags;
use crate::shape::ShapeError;

mod amplifiers;
mod apply;
mod axes;
mod clip;
mod interleaved;
mod scattered;
mod side;
mod single_output;
mod sirs;
#[cfg(test)]
mod tests;

pub use amplifiers::{AmplifierCorrection, AmplifierGeometry, AmplifierOptions};
pub use axes::{ReadoutAxes, ReadoutAxesError};
pub use interleaved::{InterleavedCorrection, InterleavedGeometry};
pub use scattered::{ScatteredCorrection, ScatteredGeometry};
pub use side::SideOptions;
pub use single_output::SingleOutputCorrection;
pub use sirs::{SirsError, SirsKernels, SirsOptions};

/// The precision in which an image is corrected.
///
/// Parity: jwst `refpix/reference_pixels.py::NIRDataset.do_fullframe_corrections` keeps the buffer of the image before,
/// which the side correction has turned into double precision. So only the very first image of a ramp is corrected in
/// single precision, and the zero frames, which come last, in double. Without side correction all are single.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// 32 bits: the first group of the first integration in the file.
    Single,
    /// 64 bits: all others.
    Double,
}

/// Why reference pixels cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefpixError {
    /// An array has the wrong shape.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The image reaches beyond the detector.
    #[error(
        "an image of {image:?} pixels from {origin:?} does not lie on a detector of {detector:?}"
    )]
    Outside {
        /// Rows and columns of the image.
        image: (usize, usize),
        /// Position of its first pixel.
        origin: (usize, usize),
        /// Rows and columns of the detector.
        detector: (usize, usize),
    },
}

/// Positions of pixels, in the order in which they are summed.
type Positions = Vec<(usize, usize)>;

/// Positions in a block of an image that may be used.
fn usable(
    pixel_dq: ArrayView2<'_, u32>,
    rows: impl Iterator<Item = usize>,
    columns: impl Iterator<Item = usize> + Clone,
    flags: &PixelFlags,
) -> Positions {
    rows.flat_map(|row| columns.clone().map(move |column| (row, column)))
        .filter(|&position| pixel_dq[position] & flags.do_not_use == 0)
        .collect()
}

/// Values of pixels.
fn gather(image: ArrayView2<'_, f32>, positions: &Positions) -> Vec<f64> {
    positions
        .iter()
        .map(|&position| f64::from(image[position]))
        .collect()
}
