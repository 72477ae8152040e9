//! The fit of one segment of a ramp.

use super::pattern::{Cas22Plan, Times};

/// Lower limits of the signal-to-noise ratio for each of [`POWERS`] but the first (Casertano 2022, table 2).
const SIGNAL_TO_NOISE: [f64; 5] = [5.0, 10.0, 20.0, 50.0, 100.0];
/// Powers of the weights.
pub(super) const POWERS: [f64; 6] = [0.0, 0.4, 1.0, 3.0, 6.0, 10.0];

/// Resultants `first` to `last` of a ramp, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) first: usize,
    pub(super) last: usize,
}

/// A fitted slope.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct SegmentFit {
    /// \[e-/s\]
    pub(super) slope: f64,
    /// Variance due to reading \[(e-/s)²\].
    pub(super) var_read: f64,
    /// Variance due to photons over the count rate \[e-/s\].
    pub(super) var_poisson_per_rate: f64,
}

impl Segment {
    /// Number of resultants.
    pub(super) fn len(self) -> usize {
        self.last + 1 - self.first
    }

    /// Coefficients kᵢ of the resultants in the slope, into the first places of `coefficients` (eq. 35 to 37, 45).
    ///
    /// All 0 where the weights leave no line to fit.
    pub(super) fn coefficients(self, times: &Times, power: f64, coefficients: &mut [f64]) {
        let (mean, reads) = (
            &times.mean[self.first..=self.last],
            &times.reads[self.first..=self.last],
        );
        let middle = f64::midpoint(mean[0], mean[mean.len() - 1]);
        let half = (mean[mean.len() - 1] - mean[0]) / 2.0;
        let half = if half == 0.0 { 1.0 } else { half };
        let (mut f0, mut f1, mut f2) = (0.0, 0.0, 0.0);
        for ((weight, mean), n) in coefficients.iter_mut().zip(mean).zip(reads) {
            let t = mean - middle;
            *weight = (1.0 + power) * n / (1.0 + power * n) * (t / half).abs().powf(power);
            f0 += *weight;
            f1 += *weight * t;
            f2 += *weight * t * t;
        }
        let determinant = f2 * f0 - f1 * f1;
        for (weight, mean) in coefficients.iter_mut().zip(mean) {
            *weight *= if determinant == 0.0 {
                0.0
            } else {
                (f0 * (mean - middle) - f1) / determinant
            };
        }
    }

    /// Fits the segment; `None` for a single resultant.
    ///
    /// `resultants` is the whole ramp \[e-\], `read_noise` that of one read \[e-\], `coefficients` memory for a ramp.
    pub(super) fn fit(
        self,
        plan: &Cas22Plan,
        resultants: &[f64],
        read_noise: f64,
        coefficients: &mut [f64],
    ) -> Option<SegmentFit> {
        if self.len() < 2 {
            return None;
        }
        let class = power_class(resultants[self.last] - resultants[self.first], read_noise);
        let coefficients = if self.len() == plan.resultants() {
            &plan.whole[class]
        } else {
            self.coefficients(&plan.times, POWERS[class], coefficients);
            &coefficients[..self.len()]
        };
        let origin = plan.times.mean[self.first];
        let mut fit = SegmentFit::default();
        let mut before = 0.0;
        for (k, i) in coefficients.iter().zip(self.first..) {
            let (mean, tau) = (plan.times.mean[i] - origin, plan.times.tau[i] - origin);
            fit.slope += k * resultants[i];
            fit.var_read += k * k * read_noise * read_noise / plan.times.reads[i];
            // The double sum of eq. 40, with the sum over the earlier resultants kept.
            fit.var_poisson_per_rate += k * k * tau + 2.0 * k * before;
            before += k * mean;
        }
        Some(fit)
    }
}

/// Which of [`POWERS`] a segment gets that grows by `growth` \[e-\] (eq. 44).
// Parity: stcal ols_cas22/_ramp.pyx takes the growth where the paper has the last resultant, which a jump before the
// segment may have raised.
fn power_class(growth: f64, read_noise: f64) -> usize {
    let signal = growth.max(0.0);
    let ratio = signal / (read_noise * read_noise + signal).sqrt();
    SIGNAL_TO_NOISE
        .iter()
        .take_while(|&&limit| ratio >= limit)
        .count()
}
