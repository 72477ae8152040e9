//! Reference columns at the sides, convolved with optimised kernels.

use ndarray::{ArrayView1, ArrayView2};
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

use crate::median::median_f64;

/// Standard deviations in a median absolute deviation of a normal distribution, as the reference package has it.
const SIGMA_PER_MAD: f64 = 1.48;

/// Kernels that predict the drift of each amplifier from the reference columns at the left and the right.
///
/// # Source
/// jwst 3.0.0 `refpix/optimized_convolution.py`; "Simple Improved Reference Subtraction", S. Moseley et al. 2010, Proc.
/// SPIE 7742, 77421B, doi:10.1117/12.866773.
#[derive(Debug, Clone, PartialEq)]
pub struct SirsKernels {
    /// For each amplifier: left and right.
    kernels: Vec<[Vec<f64>; 2]>,
    reject_sigma: f64,
}

/// How kernels are made and used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SirsOptions {
    /// Reference pixels further from the median than this many standard deviations do not count.
    pub reject_sigma: f64,
    /// Width of the Gaussian with which kernels are smoothed \[rows\].
    pub smoothing: f64,
    /// Rows of a kernel before and after its centre.
    pub half_width: usize,
}

/// Kernels that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("kernels of half width {half_width} cannot be made from {coefficients} coefficients")]
pub struct SirsError {
    half_width: usize,
    coefficients: usize,
}

impl SirsKernels {
    /// Makes the kernels of all amplifiers from their spectra, frequencies from 0 to the highest: real and imaginary
    /// parts of the coefficients for the left and the right columns.
    ///
    /// # Errors
    /// [`SirsError`] if a kernel is longer than the series of its spectrum.
    ///
    /// ```
    /// use stcal::refpix::{SirsKernels, SirsOptions};
    /// let options = SirsOptions { reject_sigma: 4.0, smoothing: 1.0, half_width: 0 };
    /// // A flat spectrum of height 0.5 is a kernel that halves.
    /// let flat = vec![[0.5, 0.0]; 9];
    /// let kernels = SirsKernels::new(&[[flat.clone(), flat]], options)?;
    /// assert_eq!(kernels.left(0), [0.5]);
    /// # Ok::<(), stcal::refpix::SirsError>(())
    /// ```
    pub fn new(amplifiers: &[[Vec<[f64; 2]>; 2]], options: SirsOptions) -> Result<Self, SirsError> {
        let window = gaussian(options);
        let make = |spectrum: &Vec<[f64; 2]>| {
            let coefficients = spectrum.len();
            if options.half_width + 1 >= coefficients {
                return Err(SirsError {
                    half_width: options.half_width,
                    coefficients,
                });
            }
            let kernel = centre_of_series(spectrum, options.half_width);
            Ok(convolve_same(&kernel, &window))
        };
        let kernels = amplifiers
            .iter()
            .map(|[left, right]| Ok([make(left)?, make(right)?]))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            kernels,
            reject_sigma: options.reject_sigma,
        })
    }

    /// Number of amplifiers.
    pub fn amplifiers(&self) -> usize {
        self.kernels.len()
    }

    /// The kernel of an amplifier for the columns at the left.
    ///
    /// # Panics
    /// If there is no such amplifier.
    pub fn left(&self, amplifier: usize) -> &[f64] {
        &self.kernels[amplifier][0]
    }

    /// Rows of the longest kernel.
    pub(super) fn length(&self) -> usize {
        self.kernels
            .iter()
            .flatten()
            .map(Vec::len)
            .max()
            .unwrap_or(0)
    }

    /// The drift of each amplifier, row by row, from the reference columns at the left and the right.
    pub(super) fn drifts(&self, sides: [ArrayView2<'_, f64>; 2]) -> Vec<Vec<f64>> {
        let sides = sides.map(|side| Signal::new(side, self.reject_sigma));
        self.kernels
            .iter()
            .map(|kernels| {
                let [mut left, right] = [0, 1].map(|k| sides[k].drift(&kernels[k]));
                left.iter_mut().zip(right).for_each(|(l, r)| *l += r);
                left
            })
            .collect()
    }
}

/// One side: the mean of the good pixels of each row and how many of them are good.
struct Signal {
    /// Sum of the good pixels over the number of all.
    sum: Vec<f64>,
    /// Share of good pixels.
    share: Vec<f64>,
}

