//! Projections onto a plane that touches the pole: the native longitude is an angle in the plane, the latitude a
//! distance from the pole.

use super::RADIAN;

/// Equations 14 and 15, with the latitude \[deg\] as a function of the distance from the pole \[deg\].
pub(super) fn to_sky([x, y]: [f64; 2], latitude: impl Fn(f64) -> f64) -> [f64; 2] {
    let radius = x.hypot(y);
    let longitude = if radius == 0.0 {
        0.0
    } else {
        x.atan2(-y).to_degrees()
    };
    [longitude, latitude(radius)]
}

/// Equations 12 and 13, with the distance from the pole \[deg\] as a function of the latitude \[deg\].
pub(super) fn to_pixel([phi, theta]: [f64; 2], radius: impl Fn(f64) -> f64) -> [f64; 2] {
    let (sin, cos) = phi.to_radians().sin_cos();
    let radius = radius(theta);
    [radius * sin, -radius * cos]
}

pub(super) fn gnomonic_latitude(radius: f64) -> f64 {
    RADIAN.atan2(radius).to_degrees()
}

/// Equation 54. The other half of the sphere is out of reach.
pub(super) fn gnomonic_radius(theta: f64) -> f64 {
    let (sin, cos) = theta.to_radians().sin_cos();
    if sin > 0.0 {
        RADIAN * cos / sin
    } else {
        f64::NAN
    }
}

pub(super) fn stereographic_latitude(radius: f64) -> f64 {
    90.0 - 2.0 * (radius / (2.0 * RADIAN)).atan().to_degrees()
}

/// Equation 56.
pub(super) fn stereographic_radius(theta: f64) -> f64 {
    if theta == -90.0 {
        return f64::NAN;
    }
    2.0 * RADIAN * ((90.0 - theta) / 2.0).to_radians().tan()
}

pub(super) fn equal_area_latitude(radius: f64) -> f64 {
    90.0 - 2.0 * (radius / (2.0 * RADIAN)).asin().to_degrees()
}

/// Equation 69.
pub(super) fn equal_area_radius(theta: f64) -> f64 {
    2.0 * RADIAN * ((90.0 - theta) / 2.0).to_radians().sin()
}

/// Equations 61 and 62.
pub(super) fn slant_to_pixel([phi, theta]: [f64; 2], xi: f64, eta: f64) -> [f64; 2] {
    let (sin_phi, cos_phi) = phi.to_radians().sin_cos();
    let (sin_theta, cos_theta) = theta.to_radians().sin_cos();
    // What lies on the far side of the slanted plane is hidden.
    let limit = -(xi * sin_phi - eta * cos_phi).atan().to_degrees();
    if theta < limit {
        return [f64::NAN; 2];
    }
    let lift = 1.0 - sin_theta;
    [
        RADIAN * (cos_theta * sin_phi + xi * lift),
        -RADIAN * (cos_theta * cos_phi - eta * lift),
    ]
}

/// The inverse of equations 61 and 62, as the larger solution of a quadratic equation in the sine of the latitude.
pub(super) fn slant_to_sky([x, y]: [f64; 2], xi: f64, eta: f64) -> [f64; 2] {
    let (x, y) = (x / RADIAN, y / RADIAN);
    let (dx, dy) = (x - xi, y - eta);
    let a = 1.0 + xi * xi + eta * eta;
    let b = xi * dx + eta * dy;
    let c = dx * dx + dy * dy - 1.0;
    let root = (b * b - a * c).sqrt();
    let sine = [(-b + root) / a, (-b - root) / a]
        .into_iter()
        .filter(|sine| sine.abs() <= 1.0 + 1e-13)
        .fold(f64::NAN, f64::max)
        .clamp(-1.0, 1.0);
    let lift = 1.0 - sine;
    let (across, down) = (x - xi * lift, -(y - eta * lift));
    let longitude = if across == 0.0 && down == 0.0 {
        0.0
    } else {
        across.atan2(down).to_degrees()
    };
    // Near the pole the sine has lost its digits, the distance has not.
    let latitude = sine.atan2(across.hypot(down)).to_degrees();
    if sine.is_nan() {
        return [f64::NAN; 2];
    }
    [longitude, latitude]
}
