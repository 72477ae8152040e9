//! The fit of a band of rows, and of a whole image.

use ndarray::{ArrayView2, ArrayView3, ArrayViewMut3, Ix2, s};

use super::super::arrays::{ExposureRates, RampFitError, Rates, RatesMut, check_shape};
use super::jumps::Searched;
use super::pattern::Cas22Plan;
use super::segment::{Segment, SegmentFit};

/// Views of an exposure of one integration, or of a band of its rows.
#[derive(Debug)]
pub struct Resultants<'a> {
    /// Averaged reads `(resultant, row, column)` \[e-\].
    pub data_e: ArrayView3<'a, f32>,
    /// Their quality, same shape; gains the jump flag where a jump is found.
    pub dq: ArrayViewMut3<'a, u8>,
    /// Noise of one read `(row, column)` \[e-\].
    pub read_noise_e: ArrayView2<'a, f32>,
}

/// Fits all ramps of a band of rows.
///
/// `rates` is `(row, column)`, of the rows of `ramp`, in e-/s; every value is written. Ramps without two usable
/// resultants in a row get a rate and variances of 0 and the flag `do_not_use`; those in which a jump was found get the
/// flag `jump`.
///
/// Serial, and each pixel by itself: callers split the image by rows as they like.
///
/// # Errors
/// [`RampFitError::Shape`] if the arrays do not belong together or the ramp is not the plan's; nothing has been
/// written then.
///
/// # Source
/// stcal 1.20.0 `ramp_fitting/ols_cas22_fit.py::fit_ramps_casertano`. Tolerance: see the [module](super).
pub fn fit_cas22_band(
    plan: &Cas22Plan,
    ramp: Resultants<'_>,
    mut rates: RatesMut<'_, Ix2>,
) -> Result<(), RampFitError> {
    let Resultants {
        data_e,
        mut dq,
        read_noise_e,
    } = ramp;
    let (count, rows, columns) = data_e.dim();
    check_shape(
        "resultants",
        &[plan.resultants(), rows, columns],
        data_e.shape(),
    )?;
    check_shape("quality of the resultants", data_e.shape(), dq.shape())?;
    check_shape("read noise", &[rows, columns], read_noise_e.shape())?;
    rates.check("rates", &[rows, columns])?;
    let mut fitter = PixelFitter::new(plan, count);
    for row in 0..rows {
        for column in 0..columns {
            let pixel = [row, column];
            let samples = data_e.slice(s![.., row, column]);
            let quality = dq.slice(s![.., row, column]);
            fitter.load(samples.iter().copied(), quality.iter().copied());
            let fit = fitter.fit(f64::from(read_noise_e[pixel]));
            rates.slope[pixel] = fit.slope as f32;
            rates.var_rnoise[pixel] = fit.var_read as f32;
            let var_poisson = fit.var_poisson_per_rate * fit.slope.max(0.0);
            rates.var_poisson[pixel] = var_poisson as f32;
            rates.err[pixel] = (var_poisson + fit.var_read).sqrt() as f32;
            rates.dq[pixel] = fitter.quality();
            for &resultant in &fitter.jumps {
                dq[[resultant, row, column]] |= plan.params.resultant_flags.jump;
            }
        }
    }
    Ok(())
}

/// Memory for the fit of one pixel after the other.
#[derive(Debug)]
struct PixelFitter<'p> {
    plan: &'p Cas22Plan,
    resultants: Vec<f64>,
    /// Segments still to be fitted, the last first.
    segments: Vec<Segment>,
    /// Resultants that may hold a jump.
    jumps: Vec<usize>,
    coefficients: Vec<f64>,
    any_fitted: bool,
}

impl<'p> PixelFitter<'p> {
    fn new(plan: &'p Cas22Plan, count: usize) -> Self {
        Self {
            plan,
            resultants: Vec::with_capacity(count),
            segments: Vec::with_capacity(count),
            jumps: Vec::with_capacity(count),
            coefficients: vec![0.0; count],
            any_fitted: false,
        }
    }

    /// Takes a ramp and cuts it into segments.
    fn load(&mut self, samples: impl Iterator<Item = f32>, quality: impl Iterator<Item = u8>) {
        self.resultants.clear();
        self.resultants.extend(samples.map(f64::from));
        self.segments.clear();
        self.jumps.clear();
        self.any_fitted = false;
        let mut before_is_good = false;
        for (i, dq) in quality.enumerate() {
            let good = dq == 0;
            match self.segments.last_mut() {
                Some(segment) if good && before_is_good => segment.last = i,
                _ if good => self.segments.push(Segment { first: i, last: i }),
                _ => {}
            }
            before_is_good = good;
        }
    }

