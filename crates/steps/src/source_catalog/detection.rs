//! Finding sources by any of the finders, for catalogues and for the alignment of images.

use std::sync::Mutex;

use datamodels::library::Stash;
use ndarray::{Array2, ArrayView2, Axis, Zip};
use rayon::prelude::*;
use stcal::source_finding::background::{BackgroundError, BoxStatistics, Boxes, MeshBackground};
use stcal::source_finding::{
    Border, Connectivity, Convolution, DaoStar, Deblending, IrafStar, Segmentation, Spacing,
    StarKernel, StarSearch, find_dao_stars, find_iraf_stars, gaussian_kernel, sigma_from_fwhm,
};
use stcal::source_photometry::{SegmentImages, SegmentProperties, background_around};
use stpipe::StepError;

use super::photometry::for_rows;
use super::{Finder, Levels, Neighbours, SourceCatalogParams};

/// An image in which sources are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a> {
    /// Values.
    pub data: ArrayView2<'a, f32>,
    /// Standard deviations.
    pub err: ArrayView2<'a, f32>,
    /// Pixels that are not to be used.
    pub mask: ArrayView2<'a, bool>,
}

/// What looks for sources, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct FinderSettings {
    /// The finder.
    pub finder: StarFinder,
    /// Threshold above the background [standard deviations].
    pub threshold: f64,
    /// Side of a box of the background's mesh [pixel]; 0 for the whole image.
    pub box_size: usize,
    /// Full width at half maximum of the kernel [pixel].
    pub kernel_fwhm: f64,
}

/// A finder and its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum StarFinder {
    /// Fits of marginal sums.
    Dao(PeakSettings),
    /// Moments of peaks.
    Iraf(PeakSettings),
    /// Connected pixels.
    Segmentation(SegmentSettings),
}

/// Which peaks are stars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeakSettings {
    /// Radius at which the kernel is cut off [standard deviations].
    pub sigma_radius: f64,
    /// Least distance of two stars [pixel].
    pub min_separation: f64,
    /// Range of sharpness.
    pub sharpness: (f64, f64),
    /// Range of roundness.
    pub roundness: (f64, f64),
    /// How many stars are kept, the brightest.
    pub brightest: usize,
    /// Stars with brighter pixels are left out.
    pub peak_max: Option<f64>,
}

/// Which connected pixels are sources.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SegmentSettings {
    /// Least number of pixels.
    pub pixels: usize,
    /// Which neighbours are connected.
    pub connectivity: Connectivity,
    /// How sources are taken apart, if they are.
    pub deblending: Option<Deblending>,
    /// Width of the ring in which the background of a source is measured [pixel].
    pub background_width: usize,
}

impl TryFrom<&SourceCatalogParams> for FinderSettings {
    type Error = StepError;

    fn try_from(params: &SourceCatalogParams) -> Result<Self, StepError> {
        let positive = |name: &'static str, value: i64| match usize::try_from(value) {
            Ok(value) if value > 0 => Ok(value),
            _ => Err(StepError::input(
                name,
                "a positive number",
                value.to_string(),
            )),
        };
        if params.kernel_fwhm <= 0.0 && params.starfinder != Finder::Segmentation {
            let found = params.kernel_fwhm.to_string();
            return Err(StepError::input("kernel_fwhm", "a positive number", found));
        }
        let finder = match params.starfinder {
            Finder::Segmentation => {
                check_kron(params)?;
                StarFinder::Segmentation(segment_settings(params, positive)?)
            }
            peaks => {
                let settings = PeakSettings {
                    sigma_radius: params.sigma_radius,
                    min_separation: (params.minsep_fwhm * params.kernel_fwhm + 0.5)
                        .trunc()
                        .max(2.0),
                    sharpness: (params.sharplo, params.sharphi),
                    roundness: (params.roundlo, params.roundhi),
                    brightest: positive("brightest", params.brightest)?,
                    peak_max: params.peakmax,
                };
                if peaks == Finder::Dao {
                    StarFinder::Dao(settings)
                } else {
                    StarFinder::Iraf(settings)
                }
            }
        };
        Ok(Self {
            finder,
            threshold: params.snr_threshold,
            box_size: usize::try_from(params.bkg_boxsize).unwrap_or(0),
            kernel_fwhm: params.kernel_fwhm,
        })
    }
}

