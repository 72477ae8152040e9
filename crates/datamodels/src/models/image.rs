//! Count-rate images of one exposure.

use ndarray::Array2;

use super::{
    ExtraHdu, Field, Model, field, read_array, read_companion, read_extra, read_optional, reals,
};
use crate::error::Result;
use crate::io::fits::{FitsReader, Payload};
use crate::metadata::Metadata;

/// An image with its errors; `_rate` products.
#[derive(Debug, Clone)]
pub struct ImageModel {
    /// Metadata.
    pub meta: Metadata,
    /// Values, `(row, column)` [BUNIT].
    pub data: Array2<f32>,
    /// Standard deviation [BUNIT].
    pub err: Array2<f32>,
    /// Quality of each pixel.
    pub dq: Array2<u32>,
    /// Variance of the photon noise [BUNIT²].
    pub var_poisson: Array2<f32>,
    /// Variance of the read noise [BUNIT²].
    pub var_rnoise: Array2<f32>,
    /// Variance that the flat field brought in [BUNIT²].
    pub var_flat: Option<Array2<f32>>,
    /// Area of each pixel, relative to the nominal one.
    pub area: Option<Array2<f32>>,
    /// HDUs that this model does not know.
    pub extra: Vec<ExtraHdu>,
}

/// HDUs that the model knows.
const HDUS: [&str; 7] = [
    "SCI",
    "ERR",
    "DQ",
    "AREA",
    "VAR_POISSON",
    "VAR_RNOISE",
    "VAR_FLAT",
];

impl ImageModel {
    /// The HDUs of a file that the model does not know.
    pub(crate) fn extra_of(reader: &FitsReader) -> Result<Vec<ExtraHdu>> {
        read_extra(reader, &HDUS)
    }
}

impl Model for ImageModel {
    const MODEL_TYPE: &'static str = "ImageModel";

    fn read(reader: &FitsReader) -> Result<Self> {
        let data: Array2<f32> = read_array(reader, "SCI")?;
        let plane = |name| {
            read_companion(reader, name, data.shape())
                .map(|a| a.unwrap_or_else(|| Array2::zeros(data.raw_dim())))
        };
        let (err, var_poisson, var_rnoise) =
            (plane("ERR")?, plane("VAR_POISSON")?, plane("VAR_RNOISE")?);
        let dq = read_companion(reader, "DQ", data.shape())?
            .unwrap_or_else(|| Array2::zeros(data.raw_dim()));
        let mut meta = Metadata::read(reader)?;
        meta.set_model_type(Self::MODEL_TYPE);
        let var_flat = read_companion(reader, "VAR_FLAT", data.shape())?;
        let area = read_optional(reader, "AREA")?;
        let extra = Self::extra_of(reader)?;
        Ok(Self {
            meta,
            data,
            err,
            dq,
            var_poisson,
            var_rnoise,
            var_flat,
            area,
            extra,
        })
    }

    fn metadata(&self) -> &Metadata {
        &self.meta
    }

    fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.meta
    }

    fn fields(&self) -> Vec<Field<'_>> {
        let mut fields = vec![
            field("data", "SCI", reals(&self.data)),
            field("err", "ERR", reals(&self.err)),
            field("dq", "DQ", Payload::U32(self.dq.view().into_dyn())),
        ];
        if let Some(area) = &self.area {
            fields.push(field("area", "AREA", reals(area)));
        }
        fields.extend([
            field("var_poisson", "VAR_POISSON", reals(&self.var_poisson)),
            field("var_rnoise", "VAR_RNOISE", reals(&self.var_rnoise)),
        ]);
        if let Some(variance) = &self.var_flat {
            fields.push(field("var_flat", "VAR_FLAT", reals(variance)));
        }
        fields
    }

    fn extra_hdus(&self) -> &[ExtraHdu] {
        &self.extra
    }
}
