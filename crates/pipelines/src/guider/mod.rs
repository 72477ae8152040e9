//! `calwebb_guider`: from the raw ramps of a guide star exposure to calibrated images.

mod either;

use std::path::{Path, PathBuf};

use datamodels::models::GuiderModel;
use steps::dq_init::GuiderDqInit;
use steps::flat_field::GuiderFlatField;
use steps::guider_cds::GuiderCds;
use stpipe::run::{Context, Entry, Run, RunError};
use stpipe::{ActionTask, BoxError, Origin, Product, Settings, StepError, TaskSpec};

pub(crate) use either::either;

stpipe::params! {
    /// Parameters of `calwebb_guider` itself; it has none of its own.
    pub struct GuiderParams {}
}

/// The steps, for all five modes of the guider.
pub const STEPS: &[Entry<GuiderModel>] = &[
    Entry::of::<GuiderDqInit>(),
    Entry::of::<GuiderCds>(),
    Entry::of::<GuiderFlatField>(),
];

/// Names, parameters and steps of the pipeline.
pub fn spec() -> TaskSpec {
    TaskSpec::pipeline::<GuiderParams>(
        "calwebb_guider",
        "jwst.pipeline.calwebb_guider.GuiderPipeline",
        "Calibrates the images of guide star exposures",
        vec![
            TaskSpec::step::<GuiderDqInit>(),
            TaskSpec::step::<GuiderCds>(),
            TaskSpec::step::<GuiderFlatField>(),
        ],
    )
}

/// `calwebb_guider` for programs.
pub fn task() -> ActionTask {
    ActionTask::new(spec(), run)
}

fn run(
    context: &Context<'_>,
    settings: Settings,
    inputs: &[PathBuf],
) -> Result<Vec<PathBuf>, RunError> {
    let (mut run, exposure) = Run::on_file(context, settings, inputs, open_guider)?;
    // Parity: the pipeline puts its own suffix in place of the user's.
    run.settings_mut().set("suffix", "cal", Origin::Caller)?;
    let planned: Vec<&str> = STEPS.iter().map(|entry| entry.name).collect();
    run.prefetch(&exposure.selection(), &planned)?;
    let mut exposure = run.table(STEPS, exposure)?;
    run.finish(&mut exposure)
}

/// `EXP_TYPE` of guide star exposures.
pub(crate) const EXPOSURE_TYPES: [&str; 6] = [
    "FGS_ID-IMAGE",
    "FGS_ID-STACK",
    "FGS_ACQ1",
    "FGS_ACQ2",
    "FGS_TRACK",
    "FGS_FINEGUIDE",
];

/// Opens a guide star exposure: ramps or images.
pub(crate) fn open_guider(path: &Path) -> Result<GuiderModel, BoxError> {
    let exposure = GuiderModel::open(path)?;
    let kind = exposure.meta().exposure().kind()?;
    if !EXPOSURE_TYPES.contains(&kind.as_str()) {
        let expected = "that of a guide star exposure; this step or pipeline is not for others";
        return Err(StepError::input("keyword EXP_TYPE", expected, kind).into());
    }
    Ok(exposure)
}
