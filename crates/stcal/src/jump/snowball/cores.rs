//! The saturated cores of large events: where they are and how they grow.

use ndarray::{ArrayView3, Axis, s};

use super::CoreMask;
use crate::flags::GroupFlags;
use crate::jump::ellipse::{Ellipse, Stamp};
use crate::jump::error::JumpError;
use crate::jump::params::{CoreExtension, SnowballParams};
use crate::jump::region::{Regions, samples};
use crate::sample_bits::SampleBits;
use crate::simd::{pack_bits, vectorised};

/// The samples of an integration that are saturated and were not in the group before; none in group 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshSaturation(SampleBits);

impl FreshSaturation {
    /// Looks at a band of rows of the integration, `(group, row, column)`.
    pub fn of_band(group_dq: ArrayView3<'_, u8>, saturated: u8) -> Self {
        let (groups, rows, columns) = group_dq.dim();
        let mut fresh = SampleBits::new(rows, groups, columns);
        for row in 0..rows {
            for group in 1..groups {
                let (before, now) = (
                    group_dq.slice(s![group - 1, row, ..]),
                    group_dq.slice(s![group, row, ..]),
                );
                let (before, now) = (samples(&before), samples(&now));
                let words = fresh.row_mut(row, group);
                vectorised(|| pack_fresh(words, &before, &now, saturated));
            }
        }
        Self(fresh)
    }

    /// Puts bands together; they must come in the order of their rows and cover the image.
    ///
    /// # Errors
    /// [`JumpError::Bands`] if a band does not fit to the first one, or if there is none.
    pub fn join(bands: impl IntoIterator<Item = Self>) -> Result<Self, JumpError> {
        let mut bands = bands.into_iter();
        let Some(Self(mut whole)) = bands.next() else {
            return Err(JumpError::Bands {
                index: 0,
                what: "there is no band",
            });
        };
        for (index, Self(band)) in bands.enumerate() {
            if band.width() != whole.width() {
                return Err(JumpError::Bands {
                    index: index + 1,
                    what: "another number of groups or columns",
                });
            }
            whole.append(band);
        }
        Ok(Self(whole))
    }

    /// Ellipses of the connected pixels that saturate in a group, but for those that a core has grown over before.
    fn ellipses(&self, group: usize, grown: Option<&SampleBits>, min_area: f64) -> Vec<Ellipse> {
        let Self(fresh) = self;
        let (groups, columns) = fresh.width();
        if group >= groups {
            return Vec::new();
        }
        let mut regions = Regions::default();
        let mut words = Vec::new();
        for row in 0..fresh.rows() {
            words.clear();
            words.extend_from_slice(fresh.row(row, group));
            if let Some(grown) = grown {
                for (word, grown) in words.iter_mut().zip(grown.row(row, 0)) {
                    *word &= !grown;
                }
            }
            regions.add_words(row, columns, &words);
        }
        regions.ellipses(min_area)
    }
}

/// Packs the bits of a row.
#[inline(always)]
fn pack_fresh(words: &mut [u64], before: &[u8], now: &[u8], saturated: u8) {
    for (word, (before, now)) in words.iter_mut().zip(before.chunks(64).zip(now.chunks(64))) {
        let mut set = [false; 64];
        for ((set, before), now) in set.iter_mut().zip(before).zip(now) {
            *set = now & !before & saturated != 0;
        }
        *word = pack_bits(set);
    }
}

/// The cores of an integration, group by group.
#[derive(Debug, Clone)]
pub struct SaturatedCores {
    groups: Vec<GroupCores>,
    mask: CoreMask,
}

/// The cores of a group.
#[derive(Debug, Clone)]
pub(super) struct GroupCores {
    /// That saturate in it.
    pub(super) here: Vec<Ellipse>,
    /// That would saturate in the next group, had those of this group not grown.
    pub(super) next: Vec<Ellipse>,
    /// What those of this group grow over.
    pub(super) grown: Vec<Stamp>,
}

impl SaturatedCores {
    /// Finds the cores of all groups, one after another: where one has grown, no later one begins.
    ///
    /// # Source
    /// stcal 1.20.0 `jump/jump.py::find_ellipses`, `extend_saturation`. Tolerance: exact.
    pub fn find(fresh: &FreshSaturation, params: &SnowballParams, core: &CoreExtension) -> Self {
        let ((groups, columns), rows) = (fresh.0.width(), fresh.0.rows());
        let mut found = Self {
            groups: Vec::with_capacity(groups),
            mask: CoreMask::default(),
        };
        let mut covered: Option<SampleBits> = None;
        for group in 0..groups {
            let ellipses =
                |group: usize| fresh.ellipses(group, covered.as_ref(), params.min_sat_area);
            let (here, next) = (ellipses(group), ellipses(group + 1));
            let large = here
                .iter()
                .filter(|ellipse| ellipse.minor.min(ellipse.major) > core.min_axis);
            let mut stamps = Vec::new();
            for ellipse in large {
                let grown = |axis: f64| (axis + core.expand).min(params.max_width);
                let axes = (grown(ellipse.minor), grown(ellipse.major));
                let stamp = ellipse.stamp(axes.0, axes.1, (rows, columns));
                let bits = covered.get_or_insert_with(|| SampleBits::new(rows, 1, columns));
                for (row, column) in stamp.covered() {
                    bits.put(row, 0, column, true);
                }
                stamps.push(stamp);
                let itself = ellipse.stamp(ellipse.minor, ellipse.major, (rows, columns));
                found.mask.0.extend(itself.covered());
            }
            found.groups.push(GroupCores {
                here,
                next,
                grown: stamps,
            });
        }
        found
    }

    /// The pixels of the cores, for the next integration.
    pub fn mask(&self) -> &CoreMask {
        &self.mask
    }

    pub(super) fn of_group(&self, group: usize) -> &GroupCores {
        &self.groups[group]
    }

    /// Whether it was made for so many groups.
    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// What all cores of some groups have grown over.
    pub(super) fn grown(&self, groups: std::ops::Range<usize>) -> impl Iterator<Item = &Stamp> {
        self.groups[groups].iter().flat_map(|cores| &cores.grown)
    }
}

/// The cores of a whole integration, `(group, row, column)`; none if the settings do not ask for them.
pub(super) fn cores_of(
    group_dq: ArrayView3<'_, u8>,
    params: &SnowballParams,
    flags: GroupFlags,
) -> Option<SaturatedCores> {
    let core = params.saturated_core.as_ref()?;
    let fresh = FreshSaturation::of_band(group_dq, flags.saturated);
    debug_assert_eq!(fresh.0.width().0, group_dq.len_of(Axis(0)));
    Some(SaturatedCores::find(&fresh, params, core))
}
