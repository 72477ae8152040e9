//! The fit of a band of rows, and of a whole image.

use ndarray::{Ix2, Ix3};

use super::super::arrays::{
    ExposureRates, IntegrationRates, Ramp, RampFitError, Rates, RatesMut, check_shape,
};
use super::block::{Block, LANES, Lanes, Piece, RampRow};
use super::clean::CleanFitter;
use super::flagged::FlaggedFitter;
use super::optional::{BandSegments, OptionalResults};
use super::pixel::{Output, PixelFitter};
use super::plan::OlsPlan;
use crate::simd::{Kernel, run_vectorised};

/// Fits all ramps of a band of rows.
///
/// `exposure` is `(row, column)` and `integrations` is `(integration, row, column)`, of the rows of `ramp`; every value
/// is written. Returns the results of single segments if the plan asks for them.
///
/// Serial, and each pixel by itself: callers split the image by rows as they like, see [`Ramp::row_bands`] and
/// [`super::super::Rates::row_bands_mut`].
///
/// The gain and noise may be anything: pixels without positive gain get no rate and the flags `do_not_use` and
/// `no_gain_value`.
///
/// # Errors
/// [`RampFitError::Shape`] if the arrays do not belong together or the ramp is not the plan's; nothing has been
/// written then.
///
/// # Source
/// stcal 1.20.0 `ramp_fitting/src/slope_fitter.c::ols_slope_fitter`. Tolerance: quality and NaN exact, 1e-6 otherwise.
pub fn fit_ols_band(
    plan: &OlsPlan,
    ramp: &Ramp<'_>,
    mut exposure: RatesMut<'_, Ix2>,
    mut integrations: RatesMut<'_, Ix3>,
) -> Result<Option<BandSegments>, RampFitError> {
    ramp.check()?;
    let (count, groups, rows, columns) = ramp.data_dn.dim();
    check_shape(
        "ramp",
        &[count, plan.groups, rows, columns],
        &[count, groups, rows, columns],
    )?;
    exposure.check("rates of the exposure", &[rows, columns])?;
    integrations.check("rates of the integrations", &[count, rows, columns])?;

    let optional = plan.params.optional_results;
    let mut output = Output {
        exposure: exposure.reborrow(),
        integrations: integrations.reborrow(),
        segments: optional.then(|| BandSegments::new((count, rows, columns))),
    };
    let mut pixels = PixelFitter::new(plan, count);
    let mut clean = CleanFitter::new(plan, count);
    let mut flagged = FlaggedFitter::new(plan, count);
    let mut block = Block::new(count, groups);
    for row in 0..rows {
        let input = RampRow::of(ramp, row);
        for start in (0..columns).step_by(LANES) {
            let end = (start + LANES).min(columns);
            let piece = Piece { row, start, end };
            let found = run_vectorised(FitPiece {
                row: &input,
                block: &mut block,
                clean: clean.as_mut(),
                piece,
                output: &mut output,
            });
            for column in (start..end).filter(|column| !found.fitted[column - start]) {
                let (lane, place) = (column - start, [row, column]);
                match (&clean, &mut flagged) {
                    (Some(clean), Some(flagged)) if found.packable[lane] => {
                        let pixel = clean.pixel(&input, place, lane);
                        flagged.add(&block, clean, (lane, pixel), &mut output);
                    }
                    _ => pixels.fit(ramp, (&block, lane), place, &mut output),
                }
            }
        }
    }
    if let Some(flagged) = &mut flagged {
        flagged.finish(&mut output);
    }
    Ok(output.segments)
}

/// What became of the ramps of a piece.
struct PieceFit {
    fitted: Lanes<bool>,
    /// Those of the others that a pack can take.
    packable: Lanes<bool>,
}

/// Loads the ramps of a piece and fits the clean ones.
struct FitPiece<'a, 'r, 'p, 'o> {
    row: &'a RampRow<'r>,
    block: &'a mut Block,
    clean: Option<&'a mut CleanFitter<'p>>,
    piece: Piece,
    output: &'a mut Output<'o>,
}

impl Kernel for FitPiece<'_, '_, '_, '_> {
    type Output = PieceFit;

    #[inline(always)]
    fn run(self) -> PieceFit {
        self.block.load(self.row, self.piece);
        match self.clean {
            Some(clean) => PieceFit {
                fitted: *clean.fit(self.row, self.block, self.piece, self.output),
                packable: clean.packable(self.block),
            },
            None => PieceFit {
                fitted: [false; LANES],
                packable: [false; LANES],
            },
        }
    }
}

/// Results of the fit of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct OlsFit {
    /// Rates of the exposure.
    pub exposure: ExposureRates,
    /// Rates of each integration.
    pub integrations: IntegrationRates,
    /// Results of single segments, if asked for.
    pub optional: Option<OptionalResults>,
}

/// Fits all ramps of an image, serially.
///
/// # Errors
/// As [`fit_ols_band`].
///
/// # Examples
/// ```
/// use ndarray::{Array2, Array4};
/// use stcal::ramp_fit::{fit_ols, GroupWindow, OlsParams, OlsPlan, Ramp, RampTiming};
///
/// // A pixel that gains 30 DN per group of 10 s.
/// let data = Array4::from_shape_fn((1, 5, 1, 1), |(_, group, _, _)| 100.0 + 30.0 * group as f32);
/// let group_dq = Array4::zeros((1, 5, 1, 1));
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
/// let timing = RampTiming {
///     group_time_s: 10.0,
///     frame_time_s: 10.0,
///     frames_per_group: 1,
///     group_gap: 0,
///     dropped_frames: 0,
/// };
/// let plan = OlsPlan::new(5, GroupWindow::all(5), &timing, OlsParams::default())?;
/// let fit = fit_ols(&plan, &ramp)?;
/// assert!((fit.exposure.slope[[0, 0]] - 3.0).abs() < 1e-6);
/// // 3 DN/s over (2 e-/DN) (40 s).
/// assert!((fit.exposure.var_poisson[[0, 0]] - 3.0 / 80.0).abs() < 1e-6);
/// # Ok::<(), stcal::ramp_fit::RampFitError>(())
/// ```
pub fn fit_ols(plan: &OlsPlan, ramp: &Ramp<'_>) -> Result<OlsFit, RampFitError> {
    let (count, _, rows, columns) = ramp.data_dn.dim();
    let mut exposure = Rates::zeros(Ix2(rows, columns));
    let mut integrations = Rates::zeros(Ix3(count, rows, columns));
    let segments = fit_ols_band(plan, ramp, exposure.view_mut(), integrations.view_mut())?;
    Ok(OlsFit {
        exposure,
        integrations,
        optional: segments.map(|band| OptionalResults::assemble(&[band])),
    })
}
