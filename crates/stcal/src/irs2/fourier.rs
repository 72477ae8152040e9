//! Transforms of real series in single precision.

use std::f64::consts::TAU;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

pub(super) type Complex32 = Complex<f32>;

/// A transform of real series of an even length, by a complex one of half the length.
pub(super) struct RealFft {
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    /// `exp(-2 pi i k / length)` up to a quarter of the length.
    twiddles: Vec<Complex32>,
    half: usize,
}

impl RealFft {
    /// Plans the transforms of series of `2 * half` samples.
    pub(super) fn new(half: usize) -> Self {
        let mut planner = FftPlanner::new();
        let step = -TAU / (2 * half) as f64;
        let twiddles = (0..=half / 2).map(|k| {
            let (sin, cos) = (step * k as f64).sin_cos();
            Complex32::new(cos as f32, sin as f32)
        });
        Self {
            forward: planner.plan_fft_forward(half),
            inverse: planner.plan_fft_inverse(half),
            twiddles: twiddles.collect(),
            half,
        }
    }

    /// Length of a spectrum: frequencies from 0 to the highest.
    pub(super) fn spectrum_len(&self) -> usize {
        self.half + 1
    }

    /// Length of the scratch space that the transforms need.
    pub(super) fn scratch_len(&self) -> usize {
        let forward = self.forward.get_inplace_scratch_len();
        forward.max(self.inverse.get_inplace_scratch_len())
    }

    /// The spectrum of a series.
    pub(super) fn forward(
        &self,
        series: &[f32],
        spectrum: &mut [Complex32],
        scratch: &mut [Complex32],
    ) {
        let half = self.half;
        for (z, pair) in spectrum.iter_mut().zip(series.as_chunks::<2>().0) {
            *z = Complex32::new(pair[0], pair[1]);
        }
        self.forward
            .process_with_scratch(&mut spectrum[..half], scratch);
        let first = spectrum[0];
        spectrum[0] = Complex32::new(first.re + first.im, 0.0);
        spectrum[half] = Complex32::new(first.re - first.im, 0.0);
        for k in 1..=half / 2 {
            let (a, b) = (spectrum[k], spectrum[half - k].conj());
            let even = (a + b) * 0.5;
            let difference = (a - b) * 0.5;
            let odd = Complex32::new(difference.im, -difference.re) * self.twiddles[k];
            spectrum[k] = even + odd;
            spectrum[half - k] = (even - odd).conj();
        }
    }

    /// The series of a spectrum, which is destroyed. The imaginary parts of the lowest and the highest frequency count
    /// as 0.
    pub(super) fn inverse(
        &self,
        spectrum: &mut [Complex32],
        series: &mut [f32],
        scratch: &mut [Complex32],
    ) {
        let half = self.half;
        let (first, last) = (spectrum[0].re, spectrum[half].re);
        spectrum[0] = Complex32::new((first + last) * 0.5, (first - last) * 0.5);
        for k in 1..=half / 2 {
            let (a, b) = (spectrum[k], spectrum[half - k].conj());
            let even = (a + b) * 0.5;
            let odd = (a - b) * 0.5 * self.twiddles[k].conj();
            let odd = Complex32::new(-odd.im, odd.re);
            spectrum[k] = even + odd;
            spectrum[half - k] = (even - odd).conj();
        }
        self.inverse
            .process_with_scratch(&mut spectrum[..half], scratch);
        let scale = 1.0 / half as f32;
        for (pair, z) in series.as_chunks_mut::<2>().0.iter_mut().zip(&*spectrum) {
            *pair = [z.re * scale, z.im * scale];
        }
    }
}

/// Weights of frequencies, as far as they matter to the real part of a weighted series.
///
/// ```
/// use stcal::irs2::Weights;
/// assert_eq!(Weights::from_full(&[[1.0, 5.0], [2.0, 1.0], [3.0, 7.0], [4.0, 2.0]]).len(), 3);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Weights(pub(super) Vec<Complex32>);

impl Weights {
    /// From the real and imaginary parts for all frequencies, positive and negative, in the order of a transform.
    ///
    /// The spectrum of a real series is symmetric, so the antisymmetric part of its weights goes into the imaginary
    /// part of the result, which is not used.
    pub fn from_full(weights: &[[f32; 2]]) -> Self {
        let n = weights.len();
        let fold = |k: usize| {
            let (plus, minus) = (weights[k], weights[(n - k) % n.max(1)]);
            Complex32::new(0.5 * (plus[0] + minus[0]), 0.5 * (plus[1] - minus[1]))
        };
        Self((0..(n / 2 + 1).min(n)).map(fold).collect())
    }

    /// Number of frequencies, from 0 to the highest.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
