//! Which pixels belong to which source.

use ndarray::Array2;

use super::{ExtraHdu, Field, Model, read_array, read_extra};
use crate::error::Result;
use crate::io::fits::{FitsReader, Payload};
use crate::metadata::Metadata;

/// An image of the labels of sources; `_segm` products.
#[derive(Debug, Clone)]
pub struct SegmentationMapModel {
    /// Metadata.
    pub meta: Metadata,
    /// Label of the source of each pixel, `(row, column)`; 0 for none.
    pub data: Array2<u32>,
    /// HDUs that this model does not know.
    pub extra: Vec<ExtraHdu>,
}

impl SegmentationMapModel {
    /// The labels of an image, with what the image's primary header says and its coordinates.
    ///
    /// # Errors
    /// The image's coordinates cannot be read.
    pub fn of_image(image: &Metadata, data: Array2<u32>) -> Result<Self> {
        let mut meta = image.derive_primary(Self::MODEL_TYPE);
        if let Some(wcs) = image.wcs()? {
            meta.set_wcs(&wcs)?;
        }
        if let Some(node) = image.get("meta.wcsinfo") {
            meta.set("meta.wcsinfo", node.clone());
        }
        let extra = Vec::new();
        Ok(Self { meta, data, extra })
    }
}

impl Model for SegmentationMapModel {
    const MODEL_TYPE: &'static str = "SegmentationMapModel";

    fn read(reader: &FitsReader) -> Result<Self> {
        let data: Array2<u32> = read_array(reader, "SCI")?;
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
            payload: Payload::U32(self.data.view().into_dyn()),
        }]
    }

    fn extra_hdus(&self) -> &[ExtraHdu] {
        &self.extra
    }
}
