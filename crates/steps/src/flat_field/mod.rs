//! `flat_field`: divides by the response of the pixels.
//!
//! For images. Flats of NIRSpec spectra, which depend on wavelength and slit, come with spectroscopy.

mod guider;

use std::path::Path;

use datamodels::dq::pixel;
use datamodels::metadata::Metadata;
use datamodels::models::RateModel;
use datamodels::reference::{FlatReference, Science};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Axis, Zip, s};
use stcal::flat_field::{Flat, FlatFlags, FlatView, prepare_rows};
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::{bands, metadata_error, rates};

pub use guider::GuiderFlatField;

#[cfg(test)]
mod tests;

stpipe::params! {
    /// Parameters of `flat_field`.
    pub struct FlatFieldParams {
        /// Save the interpolated flat (NIRSpec)
        pub save_interpolated_flat: bool = false;
        /// Flat file of your own
        pub user_supplied_flat: Option<String> = None;
        /// Multiply by the flat instead
        pub inverse: bool = false;
    }
}

/// Bits of a flat that make its pixels unusable.
const FLAGS: FlatFlags = FlatFlags {
    do_not_use: pixel::DO_NOT_USE,
    no_flat_field: pixel::NO_FLAT_FIELD,
};

/// `EXP_TYPE` of data that may, or must, be cut out of their exposure before.
const CUT_OUT: [&str; 6] = [
    "NRS_BRIGHTOBJ",
    "NRS_FIXEDSLIT",
    "NRS_LAMP",
    "NRS_MSASPEC",
    "NRS_AUTOWAVE",
    "NRS_AUTOFLAT",
];

/// `EXP_TYPE` of NIRSpec images.
const NIRSPEC_IMAGES: [&str; 9] = [
    "NRS_CONFIRM",
    "NRS_FOCUS",
    "NRS_IMAGE",
    "NRS_MIMF",
    "NRS_MSATA",
    "NRS_TACONFIRM",
    "NRS_TACQ",
    "NRS_TASLIT",
    "NRS_WATA",
];

/// `EXP_TYPE` of NIRSpec spectra.
const NIRSPEC_SPECTRA: [&str; 6] = [
    "NRS_BRIGHTOBJ",
    "NRS_FIXEDSLIT",
    "NRS_IFU",
    "NRS_MSASPEC",
    "NRS_LAMP",
    "NRS_AUTOWAVE",
];

/// Divides images by the response of the pixels.
#[derive(Debug, Clone, Copy)]
pub struct FlatField;

impl Step for FlatField {
    const NAME: &'static str = "flat_field";
    const CLASS: &'static str = "jwst.flatfield.flat_field_step.FlatFieldStep";
    const ABOUT: &'static str = "Divides by the response of the pixels";
    const STATUS_KEY: &'static str = "flat_field";
    const REFERENCES: &'static [&'static str] = &["flat", "fflat", "sflat", "dflat"];
    type Params = FlatFieldParams;
    type References = FlatReference;
    type Input = RateModel;
    type Output = RateModel;

    fn prepare(
        params: &FlatFieldParams,
        rate: &RateModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<FlatReference>, StepError> {
        prepare(params, &rates::science(rate), files)
    }

    fn run(
        params: &FlatFieldParams,
        reference: FlatReference,
        mut rate: RateModel,
    ) -> Result<Outcome<RateModel, RateModel>, StepError> {
        record_user_flat(params, &reference, rate.meta_mut());
        let flat = usable(reference)?;
        rate.reset_var_flat();
        rates::for_each_band(&mut rate, |rows, band| {
            let flat = FlatView {
                response: flat.response.slice(s![rows.clone(), ..]),
                err: flat.err.slice(s![rows.clone(), ..]),
                dq: flat.dq.slice(s![rows, ..]),
            };
            if params.inverse {
                flat.multiply(band, FLAGS)
            } else {
                flat.divide(band, FLAGS)
            }
        })
        .map_err(StepError::algorithm)?;
        Ok(Outcome::Complete(rate))
    }
}

