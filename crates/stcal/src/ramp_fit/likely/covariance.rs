//! When the reads of the groups happen, and what that means for the covariance of their differences.

use std::cmp::Ordering;

use super::super::arrays::RampFitError;
use super::super::params::RampTiming;

/// Times of the reads that are averaged into each group, since the reset \[s\].
#[derive(Debug, Clone, PartialEq)]
pub struct ReadTimes {
    groups: Vec<Vec<f64>>,
}

impl ReadTimes {
    /// Times as they are given, for patterns that are uneven.
    ///
    /// # Errors
    /// [`RampFitError::ReadTimes`] if a group has no read, or groups do not follow each other in time.
    ///
    /// # Examples
    /// ```
    /// use stcal::ramp_fit::ReadTimes;
    /// assert!(ReadTimes::new(vec![vec![1.0], vec![2.0, 3.0], vec![6.0]]).is_ok());
    /// assert!(ReadTimes::new(vec![vec![1.0], vec![]]).is_err());
    /// assert!(ReadTimes::new(vec![vec![2.0], vec![1.0]]).is_err());
    /// ```
    pub fn new(groups: Vec<Vec<f64>>) -> Result<Self, RampFitError> {
        let bad = |group| Err(RampFitError::ReadTimes { group });
        if let Some(group) = groups.iter().position(Vec::is_empty) {
            return bad(group);
        }
        let means: Vec<f64> = groups.iter().map(|times| mean(times)).collect();
        // NaN is not later either.
        let is_later = |pair: &[f64]| pair[1].partial_cmp(&pair[0]) == Some(Ordering::Greater);
        if let Some(group) = means.windows(2).position(|pair| !is_later(pair)) {
            return bad(group + 1);
        }
        Ok(Self { groups })
    }

    /// Groups of equal length at equal distances, the first read one frame time after the reset.
    // Parity: stcal likely_fit.py::get_readtimes does not know of frames dropped at the start; only differences count.
    pub fn even(groups: usize, timing: &RampTiming) -> Self {
        let period = timing.frames_per_group + timing.group_gap;
        let time = |frame: u32| f64::from(frame) * timing.frame_time_s;
        let group = |k| {
            (1..=timing.frames_per_group.max(1))
                .map(|read| time(read + k * period))
                .collect()
        };
        Self {
            groups: (0..groups as u32).map(group).collect(),
        }
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Whether the first group averages several reads, so that a copy of the first of them adds something.
    pub(super) fn first_group_is_averaged(&self) -> bool {
        self.groups.first().is_some_and(|times| times.len() > 1)
    }

    /// The first read of the first group as a group of its own.
    pub(super) fn split_first_read(mut self) -> Self {
        let rest = self.groups[0].split_off(1);
        self.groups.insert(1, rest);
        self
    }
}

/// What the covariance matrix of the differences owes to the read pattern, element by element.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Covariance {
    /// Distances of the mean times Δt \[s\].
    pub(super) delta_t: Vec<f64>,
    /// Diagonal, times rate over gain.
    pub(super) alpha_photon: Vec<f64>,
    /// Diagonal, times the square of the read noise.
    pub(super) alpha_read: Vec<f64>,
    /// Beside the diagonal, times rate over gain.
    pub(super) beta_photon: Vec<f64>,
    /// Beside the diagonal, times the square of the read noise.
    pub(super) beta_read: Vec<f64>,
    /// Whether the group between difference i and i + 1 averages several reads: a jump within it spoils both.
    pub(super) pairs_may_be_omitted: Vec<bool>,
}

impl Covariance {
    /// Brandt 2024a, eq. 4, 11, 28 and 29.
    pub(super) fn new(times: &ReadTimes) -> Self {
        let mean_t: Vec<f64> = times.groups.iter().map(|times| mean(times)).collect();
        let tau: Vec<f64> = times.groups.iter().map(|times| weighted(times)).collect();
        let reads: Vec<f64> = times
            .groups
            .iter()
            .map(|times| times.len() as f64)
            .collect();
        let delta_t: Vec<f64> = mean_t.windows(2).map(|t| t[1] - t[0]).collect();
        let inner = 1..delta_t.len();
        let product = |i: usize| delta_t[i] * delta_t[i - 1];
        Self {
            alpha_photon: (0..delta_t.len())
                .map(|i| (tau[i] + tau[i + 1] - 2.0 * mean_t[i]) / (delta_t[i] * delta_t[i]))
                .collect(),
            alpha_read: (0..delta_t.len())
                .map(|i| (1.0 / reads[i] + 1.0 / reads[i + 1]) / (delta_t[i] * delta_t[i]))
                .collect(),
            beta_photon: inner
                .clone()
                .map(|i| (mean_t[i] - tau[i]) / product(i))
                .collect(),
            beta_read: inner
                .clone()
                .map(|i| -1.0 / (reads[i] * delta_t[i] * delta_t[i - 1]))
                .collect(),
            pairs_may_be_omitted: inner.map(|i| reads[i] > 1.0).collect(),
            delta_t,
        }
    }

    /// Number of differences.
    pub(super) fn len(&self) -> usize {
        self.delta_t.len()
    }
}

fn mean(times: &[f64]) -> f64 {
    sum(times.len(), |k| times[k]) / times.len() as f64
}

/// Mean time of the reads weighted by the variance that they share: (1/N²) Σ (2N + 1 − 2k) tₖ, k = 1 … N.
fn weighted(times: &[f64]) -> f64 {
    let n = times.len();
    let weight = |k: usize| (2 * n + 1 - 2 * (k + 1)) as f64;
    sum(n, |k| weight(k) * times[k]) / (n * n) as f64
}

/// Sum in numpy's order, for the last bit (see the module's notes on rounding).
// Parity: numpy adds eight by eight from eight values on, and pairwise above 128, which no group reaches.
fn sum(n: usize, value: impl Fn(usize) -> f64) -> f64 {
    if n < 8 {
        return (0..n).map(value).sum();
    }
    let mut partial: [f64; 8] = std::array::from_fn(&value);
    let whole = n - n % 8;
    for k in 8..whole {
        partial[k % 8] += value(k);
    }
    let [a, b, c, d, e, f, g, h] = partial;
    let first = ((a + b) + (c + d)) + ((e + f) + (g + h));
    (whole..n).map(value).fold(first, |sum, value| sum + value)
}
