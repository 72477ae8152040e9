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
