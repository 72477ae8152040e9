//! The steps of the JWST calibration pipeline.
//!
//! One module for each step: is it applicable, which references does it need, which arrays does the algorithm in
//! [`stcal`] take, what does the product say afterwards. A step is a type that implements [`stpipe::Step`] and a
//! function of a model in memory, its parameters and its loaded references.

pub mod assign_mtwcs;
pub mod assign_wcs;
mod bands;
pub mod bkg_subtract;
pub mod charge_migration;
pub mod clean_flicker_noise;
pub mod dark_current;
pub mod dq_init;
pub mod emicorr;
pub mod firstframe;
mod flags;
pub mod flat_field;
pub mod gain_scale;
mod good_bits;
pub mod group_scale;
pub mod guider_cds;
pub mod ipc;
mod irs2;
pub mod jump;
pub mod lastframe;
pub mod linearity;
mod median;
pub mod outlier_detection;
pub mod persistence;
pub mod photom;
pub mod picture_frame;
pub mod ramp_fit;
mod rates;
mod readout;
pub mod refpix;
pub mod resample;
pub mod reset;
pub mod rscd;
pub mod saturation;
pub mod skymatch;
pub mod source_catalog;
mod stripes;
pub mod superbias;
pub mod tweakreg;
pub mod velocity_aberration;

use std::path::Path;

use datamodels::models::GuiderModel;
use datamodels::reference::Science;
use datamodels::{DataModelError, RampModel};
use stpipe::{ReferenceFiles, SkipReason, StepError};

/// A ramp as a reference has to fit it.
fn science(ramp: &RampModel) -> Science<'_> {
    let (_, _, rows, columns) = ramp.data.dim();
    Science {
        meta: &ramp.meta,
        rows,
        columns,
    }
}

/// A guide star exposure as a reference has to fit it.
fn guider_science(exposure: &GuiderModel) -> Science<'_> {
    let (rows, columns) = exposure.image_size();
    Science {
        meta: exposure.meta(),
        rows,
        columns,
    }
}

/// Loads the reference of a type; `None` where there is none for the exposure.
fn load<R>(
    files: &ReferenceFiles,
    kind: &'static str,
    read: impl FnOnce(&Path) -> Result<R, DataModelError>,
) -> Result<Option<R>, StepError> {
    let path = announced(files, kind)?;
    path.map(|path| read_reference(kind, path, read))
        .transpose()
}

/// Reads two references at the same time, each as [`load`] does.
fn load_both<A: Send, B: Send>(
    files: &ReferenceFiles,
    (kind_a, read_a): (
        &'static str,
        impl FnOnce(&Path) -> Result<A, DataModelError> + Send,
    ),
    (kind_b, read_b): (
        &'static str,
        impl FnOnce(&Path) -> Result<B, DataModelError> + Send,
    ),
) -> Result<(Option<A>, Option<B>), StepError> {
    let (path_a, path_b) = (announced(files, kind_a)?, announced(files, kind_b)?);
    let (a, b) = rayon::join(
        || path_a.map(|path| read_reference(kind_a, path, read_a)),
        || path_b.map(|path| read_reference(kind_b, path, read_b)),
    );
    Ok((a.transpose()?, b.transpose()?))
}

/// The file of a reference, after the log has been told.
fn announced<'a>(
    files: &'a ReferenceFiles,
    kind: &'static str,
) -> Result<Option<&'a Path>, StepError> {
    let path = files.path(kind)?;
    let name = path.map_or("N/A".into(), Path::to_string_lossy);
    tracing::info!("Using {} reference file {name}", kind.to_uppercase());
    Ok(path)
}

fn read_reference<R>(
    kind: &'static str,
    path: &Path,
    read: impl FnOnce(&Path) -> Result<R, DataModelError>,
) -> Result<R, StepError> {
    read(path).map_err(|source| StepError::reference(kind, path.display().to_string(), source))
}

/// An error about the metadata of the input.
fn metadata_error(source: DataModelError) -> StepError {
    StepError::algorithm(source)
}

/// Why a step that exists for MIRI only does not apply.
fn only_miri(ramp: &RampModel) -> Result<Option<SkipReason>, StepError> {
    let detector = ramp.meta.instrument().detector().map_err(metadata_error)?;
    let other = !detector.starts_with("MIR");
    Ok(other.then(|| {
        SkipReason::not_applicable(format!(
            "the correction is for MIRI only, not for {detector}"
        ))
    }))
}

/// Refuses exposures whose groups are read at uneven times, as those of repeated stripes are.
fn refuse_uneven_reads(step: &str, ramp: &RampModel) -> Result<(), StepError> {
    let times = ramp
        .meta
        .get("meta.exposure.read_times")
        .and_then(asdf::Node::as_sequence);
    if times.is_some_and(|times| !times.is_empty()) {
        let what = format!("read times of the exposure (step {step})");
        return Err(StepError::input(
            what,
            "evenly read groups; others are not available in this version",
            "uneven ones",
        ));
    }
    Ok(())
}

/// Which integration of the exposure the ramp starts with, counted from 0: segments of long exposures start later.
fn first_integration(ramp: &RampModel) -> Result<usize, StepError> {
    const START: &str = "meta.exposure.integration_start";
    if ramp.meta.get(START).is_none() {
        return Ok(0);
    }
    let start = ramp
        .meta
        .require_integer(START, 1)
        .map_err(metadata_error)?;
    Ok(start as usize - 1)
}
