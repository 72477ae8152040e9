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

use std::borrow::Cow;
use std::ops::Range;

use ndarray::{ArrayView1, ArrayView4, ArrayViewMut1, ArrayViewMut2, ArrayViewMut4, s};

use crate::flags::{GroupFlags, PixelFlags};
use crate::shape::{ShapeError, check_shape};
use crate::simd::vectorised;

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

impl RscdSummary {
    /// Adds up the counts of two bands.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            n_lowered: self.n_lowered + other.n_lowered,
            n_nothing_skipped: self.n_nothing_skipped + other.n_nothing_skipped,
        }
    }
}

/// In which of the groups that are looked at some pixel saturates early.
///
/// It takes a look at the whole image: while any pixel still saturates, all pixels are looked at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlySaturation {
    skip: usize,
    /// By group, from 0 to `skip + 1`.
    any: Vec<bool>,
}

impl EarlySaturation {
    /// Looks at a band of rows, `(integration, group, row, column)`, of which `skip` groups are to be left out.
    ///
    /// # Errors
    /// [`ShapeError`] if there are fewer than `skip + 2` groups.
    pub fn of_band(
        group_dq: ArrayView4<'_, u8>,
        skip: usize,
        saturated: u8,
    ) -> Result<Self, ShapeError> {
        let (integrations, groups, rows, _) = group_dq.dim();
        check_groups(groups, skip)?;
        let mut any = vec![false; skip + 2];
        for integration in 0..integrations {
            for row in 0..rows {
                let dq = |group| contiguous(group_dq.slice_move(s![integration, group, row, ..]));
                let first = dq(0);
                for (group, any) in any.iter_mut().enumerate().skip(1) {
                    *any |= vectorised(|| some_early(&dq(group), &first, saturated));
                }
            }
        }
        Ok(Self { skip, any })
    }

    /// Joins what is known of two bands of the same exposure.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        for (any, other) in self.any.iter_mut().zip(&other.any) {
            *any |= other;
        }
        self
    }

    /// The groups that are looked at for early saturation, from `skip + 1` down: those before the first in which no
    /// pixel saturates.
    ///
    /// Parity: jwst 3.0.0 `rscd/rscd_sub.py::flag_rscd`. The walk down goes on for all pixels while any pixel saturates,
    /// which matters only where a later group is not saturated although an earlier one is.
    fn walked_groups(&self) -> Range<usize> {
        let end = self.skip + 2;
        let stop = (1..end).rev().find(|&group| !self.any[group]);
        stop.map_or(1, |group| group + 1)..end
    }

    /// Flags the first groups of every integration of a band as unusable, fewer where a pixel saturates early.
    ///
    /// `group_dq` is `(integration, group, row, column)`, `pixel_dq` `(row, column)`.
    ///
    /// # Errors
    /// [`ShapeError`] if the shapes differ or there are too few groups; nothing has been modified then.
    pub fn flag_band(
        &self,
        mut group_dq: ArrayViewMut4<'_, u8>,
        mut pixel_dq: ArrayViewMut2<'_, u32>,
        flags: &GroupFlags,
        pixel_flags: &PixelFlags,
    ) -> Result<RscdSummary, ShapeError> {
        let (integrations, groups, rows, columns) = group_dq.dim();
        check_shape("pixel quality", &[rows, columns], pixel_dq.shape())?;
        check_groups(groups, self.skip)?;
        let walked = self.walked_groups();
        let mut summary = RscdSummary::default();
        let (mut given_back, mut most) = (vec![0_u32; columns], vec![0_u32; columns]);
        for row in 0..rows {
            most.fill(0);
            for integration in 0..integrations {
                given_back.fill(0);
                for group in walked.clone() {
                    let dq = |group| contiguous(group_dq.slice(s![integration, group, row, ..]));
                    let (dq, first) = (dq(group), dq(0));
                    vectorised(|| count_early(&mut given_back, &dq, &first, flags.saturated));
                }
                for (most, &n) in most.iter_mut().zip(&given_back) {
                    *most = n.max(*most);
                }
                for group in 0..self.skip {
                    let left = u32::try_from(self.skip - group).unwrap_or(u32::MAX);
                    change_row(group_dq.slice_mut(s![integration, group, row, ..]), |dq| {
                        vectorised(|| flag_up_to(dq, &given_back, left, flags.do_not_use));
                    });
                }
            }
            if walked.is_empty() {
                continue;
            }
            for (dq, &n) in pixel_dq.row_mut(row).iter_mut().zip(&most) {
                let n = n as usize;
                if n > 0 && self.skip > 0 {
                    *dq |= pixel_flags.flux_estimated;
                    summary.n_lowered += 1;
                }
                summary.n_nothing_skipped += usize::from(n >= self.skip);
            }
        }
        Ok(summary)
    }
}

/// Flags the first `skip` groups of every integration given as unusable, fewer where a pixel saturates early.
///
/// `group_dq` is `(integration, group, row, column)` and holds the integrations to which the same number applies: the
/// first integration of an exposure is passed alone. `pixel_dq` is `(row, column)`. Takes whole images; those who have
/// bands of them use [`EarlySaturation`].
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
    group_dq: ArrayViewMut4<'_, u8>,
    pixel_dq: ArrayViewMut2<'_, u32>,
    skip: usize,
    flags: &GroupFlags,
    pixel_flags: &PixelFlags,
) -> Result<RscdSummary, ShapeError> {
    let early = EarlySaturation::of_band(group_dq.view(), skip, flags.saturated)?;
    early.flag_band(group_dq, pixel_dq, flags, pixel_flags)
}

fn check_groups(groups: usize, skip: usize) -> Result<(), ShapeError> {
    if groups < skip + 2 {
        check_shape("groups of the ramp", &[skip + 2], &[groups])?;
    }
    Ok(())
}

/// Whether a pixel that starts unsaturated is saturated in a group.
#[inline(always)]
fn is_early(dq: u8, first: u8, saturated: u8) -> bool {
    (dq & saturated != 0) && (first & saturated == 0)
}

/// Whether some pixel of a row is.
#[inline(always)]
fn some_early(dq: &[u8], first: &[u8], saturated: u8) -> bool {
    let mut any = false;
    for (&dq, &first) in dq.iter().zip(first) {
        any |= is_early(dq, first, saturated);
    }
    any
}

/// Counts for each pixel of a row.
#[inline(always)]
fn count_early(counts: &mut [u32], dq: &[u8], first: &[u8], saturated: u8) {
    for ((count, &dq), &first) in counts.iter_mut().zip(dq).zip(first) {
        *count += u32::from(is_early(dq, first, saturated));
    }
}

/// Sets a flag where fewer than `left` groups are given back.
#[inline(always)]
fn flag_up_to(dq: &mut [u8], given_back: &[u32], left: u32, flag: u8) {
    for (dq, &n) in dq.iter_mut().zip(given_back) {
        *dq |= if n < left { flag } else { 0 };
    }
}

/// The samples of a row, without a copy if they lie side by side.
fn contiguous(row: ArrayView1<'_, u8>) -> Cow<'_, [u8]> {
    row.to_slice()
        .map_or_else(|| row.to_vec().into(), Into::into)
}

fn change_row(mut row: ArrayViewMut1<'_, u8>, change: impl FnOnce(&mut [u8])) {
    if let Some(row) = row.as_slice_mut() {
        change(row);
    } else {
        let mut copy = row.to_vec();
        change(&mut copy);
        row.assign(&ArrayView1::from(&copy));
    }
}
