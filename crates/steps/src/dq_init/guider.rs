//! The mask of guide star exposures, which have one quality image.

use datamodels::models::GuiderModel;
use datamodels::reference::MaskReference;
use stpipe::{Outcome, Prepared, ReferenceFiles, Step, StepError};

use super::{DqInit, DqInitParams};

/// Adds the mask, and a mask of the user, to the quality of a guide star exposure.
#[derive(Debug, Clone, Copy)]
pub struct GuiderDqInit;

impl Step for GuiderDqInit {
    const NAME: &'static str = DqInit::NAME;
    const CLASS: &'static str = DqInit::CLASS;
    const ABOUT: &'static str = DqInit::ABOUT;
    const STATUS_KEY: &'static str = DqInit::STATUS_KEY;
    const REFERENCES: &'static [&'static str] = DqInit::REFERENCES;
    type Params = DqInitParams;
    type References = MaskReference;
    type Input = GuiderModel;
    type Output = GuiderModel;

    fn prepare(
        params: &DqInitParams,
        exposure: &GuiderModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<MaskReference>, StepError> {
        super::prepare(params, &crate::guider_science(exposure), 1, files)
    }

    fn run(
        _params: &DqInitParams,
        mask: MaskReference,
        mut exposure: GuiderModel,
    ) -> Result<Outcome<GuiderModel, GuiderModel>, StepError> {
        exposure
            .dq_mut()
            .zip_mut_with(&mask.dq, |dq, mask| *dq |= mask);
        Ok(Outcome::Complete(exposure))
    }
}
