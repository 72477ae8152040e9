//! Calibration Reference Data System: mappings, best-reference selection and the cache.
//!
//! The rules are pure code ([`Rules`] over a [`MappingSource`]); files and settings come on top of them ([`Client`] over a
//! [`Store`] and a [`Config`]). Nothing here reads the process environment unasked, or executes what a file or a server says. A network
//! connection is opened only by the feature `remote` (on by default), and only if the settings name a server. What differs
//! between missions is in [`Observatory`].
//!
//! | module | holds |
//! |---|---|
//! | [`literal`] | Python literals as data |
//! | [`Mapping`] and its kinds | parsed and checked mapping files |
//! | [`Rules`] | contexts loaded on demand, answers for exposures |
//! | [`Cache`], [`Config`], [`ServerConfig`] | the files of a cache and the settings |
//! | [`Store`] | a cache that is written to: files fetched, verified, repaired |
//! | [`Server`] | the server's calls |
//! | [`Client`] | the choice of a context, bad files, paths of references |
//! | [`bestrefs`] | answers as JSON lines |
//! | [`bundle`] | archives of parts of a cache |
//!
//! ```
//! use crds::{ChecksumPolicy, MemorySource, Observatory, Parameters, Rules};
//! let mut source = MemorySource::default();
//! source.insert("my_0001.pmap", "
//! header = {'mapping': 'PIPELINE', 'name': 'my_0001.pmap', 'observatory': 'MY', 'parkey': ('META.INSTRUMENT.NAME',), 'derived_from': ''}
//! selector = {'CAMERA': 'my_camera_0001.imap'}");
//! source.insert("my_camera_0001.imap", "
//! header = {'mapping': 'INSTRUMENT', 'name': 'my_camera_0001.imap', 'observatory': 'MY', 'instrument': 'CAMERA',
//!           'parkey': ('REFTYPE',), 'derived_from': ''}
//! selector = {'DARK': 'my_camera_dark_0001.rmap', 'FLAT': 'N/A'}");
//! source.insert("my_camera_dark_0001.rmap", "
//! header = {'mapping': 'REFERENCE', 'name': 'my_camera_dark_0001.rmap', 'observatory': 'MY', 'instrument': 'CAMERA',
//!           'filekind': 'DARK', 'parkey': (('DETECTOR',), ('DATE',)), 'derived_from': ''}
//! selector = Match({'A|B': UseAfter({'2020-01-01 00:00:00': 'my_camera_dark_0001.fits'})})");
//! let rules = Rules::new(source, Observatory::new("my", &["camera"])).with_checksums(ChecksumPolicy::Ignore);
//! let exposure: Parameters =
//!     [("meta.instrument.name", "camera"), ("detector", "b"), ("date", "2024-05-06T07:08:09")].into_iter().collect();
//! let answers = rules.best_references("my_0001.pmap", &exposure, None)?;
//! assert_eq!(answers["dark"].to_string(), "my_camera_dark_0001.fits");
//! assert_eq!(answers["flat"].to_string(), "N/A");
//! # Ok::<(), crds::Error>(())
//! ```

#![cfg_attr(
    not(feature = "remote"),
    allow(dead_code, reason = "parts of modules that only networking uses")
)]

pub mod bestrefs;
pub mod bundle;
mod cache;
mod client;
mod config;
mod connection;
mod context;
mod encoding;
mod engine;
mod error;
mod expression;
pub mod literal;
mod mapping;
mod network;
mod observatory;
#[cfg(feature = "remote")]
mod remote;
mod select;
mod server_config;
mod store;
mod value;

pub use cache::{Cache, Layout};
pub use client::{Client, Reference};
pub use config::{Config, Mode, Overlay, SettingError};
pub use context::ContextError;
pub use engine::{BestReference, Explanation, MappingSource, MemorySource, Rules};
pub use error::Error;
pub use mapping::{
    ChecksumPolicy, InstrumentMapping, Mapping, MappingError, PipelineMapping, RuleFile,
    is_file_name,
};
pub use network::{Network, NetworkError, Proxies};
pub use observatory::{Observatory, ObservatoryError};
#[cfg(feature = "remote")]
pub use remote::Server;
pub use select::Reason;
pub use server_config::{FileInfo, ServerConfig};
#[cfg(feature = "remote")]
pub use store::{Event, Fetched, Progress};
pub use store::{FileState, Store, sum_of_file, write_file};
pub use value::{Parameters, UNDEFINED, Value, condition};
