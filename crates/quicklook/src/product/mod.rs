//! A product's file: its metadata, and one image of it at a time.

mod describe;
mod frame;

use std::path::{Path, PathBuf};

use datamodels::io::fits::{FitsReader, HduInfo, HduKind};
use datamodels::metadata::Metadata;

use crate::error::{QuicklookError, Result};

pub(crate) use frame::{Frame, Selection};

/// An open product.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) reader: FitsReader,
    pub(crate) meta: Metadata,
}

impl Product {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let reader = FitsReader::open(path)?;
        let meta = Metadata::read(&reader)?;
        Ok(Self { reader, meta })
    }

    pub(crate) fn path(&self) -> &Path {
        self.reader.path()
    }

    /// The file's name.
    pub(crate) fn name(&self) -> String {
        file_name(self.path())
    }

    /// An HDU with an image of two to four dimensions, none of them zero.
    pub(crate) fn image_hdu(&self, name: &str) -> Result<&HduInfo> {
        let hdu = self.reader.require(name)?;
        let is_image = matches!(hdu.kind, HduKind::Image { .. });
        if is_image && (2..=4).contains(&hdu.shape().len()) && !hdu.shape().contains(&0) {
            return Ok(hdu);
        }
        Err(self
            .reader
            .shape_error(hdu, "an image of two to four dimensions with pixels")
            .into())
    }

    /// Whether the values of an HDU are labels of sources.
    pub(crate) fn is_labels(&self, hdu: &HduInfo) -> bool {
        let is_integer = matches!(&hdu.kind, HduKind::Image { stored, .. } if stored.is_integer());
        is_integer && hdu.name == "SCI" && self.meta.model_type() == "SegmentationMapModel"
    }

    /// An error about an HDU.
    pub(crate) fn unsuitable(&self, hdu: &HduInfo, message: impl Into<String>) -> QuicklookError {
        QuicklookError::Unsuitable {
            path: PathBuf::from(self.path()),
            hdu: hdu.name.clone(),
            message: message.into(),
        }
    }
}

/// The last part of a path.
pub(crate) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
