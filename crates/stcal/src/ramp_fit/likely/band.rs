//! The fit of a band of rows, and of a whole image.

use ndarray::{Array2, ArrayView3, ArrayViewMut2, Axis, Ix2, Ix3, s};

use super::super::arrays::{
    ExposureRates, IntegrationRates, Ramp, RampFitError, Rates, RatesMut, check_shape,
};
use super::combine::Combiner;
use super::jumps::Search;
use super::lanes::{LANES, Lane, Workspace};
use super::plan::LikelyPlan;
use crate::median::median_f64;

/// Fits all ramps of a band of rows.
///
/// `exposure` is `(row, column)`, `integrations` is `(integration, row, column)` and `chi_square`, which gets the sum
/// over the integrations, `(row, column)`, of the rows of `ramp`; every value is written. Samples with any flag are left
/// out. Where nothing is left, rates are NaN; a bad gain or noise makes them NaN or infinite, but is not flagged.
///
/// Serial, and each pixel by itself: callers split the image by rows as they like, see [`Ramp::row_bands`] and
/// [`super::super::Rates::row_bands_mut`].
///
/// # Errors
/// [`RampFitError::Shape`] if the arrays do not belong together or the ramp is not the plan's; nothing has been
/// written then.
///
/// # Source
/// stcal 1.20.0 `ramp_fitting/likely_fit.py::likely_ramp_fit`. Tolerance: quality and NaN exact, 1e-6 otherwise.
pub fn fit_likely_band(
    plan: &LikelyPlan,
    ramp: &Ramp<'_>,
    mut exposure: RatesMut<'_, Ix2>,
    mut integrations: RatesMut<'_, Ix3>,
    mut chi_square: ArrayViewMut2<'_, f32>,
) -> Result<(), RampFitError> {
    ramp.check()?;
    let (count, groups, rows, columns) = ramp.data_dn.dim();
    check_shape(
        "ramp",
        &[count, plan.groups, rows, columns],
        &[count, groups, rows, columns],
    )?;
    exposure.check("rates of the exposure", &[rows, columns])?;
    integrations.check("rates of the integrations", &[count, rows, columns])?;
    check_shape("chi square", &[rows, columns], chi_square.shape())?;
    if plan.uses_zero_frame() && ramp.zero_frame_dn.is_none() {
        return Err(RampFitError::NoZeroFrame);
    }
    chi_square.fill(0.0);
    let mut fitter = Fitter::new(plan);
    let mut combiner = Combiner::default();
    for row in 0..rows {
        for start in (0..columns).step_by(LANES) {
            let piece = Piece {
                row,
                start,
                width: LANES.min(columns - start),
            };
            for integration in 0..count {
                fitter.fit(ramp, integration, piece);
                fitter.store(ramp, integration, piece, &mut integrations, &mut chi_square);
            }
            for column in start..start + piece.width {
                let flags = &plan.params.flags;
                combiner.combine(&integrations, &mut exposure, [row, column], flags);
            }
        }
    }
    Ok(())
}

/// Columns of a row that are fitted together.
#[derive(Debug, Clone, Copy)]
struct Piece {
    row: usize,
    start: usize,
    width: usize,
}

/// Memory for the fit of one piece after the other.
#[derive(Debug)]
struct Fitter<'p> {
    plan: &'p LikelyPlan,
    ramps: Workspace,
    search: Search,
    /// Which differences were used before the search.
    used_before: Vec<Lane>,
    values: Vec<f64>,
    fit: PieceFit,
}

/// Results of a piece.
#[derive(Debug, Default, Clone, Copy)]
struct PieceFit {
    rate: Lane,
    chi_square: Lane,
    err: Lane,
    var_poisson: Lane,
    var_rnoise: Lane,
}

impl<'p> Fitter<'p> {
    fn new(plan: &'p LikelyPlan) -> Self {
        let n = plan.differences();
        Self {
            plan,
            ramps: Workspace::new(n),
            search: Search::new(n),
            used_before: vec![[0.0; LANES]; n],
            values: Vec::with_capacity(n),
            fit: PieceFit::default(),
        }
    }

