//! `gain_scale`: rescales rates that were read out with another gain than the nominal one.

use datamodels::models::RateModel;
use datamodels::reference::GainReference;
use stcal::scaling::scale;
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

stpipe::params! {
    /// Parameters of `gain_scale`; it has none of its own.
    pub struct GainScaleParams {}
}

const GAIN_FACTOR: &str = "meta.exposure.gain_factor";

/// Multiplies rates and errors by GAINFACT, variances by its square.
#[derive(Debug, Clone, Copy)]
pub struct GainScale;

impl Step for GainScale {
    const NAME: &'static str = "gain_scale";
    const CLASS: &'static str = "jwst.gain_scale.gain_scale_step.GainScaleStep";
    const ABOUT: &'static str =
        "Rescales rates that were read out with another gain than the nominal one";
    const STATUS_KEY: &'static str = "gain_scale";
    const REFERENCES: &'static [&'static str] = &["gain"];
    type Params = GainScaleParams;
    /// The factor.
    type References = f64;
    type Input = RateModel;
    type Output = RateModel;

    fn prepare(
        _params: &GainScaleParams,
        rate: &RateModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<f64>, StepError> {
        // The factor is in the metadata when ramp_fit has seen the gain reference before.
        let factor = match rate.meta().number(GAIN_FACTOR) {
            Some(factor) => Some(factor),
            None => crate::load(files, "gain", GainReference::load_factor)?.flatten(),
        };
        let reason = SkipReason::not_applicable("the gain reference has no GAINFACT");
        Ok(factor.map_or(Prepared::Skip(reason), Prepared::Ready))
    }

    fn run(
        _params: &GainScaleParams,
        factor: f64,
        mut rate: RateModel,
    ) -> Result<Outcome<RateModel, RateModel>, StepError> {
        tracing::info!("Rescaling by {factor}");
        rate.meta_mut().note(Self::STATUS_KEY, "factor", factor);
        match &mut rate {
            RateModel::Image(image) => {
                scale(image.data.view_mut(), factor);
                scale(image.err.view_mut(), factor);
                scale(image.var_poisson.view_mut(), factor * factor);
                scale(image.var_rnoise.view_mut(), factor * factor);
            }
            RateModel::Cube(cube) => {
                scale(cube.data.view_mut(), factor);
                scale(cube.err.view_mut(), factor);
                scale(cube.var_poisson.view_mut(), factor * factor);
                scale(cube.var_rnoise.view_mut(), factor * factor);
            }
        }
        rate.meta_mut().set(GAIN_FACTOR, factor);
        Ok(Outcome::Complete(rate))
    }
}
