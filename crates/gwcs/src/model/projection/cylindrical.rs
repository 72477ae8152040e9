//! Projections onto a cylinder, and those of the whole sphere that derive from them.

use std::f64::consts::{PI, SQRT_2};

use super::{RADIAN, within_one};

/// Equations 79 and 80.
pub(super) fn perspective_to_pixel([phi, theta]: [f64; 2], mu: f64, lambda: f64) -> [f64; 2] {
    let (sin, cos) = theta.to_radians().sin_cos();
    let below = mu + cos;
    if below == 0.0 {
        return [f64::NAN; 2];
    }
    [lambda * phi, RADIAN * (mu + lambda) / below * sin]
}

pub(super) fn perspective_to_sky([x, y]: [f64; 2], mu: f64, lambda: f64) -> [f64; 2] {
    let eta = y / (RADIAN * (mu + lambda));
    let theta = eta.atan2(1.0) + (eta * mu / (eta * eta + 1.0).sqrt()).asin();
    [x / lambda, theta.to_degrees()]
}

/// Equation 85.
pub(super) fn equal_area_to_pixel([phi, theta]: [f64; 2], lambda: f64) -> [f64; 2] {
    [phi, RADIAN / lambda * theta.to_radians().sin()]
}

pub(super) fn equal_area_to_sky([x, y]: [f64; 2], lambda: f64) -> [f64; 2] {
    [x, within_one(y * lambda / RADIAN).asin().to_degrees()]
}

/// Equation 88.
pub(super) fn mercator_to_pixel([phi, theta]: [f64; 2]) -> [f64; 2] {
    if theta.abs() >= 90.0 {
        return [f64::NAN; 2];
    }
    [
        phi,
        RADIAN * f64::midpoint(90.0, theta).to_radians().tan().ln(),
    ]
}

pub(super) fn mercator_to_sky([x, y]: [f64; 2]) -> [f64; 2] {
    [x, 2.0 * (y / RADIAN).exp().atan().to_degrees() - 90.0]
}

/// Equations 90 and 91.
pub(super) fn sinusoidal_to_pixel([phi, theta]: [f64; 2]) -> [f64; 2] {
    [phi * theta.to_radians().cos(), theta]
}

pub(super) fn sinusoidal_to_sky([x, y]: [f64; 2]) -> [f64; 2] {
    let cos = y.to_radians().cos();
    let phi = if cos == 0.0 { 0.0 } else { x / cos };
    [phi, y]
}

/// Equations 93 and 94.
pub(super) fn parabolic_to_pixel([phi, theta]: [f64; 2]) -> [f64; 2] {
    let sine = (theta / 3.0).to_radians().sin();
    [phi * (1.0 - 4.0 * sine * sine), 180.0 * sine]
}

pub(super) fn parabolic_to_sky([x, y]: [f64; 2]) -> [f64; 2] {
    let sine = y / 180.0;
    let width = 1.0 - 4.0 * sine * sine;
    let phi = if width == 0.0 { 0.0 } else { x / width };
    [phi, 3.0 * within_one(sine).asin().to_degrees()]
}

/// Equations 97 to 99; the auxiliary angle by Newton's method.
pub(super) fn mollweide_to_pixel([phi, theta]: [f64; 2]) -> [f64; 2] {
    if theta.abs() == 90.0 {
        return [0.0, RADIAN * SQRT_2 * theta.signum()];
    }
    let angle = mollweide_angle(PI * theta.to_radians().sin());
    let (sin, cos) = (angle / 2.0).sin_cos();
    [2.0 * SQRT_2 / PI * phi * cos, RADIAN * SQRT_2 * sin]
}

/// The angle γ with γ + sin γ = `target`. Newton's method, inside of an interval that shrinks: near the poles the slope
/// vanishes.
fn mollweide_angle(target: f64) -> f64 {
    let (mut low, mut high) = (-PI, PI);
    let mut angle = target / 2.0;
    for _ in 0..200 {
        let excess = angle + angle.sin() - target;
        if excess > 0.0 {
            high = angle;
        } else {
            low = angle;
        }
        let newton = angle - excess / (1.0 + angle.cos());
        let next = if low < newton && newton < high {
            newton
        } else {
            f64::midpoint(low, high)
        };
        if (next - angle).abs() < 1e-16 {
            return next;
        }
        angle = next;
    }
    angle
}

pub(super) fn mollweide_to_sky([x, y]: [f64; 2]) -> [f64; 2] {
    let height = y / RADIAN;
    let width = (2.0 - height * height)
        .max(if height.abs() < SQRT_2 + 1e-12 {
            0.0
        } else {
            f64::NEG_INFINITY
        })
        .sqrt();
    let sine = 2.0 / PI * within_one(height / SQRT_2).asin() + height * width / PI;
    let phi = if width == 0.0 {
        0.0
    } else {
        PI * x / (2.0 * width)
    };
    [phi, within_one(sine).asin().to_degrees()]
}

/// Equations 103 to 105.
pub(super) fn aitoff_to_pixel([phi, theta]: [f64; 2]) -> [f64; 2] {
    let (sin_half, cos_half) = (phi / 2.0).to_radians().sin_cos();
    let (sin, cos) = theta.to_radians().sin_cos();
    let gamma = RADIAN * (2.0 / (1.0 + cos * cos_half)).sqrt();
    [2.0 * gamma * cos * sin_half, gamma * sin]
}

pub(super) fn aitoff_to_sky([x, y]: [f64; 2]) -> [f64; 2] {
    let (x, y) = (x / RADIAN, y / RADIAN);
    let z_squared = 1.0 - x * x / 16.0 - y * y / 4.0;
    if z_squared < 0.5 - 1e-13 {
        return [f64::NAN; 2];
    }
    let z = z_squared.max(0.5).sqrt();
    let phi = 2.0 * (z * x / 2.0).atan2(2.0 * z * z - 1.0);
    [phi.to_degrees(), within_one(y * z).asin().to_degrees()]
}
