//! Subtraction of the reset anomaly: the transient that a reset leaves in the first groups of an integration.
//!
//! ```text
//! ramp[i, g] -= reset[min(i, n - 1), g]   for g < groups of the reference        pixel_dq |= reset_dq
//! ```
//!
//! where `i` counts the integrations of the exposure (not of a segment) and `n` the integrations of the reference: the
//! last of them stands for all that follow. A sample of the reference that is not a number counts as zero.
//!
//! # Source
//! jwst 3.0.0 `reset/reset_sub.py::do_correction`. Exact.

use ndarray::{ArrayView2, ArrayView4, ArrayViewMut2, ArrayViewMut4, Zip};

use crate::shape::{ShapeError, check_shape};

#[cfg(test)]
mod tests;

/// The reset anomaly of the rows to be corrected.
#[derive(Debug, Clone, Copy)]
pub struct ResetReference<'a> {
    /// Signal, `(integration, group, row, column)` \[DN\]; not-a-number counts as 0.
    pub signal_dn: ArrayView4<'a, f32>,
    /// Quality, `(row, column)`.
    pub dq: ArrayView2<'a, u32>,
}

/// Subtracts the reset anomaly, in place.
///
/// `ramp_dn` is `(integration, group, row, column)` \[DN\] and begins with the integration `first_integration` of the
/// exposure, counted from 0. `pixel_dq` is `(row, column)`. A band of rows will do.
///
/// # Errors
/// [`ShapeError`] if the shapes differ or the reference holds no integration; nothing has been modified then.
///
/// ```
/// use ndarray::{Array2, Array4};
/// use stcal::reset::{ResetReference, subtract_reset};
/// let mut ramp = Array4::from_elem((2, 3, 1, 1), 10.0_f32);
/// let mut dq = Array2::zeros((1, 1));
/// let signal = Array4::from_elem((1, 2, 1, 1), 1.5_f32);
/// let flags = Array2::from_elem((1, 1), 4);
/// let reset = ResetReference { signal_dn: signal.view(), dq: flags.view() };
/// subtract_reset(ramp.view_mut(), dq.view_mut(), &reset, 0)?;
/// assert_eq!(ramp[[1, 1, 0, 0]], 8.5);
/// assert_eq!(ramp[[1, 2, 0, 0]], 10.0);
/// # Ok::<(), stcal::shape::ShapeError>(())
/// ```
pub fn subtract_reset(
    mut ramp_dn: ArrayViewMut4<'_, f32>,
    mut pixel_dq: ArrayViewMut2<'_, u32>,
    reset: &ResetReference<'_>,
    first_integration: usize,
) -> Result<(), ShapeError> {
    let (n_reset, _, rows, columns) = reset.signal_dn.dim();
    check_shape("reset", &ramp_dn.shape()[2..], &[rows, columns])?;
    check_shape("reset quality", &ramp_dn.shape()[2..], reset.dq.shape())?;
    check_shape("pixel quality", &ramp_dn.shape()[2..], pixel_dq.shape())?;
    if n_reset == 0 {
        check_shape("integrations of the reset", &[1], &[0])?;
    }
    Zip::from(&mut pixel_dq)
        .and(reset.dq)
        .for_each(|dq, &more| *dq |= more);
    for (i, mut integration) in ramp_dn.outer_iter_mut().enumerate() {
        let anomaly = reset
            .signal_dn
            .index_axis_move(ndarray::Axis(0), (first_integration + i).min(n_reset - 1));
        // The shorter of the two sets of groups ends the loop.
        for (group, signal) in integration.outer_iter_mut().zip(anomaly.outer_iter()) {
            Zip::from(group).and(signal).for_each(|value, &signal| {
                *value -= if signal.is_nan() { 0.0 } else { signal };
            });
        }
    }
    Ok(())
}
