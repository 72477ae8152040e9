//! What ramp fitting knows of each segment; `_fitopt` products.

use ndarray::{Array3, Array4};

use super::{ExtraHdu, Field, Model, read_array, read_extra};
use crate::error::Result;
use crate::io::fits::{FitsReader, Payload};
use crate::metadata::Metadata;

/// Fits of the segments of every ramp. Arrays are `(integration, segment, row, column)`.
#[derive(Debug, Clone)]
pub struct RampFitOutputModel {
    /// Metadata.
    pub meta: Metadata,
    /// Slope [DN/s].
    pub slope: Array4<f32>,
    /// Standard deviation of the slope [DN/s].
    pub sigslope: Array4<f32>,
    /// Variance of the photon noise [DN²/s²].
    pub var_poisson: Array4<f32>,
    /// Variance of the read noise [DN²/s²].
    pub var_rnoise: Array4<f32>,
    /// Intercept [DN].
    pub yint: Array4<f32>,
    /// Standard deviation of the intercept [DN].
    pub sigyint: Array4<f32>,
    /// Signal at the start of the exposure, `(integration, row, column)` [DN].
    pub pedestal: Array3<f32>,
    /// Weight of the segment.
    pub weights: Array4<f32>,
    /// Size of the jumps [DN].
    pub crmag: Array4<f32>,
    /// HDUs that this model does not know.
    pub extra: Vec<ExtraHdu>,
}

impl Model for RampFitOutputModel {
    const MODEL_TYPE: &'static str = "RampFitOutputModel";

    fn read(reader: &FitsReader) -> Result<Self> {
        const KNOWN: [&str; 9] = [
            "SLOPE",
            "SIGSLOPE",
            "VAR_POISSON",
            "VAR_RNOISE",
            "YINT",
            "SIGYINT",
            "PEDESTAL",
            "WEIGHTS",
            "CRMAG",
        ];
        Ok(Self {
            meta: Metadata::read(reader)?,
            slope: read_array(reader, "SLOPE")?,
            sigslope: read_array(reader, "SIGSLOPE")?,
            var_poisson: read_array(reader, "VAR_POISSON")?,
            var_rnoise: read_array(reader, "VAR_RNOISE")?,
            yint: read_array(reader, "YINT")?,
            sigyint: read_array(reader, "SIGYINT")?,
            pedestal: read_array(reader, "PEDESTAL")?,
            weights: read_array(reader, "WEIGHTS")?,
            crmag: read_array(reader, "CRMAG")?,
            extra: read_extra(reader, &KNOWN)?,
        })
    }

    fn metadata(&self) -> &Metadata {
        &self.meta
    }

    fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.meta
    }

    fn fields(&self) -> Vec<Field<'_>> {
        vec![
            Field {
                node: "slope",
                hdu: "SLOPE",
                payload: Payload::F32(self.slope.view().into_dyn()),
            },
            Field {
                node: "sigslope",
                hdu: "SIGSLOPE",
                payload: Payload::F32(self.sigslope.view().into_dyn()),
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
            Field {
                node: "yint",
                hdu: "YINT",
                payload: Payload::F32(self.yint.view().into_dyn()),
            },
            Field {
                node: "sigyint",
                hdu: "SIGYINT",
                payload: Payload::F32(self.sigyint.view().into_dyn()),
            },
            Field {
                node: "pedestal",
                hdu: "PEDESTAL",
                payload: Payload::F32(self.pedestal.view().into_dyn()),
            },
            Field {
                node: "weights",
                hdu: "WEIGHTS",
                payload: Payload::F32(self.weights.view().into_dyn()),
            },
            Field {
                node: "crmag",
                hdu: "CRMAG",
                payload: Payload::F32(self.crmag.view().into_dyn()),
            },
        ]
    }

    fn extra_hdus(&self) -> &[ExtraHdu] {
        &self.extra
    }
}
