//! Full frames: each line by itself.

use ndarray::{Array2, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis};
use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};
use std::f64::consts::PI;
use std::sync::Arc;

use super::Readout;
use super::solve::solve;
use crate::median::median_f32;

/// Frequency at which the low-pass filter passes one half [1/pixel].
const HALF_POWER: f64 = 1.0 / 256.0;
/// Width of the cosine over which the filter closes [1/pixel].
const ROLL_OFF: f64 = HALF_POWER / 4.0;
/// Pixels further than this from the median of their line are replaced by it [sigma].
const OUTLIER_SIGMA: f32 = 3.0;
/// Standard deviation of a normal distribution over its median absolute deviation.
const SIGMA_OF_DEVIATION: f32 = 1.4826;
/// Width of the window in which the density of background pixels is found [pixel].
const DENSITY_SIGMA: f64 = 32.0;
/// Width of the smoothing of the model across lines [line].
const SMOOTH_SIGMA: f64 = 1.5;
/// Reach of that smoothing [line].
const SMOOTH_REACH: i64 = 12;
/// Lines on either side that hold reference pixels.
const MARGIN: usize = 4;
/// Densities below this are lost in the reference's single precision.
const LEAST_DENSITY: f64 = 1.2e-7;

/// Fits the low frequencies of each line of a full frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameFit {
    /// Where the lines are.
    pub readout: Readout,
}

impl FrameFit {
    /// Subtracts the noise from an image, in place.
    ///
    /// Lines whose background pixels do not determine the fit get no model of their own, only what is smoothed into
    /// them from their neighbours.
    ///
    /// # Source
    /// jwst 3.0.0 `nsclean.py::NSClean`.
    pub fn subtract(&self, image: ArrayViewMut2<'_, f32>, mask: ArrayView2<'_, bool>) {
        let data = self.readout.lines(image.view());
        let mask = self.readout.lines(mask);
        let model = fit(data.view(), mask.view());
        self.readout.subtract(image, smooth(model.view()).view());
    }
}

/// The model of each line.
fn fit(data: ArrayView2<'_, f32>, mask: ArrayView2<'_, bool>) -> Array2<f32> {
    let (lines, pixels) = data.dim();
    let mut model = Array2::zeros((lines, pixels));
    let mut fit = LineFit::new(pixels);
    let mut density = Density::new(pixels);
    let mut samples = Vec::with_capacity(pixels);
    for line in MARGIN..lines.saturating_sub(MARGIN) {
        let own = mask.row(line);
        if !own.iter().any(|&used| used) {
            continue;
        }
        samples.clear();
        samples.extend(
            data.row(line)
                .iter()
                .zip(own)
                .filter(|(_, m)| **m)
                .map(|(v, _)| *v),
        );
        let (centre, reach) = spread(&mut samples);
        // Parity: the density is that of the line and the pixel before. Where that line has no background pixels,
        // the reference is left with rounding errors for weights; the line's own density stands in.
        let before = mask.row(line - 1);
        let source = if before.iter().any(|&used| used) {
            before
        } else {
            own
        };
        let density = density.of(source.iter().copied());
        for (x, &used) in own.iter().enumerate() {
            let weight = 1.0 / density[x];
            let weight = if used && density[x] > LEAST_DENSITY {
                weight * weight
            } else {
                0.0
            };
            let value = data[(line, x)];
            let inside = centre - reach <= value && value <= centre + reach;
            fit.weights[x] = weight;
            fit.weighted[x] = if used {
                weight * f64::from(if inside { value } else { centre })
            } else {
                0.0
            };
        }
        fit.evaluate(model.row_mut(line));
    }
    model
}

/// The median, and three standard deviations, estimated from the median deviation.
fn spread(samples: &mut [f32]) -> (f32, f32) {
    let centre = median_f32(samples);
    for value in samples.iter_mut() {
        *value = (*value - centre).abs();
    }
    (
        centre,
        OUTLIER_SIGMA * (SIGMA_OF_DEVIATION * median_f32(samples)),
    )
}

/// The low-pass filter at the frequencies that it lets through.
///
/// Source: jwst 3.0.0 `nsclean.py::make_lowpass_filter`.
fn low_pass(pixels: usize) -> Vec<f64> {
    let pass = |k: usize| {
        let frequency = k as f64 / pixels as f64;
        if frequency <= HALF_POWER - ROLL_OFF / 2.0 {
            1.0
        } else if frequency <= HALF_POWER + ROLL_OFF / 2.0 {
            f64::midpoint(
                1.0,
                (PI * (frequency - HALF_POWER) / ROLL_OFF + PI / 2.0).cos(),
            )
        } else {
            0.0
        }
    };
    (0..=pixels / 2)
        .map(pass)
        .take_while(|&pass| pass > 0.0)
        .collect()
}

/// Weighted least squares of the lowest frequencies of a line.
struct LineFit {
    /// Weight of each pixel, and weight times value.
    weights: Vec<f64>,
    weighted: Vec<f64>,
    pass: Vec<f64>,
    /// Cosine and sine of each frequency at each pixel.
    waves: Vec<(Vec<f64>, Vec<f64>)>,
}

