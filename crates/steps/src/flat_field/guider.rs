//! The flat of guide star exposures, which have no variances and one quality image.

use datamodels::models::{GuiderCalModel, GuiderModel};
use datamodels::reference::FlatReference;
use ndarray::{Array3, Zip};
use stcal::flat_field::{Flat, divide, multiply};
use stpipe::{Outcome, Prepared, ReferenceFiles, Step, StepError};

use super::{FlatField, FlatFieldParams};

/// Divides the images of a guide star exposure by the response of the pixels.
#[derive(Debug, Clone, Copy)]
pub struct GuiderFlatField;

impl Step for GuiderFlatField {
    const NAME: &'static str = FlatField::NAME;
    const CLASS: &'static str = FlatField::CLASS;
    const ABOUT: &'static str = FlatField::ABOUT;
    const STATUS_KEY: &'static str = FlatField::STATUS_KEY;
    const REFERENCES: &'static [&'static str] = FlatField::REFERENCES;
    type Params = FlatFieldParams;
    type References = FlatReference;
    type Input = GuiderModel;
    type Output = GuiderModel;

    fn prepare(
        params: &FlatFieldParams,
        exposure: &GuiderModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<FlatReference>, StepError> {
        super::prepare(params, &crate::guider_science(exposure), files)
    }

    fn run(
        params: &FlatFieldParams,
        reference: FlatReference,
        exposure: GuiderModel,
    ) -> Result<Outcome<GuiderModel, GuiderModel>, StepError> {
        let GuiderModel::Cal(mut images) = exposure else {
            return Err(StepError::input(
                "HDU SCI",
                "images (3 dimensions)",
                "ramps (4 dimensions)",
            ));
        };
        super::record_user_flat(params, &reference, &mut images.meta);
        let flat = super::usable(reference)?;
        apply(&mut images, &flat, params.inverse)?;
        Ok(Outcome::Complete(GuiderModel::Cal(images)))
    }
}

/// Applies a flat to the images of a guide star exposure.
fn apply(images: &mut GuiderCalModel, flat: &Flat, inverse: bool) -> Result<(), StepError> {
    let mut var_flat = Array3::<f32>::zeros(images.data.raw_dim());
    let planes = images
        .data
        .outer_iter_mut()
        .zip(images.err.outer_iter_mut())
        .zip(var_flat.outer_iter_mut());
    for ((mut data, mut err), mut var) in planes {
        if inverse {
            multiply(data.view_mut(), flat.response.view()).map_err(StepError::algorithm)?;
        } else {
            divide(
                data.view_mut(),
                var.view_mut(),
                flat.response.view(),
                flat.err.view(),
            )
            .map_err(StepError::algorithm)?;
            Zip::from(&mut err)
                .and(&var)
                .for_each(|err, var| *err = (*err * *err + var).sqrt());
        }
        // Parity: the quality of a guide star exposure has no plane for each integration, so that it blanks nothing.
        Zip::from(&mut data)
            .and(&mut err)
            .and(&mut var)
            .for_each(|data, err, var| {
                if data.is_nan() || err.is_nan() || var.is_nan() {
                    (*data, *err, *var) = (f32::NAN, f32::NAN, f32::NAN);
                }
            });
    }
    images.dq.zip_mut_with(&flat.dq, |dq, flat| *dq |= flat);
    // Parity: the model has no HDU for this variance; the reference package leaves it in the tree.
    let shape = var_flat.shape().to_vec();
    let values: Vec<f32> = var_flat.into_iter().collect();
    images
        .meta
        .set_array("var_flat", &shape, &values)
        .map_err(StepError::algorithm)
}
