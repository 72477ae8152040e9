//! Removal of electromagnetic interference: a periodic signal that all outputs of a detector pick up alike.
//!
//! The interference has a frequency that does not follow the readout, so that it makes a moving pattern of stripes.
//! Each sample meets the wave at the phase
//!
//! ```text
//! phase = t / P mod 1,    t = start of the group + row * row_clocks + sample * clocks_per_sample   [clock cycles]
//! ```
//!
//! where `sample` counts the pixels of one output along a row: `outputs` pixels are read at the same time. Two ways
//! lead to the wave:
//!
//! * [`joint`]: amplitude and phase of a known waveform and a straight line for every pixel are fitted at once, by
//!   least squares. It works from three groups on.
//! * [`sequential`]: lines are fitted and subtracted first; the rest is folded with the period. The folded wave is
//!   subtracted, or tells phase and scale of a known waveform.
//!
//! Every function takes one integration, one group or a band of rows of one integration; several frequencies are
//! removed one after the other.
//!
//! # Source
//! jwst 3.0.0 `emicorr/emicorr.py`. Differences are those of the order of sums, about 1e-9 of the amplitude.

pub mod joint;
pub mod sequential;
mod timing;
mod wave;

#[cfg(test)]
mod tests;

pub use timing::{Clock, Outputs, Timing};
pub use wave::Waveform;

/// What cannot be corrected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EmiError {
    /// The columns do not divide into the outputs.
    #[error("expected a multiple of {outputs} columns, at least {least}, found {found}")]
    Columns {
        /// Outputs that are read at the same time.
        outputs: usize,
        /// The fewest columns.
        least: usize,
        /// What the image has.
        found: usize,
    },
    /// The wave does not oscillate, or too fast to be sampled.
    #[error("expected a period of more than {least} clock cycles, found {found}")]
    Period {
        /// The limit.
        least: f64,
        /// The period.
        found: f64,
    },
    /// A waveform that cannot be interpolated.
    #[error("expected a waveform of at least 2 finite values, found {found}")]
    Waveform {
        /// What is wrong.
        found: String,
    },
    /// The folded wave has no bins.
    #[error("expected at least 1 bin of the folded wave, found {found}")]
    Bins {
        /// The number.
        found: i64,
    },
    /// An array of another shape.
    #[error(transparent)]
    Shape(#[from] crate::shape::ShapeError),
}
