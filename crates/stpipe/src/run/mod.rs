//! The runner: what happens around a step or a pipeline.
//!
//! A [`Run`] belongs to one task, a pipeline or a step on its own. It resolves references, skips,
//! records status, provenance and log in the products, and saves them under their names. The
//! science is in [`Step::run`], which knows nothing of all that.

mod error;
mod parameters;
mod references;
mod save;
mod table;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use error::RunError;
pub(crate) use parameters::lay_over;
pub use parameters::{ParameterSources, parameter_layers, resolve_settings};
pub use table::{Entry, Order, Turn, describe_table};

use crate::log::LogSink;
use crate::{
    BoxError, Observer, Origin, Outcome, Prepared, Product, Products, Provenance, ReferenceSource,
    Settings, SkipReason, Status, Step, StepError, StepReport, Summary, Values,
};

/// Name of the module in logs: that of the reference package, which users search for.
const LOG: &str = "stpipe.step";

/// What became of the step `S`.
pub type StepResult<S> = Outcome<<S as Step>::Input, <S as Step>::Output>;

/// Reference types that a step asked for, and what a product says about them.
type Used = Vec<(String, String)>;

/// What a run uses and does not own.
pub struct Context<'a> {
    /// Selects reference files.
    pub references: &'a dyn ReferenceSource,
    /// Suffixes of product names that the mission knows.
    pub suffixes: &'a [&'a str],
    /// The log that goes into the products.
    pub log: LogSink,
    /// Name and version of the mission's package, for the last line of the log.
    pub software: (&'a str, &'a str),
    /// Looks up environment variables in `output_dir`.
    pub variables: &'a dyn Fn(&str) -> Option<String>,
    /// Whether an input that lists files may list some outside of its own directory.
    pub files_anywhere: bool,
    /// Memory that the run may take [byte], if there is a limit. Tasks that know how to save memory heed it.
    pub max_memory_bytes: Option<u64>,
    /// Who is told how the run goes on.
    pub observer: &'a dyn Observer,
}

/// A context without reference files, names or environment, for runs in memory.
impl Default for Context<'_> {
    fn default() -> Self {
        Self {
            references: &crate::NoReferenceSource,
            suffixes: &[],
            log: LogSink::default(),
            software: ("stpipe", env!("CARGO_PKG_VERSION")),
            variables: &|_| None,
            files_anywhere: false,
            max_memory_bytes: None,
            observer: &(),
        }
    }
}

/// The run of one task, from its first log line to its saved products.
pub struct Run<'a> {
    context: &'a Context<'a>,
    settings: Settings,
    /// Name that output names are made from: that of the primary input.
    input_name: Option<String>,
    saved: Vec<PathBuf>,
    /// Results of steps that are still to be saved.
    unsaved: Vec<Unsaved>,
}

/// Results of a step that are to be saved beside the next ones.
struct Unsaved {
    settings: Settings,
    results: Box<dyn Products + Send>,
}

impl<'a> Run<'a> {
    /// Begins the run of a task: logs its parameters and makes the output directory.
    ///
    /// `input_name` is the path of the primary input, or the file name in its metadata.
    ///
    /// # Errors
    /// [`RunError`] for an input file of a parameter that is not there, or a directory that cannot
    /// be made.
    pub fn begin(
        context: &'a Context<'a>,
        mut settings: Settings,
        input_name: Option<&str>,
    ) -> Result<Self, RunError> {
        let name = settings.name().to_owned();
        settings.check_files()?;
        log_instances(&settings);
        let shown = input_name.map_or_else(String::new, |input| format!("'{input}',"));
        tracing::info!(target: LOG, "Step {name} running with args ({shown}).");
        if settings.base()?.output_file.is_some() {
            settings.set("save_results", true, Origin::Caller)?;
        }
        let text = parameters::as_text(&settings);
        tracing::info!(target: LOG, "Step {name} parameters are:\n{text}");
        let run = Self {
            context,
            settings,
            input_name: input_name.map(str::to_owned),
            saved: Vec::new(),
            unsaved: Vec::new(),
        };
        run.make_directories()?;
        run.say_plan();
        if run.settings.skip() {
            tracing::info!(target: LOG, "Step run as standalone, so skip set to False");
        }
        Ok(run)
    }