/// Decides whether images of any kind get a flat, and loads it.
fn prepare(
    params: &FlatFieldParams,
    science: &Science<'_>,
    files: &ReferenceFiles,
) -> Result<Prepared<FlatReference>, StepError> {
    let kind = science.meta.exposure().kind().map_err(metadata_error)?;
    if let Some(reason) = not_for(science.meta, &kind)? {
        return Ok(Prepared::Skip(reason));
    }
    if params.save_interpolated_flat {
        tracing::warn!(
            "save_interpolated_flat has no effect: flats of images are not interpolated"
        );
    }
    let read = |path: &Path| FlatReference::load(path, science);
    let flat = if let Some(path) = &params.user_supplied_flat {
        tracing::info!(
            "User-supplied flat {path} given. Ignoring all flat reference files and flat creation."
        );
        let flat = read(Path::new(path));
        Some(flat.map_err(|e| StepError::reference("flat", path.as_str(), e))?)
    } else {
        let flat = crate::load(files, "flat", read)?;
        for kind in ["fflat", "sflat", "dflat"] {
            files.path(kind)?;
        }
        flat
    };
    Ok(match flat {
        None => Prepared::Skip(SkipReason::NoReference("flat")),
        Some(None) => Prepared::Skip(SkipReason::not_applicable(
            "Reference data array is smaller than science data",
        )),
        Some(Some(flat)) => Prepared::Ready(flat),
    })
}

/// Why exposures of a kind get no flat.
fn not_for(meta: &Metadata, kind: &str) -> Result<Option<SkipReason>, StepError> {
    let is_nirspec = meta.instrument().name().map_err(metadata_error)? == "NIRSPEC";
    let is_spectrum = NIRSPEC_SPECTRA.contains(&kind);
    if is_nirspec && !is_spectrum && !NIRSPEC_IMAGES.contains(&kind) {
        return Ok(Some(SkipReason::not_applicable(format!(
            "flat fields of exposure type {kind} are not supported"
        ))));
    }
    if meta.text("meta.cal_step.extract_2d") == Some("COMPLETE") && !CUT_OUT.contains(&kind) {
        return Ok(Some(SkipReason::not_applicable(
            "The extract_2d step should not have been run for these data",
        )));
    }
    if is_spectrum && meta.text("meta.instrument.lamp_mode") != Some("IMAGE") {
        let expected =
            "that of an image; flats of NIRSpec spectra are not available in this version";
        return Err(StepError::input("keyword EXP_TYPE", expected, kind));
    }
    Ok(None)
}

/// The name of a flat of the user takes the place of the reference's in the product.
fn record_user_flat(params: &FlatFieldParams, reference: &FlatReference, meta: &mut Metadata) {
    if let (Some(_), Some(name)) = (&params.user_supplied_flat, &reference.file_name) {
        meta.set("meta.ref_file.flat.name", name.as_str());
    }
}

/// The flat with its unusable pixels marked.
fn usable(reference: FlatReference) -> Result<Flat, StepError> {
    let FlatReference {
        response, err, dq, ..
    } = reference;
    let mut flat = Flat { response, err, dq };
    flat.check().map_err(StepError::algorithm)?;
    let response = flat.response.axis_chunks_iter_mut(Axis(0), bands::ROWS);
    let dq = flat.dq.axis_chunks_iter_mut(Axis(0), bands::ROWS);
    let rows = response.into_par_iter().zip(dq.into_par_iter());
    rows.try_for_each(|(response, dq)| prepare_rows(response, dq, FLAGS))
        .map_err(StepError::algorithm)?;
    Ok(flat)
}

/// The quality of a flat as it reaches an exposure: pixels without a response, or without its error, are of no use.
pub(crate) fn quality(reference: FlatReference) -> Result<Array2<u32>, StepError> {
    let mut flat = usable(reference)?;
    Zip::from(&mut flat.dq).and(&flat.err).for_each(|dq, err| {
        if err.is_nan() {
            *dq |= FLAGS.do_not_use;
        }
    });
    Ok(flat.dq)
}