impl Signal {
    fn new(side: ArrayView2<'_, f64>, reject_sigma: f64) -> Self {
        let middle = median(side.iter().copied().collect());
        let deviations = side.iter().map(|value| (value - middle).abs()).collect();
        let limit = reject_sigma * (SIGMA_PER_MAD * median(deviations));
        let width = side.ncols() as f64;
        let good = |value: f64| f64::from(u8::from((value - middle).abs() <= limit));
        let sum = |row: ArrayView1<'_, f64>| -> f64 { row.iter().map(|&v| v * good(v)).sum() };
        let count = |row: ArrayView1<'_, f64>| -> f64 { row.iter().map(|&v| good(v)).sum() };
        Self {
            sum: side.outer_iter().map(|row| sum(row) / width).collect(),
            share: side.outer_iter().map(|row| count(row) / width).collect(),
        }
    }

    /// The convolved signal, as if rejected pixels had the value of the others.
    fn drift(&self, kernel: &[f64]) -> Vec<f64> {
        let whole = convolve_same(&vec![1.0; self.sum.len()], kernel);
        let part = convolve_same(&self.share, kernel);
        let signal = convolve_same(&self.sum, kernel);
        let norm = whole.iter().zip(part).map(|(whole, part)| whole / part);
        signal.iter().zip(norm).map(|(s, norm)| s * norm).collect()
    }
}

fn gaussian(options: SirsOptions) -> Vec<f64> {
    let centre = options.half_width as f64;
    let width = 2.0 * options.smoothing * options.smoothing;
    let window: Vec<f64> = (0..=2 * options.half_width)
        .map(|k| (-(k as f64 - centre).powi(2) / width).exp())
        .collect();
    let sum: f64 = window.iter().sum();
    window.into_iter().map(|value| value / sum).collect()
}

/// The part around time 0 of the real series of a spectrum.
fn centre_of_series(spectrum: &[[f64; 2]], half_width: usize) -> Vec<f64> {
    let half = spectrum.len() - 1;
    let n = 2 * half;
    let mut series: Vec<Complex<f64>> = (0..n)
        .map(|k| {
            let [re, im] = spectrum[k.min(n - k)];
            match k {
                0 => Complex::new(re, 0.0),
                k if k == half => Complex::new(re, 0.0),
                k if k > half => Complex::new(re, -im),
                _ => Complex::new(re, im),
            }
        })
        .collect();
    FftPlanner::new().plan_fft_inverse(n).process(&mut series);
    (0..=2 * half_width)
        .map(|k| series[(n + k - half_width) % n].re / n as f64)
        .collect()
}

/// The middle part of a convolution, as long as the signal, which is not shorter than the kernel.
fn convolve_same(signal: &[f64], kernel: &[f64]) -> Vec<f64> {
    let (n, m) = (signal.len(), kernel.len());
    let centre = (m - 1) / 2;
    (0..n)
        .map(|k| {
            let end = k + centre;
            let first = (end + 1).saturating_sub(n);
            let last = end.min(m - 1);
            let terms = kernel[first..=last]
                .iter()
                .zip(signal[..=end - first].iter().rev());
            terms.map(|(kernel, signal)| kernel * signal).sum()
        })
        .collect()
}

