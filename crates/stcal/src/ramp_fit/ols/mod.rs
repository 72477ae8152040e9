//! Optimally weighted ordinary least squares.
//!
//! A ramp is cut at jumps and unusable groups into segments (`segment`). Segment *s* has the slope
//!
//! ```text
//! b = Σ w (x − c) d / Σ w (x − c)²,   w = |(x − c) / c|^P,   c = (n − 1) / 2,   x = 0 … n − 1
//! ```
//!
//! in DN per group, where the power P rises with the signal-to-noise ratio (Fixsen et al. 2000, PASP 112, 1350,
//! doi:10.1086/316626; table in `weights`), and the variances
//!
//! ```text
//! var_P = (m + k) / (t g (n − 1)),   var_R = 12 (r / (t g))² / (n³ − n)
//! ```
//!
//! with the group time t, gain g, read noise r of a group \[e-\], median count rate m of the pixel over all
//! integrations (`median`) and dark rate k. Segments and integrations are combined with the weights `1 / var_R`.
//!
//! Ramps without flags take a path that works on many columns at once (`clean`); those with flags are collected, and many
//! are fitted at once (`flagged`); odd ones, and all where single segments are wanted, go one by one (`pixel`).
//!
//! # Source
//! stcal 1.20.0 `ramp_fitting/ramp_fit.py`, `ols_fit.py`, `src/slope_fitter.c`. Tolerance: quality and NaN exact, 1e-6
//! relative otherwise.

#![allow(
    clippy::needless_range_loop,
    reason = "a column is an index into several arrays at once"
)]

mod band;
mod block;
mod charge_loss;
mod clean;
mod divisor;
mod flagged;
pub(super) mod median;
mod optional;
mod pixel;
mod plan;
mod segment;
mod sums;
#[cfg(test)]
mod tests;
mod weights;

pub use band::{OlsFit, fit_ols, fit_ols_band};
pub use optional::{BandSegments, OptionalResults};
pub use plan::OlsPlan;
