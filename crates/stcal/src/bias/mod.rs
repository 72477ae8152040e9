//! Subtraction of the superbias: the level of each pixel right after a reset.
//!
//! ```text
//! ramp[i, g] -= bias        zero_frame[i] -= bias where zero_frame[i] != 0        pixel_dq |= bias_dq
//! ```
//!
//! A pixel of the bias that is not a number counts as zero.
//!
//! # Source
//! jwst 3.0.0 `superbias/bias_sub.py::do_correction`, `subtract_bias`. Exact.

use ndarray::{ArrayView2, ArrayViewMut2, ArrayViewMut3, ArrayViewMut4, Zip};

use crate::shape::{ShapeError, check_shape};

#[cfg(test)]
mod tests;

/// The superbias of the rows to be corrected.
#[derive(Debug, Clone, Copy)]
pub struct BiasReference<'a> {
    /// Level, `(row, column)` \[DN\]; not-a-number counts as 0.
    pub level_dn: ArrayView2<'a, f32>,
    /// Quality, `(row, column)`.
    pub dq: ArrayView2<'a, u32>,
}

/// Subtracts the superbias from every group, in place.
///
/// `ramp_dn` is `(integration, group, row, column)` \[DN\], `pixel_dq` is `(row, column)` and gains the bits of the
/// reference. A band of rows will do.
///
/// # Errors
/// [`ShapeError`] if the shapes differ; nothing has been modified then.
///
/// ```
/// use ndarray::{Array2, Array4, arr2};
/// use stcal::bias::{BiasReference, subtract_bias};
/// let mut ramp = Array4::from_elem((1, 2, 1, 2), 10.0_f32);
/// let mut dq = Array2::zeros((1, 2));
/// let (level, flags) = (arr2(&[[4.0, f32::NAN]]), arr2(&[[0, 2]]));
/// subtract_bias(ramp.view_mut(), dq.view_mut(), &BiasReference { level_dn: level.view(), dq: flags.view() })?;
/// assert_eq!(ramp[[0, 1, 0, 0]], 6.0);
/// assert_eq!(ramp[[0, 1, 0, 1]], 10.0);
/// assert_eq!(dq, flags);
/// # Ok::<(), stcal::shape::ShapeError>(())
/// ```
pub fn subtract_bias(
    mut ramp_dn: ArrayViewMut4<'_, f32>,
    mut pixel_dq: ArrayViewMut2<'_, u32>,
    bias: &BiasReference<'_>,
) -> Result<(), ShapeError> {
    check_shape("superbias", &ramp_dn.shape()[2..], bias.level_dn.shape())?;
    check_shape("superbias quality", &ramp_dn.shape()[2..], bias.dq.shape())?;
    check_shape("pixel quality", &ramp_dn.shape()[2..], pixel_dq.shape())?;
    Zip::from(&mut pixel_dq)
        .and(bias.dq)
        .for_each(|dq, &more| *dq |= more);
    for mut integration in ramp_dn.outer_iter_mut() {
        for group in integration.outer_iter_mut() {
            Zip::from(group)
                .and(bias.level_dn)
                .for_each(|value, &level| *value -= number_or_zero(level));
        }
    }
    Ok(())
}

/// Subtracts the superbias from the zero frame of each integration, in place.
///
/// `zero_frame_dn` is `(integration, row, column)` \[DN\]; a value of 0 marks a bad pixel and stays 0.
///
/// # Errors
/// [`ShapeError`] if the shapes differ; nothing has been modified then.
pub fn subtract_bias_from_zero_frame(
    mut zero_frame_dn: ArrayViewMut3<'_, f32>,
    bias: &BiasReference<'_>,
) -> Result<(), ShapeError> {
    check_shape(
        "superbias",
        &zero_frame_dn.shape()[1..],
        bias.level_dn.shape(),
    )?;
    for frame in zero_frame_dn.outer_iter_mut() {
        Zip::from(frame)
            .and(bias.level_dn)
            .for_each(|value, &level| {
                *value = if *value == 0.0 {
                    0.0
                } else {
                    *value - number_or_zero(level)
                };
            });
    }
    Ok(())
}

fn number_or_zero(value: f32) -> f32 {
    if value.is_nan() { 0.0 } else { value }
}
