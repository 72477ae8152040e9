//! Steps, pipelines, parameters, provenance and their runner, for any mission.
//!
//! A step is a type that implements [`Step`]: names, a parameter struct declared with [`params!`],
//! the reference types that it needs, and a function from model to model.

pub mod config;
mod give_back;
pub mod lock;
pub mod log;
pub mod naming;
mod observe;
pub mod params;
mod product;
mod references;
pub mod run;
mod step;
pub mod suggest;
mod task;
mod value;

pub use config::{ConfigError, ConfigTree, Origin, Setting, Settings, UnknownKeys};
pub use give_back::give_back;
pub use observe::{Observer, StepReport, Summary};
pub use params::{Field, Kind, ParamError, ParamSpec, Parameters};
pub use product::{Product, Products, Provenance};
pub use references::{NoReferenceSource, Reference, ReferenceFiles, ReferenceSource, Watcher};
pub use run::{Context, Run, RunError};
pub use step::{BoxError, Outcome, Prepared, SkipReason, Status, Step, StepError};
pub use task::{Action, ActionTask, BaseParams, Mission, StepTask, Task, TaskSpec};
pub use value::{ParamValue, TextError, Values};
