//! The pipelines of JWST as tables of steps.
//!
//! [`Detector1`] runs on a model in memory; [`Jwst`] is the mission that programs run: every pipeline and step by
//! name, on files.

mod association;
pub mod dark;
pub mod detector1;
pub mod guider;
pub mod image2;
pub mod image3;
mod library;
mod mission;
mod pool;
mod side_products;
mod suffixes;

pub use detector1::{Detector1, Detector1Output};
pub use mission::Jwst;
pub use pool::pool_keywords;
