//! From the sources of parameters to the effective values.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{self, ConfigTree};
use crate::{
    BoxError, ConfigError, Origin, ParamValue, Reference, ReferenceSource, Settings, TaskSpec,
    UnknownKeys, Values,
};

/// Where the parameters of a run come from, from weak to strong.
#[derive(Debug, Default)]
pub struct ParameterSources {
    /// Files of the reference system: the task (empty) or step that they are for, name, content.
    pub reference_system: Vec<(String, String, ConfigTree)>,
    /// The user's parameter file.
    pub file: Option<(PathBuf, ConfigTree)>,
    /// Options of the command line, or what a calling program sets.
    pub options: Option<(Origin, ConfigTree)>,
}

/// Merges the sources: defaults, files of the reference system for the steps, then for the task,
/// then the user's file, then the options.
///
/// # Errors
/// [`ConfigError`] for what cannot be used; an unknown name is an error in what the user gave and a
/// warning in files of the reference system.
pub fn resolve_settings(
    spec: &Arc<TaskSpec>,
    sources: &ParameterSources,
) -> Result<Settings, ConfigError> {
    let mut settings = Settings::defaults(spec);
    let of_task = |step: &str| step.is_empty();
    let (task, steps): (Vec<_>, Vec<_>) = sources
        .reference_system
        .iter()
        .partition(|(step, _, _)| of_task(step));
    for (step, name, tree) in steps.into_iter().chain(task) {
        let origin = Origin::Crds(name.clone());
        if of_task(step) {
            settings.apply(tree, &origin, UnknownKeys::Warn)?;
        } else if let Some(settings) = settings.step_mut(step) {
            settings.apply(tree, &origin, UnknownKeys::Warn)?;
        }
    }
    lay_over(&mut settings, sources)?;
    Ok(settings)
}

/// Lays what the user gave, file and options, over the values that are there.
pub(crate) fn lay_over(
    settings: &mut Settings,
    sources: &ParameterSources,
) -> Result<(), ConfigError> {
    if let Some((path, tree)) = &sources.file {
        settings.apply(tree, &Origin::File(path.clone()), UnknownKeys::Refuse)?;
        if let Some(name) = &tree.name {
            settings.rename(name);
        }
    }
    if let Some((origin, tree)) = &sources.options {
        settings.apply(tree, origin, UnknownKeys::Refuse)?;
    }
    Ok(())
}

/// The parameter files that the reference system has for a task and its steps.
///
/// Like the reference package, a type without a file is no error; only a file that is named and
/// cannot be read is.
///
/// # Errors
/// [`ConfigError::Unavailable`] and [`ConfigError::Unreadable`] for such a file.
pub fn parameter_layers(
    spec: &TaskSpec,
    source: &dyn ReferenceSource,
    selection: &Values,
) -> Result<Vec<(String, String, ConfigTree)>, ConfigError> {
    let mut owners: Vec<(String, String)> = spec
        .steps
        .iter()
        .map(|step| (step.name.to_string(), step.parameters_type()))
        .collect();
    owners.push((String::new(), spec.parameters_type()));
    let types: Vec<&str> = owners.iter().map(|(_, kind)| kind.as_str()).collect();
    let found = match source.best_references(selection, &types) {
        Ok(found) => found,
        // Other values than those meant for the exposure, and only a line in the log: nobody would notice.
        Err(source) if names_a_file(&source) => return Err(ConfigError::Unavailable { source }),
        Err(error) => {
            tracing::warn!(target: super::LOG, "No parameters from the reference system: {error}");
            BTreeMap::new()
        }
    };
    let mut layers = Vec::new();
    for (owner, kind) in owners {
        let Some(Reference::Cached { path, name }) = found.get(&kind) else {
            tracing::debug!(target: super::LOG, "{}: No parameters found", kind.to_uppercase());
            continue;
        };
        tracing::info!(
            target: super::LOG,
            "{} parameters found: {}", kind.to_uppercase(), path.display()
        );
        layers.push((owner, name.clone(), config::read(path)?));
    }
    Ok(layers)
}

/// True if the rules name a file that cannot be had.
fn names_a_file(error: &BoxError) -> bool {
    use crds::Error::{BadReference, Damaged, Fetch, MissingReference, ReadOnly};
    matches!(
        error.downcast_ref(),
        Some(
            BadReference { .. }
                | Damaged { .. }
                | Fetch { .. }
                | MissingReference { .. }
                | ReadOnly { .. }
        )
    )
}

/// The parameters as indented text, as the log shows them.
pub(super) fn as_text(settings: &Settings) -> String {
    let mut lines = Vec::new();
    add_lines(settings, "  ", &mut lines);
    lines.join("\n")
}

fn add_lines(settings: &Settings, indent: &str, lines: &mut Vec<String>) {
    for (name, setting) in settings.iter() {
        let is_override = name.starts_with("override_");
        if is_override && setting.value == ParamValue::Null {
            continue;
        }
        match &setting.value {
            ParamValue::List(items) if !items.is_empty() => {
                lines.push(format!("{indent}{name}:"));
                lines.extend(
                    items
                        .iter()
                        .map(|item| format!("{indent}- {}", scalar(item))),
                );
            }
            value => lines.push(format!("{indent}{name}: {}", scalar(value))),
        }
    }
    if !settings.steps().is_empty() {
        lines.push(format!("{indent}steps:"));
        for step in settings.steps() {
            lines.push(format!("{indent}  {}:", step.name()));
            add_lines(step, &format!("{indent}    "), lines);
        }
    }
}

/// Quotes text that would look like another type.
fn scalar(value: &ParamValue) -> String {
    match value {
        ParamValue::String(text) => {
            let looks_typed = text.is_empty()
                || text.parse::<f64>().is_ok()
                || matches!(
                    text.to_lowercase().as_str(),
                    "true" | "false" | "none" | "null" | "yes" | "no" | "on" | "off"
                );
            if looks_typed {
                format!("'{text}'")
            } else {
                text.clone()
            }
        }
        other => other.to_string(),
    }
}
