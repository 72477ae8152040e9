//! The search for jumps in a segment.

use super::pattern::Times;
use super::segment::Segment;

/// How large a local slope may be in units of its noise: `intercept − constant · log₁₀(slope)`, the slope \[e-/s\] taken
/// between 1 and 10⁴.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JumpThreshold {
    /// Threshold at a slope of 1 e-/s.
    pub intercept: f64,
    /// Fall of the threshold for a ten times larger slope.
    pub constant: f64,
}

impl Default for JumpThreshold {
    fn default() -> Self {
        Self {
            intercept: 5.5,
            constant: 1.0 / 3.0,
        }
    }
}

impl JumpThreshold {
    /// The threshold for a slope.
    pub fn at(&self, slope: f64) -> f64 {
        self.intercept - self.constant * slope.clamp(1.0, 1e4).log10()
    }
}

/// A ramp as the search sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Searched<'a> {
    pub(super) times: &'a Times,
    /// Resultants \[e-\].
    pub(super) resultants: &'a [f64],
    /// Noise of one read \[e-\].
    pub(super) read_noise: f64,
}

impl Searched<'_> {
    /// The first of the two resultants of `segment`, fitted with `slope`, that may hold a jump.
    pub(super) fn find(
        &self,
        segment: Segment,
        slope: f64,
        threshold: &JumpThreshold,
    ) -> Option<usize> {
        let Segment { first, last } = segment;
        if first == last {
            return None;
        }
        let correction = -slope / (self.times.mean[last] - self.times.mean[first]);
        // The last step has no neighbour for a second one.
        let mut place = last - 1;
        let mut largest = self.statistic(place, 1, slope, correction);
        for i in first..last - 1 {
            let single = self.statistic(i, 1, slope, correction);
            let double = self.statistic(i, 2, slope, correction);
            // The maximum passes over NaN, which a negative variance gives.
            if single.max(double) > largest {
                (place, largest) = (i, single.max(double));
            }
        }
        (largest > threshold.at(slope)).then_some(place)
    }

    /// Excess of the local slope between resultants `i` and `i + step` over `slope`, in units of its noise.
    fn statistic(&self, i: usize, step: usize, slope: f64, correction: f64) -> f64 {
        let j = i + step;
        let Times { mean, tau, reads } = self.times;
        let delta_t = mean[j] - mean[i];
        let local = (self.resultants[j] - self.resultants[i]) / delta_t;
        let read = self.read_noise * self.read_noise * (1.0 / reads[j] + 1.0 / reads[i]);
        let photon = slope * (tau[j] + tau[i] - 2.0 * mean[j].min(mean[i]));
        let variance = (read + photon) / (delta_t * delta_t);
        (local - slope) / (variance + correction).sqrt()
    }
}
