//! One exposure on the sky.

use datamodels::library::{Exposure, Stash};
use gwcs::Program;
use ndarray::Array2;
use stcal::skymatch::{Level, SkyStatistics, Spans, border};
use stcal::spherical_polygon::SphericalPolygon;
use stpipe::StepError;

use crate::bands::change_by_rows;

/// What is known of an exposure while levels are matched; its pixels stay where they are.
#[derive(Debug)]
pub(super) struct SkyImage {
    outline: SphericalPolygon,
    to_pixel: Program,
    shape: (usize, usize),
    /// Its level so far [BUNIT].
    pub(super) level: f64,
    /// Whether that could be measured.
    pub(super) is_valid: bool,
    /// What is subtracted from its pixels, one after the other [BUNIT].
    pub(super) subtracted: Vec<f64>,
}

impl SkyImage {
    /// An exposure whose border has vertices at most `border_step` pixels apart.
    ///
    /// # Errors
    /// It has no world coordinate system of an image, or what it says of an earlier match cannot be continued.
    pub(super) fn new(
        exposure: &Exposure,
        subtract: bool,
        border_step: Option<f64>,
    ) -> Result<Self, StepError> {
        let before = earlier_level(exposure, subtract)?;
        let wcs = exposure.meta.require_wcs().map_err(StepError::algorithm)?;
        let to_sky = wcs.forward().map_err(StepError::algorithm)?.compile();
        let to_pixel = wcs.backward().map_err(StepError::algorithm)?.compile();
        let (x, y) = border(exposure.shape(), border_step);
        let sky = to_sky.run(&[&x, &y]).map_err(StepError::algorithm)?;
        let [lon, lat] = &sky[..] else {
            let found = format!("{} axes", sky.len());
            return Err(StepError::input("WCS", "that of an image", found));
        };
        Ok(Self {
            outline: SphericalPolygon::from_lonlat(lon, lat).map_err(StepError::algorithm)?,
            to_pixel,
            shape: exposure.shape(),
            level: if subtract { before } else { 0.0 },
            is_valid: false,
            subtracted: Vec::new(),
        })
    }

    /// The pixels that lie in any of `others`, too; `None` if there is no common area.
    pub(super) fn overlap(&self, others: &[&Self]) -> Result<Option<Spans>, StepError> {
        let mut polygons = Vec::new();
        for other in others {
            let common = self.outline.intersection(&other.outline);
            for (lon, lat) in common.map_err(StepError::algorithm)?.outlines() {
                let pixels = self.to_pixel.run(&[&lon, &lat]);
                let pixels = pixels.map_err(StepError::algorithm)?;
                // Parity: spherical_geometry walks around polygons clockwise, which shows in the last bit of crossings.
                polygons.push(
                    pixels[0]
                        .iter()
                        .copied()
                        .zip(pixels[1].iter().copied())
                        .rev()
                        .collect(),
                );
            }
        }
        let spans = Spans::inside(&polygons, self.shape);
        Ok((!polygons.is_empty()).then_some(spans))
    }

    /// The pixels as they are now.
    pub(super) fn data(
        &self,
        exposure: &Exposure,
        stash: &Stash,
    ) -> Result<Array2<f32>, StepError> {
        let open = exposure.open_arrays_in(stash);
        let data = open.and_then(|open| open.data());
        let mut data = data.map_err(StepError::algorithm)?.into_owned();
        for level in &self.subtracted {
            let level = *level as f32;
            data.par_mapv_inplace(|value| value - level);
        }
        Ok(data)
    }
}

/// Good pixels of an exposure, to be measured.
pub(super) struct GoodPixels {
    /// Bad ones are NaN.
    data: Array2<f32>,
}

impl GoodPixels {
    pub(super) fn of(
        image: &SkyImage,
        exposure: &Exposure,
        stash: &Stash,
        bad: u32,
    ) -> Result<Self, StepError> {
        let mut data = image.data(exposure, stash)?;
        let open = exposure.open_arrays().map_err(StepError::algorithm)?;
        let dq = open.dq_rows().map_err(StepError::algorithm)?;
        change_by_rows(&mut data, &dq, |value, dq| {
            if dq & bad != 0 {
                *value = f32::NAN;
            }
        })?;
        Ok(Self { data })
    }

    /// Puts their memory by.
    pub(super) fn put_by(self, stash: &Stash) {
        stash.put_by_image(self.data.into());
    }

    /// The level of some of the pixels, or all.
    pub(super) fn measure(
        &self,
        spans: Option<&Spans>,
        statistics: &SkyStatistics,
    ) -> Option<Level> {
        let mut values = Vec::new();
        let pixels = self.data.as_slice().unwrap_or_default();
        match spans {
            None => gather(pixels, &mut values),
            Some(spans) => {
                values.reserve_exact(spans.pixels());
                let width = self.data.ncols();
                for (row, start, end) in spans.iter() {
                    gather(&pixels[row * width + start..row * width + end], &mut values);
                }
            }
        }
        statistics.measure(&mut values)
    }
}

/// Adds the finite ones of some pixels to `values`.
fn gather(pixels: &[f32], values: &mut Vec<f32>) {
    let mut kept = values.len();
    values.resize(kept + pixels.len(), 0.0);
    for &value in pixels {
        // Written in any case, and kept if the next one is written behind it: no branch that cannot be foretold.
        values[kept] = value;
        kept += usize::from(value.is_finite());
    }
    values.truncate(kept);
}

/// The level of an earlier match, 0 without one.
fn earlier_level(exposure: &Exposure, subtract: bool) -> Result<f64, StepError> {
    let level = exposure.meta.number("meta.background.level");
    let subtracted = exposure.meta.flag("meta.background.subtracted");
    let inconsistent = |expected: &str, found: &str| {
        let what = format!("background level of {}", exposure.file_name());
        Err(StepError::input(what, expected, found))
    };
    match (level, subtracted) {
        (None, None) => Ok(0.0),
        (Some(_), None) => inconsistent("BKGSUB beside BKGLEVEL", "BKGLEVEL alone"),
        (None, Some(_)) => inconsistent("BKGLEVEL beside BKGSUB", "BKGSUB alone"),
        (Some(level), Some(before)) if before == subtract => Ok(level),
        (Some(_), Some(true)) => inconsistent("subtract as in the earlier match", "BKGSUB true"),
        (Some(_), Some(false)) => inconsistent("subtract as in the earlier match", "BKGSUB false"),
    }
}
