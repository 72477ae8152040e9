//! Steps that this version knows by name and parameters and cannot run yet.
//!
//! They are off by default, and recorded as skipped then. Asking for one is an error.

use datamodels::RampModel;
use stpipe::{Outcome, Prepared, ReferenceFiles, Step, StepError};

stpipe::params! {
    /// Parameters of `picture_frame`.
    pub struct PictureFrameParams {
        /// Leave out regions that slits, slices or traces illuminate
        pub mask_science_regions: bool = true;
        /// Limit of the mask above the median [sigma]
        pub n_sigma: f64 = 2.0;
        /// Save the mask
        pub save_mask: bool = false;
        /// Save the correction
        pub save_correction: bool = false;
    }
}

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

macro_rules! not_available {
    ($(#[$doc:meta])* $step:ident, $params:ty, $name:literal, $class:literal, $about:literal, $references:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $step;

        impl Step for $step {
            const NAME: &'static str = $name;
            const CLASS: &'static str = $class;
            const ABOUT: &'static str = $about;
            const STATUS_KEY: &'static str = $name;
            const REFERENCES: &'static [&'static str] = $references;
            const SKIP_BY_DEFAULT: bool = true;
            type Params = $params;
            type References = ();
            type Input = RampModel;
            type Output = RampModel;

            fn prepare(
                _params: &$params,
                _ramp: &RampModel,
                _files: &ReferenceFiles,
            ) -> Result<Prepared<()>, StepError> {
                Err(StepError::NotAvailable($name))
            }

            fn run(
                _params: &$params,
                (): (),
                _ramp: RampModel,
            ) -> Result<Outcome<RampModel, RampModel>, StepError> {
                Err(StepError::NotAvailable($name))
            }
        }
    };
}

not_available!(
    /// Removes the thermal pattern of the detector's frame (NIRSpec).
    PictureFrame,
    PictureFrameParams,
    "picture_frame",
    "jwst.picture_frame.picture_frame_step.PictureFrameStep",
    "Removes the thermal pattern of the detector's frame (NIRSpec); not available yet",
    &["pictureframe"]
);
not_available!(
    /// Removes 1/f noise.
    CleanFlickerNoise,
    CleanFlickerNoiseParams,
    "clean_flicker_noise",
    "jwst.clean_flicker_noise.clean_flicker_noise_step.CleanFlickerNoiseStep",
    "Removes 1/f noise; not available yet",
    &["flat", "pastasoss"]
);
