//! Flags for the first groups of an integration, which the reset of the integration before has bent.
//!
//! The number of groups to skip comes from a table, one for the first integration of an exposure and one for the
//! others, and is limited so that ramps keep three groups (of which the last is lost to another flag):
//!
//! ```text
//! n <= 5 groups: skip = 1        n < skip + 3: skip = max(0, n - 3)
//! ```
//!
//! A pixel that saturates early gives groups back: while its group `skip + 1` (from 0) is saturated and its group 0
//! is not, `skip` falls by one, down to 0. The rate of such a pixel is an estimate, and its quality says so.
//!
//! # Source
//! jwst 3.0.0 `rscd/rscd_sub.py::correction_skip_groups`, `flag_rscd`, `apply_rscd_flags`. Exact.

use std::ops::Range;

use ndarray::{Array2, ArrayView3, ArrayView4, ArrayViewMut2, ArrayViewMut4, Axis, Zip};

use crate::flags::{GroupFlags, PixelFlags};
use crate::shape::{ShapeError, check_shape};

#[cfg(test)]
mod tests;

/// Groups that a table asks to skip at the start of an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupsToSkip {
    /// In the first integration of the exposure.
    pub first_integration: usize,
    /// In every later integration.
    pub later_integrations: usize,
}

impl GroupsToSkip {
    /// The numbers that ramps of `n_groups` groups can spare, or `None` if they are shorter than three groups.
    ///
    /// ```
    /// use stcal::rscd::GroupsToSkip;
    /// let table = GroupsToSkip { first_integration: 2, later_integrations: 8 };
    /// let spared = table.limited(7).unwrap();
    /// assert_eq!((spared.first_integration, spared.later_integrations), (2, 4));
    /// assert_eq!(table.limited(5).unwrap().later_integrations, 1);
    /// assert_eq!(table.limited(2), None);
    /// ```
    pub fn limited(self, n_groups: usize) -> Option<Self> {
        if n_groups < 3 {
            return None;
        }
        let limit = |skip: usize| {
            let skip = if n_groups <= 5 { 1 } else { skip };
            skip.min(n_groups - 3)
        };
        Some(Self {
            first_integration: limit(self.first_integration),
            later_integrations: limit(self.later_integrations),
        })
    }
}

/// What was flagged in a range of integrations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RscdSummary {
    /// Pixels that gave groups back in some integration because they saturate early.
    pub n_lowered: usize,
    /// Pixels in which some integration skips no group at all; counted only if any pixel saturates early.
    pub n_nothing_skipped: usize,
}

/// Flags the first `skip` groups of every integration given as unusable, fewer where a pixel saturates early.
///
/// `group_dq` is `(integration, group, row, column)` and holds the integrations to which the same number applies: the
/// first integration of an exposure is passed alone. `pixel_dq` is `(row, column)`. Takes whole images: while any
/// pixel still saturates, all pixels are looked at again.
///
/// # Errors
/// [`ShapeError`] if the shapes differ or there are fewer than `skip + 2` groups; nothing has been modified then.
///
/// ```
/// use ndarray::{Array2, Array4};
/// use stcal::{flags::{GroupFlags, PixelFlags}, rscd::flag_first_groups};
/// let mut group_dq = Array4::zeros((1, 6, 1, 1));
/// let mut pixel_dq = Array2::zeros((1, 1));
/// let flags = (GroupFlags::default(), PixelFlags::default());
/// flag_first_groups(group_dq.view_mut(), pixel_dq.view_mut(), 3, &flags.0, &flags.1)?;
/// assert_eq!(group_dq.as_slice(), Some([1, 1, 1, 0, 0, 0].as_slice()));
/// # Ok::<(), stcal::shape::ShapeError>(())
/// ```
pub fn flag_first_groups(
    mut group_dq: ArrayViewMut4<'_, u8>,
    mut pixel_dq: ArrayViewMut2<'_, u32>,
    skip: usize,
    flags: &GroupFlags,
    pixel_flags: &PixelFlags,
) -> Result<RscdSummary, ShapeError> {
    let (_, n_groups, rows, columns) = group_dq.dim();
    check_shape("pixel quality", &[rows, columns], pixel_dq.shape())?;
    if n_groups < skip + 2 {
        check_shape("groups of the ramp", &[skip + 2], &[n_groups])?;
    }
    let walked = walked_groups(group_dq.view(), skip, flags.saturated);
    if walked.is_empty() {
        for mut integration in group_dq.outer_iter_mut() {
            for mut plane in integration.outer_iter_mut().take(skip) {
                plane.mapv_inplace(|dq| dq | flags.do_not_use);
            }
        }
        return Ok(RscdSummary::default());
    }
    let mut most_given_back = Array2::zeros((rows, columns));
    for mut integration in group_dq.outer_iter_mut() {
        let given_back = given_back(integration.view(), walked.clone(), flags.saturated);
        most_given_back.zip_mut_with(&given_back, |most: &mut usize, &n| *most = n.max(*most));
        for (group, plane) in integration.outer_iter_mut().take(skip).enumerate() {
            Zip::from(plane).and(&given_back).for_each(|dq, &n| {
                if group < skip.saturating_sub(n) {
                    *dq |= flags.do_not_use;
                }
            });
        }
    }
    let mut summary = RscdSummary::default();
    Zip::from(&mut pixel_dq)
        .and(&most_given_back)
        .for_each(|dq, &n| {
            if n > 0 && skip > 0 {
                *dq |= pixel_flags.flux_estimated;
                summary.n_lowered += 1;
            }
            summary.n_nothing_skipped += usize::from(n >= skip);
        });
    Ok(summary)
}

/// Whether a pixel that starts unsaturated is saturated in a group.
fn is_early(dq: u8, first: u8, saturated: u8) -> bool {
    dq & saturated != 0 && first & saturated == 0
}

/// The groups that are looked at for early saturation, from `skip + 1` down: those before the first in which no pixel
/// saturates.
///
/// Parity: jwst 3.0.0 `rscd/rscd_sub.py::flag_rscd`. The walk down goes on for all pixels while any pixel saturates,
/// which matters only where a later group is not saturated although an earlier one is.
fn walked_groups(group_dq: ArrayView4<'_, u8>, skip: usize, saturated: u8) -> Range<usize> {
    let any = |group: usize| {
        let mut integrations = group_dq.outer_iter();
        integrations.any(|integration| {
            let (dq, first) = (
                integration.index_axis(Axis(0), group),
                integration.index_axis(Axis(0), 0),
            );
            Zip::from(dq).and(first).fold(false, |any, &dq, &first| {
                any | is_early(dq, first, saturated)
            })
        })
    };
    let end = skip + 2;
    let start = (1..end)
        .rev()
        .find(|&group| !any(group))
        .map_or(1, |group| group + 1);
    start..end
}

/// How many groups each pixel of an integration gives back.
fn given_back(group_dq: ArrayView3<'_, u8>, walked: Range<usize>, saturated: u8) -> Array2<usize> {
    let first = group_dq.index_axis(Axis(0), 0);
    let mut given_back = Array2::zeros(first.dim());
    for group in walked {
        Zip::from(&mut given_back)
            .and(group_dq.index_axis(Axis(0), group))
            .and(first)
            .for_each(|n, &dq, &first| *n += usize::from(is_early(dq, first, saturated)));
    }
    given_back
}
