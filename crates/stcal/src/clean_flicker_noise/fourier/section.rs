//! A section of a subarray: a few lines, in the order in which their pixels were clocked.

use std::collections::HashMap;
use std::f64::consts::PI;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2};
use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

use super::solve::solve;
use super::subarray::LowPass;

/// Ticks between lines.
const LINE_OVERHEAD: usize = 12;
/// Time of a pixel [s], rounded as the reference keeps it.
const PIXEL_TIME_S: f32 = 10.0e-6;

/// Transforms of one length.
struct Transforms {
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
    /// Transform of the window in which the density of samples is found, over the length.
    window: Vec<Complex64>,
    /// Frequencies that are fitted and what the filter leaves of them.
    waves: Vec<(usize, f64)>,
}

/// Fits sections, keeping transforms of lengths met before.
pub(super) struct SectionFit {
    low_pass: LowPass,
    planner: FftPlanner<f64>,
    known: HashMap<usize, Transforms>,
}

impl SectionFit {
    pub(super) fn new(low_pass: LowPass) -> Self {
        Self {
            low_pass,
            planner: FftPlanner::new(),
            known: HashMap::new(),
        }
    }

    /// The model of a section, `(line, pixel)`; zero if the samples do not determine it.
    pub(super) fn model(
        &mut self,
        data: ArrayView2<'_, f32>,
        mask: ArrayView2<'_, bool>,
    ) -> Array2<f32> {
        let (lines, pixels) = data.dim();
        let period = pixels + LINE_OVERHEAD;
        let ticks = lines * period;
        let transforms = self.transforms(ticks);
        let mut density = vec![Complex64::default(); ticks];
        for ((line, pixel), &used) in mask.indexed_iter() {
            density[line * period + pixel].re = f64::from(u8::from(used));
        }
        transforms.forward.process(&mut density);
        density
            .iter_mut()
            .zip(&transforms.window)
            .for_each(|(value, window)| *value *= window);
        transforms.inverse.process(&mut density);
        let mut weights = vec![Complex64::default(); ticks];
        let mut weighted = vec![Complex64::default(); ticks];
        for (((line, pixel), &used), &value) in mask.indexed_iter().zip(data) {
            let tick = line * period + pixel;
            let inverse = 1.0 / density[tick].re;
            if used && inverse.is_finite() {
                weights[tick].re = inverse * inverse;
                weighted[tick].re = inverse * inverse * f64::from(value);
            }
        }
        transforms.forward.process(&mut weights);
        transforms.forward.process(&mut weighted);
        let mut spectrum = density;
        spectrum.fill(Complex64::default());
        if !transforms.fit(&weights, &weighted, &mut spectrum) {
            return Array2::zeros((lines, pixels));
        }
        transforms.inverse.process(&mut spectrum);
        Array2::from_shape_fn((lines, pixels), |(line, pixel)| {
            spectrum[line * period + pixel].re as f32
        })
    }

    fn transforms(&mut self, ticks: usize) -> &Transforms {
        let (planner, low_pass) = (&mut self.planner, self.low_pass);
        self.known.entry(ticks).or_insert_with(|| {
            let forward = planner.plan_fft_forward(ticks);
            let mut window = window(ticks, low_pass);
            forward.process(&mut window);
            Transforms {
                forward,
                inverse: planner.plan_fft_inverse(ticks),
                window,
                waves: waves(ticks, low_pass),
            }
        })
    }
}

impl Transforms {
    /// Writes the spectrum of the model from the transforms of the weights and of the weighted samples; false if they
    /// do not determine it.
    fn fit(
        &self,
        weights: &[Complex64],
        weighted: &[Complex64],
        spectrum: &mut [Complex64],
    ) -> bool {
        let (n, count) = (weights.len(), self.waves.len());
        let matrix = Array2::from_shape_fn((count, count), |(a, b)| {
            weights[(n + self.waves[a].0 - self.waves[b].0) % n]
        });
        let right = self.waves.iter().map(|&(k, _)| weighted[k]).collect();
        let Some(amplitudes) = solve(matrix, right) else {
            return false;
        };
        for (&(k, pass), amplitude) in self.waves.iter().zip(amplitudes) {
            let amplitude = amplitude * pass;
            if k == 0 || 2 * k == n {
                spectrum[k] = Complex64::from(amplitude.re);
            } else {
                spectrum[k] = amplitude;
                spectrum[n - k] = amplitude.conj();
            }
        }
        true
    }
}

/// The window, turned so that its middle is at the first tick, and divided by the length.
fn window(ticks: usize, low_pass: LowPass) -> Vec<Complex64> {
    let [start, end, _, _] = low_pass.0.map(f64::from);
    let sigma = (1.0 / f64::midpoint(start, end)) as f32 / PIXEL_TIME_S / 2.0 / 4.0;
    let (half, middle) = (ticks / 2, (ticks / 2 + 1) as f32);
    (0..ticks)
        .map(|tick| {
            // Parity: the middle of the window is one tick late.
            let x = ((tick + half) % ticks) as f32 - middle;
            let height = (-x * x / (sigma * sigma) / 2.0).exp() / sigma;
            Complex64::from(f64::from(height) / (2.0 * PI).sqrt() / ticks as f64)
        })
        .collect()
}

/// The frequencies that the filter lets through, and how much of them.
fn waves(ticks: usize, LowPass([start, end, again, open]): LowPass) -> Vec<(usize, f64)> {
    let step_hz = 1.0 / (ticks as f64 * f64::from(PIXEL_TIME_S));
    let pi = std::f32::consts::PI;
    let pass = |k: usize| {
        let frequency = (k as f64 * step_hz) as f32;
        let pass = if frequency < start || frequency >= open {
            1.0
        } else if frequency < end {
            0.5 * ((pi / (end - start) * (frequency - start)).cos() + 1.0)
        } else if frequency >= again {
            0.5 * ((pi / (open - again) * (frequency - again) + pi).cos() + 1.0)
        } else {
            0.0
        };
        (k, f64::from(pass))
    };
    (0..=ticks / 2)
        .map(pass)
        .filter(|&(_, pass)| pass > 0.0)
        .collect()
}
