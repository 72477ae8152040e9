//! The choice of method for an exposure, and what the bands hand on.

use ndarray::{ArrayView4, ArrayViewMut4};

use super::census::GroupCensus;
use super::detect::BandHits;
use super::error::JumpError;
use super::median::{LANES, Networks};
use super::params::{DetectionParams, NeighbourWindow, SigmaClipGroups};
use super::selection::Brackets;
use crate::flags::{GroupFlags, all_set};
use crate::sample_bits::SampleBits;

/// How primary jumps are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Too few usable groups: nothing is searched.
    None,
    /// Many differences: all outliers from the median at once.
    SinglePass,
    /// Few differences: the largest outlier first, then the median again.
    Iterative,
    /// Very many: iterated clipping at a number of standard deviations.
    SigmaClip(SigmaClipGroups),
}

/// Everything that is known before the first pixel is looked at.
#[derive(Debug, Clone)]
pub struct JumpPlan {
    /// How primary jumps will be found.
    pub method: Method,
    pub(super) thresholds: [f64; 3],
    pub(super) frames_per_group: f64,
    pub(super) neighbours: Option<NeighbourWindow>,
    /// Amplitude [e-] and number of groups.
    pub(super) after_jump: Vec<(f64, usize)>,
    /// Remember which samples are unusable now, for the search of showers.
    pub(super) keep_unusable: bool,
    pub(super) flags: GroupFlags,
    pub(super) integrations: usize,
    pub(super) groups: usize,
    pub(super) networks: Networks,
}

impl JumpPlan {
    /// Picks the method for an exposure.
    ///
    /// `group_dq` is `(integration, group, row, column)`; the median of the image's gain turns the amplitudes of
    /// [`super::AfterJump`] into electrons and is asked for if there are any. `keep_unusable` is for exposures that will be
    /// searched for showers.
    ///
    /// # Errors
    /// [`JumpError::TooFewGroups`] for a single group.
    pub fn new(
        params: &DetectionParams,
        flags: GroupFlags,
        group_dq: ArrayView4<'_, u8>,
        median_gain_e_per_dn: impl FnOnce() -> f32,
        keep_unusable: bool,
    ) -> Result<Self, JumpError> {
        let DetectionParams {
            rejection_threshold,
            four_group_rejection_threshold,
            three_group_rejection_threshold,
            frames_per_group,
            min_diffs_single_pass,
            minimum_groups,
            minimum_sigma_clip_groups,
            sigma_clip_groups,
            neighbours,
            after_jump,
        } = params;
        let (integrations, groups, ..) = group_dq.dim();
        if groups < 2 {
            return Err(JumpError::TooFewGroups { found: groups });
        }
        let census = GroupCensus::of(group_dq, flags.do_not_use);
        let counted = match sigma_clip_groups {
            SigmaClipGroups::AcrossIntegrations => integrations,
            SigmaClipGroups::All => census.total_usable,
        };
        let method = if counted >= *minimum_sigma_clip_groups {
            Method::SigmaClip(*sigma_clip_groups)
        } else if census.min_usable < *minimum_groups {
            Method::None
        } else if census.min_usable.saturating_sub(1) >= *min_diffs_single_pass {
            Method::SinglePass
        } else {
            Method::Iterative
        };
        let after_jump: Vec<_> = after_jump.iter().filter(|after| after.groups > 0).collect();
        let median_gain = if after_jump.is_empty() {
            f32::NAN
        } else {
            median_gain_e_per_dn()
        };
        Ok(Self {
            method,
            thresholds: [
                *three_group_rejection_threshold,
                *four_group_rejection_threshold,
                *rejection_threshold,
            ],
            frames_per_group: f64::from(*frames_per_group),
            neighbours: *neighbours,
            // In single precision, as the product of a number with a median in single precision is there.
            after_jump: after_jump
                .iter()
                .map(|after| {
                    (
                        f64::from(after.amplitude_dn as f32 * median_gain),
                        after.groups,
                    )
                })
                .collect(),
            keep_unusable,
            flags,
            integrations,
            groups,
            networks: Networks::new(integrations * (groups - 1)),
        })
    }

    /// Threshold for a number of usable differences [sigma]; below two none is used.
    pub(super) fn threshold(&self, usable: usize) -> f64 {
        match usable {
            0 | 1 => f64::INFINITY,
            2 => self.thresholds[0],
            3 => self.thresholds[1],
            _ => self.thresholds[2],
        }
    }

    /// How far apart, in the list of all differences of a pixel, those are that sigma clipping compares.
    pub(super) fn clipped_step(&self, compared: SigmaClipGroups) -> usize {
        match compared {
            SigmaClipGroups::AcrossIntegrations => self.groups - 1,
            SigmaClipGroups::All => 1,
        }
    }

