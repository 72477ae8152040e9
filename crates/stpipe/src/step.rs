//! What a step is: a function of a model, checked parameters and loaded references.

use std::borrow::Cow;
use std::fmt;

use crate::{ParamError, Parameters, ReferenceFiles};

/// A step of the calibration.
///
/// The runner calls [`prepare`](Self::prepare), the only place where the step reads files, and then
/// [`run`](Self::run), which sees memory alone; it records status, references and logs, and saves.
/// A library user who has the references in memory calls `run` directly.
pub trait Step {
    /// Configuration key and name in logs: `dark_current`.
    const NAME: &'static str;
    /// The dotted class by which parameter files know the step:
    /// `jwst.dark_current.dark_current_step.DarkCurrentStep`.
    const CLASS: &'static str;
    /// One sentence for lists and help.
    const ABOUT: &'static str;
    /// Key of the status of the step in a product: `dark_sub`.
    const STATUS_KEY: &'static str;
    /// The short name by which a command line knows the step.
    const ALIAS: &'static str = Self::NAME;
    /// Reference types that the step may ask for.
    const REFERENCES: &'static [&'static str] = &[];
    /// Whether a pipeline fetches the references before its first step.
    const PREFETCH: bool = true;
    /// Whether the step is off unless asked for.
    const SKIP_BY_DEFAULT: bool = false;
    /// Suffix of its output file, if it is not the step's name.
    const SUFFIX: Option<&'static str> = None;

    /// Its parameters.
    type Params: Parameters;
    /// Its references, loaded, typed and cut to the exposure's subarray.
    type References;
    /// What it takes.
    type Input;
    /// What it makes.
    type Output;

    /// Decides whether the step applies to `input`, and loads the references that it needs.
    ///
    /// Only what is asked of `files` is recorded as used.
    ///
    /// # Errors
    /// [`StepError`] if the input cannot be used or a reference is missing or does not fit.
    fn prepare(
        params: &Self::Params,
        input: &Self::Input,
        files: &ReferenceFiles,
    ) -> Result<Prepared<Self::References>, StepError>;

    /// Applies the step. No file, network, environment, clock or thread count in here.
    ///
    /// # Errors
    /// [`StepError`] if the data or the references cannot be used.
    fn run(
        params: &Self::Params,
        references: Self::References,
        input: Self::Input,
    ) -> Result<Outcome<Self::Input, Self::Output>, StepError>;
}

/// What [`Step::prepare`] decides.
#[derive(Debug, Clone, PartialEq)]
pub enum Prepared<R> {
    /// The step applies; these are its references.
    Ready(R),
    /// The step does not apply.
    Skip(SkipReason),
}

/// What became of a step. The input comes by value: who still needs it clones it before.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<I, O> {
    /// The step ran.
    Complete(O),
    /// The step does not apply; the input is unchanged.
    Skipped {
        /// What was given.
        input: I,
        /// Why.
        reason: SkipReason,
    },
    /// The step was tried without success, and the pipeline may go on with the input.
    Failed {
        /// What was given.
        input: I,
        /// Why.
        reason: String,
    },
}

impl<T> Outcome<T, T> {
    /// The model, whatever became of the step.
    pub fn into_model(self) -> T {
        match self {
            Self::Complete(model)
            | Self::Skipped { input: model, .. }
            | Self::Failed { input: model, .. } => model,
        }
    }
}

impl<I, O> Outcome<I, O> {
    /// The status to record.
    pub fn status(&self) -> Status {
        match self {
            Self::Complete(_) => Status::Complete,
            Self::Skipped { .. } => Status::Skipped,
            Self::Failed { .. } => Status::Failed,
        }
    }
}

/// What a product says about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It ran.
    Complete,
    /// It did not apply, or was not wanted.
    Skipped,
    /// It was tried without success.
    Failed,
}

impl Status {
    /// The text of the keyword: `COMPLETE`, `SKIPPED`, `FAILED`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "COMPLETE",
            Self::Skipped => "SKIPPED",
            Self::Failed => "FAILED",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a step did not run. Every product records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// The user or a parameter file said `skip`.
    Requested,
    /// CRDS, or an override, says that there is no reference of this type for the exposure.
    NoReference(&'static str),
    /// The data are not of the kind that the step corrects.
    NotApplicable(Cow<'static, str>),
}

impl SkipReason {
    /// The data are not of the kind that the step corrects: `why` says it in a sentence.
    pub fn not_applicable(why: impl Into<Cow<'static, str>>) -> Self {
        Self::NotApplicable(why.into())
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("skip was set"),
            Self::NoReference(kind) => write!(f, "no {} reference file", kind.to_uppercase()),
            Self::NotApplicable(why) => f.write_str(why),
        }
    }
}

/// Any error, with its causes.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a step could not be done. The runner adds the step's name and the file.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A parameter cannot be used.
    #[error(transparent)]
    Parameter(#[from] ParamError),
    /// The input cannot be used.
    #[error("{what}: expected {expected}, found {found}")]
    Input {
        /// The array, keyword or table.
        what: String,
        /// What the step needs.
        expected: String,
        /// What the input has.
        found: String,
    },
    /// A reference is missing, or cannot be used with this input.
    #[error("{} reference {name}", .kind.to_uppercase())]
    Reference {
        /// The reference type.
        kind: String,
        /// The file, or the context that should have named one.
        name: String,
        /// What is wrong.
        source: BoxError,
    },
    /// The algorithm failed.
    #[error(transparent)]
    Algorithm(BoxError),
}

impl StepError {
    /// The error of a kernel.
    pub fn algorithm(source: impl Into<BoxError>) -> Self {
        Self::Algorithm(source.into())
    }

    /// An input that does not fit.
    pub fn input(
        what: impl Into<String>,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self::Input {
            what: what.into(),
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }

    /// A reference that is missing or does not fit.
    pub fn reference(
        kind: impl Into<String>,
        name: impl Into<String>,
        source: impl Into<BoxError>,
    ) -> Self {
        Self::Reference {
            kind: kind.into(),
            name: name.into(),
            source: source.into(),
        }
    }
}
