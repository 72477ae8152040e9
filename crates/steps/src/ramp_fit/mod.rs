//! `ramp_fit`: fits a count rate to every ramp.

mod fit;
mod likely;
mod output;
#[cfg(test)]
mod tests;

use datamodels::RampModel;
use datamodels::reference::{GainReference, ReadNoiseReference};
use stcal::ramp_fit::likely::MIN_GROUPS;
use stcal::ramp_fit::select_groups;
use stpipe::{Outcome, Prepared, ReferenceFiles, Step, StepError};

use crate::flags;

pub(crate) use fit::rates;
pub(crate) use output::rate_metadata;
pub use output::{OptionalProduct, RampFitOutput};

stpipe::params! {
    /// Parameters of `ramp_fit`.
    pub struct RampFitParams {
        /// Algorithm: weighted least squares, or likelihood
        pub algorithm: String = "OLS_C", choices(&["OLS_C", "LIKELY"]);
        /// Without effect
        pub int_name: String = "";
        /// Save what is known of each segment (`_fitopt`), or the chi square of the likelihood fit (`_likely_chisq`)
        pub save_opt: bool = false;
        /// Name of that product
        pub opt_name: String = "";
        /// Give no rate to ramps with a single good group
        pub suppress_one_group: bool = true;
        /// First group to use, counted from 0
        pub firstgroup: Option<i64> = None;
        /// Last group to use, counted from 0
        pub lastgroup: Option<i64> = None;
        /// Without effect: the number of threads is the program's
        pub maximum_cores: String = "1";
    }
}

/// Gain and read noise of the exposure's pixels.
#[derive(Debug, Clone)]
pub struct RampFitReferences {
    /// Gain.
    pub gain: GainReference,
    /// Read noise.
    pub read_noise: ReadNoiseReference,
}

/// Makes count-rate images of an exposure and of its integrations.
#[derive(Debug, Clone, Copy)]
pub struct RampFit;

impl Step for RampFit {
    const NAME: &'static str = "ramp_fit";
    const CLASS: &'static str = "jwst.ramp_fitting.ramp_fit_step.RampFitStep";
    const ABOUT: &'static str = "Fits a count rate to every ramp";
    const STATUS_KEY: &'static str = "ramp_fit";
    const REFERENCES: &'static [&'static str] = &["readnoise", "gain"];
    type Params = RampFitParams;
    type References = RampFitReferences;
    type Input = RampModel;
    type Output = RampFitOutput;

    fn prepare(
        _params: &RampFitParams,
        ramp: &RampModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<RampFitReferences>, StepError> {
        let science = crate::science(ramp);
        let (read_noise, gain) = crate::load_both(
            files,
            ("readnoise", |path| ReadNoiseReference::load(path, &science)),
            ("gain", |path| GainReference::load(path, &science)),
        )?;
        match (gain, read_noise) {
            (Some(gain), Some(read_noise)) => {
                Ok(Prepared::Ready(RampFitReferences { gain, read_noise }))
            }
            (None, _) => Err(StepError::reference(
                "gain",
                "N/A",
                "ramp fitting cannot do without it",
            )),
            (_, None) => Err(StepError::reference(
                "readnoise",
                "N/A",
                "ramp fitting cannot do without it",
            )),
        }
    }

    fn run(
        params: &RampFitParams,
        references: RampFitReferences,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampFitOutput>, StepError> {
        if let Some(factor) = references.gain.gain_factor {
            ramp.meta.set("meta.exposure.gain_factor", factor);
        }
        let times = likely::read_times(&ramp)?;
        let algorithm = Algorithm::choose(params, ramp.data.dim().1, times.is_some());
        tracing::info!("Using algorithm = {}", algorithm.name());
        if params.firstgroup.is_some() || params.lastgroup.is_some() {
            let unusable = flags::GROUP.do_not_use;
            let selection = select_groups(
                ramp.groupdq.view_mut(),
                params.firstgroup,
                params.lastgroup,
                unusable,
            );
            if selection.ignored {
                tracing::warn!("firstgroup is not before lastgroup: both are ignored");
            }
        }
        let output = match algorithm {
            Algorithm::Ols => fit::fit(params, &references, ramp)?,
            Algorithm::Likely => likely::fit(params, &references, times, ramp)?,
        };
        Ok(Outcome::Complete(output))
    }
}

/// How ramps are fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    /// Weighted least squares.
    Ols,
    /// Likelihood with the full covariance.
    Likely,
}

impl Algorithm {
    /// What the user wants, as far as the exposure allows it.
    fn choose(params: &RampFitParams, groups: usize, uneven: bool) -> Self {
        let mut likely = params.algorithm == "LIKELY";
        if uneven && !likely {
            tracing::warn!("Setting the algorithm to LIKELY for unevenly sampled exposure");
            likely = true;
        }
        // Parity: jwst ramp_fit_step.py falls back although the other fit takes the groups to be even.
        if likely && groups < MIN_GROUPS {
            tracing::info!(
                "LIKELY needs at least {MIN_GROUPS} groups, found {groups}: the algorithm is changed to OLS_C"
            );
            likely = false;
        }
        if likely { Self::Likely } else { Self::Ols }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ols => "OLS_C",
            Self::Likely => "LIKELY",
        }
    }
}
