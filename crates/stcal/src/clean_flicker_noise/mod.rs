//! Noise that runs along the readout ("1/f" or flicker noise), found between the sources of an image and removed.
//!
//! 1. [`mask_scene`](scene::mask_scene) tells background from sources on a count-rate image.
//! 2. [`Cleaner::clean`] takes one image - a rate, or the difference of two groups -, divides by a flat field, removes a
//!    [`Background`], fits the noise in the background pixels ([`NoiseFit`]), subtracts it and puts background and flat
//!    field back.
//!
//! Two fits are known: the median across each line of the readout, and [`fourier`], least squares of the lowest (and
//! highest) frequencies of the readout.
//!
//! Everything here works on one image and is serial; callers spread images over threads.
//!
//! # Source
//! jwst 3.0.0 `clean_flicker_noise/clean_flicker_noise.py`, `background_level.py`, `nsclean.py`,
//! `tso_median_image.py`; Rauscher 2024, PASP 136, 015001, doi:10.1088/1538-3873/ad1b36 (the Fourier fit); Bradley et
//! al., photutils 3.0.0 `Background2D` (the mesh), after Bertin & Arnouts 1996, A&AS 117, 393,
//! doi:10.1051/aas:1996164.

mod background;
mod clean;
pub mod fourier;
mod histogram;
mod lines;
mod median_image;
mod mesh;
pub mod scene;
mod sorted;
mod spline;
#[cfg(test)]
mod tests;

pub use background::{Background, BackgroundImage, background_of, fill_from_background};
pub use clean::{Cleaned, Cleaner, NoiseFit, mask_flagged};
pub use lines::{Across, LineMedians};
pub use median_image::{flux_scale, median_across_integrations};
pub use mesh::{MeshSize, NoMesh};
pub use sorted::{ClippedStats, SortedValues};

use crate::shape::ShapeError;

/// Why an image could not be cleaned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CleanError {
    /// Arrays do not fit each other.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The mask leaves nothing to fit.
    #[error("no background pixel is left once outliers are excluded")]
    NoBackground,
}
