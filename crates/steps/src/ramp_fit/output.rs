//! The products of a fit.

use datamodels::metadata::Metadata;
use datamodels::{CubeModel, ImageModel, Model, RampFitOutputModel, RampModel};
use stcal::ramp_fit::{OlsFit, OptionalResults};
use stpipe::{Product, Products};

/// What ramp fitting makes; all are absent where nothing could be fitted.
#[derive(Debug, Clone)]
pub struct RampFitOutput {
    /// Rates of the exposure.
    pub rate: Option<ImageModel>,
    /// Rates of each integration.
    pub rateints: Option<CubeModel>,
    /// Results of single segments, where asked for.
    pub optional: Option<RampFitOutputModel>,
}

impl Products for RampFitOutput {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        vec![
            self.rate
                .as_mut()
                .map(|product| product as &mut dyn Product),
            self.rateints
                .as_mut()
                .map(|product| product as &mut dyn Product),
        ]
    }
}

impl RampFitOutput {
    /// No products.
    pub(super) fn none() -> Self {
        Self {
            rate: None,
            rateints: None,
            optional: None,
        }
    }

    /// Products with the metadata of the ramp.
    pub(super) fn new(ramp: RampModel, fit: OlsFit) -> Self {
        let OlsFit {
            exposure,
            integrations,
            optional,
        } = fit;
        let meta = rate_metadata(&ramp.meta);
        Self {
            rate: Some(ImageModel {
                meta: meta.derive(ImageModel::MODEL_TYPE),
                data: exposure.slope,
                err: exposure.err,
                dq: exposure.dq,
                var_poisson: exposure.var_poisson,
                var_rnoise: exposure.var_rnoise,
                extra: Vec::new(),
            }),
            rateints: Some(CubeModel {
                meta: meta.derive(CubeModel::MODEL_TYPE),
                data: integrations.slope,
                err: integrations.err,
                dq: integrations.dq,
                var_poisson: integrations.var_poisson,
                var_rnoise: integrations.var_rnoise,
                int_times: ramp.int_times,
                extra: Vec::new(),
            }),
            optional: optional.map(|segments| optional_model(&ramp.meta, segments)),
        }
    }
}

fn rate_metadata(ramp: &Metadata) -> Metadata {
    let mut meta = ramp.clone();
    meta.set("meta.bunit_data", "DN/s");
    meta.set("meta.bunit_err", "DN/s");
    meta
}

fn optional_model(meta: &Metadata, segments: OptionalResults) -> RampFitOutputModel {
    let OptionalResults {
        slope,
        sigma_slope,
        var_poisson,
        var_rnoise,
        y_intercept,
        sigma_y_intercept,
        pedestal,
        weight,
        jump_height,
    } = segments;
    RampFitOutputModel {
        meta: meta.derive(RampFitOutputModel::MODEL_TYPE),
        slope,
        sigslope: sigma_slope,
        var_poisson,
        var_rnoise,
        yint: y_intercept,
        sigyint: sigma_y_intercept,
        pedestal,
        weights: weight,
        crmag: jump_height,
        extra: Vec::new(),
    }
}
