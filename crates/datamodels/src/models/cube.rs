//! Count-rate images of the integrations of an exposure.

use ndarray::Array3;

use super::{ExtraHdu, Field, Model, read_array, read_companion, read_extra, read_table};
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
        let extra = read_extra(
            reader,
            &[
                "SCI",
                "ERR",
                "DQ",
                "VAR_POISSON",
                "VAR_RNOISE",
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
            Field {
                node: "data",
                hdu: "SCI",
                payload: Payload::F32(self.data.view().into_dyn()),
            },
            Field {
                node: "err",
                hdu: "ERR",
                payload: Payload::F32(self.err.view().into_dyn()),
            },
            Field {
                node: "dq",
                hdu: "DQ",
                payload: Payload::U32(self.dq.view().into_dyn()),
            },
            Field {
                node: "var_poisson",
                hdu: "VAR_POISSON",
                payload: Payload::F32(self.var_poisson.view().into_dyn()),
            },
            Field {
                node: "var_rnoise",
                hdu: "VAR_RNOISE",
                payload: Payload::F32(self.var_rnoise.view().into_dyn()),
            },
        ];
        for (node, hdu, table) in [
            ("int_times", "INT_TIMES", &self.int_times),
            (
                "int_times_stripe",
                "INT_TIMES_STRIPE",
                &self.int_times_stripe,
            ),
        ] {
            fields.extend(table.as_ref().map(|table| Field {
                node,
                hdu,
                payload: Payload::Table(table),
            }));
        }
        fields
    }

    fn extra_hdus(&self) -> &[ExtraHdu] {
        &self.extra
    }
}
