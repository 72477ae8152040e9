//! `calwebb_image3`: from calibrated exposures to an aligned mosaic and its catalogue.

mod memory;
mod mosaic;
mod table;

use std::path::PathBuf;

use associations::Role;
use datamodels::library::{Exposure, Library};
use stpipe::run::{Context, Run, RunError};
use stpipe::{ActionTask, Origin, Settings, Values};

use crate::library::{self, Input};

pub use memory::TooLittleMemory;
pub(crate) use table::order;
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
    let mut library = input.library(|role| *role == Role::Science, &run)?;
    check_instruments(&library).map_err(|error| input.unusable(error.into()))?;
    if let Some(limit) = run.max_memory_bytes() {
        let threads = rayon::current_num_threads();
        let heeded = memory::heed(&mut library, run.settings(), limit, threads);
        heeded.map_err(|error| input.unusable(error.into()))?;
    }
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

/// Exposures of more than one instrument make no mosaic.
#[derive(Debug, thiserror::Error)]
#[error("exposures of more than one instrument: {first} is of {instrument}, {other} of {foreign}")]
pub struct MixedInstruments {
    /// The first exposure.
    pub first: String,
    /// Its instrument.
    pub instrument: String,
    /// An exposure of another instrument.
    pub other: String,
    /// That instrument.
    pub foreign: String,
}

/// The reference combines them as if they had the same units, throughput and pixels.
fn check_instruments(library: &Library) -> Result<(), MixedInstruments> {
    let instrument = |exposure: &Exposure| {
        let name = exposure.meta.text("meta.instrument.name");
        name.unwrap_or_default().to_owned()
    };
    let Some((first, others)) = library.exposures().split_first() else {
        return Ok(());
    };
    let expected = instrument(first);
    let foreign = others.iter().find(|other| instrument(other) != expected);
    foreign.map_or(Ok(()), |other| {
        Err(MixedInstruments {
            first: first.file_name().to_owned(),
            instrument: expected,
            other: other.file_name().to_owned(),
            foreign: instrument(other),
        })
    })
}

/// Metadata by which references are selected: those of the first exposure.
fn selection(library: &Library) -> Values {
    let first = library.exposures().first();
    first.map_or_else(Values::new, |exposure| {
        datamodels::product::selection(&exposure.meta)
    })
}
