//! What the caller chooses and what the detector's read pattern dictates.

use crate::flags::{GroupFlags, PixelFlags};

/// How an integration is read out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RampTiming {
    /// Time between two groups \[s\].
    pub group_time_s: f64,
    /// Time of one frame \[s\].
    pub frame_time_s: f64,
    /// Frames averaged into a group.
    pub frames_per_group: u32,
    /// Frames read and dropped between two groups.
    pub group_gap: u32,
    /// Frames dropped at the start of each integration; 0 where the mission has none.
    pub dropped_frames: u32,
}

impl RampTiming {
    /// Group time as the reference package uses it: it passes single precision.
    // Parity: stcal ramp_fitting/src/slope_fitter.c::py_ramp_data_get_float
    pub(super) fn group_time(&self) -> f64 {
        f64::from(self.group_time_s as f32)
    }

    /// Frame time in single precision, see [`Self::group_time`].
    pub(super) fn frame_time(&self) -> f64 {
        f64::from(self.frame_time_s as f32)
    }

    /// Mean time of the frames of the first group since the reset.
    pub(super) fn first_group_time(&self) -> f64 {
        (f64::from(self.frames_per_group) + 1.0) * self.frame_time() / 2.0
    }

    /// Time of the first group in units of the group time, which extrapolates a ramp to the reset.
    pub(super) fn pedestal_groups(&self) -> f64 {
        let frames = f64::from(self.frames_per_group);
        (f64::midpoint(frames, 1.0) + f64::from(self.dropped_frames))
            / (frames + f64::from(self.group_gap))
    }
}

/// Quality bits that ramp fitting reads and sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RampFlags {
    /// Bits of a sample.
    pub group: GroupFlags,
    /// Bits of a pixel.
    pub pixel: PixelFlags,
    /// Sample bit: an afterglow of an earlier exposure; such samples are fitted as good ones.
    pub group_persistence: u8,
    /// Pixel bit: at least one sample carries [`Self::group_persistence`].
    pub pixel_persistence: u32,
}

impl Default for RampFlags {
    fn default() -> Self {
        Self {
            group: GroupFlags::default(),
            pixel: PixelFlags::default(),
            group_persistence: 1 << 5,
            pixel_persistence: 1 << 5,
        }
    }
}

/// Choices of the ordinary least-squares fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OlsParams {
    /// Treat ramps with a single good group as ramps without any, and leave the zero frame alone. Without effect on
    /// exposures of one group.
    pub suppress_one_group: bool,
    /// Keep the results of single segments ([`super::OptionalResults`]).
    pub optional_results: bool,
    /// Quality bits.
    pub flags: RampFlags,
}

impl Default for OlsParams {
    fn default() -> Self {
        Self {
            suppress_one_group: true,
            optional_results: false,
            flags: RampFlags::default(),
        }
    }
}
