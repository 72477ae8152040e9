//! Stars by fits of a Gaussian to marginal sums, as DAOFIND has them.
//!
//! A peak of the convolved image gives a cutout of the kernel's size. Its sums along rows and along columns, weighted by
//! a pyramid around the centre, are fitted with the kernel's: the height `h` by least squares, the offset `d` by the
//! slope of the residual. Sharpness is the height of the peak above the mean of its surroundings over the convolved
//! peak; roundness compares quadrants (1) and the two heights (2).
//!
//! # Source
//! photutils 3.0.0 `detection/daofinder.py::DAOStarFinder`; Stetson (1987), doi:10.1086/131977. Positions to 1e-12
//! pixels.

use ndarray::{Array1, Array2, Axis};

use super::convolution::{cutout, signed};
use super::iraf::neighbourhood;
use super::peaks::find_peaks;
use super::summation::pairwise_sum;
use super::{Border, Convolution, StarKernel, StarSearch};

/// A star by [`find_dao_stars`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DaoStar {
    /// Position along columns [pixel].
    pub x: f64,
    /// Position along rows [pixel].
    pub y: f64,
    /// Height of the peak above its surroundings in units of the convolved peak.
    pub sharpness: f64,
    /// Asymmetry of quadrants.
    pub roundness1: f64,
    /// Difference of the heights of the two fits in units of their mean.
    pub roundness2: f64,
    /// Number of pixels of the cutout.
    pub pixels: usize,
    /// The pixel at the peak of the convolved image.
    pub peak: f64,
    /// Sum of the cutout.
    pub flux: f64,
    /// Peak of the convolved image.
    pub convolved_peak: f64,
    /// Magnitude of the convolved peak above the threshold.
    pub daofind_mag: f64,
}

impl DaoStar {
    /// Instrumental magnitude.
    #[must_use]
    pub fn mag(&self) -> f64 {
        -2.5 * self.flux.log10()
    }
}

/// Finds stars by marginal fits, row by row or, if a number is asked for, by brightness.
///
/// The threshold is scaled to the noise of the convolved image.
#[must_use]
pub fn find_dao_stars(search: &StarSearch<'_>, kernel: &StarKernel) -> Vec<DaoStar> {
    let convolution = Convolution::new(kernel.weights.view(), Border::Zero);
    let convolved = convolution.convolve(search.data, None);
    let neighbourhood = neighbourhood(search, kernel);
    let threshold = f64::from(search.threshold) * kernel.relative_error;
    let peaks = find_peaks(convolved.view(), search.mask, threshold, &neighbourhood);
    let fits = [
        MarginalFit::new(kernel, Axis(0)),
        MarginalFit::new(kernel, Axis(1)),
    ];
    let mut stars = Vec::new();
    for peak in peaks {
        let raw = cutout(search.data, signed(peak), kernel.radius);
        let convolved = cutout(convolved.view(), signed(peak), kernel.radius);
        let Some(star) = measure(peak, kernel, (&raw, &convolved), &fits, threshold) else {
            continue;
        };
        let is_star = StarSearch::is_in(search.sharpness, star.sharpness)
            && StarSearch::is_in(search.roundness, star.roundness1)
            && StarSearch::is_in(search.roundness, star.roundness2)
            && search.peak_max.is_none_or(|most| star.peak <= most);
        if is_star {
            stars.push(star);
        }
    }
    search.keep_brightest(&mut stars, |star| star.flux);
    stars
}

/// Position and shape; none if a number is not finite.
fn measure(
    peak: (usize, usize),
    kernel: &StarKernel,
    (raw, convolved): (&Array2<f32>, &Array2<f32>),
    [along_y, along_x]: &[MarginalFit; 2],
    threshold: f64,
) -> Option<DaoStar> {
    let centre = [kernel.radius, kernel.radius];
    let (peak_value, convolved_peak) = (f64::from(raw[centre]), f64::from(convolved[centre]));
    let inside: f64 = raw
        .iter()
        .zip(&kernel.is_inside)
        .map(|(value, inside)| f64::from(*value) * f64::from(u8::from(*inside)))
        .sum();
    let mean = (inside - peak_value) / (kernel.pixels as f64 - 1.0);
    let (dx, hx) = along_x.fit(raw)?;
    let (dy, hy) = along_y.fit(raw)?;
    let flux = pairwise_sum(raw.as_slice().unwrap_or_default());
    let star = DaoStar {
        x: peak.1 as f64 + dx,
        y: peak.0 as f64 + dy,
        sharpness: (peak_value - mean) / convolved_peak,
        roundness1: f64::from(quadrant_roundness(convolved, kernel.radius)),
        roundness2: 2.0 * (hx - hy) / (hx + hy),
        pixels: raw.len(),
        peak: peak_value,
        flux: f64::from(flux),
        convolved_peak,
        daofind_mag: -2.5 * (convolved_peak / threshold).log10(),
    };
    let must_be_finite = [
        star.x,
        star.y,
        hx,
        hy,
        star.sharpness,
        star.roundness1,
        star.roundness2,
        star.peak,
        if threshold == 0.0 { 0.0 } else { star.flux },
    ];
    must_be_finite
        .iter()
        .all(|value| value.is_finite())
        .then_some(star)
}

