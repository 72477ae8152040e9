//! Projections of the sphere onto a plane.
//!
//! The plane is in degrees, x to the left of the native meridian being negative; the sphere has native longitude φ and
//! latitude θ \[deg\]. Points that a projection cannot reach give NaN.
//!
//! # Source
//! FITS paper II, section 5; doi:10.1051/0004-6361:20021327.

mod conic;
mod cube;
mod cylindrical;
mod healpix;
mod perspective;
mod polyconic;
#[cfg(test)]
mod tests;
mod zenithal;

use super::{Directional, Model, Vectors, each_point, names};
use crate::transform::Transform;

use conic::Cone;
use perspective::{Slanted, Tilted};

/// One radian \[deg\].
const RADIAN: f64 = 180.0 / std::f64::consts::PI;

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
    /// AZP: from a point `mu` sphere radii below the centre onto a plane tilted by `gamma` \[deg\].
    ZenithalPerspective {
        /// Distance of the point.
        mu: f64,
        /// Tilt of the plane \[deg\].
        gamma: f64,
    },
    /// SZP: from a point `mu` sphere radii from the centre, whose rays meet the plane at right angles at (`phi0`,
    /// `theta0`) \[deg\].
    SlantZenithalPerspective {
        /// Distance of the point.
        mu: f64,
        /// Native longitude \[deg\].
        phi0: f64,
        /// Native latitude \[deg\].
        theta0: f64,
    },
    /// AIR: least distortion of all within the latitude `theta_b` \[deg\].
    Airy {
        /// Latitude \[deg\].
        theta_b: f64,
    },
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
    /// COP: from the centre onto a cone; `sigma` is the mean of the standard latitudes and `delta` half of their difference
    /// \[deg\], as in all conic projections.
    ConicPerspective {
        /// Mean standard latitude \[deg\].
        sigma: f64,
        /// Half of their difference \[deg\].
        delta: f64,
    },
    /// COE: onto a cone, areas are true.
    ConicEqualArea {
        /// Mean standard latitude \[deg\].
        sigma: f64,
        /// Half of their difference \[deg\].
        delta: f64,
    },
    /// COD: onto a cone, distances along meridians are true.
    ConicEquidistant {
        /// Mean standard latitude \[deg\].
        sigma: f64,
        /// Half of their difference \[deg\].
        delta: f64,
    },
    /// COO: onto a cone, angles are true.
    ConicOrthomorphic {
        /// Mean standard latitude \[deg\].
        sigma: f64,
        /// Half of their difference \[deg\].
        delta: f64,
    },
    /// BON: parallels are concentric circles, areas are true.
    BonneEqualArea {
        /// Latitude of true shape \[deg\].
        theta1: f64,
    },
    /// PCO: parallels are circles of true length.
    Polyconic,
    /// TSC: from the centre onto a cube.
    TangentialSphericalCube,
    /// CSC: the cube of COBE.
    CobeQuadSphericalCube,
    /// QSC: a cube, areas are true.
    QuadSphericalCube,
    /// HPX: `HEALPix` with `h` facets along the equator and `k` from pole to pole.
    Healpix {
        /// Facets along the equator.
        h: f64,
        /// Facets from pole to pole.
        k: f64,
    },
    /// XPH: `HEALPix` with the north pole in the middle.
    HealpixPolar,
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

    /// Whether it is onto a plane that touches the pole.
    pub fn is_zenithal(self) -> bool {
        matches!(
            self,
            Self::Gnomonic
                | Self::Stereographic
                | Self::SlantOrthographic { .. }
                | Self::ZenithalEquidistant
                | Self::ZenithalEqualArea
                | Self::ZenithalPerspective { .. }
                | Self::SlantZenithalPerspective { .. }
                | Self::Airy { .. }
        )
    }

    /// Native latitude of the reference point \[deg\], of which the coordinates in the plane are 0.
    pub fn reference_latitude(self) -> f64 {
        match self {
            Self::HealpixPolar => 90.0,
            Self::ConicPerspective { sigma, .. }
            | Self::ConicEqualArea { sigma, .. }
            | Self::ConicEquidistant { sigma, .. }
            | Self::ConicOrthomorphic { sigma, .. } => sigma,
            projection if projection.is_zenithal() => 90.0,
            _ => 0.0,
        }
    }

    /// The cone of a conic projection.
    fn cone(self) -> Option<Cone> {
        let (kind, sigma, delta) = match self {
            Self::ConicPerspective { sigma, delta } => (conic::Kind::Perspective, sigma, delta),
            Self::ConicEqualArea { sigma, delta } => (conic::Kind::EqualArea, sigma, delta),
            Self::ConicEquidistant { sigma, delta } => (conic::Kind::Equidistant, sigma, delta),
            Self::ConicOrthomorphic { sigma, delta } => (conic::Kind::Orthomorphic, sigma, delta),
            _ => return None,
        };
        Some(Cone::new(kind, sigma, delta))
    }

    /// Longitude and latitude of a point of the plane.
    fn sky_at(self, point: [f64; 2]) -> [f64; 2] {
        on_the_sphere(self.unbounded_sky_at(point))
    }

    /// As [`Projection::sky_at`], but points beyond the edge of the sphere may have angles of more than half a circle.
    fn unbounded_sky_at(self, point: [f64; 2]) -> [f64; 2] {
        match self {
            Self::ZenithalPerspective { mu, gamma } => Tilted { mu, gamma }.to_sky(point),
            Self::SlantZenithalPerspective { mu, phi0, theta0 } => {
                Slanted::new(mu, phi0, theta0).to_sky(point)
            }
            Self::Airy { theta_b } => {
                zenithal::to_sky(point, |radius| perspective::airy_latitude(radius, theta_b))
            }
            Self::BonneEqualArea { theta1 } => polyconic::bonne_to_sky(point, theta1),
            Self::Polyconic => polyconic::polyconic_to_sky(point),
            Self::TangentialSphericalCube => cube::to_sky(point, cube::Kind::Tangential),
            Self::CobeQuadSphericalCube => cube::to_sky(point, cube::Kind::Cobe),
            Self::QuadSphericalCube => cube::to_sky(point, cube::Kind::Quadrilateralized),
            Self::Healpix { h, k } => healpix::Grid::new(h, k).to_sky(point),
            Self::HealpixPolar => healpix::polar_to_sky(point),
            Self::ConicPerspective { .. }
            | Self::ConicEqualArea { .. }
            | Self::ConicEquidistant { .. }
            | Self::ConicOrthomorphic { .. } => {
                self.cone().map_or([f64::NAN; 2], |cone| cone.to_sky(point))
            }
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
            Self::ZenithalPerspective { mu, gamma } => Tilted { mu, gamma }.to_pixel(sky),
            Self::SlantZenithalPerspective { mu, phi0, theta0 } => {
                Slanted::new(mu, phi0, theta0).to_pixel(sky)
            }
            Self::Airy { theta_b } => {
                zenithal::to_pixel(sky, |latitude| perspective::airy_radius(latitude, theta_b))
            }
            Self::BonneEqualArea { theta1 } => polyconic::bonne_to_pixel(sky, theta1),
            Self::Polyconic => polyconic::polyconic_to_pixel(sky),
            Self::TangentialSphericalCube => cube::to_pixel(sky, cube::Kind::Tangential),
            Self::CobeQuadSphericalCube => cube::to_pixel(sky, cube::Kind::Cobe),
            Self::QuadSphericalCube => cube::to_pixel(sky, cube::Kind::Quadrilateralized),
            Self::Healpix { h, k } => healpix::Grid::new(h, k).to_pixel(sky),
            Self::HealpixPolar => healpix::polar_to_pixel(sky),
            Self::ConicPerspective { .. }
            | Self::ConicEqualArea { .. }
            | Self::ConicEquidistant { .. }
            | Self::ConicOrthomorphic { .. } => {
                self.cone().map_or([f64::NAN; 2], |cone| cone.to_pixel(sky))
            }
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

/// The tangent projection, which needs no angles.
impl Directional for Projector {
    fn takes(&self) -> bool {
        false
    }

    fn gives(&self) -> bool {
        self.direction == Direction::PixelToSky
    }

    fn evaluate_vectors(&self, vectors: Vectors, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        if !vectors.given {
            return self.evaluate(inputs, outputs);
        }
        let ([x, y, ..], [l, m, n, ..]) = (inputs, outputs) else {
            return;
        };
        // Of the distance 1 from the pole's plane: cos φ = -y, sin φ = x, tan θ = 1 / √(x² + y²), all but for a factor.
        for (l, y) in l.iter_mut().zip(*y) {
            *l = -y;
        }
        m.copy_from_slice(x);
        n.fill(RADIAN);
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

    fn directional(&self) -> Option<&dyn Directional> {
        let tangent = matches!(self.projection, Projection::Gnomonic);
        (tangent && self.direction == Direction::PixelToSky).then_some(self)
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

/// The angles, if they are those of a point of the sphere, but for rounding.
fn on_the_sphere([phi, theta]: [f64; 2]) -> [f64; 2] {
    const ROUNDING: f64 = 1e-12;
    if phi.abs() <= 180.0 + ROUNDING && theta.abs() <= 90.0 + ROUNDING {
        [phi.clamp(-180.0, 180.0), theta.clamp(-90.0, 90.0)]
    } else {
        [f64::NAN; 2]
    }
}

/// The argument of an arc sine, without rounding errors just beyond 1.
fn within_one(value: f64) -> f64 {
    if value.abs() < 1.0 + 1e-12 {
        value.clamp(-1.0, 1.0)
    } else {
        f64::NAN
    }
}
