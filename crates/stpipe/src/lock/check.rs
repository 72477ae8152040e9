//! A run compared with its lock.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Difference, Lock, PLACES, Pinned, Software, each_parameter, named_files};
use crate::run::{ParameterSources, lay_over};
use crate::{ConfigError, ParamValue, Setting, Settings, TaskSpec};

/// Something missing where a lock or a run has something.
const NOTHING: &str = "none";

impl Lock {
    /// What differs in programs; another machine is no difference, but worth a warning.
    pub fn check_software(&self, software: &Software) -> Vec<Difference> {
        let versions = |software: &Software| {
            let Software {
                package,
                version,
                stpipe,
                platform: _,
            } = software;
            format!("{package} {version} (stpipe {stpipe})")
        };
        different("version", versions(&self.software), versions(software))
            .into_iter()
            .collect()
    }

    /// What differs in the input files with their members.
    pub fn check_inputs(&self, inputs: &[(String, PathBuf)]) -> Vec<Difference> {
        let mut differences = Vec::new();
        for number in 0..inputs.len().max(self.inputs.len()) {
            let what = format!("input {}", number + 1);
            let (locked, given) = (self.inputs.get(number), inputs.get(number));
            let Some(((expected, pinned), (found, path))) = locked.zip(given) else {
                let expected = locked.map_or(NOTHING, |(name, _)| name);
                let found = given.map_or(NOTHING, |(name, _)| name);
                differences.push(Difference::new(what, expected, found));
                continue;
            };
            differences.extend(different(&what, expected.clone(), found.clone()));
            let what = format!("{what} ({})", path.display());
            differences.extend(differing_file(&what, pinned, path));
        }
        differences
    }

    /// The parameters as they were, each with its origin.
    ///
    /// # Errors
    /// Everything in which the task is not the one that was locked: its class, parameters that are new or gone, values that
    /// it does not take any more.
    pub fn settings(&self, spec: &Arc<TaskSpec>) -> Result<Settings, Vec<Difference>> {
        if let Some(difference) = different("task", self.class.clone(), spec.class.to_string()) {
            return Err(vec![difference]);
        }
        let mut settings = Settings::defaults(spec);
        settings.rename(&self.name);
        let mut differences = Vec::new();
        for (path, fixed) in &self.parameters {
            let (value, origin) = (fixed.value.clone(), fixed.origin.clone());
            if let Err(error) = settings.set_path(path, value, origin) {
                let what = format!("parameter {path}");
                differences.push(Difference::new(
                    what,
                    fixed.value.to_string(),
                    error.to_string(),
                ));
            }
        }
        each_parameter(&settings, "", &mut |path, name, _| {
            let is_known = self.parameters.iter().any(|(known, _)| *known == path);
            if !is_known && !name.starts_with("override_") && !PLACES.contains(&name) {
                let what = format!("parameter {path}");
                differences.push(Difference::new(what, "no such parameter", "a new one"));
            }
        });
        if differences.is_empty() {
            Ok(settings)
        } else {
            Err(differences)
        }
    }

    /// Lays what a user gave over the locked parameters, and says what contradicts them.
    ///
    /// The same value given once more is no difference, nor is another path of a file with the same content; [`PLACES`] may
    /// be anything.
    ///
    /// # Errors
    /// [`ConfigError`] for what cannot be used at all.
    pub fn check_parameters(
        &self,
        settings: &mut Settings,
        given: &ParameterSources,
    ) -> Result<Vec<Difference>, ConfigError> {
        let mut changed = settings.clone();
        lay_over(&mut changed, given)?;
        let mut differences = different(
            "name of the task",
            settings.name().to_owned(),
            changed.name().to_owned(),
        )
        .into_iter()
        .collect::<Vec<_>>();
        let mut taken = Vec::new();
        each_parameter(&changed, "", &mut |path, name, setting| {
            let expected = settings.at_path(&path).map(|locked| &locked.value);
            if expected == Some(&setting.value) {
                return;
            }
            if PLACES.contains(&name) || self.is_same_file(&path, setting) {
                taken.push((path, setting.clone()));
                return;
            }
            let what = format!("parameter {path} ({})", setting.origin);
            let expected = expected.unwrap_or(&ParamValue::Null).to_string();
            differences.push(Difference::new(what, expected, setting.value.to_string()));
        });
        for (path, setting) in taken {
            // It was checked when it was laid over the others.
            let set = settings.set_path(&path, setting.value, setting.origin);
            debug_assert!(set.is_ok(), "{path} is a parameter");
        }
        differences.extend(self.differing_files(settings));
        Ok(differences)
    }

    fn is_same_file(&self, path: &str, setting: &Setting) -> bool {
        let (locked, text) = (self.files.get(path), setting.value.as_str());
        let same = |(pinned, text): (&Pinned, &str)| {
            Pinned::of_file(Path::new(text.trim())).is_ok_and(|found| found == *pinned)
        };
        locked.zip(text).is_some_and(same)
    }

    /// Files named by parameters that are missing, new or others.
    fn differing_files(&self, settings: &Settings) -> Vec<Difference> {
        let mut differences = Vec::new();
        let files = named_files(settings);
        for (parameter, path) in &files {
            let what = format!("file of {parameter} ({})", path.display());
            match self.files.get(parameter) {
                Some(pinned) => differences.extend(differing_file(&what, pinned, path)),
                None => differences.push(Difference::new(what, "no such file", "one")),
            }
        }
        for parameter in self.files.keys() {
            if !files.iter().any(|(known, _)| known == parameter) {
                let path = settings.at_path(parameter).map(|s| s.value.to_string());
                let found = format!("no file {}", path.unwrap_or_default());
                differences.push(Difference::new(
                    format!("file of {parameter}"),
                    "a file",
                    found,
                ));
            }
        }
        differences
    }
}

/// A difference, if there is one.
fn different(what: &str, expected: String, found: String) -> Option<Difference> {
    (expected != found).then(|| Difference::new(what, expected, found))
}

/// How a file differs from what it was.
pub(super) fn differing_file(what: &str, pinned: &Pinned, path: &Path) -> Option<Difference> {
    match Pinned::of_file(path) {
        Ok(found) if found == *pinned => None,
        Ok(found) => Some(Difference::new(
            what,
            pinned.told_from(&found),
            found.told_from(pinned),
        )),
        Err(error) => Some(Difference::new(
            what,
            format!("SHA-1 {}", pinned.sha1),
            error.to_string(),
        )),
    }
}
