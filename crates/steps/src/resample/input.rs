//! One exposure to be resampled.

use datamodels::ImageModel;
use datamodels::dq::pixel;
use datamodels::library::{Exposure, Plane, PlaneRows, Room, Stash, Variance};
use datamodels::metadata::Metadata;
use drizzle::Layer;
use gwcs::Wcs;
use ndarray::{Array2, ArrayView2, Axis, Zip, s};
use rayon::prelude::*;
use stpipe::StepError;

use super::pixmap::Planes;
use crate::bands::{LINES, change_by_rows};

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
pub struct ResampleInput<'a> {
    /// Metadata.
    pub meta: Metadata,
    /// World coordinate system.
    pub wcs: Wcs,
    /// The data.
    pub data: Plane<'a, f32>,
    /// Standard deviations.
    pub err: Plane<'a, f32>,
    /// Quality.
    pub dq: Plane<'a, u32>,
    /// Variances of the read noise, of the flat field and of the photon noise; in this order everywhere.
    pub variances: [Option<Plane<'a, f32>>; 3],
    /// Weights of its pixels, if they are known already.
    pub weights: Option<Array2<f32>>,
    /// Whether the variance of the read noise is the inverse of the weights, and not kept beside them.
    pub(super) noise_in_weights: bool,
    /// Where its pixels lie on the grid, if that is known already.
    pub map: Option<Planes>,
}

/// Index of the read noise among the variances.
pub(super) const READ_NOISE: usize = 0;

