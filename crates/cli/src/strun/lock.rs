//! `strun --lock` and `--locked`: a run written down, and a run held to what was written.

use std::path::{Path, PathBuf};

use associations::{Association, MemberPaths};
use stpipe::lock::{Difference, Lock, LockError, LockedReferences, RecordedReferences, Software};
use stpipe::run::ParameterSources;
use stpipe::{Mission, Origin, ReferenceSource, Settings};

use super::options::CommandLine;
use super::{Job, located};
use crate::Failure;

/// Name of the module in logs.
const LOG: &str = "stpipe.cmdline";

/// A lock with the file that it was read from.
pub(super) struct Locked {
    lock: Lock,
    path: PathBuf,
}

impl Locked {
    /// Reads a lock file.
    pub(super) fn open(path: &str) -> Result<Self, Failure> {
        let path = PathBuf::from(path);
        let lock = Lock::read(&path)?;
        Ok(Self { lock, path })
    }

    /// The context that the run is held to.
    pub(super) fn context(&self) -> Option<&str> {
        self.lock.context()
    }

    /// The parameters and the references of a run that is held to the lock.
    ///
    /// # Errors
    /// [`LockError::Differs`] with everything that can be known before the run.
    pub(super) fn hold<'a>(
        &'a self,
        job: &Job<'_>,
        source: &'a dyn ReferenceSource,
    ) -> Result<(Settings, LockedReferences<'a>), Failure> {
        let (package, version) = job.mission.software();
        let software = Software::of(package, version);
        let mut differences = self.lock.check_software(&software);
        let platform = &self.lock.software().platform;
        if *platform != software.platform {
            tracing::warn!(
                target: LOG,
                "The lock is of a run on {platform}, this is {}: last digits may differ", software.platform
            );
        }
        differences.extend(self.other_context());
        let references = LockedReferences::new(source, &self.lock, &self.path);
        let references = references.map_err(|difference| differences.push(difference));
        let settings = match self.lock.settings(job.chosen.task.spec()) {
            Ok(mut settings) => {
                let given = ParameterSources {
                    reference_system: Vec::new(),
                    file: job.chosen.file.clone(),
                    options: Some((Origin::CommandLine, job.line.parameters.clone())),
                };
                differences.extend(self.lock.check_parameters(&mut settings, &given)?);
                let inputs = inputs_of(&job.line, &settings)?;
                differences.extend(self.lock.check_inputs(&inputs));
                Ok(settings)
            }
            Err(more) => {
                differences.extend(more);
                Err(())
            }
        };
        match (settings, references) {
            (Ok(settings), Ok(references)) if differences.is_empty() => {
                tracing::info!(target: LOG, "The run is held to {}", self.path.display());
                Ok((settings, references))
            }
            _ => Err(LockError::Differs {
                path: self.path.clone(),
                differences,
            }
            .into()),
        }
    }

    /// Another context that the environment asks for.
    fn other_context(&self) -> Option<Difference> {
        let found = std::env::var("CRDS_CONTEXT").ok()?;
        let expected = self.context()?;
        let differs = !found.is_empty() && found != expected;
        differs.then(|| Difference::new("CRDS_CONTEXT", expected, found))
    }
}

/// A run that has ended, or is going to.
pub(super) struct Record<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) settings: &'a Settings,
    pub(super) references: &'a RecordedReferences<'a>,
    /// The lock that the run is held to.
    pub(super) held: Option<&'a Locked>,
}

/// Writes the lock of a run that has ended. A name without directory is put beside the products.
pub(super) fn write(path: &str, record: &Record<'_>, saved: &[PathBuf]) -> Result<(), Failure> {
    let Record {
        job,
        settings,
        references,
        held,
    } = record;
    let (package, version) = job.mission.software();
    let context = references.context().ok();
    let mut lock = Lock::new(&Software::of(package, version), settings, context);
    let inputs = inputs_of(&job.line, settings)?;
    lock.pin(settings, &inputs, &references.named())?;
    if let Some(held) = held {
        lock.inherit(&held.lock);
    }
    let beside = saved.last().and_then(|product| product.parent());
    let path = match beside {
        Some(directory) if !path.contains('/') => directory.join(path),
        _ => PathBuf::from(path),
    };
    lock.write(&path)?;
    tracing::info!(target: LOG, "Lock written to {}", path.display());
    Ok(())
}

/// The input files and the members of those that are associations, with the names by which a lock knows them.
pub(crate) fn inputs_of(
    line: &CommandLine,
    settings: &Settings,
) -> Result<Vec<(String, PathBuf)>, Failure> {
    let allowed = if line.program.members_anywhere {
        MemberPaths::Anywhere
    } else {
        MemberPaths::Inside
    };
    let mut inputs: Vec<(String, PathBuf)> = Vec::new();
    for input in &line.inputs {
        let path = located(settings, input);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        inputs.push((name.into_owned(), path.clone()));
        let Some(association) = association_at(&path) else {
            continue;
        };
        let products = association.products.iter();
        for member in products.flat_map(|product| &product.members) {
            if !inputs.iter().any(|(name, _)| *name == member.name) {
                let path = association.path_of(member, allowed)?;
                inputs.push((member.name.clone(), path));
            }
        }
    }
    Ok(inputs)
}

/// The association that a file holds, if it holds one.
fn association_at(path: &Path) -> Option<Association> {
    let is_exposure = path.extension().is_some_and(|ending| ending == "fits");
    (!is_exposure)
        .then(|| Association::open(path).ok())
        .flatten()
}

/// The reference system with the context that a run is held to, or with its own.
pub(super) fn open(mission: &dyn Mission, locked: Option<&Locked>) -> Box<dyn ReferenceSource> {
    super::open_references(mission, locked.and_then(Locked::context))
}
