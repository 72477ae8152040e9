//! Outliers: pixels that differ from the median of several images of the same sky.
//!
//! Images on a common grid are combined to a [median](nan_median) that leaves pixels of
//! [low weight](weight_threshold) out. Exposures with other geometries are compared with the median as it would have been seen
//! by them ("blotted"): a pixel is an outlier if it differs from it by more than
//! `snr₂ · error + scale₂ · derivative`, and it or one of its eight neighbours by more than
//! `snr₁ · error + scale₁ · derivative`, where the [derivative](flag_resampled) of the blotted image stands for what its
//! interpolation may have done. Images with the same geometry are [compared directly](flag_aligned).
//!
//! # Source
//! stcal 1.20.0 `outlier_detection`, jwst 3.0.0 `outlier_detection.tso`; after Fruchter & Hook 2002, section 5,
//! doi:10.1086/338393. Exact but for the rounding of sums of weights.

mod derivative;
mod flag;
mod median;
mod rolling;
#[cfg(test)]
mod tests;
mod weight;

pub use flag::{Compared, Median, Thresholds, flag_aligned, flag_resampled};
pub use median::nan_median;
pub use rolling::rolling_median;
pub use weight::weight_threshold;
