//! Images of a single array.

use ndarray::Array2;

use super::{ExtraHdu, Field, Model, read_array, read_extra};
use crate::error::Result;
use crate::io::fits::{FitsReader, Payload};
use crate::metadata::Metadata;

/// An image without errors and quality, such as the χ² of a fit.
#[derive(Debug, Clone)]
pub struct PlainImageModel {
    /// Metadata.
    pub meta: Metadata,
    /// Values, `(row, column)`.
    pub data: Array2<f32>,
    /// HDUs that this model does not know.
    pub extra: Vec<ExtraHdu>,
}

impl Model for PlainImageModel {
    // The reference package has no model for it: it leaves the other arrays of this one unset.
    const MODEL_TYPE: &'static str = "ImageModel";

    fn read(reader: &FitsReader) -> Result<Self> {
        let data: Array2<f32> = read_array(reader, "SCI")?;
        let mut meta = Metadata::read(reader)?;
        meta.set_model_type(Self::MODEL_TYPE);
        let extra = read_extra(reader, &["SCI"])?;
        Ok(Self { meta, data, extra })
    }

    fn metadata(&self) -> &Metadata {
        &self.meta
    }

    fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.meta
    }

    fn fields(&self) -> Vec<Field<'_>> {
        vec![Field {
            node: "data",
            hdu: "SCI",
            payload: Payload::F32(self.data.view().into_dyn()),
        }]
    }

    fn extra_hdus(&self) -> &[ExtraHdu] {
        &self.extra
    }
}
