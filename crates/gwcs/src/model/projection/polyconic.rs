//! Bonne's projection and the polyconic one.

use super::{RADIAN, cylindrical};

/// BON, equations 138 to 141; at the equator it is the sinusoidal one.
pub(super) fn bonne_to_pixel([phi, theta]: [f64; 2], standard: f64) -> [f64; 2] {
    if standard == 0.0 {
        return cylindrical::sinusoidal_to_pixel([phi, theta]);
    }
    let apex = bonne_apex(standard);
    let radius = apex - theta;
    let around = if radius == 0.0 {
        0.0
    } else {
        phi * theta.to_radians().cos() / radius
    };
    let (sin, cos) = around.sin_cos();
    [radius * sin, apex - radius * cos]
}

pub(super) fn bonne_to_sky([x, y]: [f64; 2], standard: f64) -> [f64; 2] {
    if standard == 0.0 {
        return cylindrical::sinusoidal_to_sky([x, y]);
    }
    let apex = bonne_apex(standard);
    let down = apex - y;
    let radius = x.hypot(down).copysign(standard);
    let around = if radius == 0.0 {
        0.0
    } else {
        (x / radius).atan2(down / radius)
    };
    let theta = apex - radius;
    let cos = theta.to_radians().cos();
    let phi = if cos == 0.0 {
        0.0
    } else {
        around * radius / cos
    };
    [phi, theta]
}

/// Distance of the centre of the circles from the origin \[deg\].
fn bonne_apex(standard: f64) -> f64 {
    RADIAN / standard.to_radians().tan() + standard
}

/// PCO, equations 142 and 143.
pub(super) fn polyconic_to_pixel([phi, theta]: [f64; 2]) -> [f64; 2] {
    if theta == 0.0 {
        return [phi, 0.0];
    }
    let (sin, cos) = theta.to_radians().sin_cos();
    let angle = (phi * sin).to_radians();
    // 1 - cos loses its digits near the equator.
    let half = (angle / 2.0).sin();
    [
        RADIAN * cos / sin * angle.sin(),
        theta + RADIAN * cos / sin * 2.0 * half * half,
    ]
}

/// Equation 144: the latitude is the root of a function between the equator and `y`.
pub(super) fn polyconic_to_sky([x, y]: [f64; 2]) -> [f64; 2] {
    if y.is_nan() || x.is_nan() {
        return [f64::NAN; 2];
    }
    if y == 0.0 {
        return [x, 0.0];
    }
    if (y.abs() - 90.0).abs() < 1e-12 {
        return [0.0, 90.0_f64.copysign(y)];
    }
    // As a function of the latitude, multiplied with its tangent so that it is finite at the equator.
    let excess = |theta: f64| {
        let above = y - theta;
        (x * x + above * above) * theta.to_radians().tan() - 2.0 * RADIAN * above
    };
    let (mut low, mut high) = (0.0, y.clamp(-90.0, 90.0));
    let sign = y.signum();
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle == low || middle == high {
            break;
        }
        if excess(middle) * sign < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let theta = f64::midpoint(low, high);
    let (sin, cos) = theta.to_radians().sin_cos();
    let tan = sin / cos;
    let angle = (x * tan / RADIAN).atan2(1.0 - (y - theta) * tan / RADIAN);
    let phi = if sin == 0.0 {
        x
    } else {
        angle.to_degrees() / sin
    };
    if excess(theta).abs() > 1e-6 * (x * x + y * y + 1.0) {
        return [f64::NAN; 2];
    }
    [phi, theta]
}
