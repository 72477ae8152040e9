//! Running sums over exposures.

use datamodels::library::Library;
use datamodels::metadata::{Blender, Metadata};
use datamodels::models::ResampledModel;
use drizzle::{DrizzleError, Exposure, Hits, Kernel, Mosaic, PixelMap, Plan, Section};
use ndarray::{Array2, Array3, Axis, Zip};
use rayon::prelude::*;
use stpipe::StepError;

use super::grid::OutputGrid;
use super::input::{ResampleInput, WeightKind};
use super::metadata::{self, Times};
use super::pixmap::{MapOptions, PixelMapper, Planes};
use super::variances::{Variances, Weighting};

/// Output rows that one task works on: few enough that all threads have work until the end, and many, since pixels at the
/// border of two bands are worked out twice. No result depends on it.
fn rows_of_band(rows: usize) -> usize {
    /// So that no thread waits long for the last band of another.
    const BANDS_OF_THREAD: usize = 16;
    let bands = BANDS_OF_THREAD * rayon::current_num_threads();
    rows.div_ceil(bands).clamp(32, 64)
}

/// Where the errors of the output come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// There are none.
    None,
    /// From the resampled variances.
    FromVariances,
    /// The errors of the inputs, averaged like the data.
    Drizzled,
}

/// How exposures are combined.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Shape of the kernel.
    pub kernel: Kernel,
    /// Its name.
    pub kernel_name: String,
    /// Side of the shrunken pixel in units of the pixel.
    pub pixfrac: f64,
    /// Value of empty pixels.
    pub fill: f32,
    /// The same as the user gave it.
    pub fill_text: String,
    /// Weights.
    pub weight: WeightKind,
    /// Errors.
    pub errors: ErrorKind,
    /// Whether to make the context.
    pub with_context: bool,
    /// Whether the output holds the variances.
    pub report_variances: bool,
    /// Whether to gather quality bits.
    pub propagate_dq: bool,
    /// How pixels are mapped.
    pub map: MapOptions,
}

/// The combination of exposures, given one at a time.
#[derive(Debug)]
pub struct Resampler {
    grid: OutputGrid,
    settings: Settings,
    mosaic: Mosaic,
    /// Rows of a band.
    band: usize,
    variances: Option<Variances>,
    times: Times,
    /// Metadata of the first exposure.
    first: Option<Metadata>,
    blender: Option<Blender>,
}

impl Resampler {
    /// An empty combination.
    pub fn new(grid: OutputGrid, settings: Settings) -> Self {
        let mut mosaic = Mosaic::new(grid.shape);
        if !settings.with_context {
            mosaic = mosaic.without_context();
        }
        if settings.propagate_dq {
            mosaic = mosaic.with_dq();
        }
        if settings.errors == ErrorKind::Drizzled {
            mosaic = mosaic.with_along(1);
        }
        Self {
            band: rows_of_band(grid.shape.0),
            grid,
            settings,
            mosaic,
            variances: None,
            times: Times::default(),
            first: None,
            blender: None,
        }
    }

    /// The same in the memory of an image of this shape that is not needed any more: pages that have been written to are had
    /// for less. Arrays of another shape are left alone.
    #[must_use]
    pub fn within(mut self, values: Array2<f32>, weights: Array2<f32>) -> Self {
        if [values.dim(), weights.dim()] == [self.grid.shape; 2] {
            self.mosaic = self.mosaic.within(values, weights);
        }
        self
    }

    /// Also blends the metadata of the exposures, and gathers them in a table.
    #[must_use]
    pub fn with_blended_metadata(mut self) -> Self {
        self.blender = Some(Blender::default());
        self
    }

    /// Adds an exposure.
    ///
    /// # Errors
    /// It has no world coordinate system of an image, or keywords or arrays that are needed are missing.
    pub fn add(&mut self, mut input: ResampleInput<'_>) -> Result<(), StepError> {
        let planes = match input.map.take() {
            Some(planes) => planes,
            None => PixelMapper::new(&input.wcs, &self.grid.wcs, input.data.dim())?
                .map(&self.settings.map)?,
        };
        self.add_mapped(&mut input, &planes)
    }

