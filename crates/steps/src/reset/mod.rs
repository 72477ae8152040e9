//! `reset`: subtracts the reset anomaly of MIRI.

use datamodels::RampModel;
use datamodels::reference::ResetReference;
use ndarray::Axis;
use ndarray::parallel::prelude::*;
use stcal::reset::subtract_reset;
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::bands;

stpipe::params! {
    /// Parameters of `reset`; it has none of its own.
    pub struct ResetParams {}
}

/// Subtracts what a reset leaves behind in the first groups.
#[derive(Debug, Clone, Copy)]
pub struct Reset;

impl Step for Reset {
    const NAME: &'static str = "reset";
    const CLASS: &'static str = "jwst.reset.reset_step.ResetStep";
    const ABOUT: &'static str = "Subtracts the reset anomaly (MIRI)";
    const STATUS_KEY: &'static str = "reset";
    const REFERENCES: &'static [&'static str] = &["reset"];
    type Params = ResetParams;
    type References = ResetReference;
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        _params: &ResetParams,
        ramp: &RampModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<ResetReference>, StepError> {
        if let Some(reason) = crate::only_miri(ramp)? {
            return Ok(Prepared::Skip(reason));
        }
        let reference = crate::load(files, "reset", |path| {
            ResetReference::load(path, &crate::science(ramp))
        })?;
        Ok(reference.map_or(
            Prepared::Skip(SkipReason::NoReference("reset")),
            Prepared::Ready,
        ))
    }

    fn run(
        _params: &ResetParams,
        reference: ResetReference,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        let first = crate::first_integration(&ramp)?;
        let data = ramp
            .data
            .axis_chunks_iter_mut(Axis(2), bands::ROWS)
            .into_par_iter();
        let dq = ramp
            .pixeldq
            .axis_chunks_iter_mut(Axis(0), bands::ROWS)
            .into_par_iter();
        let signal = reference
            .signal
            .axis_chunks_iter(Axis(2), bands::ROWS)
            .into_par_iter();
        let signal_dq = reference
            .dq
            .axis_chunks_iter(Axis(0), bands::ROWS)
            .into_par_iter();
        data.zip(dq)
            .zip(signal.zip(signal_dq))
            .try_for_each(|((data, pixel_dq), (signal_dn, dq))| {
                subtract_reset(
                    data,
                    pixel_dq,
                    &stcal::reset::ResetReference { signal_dn, dq },
                    first,
                )
            })
            .map_err(StepError::algorithm)?;
        Ok(Outcome::Complete(ramp))
    }
}