/// Scale and least radii must be possible, though nothing is measured with them.
fn check_kron(params: &SourceCatalogParams) -> Result<(), StepError> {
    let Some(kron) = &params.kron_params else {
        return Ok(());
    };
    let is_possible = kron[0] > 0.0 && kron[1] > 0.0 && kron.get(2).is_none_or(|r| *r >= 0.0);
    if is_possible {
        return Ok(());
    }
    let expected = "two positive numbers and one that is not negative";
    Err(StepError::input(
        "kron_params",
        expected,
        format!("{kron:?}"),
    ))
}

fn segment_settings(
    params: &SourceCatalogParams,
    positive: impl Fn(&'static str, i64) -> Result<usize, StepError>,
) -> Result<SegmentSettings, StepError> {
    let pixels = positive("npixels", params.npixels)?;
    let width = usize::try_from(params.localbkg_width).map_err(|_| {
        let found = params.localbkg_width.to_string();
        StepError::input("localbkg_width", "a number that is not negative", found)
    })?;
    if !(0.0..=1.0).contains(&params.contrast) {
        let found = params.contrast.to_string();
        return Err(StepError::input("contrast", "a number from 0 to 1", found));
    }
    let connectivity = match params.connectivity {
        Neighbours::Four => Connectivity::Four,
        Neighbours::Eight => Connectivity::Eight,
    };
    let deblending = Deblending {
        least_pixels: pixels,
        levels: positive("nlevels", params.nlevels)?,
        contrast: params.contrast,
        spacing: match params.multithresh_mode {
            Levels::Exponential => Spacing::Exponential,
            Levels::Linear => Spacing::Linear,
            Levels::Sinh => Spacing::Sinh,
        },
        connectivity,
    };
    let deblends = params.deblend && params.contrast < 1.0;
    Ok(SegmentSettings {
        pixels,
        connectivity,
        deblending: deblends.then_some(deblending),
        background_width: width,
    })
}

/// Sources that were found.
#[derive(Debug, Clone)]
pub struct Sources {
    /// What is known of them, by the finder.
    pub kind: SourceList,
    /// Label of the source of each pixel, if sources are segments.
    pub labels: Option<Array2<i32>>,
}

/// Sources by finder.
#[derive(Debug, Clone)]
pub enum SourceList {
    /// Fits of marginal sums.
    Dao(Vec<DaoStar>),
    /// Moments of peaks.
    Iraf(Vec<IrafStar>),
    /// Connected pixels, by label.
    Segments(Vec<SourceSegment>),
}

/// A segment that was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SourceSegment {
    /// Flux, centroid, shape.
    pub properties: SegmentProperties,
    /// Edges of its box, as far as the catalogue gives them: low x, low y, high x, high y [pixel].
    pub corners: [f64; 4],
}

impl Sources {
    /// Positions `(x, y)`.
    #[must_use]
    pub fn positions(&self) -> Vec<(f64, f64)> {
        match &self.kind {
            SourceList::Dao(stars) => stars.iter().map(|star| (star.x, star.y)).collect(),
            SourceList::Iraf(stars) => stars.iter().map(|star| (star.x, star.y)).collect(),
            SourceList::Segments(segments) => segments
                .iter()
                .map(|segment| (segment.properties.x, segment.properties.y))
                .collect(),
        }
    }

    /// Fluxes.
    #[must_use]
    pub fn fluxes(&self) -> Vec<f64> {
        match &self.kind {
            SourceList::Dao(stars) => stars.iter().map(|star| star.flux).collect(),
            SourceList::Iraf(stars) => stars.iter().map(|star| star.flux).collect(),
            SourceList::Segments(segments) => segments
                .iter()
                .map(|segment| segment.properties.flux)
                .collect(),
        }
    }
}

