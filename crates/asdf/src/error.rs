//! What can be wrong with a file or a request.

/// The result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can be wrong with an ASDF file or with a request to it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read or written.
    #[error("ASDF file: {0}")]
    Io(#[from] std::io::Error),
    /// The file does not start as ASDF does.
    #[error("not an ASDF file: expected `#ASDF 1.x.y` at its start, found {found:?}")]
    NotAsdf {
        /// What it starts with.
        found: String,
    },
    /// The header names something unknown.
    #[error("ASDF header: expected {expected}, found {found:?}")]
    Header {
        /// What was expected.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// The tree is not valid YAML, or goes beyond a limit.
    #[error("ASDF tree, line {line}, column {column}: {problem}")]
    Yaml {
        /// Line in the file, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A dotted path does not fit the tree.
    #[error(
        "path {path:?} cannot be set: {at:?} is neither a key of a mapping nor an item of a list"
    )]
    Path {
        /// The path as asked for.
        path: String,
        /// The part that did not fit.
        at: String,
    },
    /// A value cannot be written as YAML.
    #[error("the tree cannot be written: {0}")]
    Unwritable(String),
    /// An array node is malformed.
    #[error("ASDF array: {0}")]
    Array(String),
    /// A block is damaged or missing.
    #[error("ASDF block {index}: {problem}")]
    Block {
        /// Number of the block in the file, from 0.
        index: usize,
        /// What is wrong with it.
        problem: String,
    },
}
