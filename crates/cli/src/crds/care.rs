//! `jwst crds verify`, `prune` and `info`: the care of a cache.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, anyhow};
use crds::{Client, FileState};

use super::{bytes, client, settings};
use crate::{Failure, Streams};

/// Options of `jwst crds verify`.
#[derive(Debug, Clone, clap::Args)]
pub struct VerifyArgs {
    /// Fetch damaged files anew
    #[arg(long)]
    pub repair: bool,
    /// Only read files that have changed since they were verified
    #[arg(long)]
    pub quick: bool,
}

/// Options of `jwst crds prune`.
#[derive(Debug, Clone, clap::Args)]
pub struct PruneArgs {
    /// Contexts whose rules and references are kept
    #[arg(long = "keep", required = true, value_delimiter = ',')]
    pub keep: Vec<String>,
    /// Only print what would be removed
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `jwst crds info`.
#[derive(Debug, Clone, clap::Args)]
pub struct InfoArgs {
    /// Context to look at, instead of the default one
    #[arg(long)]
    pub context: Option<String>,
}

/// Compares files with what the server states of them.
///
/// # Errors
/// [`Failure`] if files are damaged and stay so.
pub(super) fn verify(args: &VerifyArgs, streams: &Streams) -> Result<(), Failure> {
    let client = client(None, streams)?;
    let (mut good, mut unknown, mut damaged) = (0_usize, 0_usize, Vec::new());
    for (name, path) in client.store().files()? {
        match client.store().state(&name, &path, !args.quick)? {
            FileState::Verified => good += 1,
            FileState::Unknown | FileState::Missing => unknown += 1,
            FileState::Damaged { expected, found } => {
                let path = path.display();
                streams.print(&format!("{path}: expected {expected}, found {found}\n"))?;
                damaged.push(name);
            }
        }
    }
    streams.print(&format!(
        "{good} files are as they should be, {} are damaged; of {unknown} no server has said what they should be\n",
        damaged.len()
    ))?;
    if damaged.is_empty() {
        return Ok(());
    }
    if args.repair {
        let fetched = client.fetch_named(&damaged, "")?;
        let size = bytes(fetched.bytes);
        return Ok(streams.print(&format!("{} files fetched anew, {size}\n", fetched.files))?);
    }
    Err(anyhow!(
        "{} files are damaged; --repair fetches them anew",
        damaged.len()
    )
    .into())
}

/// How long a part or a lock must have been left alone to count as left behind.
const ABANDONED: Duration = Duration::from_hours(1);

/// Removes what contexts do not need.
///
/// # Errors
/// [`Failure`] if the rules of a context that is kept are not all there, since then nobody knows what it needs.
pub(super) fn prune(args: &PruneArgs, streams: &Streams) -> Result<(), Failure> {
    let client = client(args.keep.first().map(String::as_str), streams)?;
    if client.cache().is_readonly() {
        return Err(anyhow!("the cache is read-only").into());
    }
    let mut kept = BTreeSet::new();
    for context in &args.keep {
        let mappings = client
            .load_mappings(context)
            .with_context(|| format!("cannot tell what {context} needs: nothing is removed"))?;
        kept.extend(mappings);
        let references = client.rules().reference_names(context)?;
        kept.extend(references.into_iter().map(|(name, _)| name));
    }
    let files = client.store().files()?;
    let rest = files.into_iter().filter(|(name, _)| !kept.contains(name));
    let mut paths: Vec<PathBuf> = rest.map(|(_, path)| path).collect();
    let is_old = |path: &PathBuf| {
        let changed = path.metadata().and_then(|facts| facts.modified());
        changed.is_ok_and(|time| {
            SystemTime::now()
                .duration_since(time)
                .is_ok_and(|age| age > ABANDONED)
        })
    };
    paths.extend(client.store().leftovers()?.into_iter().filter(is_old));
    let mut size = 0;
    for path in &paths {
        size += path.symlink_metadata().map_or(0, |facts| facts.len());
        if args.dry_run {
            streams.print(&format!("{}\n", path.display()))?;
        } else {
            fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    let verb = if args.dry_run {
        "would be removed"
    } else {
        "removed"
    };
    Ok(streams.print(&format!("{} files {verb}, {}\n", paths.len(), bytes(size)))?)
}

/// Shows settings and state.
///
/// # Errors
/// [`Failure`] if the cache cannot be used.
pub(super) fn info(args: &InfoArgs, streams: &Streams) -> Result<(), Failure> {
    let config = settings(args.context.as_deref())?;
    let mut text = format!(
        "mappings in    {}\nreferences in  {}\nsettings in    {}\n",
        config.mapping_dir.display(),
        config.reference_dir.display(),
        config.config_dir.display()
    );
    if let Some(overlay) = &config.overlay {
        let line = format!("private        {}\n", overlay.reference_dir.display());
        text += &line;
    }
    let url = config.server_url.clone().filter(|url| !url.is_empty());
    let line = format!(
        "server         {}\n",
        url.as_deref().unwrap_or("none (CRDS_SERVER_URL)")
    );
    text += &line;
    streams.print(&text)?;
    let client = Client::open(config).context("cannot use the CRDS cache")?;
    let files = client.store().files()?;
    let size = |mappings: bool| {
        let own = files
            .iter()
            .filter(|(name, _)| name.ends_with("map") == mappings);
        let sizes = own.map(|(_, path)| path.metadata().map_or(0, |facts| facts.len()));
        let sizes: Vec<u64> = sizes.collect();
        format!("{} files, {}", sizes.len(), bytes(sizes.iter().sum()))
    };
    let yes = |flag: bool| if flag { "yes" } else { "no" };
    let latest = client.store().server_config();
    let latest = latest.and_then(crds::ServerConfig::latest_context);
    let text = format!(
        "connected      {}\nread-only      {}\ncontext        {}\nlatest         {}\nmappings       {}\nreferences     {}\n\
         left behind    {} parts and locks\n",
        yes(client.is_connected()),
        yes(client.cache().is_readonly()),
        client.context(),
        latest.as_deref().unwrap_or("unknown"),
        size(true),
        size(false),
        client.store().leftovers()?.len()
    );
    Ok(streams.print(&text)?)
}
