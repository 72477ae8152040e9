//! `jwst crds sync`: fetch what will be needed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use crds::{Client, FileState, is_file_name};
use stpipe::Mission;

use super::{bytes, client, needed};
use crate::{Failure, Streams};

/// Options of `jwst crds sync`.
#[derive(Debug, Clone, clap::Args)]
pub struct SyncArgs {
    /// Exposures whose references are fetched
    pub files: Vec<PathBuf>,
    /// Context whose rules are fetched and applied, instead of the default one
    #[arg(long)]
    pub context: Option<String>,
    /// Fetch all references of the context: several TB
    #[arg(long)]
    pub all_references: bool,
    /// Names of mappings or references to fetch, separated by commas
    #[arg(long = "name", value_delimiter = ',')]
    pub names: Vec<String>,
    /// File with names of mappings or references, one a line
    #[arg(long)]
    pub list: Option<PathBuf>,
    /// Read every file that is there already, whether it was verified before or not
    #[arg(long)]
    pub verify: bool,
    /// Only print which references would be fetched, and how much it is; rules are fetched all the same
    #[arg(long)]
    pub dry_run: bool,
}

/// Fetches rules and references.
///
/// # Errors
/// [`Failure`] if something cannot be fetched.
pub(super) fn sync(
    mission: &dyn Mission,
    args: &SyncArgs,
    streams: &Streams,
) -> Result<(), Failure> {
    let client = client(args.context.as_deref(), streams)?;
    let named = named(args)?;
    let only_named = !named.is_empty() && args.files.is_empty() && !args.all_references;
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    wanted.extend(named.into_iter().map(|name| (name, String::new())));
    if !only_named {
        // Rules are small, and without them nobody knows the references.
        let mappings = client.fetch_mappings(client.context())?;
        wanted.extend(mappings.into_iter().map(|name| (name, String::new())));
        wanted.extend(needed(mission, &client, &args.files)?);
        if args.all_references {
            wanted.extend(client.rules().reference_names(client.context())?);
        }
    }
    let missing = missing(&client, &wanted, args.verify)?;
    report(&client, &missing, wanted.len(), args.dry_run, streams)?;
    if args.dry_run {
        return Ok(());
    }
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, instrument) in &missing {
        groups.entry(instrument).or_default().push(name.clone());
    }
    for (instrument, names) in groups {
        client.fetch_named(&names, instrument)?;
    }
    Ok(())
}

/// The names that the user gives.
fn named(args: &SyncArgs) -> Result<Vec<String>, Failure> {
    let mut names = args.names.clone();
    if let Some(path) = &args.list {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        names.extend(lines.map(str::to_owned));
    }
    for name in &mut names {
        if let Some(plain) = name.strip_prefix("crds://") {
            *name = plain.to_owned();
        }
    }
    match names.iter().find(|name| !is_file_name(name)) {
        Some(name) => Err(Failure::Usage(format!(
            "expected the name of a mapping or a reference, found {name:?}"
        ))),
        None => Ok(names),
    }
}

/// Those that are not there, or damaged.
fn missing(
    client: &Client,
    wanted: &BTreeMap<String, String>,
    again: bool,
) -> Result<Vec<(String, String)>, Failure> {
    let mut missing = Vec::new();
    for (name, instrument) in wanted {
        let state = match client.store().find(name, instrument) {
            Some(path) => client.store().state(name, &path, again)?,
            None => FileState::Missing,
        };
        if matches!(state, FileState::Missing | FileState::Damaged { .. }) {
            missing.push((name.clone(), instrument.clone()));
        }
    }
    Ok(missing)
}

fn report(
    client: &Client,
    missing: &[(String, String)],
    wanted: usize,
    dry_run: bool,
    streams: &Streams,
) -> Result<(), Failure> {
    let mut total = 0;
    let mut text = String::new();
    let mut infos = std::collections::HashMap::new();
    if !missing.is_empty() {
        let server = client.require_server("fetching files")?;
        let names: Vec<String> = missing.iter().map(|(name, _)| name.clone()).collect();
        infos = client.store().infos(server, &names)?;
    }
    for (name, _) in missing {
        let size = infos.get(name).and_then(|info| info.size);
        total += size.unwrap_or(0);
        if dry_run {
            let size = size.map_or("not known to the server".to_owned(), |size| {
                size.to_string()
            });
            let line = format!("{name} {size}\n");
            text += &line;
        }
    }
    let verb = if dry_run {
        "would be fetched"
    } else {
        "to fetch"
    };
    let line = format!(
        "{}: {} of {wanted} files {verb}, {} ({total} bytes)\n",
        client.context(),
        missing.len(),
        bytes(total)
    );
    text += &line;
    Ok(streams.print(&text)?)
}
