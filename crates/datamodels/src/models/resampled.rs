//! Images put together on a common grid.

use ndarray::{Array2, Array3};

use super::{
    ExtraHdu, Field, Model, field, read_array, read_companion, read_extra, read_optional,
    read_table, reals,
};
use crate::error::Result;
use crate::io::fits::{FitsReader, Payload, Table};
use crate::metadata::Metadata;

/// A resampled image with its weights and context; `_i2d` products.
#[derive(Debug, Clone)]
pub struct ResampledModel {
    /// Metadata.
    pub meta: Metadata,
    /// Values, `(row, column)` [BUNIT].
    pub data: Array2<f32>,
    /// Standard deviation [BUNIT].
    pub err: Option<Array2<f32>>,
    /// Quality bits of all pixels that contributed.
    pub dq: Option<Array2<u32>>,
    /// Which exposures contributed: bit `k` of plane `p` stands for exposure `32 p + k`; `(plane, row, column)`.
    pub con: Option<Array3<i32>>,
    /// Weight.
    pub wht: Array2<f32>,
    /// Variance of the photon noise [BUNIT²].
    pub var_poisson: Option<Array2<f32>>,
    /// Variance of the read noise [BUNIT²].
    pub var_rnoise: Option<Array2<f32>>,
    /// Variance that the flat field brought in [BUNIT²].
    pub var_flat: Option<Array2<f32>>,
    /// Keywords of the exposures that it was made from, a row for each.
    pub hdrtab: Option<Table>,
    /// HDUs that this model does not know.
    pub extra: Vec<ExtraHdu>,
}

/// HDUs that the model knows.
const HDUS: [&str; 9] = [
    "SCI",
    "ERR",
    "DQ",
    "CON",
    "WHT",
    "VAR_POISSON",
    "VAR_RNOISE",
    "VAR_FLAT",
    "HDRTAB",
];

impl Model for ResampledModel {
    // The reference package uses the model of exposures.
    const MODEL_TYPE: &'static str = "ImageModel";

    fn read(reader: &FitsReader) -> Result<Self> {
        let data: Array2<f32> = read_array(reader, "SCI")?;
        let plane = |name| read_companion(reader, name, data.shape());
        let mut meta = Metadata::read(reader)?;
        meta.set_model_type(Self::MODEL_TYPE);
        Ok(Self {
            meta,
            err: plane("ERR")?,
            dq: read_companion(reader, "DQ", data.shape())?,
            con: read_optional(reader, "CON")?,
            wht: plane("WHT")?.unwrap_or_else(|| Array2::zeros(data.raw_dim())),
            var_poisson: plane("VAR_POISSON")?,
            var_rnoise: plane("VAR_RNOISE")?,
            var_flat: plane("VAR_FLAT")?,
            hdrtab: read_table(reader, "HDRTAB")?,
            extra: read_extra(reader, &HDUS)?,
            data,
        })
    }

    fn metadata(&self) -> &Metadata {
        &self.meta
    }

    fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.meta
    }

    fn fields(&self) -> Vec<Field<'_>> {
        let mut fields = vec![field("data", "SCI", reals(&self.data))];
        if let Some(err) = &self.err {
            fields.push(field("err", "ERR", reals(err)));
        }
        if let Some(dq) = &self.dq {
            fields.push(field("dq", "DQ", Payload::U32(dq.view().into_dyn())));
        }
        if let Some(con) = &self.con {
            fields.push(field("con", "CON", Payload::I32(con.view().into_dyn())));
        }
        fields.push(field("wht", "WHT", reals(&self.wht)));
        for (node, hdu, variance) in [
            ("var_poisson", "VAR_POISSON", &self.var_poisson),
            ("var_rnoise", "VAR_RNOISE", &self.var_rnoise),
            ("var_flat", "VAR_FLAT", &self.var_flat),
        ] {
            if let Some(variance) = variance {
                fields.push(field(node, hdu, reals(variance)));
            }
        }
        if let Some(table) = &self.hdrtab {
            fields.push(field("hdrtab", "HDRTAB", Payload::Table(table)));
        }
        fields
    }

    fn extra_hdus(&self) -> &[ExtraHdu] {
        &self.extra
    }
}
