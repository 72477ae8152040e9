//! `calwebb_detector1`: from the raw ramps of a detector to count rates.

mod limit;
mod memory;
mod patterns;
mod ramp_fit_task;
mod table;
mod task;

use datamodels::RampModel;
use datamodels::models::{CubeModel, ImageModel, RateModel};
use steps::gain_scale::GainScale;
use steps::ramp_fit::{RampFit, RampFitOutput, RampFitParams};
use stpipe::run::{Run, RunError};
use stpipe::{Origin, Outcome, Product, StepError};

pub use limit::RampTooLarge;
pub use memory::Detector1;
pub use ramp_fit_task::ramp_fit_task;
pub(crate) use table::order;
pub use table::{MIRI, NEAR_INFRARED, spec};
pub use task::task;

stpipe::params! {
    /// Parameters of `calwebb_detector1` itself.
    pub struct Detector1Params {
        /// Save the calibrated ramp (`_ramp`)
        pub save_calibrated_ramp: bool = false;
    }
}

/// What the pipeline makes.
#[derive(Debug, Clone)]
pub enum Detector1Output {
    /// Count rates.
    Rates {
        /// Of the exposure; `_rate`.
        rate: Box<ImageModel>,
        /// Of each integration; `_rateints`.
        rateints: Box<CubeModel>,
    },
    /// The calibrated ramp, where `ramp_fit` was skipped; `_ramp`.
    Ramp(Box<RampModel>),
    /// Nothing: every ramp of the exposure is saturated or unusable from its first group on.
    Nothing,
}

/// Runs the steps on an exposure; products beside the results are saved where the parameters say so.
fn process(run: &mut Run<'_>, ramp: RampModel) -> Result<Detector1Output, RunError> {
    let instrument = check(run, &ramp)?;
    let steps = if instrument == "MIRI" {
        MIRI
    } else {
        NEAR_INFRARED
    };
    let mut planned: Vec<&str> = steps.iter().map(|entry| entry.name).collect();
    planned.extend(["ramp_fit", "gain_scale"]);
    run.prefetch(&ramp.selection(), &planned)?;
    let mut ramp = run.table(steps, ramp)?;
    if run
        .settings()
        .params::<Detector1Params>()?
        .save_calibrated_ramp
    {
        run.save(&mut ramp, "ramp")?;
    }
    match run.outcome::<RampFit>("ramp_fit", ramp)? {
        Outcome::Complete(rates) => scale_rates(run, rates),
        Outcome::Skipped { input, .. } | Outcome::Failed { input, .. } => {
            Ok(Detector1Output::Ramp(Box::new(input)))
        }
    }
}

/// The instrument, if this pipeline is for its exposure.
fn check(run: &Run<'_>, ramp: &RampModel) -> Result<String, RunError> {
    let refuse = |source: StepError| RunError::Step {
        step: run.settings().name().to_string(),
        input: ramp
            .file_name()
            .unwrap_or_else(|| "the model in memory".to_string()),
        source: Box::new(source),
    };
    let kind = ramp
        .meta
        .exposure()
        .kind()
        .map_err(|e| refuse(StepError::algorithm(e)))?;
    if crate::guider::EXPOSURE_TYPES.contains(&kind.as_str()) {
        let expected =
            "an exposure of a science mode; guide star exposures belong to calwebb_guider";
        return Err(refuse(StepError::input("keyword EXP_TYPE", expected, kind)));
    }
    ramp.meta
        .instrument()
        .name()
        .map_err(|e| refuse(StepError::algorithm(e)))
}

/// Applies `gain_scale` to both products.
fn scale_rates(run: &mut Run<'_>, mut fitted: RampFitOutput) -> Result<Detector1Output, RunError> {
    save_optional(run, &mut fitted, "ramp_fit")?;
    let (Some(rate), Some(rateints)) = (fitted.rate, fitted.rateints) else {
        return Ok(Detector1Output::Nothing);
    };
    let rate = gain_scale(run, RateModel::Image(rate), "gain_scale")?;
    let rateints = gain_scale(run, RateModel::Cube(rateints), "gain_scaleints")?;
    let (RateModel::Image(rate), RateModel::Cube(rateints)) = (rate, rateints) else {
        unreachable!("gain_scale gives back the kind that it is given")
    };
    Ok(Detector1Output::Rates {
        rate: Box::new(rate),
        rateints: Box::new(rateints),
    })
}

fn gain_scale(run: &mut Run<'_>, rate: RateModel, suffix: &str) -> Result<RateModel, RunError> {
    if let Some(settings) = run.settings_mut().step_mut("gain_scale") {
        settings.set("suffix", suffix, Origin::Caller)?;
    }
    run.step::<GainScale, _>(rate)
}

/// Saves what the fit knows besides the rates, where asked for.
fn save_optional(
    run: &mut Run<'_>,
    fitted: &mut RampFitOutput,
    step: &str,
) -> Result<(), RunError> {
    let Some(optional) = &mut fitted.optional else {
        return Ok(());
    };
    let settings = run.settings().step(step).unwrap_or(run.settings());
    let name = settings.params::<RampFitParams>()?.opt_name;
    let suffix = optional.suffix();
    let optional = optional.product();
    let base = if name.is_empty() {
        optional.file_name()
    } else {
        Some(name)
    };
    match base {
        Some(base) => run.save_named(optional, &base, suffix)?,
        None => run.save(optional, suffix)?,
    };
    Ok(())
}
