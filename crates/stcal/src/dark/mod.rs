//! Subtraction of the dark current.
//!
//! A dark reference holds a ramp without light, one or several integrations of it, read in a pattern of its own. It is
//! first brought to the pattern of the exposure ([`DarkPlan`]) and then subtracted group by group:
//!
//! ```text
//! ramp[i, g] -= dark[k(i), g]        pixel_dq |= dark_dq
//! k(i) = i, or the last dark integration if there is no i-th one or if the ramp is not the exposure's first segment
//! ```
//!
//! Samples of the dark that are not a number count as zero.
//!
//! # Source
//! stcal 1.20.0 `dark_current/dark_sub.py`. Same order of operations in the same precision: equal to the last bit.

use std::num::NonZeroU32;

use ndarray::{
    Array2, Array4, ArrayView1, ArrayView2, ArrayView3, ArrayView4, ArrayViewMut2, ArrayViewMut4,
    Axis, Zip,
};

use crate::shape::{ShapeError, check_shape};

mod plan;
#[cfg(test)]
mod tests;

pub use plan::DarkPlan;

/// How frames are gathered into the groups of a ramp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupPattern {
    /// Groups in an integration.
    pub n_groups: usize,
    /// Frames that are averaged into a group.
    pub n_frames: NonZeroU32,
    /// Frames that are dropped between two groups.
    pub group_gap: u32,
}

impl GroupPattern {
    /// Frames from the first to the last one used.
    fn total_frames(self) -> i64 {
        let n = self.n_groups as i64;
        n * i64::from(self.n_frames.get()) + (n - 1) * i64::from(self.group_gap)
    }
}

/// A dark reference.
#[derive(Debug, Clone, Copy)]
pub struct DarkReference<'a> {
    /// Signal, `(integration, group, row, column)` \[DN\], not-a-number counts as 0. A dark without integrations has
    /// one.
    pub signal_dn: ArrayView4<'a, f32>,
    /// Quality, `(row, column)`; see [`collapse_dq`].
    pub dq: ArrayView2<'a, u32>,
}

/// Why a dark cannot be subtracted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DarkError {
    /// An array has the wrong shape.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// Extrapolation takes the rate from the last two groups.
    #[error(
        "the dark must be extrapolated by {extra} groups, which needs 2 groups, but it has {found}"
    )]
    CannotExtrapolate {
        /// Groups to be added.
        extra: usize,
        /// Groups of the dark.
        found: usize,
    },
    /// A group of the dark is needed that it does not have.
    #[error("group {group} of the dark is needed, but it has {found} (counted from 0)")]
    TooShort {
        /// Index of the group, from 0.
        group: usize,
        /// Groups of the dark, including extrapolated ones.
        found: usize,
    },
}

/// Joins the quality of all integrations of a dark, the first group of each; `(integration, group, row, column)`.
///
/// ```
/// let dq = ndarray::Array4::from_shape_fn((2, 1, 1, 1), |(i, ..)| 1 << i);
/// assert_eq!(stcal::dark::collapse_dq(dq.view())[[0, 0]], 3);
/// ```
pub fn collapse_dq(dq: ArrayView4<'_, u32>) -> Array2<u32> {
    let (_, n_groups, rows, columns) = dq.dim();
    let mut joined = Array2::zeros((rows, columns));
    if n_groups > 0 {
        for plane in dq.index_axis_move(Axis(1), 0).outer_iter() {
            joined.zip_mut_with(&plane, |joined, &dq| *joined |= dq);
        }
    }
    joined
}

/// The integration of the dark, which has `n_dark` of them, that is subtracted from an integration of the ramp.
///
/// `is_first_segment` tells whether the ramp begins with the first integration of its exposure.
///
/// ```
/// use stcal::dark::dark_integration;
/// assert_eq!([0, 1, 2].map(|i| dark_integration(i, 2, true)), [0, 1, 1]);
/// assert_eq!(dark_integration(0, 2, false), 1);
/// ```
pub fn dark_integration(integration: usize, n_dark: usize, is_first_segment: bool) -> usize {
    match integration {
        i if i < n_dark && is_first_segment => i,
        _ => n_dark.saturating_sub(1),
    }
}

