//! Flags for the groups that a detector always spoils: the first and the last of an integration.
//!
//! # Source
//! jwst 3.0.0 `firstframe/firstframe_sub.py`, `lastframe/lastframe_sub.py::do_correction`. Exact.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, ArrayViewMut4, Axis, Zip, s};

use crate::flags::{GroupFlags, PixelFlags};
use crate::shape::{ShapeError, check_shape};

#[cfg(test)]
mod tests;

/// What became of an exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupFlagging {
    /// The group is flagged.
    Flagged {
        /// Pixels that kept their group in some integration because they saturate early, and are otherwise usable.
        n_kept: usize,
    },
    /// The ramps are so short that no group can be spared; nothing was changed.
    TooFewGroups,
}

/// Flags the last group of every integration as unusable, if there are more than two groups.
///
/// `group_dq` is `(integration, group, row, column)`; a band of rows will do.
///
/// ```
/// use ndarray::Array4;
/// use stcal::{flags::GroupFlags, group_flags::flag_last_group};
/// let mut dq = Array4::zeros((1, 3, 1, 1));
/// flag_last_group(dq.view_mut(), &GroupFlags::default());
/// assert_eq!(dq.as_slice(), Some([0, 0, 1].as_slice()));
/// ```
pub fn flag_last_group(mut group_dq: ArrayViewMut4<'_, u8>, flags: &GroupFlags) -> GroupFlagging {
    let n_groups = group_dq.dim().1;
    if n_groups < 3 {
        return GroupFlagging::TooFewGroups;
    }
    group_dq
        .index_axis_mut(Axis(1), n_groups - 1)
        .map_inplace(|dq| *dq |= flags.do_not_use);
    GroupFlagging::Flagged { n_kept: 0 }
}

/// Flags the first group of every integration as unusable, if there are more than three groups.
///
/// With `keep_bright`, a pixel that is saturated in its third group keeps the first, since its signal is then large
/// against the transient; its rate becomes an estimate, and `pixel_dq` says so.
///
/// # Errors
/// [`ShapeError`] if the shapes differ; nothing has been modified then.
pub fn flag_first_group(
    mut group_dq: ArrayViewMut4<'_, u8>,
    mut pixel_dq: ArrayViewMut2<'_, u32>,
    keep_bright: bool,
    flags: &GroupFlags,
    pixel_flags: &PixelFlags,
) -> Result<GroupFlagging, ShapeError> {
    check_shape("pixel quality", &group_dq.shape()[2..], pixel_dq.shape())?;
    if group_dq.dim().1 < 4 {
        return Ok(GroupFlagging::TooFewGroups);
    }
    let mut kept = Array2::from_elem(pixel_dq.dim(), false);
    for mut integration in group_dq.outer_iter_mut() {
        let (mut first, third) = integration.multi_slice_mut((s![0, .., ..], s![2, .., ..]));
        Zip::from(&mut first)
            .and(&third)
            .and(&mut kept)
            .for_each(|first, &third, kept| {
                if keep_bright && third & flags.saturated != 0 {
                    *kept = true;
                } else {
                    *first |= flags.do_not_use;
                }
            });
    }
    Ok(GroupFlagging::Flagged {
        n_kept: mark_estimates(&mut pixel_dq, kept.view(), pixel_flags),
    })
}

/// Marks the pixels whose rate will be an estimate, and counts those that are usable.
fn mark_estimates(
    pixel_dq: &mut ArrayViewMut2<'_, u32>,
    kept: ArrayView2<'_, bool>,
    flags: &PixelFlags,
) -> usize {
    let mut n_usable = 0;
    Zip::from(pixel_dq).and(kept).for_each(|dq, &kept| {
        if kept {
            *dq |= flags.flux_estimated;
            n_usable += usize::from(*dq & flags.do_not_use == 0);
        }
    });
    n_usable
}
