//! Why a lock cannot be made, read or kept.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::WrongText;

/// Something that is not as the lock says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What: `context`, `parameter steps.jump.rejection_threshold` …
    pub what: String,
    /// What the lock says.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl Difference {
    /// A difference.
    pub fn new(
        what: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            expected,
            found,
        } = self;
        write!(f, "{what}: expected {expected}, found {found}")
    }
}

/// Why a lock cannot be made, read or kept.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// A file that cannot be read.
    #[error("cannot read {}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that is no lock.
    #[error("{}: {source}", .path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: WrongText,
    },
    /// The lock cannot be written.
    #[error(transparent)]
    Write(#[from] crds::Error),
    /// The run would not be the one that was locked.
    #[error("this is not the run that {} holds{}", .path.display(), listed(.differences))]
    Differs {
        /// The lock.
        path: PathBuf,
        /// All that is not as the lock says.
        differences: Vec<Difference>,
    },
}

fn listed(differences: &[Difference]) -> String {
    let lines = differences.iter().map(|one| format!("\n  {one}"));
    lines.collect()
}
