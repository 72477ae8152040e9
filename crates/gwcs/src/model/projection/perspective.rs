//! Zenithal projections from any point, upright or slanted, and Airy's.

use super::RADIAN;

/// AZP, equations 20 and 21: from a point `mu` radii below the centre onto a plane tilted by `gamma` \[deg\].
#[derive(Debug, Clone, Copy)]
pub(super) struct Tilted {
    pub(super) mu: f64,
    pub(super) gamma: f64,
}

impl Tilted {
    pub(super) fn to_pixel(self, [phi, theta]: [f64; 2]) -> [f64; 2] {
        let mu = self.mu;
        let (sin_phi, cos_phi) = phi.to_radians().sin_cos();
        let (sin, cos) = theta.to_radians().sin_cos();
        let gamma = self.gamma.to_radians();
        let slope = gamma.tan() * cos_phi;
        let below = mu + sin + cos * slope;
        let overlaps = mu.abs() > 1.0 && theta < (-1.0 / mu).asin().to_degrees();
        let hidden = overlaps
            || (mu * gamma.cos()).abs() < 1.0
                && diverges_below(-slope.atan(), mu / (1.0 + slope * slope).sqrt())
                    .is_some_and(|limit| theta < limit);
        if below == 0.0 || hidden {
            return [f64::NAN; 2];
        }
        let radius = RADIAN * (mu + 1.0) * cos / below;
        [radius * sin_phi, -radius * cos_phi / gamma.cos()]
    }

    /// Equations 22 to 24.
    pub(super) fn to_sky(self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (sin_gamma, cos_gamma) = self.gamma.to_radians().sin_cos();
        let down = -y * cos_gamma;
        let radius = x.hypot(down);
        if radius == 0.0 {
            return [0.0, 90.0];
        }
        let rho = radius / (RADIAN * (self.mu + 1.0) + y * sin_gamma);
        let sine = rho * self.mu / (rho * rho + 1.0).sqrt();
        let sine = if (1.0..1.0 + 1e-13).contains(&sine.abs()) {
            sine.signum()
        } else {
            sine
        };
        let psi = 1.0_f64.atan2(rho).to_degrees();
        let omega = sine.asin().to_degrees();
        let theta = below_pole(psi - omega).max(below_pole(psi + omega + 180.0));
        // `max` ignores what is not a number.
        if omega.is_nan() {
            return [f64::NAN; 2];
        }
        [x.atan2(down).to_degrees(), theta]
    }
}

/// The same angle, at most 90°.
fn below_pole(angle: f64) -> f64 {
    if angle > 90.0 { angle - 360.0 } else { angle }
}

/// The latitude below which rays diverge from the plane, if there is one.
fn diverges_below(tilt: f64, sine: f64) -> Option<f64> {
    (sine.abs() <= 1.0).then(|| {
        let (tilt, angle) = (tilt.to_degrees(), sine.asin().to_degrees());
        below_pole(tilt - angle).max(below_pole(tilt + angle + 180.0))
    })
}

/// SZP, equations 30 to 33: from a point `mu` radii from the centre in the direction opposite to (`phi`, `theta`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Slanted {
    x: f64,
    y: f64,
    z: f64,
}

impl Slanted {
    pub(super) fn new(mu: f64, phi: f64, theta: f64) -> Self {
        let (sin_phi, cos_phi) = phi.to_radians().sin_cos();
        let (sin, cos) = theta.to_radians().sin_cos();
        Self {
            x: -mu * cos * sin_phi,
            y: mu * cos * cos_phi,
            z: mu * sin + 1.0,
        }
    }

    pub(super) fn to_pixel(self, [phi, theta]: [f64; 2]) -> [f64; 2] {
        let (sin_phi, cos_phi) = phi.to_radians().sin_cos();
        let (sin, cos) = theta.to_radians().sin_cos();
        let lift = 1.0 - sin;
        let below = self.z - lift;
        if below == 0.0 || self.hides([sin_phi, cos_phi], theta) {
            return [f64::NAN; 2];
        }
        [
            RADIAN * (self.z * cos * sin_phi - self.x * lift) / below,
            -RADIAN * (self.z * cos * cos_phi + self.y * lift) / below,
        ]
    }

