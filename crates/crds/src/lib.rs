//! Calibration Reference Data System: mappings, best-reference selection and the cache.
//!
//! The rules are pure code ([`Rules`] over a [`MappingSource`]); files and settings come on top of them ([`Client`] over a
//! [`Cache`] and a [`Config`]). Nothing here opens a network connection, reads the process environment unasked, or executes
//! what a file says. What differs between missions is in [`Observatory`].
//!
//! | module | holds |
//! |---|---|
//! | [`literal`] | Python literals as data |
//! | [`Mapping`] and its kinds | parsed and checked mapping files |
//! | [`Rules`] | contexts loaded on demand, answers for exposures |
//! | [`Cache`], [`Config`], [`ServerConfig`] | the files of a cache and the settings |
//! | [`Client`] | the choice of a context, bad files, paths of references |
//! | [`bestrefs`] | answers as JSON lines |
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

pub mod bestrefs;
mod cache;
mod client;
mod config;
mod context;
mod engine;
mod error;
mod expression;
pub mod literal;
mod mapping;
mod observatory;
mod select;
mod server_config;
mod value;

pub use cache::{Cache, Layout};
pub use client::{Client, Reference};
pub use config::{Config, Mode, SettingError};
pub use context::ContextError;
pub use engine::{BestReference, MappingSource, MemorySource, Rules};
pub use error::Error;
pub use mapping::{
    ChecksumPolicy, InstrumentMapping, Mapping, MappingError, PipelineMapping, RuleFile,
    is_file_name,
};
pub use observatory::{Observatory, ObservatoryError};
pub use server_config::ServerConfig;
pub use value::{Parameters, UNDEFINED, Value, condition};
