//! What can be wrong with a file or a model, each with the thing that is meant and what was expected of it.

use std::path::PathBuf;

/// Errors of reading, writing and interpreting models.
#[derive(Debug, thiserror::Error)]
pub enum DataModelError {
    /// The operating system refused an action on a file.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was attempted, such as "open" or "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The file is not FITS, or its structure is damaged.
    #[error("{}: not a readable FITS file: {message}", path.display())]
    NotFits {
        /// The file.
        path: PathBuf,
        /// What the FITS library or the check says.
        message: String,
    },
    /// The file ends before its last HDU does.
    #[error("{}: HDU {hdu} is truncated: it ends at byte {expected}, the file at byte {found}", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The HDU.
        hdu: String,
        /// Where the data unit and its padding should end.
        expected: u64,
        /// The length of the file.
        found: u64,
    },
    /// An HDU that the model needs is absent.
    #[error("{}: no HDU {hdu}; found {found}", path.display())]
    MissingHdu {
        /// The file.
        path: PathBuf,
        /// The HDU.
        hdu: String,
        /// The names of the HDUs that exist.
        found: String,
    },
    /// An HDU has other dimensions or another type than the model needs.
    #[error("{}: HDU {hdu}: expected {expected}, found {found}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The HDU.
        hdu: String,
        /// What the model needs.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// A keyword is absent or has a value that cannot be used.
    #[error("{file}: keyword {keyword} ({path}): expected {expected}, found {found}")]
    Keyword {
        /// The file that the metadata came from.
        file: String,
        /// The FITS keyword, or "none" where the table has no keyword.
        keyword: String,
        /// The path in the metadata tree.
        path: String,
        /// What is needed.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The embedded ASDF extension cannot be read.
    #[error("{}: ASDF extension: {message}", path.display())]
    Asdf {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A reference file does not fit the exposure.
    #[error("reference file {}: {message}", path.display())]
    Reference {
        /// The reference file.
        path: PathBuf,
        /// What was expected and what was found.
        message: String,
    },
    /// A text file is not a table that can be used.
    #[error("{}: not a readable table: {message}", path.display())]
    NotATable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        message: String,
    },
    /// A value of a model cannot be written.
    #[error("{}: cannot write {what}: {message}", path.display())]
    Unwritable {
        /// The product.
        path: PathBuf,
        /// The keyword or HDU.
        what: String,
        /// Why.
        message: String,
    },
}

/// Result with a [`DataModelError`].
pub type Result<T, E = DataModelError> = std::result::Result<T, E>;
