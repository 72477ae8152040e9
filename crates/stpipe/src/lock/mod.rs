//! Lock files: what a run used, so that it can be repeated bit for bit or refused with what differs.
//!
//! A lock is made of a run's [`Settings`], of what its reference system was asked ([`RecordedReferences`]) and of its inputs.
//! It pins the context, every reference and every other file by size and SHA-1 sum, the value and origin of every parameter,
//! and the programs' versions. A run under a lock takes its parameters from it ([`Lock::settings`]) and its
//! references through [`LockedReferences`], which refuses what the lock does not know.
//!
//! Where files are is no part of a lock: [`PLACES`] are left to the run.
//!
//! ```
//! use std::sync::Arc;
//! use stpipe::{Settings, TaskSpec, lock::{Lock, Software}};
//! stpipe::params! { /// Parameters.
//!     pub struct Params { /// Limit [DN]
//!         pub limit: f64 = 1.5; } }
//! let spec = Arc::new(TaskSpec::pipeline::<Params>("toy", "pkg.ToyPipeline", "A toy", vec![]));
//! let settings = Settings::defaults(&spec);
//! let lock = Lock::new(&Software::of("toy", "1.0"), &settings, None);
//! let again = Lock::from_text(&lock.to_text()).map_err(|wrong| wrong.to_string())?;
//! assert_eq!(again.settings(&spec).map_err(|_| "another task")?, settings);
//! # Ok::<(), String>(())
//! ```

mod check;
mod error;
mod record;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use error::{Difference, LockError};
pub use record::{LockedReferences, RecordedReferences};
pub use text::WrongText;

use crate::config::read_bounded;
use crate::params::PathRole;
use crate::{Origin, ParamValue, Settings};

/// Bytes of a lock file, at most. That of a thousand exposures has a million.
const MOST_BYTES: u64 = 1 << 26;

/// The first entry of a lock file.
const FORMAT: &str = "stpipe lock 1";

/// Parameters that say where files are; a lock neither holds nor forces them.
pub const PLACES: [&str; 2] = ["input_dir", "output_dir"];

/// The programs that a run depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Software {
    /// The mission's package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The version of the runner.
    pub stpipe: String,
    /// The kind of machine, such as `x86_64-linux`: its mathematical functions may round otherwise than another's.
    pub platform: String,
}

impl Software {
    /// This program with a mission's package, on this machine.
    pub fn of(package: &str, version: &str) -> Self {
        Self {
            package: package.to_owned(),
            version: version.to_owned(),
            stpipe: env!("CARGO_PKG_VERSION").to_owned(),
            platform: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        }
    }
}

/// A file by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    /// Size [bytes].
    pub size: u64,
    /// SHA-1 sum as hexadecimal digits.
    pub sha1: String,
}

impl Pinned {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        Ok(Self {
            size: path.metadata()?.len(),
            sha1: crds::sum_of_file(path)?,
        })
    }

    /// What tells this file from another, the size if that will do.
    fn told_from(&self, other: &Self) -> String {
        if self.size == other.size {
            format!("SHA-1 {}", self.sha1)
        } else {
            format!("{} bytes", self.size)
        }
    }
}

/// A value of a parameter and where it came from.
#[derive(Debug, Clone, PartialEq)]
struct Fixed {
    value: ParamValue,
    origin: Origin,
}

/// Everything that a run's results depend on.
#[derive(Debug, Clone, PartialEq)]
pub struct Lock {
    software: Software,
    /// The dotted class of the task.
    class: String,
    /// The task's name, which a parameter file may have set.
    name: String,
    context: Option<String>,
    /// Input files with their members, by name, in order.
    inputs: Vec<(String, Pinned)>,
    /// References by their names in the reference system.
    references: BTreeMap<String, Pinned>,
    /// Files that parameters name, by the parameter.
    files: BTreeMap<String, Pinned>,
    /// By dotted path, in the order of the declarations.
    parameters: Vec<(String, Fixed)>,
}

impl Lock {
    /// The lock of a run with these parameters, under this context; files are added to it.
    pub fn new(software: &Software, settings: &Settings, context: Option<String>) -> Self {
        let mut parameters = Vec::new();
        each_parameter(settings, "", &mut |path, name, setting| {
            let is_unset = name.starts_with("override_") && setting.value == ParamValue::Null;
            if !is_unset && !PLACES.contains(&name) {
                let (value, origin) = (setting.value.clone(), setting.origin.clone());
                parameters.push((path, Fixed { value, origin }));
            }
        });
        Self {
            software: software.clone(),
            class: settings.spec().class.to_string(),
            name: settings.name().to_owned(),
            context,
            inputs: Vec::new(),
            references: BTreeMap::new(),
            files: BTreeMap::new(),
            parameters,
        }
    }