    /// Begins the run of a task that takes one file, and opens it with `open`.
    ///
    /// # Errors
    /// As [`Self::begin`]; also if there is not one input, or it cannot be read.
    pub fn on_file<M>(
        context: &'a Context<'a>,
        settings: Settings,
        inputs: &[PathBuf],
        open: fn(&Path) -> Result<M, BoxError>,
    ) -> Result<(Self, M), RunError> {
        let [path] = inputs else {
            return Err(RunError::InputCount {
                task: settings.name().to_owned(),
                expected: "one input file",
                found: inputs.len(),
            });
        };
        let run = Self::begin(context, settings, path.to_str())?;
        let input = open(path).map_err(|source| RunError::Input {
            path: path.clone(),
            source,
        })?;
        Ok((run, input))
    }

    /// The effective parameters.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The effective parameters, for what a pipeline sets for its steps.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Memory that the run may take [byte], if there is a limit.
    pub fn max_memory_bytes(&self) -> Option<u64> {
        self.context.max_memory_bytes
    }

    /// Files saved so far.
    pub fn saved(&self) -> &[PathBuf] {
        &self.saved
    }

    /// Finds the references of the steps called `planned` before the first of them runs.
    ///
    /// Steps that are skipped or do not prefetch are left out; so are overridden types.
    ///
    /// # Errors
    /// [`RunError`] if nothing can be selected, a type has no answer, or a file is not there.
    pub fn prefetch(&self, selection: &Values, planned: &[&str]) -> Result<(), RunError> {
        references::prefetch(self, selection, planned)
    }

    /// Runs a step of the pipeline and gives back the model, whatever became of the step.
    ///
    /// # Errors
    /// [`RunError`] if the step fails.
    pub fn step<S, M>(&mut self, input: M) -> Result<M, RunError>
    where
        S: Step<Input = M, Output = M>,
        M: Products,
    {
        self.outcome::<S>(S::NAME, input).map(Outcome::into_model)
    }

    /// Runs the step of the pipeline that is configured as `name`.
    ///
    /// # Errors
    /// [`RunError`] if the pipeline has no such step, or the step fails.
    pub fn outcome<S>(&mut self, name: &str, input: S::Input) -> Result<StepResult<S>, RunError>
    where
        S: Step,
        S::Input: Products,
        S::Output: Products,
    {
        let (mut outcome, begun, settings) = self.outcome_unsaved::<S>(name, input)?;
        if let Some(settings) = settings {
            self.save_results(&settings, products_of(&mut outcome))?;
            self.save_companions(&settings, &mut outcome)?;
        }
        Ok(self.told::<S>(name, begun.elapsed(), outcome))
    }

    /// As [`Self::outcome`], for a step whose results nobody needs any more. They are saved, if they are to be, when the
    /// pipeline [delivers](Self::deliver) its own: a thread writes to one file then, and another one to the other.
    ///
    /// Gives the input back if the step does not come to results. What belongs to results
    /// ([`Products::companions`]) is not saved.
    ///
    /// # Errors
    /// As [`Self::outcome`].
    pub fn leave_results<S>(
        &mut self,
        name: &str,
        input: S::Input,
    ) -> Result<Option<S::Input>, RunError>
    where
        S: Step,
        S::Input: Products,
        S::Output: Products + Send + 'static,
    {
        let (outcome, begun, settings) = self.outcome_unsaved::<S>(name, input)?;
        match (self.told::<S>(name, begun.elapsed(), outcome), settings) {
            (Outcome::Complete(output), Some(settings)) => {
                let results = Box::new(output);
                self.unsaved.push(Unsaved { settings, results });
                Ok(None)
            }
            (Outcome::Complete(_), None) => Ok(None),
            (Outcome::Skipped { mut input, .. } | Outcome::Failed { mut input, .. }, settings) => {
                if let Some(settings) = settings {
                    self.save_results(&settings, &mut input)?;
                }
                Ok(Some(input))
            }
        }
    }

    /// Takes a product that is to be saved, if results are, when the pipeline [finishes](Self::finish) or
    /// [delivers](Self::deliver) its own: a thread writes to one file then, and another one to the other.
    ///
    /// # Errors
    /// [`RunError`] if the parameters cannot be read.
    pub fn leave(
        &mut self,
        product: impl Products + Send + 'static,
        suffix: &str,
    ) -> Result<(), RunError> {
        if self.settings.base()?.save_results {
            let mut settings = self.settings.clone();
            settings.set("suffix", suffix, Origin::Caller)?;
            let results = Box::new(product);
            self.unsaved.push(Unsaved { settings, results });
        }
        Ok(())
    }

