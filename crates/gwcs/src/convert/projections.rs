//! Projections by their names in files.

use asdf::Node;

use super::ConvertError;
use super::fields::Fields;
use crate::model::{Direction, Projection, Projector};

/// Name and parameters of a projection in files.
pub(super) fn described(projection: Projection) -> (&'static str, Vec<(&'static str, f64)>) {
    use Projection as P;
    let cone = |sigma, delta| vec![("sigma", sigma), ("delta", delta)];
    match projection {
        P::ZenithalPerspective { mu, gamma } => (
            "zenithal_perspective-1.5.0",
            vec![("mu", mu), ("gamma", gamma)],
        ),
        P::SlantZenithalPerspective { mu, phi0, theta0 } => (
            "slant_zenithal_perspective-1.4.0",
            vec![("mu", mu), ("phi0", phi0), ("theta0", theta0)],
        ),
        P::Airy { theta_b } => ("airy-1.4.0", vec![("theta_b", theta_b)]),
        P::Gnomonic => ("gnomonic-1.4.0", vec![]),
        P::Stereographic => ("stereographic-1.4.0", vec![]),
        P::SlantOrthographic { xi, eta } => {
            ("slant_orthographic-1.4.0", vec![("xi", xi), ("eta", eta)])
        }
        P::ZenithalEquidistant => ("zenithal_equidistant-1.4.0", vec![]),
        P::ZenithalEqualArea => ("zenithal_equal_area-1.4.0", vec![]),
        P::CylindricalPerspective { mu, lambda } => (
            "cylindrical_perspective-1.5.0",
            vec![("mu", mu), ("lam", lambda)],
        ),
        P::CylindricalEqualArea { lambda } => {
            ("cylindrical_equal_area-1.5.0", vec![("lam", lambda)])
        }
        P::PlateCarree => ("plate_carree-1.4.0", vec![]),
        P::Mercator => ("mercator-1.4.0", vec![]),
        P::SansonFlamsteed => ("sanson_flamsteed-1.4.0", vec![]),
        P::Parabolic => ("parabolic-1.4.0", vec![]),
        P::Mollweide => ("molleweide-1.4.0", vec![]),
        P::HammerAitoff => ("hammer_aitoff-1.4.0", vec![]),
        P::ConicPerspective { sigma, delta } => ("conic_perspective-1.5.0", cone(sigma, delta)),
        P::ConicEqualArea { sigma, delta } => ("conic_equal_area-1.5.0", cone(sigma, delta)),
        P::ConicEquidistant { sigma, delta } => ("conic_equidistant-1.5.0", cone(sigma, delta)),
        P::ConicOrthomorphic { sigma, delta } => ("conic_orthomorphic-1.5.0", cone(sigma, delta)),
        P::BonneEqualArea { theta1 } => ("bonne_equal_area-1.5.0", vec![("theta1", theta1)]),
        P::Polyconic => ("polyconic-1.4.0", vec![]),
        P::TangentialSphericalCube => ("tangential_spherical_cube-1.4.0", vec![]),
        P::CobeQuadSphericalCube => ("cobe_quad_spherical_cube-1.4.0", vec![]),
        P::QuadSphericalCube => ("quad_spherical_cube-1.4.0", vec![]),
        P::Healpix { h, k } => ("healpix-1.4.0", vec![("H", h), ("X", k)]),
        P::HealpixPolar => ("healpix_polar-1.4.0", vec![]),
    }
}

/// The projection of a name, if it is one.
pub(super) fn projector(
    name: &str,
    fields: &Fields<'_>,
) -> Result<Option<Projector>, ConvertError> {
    use Projection as P;
    let number = |property: &str, default: f64| fields.number_or(property, default);
    // The schemas call it lambda, what astropy writes is lam.
    let lambda = || match fields.get("lam") {
        Some(_) => fields.number("lam"),
        None => number("lambda", 1.0),
    };
    let cone = || Ok::<_, ConvertError>((number("sigma", 90.0)?, number("delta", 0.0)?));
    let projection = match name {
        "zenithal_perspective" => P::ZenithalPerspective {
            mu: number("mu", 0.0)?,
            gamma: number("gamma", 0.0)?,
        },
        "slant_zenithal_perspective" => P::SlantZenithalPerspective {
            mu: number("mu", 0.0)?,
            phi0: number("phi0", 0.0)?,
            theta0: number("theta0", 90.0)?,
        },
        "airy" => P::Airy {
            theta_b: number("theta_b", 90.0)?,
        },
        "gnomonic" => P::Gnomonic,
        "stereographic" => P::Stereographic,
        "slant_orthographic" => P::SlantOrthographic {
            xi: number("xi", 0.0)?,
            eta: number("eta", 0.0)?,
        },
        "zenithal_equidistant" => P::ZenithalEquidistant,
        "zenithal_equal_area" => P::ZenithalEqualArea,
        "cylindrical_perspective" => P::CylindricalPerspective {
            mu: number("mu", 1.0)?,
            lambda: lambda()?,
        },
        "cylindrical_equal_area" => P::CylindricalEqualArea { lambda: lambda()? },
        "plate_carree" => P::PlateCarree,
        "mercator" => P::Mercator,
        "sanson_flamsteed" => P::SansonFlamsteed,
        "parabolic" => P::Parabolic,
        "molleweide" => P::Mollweide,
        "hammer_aitoff" => P::HammerAitoff,
        "conic_perspective" => {
            let (sigma, delta) = cone()?;
            P::ConicPerspective { sigma, delta }
        }
        "conic_equal_area" => {
            let (sigma, delta) = cone()?;
            P::ConicEqualArea { sigma, delta }
        }
        "conic_equidistant" => {
            let (sigma, delta) = cone()?;
            P::ConicEquidistant { sigma, delta }
        }
        "conic_orthomorphic" => {
            let (sigma, delta) = cone()?;
            P::ConicOrthomorphic { sigma, delta }
        }
        "bonne_equal_area" => P::BonneEqualArea {
            theta1: number("theta1", 0.0)?,
        },
        "polyconic" => P::Polyconic,
        "tangential_spherical_cube" => P::TangentialSphericalCube,
        "cobe_quad_spherical_cube" => P::CobeQuadSphericalCube,
        "quad_spherical_cube" => P::QuadSphericalCube,
        "healpix" => P::Healpix {
            h: number("H", 4.0)?,
            k: number("X", 3.0)?,
        },
        "healpix_polar" => P::HealpixPolar,
        _ => return Ok(None),
    };
    let direction = match fields.require("direction").map(Node::as_str)? {
        Some("pix2sky") => Direction::PixelToSky,
        Some("sky2pix") => Direction::SkyToPixel,
        _ => return Err(fields.error("direction", "pix2sky or sky2pix")),
    };
    Ok(Some(Projector {
        projection,
        direction,
    }))
}
