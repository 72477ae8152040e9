//! The mean of the integrations.

use ndarray::{Ix2, Ix3};

use super::super::arrays::RatesMut;
use super::super::params::RampFlags;
use crate::median::median_f64;

/// Averages the integrations of one pixel after the other.
#[derive(Debug, Default)]
pub(super) struct Combiner {
    values: Vec<f64>,
    weights: Vec<f32>,
    photon: Vec<f32>,
}

impl Combiner {
    /// Writes the rate of the exposure at `pixel`.
    ///
    /// The variance of the photon noise of every integration is taken to be that of the mean rate, so that the weights
    /// do not follow the noise of the single rates; two rounds, the first with the median.
    // Parity: all in single precision, in stcal's order.
    pub(super) fn combine(
        &mut self,
        integrations: &RatesMut<'_, Ix3>,
        exposure: &mut RatesMut<'_, Ix2>,
        pixel: [usize; 2],
        flags: &RampFlags,
    ) {
        let count = integrations.slope.shape()[0];
        let place = |i: usize| [i, pixel[0], pixel[1]];
        let dq = (0..count).map(|i| integrations.dq[place(i)]);
        exposure.dq[pixel] = combine_quality(dq, flags.pixel.do_not_use);
        if count == 1 {
            exposure.slope[pixel] = integrations.slope[place(0)];
            exposure.var_poisson[pixel] = integrations.var_poisson[place(0)];
            exposure.var_rnoise[pixel] = integrations.var_rnoise[place(0)];
            exposure.err[pixel] = integrations.err[place(0)];
            return;
        }
        let slope = |i: usize| integrations.slope[place(i)];
        let var_read = |i: usize| integrations.var_rnoise[place(i)];
        let mut rate = self.median((0..count).map(slope));
        for _ in 0..2 {
            self.weights.clear();
            self.photon.clear();
            for i in 0..count {
                let scale = rate / slope(i);
                let scale = if scale.is_finite() && scale >= 0.0 {
                    scale
                } else {
                    0.0
                };
                let photon = integrations.var_poisson[place(i)] * scale;
                self.photon.push(photon);
                self.weights.push(1.0 / (photon + var_read(i)));
            }
            let total = self.weights.iter().filter(|w| !w.is_nan()).sum::<f32>();
            for weight in &mut self.weights {
                *weight /= total;
            }
            rate = sum_known((0..count).map(|i| slope(i) * self.weights[i]));
        }
        let squared = |i: usize| self.weights[i] * self.weights[i];
        let var_poisson = sum_known((0..count).map(|i| self.photon[i] * squared(i)));
        let var_rnoise = sum_known((0..count).map(|i| var_read(i) * squared(i)));
        exposure.slope[pixel] = rate;
        exposure.var_poisson[pixel] = var_poisson;
        exposure.var_rnoise[pixel] = var_rnoise;
        exposure.err[pixel] = (var_poisson + var_rnoise).sqrt();
    }

    /// Median of the values that are not NaN; NaN if there are none.
    fn median(&mut self, values: impl Iterator<Item = f32>) -> f32 {
        self.values.clear();
        self.values
            .extend(values.filter(|value| !value.is_nan()).map(f64::from));
        // The mean of two values of single precision is exact in double precision but for the last rounding.
        median_f64(&mut self.values) as f32
    }
}

/// Sum of the values that are not NaN; NaN if there are none.
fn sum_known(values: impl Iterator<Item = f32>) -> f32 {
    let (mut sum, mut any) = (0.0, false);
    for value in values.filter(|value| !value.is_nan()) {
        sum += value;
        any = true;
    }
    if any { sum } else { f32::NAN }
}

/// Quality of the exposure: what any integration has, but `do_not_use` only if all have it.
fn combine_quality(quality: impl Iterator<Item = u32>, do_not_use: u32) -> u32 {
    let (mut any, mut all) = (0, do_not_use);
    for dq in quality {
        any |= dq;
        all &= dq;
    }
    (any & !do_not_use) | all
}
