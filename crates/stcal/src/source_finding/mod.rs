//! Sources in an image: background on a mesh, star finders, segments and their photometry.
//!
//! The order of work: [`background`] gives the level and the noise of the sky; [`StarKernel`] with [`find_iraf_stars`] or
//! [`find_dao_stars`] finds point sources above a threshold; [`Convolution`] with a Gaussian, [`Segmentation::detect`] and
//! [`Segmentation::parts`] find sources of any shape.
//!
//! Arrays are `(row, column)`; positions are 0-based with pixel centres at whole numbers, x along columns. A mask is true
//! where a pixel must not be used. Everything is serial; what takes long comes in rows or boxes that callers may spread
//! over threads.
//!
//! # Source
//! photutils 3.0.0 (`background`, `detection`, `segmentation`) with astropy 8.0.2, scipy 1.17.1 and scikit-image 0.26.0,
//! as jwst 3.0.0 `tweakreg/tweakreg_catalog.py` calls them. Images are 32-bit there: sums that are formed in 32 bits are
//! formed in the same order here, so that positions agree to 1e-9 pixels.

pub mod background;
mod convolution;
mod dao;
mod deblend;
#[cfg(test)]
pub(crate) mod field;
mod iraf;
mod kernel;
mod peaks;
mod segments;
mod summation;
mod watershed;

pub(crate) use convolution::cutout;
pub use convolution::{Border, Convolution};
pub(crate) use dao::quadrant_roundness;
pub use dao::{DaoStar, find_dao_stars};
pub use deblend::{Deblending, Parts, Spacing};
pub use iraf::{IrafStar, find_iraf_stars};
pub use kernel::{KernelError, StarKernel, gaussian_kernel, sigma_from_fwhm};
pub use segments::{Connectivity, Segment, Segmentation};
pub(crate) use summation::pairwise_sum;

#[cfg(test)]
mod tests;

use ndarray::ArrayView2;

/// The image in which stars are looked for, and what counts as one.
#[derive(Debug, Clone, Copy)]
pub struct StarSearch<'a> {
    /// The image without its background.
    pub data: ArrayView2<'a, f32>,
    /// Pixels that cannot be the peak of a star.
    pub mask: ArrayView2<'a, bool>,
    /// Least value of a peak in the convolved image; for [`find_dao_stars`] in the image itself.
    pub threshold: f32,
    /// Least distance of two peaks [pixel]; 0 for the extent of the kernel.
    pub min_separation: f64,
    /// Range of sharpness.
    pub sharpness: (f64, f64),
    /// Range of roundness.
    pub roundness: (f64, f64),
    /// How many stars are kept, the brightest.
    pub brightest: Option<usize>,
    /// Stars with a higher peak are left out.
    pub peak_max: Option<f64>,
}

impl StarSearch<'_> {
    fn is_in(range: (f64, f64), value: f64) -> bool {
        value >= range.0 && value <= range.1
    }

    /// Keeps the brightest stars, the brightest first, if a number is asked for.
    fn keep_brightest<S>(&self, stars: &mut Vec<S>, flux: impl Fn(&S) -> f64) {
        let Some(count) = self.brightest else { return };
        stars.sort_by(|a, b| flux(b).total_cmp(&flux(a)));
        stars.truncate(count);
    }
}
