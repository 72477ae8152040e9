//! Why a run ended.

use std::path::PathBuf;

use crate::{BoxError, ConfigError, ParamError, StepError};

/// Why a run ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A parameter cannot be used.
    #[error(transparent)]
    Parameter(#[from] ParamError),
    /// A step failed.
    #[error("step {step} failed on {input}")]
    Step {
        /// The step.
        step: String,
        /// Its input.
        input: String,
        /// Why.
        source: Box<StepError>,
    },
    /// A pipeline runs a step that it does not have: an error in the pipeline.
    #[error("the pipeline {pipeline} has no step {step}")]
    NoSuchStep {
        /// The pipeline.
        pipeline: String,
        /// The step.
        step: String,
    },
    /// The input cannot be read.
    #[error("cannot read {}", .path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BoxError,
    },
    /// A task was given another number of inputs than it takes.
    #[error("{task} takes {expected}, found {found}")]
    InputCount {
        /// The task.
        task: String,
        /// How many it takes.
        expected: &'static str,
        /// How many there are.
        found: usize,
    },
    /// Reference files cannot be selected.
    #[error("cannot select the reference files for {input}")]
    Selection {
        /// The input.
        input: String,
        /// Why.
        source: BoxError,
    },
    /// A reference file is missing.
    #[error("no {} reference file for {input} (context {context}): {reason}", .kind.to_uppercase())]
    MissingReference {
        /// The reference type.
        kind: String,
        /// The input.
        input: String,
        /// The context that was asked.
        context: String,
        /// Why there is none.
        reason: String,
    },
    /// A reference file is named but cannot be opened.
    #[error("cannot open the {} reference file {} ({origin})", .kind.to_uppercase(), .path.display())]
    ReferenceFile {
        /// The reference type.
        kind: String,
        /// The file.
        path: PathBuf,
        /// Who named it.
        origin: String,
        /// Why it cannot be opened.
        source: std::io::Error,
    },
    /// A directory cannot be made.
    #[error("cannot make the output directory {}", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A product cannot be written.
    #[error("cannot write {}", .path.display())]
    Save {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BoxError,
    },
}
