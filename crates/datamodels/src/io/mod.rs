//! Reading and writing of files: the only input and output of this crate.

pub mod atomic;
pub mod ecsv;
pub mod fits;
mod positional;
pub mod scratch;
