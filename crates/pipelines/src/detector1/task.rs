//! The pipeline on files.

use std::path::PathBuf;

use stpipe::run::{Context, Run, RunError};
use stpipe::{ActionTask, Origin, Settings};

use super::{Detector1Output, limit, process, spec};
use crate::mission::open_ramp;

/// `calwebb_detector1` for programs.
pub fn task() -> ActionTask {
    ActionTask::new(spec(), run)
}

fn run(
    context: &Context<'_>,
    settings: Settings,
    inputs: &[PathBuf],
) -> Result<Vec<PathBuf>, RunError> {
    if let (Some(limit), [path]) = (context.max_memory_bytes, inputs) {
        limit::check(path, limit).map_err(|source| RunError::Input {
            path: path.clone(),
            source,
        })?;
    }
    let (mut run, ramp) = Run::on_file(context, settings, inputs, open_ramp)?;
    match process(&mut run, ramp)? {
        Detector1Output::Rates { mut rate, rateints } => {
            run.leave(*rateints, "rateints")?;
            set_suffix(&mut run, "rate")?;
            run.finish(&mut *rate)
        }
        Detector1Output::Ramp(mut ramp) => {
            set_suffix(&mut run, "ramp")?;
            run.finish(&mut *ramp)
        }
        Detector1Output::Nothing => {
            tracing::warn!("No product is saved: there is nothing to fit");
            Ok(run.saved().to_vec())
        }
    }
}

// Parity: the pipeline puts its own suffix in place of the user's.
fn set_suffix(run: &mut Run<'_>, suffix: &str) -> Result<(), RunError> {
    run.settings_mut().set("suffix", suffix, Origin::Caller)?;
    Ok(())
}
