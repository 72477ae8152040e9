//! `dq_init` on its own, for ramps and for guide star exposures.

use std::path::PathBuf;
use std::sync::Arc;

use datamodels::io::fits::FitsReader;
use datamodels::metadata::Metadata;
use steps::dq_init::{DqInit, GuiderDqInit};
use stpipe::run::{Context, RunError};
use stpipe::{Settings, StepTask, Task, TaskSpec};

use super::{EXPOSURE_TYPES, open_guider};
use crate::mission::open_ramp;

/// `dq_init` for programs: the type of the exposure decides what is opened.
pub struct DqInitTask {
    ramps: StepTask<DqInit>,
    guider: StepTask<GuiderDqInit>,
}

impl DqInitTask {
    /// The task.
    pub fn new() -> Self {
        Self {
            ramps: StepTask::new(open_ramp),
            guider: StepTask::new(open_guider),
        }
    }
}

impl Default for DqInitTask {
    fn default() -> Self {
        Self::new()
    }
}

impl Task for DqInitTask {
    fn spec(&self) -> &Arc<TaskSpec> {
        self.ramps.spec()
    }

    fn run(
        &self,
        context: &Context<'_>,
        settings: Settings,
        inputs: &[PathBuf],
    ) -> Result<Vec<PathBuf>, RunError> {
        // A file that cannot be read is reported by the task that opens it.
        let kind = inputs.first().and_then(|path| {
            let meta = Metadata::read(&FitsReader::open(path).ok()?).ok()?;
            meta.exposure().kind().ok()
        });
        if kind.is_some_and(|kind| EXPOSURE_TYPES.contains(&kind.as_str())) {
            self.guider.run(context, settings, inputs)
        } else {
            self.ramps.run(context, settings, inputs)
        }
    }
}
