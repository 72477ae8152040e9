//! `ramp_fit` on its own, which makes several products.

use std::path::PathBuf;
use std::sync::Arc;

use steps::ramp_fit::{RampFit, RampFitOutput};
use stpipe::run::{Context, Run, RunError};
use stpipe::{Outcome, Settings, Task, TaskSpec};

use super::save_optional;
use crate::mission::open_ramp;

/// `ramp_fit` for programs.
#[derive(Debug)]
pub struct RampFitTask {
    spec: Arc<TaskSpec>,
}

impl RampFitTask {
    /// The task.
    pub fn new() -> Self {
        Self {
            spec: Arc::new(TaskSpec::step::<RampFit>()),
        }
    }
}

impl Default for RampFitTask {
    fn default() -> Self {
        Self::new()
    }
}

impl Task for RampFitTask {
    fn spec(&self) -> &Arc<TaskSpec> {
        &self.spec
    }

    fn run(
        &self,
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
}
