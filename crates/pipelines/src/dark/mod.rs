//! `calwebb_dark`: from the raw ramps of a dark exposure to ramps without the signatures of the readout.
//!
//! Its steps are the first ones of [`detector1`](crate::detector1), up to the linearity of the ramps.

use std::path::PathBuf;

use datamodels::RampModel;
use steps::dq_init::DqInit;
use steps::emicorr::Emicorr;
use steps::firstframe::FirstFrame;
use steps::group_scale::GroupScale;
use steps::ipc::Ipc;
use steps::lastframe::LastFrame;
use steps::linearity::Linearity;
use steps::refpix::Refpix;
use steps::reset::Reset;
use steps::rscd::Rscd;
use steps::saturation::Saturation;
use steps::superbias::Superbias;
use stpipe::run::{Context, Entry, Run, RunError};
use stpipe::{ActionTask, Product, Settings, Step, StepError, TaskSpec};

use crate::detector1::{MIRI, NEAR_INFRARED};
use crate::mission::open_ramp;

stpipe::params! {
    /// Parameters of `calwebb_dark` itself; it has none of its own.
    pub struct DarkParams {}
}

/// Names, parameters and steps of the pipeline.
pub fn spec() -> TaskSpec {
    TaskSpec::pipeline::<DarkParams>(
        "calwebb_dark",
        "jwst.pipeline.calwebb_dark.DarkPipeline",
        "Corrects the raw ramps of a dark exposure",
        vec![
            TaskSpec::step::<GroupScale>(),
            TaskSpec::step::<DqInit>(),
            TaskSpec::step::<Emicorr>(),
            TaskSpec::step::<Saturation>(),
            TaskSpec::step::<Ipc>(),
            TaskSpec::step::<Superbias>(),
            TaskSpec::step::<Refpix>(),
            TaskSpec::step::<Reset>(),
            TaskSpec::step::<Rscd>(),
            TaskSpec::step::<FirstFrame>(),
            TaskSpec::step::<LastFrame>(),
            TaskSpec::step::<Linearity>(),
        ],
    )
}

/// The steps for an instrument, in their order.
pub fn table(instrument: &str) -> &'static [Entry<RampModel>] {
    let (steps, last) = if instrument == "MIRI" {
        (MIRI, Rscd::NAME)
    } else {
        (NEAR_INFRARED, Linearity::NAME)
    };
    let end = steps
        .iter()
        .position(|entry| entry.name == last)
        .map_or(steps.len(), |index| index + 1);
    &steps[..end]
}

/// `calwebb_dark` for programs.
pub fn task() -> ActionTask {
    ActionTask::new(spec(), run)
}

fn run(
    context: &Context<'_>,
    settings: Settings,
    inputs: &[PathBuf],
) -> Result<Vec<PathBuf>, RunError> {
    let (mut run, ramp) = Run::on_file(context, settings, inputs, open_ramp)?;
    let mut ramp = process(&mut run, ramp)?;
    run.finish(&mut ramp)
}

fn process(run: &mut Run<'_>, ramp: RampModel) -> Result<RampModel, RunError> {
    let instrument = ramp
        .meta
        .instrument()
        .name()
        .map_err(|source| RunError::Step {
            step: run.settings().name().to_string(),
            input: ramp
                .file_name()
                .unwrap_or_else(|| "the model in memory".to_string()),
            source: Box::new(StepError::algorithm(source)),
        })?;
    let steps = table(&instrument);
    let planned: Vec<&str> = steps.iter().map(|entry| entry.name).collect();
    run.prefetch(&ramp.selection(), &planned)?;
    run.table(steps, ramp)
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn the_pipeline_ends_with_straight_ramps() {
        let names = |instrument| {
            table(instrument)
                .iter()
                .map(|entry| entry.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names("MIRI"),
            [
                "group_scale",
                "dq_init",
                "emicorr",
                "saturation",
                "ipc",
                "firstframe",
                "lastframe",
                "reset",
                "linearity",
                "rscd"
            ]
        );
        assert_eq!(
            names("NIRCAM"),
            [
                "group_scale",
                "dq_init",
                "saturation",
                "ipc",
                "superbias",
                "refpix",
                "linearity"
            ]
        );
    }
}
