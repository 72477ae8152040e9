//! A run compared with its lock.

use std::collections::BTreeMap;
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

    /// What is not as in another lock, such as that of the run as it would be now. Both are of runs that have the same
    /// [`PLACES`] or do not care; the other may pin more references than this one.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut found = self.check_software(&other.software);
        let of = |lock: &Self| {
            let context = lock.context.clone().unwrap_or_else(|| NOTHING.to_owned());
            let (class, name) = (lock.class.clone(), lock.name.clone());
            let platform = lock.software.platform.clone();
            [
                ("platform", platform),
                ("task", class),
                ("name of the task", name),
                ("context", context),
            ]
        };
        let pairs = of(self).into_iter().zip(of(other));
        found.extend(pairs.filter_map(|((what, a), (_, b))| different(what, a, b)));
        let inputs = |lock: &Self| lock.inputs.iter().cloned().collect::<BTreeMap<_, _>>();
        let (own, others) = (inputs(self), inputs(other));
        found.extend(unlike("input", &own, &others));
        found.extend(added("input", &own, &others));
        found.extend(unlike("reference", &self.references, &other.references));
        found.extend(unlike("file of", &self.files, &other.files));
        found.extend(added("file of", &self.files, &other.files));
        let values = |lock: &Self| {
            let parameters = lock.parameters.iter();
            let pairs = parameters.map(|(path, fixed)| (path.clone(), fixed.value.to_string()));
            pairs.collect::<BTreeMap<_, _>>()
        };
        let (own, others) = (values(self), values(other));
        for path in own
            .keys()
            .chain(others.keys().filter(|path| !own.contains_key(*path)))
        {
            let value = |values: &BTreeMap<String, String>| {
                let value = values.get(path).cloned();
                value.unwrap_or_else(|| NOTHING.to_owned())
            };
            // Another path of a file with the same content is no difference.
            if !self.files.contains_key(path) {
                let what = format!("parameter {path}");
                found.extend(different(&what, value(&own), value(&others)));
            }
        }
        found
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

/// Files of `expected` that are others in `found`, or not there.
fn unlike(
    what: &str,
    expected: &BTreeMap<String, Pinned>,
    found: &BTreeMap<String, Pinned>,
) -> Vec<Difference> {
    let differences = expected.iter().filter_map(|(name, pinned)| {
        let what = format!("{what} {name}");
        match found.get(name) {
            Some(other) if other == pinned => None,
            Some(other) => Some(Difference::new(
                what,
                pinned.told_from(other),
                other.told_from(pinned),
            )),
            None => Some(Difference::new(what, "the file", NOTHING)),
        }
    });
    differences.collect()
}

/// Files that only `found` has.
fn added(
    what: &str,
    expected: &BTreeMap<String, Pinned>,
    found: &BTreeMap<String, Pinned>,
) -> Vec<Difference> {
    let new = found.keys().filter(|name| !expected.contains_key(*name));
    new.map(|name| Difference::new(format!("{what} {name}"), NOTHING, "the file"))
        .collect()
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
