//! A draft of the count rates, in which sources are found.

use datamodels::metadata::Metadata;
use datamodels::models::{CubeModel, ExposureModel, ImageModel, Model, RateModel};
use datamodels::reference::{GainReference, ReadNoiseReference, Science};
use datamodels::{DataModelError, RampModel};
use ndarray::{Array2, Array3, Axis};
use std::path::Path;
use stpipe::{Reference, ReferenceFiles, StepError};

use crate::ramp_fit::{self, RampFitParams, RampFitReferences};

/// What the fit of a draft needs, and how a product that is made from it names that.
#[derive(Debug, Clone)]
pub(crate) struct FitReferences {
    fit: RampFitReferences,
    records: Vec<(&'static str, String)>,
}

/// The file of a type, without noting it as used: it serves the draft, not the product.
pub(super) fn unrecorded<'a>(
    files: &'a ReferenceFiles,
    kind: &'static str,
) -> Result<Option<&'a Path>, StepError> {
    match files.get(kind) {
        Some(Reference::Cached { path, .. } | Reference::Override(path)) => Ok(Some(path)),
        Some(Reference::Missing { context, reason }) => Err(StepError::reference(
            kind,
            format!("(context {context})"),
            reason.clone(),
        )),
        Some(Reference::NotApplicable) | None => Ok(None),
    }
}

impl FitReferences {
    /// Loads gain and read noise.
    pub(crate) fn load(files: &ReferenceFiles, science: &Science<'_>) -> Result<Self, StepError> {
        let path = |kind| {
            unrecorded(files, kind)?.ok_or_else(|| {
                StepError::reference(
                    kind,
                    "N/A",
                    "the draft of the count rates cannot do without it",
                )
            })
        };
        let failed = |kind: &'static str, path: &Path, error: DataModelError| {
            StepError::reference(kind, path.display().to_string(), error)
        };
        let (gain, noise) = (path("gain")?, path("readnoise")?);
        let fit = RampFitReferences {
            gain: GainReference::load(gain, science).map_err(|e| failed("gain", gain, e))?,
            read_noise: ReadNoiseReference::load(noise, science)
                .map_err(|e| failed("readnoise", noise, e))?,
        };
        let record = |kind| Some((kind, files.get(kind)?.record()));
        Ok(Self {
            fit,
            records: ["gain", "readnoise"]
                .into_iter()
                .filter_map(record)
                .collect(),
        })
    }
}

/// Count rates, of the exposure or of each integration.
#[derive(Debug, Clone)]
pub(crate) struct DraftRate {
    /// Metadata of the rates.
    pub meta: Metadata,
    /// Rates, `(integration, row, column)` [DN/s]; one for an exposure as a whole.
    pub data: Array3<f32>,
    /// Quality of each pixel.
    pub dq: Array3<u32>,
    /// Whether the integrations were told apart.
    pub by_integration: bool,
}

impl DraftRate {
    /// The rates of ramps; `None` if nothing can be fitted.
    pub(crate) fn of_ramp(
        ramp: &RampModel,
        references: &FitReferences,
        by_integration: bool,
    ) -> Result<Option<Self>, StepError> {
        crate::refuse_uneven_reads("ramp_fit", ramp)?;
        tracing::info!("Creating draft rate file for scene masking");
        let fit = ramp_fit::rates(&RampFitParams::default(), &references.fit, ramp)?;
        let Some(fit) = fit else {
            return Ok(None);
        };
        let mut meta = ramp_fit::rate_metadata(&ramp.meta);
        if let Some(factor) = references.fit.gain.gain_factor {
            meta.set("meta.exposure.gain_factor", factor);
        }
        for (kind, name) in &references.records {
            meta.set(&format!("meta.ref_file.{kind}.name"), name.as_str());
        }
        meta.set("meta.cal_step.ramp_fit", "COMPLETE");
        let (data, dq) = if by_integration {
            (fit.integrations.slope, fit.integrations.dq)
        } else {
            (
                fit.exposure.slope.insert_axis(Axis(0)),
                fit.exposure.dq.insert_axis(Axis(0)),
            )
        };
        let kind = if by_integration {
            CubeModel::MODEL_TYPE
        } else {
            ImageModel::MODEL_TYPE
        };
        Ok(Some(Self {
            meta: meta.derive(kind),
            data,
            dq,
            by_integration,
        }))
    }

    /// A copy of rates that are there already.
    pub(crate) fn of_rate(rate: &RateModel) -> Self {
        match rate {
            RateModel::Image(image) => Self {
                meta: image.meta.clone(),
                data: image.data.clone().insert_axis(Axis(0)),
                dq: image.dq.clone().insert_axis(Axis(0)),
                by_integration: false,
            },
            RateModel::Cube(cube) => Self {
                meta: cube.meta.clone(),
                data: cube.data.clone(),
                dq: cube.dq.clone(),
                by_integration: true,
            },
        }
    }

    /// The rates of an exposure; `None` if nothing can be fitted.
    pub(crate) fn of_exposure(
        exposure: &ExposureModel,
        references: Option<&FitReferences>,
        by_integration: bool,
    ) -> Result<Option<Self>, StepError> {
        match (exposure, references) {
            (ExposureModel::Ramp(ramp), Some(references)) => {
                Self::of_ramp(ramp, references, by_integration)
            }
            (ExposureModel::Ramp(_), None) => Err(StepError::input(
                "references of the draft rate",
                "gain and read noise",
                "none",
            )),
            (ExposureModel::Rate(rate), _) => Ok(Some(Self::of_rate(rate))),
        }
    }

    /// Adds the quality of a flat field.
    pub(crate) fn add_flat_quality(&mut self, flat: &Array2<u32>) {
        for mut dq in self.dq.outer_iter_mut() {
            dq.zip_mut_with(flat, |dq, flat| *dq |= flat);
        }
    }
}
