//! Flags for samples from which charge has migrated to the neighbours.
//!
//! A bright pixel gives charge away to its four neighbours once it holds more than some signal. From the group where
//! that happens, the pixel and its neighbours are flagged in all later groups of the integration:
//!
//! ```text
//! bright[g] = signal[g] > threshold and group_dq[g] != DO_NOT_USE   (equality: other bits do not exempt a sample)
//! group_dq[h] |= CHARGELOSS | DO_NOT_USE    for h >= g, at the pixel and its upper, lower, left and right neighbour
//! ```
//!
//! # Source
//! jwst 3.0.0 `charge_migration/charge_migration.py::charge_migration`. Exact.

use ndarray::{Array2, ArrayView1, ArrayView3, ArrayViewMut3, Zip};

use crate::flags::GroupFlags;
use crate::shape::{ShapeError, check_shape};

#[cfg(test)]
mod tests;

/// Flags the samples of one integration that have lost charge, or gained it from a neighbour.
///
/// `ramp_dn` and `group_dq` are `(group, row, column)` and must hold whole images, because flags spread to
/// neighbours. Samples that are not a number are not bright. Returns the number of pixels flagged.
///
/// # Errors
/// [`ShapeError`] if the shapes differ; nothing has been modified then.
///
/// ```
/// use ndarray::Array3;
/// use stcal::{charge_migration::flag_charge_migration, flags::GroupFlags};
/// let mut ramp = Array3::zeros((2, 3, 3));
/// ramp[[1, 0, 0]] = 30_000.0;
/// let mut dq = Array3::zeros((2, 3, 3));
/// let n = flag_charge_migration(ramp.view(), dq.view_mut(), 25_000.0, &GroupFlags::default())?;
/// assert_eq!(n, 3);
/// assert_eq!(dq[[1, 1, 0]], 129);
/// assert_eq!(dq[[0, 0, 0]], 0);
/// # Ok::<(), stcal::shape::ShapeError>(())
/// ```
pub fn flag_charge_migration(
    ramp_dn: ArrayView3<'_, f32>,
    mut group_dq: ArrayViewMut3<'_, u8>,
    signal_threshold_dn: f64,
    flags: &GroupFlags,
) -> Result<usize, ShapeError> {
    check_shape("group quality", ramp_dn.shape(), group_dq.shape())?;
    let (_, rows, columns) = ramp_dn.dim();
    let threshold = signal_threshold_dn as f32;
    let lost = flags.charge_loss | flags.do_not_use;
    // What each pixel gets from the present group on: nothing or `lost`.
    let mut spread = Array2::<u8>::zeros((rows, columns));
    let mut bright = vec![0_u8; columns];
    for (signal, mut dq) in ramp_dn.outer_iter().zip(group_dq.outer_iter_mut()) {
        for row in 0..rows {
            let any = find_bright(
                signal.row(row),
                dq.row(row),
                &mut bright,
                threshold,
                flags.do_not_use,
            );
            if any {
                spread_from_row(&mut spread, row, &bright, lost);
            }
        }
        Zip::from(&mut dq)
            .and(&spread)
            .for_each(|dq, &bits| *dq |= bits);
    }
    Ok(spread.iter().filter(|&&bits| bits != 0).count())
}

/// Sets `bright` to 1 or 0 for each sample of a row, and tells whether there was any.
fn find_bright(
    signal: ArrayView1<'_, f32>,
    dq: ArrayView1<'_, u8>,
    bright: &mut [u8],
    threshold: f32,
    exempt: u8,
) -> bool {
    let mut any = 0;
    Zip::from(ndarray::ArrayViewMut1::from(bright))
        .and(signal)
        .and(dq)
        .for_each(|bright, &signal, &dq| {
            *bright = u8::from(signal > threshold) & u8::from(dq != exempt);
            any |= *bright;
        });
    any != 0
}

/// Enters the bright pixels of one row and their four neighbours.
fn spread_from_row(spread: &mut Array2<u8>, row: usize, bright: &[u8], lost: u8) {
    let (rows, columns) = spread.dim();
    for column in (0..columns).filter(|&column| bright[column] != 0) {
        let top = row.saturating_sub(1);
        let bottom = (row + 1).min(rows - 1);
        let left = column.saturating_sub(1);
        let right = (column + 1).min(columns - 1);
        spread[[row, column]] = lost;
        spread[[top, column]] = lost;
        spread[[bottom, column]] = lost;
        spread[[row, left]] = lost;
        spread[[row, right]] = lost;
    }
}