    /// Adds an exposure whose pixels lie where `planes` says. Afterwards it has weights, and quality only if that is
    /// gathered.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn add_mapped(
        &mut self,
        input: &mut ResampleInput<'_>,
        planes: &Planes,
    ) -> Result<(), StepError> {
        if self.grid.scale_ratio.is_none() {
            self.grid.scale_ratio = metadata::scale_ratio(input, self.grid.scale_arcsec)?;
        }
        self.times.add(input);
        if let Some(blender) = &mut self.blender {
            blender.add(&input.meta);
        }
        if self.first.is_none() {
            self.first = Some(input.meta.clone());
        }
        let pixmap =
            PixelMap::new(planes.x.view(), planes.y.view()).map_err(StepError::algorithm)?;
        if input.weights.is_none() {
            input.weights = Some(input.weights(self.settings.weight)?);
        }
        if !self.settings.propagate_dq {
            input.dq = Array2::zeros((0, 0)).into();
        }
        let plan = Plan::new(&pixmap, self.grid.shape, &self.drizzle_settings(input))
            .map_err(StepError::algorithm)?;
        let mut exposure = Exposure::new(input.data.view());
        exposure.weight = input.weights.as_ref().map(|weights| weights.view());
        exposure.background = input.background();
        if self.settings.propagate_dq {
            exposure = exposure.with_dq(input.dq.view());
        }
        if self.settings.errors == ErrorKind::Drizzled {
            exposure.along.push(input.err.view().into());
        }
        if self.settings.errors == ErrorKind::FromVariances {
            let weighting = Weighting::of(input, self.settings.weight)?;
            let variances =
                (self.variances).get_or_insert_with(|| Variances::new(self.grid.shape, self.band));
            let deviations = input.deviations();
            variances.drizzle(&plan, exposure, deviations, weighting, &mut self.mosaic)
        } else {
            drizzle(&plan, self.mosaic.next_bands(self.band), |band| {
                plan.drizzle(&exposure, band)
            })
        }
    }

    /// Reads an exposure of a library for [`Self::add`]: pixels that are NaN in any image, or must not be used, have no
    /// weight.
    ///
    /// # Errors
    /// As [`ResampleInput::read`].
    pub fn read<'a>(
        &self,
        library: &'a Library,
        member: usize,
    ) -> Result<ResampleInput<'a>, StepError> {
        let needs_errors = self.settings.errors == ErrorKind::Drizzled;
        let kept = (needs_errors, self.settings.propagate_dq);
        let exposure = &library.exposures()[member];
        ResampleInput::read_valid(exposure, library.stash(), self.settings.weight, kept)
    }

    fn drizzle_settings(&self, input: &ResampleInput<'_>) -> drizzle::Settings {
        drizzle::Settings {
            kernel: self.settings.kernel,
            pixfrac: self.settings.pixfrac,
            pixel_scale_ratio: self.grid.scale_ratio.map(|ratio| ratio as f32),
            section: section(input),
            ..drizzle::Settings::default()
        }
    }

    /// As [`Mosaic::fill`], by all threads.
    fn fill(&mut self) {
        let (fill, weight) = (self.settings.fill, &self.mosaic.weight);
        for image in std::iter::once(&mut self.mosaic.mean).chain(&mut self.mosaic.along) {
            Zip::from(image).and(weight).par_for_each(|mean, &weight| {
                *mean = if weight == 0.0 { fill } else { *mean };
            });
        }
    }

    /// Where the output lies.
    pub fn grid(&self) -> &OutputGrid {
        &self.grid
    }

    /// The combination of all exposures so far, with metadata from those of the first and the footprints (`S_REGION`)
    /// of all.
    ///
    /// # Errors
    /// There is no exposure, or the world coordinate system cannot be stored.
    pub fn finish(mut self, regions: &[String]) -> Result<ResampledModel, StepError> {
        self.fill();
        let first = self.first.take();
        let mut meta = first.ok_or_else(|| StepError::input("inputs", "one or more", 0))?;
        let hdrtab = self
            .blender
            .take()
            .and_then(|blender| blender.finish(&mut meta));
        let meta = metadata::output(&self.grid, &self.settings, &self.times, &meta, regions)?;
        let scale = self.grid.scale_ratio.unwrap_or(1.0);
        let variances = self.variances.take().map(|sums| sums.finish(scale));
        let (variances, room) = variances.unzip();
        let err = match (&variances, self.settings.errors) {
            (Some(variances), ErrorKind::FromVariances) => {
                room.map(|room| total_error(variances, room))
            }
            (_, ErrorKind::Drizzled) => self.mosaic.along.pop().map(|mut err| {
                err.par_mapv_inplace(|err| err / scale as f32);
                err
            }),
            _ => None,
        };
        let [rnoise, flat, poisson] = match variances {
            Some(variances) if self.settings.report_variances => variances.map(Some),
            _ => [None, None, None],
        };
        Ok(ResampledModel {
            meta,
            data: self.mosaic.mean,
            err,
            dq: self.mosaic.dq,
            con: stacked(self.mosaic.context),
            wht: self.mosaic.weight,
            var_poisson: poisson,
            var_rnoise: rnoise,
            var_flat: flat,
            hdrtab,
            extra: Vec::new(),
        })
    }
}

