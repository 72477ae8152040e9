//! A count-rate product of either kind.

use std::path::Path;

use super::{CubeModel, ImageModel, Model};
use crate::error::Result;
use crate::io::fits::FitsReader;
use crate::metadata::Metadata;

/// Count rates of the exposure, or of each of its integrations.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "a few hundred bytes either way, beside images of megabytes"
)]
pub enum RateModel {
    /// Of the exposure; `_rate`.
    Image(ImageModel),
    /// Of each integration; `_rateints`.
    Cube(CubeModel),
}

impl RateModel {
    /// Opens a file; the dimensions of its SCI image decide.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub fn open(path: &Path) -> Result<Self> {
        let reader = FitsReader::open(path)?;
        if reader.require("SCI")?.shape().len() == 3 {
            CubeModel::read(&reader).map(Self::Cube)
        } else {
            ImageModel::read(&reader).map(Self::Image)
        }
    }

    /// The metadata.
    pub fn meta(&self) -> &Metadata {
        match self {
            Self::Image(model) => &model.meta,
            Self::Cube(model) => &model.meta,
        }
    }

    /// The metadata, to be changed.
    pub fn meta_mut(&mut self) -> &mut Metadata {
        match self {
            Self::Image(model) => &mut model.meta,
            Self::Cube(model) => &mut model.meta,
        }
    }

    /// Writes the model atomically.
    ///
    /// # Errors
    /// As [`Model::save`].
    pub fn save(&self, path: &Path) -> Result<()> {
        match self {
            Self::Image(model) => model.save(path),
            Self::Cube(model) => model.save(path),
        }
    }
}