    /// Pins the inputs (each with the name that tells it from the others), the references that were asked for, and the files that parameters name.
    ///
    /// # Errors
    /// [`LockError::File`] for a file that cannot be read.
    pub fn pin(
        &mut self,
        settings: &Settings,
        inputs: &[(String, PathBuf)],
        references: &BTreeMap<String, PathBuf>,
    ) -> Result<(), LockError> {
        for (name, path) in inputs {
            self.inputs.push((name.clone(), pinned(path)?));
        }
        for (name, path) in references {
            self.references.insert(name.clone(), pinned(path)?);
        }
        for (parameter, path) in named_files(settings) {
            self.files.insert(parameter, pinned(&path)?);
        }
        Ok(())
    }

    /// Takes over the parameter files of the reference system that an earlier lock holds: a run that was held to it had its
    /// values without asking for them.
    pub fn inherit(&mut self, earlier: &Self) {
        for (_, fixed) in &self.parameters {
            if let Origin::Crds(name) = &fixed.origin
                && let Some(pinned) = earlier.references.get(name)
            {
                self.references.insert(name.clone(), pinned.clone());
            }
        }
    }

    /// The context, unless the run had none.
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// The programs.
    pub fn software(&self) -> &Software {
        &self.software
    }

    /// References by their names in the reference system.
    pub fn references(&self) -> &BTreeMap<String, Pinned> {
        &self.references
    }

    /// Reads a lock file.
    ///
    /// # Errors
    /// [`LockError::File`] and [`LockError::Text`].
    pub fn read(path: &Path) -> Result<Self, LockError> {
        let unreadable = |source| LockError::File {
            path: path.to_owned(),
            source,
        };
        let text = read_bounded(path, MOST_BYTES).map_err(unreadable)?;
        let text = String::from_utf8(text)
            .map_err(|error| unreadable(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        Self::from_text(&text).map_err(|source| LockError::Text {
            path: path.to_owned(),
            source,
        })
    }

    /// Writes a lock file, whole or not at all.
    ///
    /// # Errors
    /// [`LockError::Write`].
    pub fn write(&self, path: &Path) -> Result<(), LockError> {
        Ok(crds::write_file(path, self.to_text().as_bytes())?)
    }
}

fn pinned(path: &Path) -> Result<Pinned, LockError> {
    Pinned::of_file(path).map_err(|source| LockError::File {
        path: path.to_owned(),
        source,
    })
}

/// Calls `visit` with dotted path, name and setting of every parameter of a task and its steps.
fn each_parameter(
    settings: &Settings,
    prefix: &str,
    visit: &mut dyn FnMut(String, &str, &crate::Setting),
) {
    for (name, setting) in settings.iter() {
        visit(format!("{prefix}{name}"), name, setting);
    }
    for step in settings.steps() {
        let prefix = format!("{prefix}steps.{}.", step.spec().name);
        each_parameter(step, &prefix, visit);
    }
}

/// Files that parameters name, by the dotted path of the parameter: whatever is declared as one, and any text that happens to
/// be the path of a file, such as a catalogue.
fn named_files(settings: &Settings) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    let mut outputs = Vec::new();
    collect_outputs(settings, "", &mut outputs);
    each_parameter(settings, "", &mut |path, name, setting| {
        let Some(text) = setting.value.as_str() else {
            return;
        };
        let file = PathBuf::from(text.trim());
        if !PLACES.contains(&name) && !outputs.contains(&path) && file.is_file() {
            files.push((path, file));
        }
    });
    files
}

fn collect_outputs(settings: &Settings, prefix: &str, outputs: &mut Vec<String>) {
    let specs = settings.spec().parameters.iter();
    let specs = specs.filter(|spec| spec.path == PathRole::Output);
    outputs.extend(specs.map(|spec| format!("{prefix}{}", spec.name)));
    for step in settings.steps() {
        let prefix = format!("{prefix}steps.{}.", step.spec().name);
        collect_outputs(step, &prefix, outputs);
    }
}
