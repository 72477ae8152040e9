//! World coordinate systems as FITS keywords: a tangential projection with SIP distortion that approximates a [`Wcs`].
//!
//! FITS keywords cannot hold a chain of transforms. What they can hold is fitted to it on a grid of pixels; the largest
//! difference on a grid twice as dense is stated with the result.
//!
//! ```
//! use gwcs::fits::SipOptions;
//! use gwcs::frame::{CoordinateFrame, Frame};
//! use gwcs::model::{Scale, Shift};
//! use gwcs::{BoundingBox, Step, Transform, Wcs};
//!
//! // One degree of 100 by 100 pixels, as a plate carrée.
//! let axis = |at: f64, scale: f64| Transform::from(Scale(scale)).then(Shift(at).into());
//! let transform = axis(10.0, -0.01)?.join(axis(-0.5, 0.01)?)
//!     .with_bounding_box(Some(BoundingBox::new(&[(-0.5, 99.5), (-0.5, 99.5)])))?;
//! let wcs = Wcs::new("", vec![
//!     Step { frame: Frame::Single(CoordinateFrame::pixels("detector")), transform: Some(transform) },
//!     Step { frame: Frame::Single(CoordinateFrame::icrs("world")), transform: None },
//! ])?;
//! let fits = wcs.to_fits_sip(&SipOptions::default())?;
//! assert!(fits.max_error_pixels < 0.01);
//! let sky = fits.evaluate([12.0, 80.0]);
//! let exact = wcs.evaluate(&[&[12.0], &[80.0]])?;
//! assert!((sky[0] - exact[0][0]).abs() < 1e-4 && (sky[1] - exact[1][0]).abs() < 1e-4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! FITS paper II, doi:10.1051/0004-6361:20021327; SIP: Shupe et al. 2005, ADASS XIV, ASP Conf. Ser. 347, 491. Choice of
//! grid, degree and order of keywords: gwcs 1.0.3 `WCS.to_fits_sip`.

mod fit;
mod keywords;
mod sip;
#[cfg(test)]
mod tests;

use crate::Transform;
use crate::model::{Projection, SkyRotation};
use crate::transform::TransformError;
use crate::wcs::WcsError;

pub use keywords::FitsValue;
pub use sip::SipOptions;

/// Why a world coordinate system cannot be approximated.
#[derive(Debug, thiserror::Error)]
pub enum FitsError {
    /// It does not lead to the sky.
    #[error("the output frame has no celestial axes")]
    NotCelestial,
    /// The sky does not depend on two pixel coordinates.
    #[error("the celestial axes depend on {found} of the inputs, not on two")]
    Inputs {
        /// On how many they depend.
        found: usize,
    },
    /// The part of the plane that is to be fitted is not known.
    #[error("it has no bounding box in all inputs")]
    NoBoundingBox,
    /// There are not enough pixels.
    #[error("a bounding box of {width} by {height} pixels is too small for a fit")]
    TooSmall {
        /// Width.
        width: f64,
        /// Height.
        height: f64,
    },
    /// A parameter cannot be used.
    #[error("{name}: expected {expected}, found {found}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// Sky coordinates of the grid are not finite.
    #[error("the sky coordinates of the pixels to be fitted are not all finite")]
    NotFinite,
    /// The normal matrix is singular.
    #[error("the fit of a polynomial of degree {0} has no unique solution")]
    Singular(usize),
    /// A transform cannot be evaluated.
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// The chain has no forward transform.
    #[error(transparent)]
    Wcs(#[from] WcsError),
}

/// A polynomial of two variables without a constant term: the coefficient of `u^p v^q` for `0 < p + q <= degree`.
#[derive(Debug, Clone, PartialEq)]
pub struct Distortion {
    /// Total degree.
    pub degree: usize,
    /// Powers and coefficients, by rising power of u and then of v.
    pub terms: Vec<([usize; 2], f64)>,
}

impl Distortion {
    /// Its value at (u, v).
    pub fn evaluate(&self, [u, v]: [f64; 2]) -> f64 {
        let terms = self.terms.iter();
        terms
            .map(|([p, q], c)| c * u.powi(*p as i32) * v.powi(*q as i32))
            .sum()
    }

    fn coefficient(&self, powers: [usize; 2]) -> f64 {
        let found = self.terms.iter().find(|(known, _)| *known == powers);
        found.map_or(0.0, |(_, value)| *value)
    }

    /// Only the terms that `keep` keeps, by their total power.
    fn only(&self, keep: impl Fn(usize) -> bool) -> Self {
        let kept = self.terms.iter().filter(|([p, q], _)| keep(p + q));
        Self {
            degree: self.degree,
            terms: kept.copied().collect(),
        }
    }
}

/// A tangential projection with distortion. Pixels are counted from 0.
#[derive(Debug, Clone, PartialEq)]
pub struct FitsWcs {
    /// The reference pixel, counted from 0.
    pub reference_pixel: [f64; 2],
    /// Right ascension and declination of the reference pixel \[deg\].
    pub reference_sky_deg: [f64; 2],
    /// Native longitude of the celestial pole \[deg\].
    pub pole_longitude_deg: f64,
    /// The matrix from pixels to the plane of projection \[deg\].
    pub cd: [[f64; 2]; 2],
    /// What is added to each pixel coordinate before the matrix applies; none if the map is linear.
    pub distortion: Option<[Distortion; 2]>,
    /// What is added to each undistorted pixel coordinate on the way back.
    pub inverse_distortion: Option<[Distortion; 2]>,
    /// Largest difference from the original \[pixel\].
    pub max_error_pixels: f64,
    /// Largest difference of the way back \[pixel\], where it was fitted.
    pub max_inverse_error_pixels: Option<f64>,
    /// Name of the output frame.
    pub name: String,
    /// Name of the celestial reference system, as `ICRS`.
    pub reference_system: String,
    /// Upper ends of the bounding box on both pixel axes, for the size of the image.
    pub upper_bounds: [f64; 2],
}

impl FitsWcs {
    /// Longitude and latitude \[deg\] of a pixel.
    pub fn evaluate(&self, pixel: [f64; 2]) -> [f64; 2] {
        let [u, v] = [0, 1].map(|axis| pixel[axis] - self.reference_pixel[axis]);
        let [f, g] = match &self.distortion {
            Some(both) => both.each_ref().map(|part| part.evaluate([u, v])),
            None => [0.0; 2],
        };
        let plane = self.cd.map(|[a, b]| a * (u + f) + b * (v + g));
        let [lon, lat] = self.reference_sky_deg;
        let rotation = SkyRotation::native_to_celestial(lon, lat, self.pole_longitude_deg);
        let projection = Transform::from(Projection::Gnomonic.pixel_to_sky());
        let sky = projection.then(rotation.into());
        match sky.and_then(|sky| sky.evaluate_point(&plane)) {
            Ok(sky) => [sky[0], sky[1]],
            Err(_) => [f64::NAN; 2],
        }
    }
}
