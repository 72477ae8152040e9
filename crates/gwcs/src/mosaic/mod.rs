//! A common image plane for exposures: a tangential projection that holds their footprints.
//!
//! From the footprints of exposures on the sky and the pixel scale and orientation that are wanted, [`TangentPlane`]
//! makes the world coordinate system of the image that they are combined in. [`pixel_scale`] and [`mean_pixel_area`]
//! measure a world coordinate system, [`Footprint`] reads and writes footprints as `S_REGION` has them.
//!
//! ```
//! use gwcs::mosaic::{Footprint, Layout, TangentPlane};
//!
//! let footprint = Footprint::parse("POLYGON ICRS  80.01 -0.01 80.01 0.01 79.99 0.01 79.99 -0.01").remove(0);
//! let orientation = TangentPlane::orientation(0.0, 0.0, -1);
//! let plane = TangentPlane::new(&[footprint], orientation, 1e-4, &Layout::default())?;
//! assert_eq!(plane.shape(), (200, 200));
//! assert!((plane.crval_deg()[0] - 80.0).abs() < 1e-9);
//! # Ok::<(), gwcs::mosaic::MosaicError>(())
//! ```
//!
//! # Source
//! stcal 1.20.0 `alignment.util` and `resample.utils`; the projection is that of FITS paper II,
//! doi:10.1051/0004-6361:20021327.

mod footprint;
mod outline;
mod plane;
mod scale;
#[cfg(test)]
mod tests;

use crate::transform::TransformError;
use crate::wcs::WcsError;

pub use footprint::{Footprint, fiducial};
pub use plane::{Layout, PlaneProjector, TangentPlane, imaging};
pub use scale::{mean_pixel_area, pixel_scale};

/// Why there is no common plane.
#[derive(Debug, thiserror::Error)]
pub enum MosaicError {
    /// There is nothing to hold.
    #[error("no footprints")]
    NoFootprints,
    /// The image would have less than two rows or columns.
    #[error("an image of {rows} rows and {columns} columns is too small")]
    TooSmall {
        /// Rows.
        rows: i64,
        /// Columns.
        columns: i64,
    },
    /// Sky coordinates do not lie in the half of the sky that the plane shows, or are not finite.
    #[error("the footprints cannot be projected onto one plane")]
    NotFinite,
    /// The world coordinate system has other than two inputs and two outputs on the sky.
    #[error("a world coordinate system from two pixel axes to the sky is needed")]
    NotImaging,
    /// The size of the image is not known.
    #[error("the area of a pixel cannot be measured: {0}")]
    Area(&'static str),
    /// A transform cannot be evaluated.
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// The chain cannot be evaluated.
    #[error(transparent)]
    Wcs(#[from] WcsError),
}
