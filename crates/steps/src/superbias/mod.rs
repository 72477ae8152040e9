//! `superbias`: subtracts the bias of the detector after a reset.

use datamodels::RampModel;
use datamodels::reference::SuperbiasReference;
use ndarray::Axis;
use ndarray::parallel::prelude::*;
use stcal::bias::{BiasReference, subtract_bias, subtract_bias_from_zero_frame};
use stcal::shape::ShapeError;
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::bands;
use crate::stripes::{self, Plane};

stpipe::params! {
    /// Parameters of `superbias`; it has none of its own.
    pub struct SuperbiasParams {}
}

/// Subtracts the superbias from every group and from the zero frame.
#[derive(Debug, Clone, Copy)]
pub struct Superbias;

impl Step for Superbias {
    const NAME: &'static str = "superbias";
    const CLASS: &'static str = "jwst.superbias.superbias_step.SuperBiasStep";
    const ABOUT: &'static str = "Subtracts the bias of the detector after a reset";
    const STATUS_KEY: &'static str = "superbias";
    const REFERENCES: &'static [&'static str] = &["superbias"];
    type Params = SuperbiasParams;
    type References = SuperbiasReference;
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        _params: &SuperbiasParams,
        ramp: &RampModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<SuperbiasReference>, StepError> {
        let reference = crate::load(files, "superbias", |path| {
            SuperbiasReference::load(path, &crate::science(ramp))
        })?;
        Ok(reference.map_or(
            Prepared::Skip(SkipReason::NoReference("superbias")),
            Prepared::Ready,
        ))
    }

    fn run(
        _params: &SuperbiasParams,
        reference: SuperbiasReference,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        let rows = ramp.data.dim().2;
        stripes::for_each_plane(&mut ramp, |plane| {
            let bias = BiasReference {
                level_dn: stripes::part(&reference.bias, plane.number, rows),
                dq: stripes::part(&reference.dq, plane.number, rows),
            };
            subtract(plane, &bias)
        })
        .map_err(StepError::algorithm)?;
        Ok(Outcome::Complete(ramp))
    }
}

fn subtract(plane: Plane<'_>, bias: &BiasReference<'_>) -> Result<(), ShapeError> {
    let Plane {
        mut data,
        mut pixel_dq,
        zero_frame,
        ..
    } = plane;
    let data = data
        .axis_chunks_iter_mut(Axis(2), bands::ROWS)
        .into_par_iter();
    let pixel_dq = pixel_dq
        .axis_chunks_iter_mut(Axis(0), bands::ROWS)
        .into_par_iter();
    let level = bias
        .level_dn
        .axis_chunks_iter(Axis(0), bands::ROWS)
        .into_par_iter();
    let level_dq = bias
        .dq
        .axis_chunks_iter(Axis(0), bands::ROWS)
        .into_par_iter();
    data.zip(pixel_dq).zip(level.zip(level_dq)).try_for_each(
        |((data, pixel_dq), (level_dn, dq))| {
            subtract_bias(data, pixel_dq, &BiasReference { level_dn, dq })
        },
    )?;
    match zero_frame {
        Some(frame) => subtract_bias_from_zero_frame(frame, bias),
        None => Ok(()),
    }
}
