//! Which groups take part in the fit: the questions that concern a whole exposure.

use std::ops::Range;

use ndarray::{ArrayView1, ArrayView4, ArrayViewMut4, Axis, s};

use super::params::OlsParams;
use crate::flags::all_set;

/// What [`select_groups`] made of the user's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupSelection {
    /// First group that is kept, counted from 0.
    pub first: i64,
    /// Last group that is kept, counted from 0; it may lie behind the end of the ramp.
    pub last: i64,
    /// The first group was negative and has been taken as 0.
    pub first_below_zero: bool,
    /// The last group lies behind the end of the ramp.
    pub last_behind_end: bool,
    /// The first group was not smaller than the last, so that both limits are ignored.
    pub ignored: bool,
}

/// Flags the groups before `first` and after `last` (counted from 0) as not to be used.
///
/// `group_dq` is `(integration, group, row, column)`. Limits that make no sense are ignored; the result tells.
///
/// # Source
/// jwst 3.0.0 `ramp_fitting/ramp_fit_step.py::set_groupdq`. Tolerance: exact.
///
/// # Examples
/// ```
/// use ndarray::Array4;
/// use stcal::ramp_fit::select_groups;
///
/// let mut group_dq = Array4::<u8>::zeros((1, 5, 1, 1));
/// let selection = select_groups(group_dq.view_mut(), Some(1), Some(3), 1);
/// assert!(!selection.ignored);
/// assert_eq!(group_dq.into_raw_vec_and_offset().0, [1, 0, 0, 0, 1]);
/// ```
pub fn select_groups(
    mut group_dq: ArrayViewMut4<'_, u8>,
    first: Option<i64>,
    last: Option<i64>,
    do_not_use: u8,
) -> GroupSelection {
    let groups = group_dq.len_of(Axis(1));
    let end = groups as i64 - 1;
    let asked = first.unwrap_or(0);
    let mut selection = GroupSelection {
        first: asked.max(0),
        last: last.unwrap_or(end),
        first_below_zero: asked < 0,
        last_behind_end: last.is_some_and(|last| last > end),
        ignored: false,
    };
    if selection.first >= selection.last {
        selection.ignored = true;
        (selection.first, selection.last) = (0, end);
    }
    // Parity: jwst ramp_fit_step.py::set_groupdq warns of a limit behind the end but keeps it, so that a first group
    // behind the end flags all groups.
    let head = (selection.first as usize).min(groups);
    let tail = ((selection.last + 1).max(0) as usize).min(groups);
    for part in [0..head, tail..groups] {
        group_dq
            .slice_mut(s![.., part, .., ..])
            .mapv_inplace(|dq| dq | do_not_use);
    }
    selection
}

/// The groups that take part in the fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupWindow {
    /// Their indices in the ramp, counted from 0.
    pub groups: Range<usize>,
    /// Ignore the jump flag of the first group of the window: nothing of the jump is left in it.
    pub ignore_first_jump: bool,
}

impl GroupWindow {
    /// All groups of a ramp.
    pub fn all(groups: usize) -> Self {
        Self {
            groups: 0..groups,
            ignore_first_jump: false,
        }
    }
}

/// What to do with groups at the ends of the ramp that no pixel may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeGroups {
    /// Keep them; their flags speak for themselves.
    Keep,
    /// Drop all such groups at the start and one at the end, and require two others (MIRI's practice). Exposures of
    /// one group are left alone.
    Drop,
}

/// Why an exposure cannot be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NothingToFit {
    /// No group has a pixel that may be used.
    #[error("all pixels of all groups are flagged as not to be used")]
    AllFlagged,
    /// One group is left.
    #[error("a single group is left without those that no pixel may use; two are needed")]
    TooFewGroups,
    /// The first group is saturated in every pixel and integration.
    #[error("the first group of all ramps is saturated")]
    AllSaturated,
}

/// What all pixels of a group have in common, for each group of a band or an exposure.
///
/// Surveys of bands are [merged](Self::merge) into that of the exposure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSurvey {
    all_unusable: Vec<bool>,
    all_saturated: Vec<bool>,
}

