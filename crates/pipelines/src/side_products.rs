//! Steps that leave a file besides the ramp.

use std::path::PathBuf;

use datamodels::RampModel;
use steps::emicorr::Emicorr;
use steps::persistence::Persistence;
use stpipe::run::{Context, Entry, Run, RunError};
use stpipe::{ActionTask, Origin, Outcome, Products, Settings, Step, TaskSpec};

use crate::mission::open_ramp;

/// A step from ramp to ramp whose output holds something to be saved besides.
pub(crate) trait SideProduct: Step<Input = RampModel, Output: Products> {
    /// Whether there is something.
    fn leaves_file(output: &Self::Output) -> bool;

    /// Saves it, and gives back the ramp.
    fn save(run: &mut Run<'_>, output: Self::Output) -> Result<RampModel, RunError>;
}

impl SideProduct for Emicorr {
    fn leaves_file(output: &Self::Output) -> bool {
        output.waves.is_some()
    }

    fn save(run: &mut Run<'_>, mut output: Self::Output) -> Result<RampModel, RunError> {
        if let Some(waves) = &mut output.waves {
            let extension = run.settings().base()?.output_ext;
            run.settings_mut()
                .set("output_ext", ".asdf", Origin::Caller)?;
            let saved = run.save(waves, "emi_ref_waves");
            run.settings_mut()
                .set("output_ext", extension, Origin::Caller)?;
            saved?;
        }
        Ok(output.ramp)
    }
}

impl SideProduct for Persistence {
    fn leaves_file(output: &Self::Output) -> bool {
        output.carried.is_some()
    }

    fn save(_run: &mut Run<'_>, output: Self::Output) -> Result<RampModel, RunError> {
        if let Some(carried) = &output.carried {
            carried.save().map_err(|source| RunError::Save {
                path: carried.path.clone(),
                source: source.into(),
            })?;
            tracing::info!("Saved windows of persistence in {}", carried.path.display());
        }
        Ok(output.ramp)
    }
}

/// The line of such a step in the table of a pipeline.
pub(crate) const fn entry<S: SideProduct>() -> Entry<RampModel> {
    Entry {
        name: S::NAME,
        about: S::ABOUT,
        condition: "",
        applies: |_| true,
        run: |run, ramp| match run.outcome::<S>(S::NAME, ramp)? {
            Outcome::Complete(output) => S::save(run, output),
            Outcome::Skipped { input, .. } | Outcome::Failed { input, .. } => Ok(input),
        },
    }
}

/// Such a step on its own.
pub(crate) fn task<S: SideProduct>() -> ActionTask {
    ActionTask::new(TaskSpec::step::<S>(), run::<S>)
}

fn run<S: SideProduct>(
    context: &Context<'_>,
    settings: Settings,
    inputs: &[PathBuf],
) -> Result<Vec<PathBuf>, RunError> {
    let (run, ramp) = Run::on_file(context, settings.clone(), inputs, open_ramp)?;
    let (outcome, mut saved) = run.alone::<S>(ramp)?;
    if let Outcome::Complete(output) = outcome
        && S::leaves_file(&output)
    {
        let input = inputs.first().and_then(|path| path.to_str());
        let mut run = Run::begin(context, settings, input)?;
        S::save(&mut run, output)?;
        saved.extend_from_slice(run.saved());
    }
    Ok(saved)
}
