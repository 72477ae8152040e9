//! What can go wrong.

use std::path::PathBuf;

use thiserror::Error;

use crate::{
    config::SettingError, context::ContextError, literal::SyntaxError, mapping::MappingError,
};

/// An error of this crate.
#[derive(Debug, Error)]
pub enum Error {
    /// A setting with a value that it cannot have.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A context that cannot be determined.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// A mapping that cannot be used.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// A file that exists and cannot be read.
    #[error("cannot read {path}: {error}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A mapping that is not there.
    #[error("the mapping {name} is not in the cache: looked for {looked}")]
    MissingMapping {
        /// The mapping.
        name: String,
        /// Where it should be.
        looked: String,
    },
    /// A reference that is not there.
    #[error("the reference {name} is not in the cache{context}: looked for {}", looked.join(", "), context = in_context(context.as_deref()))]
    MissingReference {
        /// The reference.
        name: String,
        /// The context that names it, if known.
        context: Option<String>,
        /// Where it was looked for.
        looked: Vec<String>,
    },
    /// A name that could lead out of the cache.
    #[error("expected the name of a file, found {0:?}")]
    Name(String),
    /// A configuration of the server that cannot be read.
    #[error("{path}: {error}", path = path.display())]
    ServerConfig {
        /// The file.
        path: PathBuf,
        /// Where, what was expected and what was found.
        error: SyntaxError,
    },
    /// A file of the cache with a text that it cannot have.
    #[error("{path}: expected {expected}, found {found:?}", path = path.display())]
    CacheFile {
        /// The file.
        path: PathBuf,
        /// What may stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// Parameters that do not say which instrument made the exposure.
    #[error("expected the instrument under `{key}`, found none")]
    NoInstrument {
        /// The key.
        key: String,
    },
    /// An instrument that the context does not have.
    #[error("{context} has no rules for the instrument '{instrument}': expected one of {}", known.join(", "))]
    UnknownInstrument {
        /// The pipeline mapping.
        context: String,
        /// The instrument.
        instrument: String,
        /// The instruments that it has.
        known: Vec<String>,
    },
    /// A mapping where another kind is needed.
    #[error("expected a context (.pmap, .imap or .rmap), found {0:?}")]
    NotAContext(String),
    /// No reference for a type that needs one.
    #[error("no reference of type {kind} under {context}: {reason}")]
    NotFound {
        /// The type of reference.
        kind: String,
        /// The context.
        context: String,
        /// Why.
        reason: String,
    },
    /// Rules that are marked as scientifically invalid.
    #[error("the context {context} holds rules that are marked as scientifically invalid: {}; CRDS_ALLOW_BAD_RULES=1 allows them", files.join(", "))]
    BadRules {
        /// The context.
        context: String,
        /// The rule files.
        files: Vec<String>,
    },
    /// A reference that is marked as scientifically invalid.
    #[error(
        "the reference {file} of type {kind} is marked as scientifically invalid; CRDS_ALLOW_BAD_REFERENCES=1 allows it"
    )]
    BadReference {
        /// The type of reference.
        kind: String,
        /// The file.
        file: String,
    },
    /// A line of input that is no dictionary of parameters.
    #[error("expected a JSON dictionary of parameters: {0}")]
    Line(String),
}

fn in_context(context: Option<&str>) -> String {
    context.as_ref().map_or(String::new(), |context| {
        format!(" (it is named by {context})")
    })
}
