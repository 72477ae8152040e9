//! Start of the quality arrays: known bad pixels are entered into the pixel and the group quality.
//!
//! The pixel quality gains every bit of the mask; every group of a pixel that must not be used gains only that bit,
//! so that no ramp is fitted there:
//!
//! ```text
//! pixel_dq |= mask          group_dq |= mask & DO_NOT_USE
//! ```
//!
//! # Source
//! jwst 3.0.0 `dq_init/dq_initialization.py::do_dqinit`. Exact.

use ndarray::{ArrayView2, ArrayViewMut2, ArrayViewMut4, Zip};

use crate::flags::PixelFlags;
use crate::shape::{ShapeError, check_shape};

#[cfg(test)]
mod tests;

/// Enters a mask of known bad pixels into the quality arrays.
///
/// `pixel_dq` and `mask` are `(row, column)`, `group_dq` is `(integration, group, row, column)`; a band of rows will
/// do. The bit "do not use" must have the same value in both quality arrays.
///
/// # Errors
/// [`ShapeError`] if the shapes differ; nothing has been modified then.
///
/// ```
/// use ndarray::{Array2, Array4, arr2};
/// use stcal::{dq_init::enter_mask, flags::PixelFlags};
/// let mut pixel_dq = Array2::zeros((1, 2));
/// let mut group_dq = Array4::zeros((1, 3, 1, 2));
/// let mask = arr2(&[[0, 1025]]);
/// enter_mask(pixel_dq.view_mut(), group_dq.view_mut(), mask.view(), &PixelFlags::default())?;
/// assert_eq!(pixel_dq, mask);
/// assert_eq!(group_dq[[0, 2, 0, 1]], 1);
/// # Ok::<(), stcal::shape::ShapeError>(())
/// ```
pub fn enter_mask(
    mut pixel_dq: ArrayViewMut2<'_, u32>,
    mut group_dq: ArrayViewMut4<'_, u8>,
    mask: ArrayView2<'_, u32>,
    flags: &PixelFlags,
) -> Result<(), ShapeError> {
    let (rows, columns) = pixel_dq.dim();
    check_shape("mask", &[rows, columns], mask.shape())?;
    check_shape("group quality", &[rows, columns], &group_dq.shape()[2..])?;
    Zip::from(&mut pixel_dq)
        .and(mask)
        .for_each(|dq, &mask| *dq |= mask);
    let unusable = mask.mapv(|mask| (mask & flags.do_not_use) as u8);
    for mut integration in group_dq.outer_iter_mut() {
        for group in integration.outer_iter_mut() {
            Zip::from(group)
                .and(&unusable)
                .for_each(|dq, &bit| *dq |= bit);
        }
    }
    Ok(())
}
