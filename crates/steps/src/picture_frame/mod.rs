//! `picture_frame`: removes the thermal pattern of NIRSpec's detectors, which follows their frame.

#[cfg(test)]
mod tests;

use datamodels::models::{ExposureModel, IntermediateModel, RateModel};
use datamodels::reference::{PictureFrameReference, Science};
use ndarray::parallel::prelude::*;
use ndarray::{Array4, ArrayD, Axis};
use stcal::picture_frame::{PictureFrame as Pattern, PictureFrameError};
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::clean_flicker_noise::scene::{Regions, scene_mask};
use crate::clean_flicker_noise::{DraftRate, FitReferences, WithIntermediates};
use crate::metadata_error;

stpipe::params! {
    /// Parameters of `picture_frame`.
    pub struct PictureFrameParams {
        /// Leave out regions that slits, slices or traces illuminate
        pub mask_science_regions: bool = true;
        /// Limit of the mask above the median [sigma]
        pub n_sigma: f64 = 2.0;
        /// Save the mask
        pub save_mask: bool = false;
        /// Save the correction
        pub save_correction: bool = false;
    }
}

/// The pattern, and what a draft of the rates needs.
#[derive(Debug, Clone)]
pub struct PictureFrameReferences {
    pattern: PictureFrameReference,
    draft: Option<FitReferences>,
}

/// Subtracts the pattern, scaled to each group or rate.
#[derive(Debug, Clone, Copy)]
pub struct PictureFrame;

impl Step for PictureFrame {
    const NAME: &'static str = "picture_frame";
    const CLASS: &'static str = "jwst.picture_frame.picture_frame_step.PictureFrameStep";
    const ABOUT: &'static str = "Removes the thermal pattern of the detector's frame (NIRSpec)";
    const STATUS_KEY: &'static str = "picture_frame";
    /// The last two are for the draft rate in which sources are found.
    const REFERENCES: &'static [&'static str] = &["pictureframe", "gain", "readnoise"];
    const SKIP_BY_DEFAULT: bool = true;
    type Params = PictureFrameParams;
    type References = PictureFrameReferences;
    type Input = ExposureModel;
    type Output = WithIntermediates;

    fn prepare(
        params: &PictureFrameParams,
        exposure: &ExposureModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<PictureFrameReferences>, StepError> {
        let pattern = crate::load(files, "pictureframe", PictureFrameReference::load)?;
        let Some(pattern) = pattern else {
            return Ok(Prepared::Skip(SkipReason::NoReference("pictureframe")));
        };
        let meta = exposure.meta();
        let instrument = meta.instrument().name().map_err(metadata_error)?;
        if instrument != "NIRSPEC" || meta.subarray().name() != "FULL" {
            return Ok(Prepared::Skip(SkipReason::not_applicable(
                "the correction is for full frames of NIRSpec only",
            )));
        }
        let (rows, columns) = exposure.image_shape();
        let draft = match exposure {
            ExposureModel::Ramp(ramp) if ramp.data.dim().1 == 1 => {
                return Ok(Prepared::Skip(SkipReason::not_applicable(
                    "it needs at least two groups",
                )));
            }
            ExposureModel::Ramp(_) => Some(FitReferences::load(
                files,
                &Science {
                    meta,
                    rows,
                    columns,
                },
            )?),
            ExposureModel::Rate(_) => None,
        };
        if params.mask_science_regions {
            return Err(StepError::input(
                "mask_science_regions of picture_frame",
                "false: masks of slits and slices need a WCS, which is not available in this version",
                true,
            ));
        }
        Ok(Prepared::Ready(PictureFrameReferences { pattern, draft }))
    }

    fn run(
        params: &PictureFrameParams,
        references: PictureFrameReferences,
        exposure: ExposureModel,
    ) -> Result<Outcome<ExposureModel, WithIntermediates>, StepError> {
        tracing::info!("Applying picture frame correction");
        let draft = DraftRate::of_exposure(&exposure, references.draft.as_ref(), false)?;
        let Some(rate) = draft else {
            let reason = SkipReason::not_applicable("no rate can be fitted to the ramps");
            return Ok(Outcome::Skipped {
                input: exposure,
                reason,
            });
        };
        let mask = scene_mask(&rate, &Regions::default(), params.n_sigma, false, true);
        let pattern = Pattern::new(
            references.pattern.rate.view(),
            mask.planes.index_axis(Axis(0), 0),
        );
        let pattern = match pattern {
            Ok(pattern) => pattern,
            Err(PictureFrameError::NoBackground) => {
                let reason =
                    SkipReason::not_applicable("there is no background to scale the pattern to");
                return Ok(Outcome::Skipped {
                    input: exposure,
                    reason,
                });
            }
            Err(error) => return Err(StepError::algorithm(error)),
        };
        let mut intermediates = Vec::new();
        if params.save_mask {
            intermediates.push((
                "pctfrm_mask",
                IntermediateModel::new(&rate.meta, mask.to_values()),
            ));
        }
        drop(rate);
        let mut exposure = exposure;
        let correction = correct(&pattern, &mut exposure, params.save_correction)
            .map_err(StepError::algorithm)?;
        let meta = exposure.meta();
        intermediates.extend(
            correction.map(|data| ("pctfrm_correction", IntermediateModel::new(meta, data))),
        );
        Ok(Outcome::Complete(WithIntermediates {
            exposure,
            intermediates,
        }))
    }
}

/// Corrects all images; gives back what was added to them if that is to be kept.
fn correct(
    pattern: &Pattern,
    exposure: &mut ExposureModel,
    keep: bool,
) -> Result<Option<ArrayD<f32>>, PictureFrameError> {
    match exposure {
        ExposureModel::Ramp(ramp) => {
            let before = keep.then(|| ramp.data.clone());
            correct_ramp(pattern, &mut ramp.data)?;
            Ok(before.map(|before| (&ramp.data - &before).into_dyn()))
        }
        ExposureModel::Rate(rate) => match &mut **rate {
            RateModel::Image(image) => {
                let before = keep.then(|| image.data.clone());
                pattern.subtract(image.data.view_mut(), None)?;
                Ok(before.map(|before| (&image.data - &before).into_dyn()))
            }
            RateModel::Cube(cube) => {
                let before = keep.then(|| cube.data.clone());
                let images = cube.data.axis_iter_mut(Axis(0)).into_par_iter();
                images.try_for_each(|image| pattern.subtract(image, None))?;
                Ok(before.map(|before| (&cube.data - &before).into_dyn()))
            }
        },
    }
}

/// Corrects the differences from the first group, which stays as it is.
fn correct_ramp(pattern: &Pattern, data: &mut Array4<f32>) -> Result<(), PictureFrameError> {
    data.axis_iter_mut(Axis(0))
        .into_par_iter()
        .try_for_each(|integration| {
            let (first, mut others) = integration.split_at(Axis(0), 1);
            let first = first.index_axis(Axis(0), 0);
            others
                .axis_iter_mut(Axis(0))
                .into_par_iter()
                .try_for_each(|mut image| {
                    image -= &first;
                    pattern.subtract(image, Some(first))
                })
        })
}
