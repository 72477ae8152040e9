//! Configuration: parameter files, the command line, and their merge with remembered origins.
//!
//! A source of values is a [`ConfigTree`]: read from a file by [`read`], or built from options. A
//! [`Settings`] starts with the defaults of a [`TaskSpec`](crate::TaskSpec), takes the trees in
//! order of precedence, and remembers for each value where it came from.

mod asdf_file;
mod ini;
mod settings;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use asdf_file::{TreeError, from_asdf, parameter_file, save};
pub use ini::{IniError, Problem, from_ini};
pub use settings::{Origin, Setting, Settings, UnknownKeys};

use crate::{BoxError, ParamError, ParamValue, Values};

/// Bytes of a parameter file, at most. That of a pipeline with all its steps has ten thousand.
const MOST_BYTES: u64 = 1 << 24;

/// The values that one source gives to a task and its steps, not yet checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConfigTree {
    /// The class that the source is for, if it says so.
    pub class: Option<String>,
    /// The name that the source gives to the task.
    pub name: Option<String>,
    /// A further file with values, which this source's own values override.
    pub config_file: Option<String>,
    /// Parameters.
    pub values: Values,
    /// Values for the steps of a pipeline, by step name.
    pub steps: Vec<(String, ConfigTree)>,
}

impl ConfigTree {
    /// The values for the step called `name`, made if absent.
    pub fn step_mut(&mut self, name: &str) -> &mut Self {
        let known = self.steps.iter().position(|(key, _)| key == name);
        let place = known.unwrap_or_else(|| {
            self.steps.push((name.to_owned(), Self::default()));
            self.steps.len() - 1
        });
        &mut self.steps[place].1
    }

    /// Sets a value by its dotted path: `steps.jump.rejection_threshold`.
    pub fn set_path(&mut self, path: &str, value: impl Into<ParamValue>) {
        let rest = path.strip_prefix("steps.").and_then(|r| r.split_once('.'));
        match rest {
            Some((step, path)) => self.step_mut(step).set_path(path, value),
            None => self.set_own(path, value.into()),
        }
    }

    /// Sets a value or one of the keys that are no parameters.
    fn set_own(&mut self, key: &str, value: ParamValue) {
        let field = match key {
            "class" => &mut self.class,
            "name" => &mut self.name,
            "config_file" => &mut self.config_file,
            _ => {
                self.values.set(key, value);
                return;
            }
        };
        *field = value
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned);
    }

    /// True if the source says nothing.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
            && self.config_file.is_none()
            && self.steps.iter().all(|(_, s)| s.is_empty())
    }
}

/// Reads a parameter file: ASDF if it begins so, else INI text (`.cfg`).
///
/// # Errors
/// [`ConfigError`] naming the file and what is wrong with it.
pub fn read(path: &Path) -> Result<ConfigTree, ConfigError> {
    let bytes = read_bounded(path, MOST_BYTES).map_err(|e| ConfigError::unreadable(path, e))?;
    if bytes.starts_with(b"#ASDF") {
        return from_asdf(&bytes).map_err(|e| ConfigError::unreadable(path, e));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| ConfigError::unreadable(path, "it is neither an ASDF file nor text"))?;
    from_ini(&text).map_err(|e| ConfigError::unreadable(path, e))
}

/// The content of a file of text that must not be longer than `limit`, whatever it says of its length.
///
/// # Errors
/// It cannot be read, or is longer.
pub(crate) fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let file = File::open(path)?;
    file.take(limit + 1).read_to_end(&mut content)?;
    if content.len() as u64 > limit {
        let problem = format!("expected at most {limit} bytes, found more");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    Ok(content)
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the parameter file {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BoxError,
    },
    /// The reference system names a parameter file and has it not, or has it damaged.
    #[error(
        "the parameters of the reference system cannot be had (`--disable-crds-steppars` runs without them)"
    )]
    Unavailable {
        /// Why, with the name of the file.
        source: BoxError,
    },
    /// A value cannot be used.
    #[error("wrong parameter ({origin})")]
    Value {
        /// Where it came from.
        origin: Origin,
        /// What is wrong with it.
        source: ParamError,
    },
    /// A source names a step that the task does not have.
    #[error("{origin}: {task} has no step `{step}`{}", .suggestion.as_deref().map_or_else(String::new, |s| format!("; did you mean `{s}`?")))]
    UnknownStep {
        /// Where it came from.
        origin: Origin,
        /// The task.
        task: String,
        /// The name of the step that it does not have.
        step: String,
        /// A name that looks similar.
        suggestion: Option<String>,
    },
    /// A source asks for programs to be run.
    #[error(
        "{origin}: `{name}` is not empty ({value}): hooks would run programs named in a file, and are never run; remove them, and call what you need before or after this program"
    )]
    Hooks {
        /// Where it came from.
        origin: Origin,
        /// `pre_hooks` or `post_hooks`.
        name: String,
        /// What it asks for.
        value: ParamValue,
    },
    /// A file that a parameter names is not there.
    #[error("{origin}: parameter `{name}`: the file {} does not exist", .path.display())]
    NoSuchFile {
        /// Where it came from.
        origin: Origin,
        /// The parameter.
        name: String,
        /// The file.
        path: PathBuf,
    },
}

impl ConfigError {
    fn unreadable(path: &Path, source: impl Into<BoxError>) -> Self {
        Self::Unreadable {
            path: path.to_owned(),
            source: source.into(),
        }
    }
}
