//! `jwst crds`: what the reference system answers, and the care of its cache.

mod archive;
mod bestrefs;
mod care;
mod changes;
pub(crate) mod progress;
mod sync;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use crds::{BestReference, Client, Config, Observatory, Parameters, Value};
use stpipe::{Mission, ParamValue};
use tracing::level_filters::LevelFilter;

use crate::logging::{self, LogOptions};
use crate::strun::selection_of;
use crate::{Failure, Streams};

/// Commands of `jwst crds`.
#[derive(Debug, Subcommand)]
pub enum CrdsCommand {
    /// Print the best references of exposures, or of lines of parameters
    Bestrefs(bestrefs::BestrefsArgs),
    /// Fetch the rules of a context and the references of exposures
    Sync(sync::SyncArgs),
    /// Compare all files of the cache with what the server states
    Verify(care::VerifyArgs),
    /// Remove files that some contexts do not need, and parts that were left behind
    Prune(care::PruneArgs),
    /// Show the settings, the context and the state of the cache
    Info(care::InfoArgs),
    /// Show which references of exposures differ between two contexts
    Diff(changes::DiffArgs),
    /// Pack all that exposures need into one archive
    Bundle(archive::BundleArgs),
    /// Unpack an archive into the cache
    Unbundle(archive::UnbundleArgs),
}

/// Runs a command.
///
/// # Errors
/// [`Failure`] if the cache, the server or an input cannot be used.
pub fn run(mission: &dyn Mission, command: &CrdsCommand, streams: &Streams) -> Result<(), Failure> {
    // A server that is away, rules that cannot be followed: nothing that a user should miss.
    let warnings = LogOptions {
        level: Some(LevelFilter::WARN),
        ..LogOptions::default()
    };
    let log = logging::start(&warnings, streams)?.dispatch;
    tracing::dispatcher::with_default(&log, || act(mission, command, streams))
}

fn act(mission: &dyn Mission, command: &CrdsCommand, streams: &Streams) -> Result<(), Failure> {
    match command {
        CrdsCommand::Bestrefs(args) => bestrefs::bestrefs(mission, args, streams),
        CrdsCommand::Sync(args) => sync::sync(mission, args, streams),
        CrdsCommand::Verify(args) => care::verify(args, streams),
        CrdsCommand::Prune(args) => care::prune(args, streams),
        CrdsCommand::Info(args) => care::info(args, streams),
        CrdsCommand::Diff(args) => changes::diff(mission, args, streams),
        CrdsCommand::Bundle(args) => archive::bundle(mission, args, streams),
        CrdsCommand::Unbundle(args) => archive::unbundle(args, streams),
    }
}

/// The settings of the environment, with a context that was chosen on the command line.
fn settings(context: Option<&str>) -> Result<Config, Failure> {
    let mut config = Config::from_env(Observatory::jwst())?;
    if let Some(context) = context {
        config.context = Some(context.to_owned());
    }
    Ok(config)
}

/// A client that shows how far it is.
fn client(context: Option<&str>, streams: &Streams) -> Result<Client, Failure> {
    let mut client = Client::open(settings(context)?).context("cannot use the CRDS cache")?;
    client.watch(progress::Progress::new(streams).watcher());
    Ok(client)
}

/// The parameters by which references of an exposure are selected.
fn parameters(mission: &dyn Mission, path: &Path) -> Result<Parameters, Failure> {
    let selection = selection_of(mission, path, false)?;
    let pairs = selection
        .iter()
        .map(|(key, value)| (key, rule_value(value)));
    Ok(pairs.collect())
}

/// A reference that exposures need, and the instrument that it belongs to.
type Needed = Vec<(String, String)>;

/// The references that the rules name for exposures, each once.
fn needed(mission: &dyn Mission, client: &Client, files: &[PathBuf]) -> Result<Needed, Failure> {
    let mut needed = Needed::new();
    for path in files {
        let parameters = parameters(mission, path)?;
        let answers = client
            .best_references(None, &parameters, None)
            .with_context(|| format!("cannot select references for {}", path.display()))?;
        let instrument = client.rules().instrument(client.context(), &parameters);
        let instrument = instrument.unwrap_or_default();
        let names = answers.values().flat_map(BestReference::names);
        needed.extend(names.map(|name| (name.clone(), instrument.clone())));
    }
    needed.sort();
    needed.dedup();
    Ok(needed)
}

fn rule_value(value: &ParamValue) -> Value {
    match value {
        ParamValue::Null | ParamValue::List(_) => Value::Missing,
        ParamValue::Bool(value) => (*value).into(),
        ParamValue::Int(value) => (*value).into(),
        ParamValue::Float(value) => (*value).into(),
        ParamValue::String(text) => text.into(),
    }
}

/// A number of bytes for people.
pub(crate) fn bytes(count: u64) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{count} bytes")
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_for_people() {
        assert_eq!(super::bytes(0), "0 bytes");
        assert_eq!(super::bytes(999), "999 bytes");
        assert_eq!(super::bytes(1500), "1.5 kB");
        assert_eq!(super::bytes(218_000_000), "218.0 MB");
        assert_eq!(super::bytes(u64::MAX), "18.4 EB");
    }
}
