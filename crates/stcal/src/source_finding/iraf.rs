//! Stars by moments, as IRAF's `starfind` has them.
//!
//! A peak of the convolved image gives a cutout of the kernel's size. The mean of its corners outside the kernel is the
//! sky; inside, what is left above the sky gives flux, centroid and second moments:
//!
//! ```text
//! fwhm = 2 sqrt(ln 2 (μ20 + μ02))       roundness = sqrt((μ20 - μ02)² + 4 μ11²) / (μ20 + μ02)
//! sharpness = fwhm / fwhm of the kernel
//! ```
//!
//! # Source
//! photutils 3.0.0 `detection/irafstarfinder.py::IRAFStarFinder` and `detection/core.py`. Positions to 1e-12 pixels.

use ndarray::Array2;

use super::convolution::{cutout, signed};
use super::peaks::{Neighbourhood, find_peaks};
use super::summation::pairwise_sum;
use super::{Border, Convolution, StarKernel, StarSearch};

/// A star by [`find_iraf_stars`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IrafStar {
    /// Centroid along columns [pixel].
    pub x: f64,
    /// Centroid along rows [pixel].
    pub y: f64,
    /// Full width at half maximum [pixel].
    pub fwhm: f64,
    /// Width in units of the kernel's.
    pub sharpness: f64,
    /// 0 for a round star, 1 for a line.
    pub roundness: f64,
    /// Angle of the longer axis from the direction of x [degree], in [0, 360).
    pub orientation_deg: f64,
    /// Number of pixels above the sky.
    pub pixels: usize,
    /// Mean of the corners of the cutout.
    pub sky: f64,
    /// Highest pixel above the sky.
    pub peak: f64,
    /// Sum above the sky.
    pub flux: f64,
}

impl IrafStar {
    /// Instrumental magnitude.
    #[must_use]
    pub fn mag(&self) -> f64 {
        -2.5 * self.flux.log10()
    }
}

/// Finds stars by their moments, row by row or, if a number is asked for, by brightness.
///
/// ```
/// use ndarray::Array2;
/// use stcal::source_finding::{StarKernel, StarSearch, find_iraf_stars};
///
/// let data = Array2::from_shape_fn((21, 21), |(y, x)| {
///     let squared = (x as f32 - 9.3).powi(2) + (y as f32 - 11.0).powi(2);
///     100.0 * (-squared / 2.25).exp()
/// });
/// let mask = Array2::from_elem((21, 21), false);
/// let search = StarSearch {
///     data: data.view(),
///     mask: mask.view(),
///     threshold: 10.0,
///     min_separation: 2.0,
///     sharpness: (0.5, 2.0),
///     roundness: (0.0, 0.2),
///     brightest: None,
///     peak_max: None,
/// };
/// let stars = find_iraf_stars(&search, &StarKernel::new(2.5, 1.5).unwrap());
/// assert_eq!(stars.len(), 1);
/// // Moments above the sky of so few pixels are drawn to the centre of one: photutils 3.0.0 finds the same.
/// assert!((stars[0].x - 9.239_622).abs() < 1e-5 && (stars[0].y - 11.0).abs() < 1e-6);
/// ```
#[must_use]
pub fn find_iraf_stars(search: &StarSearch<'_>, kernel: &StarKernel) -> Vec<IrafStar> {
    let convolution = Convolution::new(kernel.weights.view(), Border::Zero);
    let convolved = convolution.convolve(search.data, None);
    let neighbourhood = neighbourhood(search, kernel);
    let threshold = f64::from(search.threshold);
    let peaks = find_peaks(convolved.view(), search.mask, threshold, &neighbourhood);
    let measured = peaks
        .iter()
        .filter_map(|peak| measure(search, kernel, *peak));
    let mut stars: Vec<IrafStar> = measured
        .filter(|star| {
            StarSearch::is_in(search.sharpness, star.sharpness)
                && StarSearch::is_in(search.roundness, star.roundness)
                && search.peak_max.is_none_or(|most| star.peak <= most)
        })
        .collect();
    search.keep_brightest(&mut stars, |star| star.flux);
    stars
}

