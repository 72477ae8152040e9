//! Combination of segments into integrations, and of those into the exposure.

use super::block::{LANES, Lanes};
use super::plan::{LARGE_VARIANCE, bounded};

/// A rate in double precision.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Rate {
    pub(super) slope: f64,
    pub(super) dq: u32,
    pub(super) var_poisson: f64,
    pub(super) var_read: f64,
    pub(super) err: f64,
}

impl Rate {
    /// The rate of a pixel that must not have one.
    pub(super) const NONE: Self = Self {
        slope: f64::NAN,
        dq: 0,
        var_poisson: 0.0,
        var_read: 0.0,
        err: 0.0,
    };
}

/// Sums over segments.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    /// `Σ 1 / var_P` of the segments that have such a variance.
    pub(super) inverse_poisson: f64,
    /// `Σ 1 / var_R`.
    pub(super) inverse_read: f64,
    /// `Σ 1 / (var_P + var_R)`.
    pub(super) inverse_total: f64,
    /// `Σ slope / var_R`.
    pub(super) weighted_slope: f64,
}

impl Sums {
    /// Adds a segment.
    #[inline(always)]
    pub(super) fn add_segment(&mut self, slope: f64, var_poisson: f64, var_read: f64) {
        self.inverse_read += 1.0 / var_read;
        self.inverse_poisson += if var_poisson > 0.0 {
            1.0 / var_poisson
        } else {
            0.0
        };
        self.inverse_total += 1.0 / (var_poisson + var_read);
        self.weighted_slope += slope / var_read;
    }

    /// Adds the sums of a single segment.
    #[inline(always)]
    pub(super) fn add_term(&mut self, term: &Self) {
        self.inverse_read += term.inverse_read;
        self.inverse_poisson += term.inverse_poisson;
        self.inverse_total += term.inverse_total;
        self.weighted_slope += term.weighted_slope;
    }

    /// Adds an integration.
    #[inline(always)]
    pub(super) fn add(&mut self, integration: &Self) {
        if integration.inverse_poisson > 0.0 {
            self.inverse_poisson += integration.inverse_poisson;
        }
        self.inverse_read += integration.inverse_read;
        self.inverse_total += integration.inverse_total;
        self.weighted_slope += integration.weighted_slope;
    }

    /// The rate of an integration. Its error stems from the total variances of the segments.
    #[inline(always)]
    pub(super) fn integration_rate(&self) -> Rate {
        let var_read = bounded(1.0 / self.inverse_read);
        let variance = 1.0 / self.inverse_total;
        Rate {
            slope: self.weighted_slope * var_read,
            dq: 0,
            var_poisson: self.poisson(),
            var_read,
            err: if variance > LARGE_VARIANCE {
                0.0
            } else {
                variance.sqrt()
            },
        }
    }

    /// The rate of the exposure. Its error stems from the combined variances.
    #[inline(always)]
    pub(super) fn exposure_rate(&self) -> Rate {
        let var_read = if self.inverse_read > 0.0 {
            bounded(1.0 / self.inverse_read)
        } else {
            self.inverse_read
        };
        let var_poisson = self.poisson();
        Rate {
            slope: self.weighted_slope * var_read,
            dq: 0,
            var_poisson,
            var_read,
            err: (var_poisson + var_read).sqrt(),
        }
    }

    /// Combined Poisson variance; 0 if no segment has one.
    #[inline(always)]
    fn poisson(&self) -> f64 {
        if self.inverse_poisson > 0.0 {
            bounded(1.0 / self.inverse_poisson)
        } else {
            0.0
        }
    }
}

/// Sums over segments of many columns, sum by sum.
pub(super) struct SumLanes {
    inverse_poisson: Lanes<f64>,
    inverse_read: Lanes<f64>,
    inverse_total: Lanes<f64>,
    weighted_slope: Lanes<f64>,
}

impl Default for SumLanes {
    fn default() -> Self {
        Self {
            inverse_poisson: [0.0; LANES],
            inverse_read: [0.0; LANES],
            inverse_total: [0.0; LANES],
            weighted_slope: [0.0; LANES],
        }
    }
}

impl SumLanes {
    /// Sums of a column.
    #[inline(always)]
    pub(super) fn of(&self, lane: usize) -> Sums {
        Sums {
            inverse_poisson: self.inverse_poisson[lane],
            inverse_read: self.inverse_read[lane],
            inverse_total: self.inverse_total[lane],
            weighted_slope: self.weighted_slope[lane],
        }
    }

    /// Adds an integration of a column.
    #[inline(always)]
    pub(super) fn add(&mut self, lane: usize, integration: &Sums) {
        let mut sums = self.of(lane);
        sums.add(integration);
        self.inverse_poisson[lane] = sums.inverse_poisson;
        self.inverse_read[lane] = sums.inverse_read;
        self.inverse_total[lane] = sums.inverse_total;
        self.weighted_slope[lane] = sums.weighted_slope;
    }
}
