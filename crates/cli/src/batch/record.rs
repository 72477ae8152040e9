//! What a run would use, and what it has used: a file beside the products.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use stpipe::lock::{Lock, Pinned, RecordedReferences, Software};
use stpipe::naming::expand_variables;
use stpipe::{Mission, Origin, ReferenceSource, Settings, TaskSpec};

use crate::Failure;
use crate::strun::{self, Chosen, CommandLine, Sources, inputs_of, located, selection_of};

/// The first entry of a record.
const FORMAT: &str = "jwst run 1";

/// A run that has ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    format: String,
    products: Vec<Product>,
    /// The text of the run's lock file.
    lock: String,
}

/// A product by its content.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Product {
    path: PathBuf,
    size: u64,
    sha1: String,
}

impl Product {
    fn of(path: &Path) -> std::io::Result<Self> {
        let Pinned { size, sha1 } = Pinned::of_file(path)?;
        let path = path.to_owned();
        Ok(Self { path, size, sha1 })
    }
}

/// What a run of the task on one input would use now.
pub(super) struct Expected {
    lock: Lock,
    /// Where its record is.
    path: PathBuf,
}

impl Expected {
    pub(super) fn new(
        mission: &dyn Mission,
        chosen: &Chosen,
        line: &CommandLine,
    ) -> Result<Self, Failure> {
        let source = strun::open_references(mission, None);
        let references = RecordedReferences::new(source.as_ref());
        let input = line.inputs.first().map(String::as_str);
        let wants = !line.program.disable_crds_steppars && !strun::disabled_by_environment();
        let sources = Sources {
            mission,
            references: wants.then_some(&references as &dyn ReferenceSource),
            chosen,
            options: &line.parameters,
            input,
            members_anywhere: line.program.members_anywhere,
        };
        let mut settings = sources.settings()?;
        settings.set("save_results", true, Origin::CommandLine)?;
        let input = located(&settings, input.unwrap_or_default());
        let selection = selection_of(mission, &input, line.program.members_anywhere)?;
        let kinds = reference_types(chosen.task.spec());
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        // Without a reference system there are none, and the lock says so.
        drop(references.best_references(&selection, &kinds));
        let (package, version) = mission.software();
        let software = Software::of(package, version);
        let mut lock = Lock::new(&software, &settings, references.context().ok());
        lock.pin(
            &settings,
            &inputs_of(line, &settings)?,
            &existing(&references),
        )?;
        let path = record_path(&settings, &input)?;
        Ok(Self { lock, path })
    }

    /// The products of an earlier run that used the same, if they are all there and as they were.
    pub(super) fn up_to_date(&self) -> Option<Vec<PathBuf>> {
        let text = std::fs::read_to_string(&self.path).ok()?;
        let record: Record = serde_json::from_str(&text).ok()?;
        let lock = Lock::from_text(&record.lock).ok()?;
        let is_same =
            |product: &Product| Product::of(&product.path).is_ok_and(|found| found == *product);
        let is_current = record.format == FORMAT
            && !record.products.is_empty()
            && lock.differences(&self.lock).is_empty()
            && record.products.iter().all(is_same);
        is_current.then(|| record.products.into_iter().map(|p| p.path).collect())
    }

    /// Keeps what a run has used, and what it has made.
    pub(super) fn keep(&self, lock: &Path, products: &[PathBuf]) -> anyhow::Result<()> {
        let products = products.iter().map(|path| {
            let product = Product::of(path);
            product.with_context(|| format!("cannot read {}", path.display()))
        });
        let record = Record {
            format: FORMAT.to_owned(),
            products: products.collect::<anyhow::Result<_>>()?,
            lock: std::fs::read_to_string(lock)?,
        };
        let text = serde_json::to_string_pretty(&record)? + "\n";
        crds::write_file(&self.path, text.as_bytes())?;
        Ok(())
    }
}

/// Reference types of a task and its steps.
fn reference_types(spec: &TaskSpec) -> Vec<String> {
    let steps = spec.steps.iter().flat_map(|step| &step.references);
    let mut kinds: Vec<String> = spec
        .references
        .iter()
        .chain(steps)
        .map(ToString::to_string)
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// References that the reference system has named and that are there: those that a run does not ask for may be absent.
fn existing(references: &RecordedReferences<'_>) -> std::collections::BTreeMap<String, PathBuf> {
    let mut named = references.named();
    named.retain(|_, path| path.is_file());
    named
}

/// `out/X_uncal.calwebb_detector1.run.json`, beside the products of `X_uncal.fits`.
fn record_path(settings: &Settings, input: &Path) -> Result<PathBuf, Failure> {
    let directory = settings.base()?.output_dir.unwrap_or_default();
    let directory = expand_variables(&directory, |name| std::env::var(name).ok());
    let stem = input.file_stem().unwrap_or_default().to_string_lossy();
    let name = format!("{stem}.{}.run.json", settings.spec().alias);
    Ok(Path::new(&directory).join(name))
}
