//! `group_scale`: rescales groups whose frames were added on board and divided by a number other than their count.

use datamodels::RampModel;
use ndarray::Axis;
use ndarray::parallel::prelude::*;
use stcal::scaling::{group_factor, scale};
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::bands;

stpipe::params! {
    /// Parameters of `group_scale`; it has none of its own.
    pub struct GroupScaleParams {}
}

/// Multiplies every group by FRMDIVSR / NFRAMES.
#[derive(Debug, Clone, Copy)]
pub struct GroupScale;

impl Step for GroupScale {
    const NAME: &'static str = "group_scale";
    const CLASS: &'static str = "jwst.group_scale.group_scale_step.GroupScaleStep";
    const ABOUT: &'static str =
        "Rescales groups whose frames were divided by a number other than their count";
    const STATUS_KEY: &'static str = "group_scale";
    type Params = GroupScaleParams;
    /// The factor.
    type References = f64;
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        _params: &GroupScaleParams,
        ramp: &RampModel,
        _files: &ReferenceFiles,
    ) -> Result<Prepared<f64>, StepError> {
        let skip = |why: String| Ok(Prepared::Skip(SkipReason::not_applicable(why)));
        let Some(frames) = ramp.meta.integer("meta.exposure.nframes") else {
            return skip("no NFRAMES".into());
        };
        match ramp.meta.integer("meta.exposure.frame_divisor") {
            Some(divisor) if divisor == frames => {
                skip(format!("NFRAMES and FRMDIVSR are both {frames}"))
            }
            None if frames & (frames - 1) == 0 => skip(format!("NFRAMES={frames} is a power of 2")),
            None => skip("no FRMDIVSR".into()),
            Some(_) if frames == 0 => Err(StepError::input(
                "keyword NFRAMES",
                "an integer of at least 1",
                0,
            )),
            Some(divisor) => {
                tracing::info!("Rescaling all groups by {divisor}/{frames}");
                Ok(Prepared::Ready(group_factor(divisor, frames)))
            }
        }
    }

    fn run(
        _params: &GroupScaleParams,
        factor: f64,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        let bands = ramp
            .data
            .axis_chunks_iter_mut(Axis(2), bands::ROWS)
            .into_par_iter();
        bands.for_each(|band| scale(band, factor));
        Ok(Outcome::Complete(ramp))
    }
}
