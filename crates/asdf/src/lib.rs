//! The Advanced Scientific Data Format: tagged trees and binary blocks.
//!
//! A file is a YAML tree followed by blocks of bytes. [`Node`] is a value of the tree, [`AsdfFile`] the tree with its
//! blocks. Tags that this crate does not know are kept, so that reading and writing a file loses nothing. Files are
//! untrusted input: nesting, alias expansion and sizes are bounded, and damage is an [`Error`] that says where.
//!
//! ```
//! use asdf::{AsdfFile, Node, WriteOptions};
//!
//! let mut file = AsdfFile::new();
//! file.tree.set_path("meta.telescope", "JWST")?;
//! let bytes = file.to_bytes(&WriteOptions::default())?;
//! let again = AsdfFile::from_bytes(&bytes)?;
//! assert_eq!(again.tree.get_path("meta.telescope").and_then(Node::as_str), Some("JWST"));
//! # Ok::<(), asdf::Error>(())
//! ```

mod array;
mod block;
mod error;
mod file;
mod tree;
mod version;
pub mod yaml;

pub use array::{ByteOrder, DataType, Element, Field, NdArray, Scalar, Source};
pub use block::{Block, Compression};
pub use error::{Error, Result};
pub use file::{AsdfFile, Software, WriteOptions};
pub use tree::{IntoIter, Iter, IterMut, Mapping, Node, Tagged};
pub use version::Version;