/// Subtracts the dark from every integration, in place.
///
/// `ramp_dn` is `(integration, group, row, column)` \[DN\], `pixel_dq` is `(row, column)` and gains the bits of the
/// dark. `plan` says how the dark is brought to the pattern of the ramp. `is_first_segment` tells whether the ramp
/// begins with the first integration of its exposure. A band of rows will do.
///
/// # Errors
/// [`DarkError`] if the dark does not cover the ramp; nothing has been modified then.
///
/// ```
/// use ndarray::{Array2, Array4};
/// use stcal::dark::{DarkPlan, DarkReference, GroupPattern, subtract_dark};
/// // The exposure averages 2 frames and drops none; the dark has every frame.
/// let one = GroupPattern { n_groups: 4, n_frames: 1.try_into()?, group_gap: 0 };
/// let two = GroupPattern { n_groups: 2, n_frames: 2.try_into()?, group_gap: 0 };
/// let plan = DarkPlan::new(two, one)?.expect("the dark is finer than the exposure");
/// let signal = Array4::from_shape_fn((1, 4, 1, 1), |(_, frame, ..)| frame as f32);
/// let flags = Array2::from_elem((1, 1), 2);
/// let dark = DarkReference { signal_dn: signal.view(), dq: flags.view() };
/// let mut ramp = Array4::from_elem((1, 2, 1, 1), 10.0_f32);
/// let mut dq = Array2::zeros((1, 1));
/// subtract_dark(ramp.view_mut(), dq.view_mut(), &dark, &plan, true)?;
/// assert_eq!(ramp.as_slice(), Some([9.5, 7.5].as_slice()));
/// assert_eq!(dq[[0, 0]], 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn subtract_dark(
    mut ramp_dn: ArrayViewMut4<'_, f32>,
    mut pixel_dq: ArrayViewMut2<'_, u32>,
    dark: &DarkReference<'_>,
    plan: &DarkPlan,
    is_first_segment: bool,
) -> Result<(), DarkError> {
    let (n_integrations, n_groups, rows, columns) = ramp_dn.dim();
    let n_dark = dark.signal_dn.dim().0;
    check_shape("dark", &[rows, columns], &dark.signal_dn.shape()[2..])?;
    check_shape("dark quality", &[rows, columns], dark.dq.shape())?;
    check_shape("pixel quality", &[rows, columns], pixel_dq.shape())?;
    check_shape("groups of the ramp", &[plan.n_groups()], &[n_groups])?;
    check_shape(
        "groups of the dark",
        &[plan.n_dark_groups()],
        &[dark.signal_dn.dim().1],
    )?;
    if n_dark == 0 {
        check_shape("integrations of the dark", &[1], &[0])?;
    }
    Zip::from(&mut pixel_dq)
        .and(dark.dq)
        .for_each(|dq, &more| *dq |= more);
    let dark_of = |integration| dark_integration(integration, n_dark, is_first_segment);
    // Parity: stcal dark_current/dark_sub.py::average_dark_frames_4d. Of a dark that must be averaged, only as many
    // integrations are as the ramp has; the others are zero, also where the last one stands for a later segment.
    let n_averaged = if plan.averages() {
        n_dark.min(n_integrations)
    } else {
        n_dark
    };
    for k in 0..n_averaged {
        let users: Vec<usize> = (0..n_integrations).filter(|&i| dark_of(i) == k).collect();
        let frames = dark.signal_dn.index_axis(Axis(0), k);
        for group in 0..n_groups {
            for &i in &users {
                let samples = ramp_dn.slice_mut(ndarray::s![i, group, .., ..]);
                subtract_rows(samples, frames, 0, plan, group);
            }
        }
    }
    Ok(())
}

/// Subtracts the dark from one group of one integration, in place.
///
/// `samples_dn` is `(row, column)` \[DN\] of group number `group`; `frames_dn` are those groups of the dark that
/// [`DarkPlan::dark_groups`] names for it, `(group, row, column)`. A band of rows will do. What [`subtract_dark`] does
/// besides is left to the caller: the quality, and the choice of the dark's integration.
///
/// # Errors
/// [`DarkError`] if the groups are not those of the plan; nothing has been modified then.
pub fn subtract_dark_group(
    samples_dn: ArrayViewMut2<'_, f32>,
    frames_dn: ArrayView3<'_, f32>,
    plan: &DarkPlan,
    group: usize,
) -> Result<(), DarkError> {
    let groups = plan.dark_groups(group);
    let (rows, columns) = samples_dn.dim();
    let expected = [groups.len(), rows, columns];
    check_shape("groups of the dark", &expected, frames_dn.shape())?;
    subtract_rows(samples_dn, frames_dn, groups.start, plan, group);
    Ok(())
}

/// Subtracts the groups `first..` of a dark from one group.
fn subtract_rows(
    mut samples: ArrayViewMut2<'_, f32>,
    frames: ArrayView3<'_, f32>,
    first: usize,
    plan: &DarkPlan,
    group: usize,
) {
    let mut buffer = plan::RowBuffer::default();
    for (row, mut samples) in samples.outer_iter_mut().enumerate() {
        let level = plan.row_of_group(frames, first, (group, row), &mut buffer);
        if let Some(samples) = samples.as_slice_mut() {
            level.subtract_from(samples);
        } else {
            let mut copy = samples.to_vec();
            level.subtract_from(&mut copy);
            samples.assign(&ArrayView1::from(&copy));
        }
    }
}

/// The dark in the pattern of the exposure, `(integration, group, row, column)` \[DN\], as it would be subtracted.
///
/// Integrations beyond `n_integrations`, those of the ramp, are zero if frames had to be averaged. A dark that has the
/// pattern of the exposure keeps all of its groups and gets the extrapolated ones.
///
/// # Errors
/// [`DarkError`] if the plan was made for another dark.
pub fn resample_dark(
    dark: &DarkReference<'_>,
    plan: &DarkPlan,
    n_integrations: usize,
) -> Result<Array4<f32>, DarkError> {
    let (n_dark, n_dark_groups, rows, columns) = dark.signal_dn.dim();
    check_shape(
        "groups of the dark",
        &[plan.n_dark_groups()],
        &[n_dark_groups],
    )?;
    let n_groups = plan.n_resampled_groups();
    let mut resampled = Array4::zeros((n_dark, n_groups, rows, columns));
    let mut buffer = plan::RowBuffer::default();
    for k in 0..n_dark {
        if plan.averages() && k >= n_integrations {
            break;
        }
        let frames = dark.signal_dn.index_axis(Axis(0), k);
        for group in 0..n_groups {
            for row in 0..rows {
                let level = plan.row_of_group(frames, 0, (group, row), &mut buffer);
                let mut target = resampled.slice_mut(ndarray::s![k, group, row, ..]);
                if let Some(target) = target.as_slice_mut() {
                    level.copy_to(target);
                }
            }
        }
    }
    Ok(resampled)
}
