//! What the fits of all pixels share.

use super::super::arrays::RampFitError;
use super::super::params::RampFlags;
use super::covariance::{Covariance, ReadTimes};

/// Fewest groups of a ramp: with less, a spoilt difference cannot be told from a good one.
pub const MIN_GROUPS: usize = 4;

/// Choices of the likelihood fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LikelyParams {
    /// By how much χ² has to fall for one difference to be left out.
    pub one_omit_threshold: f64,
    /// By how much χ² has to fall for two neighbouring differences to be left out.
    pub two_omit_threshold: f64,
    /// Quality bits.
    pub flags: RampFlags,
}

impl Default for LikelyParams {
    /// Thresholds of 4.5 σ: 4.5² for one difference, and the value of the same probability for two.
    fn default() -> Self {
        Self {
            one_omit_threshold: 20.25,
            two_omit_threshold: 23.8,
            flags: RampFlags::default(),
        }
    }
}

/// The part of a fit that is the same for all pixels: read times and choices.
///
/// Built once for an exposure and shared by all bands and threads.
#[derive(Debug)]
pub struct LikelyPlan {
    pub(super) params: LikelyParams,
    /// Groups of the ramp as it comes.
    pub(super) groups: usize,
    /// Reads averaged into a group, if a zero frame is to be split off the first.
    pub(super) zero_frame_of: Option<f32>,
    pub(super) covariance: Covariance,
}

impl LikelyPlan {
    /// Prepares the fit of ramps whose groups are read at `times`.
    ///
    /// # Errors
    /// [`RampFitError::TooFewGroups`] if there are less than [`MIN_GROUPS`].
    pub fn new(times: ReadTimes, params: LikelyParams) -> Result<Self, RampFitError> {
        let groups = times.groups();
        if groups < MIN_GROUPS {
            return Err(RampFitError::TooFewGroups {
                needed: MIN_GROUPS,
                groups,
            });
        }
        Ok(Self {
            params,
            groups,
            zero_frame_of: None,
            covariance: Covariance::new(&times),
        })
    }

    /// As [`Self::new`], for ramps that come with a zero frame: the first of the `frames_per_group` reads of the first
    /// group, which becomes a group of its own. Where that group is a single read, the zero frame is left alone.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_zero_frame(
        times: ReadTimes,
        frames_per_group: u32,
        params: LikelyParams,
    ) -> Result<Self, RampFitError> {
        let plan = Self::new(times.clone(), params)?;
        if !times.first_group_is_averaged() {
            return Ok(plan);
        }
        Ok(Self {
            zero_frame_of: Some(frames_per_group as f32),
            covariance: Covariance::new(&times.split_first_read()),
            ..plan
        })
    }

    /// Whether zero frames take part in the fit.
    pub fn uses_zero_frame(&self) -> bool {
        self.zero_frame_of.is_some()
    }

    /// Number of differences of a ramp.
    pub(super) fn differences(&self) -> usize {
        self.covariance.len()
    }
}
