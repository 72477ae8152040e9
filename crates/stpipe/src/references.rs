//! The reference files of a run: where they are, and which were used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::StepError;

/// What selection or an override gave for a reference type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A file of the reference system, in the cache.
    Cached {
        /// Where it is.
        path: PathBuf,
        /// Its name in the reference system.
        name: String,
    },
    /// A file that the user chose.
    Override(PathBuf),
    /// None is needed: the reference system, or the user, says `N/A`.
    NotApplicable,
    /// There should be one but there is none.
    Missing {
        /// The context that was asked, or what could not be asked.
        context: String,
        /// Why there is none.
        reason: String,
    },
}

impl Reference {
    /// What a product says: `crds://name`, an absolute path or `N/A`.
    pub fn record(&self) -> String {
        match self {
            Self::Cached { name, .. } => format!("crds://{name}"),
            Self::Override(path) => path.display().to_string(),
            Self::NotApplicable | Self::Missing { .. } => "N/A".to_owned(),
        }
    }
}

/// The references that a run may use, by type.
///
/// It notes which ones a step asks for: those are recorded in its product.
#[derive(Debug, Default)]
pub struct ReferenceFiles {
    known: BTreeMap<String, Reference>,
    used: Mutex<Vec<String>>,
}

impl ReferenceFiles {
    /// References by type.
    pub fn new(known: BTreeMap<String, Reference>) -> Self {
        Self {
            known,
            used: Mutex::default(),
        }
    }

    /// The file of the reference type `kind`; `None` if there is none for this exposure (`N/A`).
    ///
    /// # Errors
    /// [`StepError::Reference`] if there should be one but there is none, or nobody resolved the type.
    pub fn path(&self, kind: &str) -> Result<Option<&Path>, StepError> {
        let reference = self.known.get(kind).ok_or_else(|| {
            StepError::reference(
                kind,
                "(not resolved)",
                "the step does not declare this type",
            )
        })?;
        let path = match reference {
            Reference::Cached { path, .. } | Reference::Override(path) => Some(path.as_path()),
            Reference::NotApplicable => None,
            Reference::Missing { context, reason } => {
                return Err(StepError::reference(
                    kind,
                    format!("(context {context})"),
                    reason.clone(),
                ));
            }
        };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if !used.iter().any(|name| name == kind) {
            used.push(kind.to_owned());
        }
        Ok(path)
    }

    /// What a type resolved to, without noting it as used.
    pub fn get(&self, kind: &str) -> Option<&Reference> {
        self.known.get(kind)
    }

    /// Types asked for so far and what a product says about them, in the order of asking.
    pub fn used(&self) -> Vec<(String, String)> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.iter()
            .filter_map(|kind| Some((kind.clone(), self.known.get(kind)?.record())))
            .collect()
    }
}
