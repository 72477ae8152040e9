//! Steps that this version knows by name and parameters and cannot run yet.
//!
//! They are off by default, and recorded as skipped then. Asking for one is an error.

use datamodels::RampModel;
use stpipe::{Outcome, Prepared, ReferenceFiles, Step, StepError};

stpipe::params! {
    /// Parameters of `emicorr`.
    pub struct EmicorrParams {
        /// Algorithm: joint fit, or sequential binning by phase
        pub algorithm: String = "joint", choices(&["sequential", "joint"]);
        /// Integrations used to find the phase
        pub nints_to_phase: Option<i64> = None;
        /// Bins of the waveform
        pub nbins: Option<i64> = None;
        /// Scale the reference waveform to the data
        pub scale_reference: bool = true;
        /// Frequencies to be removed without a reference file [Hz]
        pub onthefly_corr_freq: Option<Vec<f64>> = None;
        /// Cycles used to find the phase; None for all
        pub use_n_cycles: Option<i64> = Some(3);
        /// Fit each integration by itself
        pub fit_ints_separately: bool = false;
        /// Reference file (deprecated; use override_emicorr)
        pub user_supplied_reffile: Option<String> = None;
        /// Save intermediate results
        pub save_intermediate_results: bool = false;
    }
}

stpipe::params! {
    /// Parameters of `persistence`.
    pub struct PersistenceParams {
        /// ASDF file for the array of window ends
        pub save_persistence: Option<String> = None;
        /// Length of the window [s]
        pub persistence_time: Option<i64> = None;
        /// Signal that opens a window as saturation does [DN]
        pub dn_threshold: Option<f64> = None;
        /// ASDF file with the windows of the exposure before
        pub persistence_array_file: Option<String> = None;
        /// Also mark the pixels as unusable
        pub persistence_dnu: bool = false;
    }
}

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
    /// Removes electromagnetic interference (MIRI).
    Emicorr,
    EmicorrParams,
    "emicorr",
    "jwst.emicorr.emicorr_step.EmiCorrStep",
    "Removes electromagnetic interference (MIRI); not available yet",
    &["emicorr"]
);
not_available!(
    /// Marks pixels that bright light has left charge in.
    Persistence,
    PersistenceParams,
    "persistence",
    "jwst.persistence.persistence_step.PersistenceStep",
    "Marks pixels that bright light has left charge in; not available yet",
    &[]
);
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
