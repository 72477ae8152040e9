//! A count-rate product of either kind.

use std::path::Path;

use ndarray::{Array2, Array3, ArrayViewMut3, Axis};

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

    /// Rows and columns of its images.
    pub fn image_shape(&self) -> (usize, usize) {
        match self {
            Self::Image(image) => image.data.dim(),
            Self::Cube(cube) => (cube.data.dim().1, cube.data.dim().2),
        }
    }

    /// Makes the variance that the flat field brings in zero everywhere.
    pub fn reset_var_flat(&mut self) {
        match self {
            Self::Image(model) => model.var_flat = Some(Array2::zeros(model.data.raw_dim())),
            Self::Cube(model) => model.var_flat = Some(Array3::zeros(model.data.raw_dim())),
        }
    }

    /// Sets the area of each pixel.
    pub fn set_area(&mut self, area: Array2<f32>) {
        match self {
            Self::Image(model) => model.area = Some(area),
            Self::Cube(model) => model.area = Some(area),
        }
    }

    /// The pixel arrays, to be changed; an image is one integration.
    pub fn planes_mut(&mut self) -> RatePlanesMut<'_> {
        match self {
            Self::Image(model) => RatePlanesMut {
                data: model.data.view_mut().insert_axis(Axis(0)),
                err: model.err.view_mut().insert_axis(Axis(0)),
                dq: model.dq.view_mut().insert_axis(Axis(0)),
                var_poisson: model.var_poisson.view_mut().insert_axis(Axis(0)),
                var_rnoise: model.var_rnoise.view_mut().insert_axis(Axis(0)),
                var_flat: model
                    .var_flat
                    .as_mut()
                    .map(|variance| variance.view_mut().insert_axis(Axis(0))),
            },
            Self::Cube(model) => RatePlanesMut {
                data: model.data.view_mut(),
                err: model.err.view_mut(),
                dq: model.dq.view_mut(),
                var_poisson: model.var_poisson.view_mut(),
                var_rnoise: model.var_rnoise.view_mut(),
                var_flat: model.var_flat.as_mut().map(|variance| variance.view_mut()),
            },
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

/// The pixel arrays of count rates, `(integration, row, column)`.
#[derive(Debug)]
pub struct RatePlanesMut<'a> {
    /// Values.
    pub data: ArrayViewMut3<'a, f32>,
    /// Standard deviation.
    pub err: ArrayViewMut3<'a, f32>,
    /// Quality.
    pub dq: ArrayViewMut3<'a, u32>,
    /// Variance of the photon noise.
    pub var_poisson: ArrayViewMut3<'a, f32>,
    /// Variance of the read noise.
    pub var_rnoise: ArrayViewMut3<'a, f32>,
    /// Variance that the flat field brought in.
    pub var_flat: Option<ArrayViewMut3<'a, f32>>,
}
