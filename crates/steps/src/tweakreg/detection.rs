//! Sources found in images.

use datamodels::dq::pixel;
use datamodels::library::Exposure;
use ndarray::{Array2, ArrayView2, Zip, s};
use stcal::source_finding::background::MeshBackground;
use stcal::source_finding::{StarKernel, StarSearch, find_dao_stars, find_iraf_stars};
use stpipe::StepError;

use super::TweakRegParams;
use crate::metadata_error;

/// A source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    /// Its number, from 1.
    pub(super) id: i64,
    /// Pixel (x, y), counted from 0.
    pub(super) pixel: [f64; 2],
    /// Sum above the background.
    pub(super) flux: f64,
}

/// Rows whose background is taken off at a time.
const ROWS: usize = 32;

/// The sources of an exposure, and why there are none.
///
/// Source: jwst 3.0.0 `tweakreg.tweakreg_catalog::make_tweakreg_catalog`.
///
/// # Errors
/// The image cannot be read, or a parameter makes no sense.
pub(super) fn sources(
    params: &TweakRegParams,
    exposure: &Exposure,
) -> Result<(Vec<Found>, Option<String>), StepError> {
    let unusable = pixel::DO_NOT_USE | pixel::NON_SCIENCE;
    let mask = exposure
        .dq()
        .map_err(metadata_error)?
        .mapv(|dq| dq & unusable != 0);
    let mut data = exposure.data().map_err(metadata_error)?;
    let box_size = usize::try_from(params.bkg_boxsize)
        .map_err(|_| StepError::input("bkg_boxsize", "a positive number", params.bkg_boxsize))?;
    let background = match MeshBackground::estimate(data.view(), mask.view(), box_size) {
        Ok(background) => background,
        Err(error) => {
            return Ok((
                Vec::new(),
                Some(format!("Error determining sky background: {error}")),
            ));
        }
    };
    let threshold = background.median_threshold(params.snr_threshold, mask.view());
    subtract(&background, &mask, &mut data);
    let found = find(params, data.view(), mask.view(), threshold)?;
    let reason = found
        .is_empty()
        .then(|| "No sources found in the image.".to_string());
    Ok((found, reason))
}

fn subtract(background: &MeshBackground, mask: &Array2<bool>, data: &mut Array2<f32>) {
    let (rows, columns) = data.dim();
    let mut level = Array2::zeros((ROWS.min(rows), columns));
    for first in (0..rows).step_by(ROWS) {
        let end = rows.min(first + ROWS);
        let mut level = level.slice_mut(s![..end - first, ..]);
        background.level.write_rows(first, level.view_mut());
        Zip::from(data.slice_mut(s![first..end, ..]))
            .and(mask.slice(s![first..end, ..]))
            .and(level)
            .for_each(|value, masked, level| {
                if !masked {
                    *value -= *level;
                }
            });
    }
}

fn find(
    params: &TweakRegParams,
    data: ArrayView2<'_, f32>,
    mask: ArrayView2<'_, bool>,
    threshold: f32,
) -> Result<Vec<Found>, StepError> {
    let kernel =
        StarKernel::new(params.kernel_fwhm, params.sigma_radius).map_err(StepError::algorithm)?;
    let brightest = usize::try_from(params.brightest)
        .ok()
        .filter(|count| *count > 0);
    let search =
        StarSearch {
            data,
            mask,
            threshold,
            min_separation: (params.minsep_fwhm * params.kernel_fwhm + 0.5)
                .trunc()
                .max(2.0),
            sharpness: (params.sharplo, params.sharphi),
            roundness: (params.roundlo, params.roundhi),
            brightest: Some(brightest.ok_or_else(|| {
                StepError::input("brightest", "a positive number", params.brightest)
            })?),
            peak_max: params.peakmax,
        };
    let places: Vec<([f64; 2], f64)> = match params.starfinder.as_str() {
        "iraf" => {
            let stars = find_iraf_stars(&search, &kernel);
            stars
                .iter()
                .map(|star| ([star.x, star.y], star.flux))
                .collect()
        }
        "dao" => {
            let stars = find_dao_stars(&search, &kernel);
            stars
                .iter()
                .map(|star| ([star.x, star.y], star.flux))
                .collect()
        }
        other => return Err(StepError::input("starfinder", "iraf or dao", other)),
    };
    let numbered = (1..).zip(places);
    Ok(numbered
        .map(|(id, (pixel, flux))| Found { id, pixel, flux })
        .collect())
}
