//! Photometry and shapes of sources that have been found.
//!
//! [`SegmentImages::measure`] gives flux, centroid and shape of a segment; [`CircularAperture`] and [`local_background`]
//! fluxes in circles and the sky around a source; [`PeakShape`] how its peak stands out, as DAOFIND has it;
//! [`nearest_neighbours`] the distance to the next source.
//!
//! Arrays are `(row, column)`; positions are 0-based with pixel centres at whole numbers, x along columns. Fluxes have the
//! unit of the image.
//!
//! # Source
//! photutils 3.0.0 (`segmentation/catalog.py`, `aperture`) as jwst 3.0.0 `source_catalog/source_catalog.py` uses it.
//! Fluxes and positions to 1e-12, unless 32-bit sums are told of.

mod annulus;
mod aperture;
mod neighbours;
mod peak;
mod segment;
mod sky_box;

#[cfg(test)]
mod tests;

pub use annulus::{LocalBackground, local_background};
pub use aperture::CircularAperture;
pub use neighbours::nearest_neighbours;
pub use peak::PeakShape;
pub use segment::{SegmentImages, SegmentProperties};
pub use sky_box::background_around;
