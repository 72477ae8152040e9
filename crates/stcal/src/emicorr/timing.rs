//! When each sample is read.

use ndarray::{Array2, ArrayViewMut1};

use super::EmiError;
use crate::shape::check_shape;
use crate::simd::vectorised;

/// How the outputs of the detector share the columns of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outputs {
    /// Pixels that are read at the same time: they are neighbours in a row.
    pub count: usize,
    /// Samples of a row (columns of one output) that are no good measure of the interference, such as bad reference pixels.
    pub bad_samples: std::ops::Range<usize>,
}

/// The clock of a readout, in cycles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// From a sample to the next of its row.
    pub per_sample: f64,
    /// From a row to the next.
    pub per_row: f64,
    /// Spent outside the rows, once a group.
    pub extra_per_group: f64,
    /// Spent between integrations.
    pub between_integrations: f64,
}

/// The phases of one frequency.
///
/// ```
/// use stcal::emicorr::{Clock, Timing};
/// let clock = Clock { per_sample: 1.0, per_row: 10.0, extra_per_group: 30.0, between_integrations: 0.0 };
/// let timing = Timing::new(clock, (2, 3), 40.0)?;
/// assert_eq!(timing.phase()[[1, 2]], 0.3);
/// assert_eq!(timing.group_step(), 0.25); // 2 * 10 + 30 cycles are a period and a quarter
/// # Ok::<(), stcal::emicorr::EmiError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Timing {
    clock: Clock,
    period: f64,
    phase: Array2<f64>,
}

impl Timing {
    /// Phases of the samples of a group, `(rows, samples of a row)`, for a wave of `period` clock cycles.
    ///
    /// # Errors
    /// [`EmiError::Period`] if the period is not positive and finite.
    pub fn new(clock: Clock, samples: (usize, usize), period: f64) -> Result<Self, EmiError> {
        if !(period > 0.0 && period.is_finite()) {
            return Err(EmiError::Period {
                least: 0.0,
                found: period,
            });
        }
        let phase = Array2::from_shape_fn(samples, |(row, sample)| {
            let cycles = row as f64 * clock.per_row + sample as f64 * clock.per_sample;
            (cycles / period) % 1.0
        });
        Ok(Self {
            clock,
            period,
            phase,
        })
    }

    /// Phase of each sample of the first group relative to its first, `(row, sample)`.
    pub fn phase(&self) -> &Array2<f64> {
        &self.phase
    }

    /// The clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Clock cycles of a wave.
    pub fn period(&self) -> f64 {
        self.period
    }

    /// Clock cycles from a group to the next.
    pub fn group_cycles(&self) -> f64 {
        self.phase.nrows() as f64 * self.clock.per_row + self.clock.extra_per_group
    }

    /// Phase from a group to the next.
    pub fn group_step(&self) -> f64 {
        (self.group_cycles() / self.period) % 1.0
    }

    /// Phase from an integration of `groups` to the next; may be larger than 1.
    pub fn integration_step(&self, groups: usize) -> f64 {
        self.group_step() * groups as f64 + self.clock.between_integrations / self.period
    }

    /// Checks that an image is as large as the phases say.
    pub(super) fn check(
        &self,
        what: &'static str,
        image: &[usize],
        outputs: usize,
    ) -> Result<(), EmiError> {
        let (rows, samples) = self.phase.dim();
        Ok(check_shape(what, &[rows, samples * outputs], image)?)
    }
}

/// The fractional part of a number that is not negative.
#[inline(always)]
pub(super) fn fraction(x: f64) -> f64 {
    x - x.trunc()
}

/// Subtracts the noise of each sample from the pixels of a row that are read at the same time.
pub(super) fn subtract_noise(mut row: ArrayViewMut1<'_, f32>, noise: &[f64], outputs: usize) {
    let subtract = |pixels: &mut [f32], noise: &f64| {
        for pixel in pixels {
            *pixel = (f64::from(*pixel) - noise) as f32;
        }
    };
    if let (4, Some(pixels)) = (outputs, row.as_slice_mut()) {
        let (pixels, _) = pixels.as_chunks_mut::<4>();
        vectorised(|| {
            for (pixels, noise) in pixels.iter_mut().zip(noise) {
                for pixel in pixels {
                    *pixel = (f64::from(*pixel) - noise) as f32;
                }
            }
        });
    } else if let Some(pixels) = row.as_slice_mut() {
        pixels
            .chunks_exact_mut(outputs)
            .zip(noise)
            .for_each(|(pixels, noise)| subtract(pixels, noise));
    } else {
        for (index, pixel) in row.iter_mut().enumerate() {
            subtract(std::slice::from_mut(pixel), &noise[index / outputs]);
        }
    }
}
