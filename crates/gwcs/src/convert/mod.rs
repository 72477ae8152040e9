//! Transforms, frames and world coordinate systems in ASDF files.
//!
//! All versions of the tags are read. Nodes are made with the tags that belong to the ASDF standard 1.6.0; a file that is
//! written by an older one gets the older tags ([`asdf::WriteOptions`]). Units of parameters, whether a fit may change
//! them, and their bounds are kept ([`crate::ParameterNote`]) without effect: numbers are taken in the units of the file,
//! angles excepted. Models of an instrument are added to the [`Registry`].
//!
//! ```
//! use asdf::AsdfFile;
//! use gwcs::Transform;
//! use gwcs::convert::{Registry, read_transform, write_transform};
//! use gwcs::model::Shift;
//!
//! let registry = Registry::default();
//! let mut file = AsdfFile::new();
//! let node = write_transform(&Transform::from(Shift(2.5)), &mut file, &registry)?;
//! assert_eq!(node.tag(), Some("tag:stsci.edu:asdf/transform/shift-1.4.0"));
//! let again = read_transform(&node, &file, &registry)?;
//! assert_eq!(again.evaluate_point(&[1.0])?, [3.5]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod fields;
mod frame;
mod projections;
mod read;
mod read_models;
mod selectors;
#[cfg(test)]
mod tests;
mod wcs;
mod write;
mod write_models;

use std::sync::Arc;

use asdf::{AsdfFile, Mapping, Node};

use crate::model::Model;
use crate::transform::{Transform, TransformError};
use crate::wcs::WcsError;

pub use fields::Fields;
pub use wcs::{read_wcs, write_wcs};

/// What keeps a node from being a transform, or a transform from being a node.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// A tag that is not known here.
    #[error("no transform or frame is known for the tag {0}")]
    UnknownTag(String),
    /// A node without a tag where one is needed.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What was expected.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// A property of a node.
    #[error("{tag}: property {property}: expected {expected}, found {found}")]
    Property {
        /// The tag of the node.
        tag: String,
        /// The property.
        property: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A model that has no form in a file.
    #[error("{0} cannot be written as ASDF")]
    NoForm(String),
    /// Too many transforms inside of each other.
    #[error("transforms are nested more than {0} deep")]
    TooDeep(usize),
    /// An array cannot be read or written.
    #[error(transparent)]
    Asdf(#[from] asdf::Error),
    /// What the file holds makes no transform.
    #[error("{tag}: {source}")]
    Transform {
        /// The tag of the node.
        tag: String,
        /// Why.
        source: TransformError,
    },
    /// What the file holds makes no chain of frames.
    #[error(transparent)]
    Wcs(#[from] WcsError),
}

/// Reads a model of a tag.
pub type ReadModel = fn(&mut Fields<'_>) -> Result<Arc<dyn Model>, ConvertError>;
/// Writes a model as a tag and properties, if it is of the right type.
pub type WriteModel =
    fn(&dyn Model, &mut Writer<'_>) -> Option<Result<(String, Mapping), ConvertError>>;

/// Models that this crate does not know, by their tags.
#[derive(Debug, Default, Clone)]
pub struct Registry {
    readers: Vec<(String, ReadModel)>,
    writers: Vec<WriteModel>,
}

impl Registry {
    /// Adds a model. `stem` is its tag without the version, as `tag:stsci.edu:jwst_pipeline/coords`.
    pub fn add(&mut self, stem: impl Into<String>, read: ReadModel, write: WriteModel) {
        self.readers.push((stem.into(), read));
        self.writers.push(write);
    }

    fn reader(&self, stem: &str) -> Option<ReadModel> {
        let found = self.readers.iter().find(|(known, _)| known == stem);
        found.map(|(_, read)| *read)
    }
}

/// Where transforms are written.
#[derive(Debug)]
pub struct Writer<'a> {
    file: &'a mut AsdfFile,
    registry: &'a Registry,
}

/// Reads a transform.
///
/// # Errors
/// [`ConvertError`] with the tag and the property at fault.
pub fn read_transform(
    node: &Node,
    file: &AsdfFile,
    registry: &Registry,
) -> Result<Transform, ConvertError> {
    read::transform(node, &read::Reader::new(file, registry))
}

/// Writes a transform; its large arrays become blocks of the file.
///
/// # Errors
/// A model has no form in a file.
pub fn write_transform(
    transform: &Transform,
    file: &mut AsdfFile,
    registry: &Registry,
) -> Result<Node, ConvertError> {
    Writer { file, registry }.transform(transform)
}

/// The part of a tag before its version, and the version.
fn split_tag(tag: &str) -> (&str, &str) {
    tag.rsplit_once('-').unwrap_or((tag, ""))
}
