//! Weights of the samples of a segment.

use std::sync::OnceLock;

/// Powers of the weights, by class of the signal-to-noise ratio; see [`snr_class`].
const POWERS: [f32; CLASSES] = [0.0, 0.4, 1.0, 3.0, 6.0, 10.0];
/// Lower limits of the signal-to-noise ratio of all classes but the first.
const LIMITS: [f64; CLASSES - 1] = [5.0, 10.0, 20.0, 50.0, 100.0];
/// Classes of signal-to-noise ratio.
const CLASSES: usize = 6;
/// Classes, rounded up to a power of two: an index below that needs no check in the inner loop.
pub(super) const SLOTS: usize = 8;

/// Class of a signal-to-noise ratio. An unknown ratio (NaN) falls into the highest class.
// Parity: stcal ramp_fitting/src/slope_fitter.c::snr_power
#[inline(always)]
pub(super) fn snr_class(snr: f64) -> usize {
    LIMITS
        .iter()
        .map(|&limit| usize::from(snr >= limit))
        .sum::<usize>()
        + if snr.is_nan() { CLASSES - 1 } else { 0 }
}

/// Signal-to-noise ratio of a segment from the difference of its last and first sample \[DN\].
///
/// `noise` is the read noise \[e-\], `gain` in e-/DN.
#[inline(always)]
pub(super) fn signal_to_noise(difference: f64, noise: f64, gain: f64) -> f64 {
    let electrons = difference * gain;
    let variance = noise * noise + electrons;
    if variance <= 0.0 || gain == 0.0 {
        return 0.0;
    }
    let snr = electrons / variance.sqrt();
    if snr < 0.0 { 0.0 } else { snr }
}

/// Everything that the fits of all segments of one length share, for each class.
#[derive(Debug)]
pub(super) struct LengthWeights {
    /// Weight of each sample.
    pub(super) weight: Vec<[f64; SLOTS]>,
    /// Factor in the slope per group of the difference of two samples that mirror each other, from the outermost pair
    /// inwards.
    pub(super) pair_slope: Vec<[f64; SLOTS]>,
    /// Σ w.
    pub(super) weight_sum: [f64; SLOTS],
    /// Σ w (x − c)².
    pub(super) moment: [f64; SLOTS],
    /// c, the middle of the segment.
    pub(super) centre: f64,
}

impl LengthWeights {
    /// Weights of segments of `length` samples, at least two.
    pub(super) fn new(length: usize) -> Self {
        let centre = (length - 1) as f64 / 2.0;
        let mut table = Self {
            weight: vec![[0.0; SLOTS]; length],
            pair_slope: vec![[0.0; SLOTS]; length / 2],
            weight_sum: [0.0; SLOTS],
            moment: [0.0; SLOTS],
            centre,
        };
        for (class, power) in POWERS.into_iter().enumerate() {
            for (index, weight) in table.weight.iter_mut().enumerate() {
                let arm = index as f64 - centre;
                // Parity: the reference takes the power in single precision (slope_fitter.c, powf).
                let relative = (arm / centre).abs() as f32;
                weight[class] = f64::from(relative.powf(power));
                table.weight_sum[class] += weight[class];
                table.moment[class] += weight[class] * arm * arm;
            }
            for (index, slope) in table.pair_slope.iter_mut().enumerate() {
                let arm = centre - index as f64;
                slope[class] = table.weight[index][class] * arm / table.moment[class];
            }
        }
        table
    }
}

/// Weights by length, made when they are first asked for.
#[derive(Debug)]
pub(super) struct WeightTables(Vec<OnceLock<LengthWeights>>);

impl WeightTables {
    /// Tables for segments of up to `longest` samples.
    pub(super) fn new(longest: usize) -> Self {
        Self((0..=longest).map(|_| OnceLock::new()).collect())
    }

    /// Weights of segments of `length` samples.
    pub(super) fn of(&self, length: usize) -> &LengthWeights {
        assert!(length >= 2, "one sample has no slope");
        self.0[length].get_or_init(|| LengthWeights::new(length))
    }
}
