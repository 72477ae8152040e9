//! Reference systems that note what is asked of them, or hold themselves to a lock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::check::differing_file;
use super::{Difference, Lock, LockError};
use crate::{BoxError, Reference, ReferenceSource, Values};

/// A reference system that notes the files that it has named.
pub struct RecordedReferences<'a> {
    source: &'a dyn ReferenceSource,
    named: Mutex<BTreeMap<String, PathBuf>>,
}

impl<'a> RecordedReferences<'a> {
    /// A recorder in front of `source`.
    pub fn new(source: &'a dyn ReferenceSource) -> Self {
        Self {
            source,
            named: Mutex::default(),
        }
    }

    /// All files named so far, by their names in the reference system.
    pub fn named(&self) -> BTreeMap<String, PathBuf> {
        self.named
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ReferenceSource for RecordedReferences<'_> {
    fn best_references(
        &self,
        selection: &Values,
        types: &[&str],
    ) -> Result<BTreeMap<String, Reference>, BoxError> {
        let found = self.source.best_references(selection, types)?;
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        for reference in found.values() {
            if let Reference::Cached { path, name } = reference {
                named.insert(name.clone(), path.clone());
            }
        }
        Ok(found)
    }

    fn context(&self) -> Result<String, BoxError> {
        self.source.context()
    }

    fn version(&self) -> &str {
        self.source.version()
    }
}

/// A reference system that refuses files other than those of a lock.
pub struct LockedReferences<'a> {
    source: &'a dyn ReferenceSource,
    lock: &'a Lock,
    /// Of the lock, for messages.
    path: &'a Path,
    /// Names of files that were compared already.
    same: Mutex<BTreeSet<String>>,
}

impl<'a> LockedReferences<'a> {
    /// `source` held to the lock that was read from `path`.
    ///
    /// # Errors
    /// The context, if it is not that of the lock.
    pub fn new(
        source: &'a dyn ReferenceSource,
        lock: &'a Lock,
        path: &'a Path,
    ) -> Result<Self, Difference> {
        // A run without a context had no references: the first one will be refused.
        if let Some(expected) = lock.context() {
            let found = source.context().unwrap_or_else(|error| error.to_string());
            if found != expected {
                return Err(Difference::new("context", expected, found));
            }
        }
        Ok(Self {
            source,
            lock,
            path,
            same: Mutex::default(),
        })
    }

    fn check(&self, kind: &str, name: &str, path: &Path) -> Option<Difference> {
        let mut same = self.same.lock().unwrap_or_else(PoisonError::into_inner);
        if same.contains(name) {
            return None;
        }
        let what = format!("reference {name} of type {kind}");
        let Some(pinned) = self.lock.references.get(name) else {
            let expected = "one of the references in the lock";
            return Some(Difference::new(what, expected, path.display().to_string()));
        };
        let difference = differing_file(&what, pinned, path);
        if difference.is_none() {
            same.insert(name.to_owned());
        }
        difference
    }
}

impl ReferenceSource for LockedReferences<'_> {
    fn best_references(
        &self,
        selection: &Values,
        types: &[&str],
    ) -> Result<BTreeMap<String, Reference>, BoxError> {
        let found = self.source.best_references(selection, types)?;
        let mut differences = Vec::new();
        for (kind, reference) in &found {
            if let Reference::Cached { path, name } = reference {
                differences.extend(self.check(kind, name, path));
            }
        }
        if differences.is_empty() {
            return Ok(found);
        }
        let path = self.path.to_owned();
        Err(Box::new(LockError::Differs { path, differences }))
    }

    fn context(&self) -> Result<String, BoxError> {
        self.source.context()
    }

    fn version(&self) -> &str {
        self.source.version()
    }
}
