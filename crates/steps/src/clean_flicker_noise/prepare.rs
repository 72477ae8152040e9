//! Which references the correction of an exposure needs.

use std::path::Path;

use datamodels::DataModelError;
use datamodels::io::fits::FitsReader;
use datamodels::metadata::Metadata;
use datamodels::models::ExposureModel;
use datamodels::reference::{FlatReference, Science, SossTraceReference};
use ndarray::{Array2, Array3, ArrayD, Axis, Ix2, Ix3};
use stcal::clean_flicker_noise::fill_from_background;
use stpipe::{ReferenceFiles, StepError};

use super::draft::{FitReferences, unrecorded};
use super::{CleanFlickerNoiseParams, soss};
use crate::{flat_field, metadata_error};

/// What the correction of an exposure needs.
#[derive(Debug, Clone)]
pub enum FlickerReferences {
    /// The correction is not possible, for this reason.
    Impossible(String),
    /// References and masks.
    Loaded(Box<Loaded>),
}

/// References and masks.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// Flat field without holes, to divide by.
    pub(super) flat: Option<Array2<f32>>,
    /// Quality of a flat field, which tells the science region (MIRI).
    pub(super) science_flat: Option<Array2<u32>>,
    /// Gain and read noise for a draft of the rates, where the exposure has none.
    pub(super) draft: Option<FitReferences>,
    /// Mask of the user, `(integration, row, column)`, one for all where it has two dimensions.
    pub(super) user_mask: Option<(Array3<bool>, bool)>,
    /// Pixels that SOSS traces illuminate.
    pub(super) traces: Option<Array2<bool>>,
}

/// Modes whose light lies on known places of the detector that only a WCS tells.
const SPECTRA: &str = "NRS";

/// Exposure types whose brightness over time is measured in a spectrum or an aperture.
const TIME_SERIES: [&str; 4] = ["NRS_BRIGHTOBJ", "NRC_TSGRISM", "NRC_TSIMAGE", "NIS_SOSS"];

/// SOSS subarrays with known traces.
const SOSS_SUBARRAYS: [&str; 6] = [
    "SUBSTRIP256",
    "SUB17STRIPE_SOSS",
    "SUB60STRIPE_SOSS",
    "SUB204STRIPE_SOSS",
    "SUB680STRIPE_SOSS",
    "SUBSTRIP96",
];

pub(super) fn prepare(
    params: &CleanFlickerNoiseParams,
    exposure: &ExposureModel,
    files: &ReferenceFiles,
) -> Result<FlickerReferences, StepError> {
    let meta = exposure.meta();
    let kind = meta.exposure().kind().map_err(metadata_error)?;
    let (rows, columns) = exposure.image_shape();
    let science = Science {
        meta,
        rows,
        columns,
    };
    let median_image = params.background_method.as_deref() == Some("median_image");
    let mut loaded = Loaded::default();
    let choose = params.autoparam && matches!(kind.as_str(), "NIS_IMAGE" | "NRC_IMAGE");
    if choose || params.apply_flat_field {
        loaded.flat = divisor(files, &science)?;
        if loaded.flat.is_none() {
            tracing::warn!(
                "Flat correction is not available for exposure type {kind} without a user-supplied flat."
            );
        }
    }
    let user_mask = params
        .user_mask
        .as_deref()
        .filter(|path| !path.eq_ignore_ascii_case("none"));
    let mut traces = None;
    if kind == "NIS_SOSS" {
        let subarray = meta.text("meta.subarray.name").unwrap_or_default();
        if median_image && !SOSS_SUBARRAYS.contains(&subarray) {
            return Ok(FlickerReferences::Impossible(format!(
                "median_image processing is not available for SOSS subarray {subarray}"
            )));
        }
        traces = crate::load(files, "pastasoss", SossTraceReference::load)?;
        if median_image && traces.is_none() {
            return Ok(FlickerReferences::Impossible(
                "median_image processing is not available for SOSS without a pastasoss file"
                    .to_owned(),
            ));
        }
    }
    if let Some(reason) = unsupported(&kind, &params.fit_method) {
        return Ok(FlickerReferences::Impossible(reason));
    }
    let needs_rate = user_mask.is_none() || median_image;
    if needs_rate {
        refuse_without_wcs(meta, &kind, params.mask_science_regions, median_image)?;
        if matches!(exposure, ExposureModel::Ramp(_)) || choose {
            loaded.draft = Some(FitReferences::load(files, &science)?);
        }
        if kind == "MIR_IMAGE" && (params.mask_science_regions || median_image) {
            loaded.science_flat = science_flat(files, &science)?;
        }
    } else if choose && matches!(exposure, ExposureModel::Ramp(_)) {
        loaded.draft = Some(FitReferences::load(files, &science)?);
    }
    match user_mask {
        Some(path) => loaded.user_mask = Some(read_mask(Path::new(path))?),
        None if kind == "NIS_SOSS" && params.mask_science_regions => {
            let reference = traces.ok_or_else(|| {
                StepError::reference(
                    "pastasoss",
                    "N/A",
                    "SOSS traces cannot be masked without it",
                )
            })?;
            loaded.traces = Some(soss::illuminated(&reference, &science)?);
        }
        None => {}
    }
    Ok(FlickerReferences::Loaded(Box::new(loaded)))
}

