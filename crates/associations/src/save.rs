//! Writing of text files: a file appears under its name when it is complete.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::{Association, AssociationError, Pool};

impl Association {
    /// Writes the association; a file that was there is replaced when the new one is complete.
    ///
    /// # Errors
    /// [`AssociationError::Unwritable`]; what stood there is unchanged.
    pub fn save(&self, path: &Path) -> Result<(), AssociationError> {
        write(path, &self.to_json())
    }
}

impl Pool {
    /// Writes the pool; a file that was there is replaced when the new one is complete.
    ///
    /// # Errors
    /// [`AssociationError::Unwritable`]; what stood there is unchanged.
    pub fn save(&self, path: &Path) -> Result<(), AssociationError> {
        write(path, &self.to_text())
    }
}

fn write(path: &Path, text: &str) -> Result<(), AssociationError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let filled = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    filled().map_err(|source| {
        // The draft may not be there; the error that is told is the first.
        let _ = fs::remove_file(&draft);
        AssociationError::Unwritable {
            path: path.to_path_buf(),
            source,
        }
    })
}
