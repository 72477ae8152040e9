//! `dq_init`: enters the mask of bad pixels into the quality arrays.

mod guider;

use std::path::Path;

use datamodels::RampModel;
use datamodels::io::fits::FitsReader;
use datamodels::reference::{MaskReference, Science};
pub use guider::GuiderDqInit;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, Axis};
use stcal::dq_init::enter_mask;
use stcal::shape::ShapeError;
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::stripes::{self, Plane};
use crate::{bands, flags};

stpipe::params! {
    /// Parameters of `dq_init`.
    pub struct DqInitParams {
        /// FITS file with quality bits of your own, added to the mask
        pub user_supplied_dq: Option<String> = None;
    }
}

/// Adds the mask, and a mask of the user, to the pixel quality; marks the groups of unusable pixels.
#[derive(Debug, Clone, Copy)]
pub struct DqInit;

impl Step for DqInit {
    const NAME: &'static str = "dq_init";
    const CLASS: &'static str = "jwst.dq_init.dq_init_step.DQInitStep";
    const ABOUT: &'static str = "Enters the mask of bad pixels into the quality arrays";
    const STATUS_KEY: &'static str = "dq_init";
    const REFERENCES: &'static [&'static str] = &["mask"];
    type Params = DqInitParams;
    type References = MaskReference;
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        params: &DqInitParams,
        ramp: &RampModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<MaskReference>, StepError> {
        prepare(params, &crate::science(ramp), ramp.n_planes(), files)
    }

    fn run(
        _params: &DqInitParams,
        mask: MaskReference,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        let rows = ramp.data.dim().2;
        stripes::for_each_plane(&mut ramp, |plane| {
            let mask = stripes::part(&mask.dq, plane.number, rows);
            enter(plane, &mask)
        })
        .map_err(StepError::algorithm)?;
        Ok(Outcome::Complete(ramp))
    }
}

/// The mask that fits an exposure.
fn prepare(
    params: &DqInitParams,
    science: &Science<'_>,
    n_planes: usize,
    files: &ReferenceFiles,
) -> Result<Prepared<MaskReference>, StepError> {
    let mask = crate::load(files, "mask", |path| MaskReference::load(path, science))?;
    let Some(mut mask) = mask else {
        return Ok(Prepared::Skip(SkipReason::NoReference("mask")));
    };
    if let Some(path) = &params.user_supplied_dq {
        add_user_dq(Path::new(path), &mut mask.dq, n_planes)?;
    }
    Ok(Prepared::Ready(mask))
}

fn enter(plane: Plane<'_>, mask: &ArrayView2<'_, u32>) -> Result<(), ShapeError> {
    let Plane {
        mut pixel_dq,
        mut group_dq,
        ..
    } = plane;
    let pixel_dq = pixel_dq
        .axis_chunks_iter_mut(Axis(0), bands::ROWS)
        .into_par_iter();
    let group_dq = group_dq
        .axis_chunks_iter_mut(Axis(2), bands::ROWS)
        .into_par_iter();
    let mask = mask.axis_chunks_iter(Axis(0), bands::ROWS).into_par_iter();
    pixel_dq
        .zip(group_dq)
        .zip(mask)
        .try_for_each(|((pixel_dq, group_dq), mask)| {
            enter_mask(pixel_dq, group_dq, mask, &flags::PIXEL)
        })
}

/// Adds the first image of a file to the mask; of superstripes it has a plane for each of them.
fn add_user_dq(path: &Path, mask: &mut Array2<u32>, n_planes: usize) -> Result<(), StepError> {
    tracing::info!(
        "User-supplied DQ {} given. Adding it to DQ initialization.",
        path.display()
    );
    let reader = FitsReader::open(path).map_err(StepError::algorithm)?;
    let (rows, columns) = mask.dim();
    let expected = if n_planes > 1 {
        vec![n_planes, rows / n_planes, columns]
    } else {
        vec![rows, columns]
    };
    let wrong = |found: String| {
        let what = format!("user_supplied_dq {}", path.display());
        StepError::input(
            what,
            format!("an integer image of shape {expected:?}"),
            found,
        )
    };
    let image = reader.hdus().iter().find(|hdu| !hdu.shape().is_empty());
    let image = image.ok_or_else(|| wrong("no image".to_string()))?;
    let dq = reader.image::<i64>(image).map_err(StepError::algorithm)?;
    let found = dq.shape().to_vec();
    let dq = Some(dq)
        .filter(|dq| dq.shape() == expected)
        .and_then(|dq| dq.into_shape_with_order((rows, columns)).ok());
    let dq = dq.ok_or_else(|| wrong(format!("shape {found:?}")))?;
    mask.zip_mut_with(&dq, |mask, dq| *mask |= *dq as u32);
    Ok(())
}
