//! The products of a fit.

use datamodels::metadata::Metadata;
use datamodels::{CubeModel, ImageModel, Model, PlainImageModel, RampFitOutputModel, RampModel};
use ndarray::Array2;
use stcal::ramp_fit::{ExposureRates, IntegrationRates, LikelyFit, OlsFit, OptionalResults};
use stpipe::{Product, Products};

/// What ramp fitting makes; all are absent where nothing could be fitted.
#[derive(Debug, Clone)]
pub struct RampFitOutput {
    /// Rates of the exposure.
    pub rate: Option<ImageModel>,
    /// Rates of each integration.
    pub rateints: Option<CubeModel>,
    /// What else is known of the fit, where asked for.
    pub optional: Option<OptionalProduct>,
}

/// What a fit knows besides the rates.
#[derive(Debug, Clone)]
pub enum OptionalProduct {
    /// Results of single segments.
    Segments(Box<RampFitOutputModel>),
    /// χ² of the likelihood fit.
    ChiSquare(Box<PlainImageModel>),
}

impl OptionalProduct {
    /// Suffix of the product's name.
    pub fn suffix(&self) -> &'static str {
        match self {
            Self::Segments(_) => "fitopt",
            Self::ChiSquare(_) => "likely_chisq",
        }
    }

    /// The product.
    pub fn product(&mut self) -> &mut dyn Product {
        match self {
            Self::Segments(model) => model.as_mut(),
            Self::ChiSquare(model) => model.as_mut(),
        }
    }
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

    /// Products of the least-squares fit.
    pub(super) fn of_ols(ramp: RampModel, fit: OlsFit) -> Self {
        let OlsFit {
            exposure,
            integrations,
            optional,
        } = fit;
        let optional = optional
            .map(|segments| OptionalProduct::Segments(optional_model(&ramp.meta, segments).into()));
        Self::new(ramp, exposure, integrations, optional)
    }

    /// Products of the likelihood fit; with χ² if asked for.
    pub(super) fn of_likely(ramp: RampModel, fit: LikelyFit, with_chi_square: bool) -> Self {
        let LikelyFit {
            exposure,
            integrations,
            chi_square,
        } = fit;
        let optional = with_chi_square
            .then(|| OptionalProduct::ChiSquare(chi_square_model(&ramp.meta, chi_square).into()));
        Self::new(ramp, exposure, integrations, optional)
    }

    /// Products with the metadata of the ramp.
    fn new(
        ramp: RampModel,
        exposure: ExposureRates,
        integrations: IntegrationRates,
        optional: Option<OptionalProduct>,
    ) -> Self {
        stpipe::give_back((ramp.data, ramp.groupdq));
        let meta = rate_metadata(&ramp.meta);
        Self {
            rate: Some(ImageModel {
                meta: derive(&meta, ImageModel::MODEL_TYPE),
                data: exposure.slope,
                err: exposure.err,
                dq: exposure.dq,
                var_poisson: exposure.var_poisson,
                var_rnoise: exposure.var_rnoise,
                var_flat: None,
                area: None,
                extra: Vec::new(),
            }),
            rateints: Some(CubeModel {
                meta: derive(&meta, CubeModel::MODEL_TYPE),
                data: integrations.slope,
                err: integrations.err,
                dq: integrations.dq,
                var_poisson: integrations.var_poisson,
                var_rnoise: integrations.var_rnoise,
                var_flat: None,
                area: None,
                int_times: ramp.int_times,
                int_times_stripe: ramp.int_times_stripe,
                extra: Vec::new(),
            }),
            optional,
        }
    }
}

pub(crate) fn rate_metadata(ramp: &Metadata) -> Metadata {
    let mut meta = ramp.clone();
    meta.set("meta.bunit_data", "DN/s");
    meta.set("meta.bunit_err", "DN/s");
    meta
}

/// Metadata of a product without groups: the times of their reads stay behind.
fn derive(ramp: &Metadata, model_type: &str) -> Metadata {
    let mut meta = ramp.derive(model_type);
    meta.remove("meta.exposure.read_times");
    meta
}

fn chi_square_model(meta: &Metadata, chi_square: Array2<f32>) -> PlainImageModel {
    PlainImageModel {
        meta: derive(meta, PlainImageModel::MODEL_TYPE),
        data: chi_square,
        extra: Vec::new(),
    }
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
        meta: derive(meta, RampFitOutputModel::MODEL_TYPE),
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
