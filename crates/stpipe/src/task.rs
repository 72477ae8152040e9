//! What can be run, and which parameters it has: a step, or a pipeline with its steps.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::run::{Context, Order, Run, RunError};
use crate::{
    BoxError, ParamSpec, ParamValue, Parameters, Products, ReferenceSource, Settings, Step, Values,
};

crate::params! {
    /// Parameters that every step and pipeline has.
    pub struct BaseParams {
        /// Steps to run before this one; only for compatibility, must be empty
        pub pre_hooks: Vec<ParamValue> = &[];
        /// Steps to run after this one; only for compatibility, must be empty
        pub post_hooks: Vec<ParamValue> = &[];
        /// File to save the result to
        pub output_file: Option<String> = None, output_path();
        /// Directory of output files, made if absent
        pub output_dir: Option<String> = None;
        /// Extension of output files
        pub output_ext: String = ".fits";
        /// Name output files after the file name in the model's metadata
        pub output_use_model: bool = false;
        /// Add the index to the names of several results
        pub output_use_index: bool = true;
        /// Save the result
        pub save_results: bool = false;
        /// Skip this step
        pub skip: bool = false;
        /// Suffix of output files
        pub suffix: Option<String> = None;
        /// Use the output file name of the pipeline
        pub search_output_file: bool = true;
        /// Directory of input files given without one
        pub input_dir: Option<String> = None;
    }
}

/// Names, parameters, references and sub-steps of something that can be run.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskSpec {
    /// Key of a step in its pipeline: `jump`.
    pub name: Cow<'static, str>,
    /// Short name on the command line: `jump`, `calwebb_detector1`.
    pub alias: Cow<'static, str>,
    /// The dotted class that parameter files name.
    pub class: Cow<'static, str>,
    /// One sentence.
    pub about: Cow<'static, str>,
    /// Every parameter, without the overrides of reference files.
    pub parameters: Vec<ParamSpec>,
    /// Reference types that it may ask for, without those of its steps.
    pub references: Vec<Cow<'static, str>>,
    /// Whether a pipeline fetches these references before its first step.
    pub prefetch: bool,
    /// The steps of a pipeline.
    pub steps: Vec<Arc<TaskSpec>>,
}

impl TaskSpec {
    /// The task that is the step `S`.
    pub fn step<S: Step>() -> Self {
        let mut parameters = with_base(S::Params::specs());
        set_default(
            &mut parameters,
            "skip",
            ParamValue::Bool(S::SKIP_BY_DEFAULT),
        );
        if let Some(suffix) = S::SUFFIX {
            set_default(&mut parameters, "suffix", ParamValue::from(suffix));
        }
        Self {
            name: S::NAME.into(),
            alias: S::ALIAS.into(),
            class: S::CLASS.into(),
            about: S::ABOUT.into(),
            parameters,
            references: S::REFERENCES.iter().map(|kind| Cow::from(*kind)).collect(),
            prefetch: S::PREFETCH,
            steps: Vec::new(),
        }
    }

    /// A pipeline with parameters `P` of its own and `steps`, which have different names.
    pub fn pipeline<P: Parameters>(
        alias: &'static str,
        class: &'static str,
        about: &'static str,
        steps: Vec<Self>,
    ) -> Self {
        Self {
            name: class_name(class).into(),
            alias: alias.into(),
            class: class.into(),
            about: about.into(),
            parameters: with_base(P::specs()),
            references: Vec::new(),
            prefetch: true,
            steps: steps.into_iter().map(Arc::new).collect(),
        }
    }

    /// The class without its modules: `JumpStep`.
    pub fn class_name(&self) -> &str {
        class_name(&self.class)
    }

    /// The type of the reference files that hold parameters for this task: `pars-jumpstep`.
    pub fn parameters_type(&self) -> String {
        format!("pars-{}", self.class_name().to_lowercase())
    }

    /// Whether this is a pipeline.
    pub fn is_pipeline(&self) -> bool {
        !self.steps.is_empty()
    }

    /// The declaration of a parameter or of `override_<type>`.
    pub fn parameter(&self, name: &str) -> Option<Cow<'_, ParamSpec>> {
        if let Some(spec) = self.parameters.iter().find(|spec| spec.name == name) {
            return Some(Cow::Borrowed(spec));
        }
        self.overrides()
            .find(|spec| spec.name == name)
            .map(Cow::Owned)
    }

    /// The parameters `override_<type>`, one for each reference type.
    pub fn overrides(&self) -> impl Iterator<Item = ParamSpec> + '_ {
        self.references.iter().map(|kind| {
            ParamSpec::of::<Option<String>>(
                format!("override_{kind}"),
                None,
                format!("Override the {kind} reference file"),
            )
        })
    }

    /// Every parameter, with the overrides of reference files.
    pub fn all_parameters(&self) -> impl Iterator<Item = Cow<'_, ParamSpec>> {
        let overrides = self.overrides().map(Cow::Owned);
        self.parameters.iter().map(Cow::Borrowed).chain(overrides)
    }

    /// The step called `name`.
    pub fn sub_step(&self, name: &str) -> Option<&Arc<Self>> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// Whether `identifier` names this task: alias, class name, dotted class, or `package::alias`.
    ///
    /// A dotted class matches when package and class name agree, whatever the modules between:
    /// packages publish the same class in several places.
    pub fn answers_to(&self, identifier: &str) -> bool {
        let package = self.class.split('.').next().unwrap_or_default();
        if let Some((scope, alias)) = identifier.split_once("::") {
            return scope == package && alias == self.alias;
        }
        match identifier.rsplit_once('.') {
            None => identifier == self.alias || identifier == self.class_name(),
            Some((modules, class)) => {
                class == self.class_name() && modules.split('.').next() == Some(package)
            }
        }
    }
}