/// The neighbourhood in which a star has no brighter one.
pub(super) fn neighbourhood(search: &StarSearch<'_>, kernel: &StarKernel) -> Neighbourhood {
    if search.min_separation > 0.0 {
        Neighbourhood::circle(search.min_separation)
    } else {
        Neighbourhood::of_kernel(&kernel.is_inside)
    }
}

/// Sky and moments; none if they are not finite or rest on a single pixel.
fn measure(search: &StarSearch<'_>, kernel: &StarKernel, peak: (usize, usize)) -> Option<IrafStar> {
    let raw = cutout(search.data, signed(peak), kernel.radius);
    let outside: Vec<f32> = raw
        .iter()
        .zip(&kernel.is_inside)
        .map(|(value, inside)| value * f32::from(u8::from(!inside)))
        .collect();
    let corners = (raw.len() - kernel.pixels) as f64;
    let sky = f64::from(pairwise_sum(&outside)) / corners;
    let mut above = Array2::zeros(raw.dim());
    for ((above, value), inside) in above.iter_mut().zip(&raw).zip(&kernel.is_inside) {
        let value = (f64::from(*value) - sky) * f64::from(u8::from(*inside));
        *above = if value < 0.0 { 0.0 } else { value };
    }
    let pixels = above.iter().filter(|value| **value != 0.0).count();
    if pixels <= 1 {
        return None;
    }
    let moments = Moments::of(&above);
    let star = IrafStar {
        x: moments.x + peak.1 as f64 - kernel.radius as f64,
        y: moments.y + peak.0 as f64 - kernel.radius as f64,
        fwhm: moments.fwhm(),
        sharpness: moments.fwhm() / kernel.fwhm,
        roundness: moments.roundness(),
        orientation_deg: moments.orientation_deg(),
        pixels,
        sky,
        peak: above.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        flux: above.sum(),
    };
    let must_be_finite = [
        star.x,
        star.y,
        star.sharpness,
        star.roundness,
        star.orientation_deg,
        star.sky,
        star.peak,
        star.flux,
    ];
    must_be_finite
        .iter()
        .all(|value| value.is_finite())
        .then_some(star)
}

/// Centroid and normalised second central moments.
struct Moments {
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Moments {
    fn of(data: &Array2<f64>) -> Self {
        let rows = || data.outer_iter().enumerate();
        let (mut sum, mut sum_x, mut sum_y) = (0.0, 0.0, 0.0);
        for (y, row) in rows() {
            for (x, value) in row.iter().enumerate() {
                sum += value;
                sum_x += x as f64 * value;
                sum_y += y as f64 * value;
            }
        }
        let (x0, y0) = (sum_x / sum, sum_y / sum);
        let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
        for (y, row) in rows() {
            let dy = y as f64 - y0;
            for (x, value) in row.iter().enumerate() {
                let dx = x as f64 - x0;
                xx += dx * dx * value;
                yy += dy * dy * value;
                xy += dx * dy * value;
            }
        }
        Self {
            x: x0,
            y: y0,
            xx: xx / sum,
            yy: yy / sum,
            xy: xy / sum,
        }
    }

    fn fwhm(&self) -> f64 {
        2.0 * (2.0_f64.ln() * (self.xx + self.yy)).sqrt()
    }

    fn roundness(&self) -> f64 {
        let difference = self.xx - self.yy;
        (difference * difference + 4.0 * self.xy * self.xy).sqrt() / (self.xx + self.yy)
    }

    fn orientation_deg(&self) -> f64 {
        let angle = 0.5 * (2.0 * self.xy).atan2(self.xx - self.yy);
        angle.to_degrees().rem_euclid(360.0)
    }
}
