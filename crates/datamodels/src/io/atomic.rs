//! Files that appear under their name only when they are complete.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::error::{DataModelError, Result};

/// Writes a file through `fill` under a temporary name in the same directory, syncs it and renames it to `path`.
///
/// A run that fails or is killed leaves what was at `path` before, or nothing.
///
/// # Errors
/// What `fill` returns, or [`DataModelError::Io`] when the directory cannot be written.
pub fn write_atomically(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let io = |action| {
        let path = path.to_path_buf();
        move |source| DataModelError::Io {
            action,
            path,
            source,
        }
    };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let temporary = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".part")
        .make_in(&directory, |candidate| File::create_new(candidate))
        .map_err(io("write"))?;
    fill(temporary.path())?;
    File::open(temporary.path())
        .and_then(|f| f.sync_all())
        .map_err(io("sync"))?;
    temporary.persist(path).map_err(|e| io("write")(e.error))?;
    Ok(())
}