impl GroupSurvey {
    /// Looks at the quality `(integration, group, row, column)` of a band of rows.
    ///
    /// Stops early for groups with a usable pixel: a survey of an ordinary exposure costs next to nothing.
    ///
    /// # Examples
    /// ```
    /// use ndarray::{Array4, s};
    /// use stcal::ramp_fit::{EdgeGroups, GroupSurvey, OlsParams};
    ///
    /// let mut group_dq = Array4::<u8>::zeros((1, 5, 2, 2));
    /// group_dq.slice_mut(s![.., 0, .., ..]).fill(1);
    /// group_dq.slice_mut(s![.., 4, .., ..]).fill(1);
    /// let survey = GroupSurvey::of_band(&group_dq.view(), &OlsParams::default());
    /// assert_eq!(survey.window(EdgeGroups::Drop).unwrap().groups, 1..4);
    /// ```
    pub fn of_band(group_dq: &ArrayView4<'_, u8>, params: &OlsParams) -> Self {
        let groups = group_dq.len_of(Axis(1));
        let flags = params.flags.group;
        let suppress = params.suppress_one_group && groups > 1;
        let single_good = |ramp: ArrayView1<'_, u8>| {
            has_single_good_group(ramp.iter().copied(), params.flags.group_persistence)
        };
        let all_unusable = |group| {
            group_dq.outer_iter().all(|integration| {
                let quality = integration.index_axis(Axis(0), group);
                // Most groups are settled by their own quality.
                all_set(quality, flags.do_not_use)
                    || suppress
                        && quality.indexed_iter().all(|((row, column), dq)| {
                            dq & flags.do_not_use != 0
                                || single_good(integration.slice(s![.., row, column]))
                        })
            })
        };
        let all_saturated = |group| {
            let mut integrations = group_dq.outer_iter();
            integrations.all(|integration| {
                all_set(integration.index_axis_move(Axis(0), group), flags.saturated)
            })
        };
        Self {
            all_unusable: (0..groups).map(all_unusable).collect(),
            all_saturated: (0..groups).map(all_saturated).collect(),
        }
    }

    /// The survey of two parts of an exposure together.
    ///
    /// # Panics
    /// If the parts differ in their number of groups: they are not of one exposure.
    #[must_use]
    pub fn merge(mut self, other: &Self) -> Self {
        assert_eq!(
            self.all_unusable.len(),
            other.all_unusable.len(),
            "bands of one exposure have the same number of groups"
        );
        let pairs = self
            .all_unusable
            .iter_mut()
            .zip(&other.all_unusable)
            .chain(self.all_saturated.iter_mut().zip(&other.all_saturated));
        for (mine, theirs) in pairs {
            *mine &= theirs;
        }
        self
    }

    /// The groups to fit.
    ///
    /// # Errors
    /// [`NothingToFit`] says why the exposure has no rate.
    ///
    /// # Source
    /// stcal 1.20.0 `ramp_fitting/ols_fit.py::ols_ramp_fit_multi`, `::discard_miri_groups`. Tolerance: exact.
    pub fn window(&self, edges: EdgeGroups) -> Result<GroupWindow, NothingToFit> {
        let groups = self.all_unusable.len();
        let mut window = GroupWindow::all(groups);
        if edges == EdgeGroups::Drop && groups > 1 {
            let start = self.all_unusable.iter().position(|unusable| !unusable);
            let start = start.ok_or(NothingToFit::AllFlagged)?;
            // Parity: a single group at the end is dropped, even if others before it are unusable as well.
            let end = groups - usize::from(self.all_unusable[groups - 1]);
            if end - start < 2 {
                return Err(NothingToFit::TooFewGroups);
            }
            window = GroupWindow {
                groups: start..end,
                ignore_first_jump: start > 0,
            };
        }
        match self.all_saturated.get(window.groups.start) {
            Some(false) => Ok(window),
            Some(true) => Err(NothingToFit::AllSaturated),
            None => Err(NothingToFit::AllFlagged),
        }
    }
}

/// Whether exactly one group of a ramp is good; an afterglow does not make a group bad.
// Parity: stcal ramp_fitting/ramp_fit.py::suppress_one_good_group_ramps
pub(super) fn has_single_good_group(ramp_dq: impl Iterator<Item = u8>, persistence: u8) -> bool {
    ramp_dq.filter(|dq| dq & !persistence == 0).take(2).count() == 1
}
