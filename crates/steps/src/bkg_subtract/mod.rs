//! `bkg_subtract`: subtracts the mean of background exposures.
//!
//! For images. The backgrounds of slitless spectra, which are scaled from a reference, come with spectroscopy.

mod mean;

use std::path::Path;

use datamodels::metadata::Metadata;
use datamodels::models::{MeanBackgroundModel, RateModel};
use datamodels::reference::BackgroundExposure;
use ndarray::{Axis, Zip};
use stcal::background::{Clipping, subtract};
use stpipe::{Outcome, Prepared, Product, Products, ReferenceFiles, SkipReason, Step, StepError};

use crate::metadata_error;

#[cfg(test)]
mod tests;

stpipe::params! {
    /// Parameters of `bkg_subtract`.
    pub struct BkgSubtractParams {
        /// Background files; not for slitless spectra, nor if an association names them
        pub bkg_list: Option<Vec<String>> = None;
        /// Save the mean of the background exposures (`_combinedbackground`)
        pub save_combined_background: bool = false;
        /// Distance from the median beyond which values are left out [standard deviations]
        pub sigma: f64 = 3.0;
        /// Iterations of leaving out, at most
        pub maxiters: Option<i64> = None;
        /// Percentile of the flux above which pixels are sources (NIRISS SOSS)
        pub soss_source_percentile: f64 = 35.0;
        /// Percentiles of the background that set its scale (NIRISS SOSS)
        pub soss_bkg_percentile: Option<Vec<f64>> = None, items(2..=2);
        /// Magnitude of the faintest sources that are masked (slitless spectra)
        pub wfss_mmag_extract: Option<f64> = None;
        /// File with a mask of sources (slitless spectra)
        pub wfss_mask: Option<String> = None;
        /// Iterations of the rejection of outliers, at most (slitless spectra)
        pub wfss_maxiter: i64 = 5;
        /// Improvement of the scatter below which the rejection ends [percent] (slitless spectra)
        pub wfss_rms_stop: f64 = 0.0;
        /// Outliers that each iteration rejects [percent] (slitless spectra)
        pub wfss_outlier_percent: f64 = 1.0;
    }
}

/// `EXP_TYPE` of exposures whose background is scaled from a reference.
const SCALED: [&str; 4] = ["NIS_WFSS", "NRC_WFSS", "MIR_WFSS", "NIS_SOSS"];

/// Angles of NIRSpec's grating wheel that count as the same.
const TILT_TOLERANCE: f64 = 1e-8;

/// Subtracts the mean of background exposures.
#[derive(Debug, Clone, Copy)]
pub struct BkgSubtract;

/// Count rates without background.
#[derive(Debug, Clone)]
pub struct BackgroundSubtracted {
    /// The count rates.
    pub rate: RateModel,
    /// What was subtracted, where it is to be saved.
    pub combined: Option<MeanBackgroundModel>,
}

impl Products for BackgroundSubtracted {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        vec![Some(&mut self.rate)]
    }

    fn side_products(&mut self) -> Vec<(&'static str, &mut dyn Product)> {
        let combined = self.combined.as_mut();
        combined
            .map(|model| ("combinedbackground", model as &mut dyn Product))
            .into_iter()
            .collect()
    }
}

impl Step for BkgSubtract {
    const NAME: &'static str = "bkg_subtract";
    const CLASS: &'static str = "jwst.background.background_step.BackgroundStep";
    const ABOUT: &'static str = "Subtracts the mean of background exposures";
    const STATUS_KEY: &'static str = "bkg_subtract";
    const REFERENCES: &'static [&'static str] = &["bkg", "wavelengthrange"];
    type Params = BkgSubtractParams;
    /// The background exposures, open; they are read band by band.
    type References = Vec<BackgroundExposure>;
    type Input = RateModel;
    type Output = BackgroundSubtracted;

    fn prepare(
        params: &BkgSubtractParams,
        rate: &RateModel,
        _files: &ReferenceFiles,
    ) -> Result<Prepared<Vec<BackgroundExposure>>, StepError> {
        let kind = rate.meta().exposure().kind().map_err(metadata_error)?;
        if SCALED.contains(&kind.as_str()) {
            let expected = "that of an image; backgrounds of slitless spectra are not available in this version";
            return Err(StepError::input("keyword EXP_TYPE", expected, kind));
        }
        // Parity: a comma at the end of a list adds an empty name.
        let names: Vec<&String> = params
            .bkg_list
            .iter()
            .flatten()
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() {
            let why = "No background list provided";
            return Ok(Prepared::Skip(SkipReason::not_applicable(why)));
        }
        let mut exposures = Vec::with_capacity(names.len());
        for name in names {
            let exposure = BackgroundExposure::open(Path::new(name));
            exposures
                .push(exposure.map_err(|e| StepError::reference("background", name.as_str(), e))?);
        }
        if rate.meta().instrument().name().map_err(metadata_error)? == "NIRSPEC" {
            for exposure in &exposures {
                if !have_same_tilt(rate.meta(), exposure.meta())? {
                    let why = "GWA_XTIL and GWA_YTIL source values are not the same as bkg values";
                    return Ok(Prepared::Skip(SkipReason::not_applicable(why)));
                }
            }
        }
        Ok(Prepared::Ready(exposures))
    }

    fn run(
        params: &BkgSubtractParams,
        exposures: Vec<BackgroundExposure>,
        mut rate: RateModel,
    ) -> Result<Outcome<RateModel, BackgroundSubtracted>, StepError> {
        let background = mean::average(&rate, &exposures, clipping(params))?;
        tracing::info!(
            "Subtracting avg bkg from {}",
            rate.file_name()
                .unwrap_or_else(|| "the exposure".to_string())
        );
        let mut planes = rate.planes_mut();
        Zip::from(planes.data.axis_iter_mut(Axis(0)))
            .and(planes.dq.axis_iter_mut(Axis(0)))
            .par_for_each(|data, dq| {
                let fits = subtract(data, dq, background.data.view(), background.dq.view());
                debug_assert!(
                    fits.is_ok(),
                    "the mean has the shape of the exposure's images"
                );
            });
        let combined = params.save_combined_background.then_some(background);
        Ok(Outcome::Complete(BackgroundSubtracted { rate, combined }))
    }
}

/// The numerical parameters.
fn clipping(params: &BkgSubtractParams) -> Clipping {
    Clipping {
        sigma: params.sigma,
        // Parity: astropy takes 0 and -1 for "no limit", and other negative numbers for 1.
        max_iterations: params
            .maxiters
            .filter(|most| !matches!(most, 0 | -1))
            .map(|most| most.max(1) as usize),
    }
}

/// Whether the grating wheel of NIRSpec stood as in the exposure.
fn have_same_tilt(science: &Metadata, background: &Metadata) -> Result<bool, StepError> {
    for path in ["meta.instrument.gwa_xtilt", "meta.instrument.gwa_ytilt"] {
        let expected = science.require_number(path).map_err(metadata_error)?;
        let found = background.require_number(path).map_err(metadata_error)?;
        if (found - expected).abs() > TILT_TOLERANCE {
            return Ok(false);
        }
    }
    Ok(true)
}
