//! `bkg_subtract`, whose inputs are several: in the pipeline, and on its own.

use std::path::{Path, PathBuf};

use associations::Role;
use datamodels::models::RateModel;
use steps::bkg_subtract::{BackgroundSubtracted, BkgSubtract};
use stpipe::run::{Context, Entry, Run, RunError};
use stpipe::{ActionTask, BoxError, Origin, Outcome, ParamValue, Settings, Step, TaskSpec};

use crate::association::{advise, allowed, association_of};
use crate::mission::open_image;

const LIST: &str = "bkg_list";

/// The line of the step in the table of the pipeline.
pub(super) const ENTRY: Entry<RateModel> = Entry {
    name: BkgSubtract::NAME,
    about: BkgSubtract::ABOUT,
    condition: "the association names background exposures",
    applies: |_| true,
    run: subtract,
};

fn subtract(run: &mut Run<'_>, rate: RateModel) -> Result<RateModel, RunError> {
    let settings = run.settings().step(BkgSubtract::NAME);
    let has_backgrounds = settings.is_some_and(
        |settings| matches!(settings.value(LIST), ParamValue::List(items) if !items.is_empty()),
    );
    if !has_backgrounds {
        return Ok(rate);
    }
    Ok(match run.outcome::<BkgSubtract>(BkgSubtract::NAME, rate)? {
        Outcome::Complete(BackgroundSubtracted { rate, .. }) => rate,
        Outcome::Skipped { input, .. } | Outcome::Failed { input, .. } => input,
    })
}

/// Files as the step takes them.
pub(super) fn list(paths: &[PathBuf]) -> ParamValue {
    let names = paths
        .iter()
        .map(|path| ParamValue::from(path.display().to_string()));
    ParamValue::List(names.collect())
}

/// Files of a command line, which may also be separated by commas.
fn split(arguments: &[PathBuf]) -> ParamValue {
    let texts: Vec<String> = arguments
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let names = texts
        .iter()
        .flat_map(|text| text.split(','))
        .filter(|name| !name.is_empty());
    ParamValue::List(names.map(ParamValue::from).collect())
}

/// `bkg_subtract` for programs: an association, or an exposure and its backgrounds.
pub fn background_task() -> ActionTask {
    ActionTask::new(TaskSpec::step::<BkgSubtract>(), run)
}

fn run(
    context: &Context<'_>,
    mut settings: Settings,
    inputs: &[PathBuf],
) -> Result<Vec<PathBuf>, RunError> {
    let [path, given @ ..] = inputs else {
        return Err(RunError::InputCount {
            task: settings.name().to_owned(),
            expected: "an exposure or association, and background exposures",
            found: 0,
        });
    };
    let (science, members) = members(context, path).map_err(|source| RunError::Input {
        path: path.clone(),
        source,
    })?;
    if !members.is_empty() {
        settings.set(LIST, list(&members), Origin::Caller)?;
    } else if !given.is_empty() {
        settings.set(LIST, split(given), Origin::CommandLine)?;
    }
    let run = Run::begin(context, settings, path.to_str())?;
    tracing::info!("Working on input {} ...", science.display());
    let rate = open_image(&science).map_err(|source| RunError::Input {
        path: science,
        source,
    })?;
    run.alone::<BkgSubtract>(rate).map(|(_, saved)| saved)
}

/// The science exposure of an input and the backgrounds that belong to it.
fn members(context: &Context<'_>, path: &Path) -> Result<(PathBuf, Vec<PathBuf>), BoxError> {
    let association = association_of(path)?;
    association
        .check_members(allowed(context))
        .map_err(advise)?;
    if association.products.len() > 1 {
        tracing::warn!("Multiple products in input association. Using only the first one.");
    }
    let product = &association.products[0];
    let science = association.only(product, &Role::Science)?;
    if product.members_of(&Role::Science).count() > 1 {
        tracing::warn!(
            "Wrong number of science exposures found in {}; using only the first one.",
            product.name
        );
    }
    let science = association.path_of(science, allowed(context))?;
    let backgrounds = association.paths_of(product, &Role::Background, allowed(context))?;
    Ok((science, backgrounds))
}