    /// Whether another point of the sphere lies between this one and the plane, or its ray misses the plane.
    fn hides(self, [sin_phi, cos_phi]: [f64; 2], theta: f64) -> bool {
        let sine = 1.0 - self.z;
        if sine.abs() <= 1.0 && theta < sine.asin().to_degrees() {
            return true;
        }
        let height = self.z - 1.0;
        let distance = (self.x * self.x + self.y * self.y + height * height).sqrt();
        if distance <= 1.0 {
            return false;
        }
        let across = self.x * sin_phi - self.y * cos_phi;
        diverges_below(across.atan2(height), 1.0 / height.hypot(across))
            .is_some_and(|limit| theta < limit)
    }

    pub(super) fn to_sky(self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (x, y) = (x / RADIAN, y / RADIAN);
        if x == 0.0 && y == 0.0 {
            return [0.0, 90.0];
        }
        // Both coordinates are linear in the height of the point below the pole.
        let (slope_x, slope_y) = ((x - self.x) / self.z, (y - self.y) / self.z);
        let (start_x, start_y) = (x - slope_x, y - slope_y);
        let a = slope_x * slope_x + slope_y * slope_y + 1.0;
        let b = slope_x * start_x + slope_y * start_y;
        let c = start_x * start_x + start_y * start_y - 1.0;
        let root = (b * b - a * c).sqrt();
        let sine = [(-b + root) / a, (-b - root) / a]
            .into_iter()
            .filter(|sine| sine.abs() <= 1.0 + 1e-13)
            .fold(f64::NAN, f64::max)
            .clamp(-1.0, 1.0);
        if sine.is_nan() {
            return [f64::NAN; 2];
        }
        let lift = 1.0 - sine;
        let (across, down) = (x - slope_x * lift, -(y - slope_y * lift));
        // Near the pole the sine has lost its digits, the distance has not.
        [
            across.atan2(down).to_degrees(),
            sine.atan2(across.hypot(down)).to_degrees(),
        ]
    }
}

/// AIR, equations 41 and 42: least distortion down to the latitude `bound` \[deg\].
pub(super) fn airy_radius(theta: f64, bound: f64) -> f64 {
    if theta <= -90.0 {
        return f64::NAN;
    }
    airy(((90.0 - theta) / 2.0).to_radians(), airy_weight(bound))
}

/// The radius \[deg\] for half the distance from the pole \[rad\].
fn airy(half: f64, weight: f64) -> f64 {
    if half == 0.0 {
        return 0.0;
    }
    let tan = half.tan();
    // ln cos without loss of digits near the pole.
    let logarithm = (-2.0 * (half / 2.0).sin().powi(2)).ln_1p();
    -2.0 * RADIAN * (logarithm / tan + weight * tan)
}

fn airy_weight(bound: f64) -> f64 {
    if bound == 90.0 {
        return -0.5;
    }
    let half = ((90.0 - bound) / 2.0).to_radians();
    half.cos().ln() / half.tan().powi(2)
}

/// The inverse of [`airy_radius`], by bisection: the radius grows with the distance from the pole as far as it is used.
pub(super) fn airy_latitude(radius: f64, bound: f64) -> f64 {
    if radius == 0.0 {
        return 90.0;
    }
    let weight = airy_weight(bound);
    let (mut low, mut high) = (0.0, std::f64::consts::FRAC_PI_2 * (1.0 - 1e-12));
    if radius.is_nan() || airy(high, weight) < radius {
        return f64::NAN;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if airy(middle, weight) < radius {
            low = middle;
        } else {
            high = middle;
        }
    }
    90.0 - 2.0 * f64::midpoint(low, high).to_degrees()
}
