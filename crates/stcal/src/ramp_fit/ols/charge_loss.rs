//! Read-noise variance of pixels that lost charge.
//!
//! Samples that lost charge to their neighbours are not fitted, but the noise of reading them does not suffer: the
//! variance is that of the ramp as it was before they were flagged.

use std::ops::Range;

use super::plan::{OlsPlan, bounded};
use super::segment::{PixelNoise, SingleSample, find_segments};

/// Sum of the inverse variances due to reading over the segments that a ramp has without charge loss.
///
/// `ramp_dq` is the quality before any other change by the fit; its charge-loss flags are taken off here.
///
/// # Source
/// stcal 1.20.0 `ramp_fitting/src/slope_fitter.c::ramp_fit_pixel_rnoise_chargeloss`. Tolerance: 1e-6.
pub(super) fn inverse_read_variance(
    plan: &OlsPlan,
    pixel: &PixelNoise,
    ramp_dq: &mut [u8],
    single: SingleSample,
    segments: &mut Vec<Range<usize>>,
) -> f64 {
    let flags = &plan.params.flags;
    for dq in &mut *ramp_dq {
        if *dq & flags.group.charge_loss != 0 {
            // Parity: the reference flips both bits, so that a sample with charge loss alone becomes unusable.
            *dq ^= flags.group.charge_loss | flags.group.do_not_use;
        }
    }
    segments.clear();
    find_segments(ramp_dq, flags.group.jump, flags.group_persistence, segments);
    segments
        .iter()
        .map(|segment| pixel.read_variance(plan, segment.len(), single))
        .filter(|&variance| variance > 0.0)
        .fold(0.0, |sum, variance| sum + 1.0 / variance)
}

/// Variance of an integration from the sum of inverses.
pub(super) fn integration_variance(inverse: f64) -> f64 {
    bounded(1.0 / inverse)
}
