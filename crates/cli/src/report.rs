//! Errors: their exit status, their chain of causes, a hint.

use std::error::Error;
use std::fmt::Write as _;

use stpipe::lock::LockError;
use stpipe::{ConfigError, ParamError, RunError};

use crate::Streams;

/// Why a program ends without success.
#[derive(Debug)]
pub enum Failure {
    /// It was called wrongly: exit status 2.
    Usage(String),
    /// It could not do what it was asked to: exit status 1.
    Run(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Run(error.into())
    }
}

impl Failure {
    /// 2 for wrong usage, else 1.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Run(_) => 1,
        }
    }

    /// Writes the error, its causes and a hint to standard error, and gives the exit status.
    pub fn report(&self, program: &str, streams: &Streams) -> u8 {
        let text = match self {
            Self::Usage(message) => {
                format!("{program}: {message}\nTry `{program} --help`.\n")
            }
            Self::Run(error) => chain(program, error),
        };
        streams.complain(&text);
        self.exit_status()
    }
}

/// `program: message`, then each cause on a line of its own, then the hint.
fn chain(program: &str, error: &anyhow::Error) -> String {
    let mut text = format!("{program}: error: {error}\n");
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let message = cause.to_string();
        // A transparent wrapper says the same as its cause.
        if message != last {
            let written = writeln!(text, "  because: {message}");
            debug_assert!(written.is_ok(), "writing to a string cannot fail");
        }
        last = message;
    }
    if let Some(hint) = error.chain().find_map(hint) {
        let written = writeln!(text, "  hint: {hint}");
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }
    text
}

/// What the user may do about it.
fn hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let run = error.downcast_ref::<RunError>().and_then(|error| match error {
        // A lock says itself what is wrong.
        RunError::Selection { source, .. } if source.is::<LockError>() => None,
        RunError::Selection { .. } => Some(
            "CRDS_PATH must name a CRDS cache; CRDS_CONTEXT may choose a context. \
             `--override_<type>=FILE` replaces a reference file.",
        ),
        RunError::MissingReference { .. } | RunError::ReferenceFile { .. } => Some(
            "`--override_<type>=FILE` replaces a reference file, `--override_<type>=N/A` does without; \
             in a pipeline write `--steps.<name>.override_<type>`.",
        ),
        RunError::Directory { .. } | RunError::Save { .. } => {
            Some("`--output_dir=DIR` saves the products elsewhere.")
        }
        _ => None,
    });
    let config = error
        .downcast_ref::<ConfigError>()
        .and_then(|error| match error {
            ConfigError::Value {
                source: ParamError::Unknown { .. },
                ..
            }
            | ConfigError::UnknownStep { .. } => {
                Some("`jwst params STEP` lists the parameters of a step or pipeline.")
            }
            _ => None,
        });
    run.or(config)
}
