//! `firstframe`: leaves out the first group of each integration (MIRI). Deprecated: `rscd` does it now.
//!
//! The first frames after a reset are disturbed by it. In integrations of more than three groups the first one is flagged
//! `DO_NOT_USE`; nothing is subtracted. With `bright_use_group1` it is kept where the third group is saturated:
//! such pixels have no other difference to get a slope from.
//!
//! # Source
//! jwst 3.0.0 `firstframe/firstframe_sub.py::do_correction`. Exact.

use datamodels::RampModel;
use stcal::group_flags::{GroupFlagging, flag_first_group};
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::flags;

stpipe::params! {
    /// Parameters of `firstframe`.
    pub struct FirstFrameParams {
        /// Keep the first group of pixels that are saturated in the third
        pub bright_use_group1: bool = true;
    }
}

/// Marks the first group as unusable where there are more than three.
#[derive(Debug, Clone, Copy)]
pub struct FirstFrame;

impl Step for FirstFrame {
    const NAME: &'static str = "firstframe";
    const CLASS: &'static str = "jwst.firstframe.firstframe_step.FirstFrameStep";
    const ABOUT: &'static str =
        "Leaves out the first group of each integration (MIRI; deprecated, see rscd)";
    const STATUS_KEY: &'static str = "firstframe";
    const SKIP_BY_DEFAULT: bool = true;
    type Params = FirstFrameParams;
    type References = ();
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        _params: &FirstFrameParams,
        ramp: &RampModel,
        _files: &ReferenceFiles,
    ) -> Result<Prepared<()>, StepError> {
        tracing::warn!("firstframe is deprecated: the rscd step leaves out the first groups");
        Ok(crate::only_miri(ramp)?.map_or(Prepared::Ready(()), Prepared::Skip))
    }

    fn run(
        params: &FirstFrameParams,
        (): (),
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        let FirstFrameParams { bright_use_group1 } = *params;
        let (group_dq, pixel_dq) = (ramp.groupdq.view_mut(), ramp.pixeldq.view_mut());
        let flagged = flag_first_group(
            group_dq,
            pixel_dq,
            bright_use_group1,
            &flags::GROUP,
            &flags::PIXEL,
        );
        match flagged.map_err(StepError::algorithm)? {
            GroupFlagging::Flagged { n_kept } => {
                tracing::info!(
                    "Pixels whose first group is kept because they are bright: {n_kept}"
                );
                Ok(Outcome::Complete(ramp))
            }
            GroupFlagging::TooFewGroups => {
                let reason = SkipReason::not_applicable("it needs at least four groups");
                Ok(Outcome::Skipped {
                    input: ramp,
                    reason,
                })
            }
        }
    }
}
