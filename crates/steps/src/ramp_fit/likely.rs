//! The likelihood fit, spread over the thread pool.

use asdf::Node;
use datamodels::RampModel;
use ndarray::Axis;
use rayon::prelude::*;
use stcal::ramp_fit::{
    LikelyFit, LikelyParams, LikelyPlan, Ramp, RampFitError, ReadTimes, fit_likely_band,
};
use stpipe::StepError;

use super::{RampFitOutput, RampFitParams, RampFitReferences, fit as ols};
use crate::bands;

const READ_TIMES: &str = "meta.exposure.read_times";

/// Times of the reads, if the exposure gives them because they are uneven \[s\].
pub(super) fn read_times(ramp: &RampModel) -> Result<Option<ReadTimes>, StepError> {
    let groups = ramp.meta.get(READ_TIMES).and_then(Node::as_sequence);
    let Some(groups) = groups.filter(|groups| !groups.is_empty()) else {
        return Ok(None);
    };
    let numbers = groups.iter().map(|group| match group.as_sequence() {
        Some(reads) => reads.iter().map(Node::as_f64).collect(),
        None => group.as_f64().map(|time| vec![time]),
    });
    let Some(numbers) = numbers.collect::<Option<Vec<_>>>() else {
        let expected = "a list of times for every group";
        return Err(StepError::input(READ_TIMES, expected, "something else"));
    };
    if numbers.len() != ramp.data.dim().1 {
        let expected = format!("{} groups, as the data have", ramp.data.dim().1);
        return Err(StepError::input(READ_TIMES, expected, numbers.len()));
    }
    let times = ReadTimes::new(numbers).map_err(StepError::algorithm)?;
    Ok(Some(times))
}

/// Fits all ramps, at the times given or else at even ones.
pub(super) fn fit(
    params: &RampFitParams,
    references: &RampFitReferences,
    times: Option<ReadTimes>,
    ramp: RampModel,
) -> Result<RampFitOutput, StepError> {
    let plan = plan(&ramp, times)?;
    let fit = fit_bands(&plan, &ols::views(&ramp, references)).map_err(StepError::algorithm)?;
    Ok(RampFitOutput::of_likely(ramp, fit, params.save_opt))
}

fn plan(ramp: &RampModel, times: Option<ReadTimes>) -> Result<LikelyPlan, StepError> {
    let timing = ols::timing(ramp)?;
    let times = times.unwrap_or_else(|| ReadTimes::even(ramp.data.dim().1, &timing));
    let params = LikelyParams {
        flags: ols::FLAGS,
        ..LikelyParams::default()
    };
    let plan = if ramp.zeroframe.is_some() {
        LikelyPlan::with_zero_frame(times, timing.frames_per_group, params)
    } else {
        LikelyPlan::new(times, params)
    };
    let plan = plan.map_err(StepError::algorithm)?;
    if ramp.zeroframe.is_some() && !plan.uses_zero_frame() {
        tracing::warn!("The zero frame is ignored: the first group has a single read");
    }
    Ok(plan)
}

fn fit_bands(plan: &LikelyPlan, ramp: &Ramp<'_>) -> Result<LikelyFit, RampFitError> {
    let parts = ramp.row_bands(bands::ROWS)?;
    let mut fit = LikelyFit::zeros(ramp);
    let chi_square = fit.chi_square.axis_chunks_iter_mut(Axis(0), bands::ROWS);
    let targets: Vec<_> = fit
        .exposure
        .row_bands_mut(bands::ROWS)
        .into_iter()
        .zip(fit.integrations.row_bands_mut(bands::ROWS))
        .zip(chi_square)
        .collect();
    parts
        .par_iter()
        .zip(targets)
        .try_for_each(|(band, ((exposure, each), chi_square))| {
            fit_likely_band(plan, band, exposure, each, chi_square)
        })?;
    Ok(fit)
}