    /// Noise of a difference with this median [e-]; NaN where it would be zero, so that nothing is flagged there.
    pub(super) fn sigma(&self, median: f64, read_variance: f32) -> f64 {
        let sigma = (median.abs() + f64::from(read_variance) / self.frames_per_group).sqrt();
        if sigma == 0.0 { f64::NAN } else { sigma }
    }
}

/// What the bands of an exposure found, put together.
#[derive(Debug, Clone, PartialEq)]
pub struct Hits {
    /// Samples with a jump after the detection, those that came with the data included; `None` if the exposure had too
    /// few usable groups.
    pub primary: Option<u64>,
    /// Jumps whose neighbours will be flagged.
    pub(super) seeds: Option<SampleBits>,
    /// For each setting of groups after a jump: differences of at least its amplitude.
    pub(super) large: Vec<SampleBits>,
    /// Samples that were unusable before the detection.
    pub(super) unusable: Option<SampleBits>,
    /// For the search of showers in long exposures: where the medians lie, by row and block of columns.
    pub(super) brackets: Vec<Brackets>,
    /// For each plane: every pixel has a jump or is not to be used.
    pub(super) full: Vec<bool>,
}

impl Hits {
    /// Puts bands together; they must come in the order of their rows and cover the image.
    ///
    /// # Errors
    /// [`JumpError::Bands`] if a band does not fit to the first one.
    pub fn join(bands: impl IntoIterator<Item = BandHits>) -> Result<Self, JumpError> {
        let mut whole: Option<Self> = None;
        for (index, BandHits(band)) in bands.into_iter().enumerate() {
            match &mut whole {
                None => whole = Some(band),
                Some(whole) => whole.append(index, band)?,
            }
        }
        whole.ok_or(JumpError::Bands {
            index: 0,
            what: "there is no band",
        })
    }

    fn append(&mut self, index: usize, band: Self) -> Result<(), JumpError> {
        let fits = |mine: &Option<SampleBits>, other: &Option<SampleBits>| {
            mine.as_ref().map(SampleBits::width) == other.as_ref().map(SampleBits::width)
        };
        if self.full.len() != band.full.len()
            || self.large.len() != band.large.len()
            || !fits(&self.seeds, &band.seeds)
            || !fits(&self.unusable, &band.unusable)
        {
            return Err(JumpError::Bands {
                index,
                what: "another number of planes or columns, or another plan",
            });
        }
        self.primary = self
            .primary
            .zip(band.primary)
            .map(|(mine, other)| mine + other);
        for (mine, other) in self.full.iter_mut().zip(band.full) {
            *mine &= other;
        }
        for (mine, other) in self.large.iter_mut().zip(band.large) {
            mine.append(other);
        }
        self.brackets.extend(band.brackets);
        for (mine, other) in [
            (&mut self.seeds, band.seeds),
            (&mut self.unusable, band.unusable),
        ] {
            if let (Some(mine), Some(other)) = (mine.as_mut(), other) {
                mine.append(other);
            }
        }
        Ok(())
    }

    /// Where the medians of the block of columns that begins at a row and column of the image lie, if that is known.
    pub(super) fn brackets_at(
        &self,
        (row, column): (usize, usize),
        columns: usize,
    ) -> Option<&Brackets> {
        let blocks = columns.div_ceil(LANES);
        self.brackets.get(row * blocks + column / LANES)
    }

    /// After sigma clipping: takes the jumps back in groups in which every pixel has a jump or is not to be used.
    ///
    /// `group_dq` is the whole exposure. Other methods never do that. Cheap, unless there are such groups.
    ///
    /// Parity: stcal 1.20.0 `jump/twopoint_difference.py::det_jump_sigma_clipping` means to mark such groups as not to
    /// be used, but resets to zero the pixels that have the jump and nothing else.
    pub fn release_full_groups(&mut self, plan: &JumpPlan, mut group_dq: ArrayViewMut4<'_, u8>) {
        if !matches!(plan.method, Method::SigmaClip(_)) {
            return;
        }
        let jump = plan.flags.jump;
        for (index, _) in self.full.iter().enumerate().filter(|(_, full)| **full) {
            let (integration, group) = (index / plan.groups, index % plan.groups);
            let mut plane = group_dq.slice_mut(ndarray::s![integration, group, .., ..]);
            debug_assert!(all_set(plane.view(), jump | plan.flags.do_not_use));
            for ((row, column), dq) in plane.indexed_iter_mut().filter(|(_, dq)| **dq == jump) {
                *dq = 0;
                self.primary = self.primary.map(|count| count - 1);
                if let Some(seeds) = &mut self.seeds {
                    seeds.put(row, index, column, false);
                }
            }
        }
    }
}
