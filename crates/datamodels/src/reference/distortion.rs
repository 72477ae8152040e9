//! The geometry of an imager: its distortion and the offsets of its filters, both ASDF files.

use std::path::Path;

use asdf::{AsdfFile, Node};
use gwcs::Transform;
use gwcs::convert::read_transform;

use crate::error::{DataModelError, Result};

/// From the pixels of the whole detector, counted from 0, to the telescope's V2 and V3 [arcsec].
#[derive(Debug, Clone)]
pub struct DistortionReference {
    /// The transform, with its bounding box if the file states one.
    pub transform: Transform,
}

impl DistortionReference {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or has no transform from two to two coordinates.
    pub fn load(path: &Path) -> Result<Self> {
        let file = open(path)?;
        let node = file.tree.get("model");
        let node =
            node.ok_or_else(|| damaged(path, "model: expected a transform, found nothing"))?;
        let transform = read_transform(node, &file, &crate::wcs::registry())
            .map_err(|error| damaged(path, format!("model: {error}")))?;
        let (inputs, outputs) = (transform.n_inputs(), transform.n_outputs());
        if (inputs, outputs) != (2, 2) {
            let found = format!("expected 2 inputs and 2 outputs, found {inputs} and {outputs}");
            return Err(damaged(path, format!("model: {found}")));
        }
        Ok(Self { transform })
    }
}

/// How far the filters move the image.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterOffsetReference {
    /// A row for each filter, or each filter and pupil.
    pub rows: Vec<FilterOffset>,
}

/// The offset of a filter.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterOffset {
    /// FILTER.
    pub filter: String,
    /// PUPIL, where the file tells pupils apart.
    pub pupil: Option<String>,
    /// What is added to column and row [pixel]; none where the file states none.
    pub offset: Option<[f64; 2]>,
}

impl FilterOffsetReference {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or has no list of filters.
    pub fn load(path: &Path) -> Result<Self> {
        let file = open(path)?;
        let rows = file.tree.get("filters").and_then(Node::as_sequence);
        let rows = rows.ok_or_else(|| damaged(path, "filters: expected a list, found none"))?;
        let rows = rows.iter().map(|row| {
            let text = |key: &str| row.get(key).and_then(Node::as_str).map(str::to_string);
            let number = |key: &str| row.get(key).and_then(Node::as_f64);
            let filter = text("filter");
            let filter =
                filter.ok_or_else(|| damaged(path, "filters: expected a filter in each row"));
            Ok(FilterOffset {
                filter: filter?,
                pupil: text("pupil"),
                offset: number("column_offset")
                    .zip(number("row_offset"))
                    .map(|(column, row)| [column, row]),
            })
        });
        Ok(Self {
            rows: rows.collect::<Result<_>>()?,
        })
    }
}

fn open(path: &Path) -> Result<AsdfFile> {
    AsdfFile::open(path)
        .map_err(|error| damaged(path, format!("not a readable ASDF file: {error}")))
}

fn damaged(path: &Path, message: impl Into<String>) -> DataModelError {
    DataModelError::Reference {
        path: path.to_path_buf(),
        message: message.into(),
    }
}