fn class_name(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}

/// Base parameters first; a task's own parameter of the same name replaces one.
fn with_base(own: &[ParamSpec]) -> Vec<ParamSpec> {
    let mut all = BaseParams::specs().to_vec();
    for spec in own {
        match all.iter_mut().find(|base| base.name == spec.name) {
            Some(base) => *base = spec.clone(),
            None => all.push(spec.clone()),
        }
    }
    all
}

fn set_default(specs: &mut [ParamSpec], name: &str, default: ParamValue) {
    if let Some(spec) = specs.iter_mut().find(|spec| spec.name == name) {
        spec.default = default;
    }
}

/// Something that a program can run: a step on its own, or a pipeline.
pub trait Task: Send + Sync {
    /// Its names, parameters and steps.
    fn spec(&self) -> &Arc<TaskSpec>;

    /// Reads the inputs, runs, and says which files were saved.
    ///
    /// # Errors
    /// [`RunError`] naming the file and what is wrong.
    fn run(
        &self,
        context: &Context<'_>,
        settings: Settings,
        inputs: &[PathBuf],
    ) -> Result<Vec<PathBuf>, RunError>;
}

/// A step on its own: opens its input, runs and saves.
pub struct StepTask<S: Step> {
    spec: Arc<TaskSpec>,
    open: fn(&Path) -> Result<S::Input, BoxError>,
}

impl<S: Step> StepTask<S> {
    /// The step `S`, whose input `open` reads.
    pub fn new(open: fn(&Path) -> Result<S::Input, BoxError>) -> Self {
        Self {
            spec: Arc::new(TaskSpec::step::<S>()),
            open,
        }
    }
}

impl<S> Task for StepTask<S>
where
    S: Step,
    S::Input: Products,
    S::Output: Products,
{
    fn spec(&self) -> &Arc<TaskSpec> {
        &self.spec
    }

    fn run(
        &self,
        context: &Context<'_>,
        settings: Settings,
        inputs: &[PathBuf],
    ) -> Result<Vec<PathBuf>, RunError> {
        let (run, input) = Run::on_file(context, settings, inputs, self.open)?;
        run.alone::<S>(input).map(|(_, saved)| saved)
    }
}

/// What a program does with the inputs of a task; see [`Task::run`].
pub type Action = fn(&Context<'_>, Settings, &[PathBuf]) -> Result<Vec<PathBuf>, RunError>;

/// A pipeline, or a step whose inputs or products are others than [`StepTask`] knows.
#[derive(Debug)]
pub struct ActionTask {
    spec: Arc<TaskSpec>,
    action: Action,
}

impl ActionTask {
    /// A task with these names and parameters that does this.
    pub fn new(spec: TaskSpec, action: Action) -> Self {
        let spec = Arc::new(spec);
        Self { spec, action }
    }
}

impl Task for ActionTask {
    fn spec(&self) -> &Arc<TaskSpec> {
        &self.spec
    }

    fn run(
        &self,
        context: &Context<'_>,
        settings: Settings,
        inputs: &[PathBuf],
    ) -> Result<Vec<PathBuf>, RunError> {
        (self.action)(context, settings, inputs)
    }
}

/// A mission: what programs need besides its steps.
pub trait Mission: Send + Sync {
    /// Name and version of its package, as `--version` and the log show them.
    fn software(&self) -> (&str, &str);

    /// Suffixes of product names.
    fn suffixes(&self) -> &[&str];

    /// Every pipeline and step.
    fn tasks(&self) -> &[Arc<dyn Task>];

    /// Metadata of a file for the selection of references, without reading its arrays.
    ///
    /// Of a list of files, it is the metadata of the first. `files_anywhere` is that of [`Context`].
    ///
    /// # Errors
    /// If the file is none of the mission's.
    fn selection(&self, path: &Path, files_anywhere: bool) -> Result<Values, BoxError>;

    /// Opens the reference system that the environment names, with `context` instead of the one that the environment chooses.
    ///
    /// # Errors
    /// If it cannot be used.
    fn references(&self, context: Option<&str>) -> Result<Box<dyn ReferenceSource>, BoxError>;

    /// How the steps of the pipeline with this alias follow each other, for its kinds of exposures; empty where nothing is said.
    fn orders(&self, _pipeline: &str) -> Vec<Order> {
        Vec::new()
    }

    /// The task that `identifier` names: alias, class name or dotted class.
    fn task(&self, identifier: &str) -> Option<&Arc<dyn Task>> {
        self.tasks()
            .iter()
            .find(|task| task.spec().answers_to(identifier))
    }
}
