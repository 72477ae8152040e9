//! `resample` in the pipeline: a product beside the calibrated image, which goes on unchanged.

use std::sync::Arc;

use datamodels::library::{AssociationInfo, Library, group_id};
use datamodels::models::{ImageModel, RateModel};
use steps::resample::Resample;
use stpipe::run::{Entry, Run, RunError};
use stpipe::{Origin, Step};

/// Images of the sky that are put onto a plane without distortion.
const KINDS: [&str; 4] = ["MIR_IMAGE", "NRC_IMAGE", "NIS_IMAGE", "FGS_IMAGE"];

/// The line of the step in the table of the pipeline.
pub(super) const ENTRY: Entry<RateModel> = Entry {
    name: Resample::NAME,
    about: Resample::ABOUT,
    condition: "a single image with EXP_TYPE MIR_IMAGE, NRC_IMAGE, NIS_IMAGE or FGS_IMAGE",
    applies,
    run: resample,
};

fn applies(rate: &RateModel) -> bool {
    let kind = rate.meta().exposure().kind().unwrap_or_default();
    matches!(rate, RateModel::Image(_)) && KINDS.contains(&kind.as_str())
}

/// Saves the resampled image with the suffix i2d, if the pipeline saves its results.
fn resample(run: &mut Run<'_>, rate: RateModel) -> Result<RateModel, RunError> {
    let RateModel::Image(image) = rate else {
        return Ok(rate);
    };
    let save = run.settings().base()?.save_results;
    if let Some(settings) = run.settings_mut().step_mut(Resample::NAME) {
        settings.set("save_results", save, Origin::Caller)?;
        settings.set("suffix", "i2d", Origin::Caller)?;
        settings.set("blendheaders", false, Origin::Caller)?;
    }
    let image = Arc::new(image);
    let library = Library::of_shared(vec![Arc::clone(&image)], AssociationInfo::default());
    // Saved together with the calibrated image.
    let unused = run.leave_results::<Resample>(Resample::NAME, library)?;
    let first = unused
        .as_ref()
        .and_then(|library| library.exposures().first());
    let meta = first.map(|exposure| exposure.meta.clone());
    // The library is gone then, and no array has to be copied.
    drop(unused);
    let mut image = Arc::unwrap_or_clone(image);
    Ok(RateModel::Image(match meta {
        None => with_group(image),
        Some(meta) => {
            image.meta = meta;
            image
        }
    }))
}

/// Names the group of exposures that the image belongs to.
///
/// Parity: the reference's library of models leaves the name in what it has resampled.
fn with_group(mut image: ImageModel) -> ImageModel {
    if let Some(name) = group_id(&image.meta) {
        image.meta.set("meta.group_id", name);
    }
    image
}
