//! What can go wrong.

use std::path::PathBuf;

use thiserror::Error;

use crate::{
    config::SettingError, context::ContextError, literal::SyntaxError, mapping::MappingError,
    network::NetworkError,
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
    /// A context that cannot be determined without a server.
    #[error("{error} (no connection to a server: {reason})")]
    NoContext {
        /// What is missing.
        error: ContextError,
        /// Why there is no connection.
        reason: String,
    },
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
    #[error("the mapping {name} is not in the cache: looked for {looked}{fetch}", fetch = with_command(fetch.as_deref()))]
    MissingMapping {
        /// The mapping.
        name: String,
        /// Where it should be.
        looked: String,
        /// The command that fetches it.
        fetch: Option<String>,
    },
    /// A reference that is not there.
    #[error("the reference {name} is not in the cache{context}: looked for {}{fetch}", looked.join(", "), context = in_context(context.as_deref()), fetch = with_command(fetch.as_deref()))]
    MissingReference {
        /// The reference.
        name: String,
        /// The context that names it, if known.
        context: Option<String>,
        /// Where it was looked for.
        looked: Vec<String>,
        /// The command that fetches it.
        fetch: Option<String>,
    },
    /// A file that is not the one that the server has under this name.
    #[error("{path} is damaged: expected {expected}, found {found}{fetch}", path = path.display(), fetch = with_command(fetch.as_deref()))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Its size or sum on the server.
        expected: String,
        /// Its size or sum here.
        found: String,
        /// The command that fetches it anew.
        fetch: Option<String>,
    },
    /// A file that cannot be written.
    #[error("cannot write {path}: {error}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A cache in which nothing may be written.
    #[error(
        "{name} cannot be fetched: the cache is read-only (CRDS_READONLY_CACHE); CRDS_OVERLAY_PATH names a private cache in front of it"
    )]
    ReadOnly {
        /// The file, or the first of several.
        name: String,
    },
    /// A file that cannot be placed.
    #[error("{name}: expected the instrument that the file belongs to, found {instrument:?}")]
    NoDirectory {
        /// The file.
        name: String,
        /// What was given.
        instrument: String,
    },
    /// Something that only a server can do.
    #[error("{what} needs a connection to the server: {reason}")]
    NotConnected {
        /// What should be done.
        what: String,
        /// Why there is none.
        reason: String,
    },
    /// The server of another mission.
    #[error(
        "{url}: expected the server of {expected}, found that of {found}: CRDS_SERVER_URL or CRDS_OBSERVATORY is for another mission"
    )]
    OtherObservatory {
        /// The server.
        url: String,
        /// The mission.
        expected: String,
        /// The server's mission.
        found: String,
    },
    /// A server that cannot be asked, or that answers wrongly.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A file that cannot be fetched.
    #[error("cannot fetch {name}: {error}")]
    Fetch {
        /// The file.
        name: String,
        /// Why.
        error: NetworkError,
    },
    /// An archive that cannot be used.
    #[error("{archive}: expected {expected}, found {found}", archive = archive.display())]
    Archive {
        /// The archive.
        archive: PathBuf,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
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

fn with_command(fetch: Option<&str>) -> String {
    fetch.map_or(String::new(), |command| {
        format!("; with a connection, `{command}` fetches it")
    })
}