    /// Fits an integration of a piece.
    fn fit(&mut self, ramp: &Ramp<'_>, integration: usize, piece: Piece) {
        self.load(ramp, integration, piece);
        let covariance = &self.plan.covariance;
        let (mut gain, mut noise, mut dark) = ([1.0; LANES], [1.0; LANES], [0.0; LANES]);
        for k in 0..piece.width {
            let pixel = [piece.row, piece.start + k];
            gain[k] = f64::from(ramp.gain_e_per_dn[pixel]);
            noise[k] = f64::from(ramp.read_noise_dn[pixel]) / std::f64::consts::SQRT_2;
            dark[k] = ramp.dark_rate.map_or(0.0, |dark| f64::from(dark[pixel]));
        }
        let guess = self.median_rates();
        self.ramps.set_noise(covariance, &guess, &gain, &noise);
        self.used_before.copy_from_slice(&self.ramps.used);
        let found = self.search.run(self.plan, &mut self.ramps);
        let rate: Lane = std::array::from_fn(|k| positive(found[k]) + dark[k]);
        self.ramps.set_noise(covariance, &rate, &gain, &noise);
        let fit = self.ramps.fit();
        let noise = self.ramps.noise_of(&fit, covariance);
        self.fit = PieceFit {
            rate: fit.rate,
            chi_square: fit.chi_square,
            err: noise.err,
            var_poisson: noise.var_poisson,
            var_rnoise: noise.var_rnoise,
        };
    }

    /// Differences of the samples, and which of them may be used: those of two samples without flags.
    fn load(&mut self, ramp: &Ramp<'_>, integration: usize, piece: Piece) {
        let Piece { row, start, width } = piece;
        let end = start + width;
        let data = ramp.data_dn.slice(s![integration, .., row, start..end]);
        let dq = ramp.group_dq.slice(s![integration, .., row, start..end]);
        let split = self.plan.zero_frame_of.zip(ramp.zero_frame_dn);
        let split =
            split.map(|(frames, zero)| (frames, zero.slice_move(s![integration, row, start..end])));
        // A sample of the ramp as it is fitted: with a zero frame, there is one more, of the first group's quality.
        let sample = |i: usize, k: usize| match &split {
            None => data[[i, k]],
            Some((_, zero)) if i == 0 => zero[k],
            Some((frames, zero)) if i == 1 => (data[[0, k]] * frames - zero[k]) / (frames - 1.0),
            Some(_) => data[[i - 1, k]],
        };
        let shift = usize::from(split.is_some());
        let quality = |i: usize, k: usize| dq[[i.saturating_sub(shift), k]];
        for (i, delta_t) in self.plan.covariance.delta_t.iter().enumerate() {
            let (difference, used) = (&mut self.ramps.difference[i], &mut self.ramps.used[i]);
            (*difference, *used) = ([0.0; LANES], [1.0; LANES]);
            for k in 0..width {
                difference[k] = f64::from(sample(i + 1, k) - sample(i, k)) / delta_t;
                let good = quality(i, k) == 0 && quality(i + 1, k) == 0;
                used[k] = f64::from(u8::from(good));
            }
        }
    }

    /// Median of all differences, used or not; 0 where it is negative.
    // Parity: stcal likely_fit.py::mask_jumps takes the flagged differences as well.
    fn median_rates(&mut self) -> Lane {
        std::array::from_fn(|k| {
            self.values.clear();
            self.values
                .extend(self.ramps.difference.iter().map(|difference| difference[k]));
            if self.values.iter().any(|value| value.is_nan()) {
                f64::NAN
            } else {
                positive(median_f64(&mut self.values))
            }
        })
    }

    /// Writes the results of an integration of a piece.
    fn store(
        &self,
        ramp: &Ramp<'_>,
        integration: usize,
        piece: Piece,
        rates: &mut RatesMut<'_, Ix3>,
        chi_square: &mut ArrayViewMut2<'_, f32>,
    ) {
        let group_dq = ramp.group_dq.index_axis(Axis(0), integration);
        for k in 0..piece.width {
            let pixel = [piece.row, piece.start + k];
            let place = [integration, pixel[0], pixel[1]];
            rates.slope[place] = self.fit.rate[k] as f32;
            rates.err[place] = self.fit.err[k] as f32;
            rates.var_poisson[place] = self.fit.var_poisson[k] as f32;
            rates.var_rnoise[place] = self.fit.var_rnoise[k] as f32;
            rates.dq[place] = ramp.pixel_dq[pixel] | self.quality(group_dq, pixel, k);
            chi_square[pixel] += self.fit.chi_square[k] as f32;
        }
    }

