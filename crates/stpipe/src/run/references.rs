//! Reference files of a step, and their prefetch for a pipeline.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use super::{Run, RunError, base_name, first_file_name};
use crate::{Products, Reference, ReferenceFiles, Settings, Values};

const LOG: &str = "stpipe.pipeline";

/// Finds the references of the planned steps, and says which they are.
pub(super) fn prefetch(
    run: &Run<'_>,
    selection: &Values,
    planned: &[&str],
) -> Result<(), RunError> {
    let steps: Vec<&Settings> = run
        .settings()
        .steps()
        .iter()
        .filter(|s| planned.contains(&s.name()) && !s.skip() && s.spec().prefetch)
        .collect();
    let mut wanted = BTreeSet::new();
    let mut overrides = BTreeMap::new();
    for step in steps {
        for kind in &step.spec().references {
            match overriding(step, kind) {
                Some(reference) => drop(overrides.entry(kind.to_string()).or_insert(reference)),
                None => drop(wanted.insert(kind.as_ref())),
            }
        }
    }
    // Parity: a type that one step overrides is not prefetched for the others.
    let types: Vec<&str> = wanted
        .into_iter()
        .filter(|kind| !overrides.contains_key(*kind))
        .collect();
    let input = input_name(run, None);
    tracing::info!(target: LOG, "Prefetching reference files for dataset: '{input}' reftypes = {types:?}");
    let mut found = best(run, selection, &types, &input)?;
    check(&found, &input)?;
    check(&overrides, &input)?;
    let overridden: Vec<String> = overrides.keys().cloned().collect();
    found.append(&mut overrides);
    for (kind, reference) in &found {
        let how = if overridden.contains(kind) {
            "Override"
        } else {
            "Prefetch"
        };
        let path = path_of(reference).map_or("N/A".to_owned(), |path| path.display().to_string());
        tracing::info!(target: LOG, "{how} for {} reference file is '{path}'.", kind.to_uppercase());
    }
    Ok(())
}

/// The references that a step may ask for. A type without an answer fails when it is asked for.
pub(super) fn of_step(
    run: &Run<'_>,
    settings: &Settings,
    input: &mut dyn Products,
) -> Result<ReferenceFiles, RunError> {
    let mut known = BTreeMap::new();
    let mut types = Vec::new();
    for kind in &settings.spec().references {
        match overriding(settings, kind) {
            Some(reference) => drop(known.insert(kind.to_string(), reference)),
            None => types.push(kind.as_ref()),
        }
    }
    let name = input_name(run, Some(&mut *input));
    check(&known, &name)?;
    if !types.is_empty() {
        let product = input.products().into_iter().flatten().next();
        let selection = product
            .map(|product| product.selection())
            .unwrap_or_default();
        known.append(&mut best(run, &selection, &types, &name)?);
    }
    Ok(ReferenceFiles::new(known))
}

/// What the user wants instead of the selected file.
fn overriding(settings: &Settings, kind: &str) -> Option<Reference> {
    let text = settings.reference_override(kind)?;
    if text == "N/A" {
        return Some(Reference::NotApplicable);
    }
    let path = std::path::absolute(text).unwrap_or_else(|_| PathBuf::from(text));
    Some(Reference::Override(path))
}

fn best(
    run: &Run<'_>,
    selection: &Values,
    types: &[&str],
    input: &str,
) -> Result<BTreeMap<String, Reference>, RunError> {
    if types.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = run.context.references.best_references(selection, types);
    found.map_err(|source| RunError::Selection {
        input: input.to_owned(),
        source,
    })
}

/// Every type has an answer, and every file can be opened.
fn check(references: &BTreeMap<String, Reference>, input: &str) -> Result<(), RunError> {
    for (kind, reference) in references {
        let (path, origin) = match reference {
            Reference::NotApplicable => continue,
            Reference::Cached { path, name } => (path, format!("crds://{name}")),
            Reference::Override(path) => (path, format!("given by override_{kind}")),
            Reference::Missing { context, reason } => {
                return Err(RunError::MissingReference {
                    kind: kind.clone(),
                    input: input.to_owned(),
                    context: context.clone(),
                    reason: reason.clone(),
                });
            }
        };
        File::open(path).map_err(|source| RunError::ReferenceFile {
            kind: kind.clone(),
            path: path.clone(),
            origin,
            source,
        })?;
    }
    Ok(())
}

fn path_of(reference: &Reference) -> Option<&Path> {
    match reference {
        Reference::Cached { path, .. } | Reference::Override(path) => Some(path),
        Reference::NotApplicable | Reference::Missing { .. } => None,
    }
}

fn input_name(run: &Run<'_>, input: Option<&mut dyn Products>) -> String {
    let name = input
        .and_then(first_file_name)
        .or_else(|| run.input_name.clone());
    name.map_or_else(
        || "the model in memory".to_owned(),
        |name| base_name(&name).to_owned(),
    )
}
