//! `jwst crds diff`: which references of exposures differ between two contexts.

use std::path::PathBuf;

use anyhow::Context as _;
use crds::BestReference;
use stpipe::Mission;

use super::{client, parameters};
use crate::{Failure, Streams};

/// Options of `jwst crds diff`.
#[derive(Debug, Clone, clap::Args)]
pub struct DiffArgs {
    /// Context
    pub old: String,
    /// Another context
    pub new: String,
    /// Exposures; without them, all mappings and references of the contexts are compared
    pub files: Vec<PathBuf>,
}

/// Prints what differs.
///
/// # Errors
/// [`Failure`] if a context or an exposure cannot be used.
pub(super) fn diff(
    mission: &dyn Mission,
    args: &DiffArgs,
    streams: &Streams,
) -> Result<(), Failure> {
    let old = client(Some(&args.old), streams)?;
    let new = client(Some(&args.new), streams)?;
    if args.files.is_empty() {
        return all(&[&old, &new], streams);
    }
    for path in &args.files {
        let parameters = parameters(mission, path)?;
        let cannot = || format!("cannot select references for {}", path.display());
        let before = old
            .best_references(None, &parameters, None)
            .with_context(cannot)?;
        let after = new
            .best_references(None, &parameters, None)
            .with_context(cannot)?;
        let mut text = format!(
            "{} ({} -> {})\n",
            path.display(),
            old.context(),
            new.context()
        );
        let word = |answer: Option<&BestReference>| {
            answer.map_or("(omitted)".to_owned(), ToString::to_string)
        };
        let mut kinds: Vec<&String> = before.keys().chain(after.keys()).collect();
        kinds.sort();
        kinds.dedup();
        for kind in kinds {
            let (own, other) = (before.get(kind), after.get(kind));
            // That there is none for another reason is no other reference.
            let none =
                |answer: Option<&BestReference>| matches!(answer, Some(BestReference::NotFound(_)));
            if own != other && !(none(own) && none(other)) {
                let line = format!("  {kind}: {} -> {}\n", word(own), word(other));
                text += &line;
            }
        }
        streams.print(&text)?;
    }
    Ok(())
}

/// Files that one context has and the other has not.
fn all(clients: &[&crds::Client; 2], streams: &Streams) -> Result<(), Failure> {
    let mut sets = Vec::new();
    for client in clients {
        if client.rules().load_all(client.context()).is_err() {
            client.fetch_mappings(client.context())?;
        }
        let mut names = client.rules().load_all(client.context())?;
        let references = client.rules().reference_names(client.context())?;
        names.extend(references.into_iter().map(|(name, _)| name));
        sets.push(names.into_iter().collect::<std::collections::BTreeSet<_>>());
    }
    let mut text = String::new();
    for name in sets[0].difference(&sets[1]) {
        let line = format!("- {name}\n");
        text += &line;
    }
    for name in sets[1].difference(&sets[0]) {
        let line = format!("+ {name}\n");
        text += &line;
    }
    Ok(streams.print(&text)?)
}