/// Twice the sum of quadrants with alternating signs over the sum of absolute values, in 32 bits.
pub(crate) fn quadrant_roundness(convolved: &Array2<f32>, centre: usize) -> f32 {
    let size = convolved.nrows();
    let value = |y: usize, x: usize| {
        let is_peak = y == centre && x == centre;
        if is_peak { 0.0 } else { convolved[[y, x]] }
    };
    let sum = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
        rows.flat_map(|y| columns.clone().map(move |x| (y, x)))
            .map(|(y, x)| value(y, x))
            .sum::<f32>()
    };
    let alternating = -sum(0..centre + 1, centre + 1..size) + sum(0..centre, 0..centre + 1)
        - sum(centre..size, 0..centre)
        + sum(centre + 1..size, centre..size);
    let absolute: Vec<f32> = (0..size)
        .flat_map(|y| (0..size).map(move |x| (y, x)))
        .map(|(y, x)| value(y, x).abs())
        .collect();
    2.0 * alternating / pairwise_sum(&absolute)
}

/// The fit of the kernel's marginal sum to that of a cutout.
struct MarginalFit {
    /// The axis along which the star is located.
    axis: Axis,
    sigma: f64,
    /// Weights of the marginal sum.
    weights: Array1<f64>,
    /// Weights of pixels across the axis.
    across: Array1<f64>,
    /// The kernel's marginal sum.
    kernel: Array1<f64>,
    /// Its derivative, but for a factor.
    slope: Array1<f64>,
    /// Distance from the centre.
    distance: Array1<f64>,
}

impl MarginalFit {
    fn new(kernel: &StarKernel, axis: Axis) -> Self {
        let centre = kernel.radius as f64;
        let pyramid = Array1::from_shape_fn(kernel.size(), |index| {
            centre - (index as f64 - centre).abs() + 1.0
        });
        let from_centre = Array1::from_shape_fn(kernel.size(), |index| centre - index as f64);
        let marginal = weighted_sum(&kernel.gaussian, &pyramid, axis);
        // Parity: photutils 3.0.0 `daofinder.py::_marginal_weights` measures rows and columns in opposite directions.
        let distance = if axis == Axis(0) {
            from_centre.mapv(|value| -value)
        } else {
            from_centre.clone()
        };
        Self {
            axis,
            sigma: kernel.sigma,
            weights: pyramid.clone(),
            across: pyramid,
            slope: &marginal * &from_centre,
            kernel: marginal,
            distance,
        }
    }

    /// Offset from the centre and height; none if the height is not positive.
    fn fit(&self, raw: &Array2<f32>) -> Option<(f64, f64)> {
        let data = weighted_sum(&raw.mapv(f64::from), &self.across, self.axis);
        let sum = |a: &Array1<f64>, b: &Array1<f64>| -> f64 {
            let products = a.iter().zip(b).zip(&self.weights);
            products.map(|((a, b), weight)| a * b * weight).sum()
        };
        let ones = Array1::ones(data.len());
        let (weights, kernel) = (self.weights.sum(), sum(&self.kernel, &ones));
        let data_sum = sum(&data, &ones);
        let numerator = sum(&data, &self.kernel) - data_sum * kernel / weights;
        let denominator = sum(&self.kernel, &self.kernel) - kernel * kernel / weights;
        if numerator <= 0.0 || denominator <= 0.0 {
            return None;
        }
        let height = numerator / denominator;
        let slope = sum(&self.slope, &ones);
        let difference =
            sum(&self.kernel, &self.slope) - (sum(&data, &self.slope) - slope * data_sum);
        let mut offset =
            difference / (height * sum(&self.slope, &self.slope) / (self.sigma * self.sigma));
        let half = data.len() as f64 / 2.0;
        if offset.abs() > half {
            offset = if data_sum == 0.0 {
                0.0
            } else {
                sum(&data, &self.distance) / data_sum
            };
        }
        if offset.abs() > half {
            offset = 0.0;
        }
        Some((offset, height))
    }
}

/// Sums across `axis`, each pixel weighted by its place across it.
fn weighted_sum(data: &Array2<f64>, weights: &Array1<f64>, axis: Axis) -> Array1<f64> {
    let lanes = data.lanes(Axis(1 - axis.index()));
    lanes
        .into_iter()
        .map(|lane| lane.iter().zip(weights).map(|(v, w)| v * w).sum())
        .collect()
}