impl<'a> ResampleInput<'a> {
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
            data: data.into(),
            err: err.into(),
            dq: dq.into(),
            variances: [
                Some(var_rnoise.into()),
                var_flat.map(Plane::from),
                Some(var_poisson.into()),
            ],
            weights: None,
            noise_in_weights: false,
            map: None,
        })
    }

    /// An exposure of a library. Arrays that are in memory are borrowed.
    ///
    /// # Errors
    /// As [`Self::new`]; also if its arrays cannot be read.
    pub fn read(exposure: &'a Exposure) -> Result<Self, StepError> {
        let open = exposure.open_arrays().map_err(StepError::algorithm)?;
        let variance = |which| open.variance(which).map_err(StepError::algorithm);
        Ok(Self {
            data: open.data().map_err(StepError::algorithm)?,
            err: open.err().map_err(StepError::algorithm)?,
            dq: open.dq().map_err(StepError::algorithm)?,
            variances: [
                variance(Variance::ReadNoise)?,
                variance(Variance::Flat)?,
                variance(Variance::Poisson)?,
            ],
            ..Self::without_arrays(exposure)?
        })
    }

    /// An exposure of a library with the weights of its pixels, which is 0 for those that are NaN in any image or must not
    /// be used, as [`Self::match_invalid`] would have it. Arrays that are in memory are borrowed; of the others, only those
    /// that are needed after that are kept: quality and standard deviations only `with_quality` and `with_errors`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn read_valid(
        exposure: &'a Exposure,
        stash: &'a Stash,
        kind: WeightKind,
        (with_errors, with_quality): (bool, bool),
    ) -> Result<Self, StepError> {
        let open = exposure
            .open_arrays_in(stash)
            .map_err(StepError::algorithm)?;
        let variance = |which| {
            let variance = open.variance_with_hidden(which);
            variance.map_err(StepError::algorithm)
        };
        let mut input = Self::without_arrays(exposure)?;
        input.variances[READ_NOISE] = variance(Variance::ReadNoise)?;
        let dq = open.dq_rows().map_err(StepError::algorithm)?;
        let bad = BAD | exposure.hidden_bits();
        let room = stash.image(exposure.shape());
        let mut weights = input.weights_unless(kind, bad, &dq, room)?;
        if with_quality {
            input.dq = open.dq().map_err(StepError::algorithm)?;
        }
        if kind == WeightKind::InverseVariance {
            // One plane less in memory; in the last bit, an inverse of the inverse may differ from the variance.
            if let Some(noise) = input.variances[READ_NOISE].take() {
                stash.put_by_image(noise);
                input.noise_in_weights = true;
            }
        } else if let Some(noise) = &input.variances[READ_NOISE] {
            leave_out_nan(&mut weights, &noise.view());
        }
        let err = open.err_rows().map_err(StepError::algorithm)?;
        change_by_rows(&mut weights, &err, leave_out)?;
        if with_errors {
            input.err = open.err_with_hidden().map_err(StepError::algorithm)?;
        }
        input.data = open.data_with_hidden().map_err(StepError::algorithm)?;
        leave_out_nan(&mut weights, &input.data.view());
        for (place, which) in [(1, Variance::Flat), (2, Variance::Poisson)] {
            input.variances[place] = variance(which)?;
            if let Some(variance) = &input.variances[place] {
                leave_out_nan(&mut weights, &variance.view());
            }
        }
        input.weights = Some(weights);
        Ok(input)
    }

    /// Puts the memory of its images by.
    pub(crate) fn put_by(self, stash: &Stash) {
        let images = self.variances.into_iter().flatten();
        let weights = self.weights.map(Plane::from);
        for image in images.chain([self.data, self.err]).chain(weights) {
            if !image.is_empty() {
                stash.put_by_image(image);
            }
        }
    }

    /// What is known of an exposure without its arrays, which are empty.
    pub(crate) fn without_arrays(exposure: &Exposure) -> Result<Self, StepError> {
        Ok(Self {
            wcs: exposure.meta.require_wcs().map_err(StepError::algorithm)?,
            data: Array2::zeros((0, 0)).into(),
            err: Array2::zeros((0, 0)).into(),
            dq: Array2::zeros((0, 0)).into(),
            variances: [None, None, None],
            meta: exposure.meta.clone(),
            weights: None,
            noise_in_weights: false,
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

    /// The standard deviations of its pixels, in the order of the variances.
    pub(super) fn deviations(&self) -> [Option<Layer<'_>>; 3] {
        let variances = self.variances.each_ref();
        let mut deviations = variances.map(|image| Some(Layer::Roots(image.as_ref()?.view())));
        if self.noise_in_weights {
            let weights = self.weights.as_ref();
            deviations[READ_NOISE] = weights.map(|image| Layer::InverseRoots(image.view()));
        }
        deviations
    }

    /// The weight of each pixel: 0 for those that must not be used.
    pub(super) fn weights(&self, kind: WeightKind) -> Result<Array2<f32>, StepError> {
        let room = Array2::zeros(self.dq.dim());
        self.weights_unless(kind, BAD, &PlaneRows::of(&self.dq.view()), room)
    }

    /// The weight of each pixel, 0 for those that have any of some bits in their quality; in an array of their shape.
    pub(crate) fn weights_unless(
        &self,
        kind: WeightKind,
        bad: u32,
        dq: &PlaneRows<'_, u32>,
        mut weights: Array2<f32>,
    ) -> Result<Array2<f32>, StepError> {
        let same_for_all = self.weight_of_all(kind)?;
        let noise = self.variances[READ_NOISE].as_ref();
        let bands = weights.axis_chunks_iter_mut(Axis(0), LINES).into_par_iter();
        bands
            .enumerate()
            .try_for_each_init(Room::default, |room, (number, mut weights)| {
                let first = number * LINES;
                let rows = first..first + weights.nrows();
                let dq = dq.read(rows.clone(), room).map_err(StepError::algorithm)?;
                let dq = ArrayView2::from_shape(weights.dim(), dq).map_err(StepError::algorithm)?;
                match (same_for_all, noise) {
                    (None, Some(noise)) => {
                        let noise = noise.slice(s![rows, ..]);
                        let pixels = Zip::from(&mut weights).and(noise).and(dq);
                        pixels.for_each(|weight, variance, dq| {
                            let inverse = 1.0 / variance;
                            let is_used = inverse.is_finite() && dq & bad == 0;
                            *weight = if is_used { inverse } else { 0.0 };
                        });
                    }
                    (same, _) => {
                        let same = same.unwrap_or(1.0);
                        Zip::from(&mut weights).and(dq).for_each(|weight, dq| {
                            *weight = if dq & bad == 0 { same } else { 0.0 };
                        });
                    }
                }
                Ok::<_, StepError>(())
            })?;
        Ok(weights)
    }

    /// The weight that all pixels have; `None` if it is the inverse of their variance.
    fn weight_of_all(&self, kind: WeightKind) -> Result<Option<f32>, StepError> {
        match (kind, &self.variances[READ_NOISE]) {
            (WeightKind::InverseVariance, Some(_)) => Ok(None),
            (WeightKind::InverseVariance, None) => {
                tracing::warn!("'var_rnoise' array not available. Setting drizzle weight map to 1");
                Ok(Some(1.0))
            }
            (WeightKind::ExposureTime, _) => {
                let time = self.time().0.map(|time| time as f32);
                let time = time
                    .ok_or_else(|| StepError::input("EFFEXPTM", "the exposure time", "nothing"));
                time.map(Some)
            }
        }
    }

    /// What is to be taken away from the data: the background, unless it has been.
    pub(super) fn background(&self) -> f32 {
        let subtracted = self.meta.flag("meta.background.subtracted") == Some(true);
        match (self.meta.number("meta.background.level"), subtracted) {
            (Some(level), false) => level as f32,
            _ => 0.0,
        }
    }
}

/// Takes the weight from pixels that are NaN in an image.
fn leave_out_nan(weights: &mut Array2<f32>, image: &ArrayView2<'_, f32>) {
    Zip::from(weights)
        .and(image)
        .par_for_each(|weight, value| leave_out(weight, *value));
}

fn leave_out(weight: &mut f32, value: f32) {
    *weight = if value.is_nan() { 0.0 } else { *weight };
}
