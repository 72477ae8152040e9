//! `guider_cds`: count rates of guide star exposures.

use std::path::Path;

use datamodels::DataModelError;
use datamodels::models::{GuiderCalModel, GuiderModel, GuiderRawModel, Model};
use datamodels::reference::{GainReference, ReadNoiseReference, ReferenceFile, Science};
use ndarray::{Array2, Array3, Axis};
use stcal::guider::{Detector, Sampling, difference, rate, smaller};
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

stpipe::params! {
    /// Parameters of `guider_cds`; it has none of its own.
    pub struct GuiderCdsParams {}
}

/// The rate of each integration as a late read less an early one, as the mode of the guider asks for.
#[derive(Debug, Clone, Copy)]
pub struct GuiderCds;

/// Gain and read noise of the pixels.
#[derive(Debug, Clone)]
pub struct GuiderReferences {
    /// Gain [e-/DN].
    pub gain_e_per_dn: Array2<f32>,
    /// Read noise [DN].
    pub read_noise_dn: Array2<f32>,
}

impl Step for GuiderCds {
    const NAME: &'static str = "guider_cds";
    const CLASS: &'static str = "jwst.guider_cds.guider_cds_step.GuiderCdsStep";
    const ABOUT: &'static str = "Makes count rates of guide star exposures";
    const STATUS_KEY: &'static str = "guider_cds";
    const REFERENCES: &'static [&'static str] = &["gain", "readnoise"];
    type Params = GuiderCdsParams;
    type References = GuiderReferences;
    type Input = GuiderModel;
    type Output = GuiderModel;

    fn prepare(
        _params: &GuiderCdsParams,
        exposure: &GuiderModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<GuiderReferences>, StepError> {
        let science = crate::guider_science(exposure);
        let gain = crate::load(files, "gain", |path| {
            image(path, &science, |path| {
                Ok(GainReference::load(path, &science)?.gain_e_per_dn)
            })
        })?;
        let Some(gain_e_per_dn) = gain else {
            return Ok(Prepared::Skip(SkipReason::NoReference("gain")));
        };
        let noise = crate::load(files, "readnoise", |path| {
            image(path, &science, |path| {
                Ok(ReadNoiseReference::load(path, &science)?.read_noise_dn)
            })
        })?;
        let Some(read_noise_dn) = noise else {
            return Ok(Prepared::Skip(SkipReason::NoReference("readnoise")));
        };
        Ok(Prepared::Ready(GuiderReferences {
            gain_e_per_dn,
            read_noise_dn,
        }))
    }

    fn run(
        _params: &GuiderCdsParams,
        references: GuiderReferences,
        exposure: GuiderModel,
    ) -> Result<Outcome<GuiderModel, GuiderModel>, StepError> {
        let GuiderModel::Raw(raw) = exposure else {
            return Err(StepError::input(
                "HDU SCI",
                "ramps (4 dimensions)",
                "images (3 dimensions)",
            ));
        };
        let kind = raw.meta.exposure().kind().map_err(crate::metadata_error)?;
        let group_time_s = raw
            .meta
            .exposure()
            .group_time_s()
            .map_err(crate::metadata_error)?;
        let differences = differences(&raw, &kind)?;
        let (rows, columns) = raw.dq.dim();
        let mut data = Array3::zeros((differences.len(), rows, columns));
        let mut err = Array3::zeros((differences.len(), rows, columns));
        let detector = Detector {
            group_time_s,
            gain_e_per_dn: references.gain_e_per_dn.view(),
            read_noise_dn: references.read_noise_dn.view(),
        };
        let images = data.outer_iter_mut().zip(err.outer_iter_mut());
        for (difference, (data, err)) in differences.iter().zip(images) {
            rate(difference.view(), &detector, data, err).map_err(StepError::algorithm)?;
        }
        let mut meta = raw.meta.derive(GuiderCalModel::MODEL_TYPE);
        meta.set("meta.bunit_data", "DN/s");
        // The number of HDUs of the file as it was delivered.
        meta.forget_card("PRIMARY", "NEXTEND");
        let GuiderRawModel {
            dq, tables, extra, ..
        } = raw;
        Ok(Outcome::Complete(GuiderModel::Cal(GuiderCalModel {
            meta,
            data,
            err,
            dq,
            tables,
            extra,
        })))
    }
}

/// The difference of each image that comes out: one for an identification, else one for each integration.
fn differences(raw: &GuiderRawModel, kind: &str) -> Result<Vec<Array2<f32>>, StepError> {
    let sampling = if kind == "FGS_FINEGUIDE" {
        Sampling::Fours
    } else {
        Sampling::FirstTwo
    };
    let all = raw
        .data
        .axis_iter(Axis(0))
        .map(|ramp| difference(ramp, sampling));
    if !kind.starts_with("FGS_ID") {
        return all.collect::<Result<_, _>>().map_err(StepError::algorithm);
    }
    let two: Vec<_> = all
        .take(2)
        .collect::<Result<_, _>>()
        .map_err(StepError::algorithm)?;
    let [first, second] = two.as_slice() else {
        return Err(StepError::input(
            "integrations of HDU SCI",
            "two, to identify stars",
            two.len(),
        ));
    };
    Ok(vec![smaller(second, first).map_err(StepError::algorithm)?])
}

/// The part of a reference that covers the exposure. Where it does not cover a stack of images, its mean stands for
/// each pixel.
fn image(
    path: &Path,
    science: &Science<'_>,
    load: impl FnOnce(&Path) -> Result<Array2<f32>, DataModelError>,
) -> Result<Array2<f32>, DataModelError> {
    let stack = science.meta.exposure().kind()?.contains("STACK");
    match load(path) {
        Err(error) if stack => {
            let whole = ReferenceFile::open(path)?.whole_image::<f32>("SCI")?;
            if whole.shape() == [science.rows, science.columns] {
                return Err(error);
            }
            tracing::debug!(
                "{}: the mean stands for all pixels of the stack",
                path.display()
            );
            let mean =
                whole.iter().map(|value| f64::from(*value)).sum::<f64>() / whole.len() as f64;
            Ok(Array2::from_elem(
                (science.rows, science.columns),
                mean as f32,
            ))
        }
        loaded => loaded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datamodels::metadata::Metadata;
    use datamodels::models::GuiderTables;
    use ndarray::Array4;

    fn raw(integrations: usize) -> GuiderRawModel {
        let data = Array4::from_shape_fn((integrations, 2, 1, 1), |(i, j, _, _)| {
            (j * (10 - i)) as f32
        });
        GuiderRawModel {
            meta: Metadata::new("GuiderRawModel"),
            err: Array4::zeros(data.raw_dim()),
            data,
            dq: Array2::zeros((1, 1)),
            tables: GuiderTables::default(),
            extra: Vec::new(),
        }
    }

    #[test]
    fn an_identification_takes_the_smaller_of_two_integrations() {
        let found = differences(&raw(2), "FGS_ID-IMAGE").expect("a difference");
        assert_eq!(found, [Array2::from_elem((1, 1), 9.0)]);
        assert!(differences(&raw(1), "FGS_ID-STACK").is_err());
    }

    #[test]
    fn other_modes_give_an_image_for_each_integration() {
        let found = differences(&raw(3), "FGS_TRACK").expect("differences");
        let values: Vec<f32> = found.iter().map(|image| image[[0, 0]]).collect();
        assert_eq!(values, [10.0, 9.0, 8.0]);
    }
}