    /// Fits all segments and averages them.
    fn fit(&mut self, read_noise: f64) -> SegmentFit {
        let mut mean = SegmentFit::default();
        let mut total = 0.0;
        while let Some(segment) = self.segments.pop() {
            let fit = segment.fit(
                self.plan,
                &self.resultants,
                read_noise,
                &mut self.coefficients,
            );
            let Some(fit) = fit else { continue };
            if self.cut_at_jump(segment, fit.slope, read_noise) || fit.slope.is_nan() {
                continue;
            }
            self.any_fitted = true;
            let weight = if fit.var_read == 0.0 {
                0.0
            } else {
                1.0 / fit.var_read
            };
            total += weight;
            mean.slope += weight * fit.slope;
            mean.var_read += weight * weight * fit.var_read;
            mean.var_poisson_per_rate += weight * weight * fit.var_poisson_per_rate;
        }
        if total != 0.0 {
            mean.slope /= total;
            mean.var_read /= total * total;
            mean.var_poisson_per_rate /= total * total;
        }
        mean
    }

    /// Cuts a segment at a jump; whether there is one.
    ///
    /// The jump happened in one of two resultants, and neither is used any more.
    fn cut_at_jump(&mut self, segment: Segment, slope: f64, read_noise: f64) -> bool {
        let Some(threshold) = &self.plan.params.jumps else {
            return false;
        };
        let searched = Searched {
            times: &self.plan.times,
            resultants: &self.resultants,
            read_noise,
        };
        let Some(jump) = searched.find(segment, slope, threshold) else {
            return false;
        };
        self.jumps.extend([jump, jump + 1]);
        if jump > segment.first {
            self.segments.push(Segment {
                last: jump - 1,
                ..segment
            });
        }
        if jump + 1 < segment.last {
            self.segments.push(Segment {
                first: jump + 2,
                ..segment
            });
        }
        true
    }

    /// Quality of the pixel after its fit.
    fn quality(&self) -> u32 {
        let flags = &self.plan.params.pixel_flags;
        let jump = if self.jumps.is_empty() { 0 } else { flags.jump };
        let unusable = if self.any_fitted { 0 } else { flags.do_not_use };
        jump | unusable
    }
}

/// Fits all ramps of an image, serially; jumps that are found are flagged in `ramp.dq`.
///
/// # Errors
/// As [`fit_cas22_band`].
///
/// # Examples
/// ```
/// use ndarray::{Array2, Array3};
/// use stcal::ramp_fit::cas22::{Cas22Params, Cas22Plan, JumpThreshold, Resultants, fit_cas22};
/// use stcal::read_pattern::ReadPattern;
///
/// // Six resultants of up to four reads of 3 s, and a source of 20 e-/s that a cosmic ray of 5000 e- joins in the third.
/// let reads = vec![vec![1], vec![2, 3], vec![4, 5, 6, 7], vec![8, 9, 10, 11], vec![12, 13], vec![14]];
/// let pattern = ReadPattern::new(reads)?;
/// let hit = [0.0, 0.0, 5000.0, 5000.0, 5000.0, 5000.0];
/// let value = |i: usize| (20.0 * 3.0 * pattern.mean(i) + hit[i]) as f32;
/// let data = Array3::from_shape_fn((6, 1, 1), |(i, _, _)| value(i));
/// let mut dq = Array3::zeros((6, 1, 1));
/// let read_noise = Array2::from_elem((1, 1), 8.0);
/// let params = Cas22Params { jumps: Some(JumpThreshold::default()), ..Cas22Params::default() };
/// let plan = Cas22Plan::new(&pattern, 3.0, params);
/// let ramp = Resultants { data_e: data.view(), dq: dq.view_mut(), read_noise_e: read_noise.view() };
/// let rates = fit_cas22(&plan, ramp)?;
/// assert!((rates.slope[[0, 0]] - 20.0).abs() < 1e-3);
/// assert_eq!(rates.dq[[0, 0]], 4);
/// assert_eq!(dq.into_raw_vec_and_offset().0, [0, 4, 4, 0, 0, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn fit_cas22(plan: &Cas22Plan, ramp: Resultants<'_>) -> Result<ExposureRates, RampFitError> {
    let (_, rows, columns) = ramp.data_e.dim();
    let mut rates = Rates::zeros(Ix2(rows, columns));
    fit_cas22_band(plan, ramp, rates.view_mut())?;
    Ok(rates)
}
