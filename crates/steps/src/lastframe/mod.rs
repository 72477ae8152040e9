//! `lastframe`: leaves out the last group of each integration, which the reset that follows disturbs (MIRI).
//!
//! The detector resets two rows at a time, and the reset of a row begins while its neighbour is still being read: the last group of
//! an integration is too low there. In integrations of more than two groups it is flagged `DO_NOT_USE`; nothing is subtracted.
//!
//! # Source
//! jwst 3.0.0 `lastframe/lastframe_sub.py::do_correction`. Exact.

use datamodels::RampModel;
use stcal::group_flags::{GroupFlagging, flag_last_group};
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::flags;

stpipe::params! {
    /// Parameters of `lastframe`; it has none of its own.
    pub struct LastFrameParams {}
}

/// Marks the last group as unusable where there are more than two.
#[derive(Debug, Clone, Copy)]
pub struct LastFrame;

impl Step for LastFrame {
    const NAME: &'static str = "lastframe";
    const CLASS: &'static str = "jwst.lastframe.lastframe_step.LastFrameStep";
    const ABOUT: &'static str = "Leaves out the last group of each integration (MIRI)";
    const STATUS_KEY: &'static str = "lastframe";
    type Params = LastFrameParams;
    type References = ();
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        _params: &LastFrameParams,
        ramp: &RampModel,
        _files: &ReferenceFiles,
    ) -> Result<Prepared<()>, StepError> {
        Ok(crate::only_miri(ramp)?.map_or(Prepared::Ready(()), Prepared::Skip))
    }

    fn run(
        _params: &LastFrameParams,
        (): (),
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        match flag_last_group(ramp.groupdq.view_mut(), &flags::GROUP) {
            GroupFlagging::Flagged { .. } => Ok(Outcome::Complete(ramp)),
            GroupFlagging::TooFewGroups => {
                let reason = SkipReason::not_applicable("it needs at least three groups");
                Ok(Outcome::Skipped {
                    input: ramp,
                    reason,
                })
            }
        }
    }
}
