//! Count-rate images of the integrations of an exposure.

use ndarray::{Array2, Array3};

use super::{
    ExtraHdu, Field, Model, field, read_array, read_companion, read_extra, read_optional,
    read_table, reals,
};
use crate::error::Result;
use crate::io::fits::{FitsReader, Payload, Table};
use crate::metadata::Metadata;

/// An image of each integration with its errors; `_rateints` products.
#[derive(Debug, Clone)]
pub struct CubeModel {
    /// Metadata.
    pub meta: Metadata,
    /// Values, `(integration, row, column)` [BUNIT].
    pub data: Array3<f32>,
    /// Standard deviation [BUNIT].
    pub err: Array3<f32>,
    /// Quality of each pixel.
    pub dq: Array3<u32>,
    /// Variance of the photon noise [BUNIT²].
    pub var_poisson: Array3<f32>,
    /// Variance of the read noise [BUNIT²].
    pub var_rnoise: Array3<f32>,
    /// Variance that the flat field brought in [BUNIT²].
    pub var_flat: Option<Array3<f32>>,
    /// Area of each pixel, relative to the nominal one, `(row, column)`.
    pub area: Option<Array2<f32>>,
    /// Times of the integrations.
    pub int_times: Option<Table>,
    /// Times of the stripes that were collated to integrations.
    pub int_times_stripe: Option<Table>,
    /// HDUs that this model does not know.
    pub extra: Vec<ExtraHdu>,
}

impl Model for CubeModel {
    const MODEL_TYPE: &'static str = "CubeModel";

    fn read(reader: &FitsReader) -> Result<Self> {
        let data: Array3<f32> = read_array(reader, "SCI")?;
        let plane = |name| {
            read_companion(reader, name, data.shape())
                .map(|a| a.unwrap_or_else(|| Array3::zeros(data.raw_dim())))
        };
        let (err, var_poisson, var_rnoise) =
            (plane("ERR")?, plane("VAR_POISSON")?, plane("VAR_RNOISE")?);
        let dq = read_companion(reader, "DQ", data.shape())?
            .unwrap_or_else(|| Array3::zeros(data.raw_dim()));
        let mut meta = Metadata::read(reader)?;
        meta.set_model_type(Self::MODEL_TYPE);
        let var_flat = read_companion(reader, "VAR_FLAT", data.shape())?;
        let area = read_optional(reader, "AREA")?;
        let extra = read_extra(
            reader,
            &[
                "SCI",
                "ERR",
                "DQ",
                "AREA",
                "VAR_POISSON",
                "VAR_RNOISE",
                "VAR_FLAT",
                "INT_TIMES",
                "INT_TIMES_STRIPE",
            ],
        )?;
        let int_times = read_table(reader, "INT_TIMES")?;
        let int_times_stripe = read_table(reader, "INT_TIMES_STRIPE")?;
        Ok(Self {
            meta,
            data,
            err,
            dq,
            var_poisson,
            var_rnoise,
            var_flat,
            area,
            int_times,
            int_times_stripe,
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
            let area = Payload::F32(area.view().into_dyn());
            fields.push(field("area", "AREA", area));
        }
        let times = self.int_times.as_ref();
        fields.extend(times.map(|table| field("int_times", "INT_TIMES", Payload::Table(table))));
        fields.extend([
            field("var_poisson", "VAR_POISSON", reals(&self.var_poisson)),
            field("var_rnoise", "VAR_RNOISE", reals(&self.var_rnoise)),
        ]);
        if let Some(variance) = &self.var_flat {
            fields.push(field("var_flat", "VAR_FLAT", reals(variance)));
        }
        let times = self.int_times_stripe.as_ref();
        fields.extend(times.map(|table| {
            let table = Payload::Table(table);
            field("int_times_stripe", "INT_TIMES_STRIPE", table)
        }));
        fields
    }

    fn extra_hdus(&self) -> &[ExtraHdu] {
        &self.extra
    }
}