impl LineFit {
    fn new(pixels: usize) -> Self {
        let pass = low_pass(pixels);
        let wave = |k: usize| {
            let angle = move |x: usize| 2.0 * PI * ((k * x) % pixels) as f64 / pixels as f64;
            (
                (0..pixels).map(|x| angle(x).cos()).collect(),
                (0..pixels).map(|x| angle(x).sin()).collect(),
            )
        };
        Self {
            weights: vec![0.0; pixels],
            weighted: vec![0.0; pixels],
            waves: (0..pass.len()).map(wave).collect(),
            pass,
        }
    }

    /// Writes the model of the line; leaves it if the fit is not determined.
    fn evaluate(&self, mut model: ArrayViewMut1<'_, f32>) {
        let count = self.pass.len();
        let against = |values: &[f64]| -> Vec<Complex64> {
            let sums = self
                .waves
                .iter()
                .map(|(cos, sin)| Complex64::new(dot(values, cos), -dot(values, sin)));
            sums.collect()
        };
        let of_weights = against(&self.weights);
        let matrix = Array2::from_shape_fn((count, count), |(a, b)| {
            if a >= b {
                of_weights[a - b]
            } else {
                of_weights[b - a].conj()
            }
        });
        let Some(amplitudes) = solve(matrix, against(&self.weighted)) else {
            return;
        };
        let mut line = vec![amplitudes[0].re * self.pass[0]; model.len()];
        let waves = amplitudes.iter().zip(&self.pass).zip(&self.waves);
        for ((amplitude, pass), (cos, sin)) in waves.skip(1) {
            let amplitude = 2.0 * pass * amplitude;
            for (value, (cos, sin)) in line.iter_mut().zip(cos.iter().zip(sin)) {
                *value += amplitude.re * cos - amplitude.im * sin;
            }
        }
        model
            .iter_mut()
            .zip(line)
            .for_each(|(model, value)| *model = value as f32);
    }
}

/// The inner product over eight lanes, which the compiler keeps in vector registers.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a
        .remainder()
        .iter()
        .zip(b.remainder())
        .map(|(a, b)| a * b)
        .sum();
    for (a, b) in a.zip(b) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// Density of background pixels along a line, in a Gaussian window; the line is a ring.
struct Density {
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
    window: Vec<Complex64>,
    line: Vec<Complex64>,
    scratch: Vec<Complex64>,
    values: Vec<f64>,
}

impl Density {
    fn new(pixels: usize) -> Self {
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (
            planner.plan_fft_forward(pixels),
            planner.plan_fft_inverse(pixels),
        );
        let (half, middle) = (pixels / 2, (pixels / 2 + 1) as f64);
        // Parity: the middle of the window is one pixel off the origin.
        let mut window: Vec<Complex64> = (0..pixels)
            .map(|x| {
                let x = ((x + half) % pixels) as f64 - middle;
                let height = (-x * x / (DENSITY_SIGMA * DENSITY_SIGMA) / 2.0).exp();
                // The reference keeps the window in single precision.
                Complex64::from(
                    f64::from((height / DENSITY_SIGMA / (2.0 * PI).sqrt()) as f32) / pixels as f64,
                )
            })
            .collect();
        forward.process(&mut window);
        let scratch = forward
            .get_inplace_scratch_len()
            .max(inverse.get_inplace_scratch_len());
        Self {
            forward,
            inverse,
            window,
            line: vec![Complex64::default(); pixels],
            scratch: vec![Complex64::default(); scratch],
            values: vec![0.0; pixels],
        }
    }

    fn of(&mut self, mask: impl Iterator<Item = bool>) -> &[f64] {
        for (value, used) in self.line.iter_mut().zip(mask) {
            *value = Complex64::from(f64::from(u8::from(used)));
        }
        self.forward
            .process_with_scratch(&mut self.line, &mut self.scratch);
        self.line
            .iter_mut()
            .zip(&self.window)
            .for_each(|(value, window)| *value *= window);
        self.inverse
            .process_with_scratch(&mut self.line, &mut self.scratch);
        self.values
            .iter_mut()
            .zip(&self.line)
            .for_each(|(density, value)| *density = value.re);
        &self.values
    }
}

/// Smooths a model across lines; lines and pixels are rings.
fn smooth(model: ArrayView2<'_, f32>) -> Array2<f32> {
    let (lines, pixels) = model.dim();
    let weights: Vec<f64> = (-SMOOTH_REACH..=SMOOTH_REACH)
        .map(|j| {
            let z = j as f64 / SMOOTH_SIGMA;
            f64::from(((-z * z / 2.0).exp() / SMOOTH_SIGMA / (2.0 * PI).sqrt()) as f32)
        })
        .collect();
    let mut smooth = Array2::zeros((lines, pixels));
    let mut sum = vec![0.0; pixels];
    for (line, mut out) in smooth.axis_iter_mut(Axis(0)).enumerate() {
        sum.fill(0.0);
        for (j, &weight) in (-SMOOTH_REACH..=SMOOTH_REACH).zip(&weights) {
            // Parity: the middle of the smoothing is one line and one pixel off the origin.
            let from = (line as i64 - 1 - j).rem_euclid(lines as i64) as usize;
            for (sum, &value) in sum.iter_mut().zip(model.row(from)) {
                *sum += weight * f64::from(value);
            }
        }
        sum.rotate_right(1);
        out.iter_mut()
            .zip(&sum)
            .for_each(|(out, &sum)| *out = sum as f32);
    }
    smooth
}