    /// What became of a step, when it began, and the settings with which its results are to be saved, if they are.
    fn outcome_unsaved<S>(
        &mut self,
        name: &str,
        mut input: S::Input,
    ) -> Result<(StepResult<S>, Instant, Option<Settings>), RunError>
    where
        S: Step,
        S::Input: Products,
        S::Output: Products,
    {
        let settings = self
            .settings
            .step(name)
            .ok_or_else(|| RunError::NoSuchStep {
                pipeline: self.settings.name().to_owned(),
                step: name.to_owned(),
            })?;
        let settings = settings.clone();
        let begun = self.step_begins(name);
        tracing::info!(target: LOG, "Step {name} running with args ({},).", described(&mut input));
        if settings.skip() {
            tracing::info!(target: LOG, "Step skipped.");
            let reason = SkipReason::Requested;
            mark(&mut input, S::STATUS_KEY, Status::Skipped, Some(&reason));
            self.record(&mut input, &[]);
            return Ok((Outcome::Skipped { input, reason }, begun, None));
        }
        let (mut outcome, used) = self.execute::<S>(&settings, input)?;
        self.save_side_products(&settings, &mut outcome)?;
        self.record_outcome::<S>(&mut outcome, &used);
        let base = settings.base()?;
        let is_saved = base.save_results || base.output_file.is_some();
        tracing::info!(target: LOG, "Step {name} done");
        Ok((outcome, begun, is_saved.then_some(settings)))
    }

    /// Runs the step that is this run's task, and ends the run.
    ///
    /// # Errors
    /// [`RunError`] if the step fails or a product cannot be saved.
    pub fn alone<S>(mut self, input: S::Input) -> Result<(StepResult<S>, Vec<PathBuf>), RunError>
    where
        S: Step,
        S::Input: Products,
        S::Output: Products,
    {
        let settings = self.settings.clone();
        let begun = self.step_begins(settings.name());
        let (mut outcome, used) = self.execute::<S>(&settings, input)?;
        if !used.is_empty() {
            self.log_context();
        }
        self.save_side_products(&settings, &mut outcome)?;
        self.record_outcome::<S>(&mut outcome, &used);
        if settings.base()?.save_results {
            self.save_results(&settings, products_of(&mut outcome))?;
            self.save_companions(&settings, &mut outcome)?;
        }
        let outcome = self.told::<S>(settings.name(), begun.elapsed(), outcome);
        Ok((outcome, self.end()))
    }

    /// Ends the run of a pipeline: records the log, and saves the results if wanted.
    ///
    /// # Errors
    /// [`RunError`] if a product cannot be saved.
    pub fn finish(mut self, results: &mut dyn Products) -> Result<Vec<PathBuf>, RunError> {
        self.log_context();
        self.record(results, &[]);
        let is_saved = self.settings.base()?.save_results;
        let settings = self.settings.clone();
        self.save_with_unsaved(is_saved.then_some((&settings, results)))?;
        Ok(self.end())
    }

    /// Records how one of several results of a pipeline was made, and saves it with a suffix of its own if results are
    /// wanted.
    ///
    /// The name is made from `output_file`, or from the input.
    ///
    /// # Errors
    /// [`RunError`] if it cannot be saved.
    pub fn deliver(&mut self, result: &mut dyn Product, suffix: &str) -> Result<(), RunError> {
        let mut results = [result];
        self.record(&mut results, &[]);
        let is_saved = self.settings.base()?.save_results;
        let mut settings = self.settings.clone();
        settings.set("suffix", suffix, Origin::Caller)?;
        self.save_with_unsaved(is_saved.then_some((&settings, &mut results)))
    }

    /// Ends the run of a pipeline whose results were [delivered](Self::deliver).
    pub fn close(self) -> Vec<PathBuf> {
        self.log_context();
        self.end()
    }

    /// Says which steps there are to come; a step on its own is the only one.
    fn say_plan(&self) {
        let steps = self.settings.steps().iter();
        let mut names: Vec<&str> = steps.map(Settings::name).collect();
        if names.is_empty() {
            names.push(self.settings.name());
        }
        self.context.observer.planned(&names);
    }

    /// Says that a step begins; gives the time.
    fn step_begins(&self, name: &str) -> Instant {
        self.context.observer.step_begins(name);
        Instant::now()
    }

    /// Says what became of a step.
    fn told<S>(&self, step: &str, elapsed: Duration, mut outcome: StepResult<S>) -> StepResult<S>
    where
        S: Step,
        S::Input: Products,
        S::Output: Products,
    {
        let reason = match &outcome {
            Outcome::Complete(_) => None,
            Outcome::Skipped { reason, .. } => Some(reason.to_string()),
            Outcome::Failed { reason, .. } => Some(reason.clone()),
        };
        let summary = match &mut outcome {
            Outcome::Complete(output) => summary_of(output, S::STATUS_KEY),
            _ => Summary::default(),
        };
        self.context.observer.step_ended(&StepReport {
            step,
            status: outcome.status(),
            reason,
            elapsed,
            summary,
        });
        outcome
    }

