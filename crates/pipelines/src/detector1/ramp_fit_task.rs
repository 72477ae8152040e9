//! `ramp_fit` on its own, which makes several products.

use std::path::PathBuf;

use steps::ramp_fit::{RampFit, RampFitOutput};
use stpipe::run::{Context, Run, RunError};
use stpipe::{ActionTask, Outcome, Settings, TaskSpec};

use super::save_optional;
use crate::mission::open_ramp;

/// `ramp_fit` for programs.
pub fn ramp_fit_task() -> ActionTask {
    ActionTask::new(TaskSpec::step::<RampFit>(), run)
}

fn run(
    context: &Context<'_>,
    settings: Settings,
    inputs: &[PathBuf],
) -> Result<Vec<PathBuf>, RunError> {
    let (run, ramp) = Run::on_file(context, settings.clone(), inputs, open_ramp)?;
    let (outcome, mut saved) = run.alone::<RampFit>(ramp)?;
    if let Outcome::Complete(RampFitOutput {
        optional: Some(_), ..
    }) = &outcome
    {
        let input = inputs.first().and_then(|path| path.to_str());
        let mut run = Run::begin(context, settings, input)?;
        if let Outcome::Complete(mut fitted) = outcome {
            save_optional(&mut run, &mut fitted, "ramp_fit")?;
            saved.extend_from_slice(run.saved());
        }
    }
    Ok(saved)
}
