//! Aberration of light by the velocity of an observatory.
//!
//! A source in the direction of the unit vector u is seen, with β = v / c and γ = (1 - β²)^-½, in the direction
//!
//! ```text
//! u' = (u / γ + β (1 + (1 - 1/γ) (u·β) / β²)) / (1 + u·β)
//! ```
//!
//! and a small field around it is seen smaller by the factor γ (1 + u·β).
//!
//! # Source
//! JWST-STScI-007559 (Stone 2021); stcal 1.20.0 `velocity_aberration.compute_va_effects`.

#[cfg(test)]
mod tests;

/// Speed of light \[km/s\].
const LIGHT_KM_S: f64 = 299_792.458;

/// What the velocity does to a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aberration {
    /// Angles of the true field over angles as they are seen.
    pub scale_factor: f64,
    /// Right ascension, from 0 to 360, and declination at which the field is seen \[deg\].
    pub apparent_deg: [f64; 2],
}

/// The aberration of a field at right ascension and declination `field_deg` \[deg\] for a barycentric velocity \[km/s\].
///
/// ```
/// use stcal::velocity_aberration::aberration;
/// // Towards a source the field shrinks and stays where it is.
/// let towards = aberration([29.9792458, 0.0, 0.0], [0.0, 0.0]);
/// assert!((towards.scale_factor - 1.0001).abs() < 1e-8);
/// assert!(towards.apparent_deg[1].abs() < 1e-12);
/// ```
pub fn aberration(velocity_km_s: [f64; 3], field_deg: [f64; 2]) -> Aberration {
    let [(sin_lon, cos_lon), (sin_lat, cos_lat)] = field_deg.map(|a| a.to_radians().sin_cos());
    let source = [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat];
    let beta = velocity_km_s.map(|v| v / LIGHT_KM_S);
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let beta_squared = dot(beta, beta);
    if beta_squared == 0.0 {
        return Aberration {
            scale_factor: 1.0,
            apparent_deg: direction(source),
        };
    }
    let along = dot(source, beta);
    let inverse_gamma = (1.0 - beta_squared).sqrt();
    let pull = 1.0 + (1.0 - inverse_gamma) * along / beta_squared;
    let seen = std::array::from_fn(|axis| {
        (inverse_gamma * source[axis] + beta[axis] * pull) / (1.0 + along)
    });
    Aberration {
        scale_factor: (1.0 + along) / inverse_gamma,
        apparent_deg: direction(seen),
    }
}

/// Longitude, from 0 to 360, and latitude of a vector \[deg\].
fn direction([x, y, z]: [f64; 3]) -> [f64; 2] {
    let longitude = y.atan2(x).to_degrees();
    let longitude = if longitude < 0.0 {
        longitude + 360.0
    } else {
        longitude
    };
    [longitude, z.atan2(x.hypot(y)).to_degrees()]
}
