//! `flat_field`: divides by the response of the pixels.
//!
//! For guide star exposures; the other kinds come with the later stages.

use std::path::Path;

use datamodels::dq::pixel;
use datamodels::models::{GuiderCalModel, GuiderModel};
use datamodels::reference::FlatReference;
use ndarray::{Array2, Array3, Zip};
use stcal::flat_field::{Flat, FlatFlags, divide, multiply};
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

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
    type Input = GuiderModel;
    type Output = GuiderModel;

    fn prepare(
        params: &FlatFieldParams,
        exposure: &GuiderModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<FlatReference>, StepError> {
        if params.save_interpolated_flat {
            let expected = "false; interpolated flats are not available in this version";
            return Err(StepError::input("save_interpolated_flat", expected, true));
        }
        if exposure.meta().text("meta.cal_step.extract_2d") == Some("COMPLETE") {
            let why = "The extract_2d step should not have been run for these data";
            return Ok(Prepared::Skip(SkipReason::not_applicable(why)));
        }
        let science = crate::guider_science(exposure);
        let read = |path: &Path| FlatReference::load(path, &science);
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
        let FlatReference {
            response,
            err,
            dq,
            file_name,
        } = reference;
        if let (Some(_), Some(name)) = (&params.user_supplied_flat, file_name) {
            images.meta.set("meta.ref_file.flat.name", name);
        }
        let mut flat = Flat { response, err, dq };
        flat.prepare(FLAGS).map_err(StepError::algorithm)?;
        apply(&mut images, &flat, params.inverse)?;
        Ok(Outcome::Complete(GuiderModel::Cal(images)))
    }
}

/// The quality of a flat as it reaches an exposure: pixels without a response, or without its error, are of no use.
pub(crate) fn quality(reference: FlatReference) -> Result<Array2<u32>, StepError> {
    let FlatReference {
        response, err, dq, ..
    } = reference;
    let mut flat = Flat { response, err, dq };
    flat.prepare(FLAGS).map_err(StepError::algorithm)?;
    Zip::from(&mut flat.dq).and(&flat.err).for_each(|dq, err| {
        if err.is_nan() {
            *dq |= FLAGS.do_not_use;
        }
    });
    Ok(flat.dq)
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
