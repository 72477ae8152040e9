//! An exposure before or after the fit of ramps.

use std::path::Path;

use ndarray::ArrayD;

use super::{CubeModel, ImageModel, Model, RampModel, RateModel, field};
use crate::error::Result;
use crate::io::fits::{FitsReader, Payload};
use crate::metadata::Metadata;

/// What steps take that work on ramps as well as on count rates.
#[derive(Debug, Clone)]
pub enum ExposureModel {
    /// Ramps.
    Ramp(Box<RampModel>),
    /// Count rates.
    Rate(Box<RateModel>),
}

impl ExposureModel {
    /// Opens a file; the dimensions of its SCI image decide.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub fn open(path: &Path) -> Result<Self> {
        let reader = FitsReader::open(path)?;
        Ok(match reader.require("SCI")?.shape().len() {
            4 => Self::Ramp(Box::new(RampModel::read(&reader)?)),
            3 => Self::Rate(Box::new(RateModel::Cube(CubeModel::read(&reader)?))),
            _ => Self::Rate(Box::new(RateModel::Image(ImageModel::read(&reader)?))),
        })
    }

    /// The metadata.
    pub fn meta(&self) -> &Metadata {
        match self {
            Self::Ramp(ramp) => &ramp.meta,
            Self::Rate(rate) => rate.meta(),
        }
    }

    /// The metadata, to be changed.
    pub fn meta_mut(&mut self) -> &mut Metadata {
        match self {
            Self::Ramp(ramp) => &mut ramp.meta,
            Self::Rate(rate) => rate.meta_mut(),
        }
    }

    /// Rows and columns of its images.
    pub fn image_shape(&self) -> (usize, usize) {
        match self {
            Self::Ramp(ramp) => (ramp.data.dim().2, ramp.data.dim().3),
            Self::Rate(rate) => rate.image_shape(),
        }
    }
}

/// A single array with the metadata of an exposure: what a step saves of its inner workings.
#[derive(Debug, Clone)]
pub struct IntermediateModel {
    /// Metadata.
    pub meta: Metadata,
    /// Values, in two to four dimensions.
    pub data: ArrayD<f32>,
}

impl IntermediateModel {
    /// A model of an array; its dimensions decide for which kind of product it stands.
    pub fn new(meta: &Metadata, data: ArrayD<f32>) -> Self {
        let kind = match data.ndim() {
            4 => RampModel::MODEL_TYPE,
            3 => CubeModel::MODEL_TYPE,
            _ => ImageModel::MODEL_TYPE,
        };
        Self {
            meta: meta.derive(kind),
            data,
        }
    }

    /// Writes the model atomically. Ramps and cubes have the arrays that the reference package adds to them, all zero.
    ///
    /// # Errors
    /// As [`Model::save`].
    pub fn save(&self, path: &Path) -> Result<()> {
        let shape = self.data.shape();
        let (quality, samples, error);
        let mut fields = vec![field("data", "SCI", Payload::F32(self.data.view()))];
        match self.data.ndim() {
            4 => {
                quality = ArrayD::<u32>::zeros(&shape[2..]);
                samples = ArrayD::<u8>::zeros(shape);
                fields.push(field("pixeldq", "PIXELDQ", Payload::U32(quality.view())));
                fields.push(field("groupdq", "GROUPDQ", Payload::U8(samples.view())));
            }
            3 => {
                error = ArrayD::<f32>::zeros(shape);
                quality = ArrayD::<u32>::zeros(shape);
                fields.push(field("err", "ERR", Payload::F32(error.view())));
                fields.push(field("dq", "DQ", Payload::U32(quality.view())));
            }
            _ => {}
        }
        super::writing::write_model(path, &self.meta, fields, &[])
    }
}