/// The median as numpy takes it: not a number if any value is not one, or if there is none.
fn median(mut values: Vec<f64>) -> f64 {
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    median_f64(&mut values)
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::Array2;

    use super::{SirsKernels, SirsOptions, convolve_same};
    use crate::flags::PixelFlags;
    use crate::refpix::{
        AmplifierCorrection, AmplifierGeometry, AmplifierOptions, Arithmetic, RefpixError,
        SideOptions,
    };

    fn kernels(half_width: usize) -> SirsKernels {
        let spectrum = |scale: f64, k: usize| -> Vec<[f64; 2]> {
            let value = |step: usize| {
                let f = step as f64 / 32.0;
                let (sin, cos) = (0.3 * k as f64 * f).sin_cos();
                let size = scale / (1.0 + (f / 0.1).powi(2));
                [size * cos, size * sin]
            };
            (0..17).map(value).collect()
        };
        let amplifiers: Vec<_> = (0..4)
            .map(|k| [spectrum(1.0, k), spectrum(0.8, k)])
            .collect();
        let options = SirsOptions {
            reject_sigma: 3.0,
            smoothing: 0.8,
            half_width,
        };
        SirsKernels::new(&amplifiers, options).unwrap()
    }

    #[test]
    fn kernels_are_those_of_the_reference() {
        // jwst 3.0.0 refpix/optimized_convolution.py::make_kernels(model, "NRCB1", 0.8, 4)
        let expected = [
            0.026_207_533_697_593_52,
            0.055_490_826_090_561_25,
            0.103_728_401_388_574_02,
            0.177_064_216_389_850_26,
            0.219_304_734_206_562_88,
            0.169_799_560_881_679_16,
            0.097_952_205_521_697,
            0.052_211_246_374_696_034,
            0.024_869_547_288_394_755,
        ];
        let kernels = kernels(4);
        for (value, expected) in kernels.left(1).iter().zip(expected) {
            assert_relative_eq!(*value, expected, max_relative = 1e-12);
        }
    }

    /// A detector of 24 x 16 pixels without reference pixels at the top and the bottom.
    fn correct(
        image: &mut Array2<f32>,
        keep_zeros: bool,
        half_width: usize,
    ) -> Result<(), RefpixError> {
        let geometry = AmplifierGeometry {
            detector: (24, 16),
            amplifier_edges: vec![0, 4, 8, 12, 16],
            border: 4,
            origin: (0, 0),
        };
        let options = AmplifierOptions {
            odd_even_columns: false,
            side: Some(SideOptions {
                smoothing_length: 3,
                gain: 1.0,
            }),
            sigma_limit: 3.0,
        };
        let dq = Array2::from_elem((24, 16), 1);
        let flags = PixelFlags::default();
        let correction = AmplifierCorrection::new(dq.view(), &geometry, options, &flags)?;
        let kernels = kernels(half_width);
        let view = image.view_mut();
        correction.correct_with_kernels(view, &kernels, Arithmetic::Double, keep_zeros)
    }

    fn image() -> Array2<f32> {
        let noise = |index: u64| {
            let mut h = (index * 2_654_435_761) % (1 << 32);
            h ^= h >> 15;
            h = (h * 2_246_822_519) % (1 << 32);
            h ^= h >> 13;
            (h >> 8) as f32 / (1 << 24) as f32
        };
        let mut image =
            Array2::from_shape_fn((24, 16), |(y, x)| noise((y * 16 + x) as u64 + 5) * 8.0);
        image[[5, 1]] = 500.0;
        image[[7, 14]] = -300.0;
        image
    }

    #[test]
    fn rows_lose_what_the_sides_predict() {
        let mut image = image();
        correct(&mut image, false, 4).unwrap();
        // apply_conv_kernel(image, kernels, sigreject=3.0)
        for (place, expected) in [
            ((0, 0), 2.252_103),
            ((5, 2), -0.808_023_6),
            ((7, 6), -5.198_377_7),
            ((12, 9), -1.847_928),
            ((23, 15), 1.343_046_9),
        ] {
            assert_relative_eq!(image[place], expected, max_relative = 1e-5);
        }
    }

    #[test]
    fn samples_of_zero_frames_that_are_0_stay() {
        let mut image = image();
        image[[10, 10]] = 0.0;
        correct(&mut image, true, 4).unwrap();
        assert!(image[[10, 10]] == 0.0 && image[[10, 11]] != 0.0);
    }

    #[test]
    fn kernels_must_fit() {
        let error = correct(&mut image(), false, 14).unwrap_err();
        let message = "rows of kernels and of the image: expected shape [29], found [24]";
        assert_eq!(error.to_string(), message);
        let options = SirsOptions {
            reject_sigma: 3.0,
            smoothing: 0.8,
            half_width: 16,
        };
        let flat = || vec![[1.0, 0.0]; 17];
        let error = SirsKernels::new(&[[flat(), flat()]], options).unwrap_err();
        let message = "kernels of half width 16 cannot be made from 17 coefficients";
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn convolution_keeps_the_middle() {
        // numpy.convolve([1, 2, 3, 4], [1, 10, 100], "same") and with [1, 10]
        assert_eq!(
            convolve_same(&[1.0, 2.0, 3.0, 4.0], &[1.0, 10.0, 100.0]),
            [12.0, 123.0, 234.0, 340.0]
        );
        assert_eq!(
            convolve_same(&[1.0, 2.0, 3.0], &[1.0, 10.0]),
            [1.0, 12.0, 23.0]
        );
    }
}
