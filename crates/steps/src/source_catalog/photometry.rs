//! Fluxes in circles and the shapes of peaks.

use ndarray::{ArrayViewMut2, Axis};
use rayon::prelude::*;
use stcal::source_finding::sigma_from_fwhm;
use stcal::source_photometry::{
    CircularAperture, LocalBackground, PeakShape, local_background, nearest_neighbours,
};

use super::detection::{Pixels, Sources};
use super::{Apertures, SourceCatalogParams};

/// Rows of a band that a thread works on.
const BAND: usize = 64;
/// Where sources without a position are put, off the image.
const NOWHERE: f64 = -1000.0;

/// What is measured of a source in circles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Photometry {
    /// The sky for each pixel.
    pub sky: LocalBackground,
    /// Fluxes in the apertures, without the sky, and their standard deviations.
    pub fluxes: [(f64, f64); 3],
    /// How the peak stands out.
    pub sharpness: f64,
    /// How round the peak is.
    pub roundness: f32,
}

/// What is measured of all sources.
pub(super) struct Measured {
    pub sources: Vec<Photometry>,
    /// Index of the nearest other source, and the distance [pixel]; none if there is only one source.
    pub nearest: Option<Vec<(usize, f64)>>,
}

/// Runs `work` on bands of rows of an array, spread over threads, with the number of the first row.
pub(super) fn for_rows<T: Send>(
    mut array: ArrayViewMut2<'_, T>,
    work: impl Fn(usize, ArrayViewMut2<'_, T>) + Sync,
) {
    let bands: Vec<_> = array.axis_chunks_iter_mut(Axis(0), BAND).collect();
    bands
        .into_par_iter()
        .enumerate()
        .for_each(|(band, rows)| work(band * BAND, rows));
}

pub(super) fn measure(
    pixels: &Pixels<'_>,
    sources: &Sources,
    apertures: &Apertures,
    params: &SourceCatalogParams,
) -> Measured {
    let known = |at: f64| if at.is_finite() { at } else { NOWHERE };
    let positions: Vec<(f64, f64)> = sources
        .positions()
        .into_iter()
        .map(|(x, y)| (known(x), known(y)))
        .collect();
    let shape = PeakShape::new(sigma_from_fwhm(params.kernel_fwhm));
    let photometry = |position: &(f64, f64)| photometry(pixels, *position, apertures, &shape);
    Measured {
        sources: positions.par_iter().map(photometry).collect(),
        nearest: nearest_neighbours(&positions),
    }
}

fn photometry(
    pixels: &Pixels<'_>,
    position: (f64, f64),
    apertures: &Apertures,
    shape: &PeakShape,
) -> Photometry {
    let sky_radii = (
        f64::from(apertures.sky_radii.0),
        f64::from(apertures.sky_radii.1),
    );
    let sky = local_background(pixels.data, position, sky_radii);
    let fluxes = apertures.radii.map(|radius| {
        let circle = CircularAperture {
            x: position.0,
            y: position.1,
            radius: f64::from(radius),
        };
        let (sum, err) = circle.sum(pixels.data, pixels.err);
        (sum - sky.median * circle.area(), err)
    });
    let (sharpness, roundness) = shape.measure(pixels.data, position);
    Photometry {
        sky,
        fluxes,
        sharpness,
        roundness,
    }
}
