//! Steps that work on ramps as well as on rates, in a table of steps on ramps.

use datamodels::RampModel;
use datamodels::models::ExposureModel;
use steps::clean_flicker_noise::WithIntermediates;
use stpipe::Step;
use stpipe::run::{Entry, Run, RunError};

/// A line of the table for a step that takes exposures of any kind.
pub(super) const fn pattern_entry<S>() -> Entry<RampModel>
where
    S: Step<Input = ExposureModel, Output = WithIntermediates>,
{
    Entry {
        name: S::NAME,
        about: S::ABOUT,
        condition: "",
        applies: |_| true,
        run: correct_ramp::<S>,
    }
}

fn correct_ramp<S>(run: &mut Run<'_>, ramp: RampModel) -> Result<RampModel, RunError>
where
    S: Step<Input = ExposureModel, Output = WithIntermediates>,
{
    use stpipe::Outcome::{Complete, Failed, Skipped};
    let exposure = ExposureModel::Ramp(Box::new(ramp));
    let exposure = match run.outcome::<S>(S::NAME, exposure)? {
        Complete(corrected) => corrected.exposure,
        Skipped { input, .. } | Failed { input, .. } => input,
    };
    match exposure {
        ExposureModel::Ramp(ramp) => Ok(*ramp),
        ExposureModel::Rate(_) => unreachable!("the step gives back the kind that it is given"),
    }
}
