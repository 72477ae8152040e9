//! Count rates of short exposures by correlated double sampling: a late read less an early one.
//!
//! ```text
//! difference = late - early                    rate = difference / t
//! var = 2 (read_noise / t)² + max(0, difference / (gain t))         err = √var
//! ```
//!
//! with the group time `t`. [`Sampling`] says which reads these are.
//!
//! # Source
//! jwst 3.0.0 `guider_cds/guider_cds.py::guider_cds`, in single precision as there. Exact. The photon part of the
//! variance lacks one division by `t`, there and here.

use ndarray::{Array2, ArrayView2, ArrayView3, ArrayViewMut2, Axis, Zip};

use crate::shape::{ShapeError, check_shape};

#[cfg(test)]
mod tests;

/// Which reads make a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// The second read less the first.
    FirstTwo,
    /// The mean of the last four reads less that of the first four; all of them, where there are fewer.
    Fours,
}

/// The difference of an integration `(group, row, column)` \[DN\].
///
/// # Errors
/// [`ShapeError`] if there are too few groups.
///
/// ```
/// use ndarray::array;
/// use stcal::guider::{Sampling, difference};
/// let ramp = array![[[10.0_f32]], [[13.0]], [[20.0]]];
/// assert_eq!(difference(ramp.view(), Sampling::FirstTwo)?[[0, 0]], 3.0);
/// # Ok::<(), stcal::shape::ShapeError>(())
/// ```
pub fn difference(
    ramp_dn: ArrayView3<'_, f32>,
    sampling: Sampling,
) -> Result<Array2<f32>, ShapeError> {
    let groups = ramp_dn.len_of(Axis(0));
    let needed = if sampling == Sampling::FirstTwo { 2 } else { 1 };
    if groups < needed {
        check_shape("groups", &[needed], &[groups])?;
    }
    Ok(match sampling {
        Sampling::FirstTwo => &ramp_dn.index_axis(Axis(0), 1) - &ramp_dn.index_axis(Axis(0), 0),
        Sampling::Fours => {
            let four = groups.min(4);
            let (early, late) = (0..four, groups - four..groups);
            mean(ramp_dn, late) - mean(ramp_dn, early)
        }
    })
}

fn mean(ramp_dn: ArrayView3<'_, f32>, groups: std::ops::Range<usize>) -> Array2<f32> {
    let count = groups.len() as f32;
    let (_, rows, columns) = ramp_dn.dim();
    let mut sum = Array2::zeros((rows, columns));
    for group in groups {
        sum += &ramp_dn.index_axis(Axis(0), group);
    }
    sum / count
}

/// The smaller of two differences, which a cosmic ray has raised in at most one of them; not-a-number if one is.
///
/// # Errors
/// [`ShapeError`] if their shapes differ.
pub fn smaller(a: &Array2<f32>, b: &Array2<f32>) -> Result<Array2<f32>, ShapeError> {
    check_shape("difference", a.shape(), b.shape())?;
    let least = |a: &f32, b: &f32| if a.is_nan() || a < b { *a } else { *b };
    Ok(Zip::from(a).and(b).map_collect(least))
}

/// What a difference is scaled with.
#[derive(Debug, Clone, Copy)]
pub struct Detector<'a> {
    /// Time of a group \[s\].
    pub group_time_s: f64,
    /// Gain of each pixel \[e-/DN\].
    pub gain_e_per_dn: ArrayView2<'a, f32>,
    /// Read noise of each pixel \[DN\].
    pub read_noise_dn: ArrayView2<'a, f32>,
}

/// Writes rate and error \[DN/s\] of a difference.
///
/// # Errors
/// [`ShapeError`]; nothing has been written then.
pub fn rate(
    difference_dn: ArrayView2<'_, f32>,
    detector: &Detector<'_>,
    mut rate: ArrayViewMut2<'_, f32>,
    mut err: ArrayViewMut2<'_, f32>,
) -> Result<(), ShapeError> {
    let shape = difference_dn.shape();
    check_shape("gain", shape, detector.gain_e_per_dn.shape())?;
    check_shape("read noise", shape, detector.read_noise_dn.shape())?;
    check_shape("rate", shape, rate.shape())?;
    check_shape("error", shape, err.shape())?;
    let time = detector.group_time_s as f32;
    Zip::from(&mut rate)
        .and(difference_dn)
        .for_each(|rate, difference| *rate = difference / time);
    Zip::from(&mut err)
        .and(difference_dn)
        .and(detector.gain_e_per_dn)
        .and(detector.read_noise_dn)
        .for_each(|err, difference, gain, noise| {
            let reads = noise / time;
            let photons = difference / (gain * time);
            // Not `max`: what is not a number stays so.
            let photons = if photons < 0.0 { 0.0 } else { photons };
            *err = (2.0 * (reads * reads) + photons).sqrt();
        });
    Ok(())
}
