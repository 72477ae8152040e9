//! Kernels that stars are looked for with.

use ndarray::Array2;

/// A kernel cannot be made of these parameters.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{what}: expected a positive number, found {found}")]
pub struct KernelError {
    /// The parameter.
    pub what: &'static str,
    /// Its value.
    pub found: f64,
}

/// Standard deviation of a Gaussian of this full width at half maximum.
///
/// ```
/// assert!((stcal::source_finding::sigma_from_fwhm(2.354_820_045) - 1.0).abs() < 1e-9);
/// ```
#[must_use]
pub fn sigma_from_fwhm(fwhm: f64) -> f64 {
    fwhm * (1.0 / (2.0 * (2.0 * 2.0_f64.ln()).sqrt()))
}

/// A circular Gaussian, sampled at the centres of pixels out to 4 standard deviations, normalised.
///
/// `size` is the number of rows and columns, odd; eight standard deviations if none is given.
///
/// Source: astropy 8.0.2 `convolution/kernels.py::Gaussian2DKernel`.
#[must_use]
pub fn gaussian_kernel(sigma: f64, size: Option<usize>) -> Array2<f64> {
    let size = size.unwrap_or_else(|| {
        let size = (8.0 * sigma).ceil() as usize;
        size + 1 - size % 2
    });
    let amplitude = 1.0 / (2.0 * std::f64::consts::PI * sigma * sigma);
    let half = (size / 2) as f64;
    let scale = 0.5 * (1.0 / (sigma * sigma));
    Array2::from_shape_fn((size, size), |(row, column)| {
        let (y, x) = (row as f64 - half, column as f64 - half);
        amplitude * (-(scale * (x * x) + scale * (y * y))).exp()
    })
}

/// A truncated Gaussian of zero sum: convolved with it, an image shows the amplitude of the star that fits best.
///
/// Source: photutils 3.0.0 `detection/core.py::_StarFinderKernel`, circular; Stetson (1987), doi:10.1086/131977.
#[derive(Debug, Clone)]
pub struct StarKernel {
    /// Full width at half maximum [pixel].
    pub fwhm: f64,
    /// Standard deviation of the Gaussian [pixel].
    pub sigma: f64,
    /// Rows and columns on either side of the centre.
    pub radius: usize,
    /// Which pixels count.
    pub is_inside: Array2<bool>,
    /// Number of pixels that count.
    pub pixels: usize,
    /// The Gaussian, 1 at the centre, without truncation.
    pub gaussian: Array2<f64>,
    /// The kernel itself.
    pub weights: Array2<f64>,
    /// Noise of the convolved image in units of that of the image.
    pub relative_error: f64,
}

impl StarKernel {
    /// A kernel of this width [pixel], truncated at `sigma_radius` standard deviations but no nearer than 2 pixels.
    ///
    /// # Errors
    /// [`KernelError`] if a parameter is not positive.
    ///
    /// ```
    /// let kernel = stcal::source_finding::StarKernel::new(2.5, 1.5).unwrap();
    /// assert_eq!(kernel.weights.dim(), (5, 5));
    /// assert!(kernel.weights.sum().abs() < 1e-15);
    /// ```
    pub fn new(fwhm: f64, sigma_radius: f64) -> Result<Self, KernelError> {
        for (what, found) in [("fwhm", fwhm), ("sigma_radius", sigma_radius)] {
            let is_positive = found > 0.0;
            if !is_positive {
                return Err(KernelError { what, found });
            }
        }
        let sigma = sigma_from_fwhm(fwhm);
        let a = 1.0 / (2.0 * sigma * sigma);
        let limit = sigma_radius * sigma_radius / 2.0;
        let radius = (a * limit / (a * a)).sqrt().max(2.0) as usize;
        let exponent = Array2::from_shape_fn((2 * radius + 1, 2 * radius + 1), |(row, column)| {
            let y = row as f64 - radius as f64;
            let x = column as f64 - radius as f64;
            (a * (x * x) + a * (y * y), (x * x + y * y).sqrt())
        });
        let is_inside = exponent.mapv(|(exponent, distance)| exponent <= limit || distance <= 2.0);
        let gaussian = exponent.mapv(|(exponent, _)| (-exponent).exp());
        let mut truncated = gaussian.clone();
        truncated.zip_mut_with(&is_inside, |value, inside| {
            *value *= f64::from(u8::from(*inside));
        });
        let pixels = is_inside.iter().filter(|inside| **inside).count();
        let count = pixels as f64;
        let squares = truncated.mapv(|value| value * value).sum();
        let sum = truncated.sum();
        let variance = squares - sum * sum / count;
        let mut weights = truncated;
        weights.zip_mut_with(&is_inside, |value, inside| {
            let inside = f64::from(u8::from(*inside));
            *value = (*value - sum / count) / variance * inside;
        });
        Ok(Self {
            fwhm,
            sigma,
            radius,
            is_inside,
            pixels,
            gaussian,
            weights,
            relative_error: 1.0 / variance.sqrt(),
        })
    }

    /// Rows and columns of the kernel.
    #[must_use]
    pub fn size(&self) -> usize {
        2 * self.radius + 1
    }
}
