//! `emicorr`: removes the electromagnetic interference of MIRI's electronics.

mod fit;
mod readout;

use std::path::Path;

use datamodels::reference::{EmiCase, EmiReference, EmiWave, EmiWaves};
use datamodels::{DataModelError, RampModel};
use stpipe::{Outcome, Prepared, Product, Products, ReferenceFiles, SkipReason, Step, StepError};

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

/// Fits periodic signals that all outputs share, and subtracts them.
#[derive(Debug, Clone, Copy)]
pub struct Emicorr;

/// What there is to remove.
#[derive(Debug, Clone, PartialEq)]
pub enum Interference {
    /// Known waves.
    Known(EmiCase),
    /// Frequencies whose waves have to be found in the data; the waves hold no amplitudes.
    Frequencies(EmiCase),
}

/// The corrected ramp.
#[derive(Debug, Clone)]
pub struct EmicorrOutput {
    /// The ramp.
    pub ramp: RampModel,
    /// The waves that were found without a reference file, where they are to be saved.
    pub waves: Option<EmiWaves>,
}

impl Products for EmicorrOutput {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        vec![Some(&mut self.ramp)]
    }
}

impl Step for Emicorr {
    const NAME: &'static str = "emicorr";
    const CLASS: &'static str = "jwst.emicorr.emicorr_step.EmiCorrStep";
    const ABOUT: &'static str = "Removes electromagnetic interference (MIRI)";
    const STATUS_KEY: &'static str = "emicorr";
    const REFERENCES: &'static [&'static str] = &["emicorr"];
    const SKIP_BY_DEFAULT: bool = true;
    type Params = EmicorrParams;
    type References = Interference;
    type Input = RampModel;
    type Output = EmicorrOutput;

    fn prepare(
        params: &EmicorrParams,
        ramp: &RampModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<Interference>, StepError> {
        if let Some(reason) = readout::not_applicable(ramp)? {
            return Ok(Prepared::Skip(reason));
        }
        let interference = match &params.onthefly_corr_freq {
            Some(frequencies) => {
                tracing::info!("Correcting with reference file created on-the-fly.");
                frequencies_of(ramp, frequencies)?.map(Interference::Frequencies)
            }
            None => match known(params, ramp, files)? {
                Lookup::Found(case) => listed(Some(case)).map(Interference::Known),
                Lookup::UnknownReadout => None,
                Lookup::NoReference => {
                    return Ok(Prepared::Skip(SkipReason::NoReference("emicorr")));
                }
            },
        };
        let groups = ramp.data.dim().1;
        if groups < 3 {
            let why = format!("EMI correction cannot be performed for ngroups={groups}");
            return Ok(Prepared::Skip(SkipReason::not_applicable(why)));
        }
        Ok(interference.map_or_else(
            || {
                Prepared::Skip(SkipReason::not_applicable(
                    "No correction match for this configuration",
                ))
            },
            Prepared::Ready,
        ))
    }

    fn run(
        params: &EmicorrParams,
        interference: Interference,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, EmicorrOutput>, StepError> {
        let (Interference::Known(case) | Interference::Frequencies(case)) = &interference;
        let known = matches!(interference, Interference::Known(_));
        let names: Vec<&str> = case.waves.iter().map(|wave| wave.name.as_str()).collect();
        tracing::info!(
            "Will correct data for the following {} frequencies: {names:?}",
            names.len()
        );
        let joint = params.algorithm == "joint" && known;
        warn(params, known, ramp.data.dim().1);
        let readout = readout::Readout::of(&ramp, case)?;
        tracing::info!(
            "Running EMI fit with algorithm = '{}'.",
            if joint { "joint" } else { "sequential" }
        );
        let waves = if joint {
            fit::joint(&mut ramp, case, &readout, params.fit_ints_separately)?;
            None
        } else {
            let found = fit::sequential(&mut ramp, case, &readout, params)?;
            (params.save_intermediate_results && !known).then(|| readout.waves(case, found))
        };
        Ok(Outcome::Complete(EmicorrOutput { ramp, waves }))
    }
}

fn warn(params: &EmicorrParams, known: bool, groups: usize) {
    if groups < 10 && params.algorithm == "sequential" {
        tracing::warn!("The 'sequential' algorithm is selected and ngroups={groups}.");
        tracing::warn!("The 'joint' algorithm is recommended for ngroups < 10.");
    }
    if params.algorithm == "joint" && !known {
        tracing::warn!(
            "The 'joint' algorithm cannot be used without an EMICORR reference file.  \
             Setting the algorithm to 'sequential'."
        );
    }
}

/// What a reference file says.
enum Lookup {
    Found(EmiCase),
    UnknownReadout,
    NoReference,
}

/// The case of a reference file.
fn known(
    params: &EmicorrParams,
    ramp: &RampModel,
    files: &ReferenceFiles,
) -> Result<Lookup, StepError> {
    let read = |path: &Path| -> Result<Lookup, DataModelError> {
        let (subarray, pattern, detector) = readout::names(&ramp.meta)?;
        let case = EmiReference::open(path)?.case(&subarray, &pattern, &detector)?;
        Ok(case.map_or(Lookup::UnknownReadout, Lookup::Found))
    };
    let Some(path) = &params.user_supplied_reffile else {
        let found = crate::load(files, "emicorr", read)?;
        return Ok(found.unwrap_or(Lookup::NoReference));
    };
    tracing::warn!(
        "The 'user_supplied_reffile' parameter is deprecated and will be removed in a future release. \
         Use 'override_emicorr' instead."
    );
    if path == "N/A" {
        return Ok(Lookup::NoReference);
    }
    tracing::info!("Using EMICORR reference file: {path}");
    read(Path::new(path)).map_err(|source| StepError::reference("emicorr", path.as_str(), source))
}

/// A case without waves is no case.
fn listed(case: Option<EmiCase>) -> Option<EmiCase> {
    case.filter(|case| !case.waves.is_empty())
}

/// The case of frequencies that the user gave; `None` if the clock of the subarray is not known.
fn frequencies_of(ramp: &RampModel, frequencies: &[f64]) -> Result<Option<EmiCase>, StepError> {
    let (subarray, pattern, _) = readout::names(&ramp.meta).map_err(crate::metadata_error)?;
    let Some((row_clocks, frame_clocks)) = readout::clocks(&subarray, &pattern) else {
        return Ok(None);
    };
    let waves = frequencies.iter().map(|hz| EmiWave {
        name: format!("{hz:?}"),
        frequency_hz: *hz,
        amplitudes: Vec::new(),
    });
    Ok(listed(Some(EmiCase {
        row_clocks,
        frame_clocks,
        waves: waves.collect(),
    })))
}
