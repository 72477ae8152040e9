//! One exposure to be resampled.

use datamodels::ImageModel;
use datamodels::dq::pixel;
use datamodels::library::{Exposure, Variance};
use datamodels::metadata::Metadata;
use gwcs::Wcs;
use ndarray::{Array2, Zip};
use rayon::prelude::*;
use stpipe::StepError;

use super::pixmap::Planes;

/// How pixels are weighted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightKind {
    /// By the inverse of the variance of the read noise.
    InverseVariance,
    /// By the measurement time, or the exposure time where that is not known.
    ExposureTime,
}

/// Bits that take a pixel's weight away.
const BAD: u32 = pixel::DO_NOT_USE | pixel::NON_SCIENCE;

/// An exposure to be resampled: its arrays, metadata and world coordinate system.
#[derive(Debug, Clone)]
pub struct ResampleInput {
    /// Metadata.
    pub meta: Metadata,
    /// World coordinate system.
    pub wcs: Wcs,
    /// The data.
    pub data: Array2<f32>,
    /// Standard deviations.
    pub err: Array2<f32>,
    /// Quality.
    pub dq: Array2<u32>,
    /// Variances of the read noise, of the flat field and of the photon noise; in this order everywhere.
    pub variances: [Option<Array2<f32>>; 3],
    /// Where its pixels lie on the grid, if that is known already.
    pub map: Option<Planes>,
}

/// Index of the read noise among the variances.
pub(super) const READ_NOISE: usize = 0;

impl ResampleInput {
    /// An exposure with its world coordinate system.
    ///
    /// # Errors
    /// There is no world coordinate system, or it cannot be read.
    pub fn new(image: ImageModel) -> Result<Self, StepError> {
        let wcs = image.meta.require_wcs().map_err(StepError::algorithm)?;
        let ImageModel {
            meta,
            data,
            err,
            dq,
            var_poisson,
            var_rnoise,
            var_flat,
            ..
        } = image;
        Ok(Self {
            meta,
            wcs,
            data,
            err,
            dq,
            variances: [Some(var_rnoise), var_flat, Some(var_poisson)],
            map: None,
        })
    }

    /// An exposure of a library.
    ///
    /// # Errors
    /// As [`Self::new`]; also if its arrays cannot be read.
    pub fn read(exposure: &Exposure) -> Result<Self, StepError> {
        let wcs = exposure.meta.require_wcs().map_err(StepError::algorithm)?;
        let variance = |which| exposure.variance(which).map_err(StepError::algorithm);
        Ok(Self {
            wcs,
            data: exposure.data().map_err(StepError::algorithm)?,
            err: exposure.err().map_err(StepError::algorithm)?,
            dq: exposure.dq().map_err(StepError::algorithm)?,
            variances: [
                variance(Variance::ReadNoise)?,
                variance(Variance::Flat)?,
                variance(Variance::Poisson)?,
            ],
            meta: exposure.meta.clone(),
            map: None,
        })
    }

    /// Makes pixels that are NaN in any image, or that must not be used, both in all images.
    pub fn match_invalid(&mut self) {
        let width = self.data.ncols();
        let flags = self.dq.as_slice_mut();
        let images: Vec<&mut [f32]> = [&mut self.data, &mut self.err]
            .into_iter()
            .chain(self.variances.iter_mut().flatten())
            .filter_map(|image| image.as_slice_mut())
            .collect();
        let (Some(flags), false) = (flags, width == 0) else {
            return;
        };
        let mut images: Vec<_> = images
            .into_iter()
            .map(|image| image.chunks_mut(width))
            .collect();
        let rows: Vec<(&mut [u32], Vec<&mut [f32]>)> = flags
            .chunks_mut(width)
            .map(|flags| {
                (
                    flags,
                    images.iter_mut().filter_map(Iterator::next).collect(),
                )
            })
            .collect();
        rows.into_par_iter().for_each(|(flags, mut images)| {
            for image in &images {
                for (flag, value) in flags.iter_mut().zip(image.iter()) {
                    *flag |= u32::from(value.is_nan()) * pixel::DO_NOT_USE;
                }
            }
            for image in &mut images {
                for (flag, value) in flags.iter().zip(image.iter_mut()) {
                    if flag & pixel::DO_NOT_USE != 0 {
                        *value = f32::NAN;
                    }
                }
            }
        });
    }

    /// Time that stands for the exposure in weights [s], and whether it is the measurement time.
    pub(super) fn time(&self) -> (Option<f64>, bool) {
        match self.meta.number("meta.exposure.measurement_time") {
            Some(time) => (Some(time), true),
            None => (self.meta.number("meta.exposure.exposure_time"), false),
        }
    }

    /// The weight of each pixel: 0 for those that must not be used.
    pub(super) fn weights(&self, kind: WeightKind) -> Result<Array2<f32>, StepError> {
        let mut weights = Array2::zeros(self.data.dim());
        match (kind, &self.variances[READ_NOISE]) {
            (WeightKind::InverseVariance, Some(variance)) => {
                Zip::from(&mut weights)
                    .and(variance)
                    .and(&self.dq)
                    .par_for_each(|weight, &variance, &dq| {
                        let inverse = 1.0 / variance;
                        if inverse.is_finite() && dq & BAD == 0 {
                            *weight = inverse;
                        }
                    });
            }
            (WeightKind::InverseVariance, None) => {
                tracing::warn!("'var_rnoise' array not available. Setting drizzle weight map to 1");
                self.spread(&mut weights, 1.0);
            }
            (WeightKind::ExposureTime, _) => {
                let time = self
                    .time()
                    .0
                    .ok_or_else(|| StepError::input("EFFEXPTM", "the exposure time", "nothing"))?;
                self.spread(&mut weights, time as f32);
            }
        }
        Ok(weights)
    }

    /// The same weight for all pixels that may be used.
    fn spread(&self, weights: &mut Array2<f32>, value: f32) {
        Zip::from(weights)
            .and(&self.dq)
            .par_for_each(|weight, &dq| {
                if dq & BAD == 0 {
                    *weight = value;
                }
            });
    }

    /// Takes the background away, unless it has been.
    pub(super) fn subtract_background(&mut self) {
        let subtracted = self.meta.flag("meta.background.subtracted") == Some(true);
        if let (Some(level), false) = (self.meta.number("meta.background.level"), subtracted) {
            let level = level as f32;
            self.data.par_mapv_inplace(|value| value - level);
        }
    }
}