/// Square root of the sum of the variances that are known, NaN where none is; in an array of their shape.
fn total_error([rnoise, flat, poisson]: &[Array2<f32>; 3], mut err: Array2<f32>) -> Array2<f32> {
    Zip::from(&mut err)
        .and(rnoise)
        .and(flat)
        .and(poisson)
        .par_for_each(|err, &rnoise, &flat, &poisson| {
            let parts = [rnoise, flat, poisson];
            *err = if parts.iter().all(|part| part.is_nan()) {
                f32::NAN
            } else {
                let known = parts.map(|part| if part.is_nan() { 0.0 } else { part });
                (known[0] + known[1] + known[2]).sqrt()
            };
        });
    err
}

/// Works on bands in parallel, and tells what missed the output.
pub(super) fn drizzle<B: Send>(
    plan: &Plan<'_>,
    bands: Vec<B>,
    work: impl Fn(&mut B) -> Result<Hits, DrizzleError> + Sync,
) -> Result<(), StepError> {
    let hits = bands
        .into_par_iter()
        .map(|mut band| work(&mut band))
        .collect::<Result<Vec<_>, _>>()
        .map_err(StepError::algorithm)?;
    let tally = plan.total(hits);
    tracing::debug!(
        "{} pixels and {} lines do not fall on the output",
        tally.missed,
        tally.skipped
    );
    Ok(())
}

/// The pixels in the bounding box.
fn section(input: &ResampleInput<'_>) -> Option<Section> {
    let (rows, columns) = input.data.dim();
    let intervals = &input.wcs.bounding_box()?.intervals;
    let [Some(x), Some(y)] = intervals.as_slice() else {
        return None;
    };
    let limits = |low: f64, high: f64, size: usize| {
        let first = ((low + 0.5) as i64).max(0) as usize;
        let last = (size as i64 - 1).min((high + 0.5) as i64).max(0) as usize;
        (first, last.max(first))
    };
    let (xmin, xmax) = limits(x.low, x.high, columns);
    let (ymin, ymax) = limits(y.low, y.high, rows);
    Some(Section {
        xmin,
        xmax,
        ymin,
        ymax,
    })
}

/// Planes of the context as one array; without a copy if there is only one.
fn stacked(mut planes: Vec<Array2<i32>>) -> Option<Array3<i32>> {
    if planes.len() == 1 {
        return planes.pop().map(|plane| plane.insert_axis(Axis(0)));
    }
    let views: Vec<_> = planes.iter().map(|image| image.view()).collect();
    ndarray::stack(Axis(0), &views).ok()
}
