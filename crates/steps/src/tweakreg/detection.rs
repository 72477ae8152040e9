//! Sources found in images.

use datamodels::dq::pixel;
use datamodels::library::{Exposure, Stash};
use ndarray::Array2;
use stpipe::StepError;

use super::TweakRegParams;
use crate::bands::change_by_rows;
use crate::metadata_error;
use crate::source_catalog::{Finder, FinderSettings, Pixels, SourceCatalogParams, find_sources};

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

/// The sources of an exposure.
///
/// Source: jwst 3.0.0 `tweakreg.tweakreg_catalog::make_tweakreg_catalog`.
///
/// # Errors
/// The image cannot be read, or a parameter makes no sense.
pub(super) fn sources(
    settings: &FinderSettings,
    needs_errors: bool,
    exposure: &Exposure,
    stash: &Stash,
) -> Result<Vec<Found>, StepError> {
    let unusable = pixel::DO_NOT_USE | pixel::NON_SCIENCE;
    let open = exposure.open_arrays_in(stash).map_err(metadata_error)?;
    let dq = open.dq_rows().map_err(metadata_error)?;
    let mut mask = Array2::from_elem(dq.shape(), false);
    change_by_rows(&mut mask, &dq, |mask, dq| *mask = dq & unusable != 0)?;
    let data = open.data().map_err(metadata_error)?;
    let err = if needs_errors {
        open.err().map_err(metadata_error)?
    } else {
        Array2::zeros((0, 0)).into()
    };
    let pixels = Pixels {
        data: data.view(),
        err: err.view(),
        mask: mask.view(),
    };
    let found = find_sources(&pixels, settings, stash)?;
    stash.put_by_image(data);
    let Some(found) = found else {
        return Ok(Vec::new());
    };
    let places = found.positions().into_iter().zip(found.fluxes());
    let numbered = (1..).zip(places);
    let source = |(id, ((x, y), flux))| Found {
        id,
        pixel: [x, y],
        flux,
    };
    Ok(numbered.map(source).collect())
}

impl TweakRegParams {
    /// What looks for sources, and whether it needs standard deviations.
    ///
    /// # Errors
    /// A parameter makes no sense.
    pub(super) fn finder(&self) -> Result<(FinderSettings, bool), StepError> {
        let params = SourceCatalogParams {
            starfinder: self.starfinder,
            snr_threshold: self.snr_threshold,
            kernel_fwhm: self.kernel_fwhm,
            bkg_boxsize: self.bkg_boxsize,
            minsep_fwhm: self.minsep_fwhm,
            sigma_radius: self.sigma_radius,
            sharplo: self.sharplo,
            sharphi: self.sharphi,
            roundlo: self.roundlo,
            roundhi: self.roundhi,
            brightest: self.brightest,
            peakmax: self.peakmax,
            npixels: self.npixels,
            connectivity: self.connectivity,
            nlevels: self.nlevels,
            contrast: self.contrast,
            multithresh_mode: self.multithresh_mode,
            localbkg_width: self.localbkg_width,
            kron_params: self.kron_params.clone(),
            deblend: self.deblend,
            ..SourceCatalogParams::default()
        };
        let settings = FinderSettings::try_from(&params)?;
        Ok((settings, self.starfinder == Finder::Segmentation))
    }
}
