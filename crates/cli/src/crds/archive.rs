//! `jwst crds bundle` and `unbundle`: all that exposures need, as one file.

use std::path::PathBuf;

use crds::{BestReference, Store, bundle as archives};
use stpipe::Mission;

use super::{bytes, client, needed, parameters, settings};
use crate::{Failure, Streams};

/// Options of `jwst crds bundle`.
#[derive(Debug, Clone, clap::Args)]
pub struct BundleArgs {
    /// Exposures
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Archive to write, such as `references.tar`
    #[arg(short, long)]
    pub output: PathBuf,
    /// Context whose rules are applied, instead of the default one
    #[arg(long)]
    pub context: Option<String>,
    /// Reference types, separated by commas, instead of all
    #[arg(long, value_delimiter = ',')]
    pub types: Option<Vec<String>>,
}

/// Options of `jwst crds unbundle`.
#[derive(Debug, Clone, clap::Args)]
pub struct UnbundleArgs {
    /// Archive made by `jwst crds bundle`
    pub archive: PathBuf,
}

/// Packs the rules and the references of exposures.
///
/// # Errors
/// [`Failure`] if something is missing and cannot be fetched.
pub(super) fn bundle(
    mission: &dyn Mission,
    args: &BundleArgs,
    streams: &Streams,
) -> Result<(), Failure> {
    let client = client(args.context.as_deref(), streams)?;
    let mut files: Vec<(String, Option<String>)> = Vec::new();
    let mappings = client.load_mappings(client.context())?;
    files.extend(mappings.into_iter().map(|name| (name, None)));
    let mut references = needed(mission, &client, &args.files)?;
    if let Some(types) = &args.types {
        let chosen = chosen(mission, &client, args, types)?;
        references.retain(|(name, _)| chosen.contains(name));
    }
    for (name, instrument) in references {
        if client.store().find(&name, &instrument).is_none() {
            client.fetch_named(std::slice::from_ref(&name), &instrument)?;
        }
        files.push((name, Some(instrument)));
    }
    let made_for: Vec<String> = args
        .files
        .iter()
        .map(|path| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let manifest = archives::pack(
        client.store(),
        &args.output,
        client.context(),
        &made_for,
        &files,
    )?;
    describe(&manifest, streams)
}

/// The references of some types.
fn chosen(
    mission: &dyn Mission,
    client: &crds::Client,
    args: &BundleArgs,
    types: &[String],
) -> Result<Vec<String>, Failure> {
    let types: Vec<&str> = types.iter().map(|kind| kind.trim()).collect();
    let mut names = Vec::new();
    for path in &args.files {
        let parameters = parameters(mission, path)?;
        let answers = client.best_references(None, &parameters, Some(&types))?;
        names.extend(answers.values().flat_map(BestReference::names).cloned());
    }
    Ok(names)
}

/// Unpacks an archive into the cache.
///
/// # Errors
/// [`Failure`] if the archive is not what its manifest says, or the cache cannot be written.
pub(super) fn unbundle(args: &UnbundleArgs, streams: &Streams) -> Result<(), Failure> {
    let store = Store::open(&settings(None)?, None)?;
    let manifest = archives::unpack(&store, &args.archive)?;
    describe(&manifest, streams)
}

fn describe(manifest: &archives::Manifest, streams: &Streams) -> Result<(), Failure> {
    let size = manifest.files.iter().map(|member| member.size).sum();
    let text = format!(
        "{}: {} files, {}\n",
        manifest.context,
        manifest.files.len(),
        bytes(size)
    );
    Ok(streams.print(&text)?)
}