/// The background of an image, its boxes spread over threads.
///
/// # Errors
/// [`BackgroundError`] if no pixel can be used.
pub fn make_background(
    pixels: &Pixels<'_>,
    box_size: usize,
) -> Result<MeshBackground, BackgroundError> {
    let measure = |boxes: &Boxes| -> Vec<BoxStatistics> {
        // Several boxes at once, but not so many that a thread is left without.
        let together = (boxes.len() / (2 * rayon::current_num_threads())).clamp(1, 4);
        let starts = (0..boxes.len()).into_par_iter().step_by(together);
        let statistics = |start: usize| {
            let boxes_of_task = start..(start + together).min(boxes.len());
            boxes.statistics(pixels.data, pixels.mask, boxes_of_task)
        };
        starts.flat_map_iter(statistics).collect()
    };
    let background = MeshBackground::estimate_by(pixels.data, pixels.mask, box_size, measure)?;
    if background.is_of_whole_image {
        let (rows, columns) = pixels.data.dim();
        tracing::info!(
            "Background could not be estimated in meshes. Using the entire unmasked array for background estimation: bkg_boxsize=({rows}, {columns})."
        );
    }
    Ok(background)
}

/// Looks for sources; none, with a warning, if there are none. Images on the way are in memory that was put by.
///
/// # Errors
/// The settings cannot be used.
pub fn find_sources(
    pixels: &Pixels<'_>,
    settings: &FinderSettings,
    stash: &Stash,
) -> Result<Option<Sources>, StepError> {
    let background = match make_background(pixels, settings.box_size) {
        Ok(background) => background,
        Err(error) => {
            tracing::warn!("Error determining sky background: {error}");
            return Ok(None);
        }
    };
    let mut data = stash.image(pixels.data.dim());
    for_rows(data.view_mut(), |first, mut rows| {
        background.level.write_rows(first, rows.view_mut());
        let window = first..first + rows.nrows();
        let original = pixels.data.slice(ndarray::s![window.clone(), ..]);
        let mask = pixels.mask.slice(ndarray::s![window, ..]);
        Zip::from(&mut rows)
            .and(original)
            .and(mask)
            .for_each(|level, value, masked| {
                *level = if *masked { *value } else { value - *level };
            });
    });
    let sources = match &settings.finder {
        StarFinder::Segmentation(segments) => {
            let room = stash.image(data.dim());
            let (convolved, above) =
                convolved_and_above(pixels, (&data, room), &background, settings);
            let found = find_segments(pixels, (&data, &convolved), above, segments);
            stash.put_by_image(convolved.into());
            found
        }
        StarFinder::Dao(peaks) | StarFinder::Iraf(peaks) => {
            let kernel = StarKernel::new(settings.kernel_fwhm, peaks.sigma_radius);
            let kernel = kernel.map_err(StepError::algorithm)?;
            let search = StarSearch {
                data: data.view(),
                mask: pixels.mask,
                threshold: background.median_threshold(settings.threshold, pixels.mask),
                min_separation: peaks.min_separation,
                sharpness: peaks.sharpness,
                roundness: peaks.roundness,
                brightest: Some(peaks.brightest),
                peak_max: peaks.peak_max,
            };
            let kind = if matches!(settings.finder, StarFinder::Dao(_)) {
                SourceList::Dao(find_dao_stars(&search, &kernel))
            } else {
                SourceList::Iraf(find_iraf_stars(&search, &kernel))
            };
            Some(Sources { kind, labels: None })
        }
    };
    stash.put_by_image(data.into());
    let sources = sources.filter(|sources| !sources.positions().is_empty());
    if sources.is_none() {
        tracing::warn!("No sources found in the image.");
    }
    Ok(sources)
}