    fn end(self) -> Vec<PathBuf> {
        let (package, version) = self.context.software;
        tracing::info!(target: LOG, "Step {} done", self.settings.name());
        tracing::info!(target: LOG, "Results used {package} version: {version}");
        self.saved
    }

    fn log_context(&self) {
        if let Ok(context) = self.context.references.context() {
            tracing::info!(target: LOG, "Results used CRDS context: {context}");
        }
    }

    /// Finds the references, runs the step and notes its status.
    fn execute<S>(
        &self,
        settings: &Settings,
        mut input: S::Input,
    ) -> Result<(StepResult<S>, Used), RunError>
    where
        S: Step,
        S::Input: Products,
        S::Output: Products,
    {
        let file = first_file_name(&mut input).or_else(|| self.input_name.clone());
        let failed = |source: StepError| RunError::Step {
            step: settings.name().to_owned(),
            input: file
                .clone()
                .unwrap_or_else(|| "the model in memory".to_owned()),
            source: Box::new(source),
        };
        let params = settings.params::<S::Params>()?;
        let files = references::of_step(self, settings, &mut input)?;
        let mut outcome = match S::prepare(&params, &input, &files).map_err(failed)? {
            Prepared::Ready(loaded) => S::run(&params, loaded, input).map_err(failed)?,
            Prepared::Skip(reason) => Outcome::Skipped { input, reason },
        };
        match &mut outcome {
            Outcome::Complete(output) => mark(output, S::STATUS_KEY, Status::Complete, None),
            Outcome::Skipped { input, reason } => {
                tracing::info!(target: LOG, "Step {} skipped: {reason}", settings.name());
                mark(input, S::STATUS_KEY, Status::Skipped, Some(reason));
            }
            Outcome::Failed { input, reason } => {
                tracing::warn!(target: LOG, "Step {} failed: {reason}", settings.name());
                mark(input, S::STATUS_KEY, Status::Failed, None);
            }
        }
        Ok((outcome, files.used()))
    }

    fn record_outcome<S>(&self, outcome: &mut StepResult<S>, used: &Used)
    where
        S: Step,
        S::Input: Products,
        S::Output: Products,
    {
        match outcome {
            Outcome::Complete(output) => self.record(output, used),
            Outcome::Skipped { input, .. } | Outcome::Failed { input, .. } => {
                self.record(input, used);
            }
        }
    }

    /// Records how the products were made.
    fn record(&self, products: &mut dyn Products, used: &[(String, String)]) {
        let lines = self.context.log.lines();
        let context = match used {
            [] => None,
            _ => self.context.references.context().ok(),
        };
        let version = self.context.references.version();
        let provenance = Provenance {
            references: used,
            reference_system: context.as_deref().map(|context| (context, version)),
            log_key: &self.settings.spec().alias,
            log: &lines,
            settings: &self.settings,
        };
        for product in products.products().into_iter().flatten() {
            product.record(&provenance);
        }
    }
}

/// The file name of a path.
pub(crate) fn base_name(path: &str) -> &str {
    Path::new(path)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or(path)
}

fn log_instances(settings: &Settings) {
    tracing::info!(target: LOG, "{} instance created.", settings.spec().class_name());
    settings.steps().iter().for_each(log_instances);
}

fn described(products: &mut dyn Products) -> String {
    let products = products.products();
    let described = products.into_iter().map(|product| match product {
        None => "None".to_owned(),
        Some(product) => {
            let file = product.file_name();
            let from = file.map_or_else(String::new, |file| format!(" from {file}"));
            format!("<{}{from}>", product.describe())
        }
    });
    described.collect::<Vec<_>>().join(", ")
}

fn first_file_name(products: &mut dyn Products) -> Option<String> {
    products
        .products()
        .into_iter()
        .flatten()
        .next()?
        .file_name()
}

fn mark(products: &mut dyn Products, key: &str, status: Status, reason: Option<&SkipReason>) {
    for product in products.products().into_iter().flatten() {
        product.set_status(key, status);
        if let Some(reason) = reason {
            product.set_skip_reason(key, reason);
        }
    }
}

/// What a step found in all of its products.
fn summary_of(products: &mut dyn Products, key: &str) -> Summary {
    let mut all = Summary::default();
    for product in products.products().into_iter().flatten() {
        all.merge(product.summary(key));
    }
    all
}

fn products_of<I: Products, O: Products>(outcome: &mut Outcome<I, O>) -> &mut dyn Products {
    match outcome {
        Outcome::Complete(output) => output,
        Outcome::Skipped { input, .. } | Outcome::Failed { input, .. } => input,
    }
}
