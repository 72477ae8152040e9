//! Everything that the fits of all pixels share.

use super::super::arrays::RampFitError;
use super::super::groups::GroupWindow;
use super::super::params::{OlsParams, RampTiming};
use super::divisor::Divisor;
use super::median::{MedianNetworks, Sorted};
use super::weights::WeightTables;

/// The part of a fit that is the same for all pixels: times, weights, choices.
///
/// Built once for an exposure and shared by all bands and threads.
#[derive(Debug)]
pub struct OlsPlan {
    /// Choices; `suppress_one_group` is off for ramps of one group.
    pub(super) params: OlsParams,
    /// Groups to fit.
    pub(super) window: GroupWindow,
    /// Groups of the ramp, fitted or not.
    pub(super) groups: usize,
    /// Time between groups \[s\].
    pub(super) group_time: f64,
    /// The same, for many samples.
    pub(super) group_time_divisor: Divisor,
    /// Time of a frame \[s\].
    pub(super) frame_time: f64,
    /// Mean time of the frames of the first group \[s\].
    pub(super) first_group_time: f64,
    /// Time of the first group \[group time\].
    pub(super) pedestal_groups: f64,
    /// √(2 frames per group): noise of a difference of frames over that of a group.
    pub(super) noise_divisor: f64,
    /// Weights of the samples by length of segment.
    pub(super) weights: WeightTables,
    /// Medians of the differences of ramps without flags.
    pub(super) networks: MedianNetworks,
    /// Medians of differences of which some are missing.
    pub(super) lower_networks: MedianNetworks,
}

impl OlsPlan {
    /// Prepares the fit of ramps of `groups` groups, of which `window` takes part.
    ///
    /// # Errors
    /// [`RampFitError::Window`] if the window is empty or reaches beyond the ramp.
    pub fn new(
        groups: usize,
        window: GroupWindow,
        timing: &RampTiming,
        params: OlsParams,
    ) -> Result<Self, RampFitError> {
        if window.groups.is_empty() || window.groups.end > groups {
            return Err(RampFitError::Window {
                window: window.groups,
                groups,
            });
        }
        let length = window.groups.len();
        Ok(Self {
            params: OlsParams {
                suppress_one_group: params.suppress_one_group && groups > 1,
                ..params
            },
            groups,
            group_time: timing.group_time(),
            group_time_divisor: Divisor::new(timing.group_time()),
            frame_time: timing.frame_time(),
            first_group_time: timing.first_group_time(),
            pedestal_groups: timing.pedestal_groups(),
            noise_divisor: (2.0 * f64::from(timing.frames_per_group)).sqrt(),
            weights: WeightTables::new(length),
            networks: MedianNetworks::new(length, Sorted::Middle),
            lower_networks: MedianNetworks::new(length, Sorted::LowerHalf),
            window,
        })
    }

    /// Groups that take part.
    pub(super) fn length(&self) -> usize {
        self.window.groups.len()
    }

    /// Read noise of a group \[e-\] from that of a difference of two frames \[DN\].
    // Parity: stcal ramp_fitting/ramp_fit.py::ramp_fit_data multiplies in double precision and keeps the result in
    // single.
    #[inline(always)]
    pub(super) fn group_noise(&self, read_noise_dn: f32, gain: f32) -> f64 {
        let factor = f64::from(gain) / self.noise_divisor;
        f64::from((f64::from(read_noise_dn) * factor) as f32)
    }

    /// Variance of a slope due to photons \[(DN/s)²\], from the median and dark rates over `time` seconds.
    #[inline(always)]
    pub(super) fn poisson_variance(median_rate: f64, dark_rate: f64, time_gain: f64) -> f64 {
        if median_rate > 0.0 {
            (median_rate + dark_rate) / time_gain
        } else {
            dark_rate / time_gain
        }
    }

    /// Variance of a slope due to reading \[(DN/s)²\], of a segment of `length` samples taken every `time` seconds.
    ///
    /// A single sample counts as two: the other is the reset.
    #[inline(always)]
    pub(super) fn read_variance(noise: f64, gain: f64, time: f64, length: usize) -> f64 {
        let length = length.max(2) as f64;
        let noise_rate = noise / time;
        12.0 * noise_rate * noise_rate / ((length * length * length - length) * gain * gain)
    }
}

/// Variances from here on (and of segments without information) count as unknown and become 0.
// Parity: stcal ramp_fitting/src/slope_fitter.c, LARGE_VARIANCE_THRESHOLD
pub(super) const LARGE_VARIANCE: f64 = 1.0e6;

/// Zero for variances too large to mean anything.
#[inline(always)]
pub(super) fn bounded(variance: f64) -> f64 {
    if variance >= LARGE_VARIANCE {
        0.0
    } else {
        variance
    }
}
