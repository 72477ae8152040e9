//! Associations of exposures: which files make which product, and which part each file plays.
//!
//! An association is a JSON file that names products, and for each product its members with their roles. Members are named
//! relative to the directory of the association, and stay below it unless the caller allows more.
//!
//! # Source
//! jwst 3.0.0 `associations`: `lib/asn_schema_jw_level2b.json`, `lib/asn_schema_jw_level3.json`, `load_as_asn.py`.

mod association;
mod error;
mod paths;
mod read;
mod role;
#[cfg(test)]
mod tests;

pub use association::{Association, Member, Product};
pub use error::AssociationError;
pub use paths::MemberPaths;
pub use role::Role;
