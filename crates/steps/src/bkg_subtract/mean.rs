//! The mean of the background exposures on the pixels of an exposure, band by band.

use std::ops::Range;

use datamodels::DataModelError;
use datamodels::models::{MeanBackgroundModel, RateModel};
use datamodels::reference::{BackgroundExposure, Overlap};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Array3, ArrayViewMut2, Axis, s};
use stcal::background::{Averager, Clipping};
use stcal::shape::ShapeError;
use stpipe::StepError;

/// Rows of a band: as many as keep memory small, and reads long.
const ROWS: usize = 64;

/// A background exposure and the part of it that the mean takes.
struct Source<'a> {
    exposure: &'a BackgroundExposure,
    overlap: Option<Overlap>,
}

/// Averages background exposures.
pub(super) fn average(
    rate: &RateModel,
    exposures: &[BackgroundExposure],
    clipping: Clipping,
) -> Result<MeanBackgroundModel, StepError> {
    let (rows, columns) = rate.image_shape();
    let is_cube = matches!(rate, RateModel::Cube(_));
    let frame = BackgroundExposure::frame_of(rate.meta(), (rows, columns));
    let frame = frame.map_err(StepError::algorithm)?;
    let mut sources = Vec::with_capacity(exposures.len());
    for exposure in exposures {
        let name = exposure.path().display();
        tracing::info!("Accumulate bkg from {name}");
        if exposure.is_cube() != is_cube {
            let expected = if is_cube { "3" } else { "2" };
            let what =
                format!("expected an SCI image of {expected} dimensions, as the exposure has");
            return Err(StepError::reference("background", name.to_string(), what));
        }
        let overlap = exposure.overlap(frame, (rows, columns));
        let overlap = overlap.map_err(StepError::algorithm)?;
        match &overlap {
            None => tracing::warn!("{name} does not overlap the exposure"),
            Some(overlap) if overlap.is_displaced => tracing::warn!(
                "{name} begins inside the exposure's subarray; it is subtracted from the subarray's first pixel on"
            ),
            Some(_) => {}
        }
        sources.push(Source { exposure, overlap });
    }
    let mut mean = MeanBackgroundModel::new(
        Array2::zeros((rows, columns)),
        Array2::zeros((rows, columns)),
        Array2::zeros((rows, columns)),
    );
    let data = mean
        .data
        .axis_chunks_iter_mut(Axis(0), ROWS)
        .into_par_iter();
    let err = mean.err.axis_chunks_iter_mut(Axis(0), ROWS).into_par_iter();
    let dq = mean.dq.axis_chunks_iter_mut(Axis(0), ROWS).into_par_iter();
    data.zip(err)
        .zip(dq)
        .enumerate()
        .try_for_each(|(band, ((data, err), dq))| {
            let start = band * ROWS;
            let band = Band {
                rows: start..start + data.nrows(),
                columns,
                averager: Averager::new(clipping),
            };
            band.average(&sources, data, err, dq)
        })
        .map_err(StepError::algorithm)?;
    Ok(mean)
}

#[derive(Debug, thiserror::Error)]
enum BandError {
    #[error(transparent)]
    Read(#[from] DataModelError),
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

struct Band {
    /// Rows of the exposure.
    rows: Range<usize>,
    columns: usize,
    averager: Averager,
}

impl Band {
    fn average(
        mut self,
        sources: &[Source<'_>],
        mean: ArrayViewMut2<'_, f32>,
        err: ArrayViewMut2<'_, f32>,
        mut dq: ArrayViewMut2<'_, u32>,
    ) -> Result<(), BandError> {
        let shape = (sources.len(), self.rows.len(), self.columns);
        let mut images = Array3::from_elem(shape, f64::NAN);
        let mut variances = Array3::from_elem(shape, f64::NAN);
        for (i, Source { exposure, overlap }) in sources.iter().enumerate() {
            let Some(overlap) = overlap else { continue };
            let image = images.index_axis_mut(Axis(0), i);
            let variance = variances.index_axis_mut(Axis(0), i);
            self.add(exposure, overlap, image, variance, dq.view_mut())?;
        }
        self.averager
            .average_exposures(images.view(), variances.view(), mean, err)?;
        Ok(())
    }

    /// Reads the part of an exposure that falls into the band, averages its integrations, and adds its quality bits.
    fn add(
        &mut self,
        exposure: &BackgroundExposure,
        overlap: &Overlap,
        mut image: ArrayViewMut2<'_, f64>,
        mut variance: ArrayViewMut2<'_, f64>,
        mut dq: ArrayViewMut2<'_, u32>,
    ) -> Result<(), BandError> {
        let (height, width) = (overlap.rows.len(), overlap.columns.len());
        let end = self.rows.end.min(height);
        let count = end.saturating_sub(self.rows.start);
        let part = s![..count, ..width];
        if count > 0 {
            let first = overlap.rows.start;
            let rows = first + self.rows.start..first + end;
            let columns = overlap.columns.clone();
            let values = exposure.read::<f32>("SCI", rows.clone(), columns.clone())?;
            let errors = exposure.read::<f32>("ERR", rows.clone(), columns.clone())?;
            let squares = errors.map(|errors| errors.mapv_into(|err| err * err));
            let bits = exposure.read::<u32>("DQ", rows, columns)?;
            self.put(exposure, values, image.slice_mut(part))?;
            self.put(exposure, squares, variance.slice_mut(part))?;
            for plane in bits.iter().flat_map(|bits| bits.axis_iter(Axis(0))) {
                dq.slice_mut(part)
                    .zip_mut_with(&plane, |dq, bits| *dq |= bits);
            }
        }
        if exposure.is_cube() {
            // Parity: the mean of no integration is 0, which also is what an exposure of several integrations says of
            // pixels that it does not show.
            for mut array in [image, variance] {
                array.slice_mut(s![count.., ..]).fill(0.0);
                array.slice_mut(s![..count, width..]).fill(0.0);
            }
        }
        Ok(())
    }

    /// Puts planes, or the mean of those of several integrations, in their place. An array that the file does not have
    /// counts as zero.
    fn put(
        &mut self,
        exposure: &BackgroundExposure,
        planes: Option<Array3<f32>>,
        mut out: ArrayViewMut2<'_, f64>,
    ) -> Result<(), BandError> {
        match planes {
            None => out.fill(0.0),
            Some(planes) if exposure.is_cube() => {
                self.averager.average_integrations(planes.view(), out)?;
            }
            Some(planes) => {
                out.zip_mut_with(&planes.index_axis(Axis(0), 0), |out, value| {
                    *out = f64::from(*value);
                });
            }
        }
        Ok(())
    }
}