/// The image smoothed by the kernel, in an array that is there already, and where it is above the threshold.
fn convolved_and_above(
    pixels: &Pixels<'_>,
    (data, mut convolved): (&Array2<f32>, Array2<f32>),
    background: &MeshBackground,
    settings: &FinderSettings,
) -> (Array2<f32>, Array2<bool>) {
    if settings.kernel_fwhm > 0.0 {
        let kernel = gaussian_kernel(sigma_from_fwhm(settings.kernel_fwhm), None);
        let convolution = Convolution::new(kernel.view(), Border::Interpolate);
        for_rows(convolved.view_mut(), |first, rows| {
            convolution.write_rows(data.view(), Some(pixels.mask), first, rows);
        });
    } else {
        convolved.assign(data);
    }
    let above = above_threshold(pixels, &convolved, background, settings.threshold as f32);
    (convolved, above)
}

fn find_segments(
    pixels: &Pixels<'_>,
    (data, convolved): (&Array2<f32>, &Array2<f32>),
    above: Array2<bool>,
    segments: &SegmentSettings,
) -> Option<Sources> {
    let mut segmentation =
        Segmentation::detect(above.view(), segments.pixels, segments.connectivity)?;
    drop(above);
    if let Some(deblending) = &segments.deblending {
        let parts: Vec<_> = (0..segmentation.segments().len())
            .into_par_iter()
            .filter_map(|index| {
                Some((
                    index,
                    segmentation.parts(convolved.view(), index, deblending)?,
                ))
            })
            .collect();
        segmentation.replace(&parts);
    }
    let images = SegmentImages {
        data: data.view(),
        convolved: convolved.view(),
        err: pixels.err,
        mask: pixels.mask,
    };
    let width = segments.background_width;
    let measure = |index: usize| {
        let local = match width {
            0 => 0.0,
            width => background_around(images.data, images.mask, &segmentation, index, width),
        };
        let segment = &segmentation.segments()[index];
        let edge = |at: usize| at as f64;
        SourceSegment {
            properties: images.measure(&segmentation, index, local),
            // Parity: photutils 3.0.0 `segmentation/catalog.py::SourceCatalog._bbox_corner_ur` puts the upper corners one
            // pixel too far.
            corners: [
                edge(segment.columns.start) - 0.5,
                edge(segment.rows.start) - 0.5,
                edge(segment.columns.end) + 0.5,
                edge(segment.rows.end) + 0.5,
            ],
        }
    };
    let count = segmentation.segments().len();
    let list = (0..count).into_par_iter().map(measure).collect();
    Some(Sources {
        kind: SourceList::Segments(list),
        labels: Some(segmentation.into_labels()),
    })
}

/// Pixels above the threshold.
fn above_threshold(
    pixels: &Pixels<'_>,
    convolved: &Array2<f32>,
    background: &MeshBackground,
    threshold: f32,
) -> Array2<bool> {
    let mut above = Array2::from_elem(convolved.dim(), false);
    let noise = Mutex::new(Vec::new());
    for_rows(above.view_mut(), |first, mut rows| {
        // Buffers for the noise are handed from band to band.
        let reused = noise
            .lock()
            .ok()
            .and_then(|mut buffers: std::sync::MutexGuard<'_, Vec<Array2<f32>>>| buffers.pop());
        let mut levels = reused
            .filter(|buffer| buffer.dim() == rows.dim())
            .unwrap_or_else(|| Array2::zeros(rows.dim()));
        background.noise.write_rows(first, levels.view_mut());
        for (offset, mut above) in rows.axis_iter_mut(Axis(0)).enumerate() {
            let row = first + offset;
            Zip::from(&mut above)
                .and(convolved.row(row))
                .and(levels.row(offset))
                .and(pixels.mask.row(row))
                .for_each(|above, value, noise, masked| {
                    *above = !masked && *value > threshold * noise;
                });
        }
        if let Ok(mut buffers) = noise.lock() {
            buffers.push(levels);
        }
    });
    above
}
