//! Cutting a ramp into segments, and the fit of one.

use std::ops::Range;

use super::plan::OlsPlan;
use super::weights::{signal_to_noise, snr_class};

/// Segments of one integration of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentCount {
    /// Segments to fit.
    pub(super) kept: usize,
    /// Segments that the reference believes to have; it sizes the optional results.
    pub(super) declared: usize,
}

/// Finds the segments of a ramp and appends them to `segments`.
///
/// A segment is a run of good samples, with the sample before it if that has the bit `jump` and no other: the ramp
/// starts anew there. `persistence` does not make a sample bad. Segments of one sample count only if there are no
/// others, and then only the first.
pub(super) fn find_segments(
    ramp_dq: &[u8],
    jump: u8,
    persistence: u8,
    segments: &mut Vec<Range<usize>>,
) -> SegmentCount {
    let first = segments.len();
    let mut single = None;
    let mut singles = 0;
    let mut start = None;
    for index in 0..=ramp_dq.len() {
        let good = ramp_dq.get(index).is_some_and(|dq| dq & !persistence == 0);
        match start {
            None if good => {
                let after_jump = index > 0 && ramp_dq[index - 1] & !persistence == jump;
                start = Some(index - usize::from(after_jump));
            }
            Some(begin) if !good => {
                start = None;
                if index - begin > 1 {
                    segments.push(begin..index);
                } else {
                    singles += 1;
                    single.get_or_insert(begin);
                }
            }
            _ => {}
        }
    }
    let mut count = segments.len() - first;
    let mut declared = count;
    if let (0, Some(begin)) = (count, single) {
        segments.push(begin..begin + 1);
        count = 1;
        // Parity: slope_fitter.c::prune_segment_list drops the other single samples without counting them out.
        declared = singles;
    }
    SegmentCount {
        kept: count,
        declared,
    }
}

/// What a single sample of a ramp is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SingleSample {
    /// A sample of a ramp with others; the group time is taken.
    OneOfMany,
    /// Only the first group is good: the time since the reset is known.
    FirstGroup,
    /// The zero frame stands in for the first group.
    ZeroFrame,
}

impl SingleSample {
    /// Exposure time of a segment of one sample \[s\].
    pub(super) fn time(self, plan: &OlsPlan) -> f64 {
        match self {
            Self::OneOfMany => plan.group_time,
            Self::FirstGroup => plan.first_group_time,
            Self::ZeroFrame => plan.frame_time,
        }
    }
}

/// What the fit of a segment needs to know of its pixel.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PixelNoise {
    /// Gain \[e-/DN\].
    pub(super) gain: f64,
    /// Read noise of a group \[e-\].
    pub(super) noise: f64,
    /// Dark rate.
    pub(super) dark_rate: f64,
    /// Median count rate of all integrations \[DN/s\].
    pub(super) median_rate: f64,
}

impl PixelNoise {
    /// Variance of a segment due to reading; 0 for long segments without gain.
    pub(super) fn read_variance(&self, plan: &OlsPlan, length: usize, single: SingleSample) -> f64 {
        let time = match length {
            1 => single.time(plan),
            _ => plan.group_time,
        };
        let has_gain = self.gain > 0.0;
        if length > 2 && !has_gain {
            return 0.0;
        }
        OlsPlan::read_variance(self.noise, self.gain, time, length)
    }
}

/// Fit of one segment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct SegmentFit {
    pub(super) slope: f64,
    pub(super) sigma_slope: f64,
    pub(super) var_poisson: f64,
    pub(super) var_read: f64,
    pub(super) y_intercept: f64,
    pub(super) sigma_y: f64,
}

impl SegmentFit {
    /// Fits the samples `data[segment]` of a ramp.
    pub(super) fn new(
        plan: &OlsPlan,
        pixel: &PixelNoise,
        data: &[f64],
        segment: &Range<usize>,
        single: SingleSample,
    ) -> Self {
        let samples = &data[segment.clone()];
        let mut fit = match *samples {
            [only] => Self {
                slope: only / single.time(plan),
                ..Self::default()
            },
            [first, second] => Self::of_pair(plan, pixel, first, second, segment.start),
            _ => Self::of_many(plan, pixel, samples, segment.start),
        };
        let time = match samples.len() {
            1 => single.time(plan) * pixel.gain,
            length => plan.group_time * pixel.gain * (length - 1) as f64,
        };
        fit.var_poisson = OlsPlan::poisson_variance(pixel.median_rate, pixel.dark_rate, time);
        fit.var_read = pixel.read_variance(plan, samples.len(), single);
        fit
    }

    /// Line through two samples.
    fn of_pair(plan: &OlsPlan, pixel: &PixelNoise, first: f64, second: f64, start: usize) -> Self {
        // Parity: slope_fitter.c has this many digits of the root.
        #[expect(clippy::approx_constant, reason = "the digits of the reference")]
        let sigma = 1.414_213_56 * pixel.noise;
        let next = start as f64 + 1.0;
        Self {
            slope: (second - first) / plan.group_time,
            sigma_slope: sigma,
            y_intercept: second * (1.0 - next) + first * next,
            sigma_y: sigma,
            ..Self::default()
        }
    }

    /// Weighted line through three or more samples; NaN counts as 0.
    fn of_many(plan: &OlsPlan, pixel: &PixelNoise, samples: &[f64], start: usize) -> Self {
        let table = plan.weights.of(samples.len());
        let difference = samples[samples.len() - 1] - samples[0];
        let class = snr_class(signal_to_noise(difference, pixel.noise, pixel.gain));
        // Parity: slope_fitter.c lets NaN in as 0 instead of leaving it out.
        let known = |sample: f64| if sample.is_nan() { 0.0 } else { sample };
        let (mut sum, mut weighted) = (0.0, 0.0);
        for (weight, &sample) in table.weight.iter().zip(samples) {
            sum += known(sample);
            weighted += weight[class] * known(sample);
        }
        let mut slope = 0.0;
        let pairs = samples.iter().zip(samples.iter().rev());
        for (factor, (&early, &late)) in table.pair_slope.iter().zip(pairs) {
            slope += factor[class] * (known(late) - known(early));
        }
        // Infinite samples and weights (noise 0 or unknown) have no sums.
        let weighable = pixel.noise.is_finite() && pixel.noise != 0.0;
        let noise = if weighable {
            pixel.noise.abs()
        } else {
            f64::NAN
        };
        if !(weighable && f64::is_finite(sum)) {
            (slope, weighted) = (f64::NAN, f64::NAN);
        }
        if !plan.params.optional_results {
            return Self {
                slope: slope / plan.group_time,
                ..Self::default()
            };
        }
        let centre = table.centre + start as f64;
        let (weight_sum, moment) = (table.weight_sum[class], table.moment[class]);
        Self {
            slope: slope / plan.group_time,
            sigma_slope: noise * moment.recip().sqrt(),
            y_intercept: weighted / weight_sum - slope * centre,
            sigma_y: noise * (weight_sum.recip() + centre * centre / moment).sqrt(),
            ..Self::default()
        }
    }
}
