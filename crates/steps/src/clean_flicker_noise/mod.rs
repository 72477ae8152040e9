//! `clean_flicker_noise`: removes 1/f noise of the readout, found between the sources of the scene.

mod autoparam;
mod correct;
mod draft;
mod median_image;
mod prepare;
mod product;
pub(crate) mod scene;
mod soss;
#[cfg(test)]
mod tests;

use datamodels::models::ExposureModel;
use stpipe::{Outcome, Prepared, ReferenceFiles, Step, StepError};

pub(crate) use draft::{DraftRate, FitReferences};
pub use prepare::FlickerReferences;
pub use product::WithIntermediates;

stpipe::params! {
    /// Parameters of `clean_flicker_noise`.
    pub struct CleanFlickerNoiseParams {
        /// Choose parameters from the data (NIRCam and NIRISS images)
        pub autoparam: bool = false;
        /// Method of the fit
        pub fit_method: String = "median", choices(&["fft", "median"]);
        /// Fit each amplifier by itself
        pub fit_by_channel: bool = false;
        /// Background that is removed before the fit
        pub background_method: Option<String> = Some("median"), choices(&["median", "model", "median_image"]);
        /// Mesh of the background model [pixels]
        pub background_box_size: Option<Vec<i64>> = None, items(2..=2);
        /// Leave out regions that slits, slices or traces illuminate
        pub mask_science_regions: bool = false;
        /// Divide by the flat field before the fit
        pub apply_flat_field: bool = false;
        /// Limit of the mask above the median [sigma]
        pub n_sigma: f64 = 2.0;
        /// Find the width from a fit to the histogram
        pub fit_histogram: bool = false;
        /// One mask for all integrations
        pub single_mask: bool = true;
        /// Mask file of your own
        pub user_mask: Option<String> = None;
        /// Save the mask
        pub save_mask: bool = false;
        /// Save the background
        pub save_background: bool = false;
        /// Save the noise
        pub save_noise: bool = false;
    }
}

/// Removes 1/f noise from the differences of groups, or from rates.
#[derive(Debug, Clone, Copy)]
pub struct CleanFlickerNoise;

impl Step for CleanFlickerNoise {
    const NAME: &'static str = "clean_flicker_noise";
    const CLASS: &'static str =
        "jwst.clean_flicker_noise.clean_flicker_noise_step.CleanFlickerNoiseStep";
    const ABOUT: &'static str = "Removes 1/f noise";
    const STATUS_KEY: &'static str = "clean_flicker_noise";
    /// The last two are for the draft rate in which sources are found.
    const REFERENCES: &'static [&'static str] = &["flat", "pastasoss", "gain", "readnoise"];
    const SKIP_BY_DEFAULT: bool = true;
    type Params = CleanFlickerNoiseParams;
    type References = FlickerReferences;
    type Input = ExposureModel;
    type Output = WithIntermediates;

    fn prepare(
        params: &CleanFlickerNoiseParams,
        exposure: &ExposureModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<FlickerReferences>, StepError> {
        prepare::prepare(params, exposure, files).map(Prepared::Ready)
    }

    fn run(
        params: &CleanFlickerNoiseParams,
        references: FlickerReferences,
        exposure: ExposureModel,
    ) -> Result<Outcome<ExposureModel, WithIntermediates>, StepError> {
        correct::run(params, references, exposure)
    }
}
