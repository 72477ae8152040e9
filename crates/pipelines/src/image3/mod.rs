//! `calwebb_image3`: from calibrated exposures to an aligned mosaic and its catalogue.

mod mosaic;
mod table;

use std::path::PathBuf;

use associations::Role;
use datamodels::library::Library;
use stpipe::run::{Context, Run, RunError};
use stpipe::{ActionTask, Origin, Settings, Values};

use crate::library::{self, Input};

pub use table::{STEPS, spec};

stpipe::params! {
    /// Parameters of `calwebb_image3` itself.
    pub struct Image3Params {
        /// Keep changed exposures in memory instead of temporary files
        pub in_memory: bool = true;
    }
}

/// `calwebb_image3` for programs.
pub fn task() -> ActionTask {
    ActionTask::new(spec(), run)
}

fn run(
    context: &Context<'_>,
    settings: Settings,
    inputs: &[PathBuf],
) -> Result<Vec<PathBuf>, RunError> {
    let (mut run, input) = library::begin(context, settings, inputs)?;
    tracing::info!("Starting calwebb_image3 ...");
    set_outputs(&mut run, &input)?;
    let library = input.library(|role| *role == Role::Science, &run)?;
    let planned: Vec<&str> = STEPS.iter().map(|entry| entry.name).collect();
    run.prefetch(&selection(&library), &planned)?;
    let library = run.table(STEPS, library)?;
    mosaic::make(&mut run, library)?;
    Ok(run.close())
}

/// Names and suffixes of the products, and whether they are saved.
fn set_outputs(run: &mut Run<'_>, input: &Input<'_>) -> Result<(), RunError> {
    let base = run.settings().base()?;
    let save = base.save_results;
    if base.output_file.is_none() && input.is_association() {
        let name = input.product().name.clone();
        run.settings_mut()
            .set("output_file", name, Origin::Caller)?;
    }
    for (step, suffix) in [
        ("outlier_detection", Some("crf")),
        ("resample", Some("i2d")),
        ("source_catalog", None),
    ] {
        let Some(settings) = run.settings_mut().step_mut(step) else {
            continue;
        };
        settings.set("save_results", save, Origin::Caller)?;
        if let Some(suffix) = suffix {
            settings.set("suffix", suffix, Origin::Caller)?;
        }
    }
    Ok(())
}

/// Metadata by which references are selected: those of the first exposure.
fn selection(library: &Library) -> Values {
    let first = library.exposures().first();
    first.map_or_else(Values::new, |exposure| {
        datamodels::product::selection(&exposure.meta)
    })
}
