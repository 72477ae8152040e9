//! `HEALPix` projections of the whole sphere.
//!
//! # Source
//! Calabretta & Roukema 2007, doi:10.1111/j.1365-2966.2007.12297.x, section 5, and Calabretta & Lowe 2013,
//! doi:10.1017/pasa.2013.45.

use super::within_one;

/// HPX, with `h` facets along the equator and `k` of them from pole to pole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    h: f64,
    k: f64,
}

impl Grid {
    pub(super) fn new(h: f64, k: f64) -> Self {
        Self { h, k }
    }

    /// Longitude of the middle of the facet column at `x`, in the cap of the sign of `y`.
    fn centre(self, x: f64, y: f64) -> f64 {
        let odd = (self.k % 2.0 != 0.0) || y > 0.0;
        let omega = if odd { 1.0 } else { 0.0 };
        let column = ((x + 180.0) * self.h / 360.0 + (1.0 - omega) / 2.0).floor();
        -180.0 + (2.0 * column + omega) * 180.0 / self.h
    }

    pub(super) fn to_pixel(self, [phi, theta]: [f64; 2]) -> [f64; 2] {
        let sin = theta.to_radians().sin();
        if sin.abs() <= (self.k - 1.0) / self.k {
            return [phi, 90.0 * self.k / self.h * sin];
        }
        let sigma = cap_width(theta, self.k);
        let centre = self.centre(phi, theta);
        let y = 180.0 / self.h * (f64::midpoint(self.k, 1.0) - sigma);
        [centre + (phi - centre) * sigma, y.copysign(theta)]
    }

    pub(super) fn to_sky(self, [x, y]: [f64; 2]) -> [f64; 2] {
        if y.abs() <= 90.0 / self.h * (self.k - 1.0) {
            return [
                x,
                within_one(y * self.h / (90.0 * self.k)).asin().to_degrees(),
            ];
        }
        let sigma = f64::midpoint(self.k, 1.0) - y.abs() * self.h / 180.0;
        if sigma < -1e-12 || sigma.is_nan() {
            return [f64::NAN; 2];
        }
        let centre = self.centre(x, y);
        let aside = x - centre;
        // The facets taper towards the pole; beside them there is nothing.
        if aside.abs() > 180.0 / self.h * sigma + 1e-10 {
            return [f64::NAN; 2];
        }
        let phi = if sigma <= 0.0 {
            centre
        } else {
            centre + aside / sigma
        };
        [phi, cap_latitude(sigma, self.k).copysign(y)]
    }
}

/// √(K (1 − |sin θ|)), with all digits at the pole.
fn cap_width(theta: f64, k: f64) -> f64 {
    let half = ((90.0 - theta.abs()) / 2.0).to_radians().sin();
    (2.0 * k).sqrt() * half
}

/// The latitude of [`cap_width`].
fn cap_latitude(width: f64, k: f64) -> f64 {
    90.0 - 2.0 * within_one(width / (2.0 * k).sqrt()).asin().to_degrees()
}

/// XPH: the four northern facets meet at the origin.
pub(super) fn polar_to_pixel([phi, theta]: [f64; 2]) -> [f64; 2] {
    let around = (phi + 180.0).rem_euclid(360.0);
    let along = around % 90.0;
    let sin = theta.to_radians().sin();
    let (xi, eta) = if sin.abs() <= 2.0 / 3.0 {
        (along - 45.0, 67.5 * sin - 90.0)
    } else {
        let sigma = cap_width(theta, 3.0);
        (
            (along - 45.0) * sigma,
            (45.0 * (2.0 - sigma)).copysign(theta) - 90.0,
        )
    };
    let [x, y] = match (around / 90.0) as usize {
        0 => [-xi + eta, -xi - eta],
        1 => [xi + eta, -xi + eta],
        2 => [xi - eta, xi + eta],
        _ => [-xi - eta, xi - eta],
    };
    [x, y].map(|value| value * std::f64::consts::FRAC_1_SQRT_2)
}

pub(super) fn polar_to_sky(point: [f64; 2]) -> [f64; 2] {
    let [x, y] = point.map(|value| value * std::f64::consts::FRAC_1_SQRT_2);
    let (xi, eta, start) = match () {
        () if x <= 0.0 && y > 0.0 => (-x - y, x - y, -180.0),
        () if x < 0.0 && y <= 0.0 => (x - y, x + y, -90.0),
        () if x >= 0.0 && y < 0.0 => (x + y, y - x, 0.0),
        () => (y - x, -x - y, 90.0),
    };
    let height = eta + 90.0;
    if height.abs() > 90.0 + 1e-12 || !height.is_finite() {
        return [f64::NAN; 2];
    }
    if height.abs() <= 45.0 {
        if xi.abs() > 45.0 + 1e-10 {
            return [f64::NAN; 2];
        }
        return [start + 45.0 + xi, (height / 67.5).asin().to_degrees()];
    }
    let sigma = ((90.0 - height.abs()) / 45.0).max(0.0);
    if xi.abs() > 45.0 * sigma + 1e-10 {
        return [f64::NAN; 2];
    }
    let phi = if sigma == 0.0 {
        start + 45.0
    } else {
        start + 45.0 + xi / sigma
    };
    [phi, cap_latitude(sigma, 3.0).copysign(height)]
}