    /// What the quality of the samples and the search make of the quality of a ramp.
    fn quality(&self, group_dq: ArrayView3<'_, u8>, [row, column]: [usize; 2], k: usize) -> u32 {
        let flags = &self.plan.params.flags;
        let (mut any, mut all_unusable) = (0, true);
        for &dq in group_dq.slice(s![.., row, column]) {
            any |= dq;
            all_unusable &= dq & (flags.group.do_not_use | flags.group.saturated) != 0;
        }
        let pairs = self.used_before.iter().zip(&self.ramps.used);
        let found = pairs
            .into_iter()
            .any(|(before, after)| before[k] != after[k]);
        let mut quality = 0;
        if all_unusable {
            quality |= flags.pixel.do_not_use;
        }
        if any & flags.group.saturated != 0 {
            quality |= flags.pixel.saturated;
        }
        if found || any & flags.group.jump != 0 {
            quality |= flags.pixel.jump;
        }
        quality
    }
}

/// The value, or 0 if it is negative; NaN stays.
fn positive(value: f64) -> f64 {
    if value > 0.0 || value.is_nan() {
        value
    } else {
        0.0
    }
}

/// Results of the fit of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct LikelyFit {
    /// Rates of the exposure.
    pub exposure: ExposureRates,
    /// Rates of each integration.
    pub integrations: IntegrationRates,
    /// χ² of the exposure `(row, column)`: the sum over the integrations.
    pub chi_square: Array2<f32>,
}

impl LikelyFit {
    /// Room for the fit of `ramp`.
    pub fn zeros(ramp: &Ramp<'_>) -> Self {
        let (count, _, rows, columns) = ramp.data_dn.dim();
        Self {
            exposure: Rates::zeros(Ix2(rows, columns)),
            integrations: Rates::zeros(Ix3(count, rows, columns)),
            chi_square: Array2::zeros((rows, columns)),
        }
    }
}

/// Fits all ramps of an image, serially.
///
/// # Errors
/// As [`fit_likely_band`].
///
/// # Examples
/// ```
/// use ndarray::{Array2, Array4};
/// use stcal::ramp_fit::{fit_likely, LikelyParams, LikelyPlan, Ramp, ReadTimes};
///
/// // A pixel that gains 30 DN per group of 10 s, but 500 DN more in the fourth.
/// let sample = |group| if group < 3 { 30.0 * group as f32 } else { 500.0 + 30.0 * group as f32 };
/// let data = Array4::from_shape_fn((1, 6, 1, 1), |(_, group, _, _)| sample(group));
/// let group_dq = Array4::zeros((1, 6, 1, 1));
/// let pixel_dq = Array2::zeros((1, 1));
/// let (gain, read_noise) = (Array2::from_elem((1, 1), 2.0), Array2::from_elem((1, 1), 10.0));
/// let ramp = Ramp {
///     data_dn: data.view(),
///     group_dq: group_dq.view(),
///     pixel_dq: pixel_dq.view(),
///     read_noise_dn: read_noise.view(),
///     gain_e_per_dn: gain.view(),
///     zero_frame_dn: None,
///     dark_rate: None,
/// };
/// let times = ReadTimes::new((1..=6).map(|k| vec![10.0 * f64::from(k)]).collect())?;
/// let plan = LikelyPlan::new(times, LikelyParams::default())?;
/// let fit = fit_likely(&plan, &ramp)?;
/// assert!((fit.exposure.slope[[0, 0]] - 3.0).abs() < 1e-6);
/// assert_eq!(fit.exposure.dq[[0, 0]], 4);
/// assert!(fit.chi_square[[0, 0]] < 1e-6);
/// # Ok::<(), stcal::ramp_fit::RampFitError>(())
/// ```
pub fn fit_likely(plan: &LikelyPlan, ramp: &Ramp<'_>) -> Result<LikelyFit, RampFitError> {
    let mut fit = LikelyFit::zeros(ramp);
    fit_likely_band(
        plan,
        ramp,
        fit.exposure.view_mut(),
        fit.integrations.view_mut(),
        fit.chi_square.view_mut(),
    )?;
    Ok(fit)
}
