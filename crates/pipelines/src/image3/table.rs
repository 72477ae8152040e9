//! The order of the steps.

use datamodels::library::Library;
use steps::assign_mtwcs::AssignMtwcs;
use steps::outlier_detection::OutlierDetection;
use steps::resample::Resample;
use steps::skymatch::SkyMatch;
use steps::source_catalog::SourceCatalog;
use steps::tweakreg::TweakReg;
use stpipe::run::{Entry, Order, Run, RunError};
use stpipe::{Outcome, Step, TaskSpec};

use super::Image3Params;
use crate::library::save_attachments;

/// What happens to the exposures before they are combined.
pub const STEPS: &[Entry<Library>] = &[
    Entry::of::<AssignMtwcs>().when("the target moves", is_moving),
    Entry {
        name: TweakReg::NAME,
        about: TweakReg::ABOUT,
        condition: "the target does not move",
        applies: |library| !is_moving(library),
        run: align,
    },
    Entry::of::<SkyMatch>(),
    Entry {
        name: OutlierDetection::NAME,
        about: OutlierDetection::ABOUT,
        condition: "",
        applies: |_| true,
        run: flag_outliers,
    },
];

/// The order of all steps.
pub(crate) fn order() -> Order {
    Order::of_table("", STEPS)
        .then::<Resample>("")
        .then::<SourceCatalog>("resample has made one image")
}

/// Names, parameters and steps of the pipeline.
pub fn spec() -> TaskSpec {
    TaskSpec::pipeline::<Image3Params>(
        "calwebb_image3",
        "jwst.pipeline.calwebb_image3.Image3Pipeline",
        "Combines calibrated images to a mosaic with a catalogue",
        vec![
            TaskSpec::step::<AssignMtwcs>(),
            TaskSpec::step::<TweakReg>(),
            TaskSpec::step::<SkyMatch>(),
            TaskSpec::step::<OutlierDetection>(),
            TaskSpec::step::<Resample>(),
            TaskSpec::step::<SourceCatalog>(),
        ],
    )
}

fn is_moving(library: &Library) -> bool {
    let first = library.exposures().first();
    let kind = first.and_then(|exposure| exposure.meta.text("meta.target.type"));
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("moving"))
}

/// The step may leave catalogues.
fn align(run: &mut Run<'_>, library: Library) -> Result<Library, RunError> {
    let mut library = run.step::<TweakReg, Library>(library)?;
    let directory = run.directory()?;
    save_attachments(&mut library, &directory)?;
    Ok(library)
}

/// The step gives more than the exposures back.
fn flag_outliers(run: &mut Run<'_>, library: Library) -> Result<Library, RunError> {
    Ok(
        match run.outcome::<OutlierDetection>(OutlierDetection::NAME, library)? {
            Outcome::Complete(flagged) => flagged.library,
            Outcome::Skipped { input, .. } | Outcome::Failed { input, .. } => input,
        },
    )
}