/// Why there is no correction for a kind of exposure.
fn unsupported(kind: &str, fit_method: &str) -> Option<String> {
    if fit_method == "fft"
        && !matches!(
            kind,
            "NRS_MSASPEC" | "NRS_IFU" | "NRS_FIXEDSLIT" | "NRS_BRIGHTOBJ"
        )
    {
        return Some(format!(
            "Fit method 'fft' cannot be applied to exp_type {kind}"
        ));
    }
    (kind.starts_with("MIR") && kind != "MIR_IMAGE")
        .then(|| format!("EXP_TYPE {kind} is not supported"))
}

/// Refuses what cannot be done before there is a WCS.
fn refuse_without_wcs(
    meta: &Metadata,
    kind: &str,
    mask_science_regions: bool,
    median_image: bool,
) -> Result<(), StepError> {
    if mask_science_regions && kind.starts_with(SPECTRA) {
        return Err(StepError::input(
            format!("mask_science_regions for {kind}"),
            "no masks of slits and slices: they need a WCS, which is not available in this version; run with \
             mask_science_regions=false or with a user_mask",
            true,
        ));
    }
    let series = meta.flag("meta.visit.tsovisit") == Some(true)
        && meta.integer("meta.exposure.nints").is_none_or(|n| n > 1);
    if median_image && (TIME_SERIES.contains(&kind) || (kind == "MIR_IMAGE" && series)) {
        return Err(StepError::input(
            format!("background_method for {kind}"),
            "none, median or model: median_image needs the brightness of the source in a spectrum or an aperture, \
             which is not available in this version",
            "median_image",
        ));
    }
    Ok(())
}

/// The flat field to divide by, its holes filled.
fn divisor(
    files: &ReferenceFiles,
    science: &Science<'_>,
) -> Result<Option<Array2<f32>>, StepError> {
    let reference = crate::load(files, "flat", |path| covering_flat(path, science))?;
    Ok(reference.map(|FlatReference { mut response, .. }| {
        let bad = response.mapv(|value| value == 0.0 || !value.is_finite());
        fill_from_background(response.view_mut(), bad.view());
        response
    }))
}

/// The quality of the flat field, which tells where the detector sees the sky.
fn science_flat(
    files: &ReferenceFiles,
    science: &Science<'_>,
) -> Result<Option<Array2<u32>>, StepError> {
    let Some(path) = unrecorded(files, "flat")? else {
        return Ok(None);
    };
    let flat = covering_flat(path, science)
        .map_err(|error| StepError::reference("flat", path.display().to_string(), error))?;
    flat_field::quality(flat).map(Some)
}

/// A flat field that has to be as large as the exposure.
fn covering_flat(path: &Path, science: &Science<'_>) -> Result<FlatReference, DataModelError> {
    FlatReference::load(path, science)?.ok_or_else(|| DataModelError::Reference {
        path: path.to_path_buf(),
        message: "its images are smaller than the exposure's".to_string(),
    })
}

/// Reads a mask, `(row, column)` or `(integration, row, column)`; true where it is not zero.
fn read_mask(path: &Path) -> Result<(Array3<bool>, bool), StepError> {
    let failed = |error| {
        StepError::input(
            "user_mask",
            "a mask file",
            format!("{}: {error}", path.display()),
        )
    };
    let reader = FitsReader::open(path).map_err(|e| failed(e.to_string()))?;
    let hdu = reader.require("SCI").map_err(|e| failed(e.to_string()))?;
    let image: ArrayD<f32> = reader.image(hdu).map_err(|e| failed(e.to_string()))?;
    let shape = image.shape().to_vec();
    let mask = image.mapv(|value| value != 0.0);
    let by_integration = shape.len() == 3;
    let mask = if by_integration {
        mask.into_dimensionality::<Ix3>()
    } else {
        mask.into_dimensionality::<Ix2>()
            .map(|mask| mask.insert_axis(Axis(0)))
    };
    let mask = mask.map_err(|_| failed(format!("SCI has the shape {shape:?}")))?;
    Ok((mask, by_integration))
}
