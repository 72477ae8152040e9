//! The least-squares fit, spread over the thread pool.

use datamodels::RampModel;
use datamodels::dq::{group, pixel};
use ndarray::{Ix2, Ix3};
use rayon::prelude::*;
use stcal::ramp_fit::{
    EdgeGroups, GroupSurvey, OlsFit, OlsParams, OlsPlan, OptionalResults, Ramp, RampFitError,
    RampFlags, RampTiming, Rates, fit_ols_band,
};
use stpipe::StepError;

use super::{RampFitOutput, RampFitParams, RampFitReferences};
use crate::{bands, flags, metadata_error};

/// Quality bits of the fits.
pub(super) const FLAGS: RampFlags = RampFlags {
    group: flags::GROUP,
    pixel: flags::PIXEL,
    group_persistence: group::PERSISTENCE,
    pixel_persistence: pixel::PERSISTENCE,
};

/// What the fits see of an exposure.
pub(super) fn views<'a>(ramp: &'a RampModel, references: &'a RampFitReferences) -> Ramp<'a> {
    Ramp {
        data_dn: ramp.data.view(),
        group_dq: ramp.groupdq.view(),
        pixel_dq: ramp.pixeldq.view(),
        read_noise_dn: references.read_noise.read_noise_dn.view(),
        gain_e_per_dn: references.gain.gain_e_per_dn.view(),
        zero_frame_dn: ramp.zeroframe.as_ref().map(|frame| frame.view()),
        dark_rate: ramp.average_dark_current.as_ref().map(|dark| dark.view()),
    }
}

/// Fits all ramps; an exposure in which nothing can be fitted gives no products.
pub(super) fn fit(
    params: &RampFitParams,
    references: &RampFitReferences,
    ramp: RampModel,
) -> Result<RampFitOutput, StepError> {
    Ok(match rates(params, references, &ramp)? {
        Some(fit) => RampFitOutput::of_ols(ramp, fit),
        None => RampFitOutput::none(),
    })
}

/// The rates of the ramps; `None` if nothing can be fitted.
pub(crate) fn rates(
    params: &RampFitParams,
    references: &RampFitReferences,
    ramp: &RampModel,
) -> Result<Option<OlsFit>, StepError> {
    let choices = OlsParams {
        suppress_one_group: params.suppress_one_group,
        optional_results: params.save_opt,
        flags: FLAGS,
    };
    let views = views(ramp, references);
    let parts = views.row_bands(bands::ROWS).map_err(StepError::algorithm)?;
    let survey = parts
        .par_iter()
        .map(|band| GroupSurvey::of_band(&band.group_dq, &choices));
    let Some(survey) = survey.reduce_with(|a, b| a.merge(&b)) else {
        return Err(StepError::input("the ramp", "at least one row", 0));
    };
    let instrument = ramp.meta.instrument().name().map_err(metadata_error)?;
    let edges = if instrument == "MIRI" {
        EdgeGroups::Drop
    } else {
        EdgeGroups::Keep
    };
    let window = match survey.window(edges) {
        Ok(window) => window,
        Err(nothing) => {
            tracing::warn!("No rates are made: {nothing}");
            return Ok(None);
        }
    };
    let plan = OlsPlan::new(ramp.data.dim().1, window, &timing(ramp)?, choices)
        .map_err(StepError::algorithm)?;
    let fit = fit_bands(&plan, &views, &parts).map_err(StepError::algorithm)?;
    Ok(Some(fit))
}

fn fit_bands(plan: &OlsPlan, whole: &Ramp<'_>, parts: &[Ramp<'_>]) -> Result<OlsFit, RampFitError> {
    let (integrations, _, rows, columns) = whole.data_dn.dim();
    let mut exposure = Rates::zeros(Ix2(rows, columns));
    let mut each = Rates::zeros(Ix3(integrations, rows, columns));
    let targets: Vec<_> = exposure
        .row_bands_mut(bands::ROWS)
        .into_iter()
        .zip(each.row_bands_mut(bands::ROWS))
        .collect();
    let segments = parts
        .par_iter()
        .zip(targets)
        .with_max_len(1)
        .map(|(band, (exposure, each))| fit_ols_band(plan, band, exposure, each))
        .collect::<Result<Vec<_>, _>>()?;
    let segments: Option<Vec<_>> = segments.into_iter().collect();
    Ok(OlsFit {
        exposure,
        integrations: each,
        optional: segments.map(|bands| OptionalResults::assemble(&bands)),
    })
}

/// How the exposure is read out.
pub(super) fn timing(ramp: &RampModel) -> Result<RampTiming, StepError> {
    let exposure = ramp.meta.exposure();
    Ok(RampTiming {
        group_time_s: exposure.group_time_s().map_err(metadata_error)?,
        frame_time_s: exposure.frame_time_s().map_err(metadata_error)?,
        frames_per_group: exposure.frames_per_group().map_err(metadata_error)? as u32,
        group_gap: exposure.group_gap().map_err(metadata_error)? as u32,
        dropped_frames: ramp
            .meta
            .integer("meta.exposure.drop_frames1")
            .unwrap_or(0)
            .max(0) as u32,
    })
}
