//! The background that was subtracted from an exposure.

use std::path::Path;

use ndarray::Array2;

use super::{ImageModel, Model, field};
use crate::error::Result;
use crate::io::fits::Payload;
use crate::metadata::Metadata;

/// A mean image of background exposures; `_combinedbackground` products.
#[derive(Debug, Clone)]
pub struct MeanBackgroundModel {
    /// Metadata: those of the mean, not of an exposure.
    pub meta: Metadata,
    /// Values, `(row, column)` [BUNIT of the exposures].
    pub data: Array2<f32>,
    /// Standard deviation of the mean.
    pub err: Array2<f32>,
    /// Bits that any exposure has in the pixel.
    pub dq: Array2<u32>,
}

impl MeanBackgroundModel {
    /// The name that DATAMODL holds.
    pub const MODEL_TYPE: &'static str = ImageModel::MODEL_TYPE;

    /// A model without metadata.
    pub fn new(data: Array2<f32>, err: Array2<f32>, dq: Array2<u32>) -> Self {
        let meta = Metadata::new(Self::MODEL_TYPE);
        Self {
            meta,
            data,
            err,
            dq,
        }
    }

    /// Writes the model atomically.
    ///
    /// # Errors
    /// As [`Model::save`].
    pub fn save(&self, path: &Path) -> Result<()> {
        let fields = vec![
            field("data", "SCI", Payload::F32(self.data.view().into_dyn())),
            field("err", "ERR", Payload::F32(self.err.view().into_dyn())),
            field("dq", "DQ", Payload::U32(self.dq.view().into_dyn())),
        ];
        super::writing::write_model(path, &self.meta, fields, &[])
    }
}
