//! What can go wrong: the file or option that is meant, what was expected of it and what was found.

use std::path::PathBuf;

use datamodels::DataModelError;

/// Errors of pictures and reports.
#[derive(Debug, thiserror::Error)]
pub enum QuicklookError {
    /// A file cannot be read or written, or is not what it should be.
    #[error(transparent)]
    Data(#[from] DataModelError),
    /// An option has a value that cannot be used.
    #[error("option {option}: expected {expected}, found {found}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// What is allowed.
        expected: String,
        /// What was given.
        found: String,
    },
    /// An HDU does not have what the options ask for.
    #[error("{}: HDU {hdu}: {message}", path.display())]
    Unsuitable {
        /// The file.
        path: PathBuf,
        /// The HDU.
        hdu: String,
        /// What was asked for and what is there.
        message: String,
    },
    /// A catalogue has no positions.
    #[error("{}: {message}", path.display())]
    Catalog {
        /// The file.
        path: PathBuf,
        /// What was expected and what was found.
        message: String,
    },
    /// There is nothing to report on.
    #[error("no products (*.fits, *_cat.ecsv) in {inputs}")]
    NoProducts {
        /// Where they were looked for.
        inputs: String,
    },
    /// The log of a run is not one JSON object a line.
    #[error("{}: line {line}: expected a JSON object, found {found}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The beginning of the line.
        found: String,
    },
    /// The picture cannot be encoded.
    #[error("cannot encode the picture: {0}")]
    Encoding(#[from] png::EncodingError),
}

/// Result with a [`QuicklookError`].
pub type Result<T, E = QuicklookError> = std::result::Result<T, E>;
