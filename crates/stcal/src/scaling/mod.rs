//! Multiplication of arrays by one number: groups averaged on board with a wrong divisor, detectors read with another
//! gain.
//!
//! # Source
//! jwst 3.0.0 `group_scale/group_scale.py::do_correction`, `gain_scale/gain_scale.py::do_correction`. Exact.

use ndarray::{ArrayViewMut, Dimension};

#[cfg(test)]
mod tests;

/// The factor that repairs groups of `n_frames` frames which were divided by `frame_divisor` on board.
///
/// ```
/// assert_eq!(stcal::scaling::group_factor(8, 5), 1.6);
/// ```
pub fn group_factor(frame_divisor: i64, n_frames: i64) -> f64 {
    frame_divisor as f64 / n_frames as f64
}

/// Multiplies every value by `factor`, rounded to `f32` first.
///
/// Serves signals and errors with the gain factor `k`, and variances with its square: pass `k * k`.
///
/// ```
/// let mut rate = ndarray::arr1(&[1.0_f32, f32::NAN]);
/// stcal::scaling::scale(rate.view_mut(), 1.5);
/// assert_eq!(rate[0], 1.5);
/// assert!(rate[1].is_nan());
/// ```
pub fn scale<D: Dimension>(mut values: ArrayViewMut<'_, f32, D>, factor: f64) {
    let factor = factor as f32;
    values.map_inplace(|value| *value *= factor);
}
