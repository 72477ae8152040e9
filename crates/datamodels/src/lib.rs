//! JWST product and reference models, and the files that hold them.
pub mod error;
pub mod io;
pub mod metadata;
