//! The pipeline on a model in memory.

use std::sync::Arc;

use datamodels::RampModel;
use stpipe::run::{Context, Run, RunError};
use stpipe::{
    ConfigError, NoReferenceSource, Origin, Parameters, Product, ReferenceSource, Settings, Step,
};

use super::{Detector1Output, process, spec};

/// `calwebb_detector1` for library users: models in, models out, nothing written.
///
/// ```no_run
/// use datamodels::{Model, RampModel};
/// use pipelines::{Detector1, Detector1Output};
/// use steps::jump::{Jump, JumpParams};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let ramp = RampModel::open("jw01_uncal.fits".as_ref())?;
/// let mut detector1 = Detector1::new();
/// detector1.set::<Jump>(&JumpParams { rejection_threshold: 5.0, ..JumpParams::default() })?;
/// detector1.override_reference("saturation", "saturation", "my_saturation.fits")?;
/// let references = crds::Client::open(crds::Config::from_env(crds::Observatory::jwst())?)?;
/// if let Detector1Output::Rates { rate, .. } = detector1.run(ramp, &references)? {
///     println!("median of the first row: {:?}", rate.data.row(0));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Detector1 {
    settings: Settings,
}

impl Default for Detector1 {
    fn default() -> Self {
        Self::new()
    }
}

impl Detector1 {
    /// The pipeline with the default parameters of every step. No parameter files are read.
    pub fn new() -> Self {
        Self {
            settings: Settings::defaults(&Arc::new(spec())),
        }
    }

    /// Sets the parameters of a step.
    ///
    /// # Errors
    /// A value is out of range, or the pipeline does not have the step.
    pub fn set<S: Step>(&mut self, params: &S::Params) -> Result<&mut Self, ConfigError> {
        for (name, value) in params.to_values().iter() {
            self.set_value(S::NAME, name, value.clone())?;
        }
        Ok(self)
    }

    /// Runs a step or leaves it out, whatever its default.
    ///
    /// # Errors
    /// The pipeline does not have the step.
    pub fn skip(&mut self, step: &str, skip: bool) -> Result<&mut Self, ConfigError> {
        self.set_value(step, "skip", skip)
    }

    /// Gives a step a reference file of your own; `N/A` for none.
    ///
    /// # Errors
    /// The pipeline does not have the step, or the step does not use the type.
    pub fn override_reference(
        &mut self,
        step: &str,
        kind: &str,
        path: &str,
    ) -> Result<&mut Self, ConfigError> {
        self.set_value(step, &format!("override_{kind}"), path)
    }

    /// Calibrates an exposure with references of a reference system.
    ///
    /// # Errors
    /// [`RunError`] of the step that cannot be done, with its cause.
    pub fn run(
        &self,
        ramp: RampModel,
        references: &dyn ReferenceSource,
    ) -> Result<Detector1Output, RunError> {
        let context = Context {
            references,
            ..Context::default()
        };
        let name = ramp.file_name();
        let mut run = Run::begin(&context, self.settings.clone(), name.as_deref())?;
        process(&mut run, ramp)
    }

    /// Calibrates an exposure with overridden references only.
    ///
    /// # Errors
    /// As [`Self::run`]; also where a step needs a reference that is not overridden.
    pub fn run_without_crds(&self, ramp: RampModel) -> Result<Detector1Output, RunError> {
        self.run(ramp, &NoReferenceSource)
    }

    fn set_value(
        &mut self,
        step: &str,
        name: &str,
        value: impl Into<stpipe::ParamValue>,
    ) -> Result<&mut Self, ConfigError> {
        let origin = Origin::Caller;
        let Some(settings) = self.settings.step_mut(step) else {
            let (task, step) = ("calwebb_detector1".to_string(), step.to_string());
            return Err(ConfigError::UnknownStep {
                origin,
                task,
                step,
                suggestion: None,
            });
        };
        let set = settings.set(name, value, origin.clone());
        set.map_err(|source| ConfigError::Value { origin, source })?;
        Ok(self)
    }
}
