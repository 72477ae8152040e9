//! Projections of the sphere onto a plane.
//!
//! The plane is in degrees, x to the left of the native meridian being negative; the sphere has native longitude φ and
//! latitude θ \[deg\]. Points that a projection cannot reach give NaN.
//!
//! # Source
//! FITS paper II, section 5; doi:10.1051/0004-6361:20021327.

mod cylindrical;
#[cfg(test)]
mod tests;
mod zenithal;

use super::{Model, each_point, names};
use crate::transform::Transform;

/// Which way a projection goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the plane to the sphere.
    PixelToSky,
    /// From the sphere to the plane.
    SkyToPixel,
}

/// A projection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Projection {
    /// TAN: from the centre of the sphere onto a tangential plane.
    Gnomonic,
    /// STG: from the pole opposite to the plane.
    Stereographic,
    /// SIN: along parallel lines, which may be slanted by `xi` and `eta`.
    SlantOrthographic {
        /// Slant in x.
        xi: f64,
        /// Slant in y.
        eta: f64,
    },
    /// ARC: distances from the pole are true.
    ZenithalEquidistant,
    /// ZEA: areas are true.
    ZenithalEqualArea,
    /// CYP: from a point `mu` sphere radii from the centre onto a cylinder of the radius `lambda`.
    CylindricalPerspective {
        /// Distance of the point.
        mu: f64,
        /// Radius of the cylinder.
        lambda: f64,
    },
    /// CEA: areas are true; `lambda` is the square of the cosine of the latitude of true scale.
    CylindricalEqualArea {
        /// Square of the cosine of the latitude where the projection is conformal.
        lambda: f64,
    },
    /// CAR: longitude and latitude as they are.
    PlateCarree,
    /// MER: angles are true.
    Mercator,
    /// SFL: sinusoidal.
    SansonFlamsteed,
    /// PAR: meridians are parabolas.
    Parabolic,
    /// MOL: meridians are ellipses, areas are true.
    Mollweide,
    /// AIT: the sphere in an ellipse, areas are true.
    HammerAitoff,
}

/// A projection in one of its directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Projector {
    /// Which projection.
    pub projection: Projection,
    /// Which way.
    pub direction: Direction,
}

impl Projection {
    /// From the plane to the sphere.
    pub fn pixel_to_sky(self) -> Projector {
        Projector {
            projection: self,
            direction: Direction::PixelToSky,
        }
    }

    /// From the sphere to the plane.
    pub fn sky_to_pixel(self) -> Projector {
        Projector {
            projection: self,
            direction: Direction::SkyToPixel,
        }
    }

    /// Longitude and latitude of a point of the plane.
    fn sky_at(self, point: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Gnomonic => zenithal::to_sky(point, zenithal::gnomonic_latitude),
            Self::Stereographic => zenithal::to_sky(point, zenithal::stereographic_latitude),
            Self::SlantOrthographic { xi, eta } => zenithal::slant_to_sky(point, xi, eta),
            Self::ZenithalEquidistant => zenithal::to_sky(point, |radius| 90.0 - radius),
            Self::ZenithalEqualArea => zenithal::to_sky(point, zenithal::equal_area_latitude),
            Self::CylindricalPerspective { mu, lambda } => {
                cylindrical::perspective_to_sky(point, mu, lambda)
            }
            Self::CylindricalEqualArea { lambda } => cylindrical::equal_area_to_sky(point, lambda),
            Self::PlateCarree => point,
            Self::Mercator => cylindrical::mercator_to_sky(point),
            Self::SansonFlamsteed => cylindrical::sinusoidal_to_sky(point),
            Self::Parabolic => cylindrical::parabolic_to_sky(point),
            Self::Mollweide => cylindrical::mollweide_to_sky(point),
            Self::HammerAitoff => cylindrical::aitoff_to_sky(point),
        }
    }

    /// The point of the plane for a longitude and latitude.
    fn pixel_at(self, sky: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Gnomonic => zenithal::to_pixel(sky, zenithal::gnomonic_radius),
            Self::Stereographic => zenithal::to_pixel(sky, zenithal::stereographic_radius),
            Self::SlantOrthographic { xi, eta } => zenithal::slant_to_pixel(sky, xi, eta),
            Self::ZenithalEquidistant => zenithal::to_pixel(sky, |latitude| 90.0 - latitude),
            Self::ZenithalEqualArea => zenithal::to_pixel(sky, zenithal::equal_area_radius),
            Self::CylindricalPerspective { mu, lambda } => {
                cylindrical::perspective_to_pixel(sky, mu, lambda)
            }
            Self::CylindricalEqualArea { lambda } => cylindrical::equal_area_to_pixel(sky, lambda),
            Self::PlateCarree => sky,
            Self::Mercator => cylindrical::mercator_to_pixel(sky),
            Self::SansonFlamsteed => cylindrical::sinusoidal_to_pixel(sky),
            Self::Parabolic => cylindrical::parabolic_to_pixel(sky),
            Self::Mollweide => cylindrical::mollweide_to_pixel(sky),
            Self::HammerAitoff => cylindrical::aitoff_to_pixel(sky),
        }
    }
}

impl Model for Projector {
    fn n_inputs(&self) -> usize {
        2
    }

    fn n_outputs(&self) -> usize {
        2
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        match self.direction {
            Direction::PixelToSky => {
                each_point(inputs, outputs, |point| self.projection.sky_at(point));
            }
            Direction::SkyToPixel => {
                each_point(inputs, outputs, |sky| self.projection.pixel_at(sky));
            }
        }
    }

    fn inverse(&self) -> Option<Transform> {
        let back = match self.direction {
            Direction::PixelToSky => self.projection.sky_to_pixel(),
            Direction::SkyToPixel => self.projection.pixel_to_sky(),
        };
        Some(back.into())
    }

    fn input_names(&self) -> Vec<String> {
        names(match self.direction {
            Direction::PixelToSky => &["x", "y"],
            Direction::SkyToPixel => &["phi", "theta"],
        })
    }

    fn output_names(&self) -> Vec<String> {
        names(match self.direction {
            Direction::PixelToSky => &["phi", "theta"],
            Direction::SkyToPixel => &["x", "y"],
        })
    }
}
