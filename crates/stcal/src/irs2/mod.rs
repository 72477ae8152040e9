//! Removal of the noise of a readout that looks at reference pixels again and again between the others.
//!
//! Such a readout (IRS², "improved reference sampling and subtraction") leaves the normal pixels of a line after every
//! few samples and reads a few reference pixels, while one output reads reference pixels only. What the outputs have in
//! common is known at all times, then, and is subtracted in the frequency domain: for each output `k`,
//!
//! ```text
//! corrected_k = data_k - Re F⁻¹( beta_k · F(interleaved_k) + alpha_k · F(reference output) )
//! ```
//!
//! where the series are in the order of time, with the pauses between samples filled in ([`Interleaving`]), and `alpha`
//! and `beta` are weights made from darks. Before, the mean of the groups is taken from each pixel, and a line through
//! the first and the last lines of the detector from each output and group. The gaps of the reference output are
//! filled by a mean weighted with a cosine, and the result is low-passed and put back several times.
//!
//! Interleaved reference pixels that misbehave are found and replaced beforehand ([`find_bad`], [`Replacement`]).
//!
//! # Source
//! jwst 3.0.0 `refpix/irs2_subtract_reference.py`; S. H. Moseley et al. 2010, Proc. SPIE 7742, 77421B,
//! doi:10.1117/12.866773; B. J. Rauscher et al. 2017, PASP 129, 105003, doi:10.1088/1538-3873/aa83fd. Transforms in
//! single precision, as there; agreement to some 1e-6 of the noise.

use crate::shape::ShapeError;

mod bad;
mod correction;
mod fourier;
mod layout;
mod series;
#[cfg(test)]
mod tests;

pub use bad::{
    BadPairs, PlannedReplacement, Replacement, find_bad, plan_replacements, plan_table, replace,
};
pub use correction::{Irs2Correction, Irs2Options, OutputWeights, ReferenceOutput, Workspace};
pub use fourier::Weights;
pub use layout::Interleaving;

/// Why a readout with interleaved reference pixels cannot be corrected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Irs2Error {
    /// An array has the wrong shape.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// Numbers that do not describe a readout.
    #[error(
        "lines of {length} samples do not consist of five outputs with blocks of {normal} normal and {reference} \
         reference pixels, both even"
    )]
    Layout {
        /// Samples of a line.
        length: usize,
        /// Normal pixels of a block.
        normal: usize,
        /// Reference pixels of a block.
        reference: usize,
    },
    /// The image is too small, or the low-pass filter too wide for it.
    #[error("{lines} lines of {samples} samples in the order of time are too few")]
    TooSmall {
        /// Lines of the detector.
        lines: usize,
        /// Samples of one line and one output, with pauses.
        samples: usize,
    },
    /// A list of bad reference pixels names an output or a pixel that does not exist.
    #[error("the table of bad reference pixels names output {output}, pair {pair}, block {block}")]
    NoSuchPixel {
        /// Number of the output.
        output: usize,
        /// Which pair of the block.
        pair: usize,
        /// Which block.
        block: usize,
    },
}
