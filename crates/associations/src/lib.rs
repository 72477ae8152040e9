//! Associations of exposures: which files make which product, and which part each file plays.
//!
//! An association is a JSON file that names products, and for each product its members with their roles. Members are named
//! relative to the directory of the association, and stay below it unless the caller allows more.
//!
//! # Source
//! jwst 3.0.0 `associations`: `lib/asn_schema_jw_level2b.json`, `lib/asn_schema_jw_level3.json`, `load_as_asn.py`.

mod association;
mod edit;
mod error;
mod list;
mod paths;
mod pool;
mod read;
mod role;
mod save;
#[cfg(test)]
mod tests;
mod write;

pub use association::{Association, Member, Product};
pub use error::AssociationError;
pub use list::ListRule;
pub use paths::MemberPaths;
pub use pool::{Pool, PoolNotes};
pub use role::Role;
