//! Projections onto a cone: parallels are arcs of circles about the apex, meridians straight lines through it.
//!
//! `sigma` is the mean of the two standard latitudes θ₁ and θ₂, `delta` half of their difference \[deg\].

use super::{RADIAN, within_one};

/// Which conic projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// COP, equations 112 to 117.
    Perspective,
    /// COE, equations 118 to 123.
    EqualArea,
    /// COD, equations 124 to 128.
    Equidistant,
    /// COO, equations 129 to 134.
    Orthomorphic,
}

/// A cone with what its formulas have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cone {
    kind: Kind,
    sigma: f64,
    delta: f64,
    /// Ratio of angles about the apex to longitudes.
    angle_ratio: f64,
    /// From the origin to the apex \[deg\].
    apex: f64,
    /// Of the orthomorphic cone, the factor ψ.
    scale: f64,
}

impl Cone {
    pub(super) fn new(kind: Kind, sigma: f64, delta: f64) -> Self {
        let (sin, cos) = sigma.to_radians().sin_cos();
        let cot = cos / sin;
        let (low, high) = ((sigma - delta).to_radians(), (sigma + delta).to_radians());
        let mut cone = Self {
            kind,
            sigma,
            delta,
            angle_ratio: sin,
            apex: RADIAN * cot,
            scale: 1.0,
        };
        match kind {
            Kind::Perspective => cone.apex = RADIAN * delta.to_radians().cos() * cot,
            Kind::EqualArea => {
                cone.angle_ratio = f64::midpoint(low.sin(), high.sin());
                cone.apex = cone.radius(sigma);
            }
            Kind::Equidistant => {
                if delta != 0.0 {
                    let eta = delta.to_radians();
                    cone.angle_ratio = sin * eta.sin() / eta;
                    cone.apex = delta * cot / eta.tan();
                }
            }
            Kind::Orthomorphic => {
                let half = |latitude: f64| (std::f64::consts::FRAC_PI_4 - latitude / 2.0).tan();
                if delta != 0.0 {
                    cone.angle_ratio =
                        (high.cos() / low.cos()).ln() / (half(high) / half(low)).ln();
                }
                cone.scale =
                    RADIAN * low.cos() / (cone.angle_ratio * half(low).powf(cone.angle_ratio));
                cone.apex = cone.radius(sigma);
            }
        }
        cone
    }

    /// Distance from the apex \[deg\]; negative on the side of the other pole's cone.
    fn radius(&self, theta: f64) -> f64 {
        match self.kind {
            Kind::Perspective => {
                let from_mean = theta - self.sigma;
                if from_mean.abs() >= 90.0 {
                    return f64::NAN;
                }
                self.apex - RADIAN * self.delta.to_radians().cos() * from_mean.to_radians().tan()
            }
            Kind::EqualArea => {
                let (product, sum) = self.sines();
                RADIAN * 2.0 / sum * (1.0 + product - sum * theta.to_radians().sin()).sqrt()
            }
            Kind::Equidistant => self.apex + self.sigma - theta,
            Kind::Orthomorphic => {
                if theta == -90.0 {
                    return if self.angle_ratio < 0.0 {
                        0.0
                    } else {
                        f64::NAN
                    };
                }
                let tangent = ((90.0 - theta) / 2.0).to_radians().tan();
                self.scale * tangent.powf(self.angle_ratio)
            }
        }
    }

    /// Product and sum of the sines of the standard latitudes.
    fn sines(&self) -> (f64, f64) {
        let low = (self.sigma - self.delta).to_radians().sin();
        let high = (self.sigma + self.delta).to_radians().sin();
        (low * high, low + high)
    }

    fn latitude(&self, radius: f64) -> f64 {
        match self.kind {
            Kind::Perspective => {
                let scale = RADIAN * self.delta.to_radians().cos();
                self.sigma + ((self.apex - radius) / scale).atan().to_degrees()
            }
            Kind::EqualArea => {
                let (product, sum) = self.sines();
                let half = radius / RADIAN / 2.0;
                within_one((1.0 + product) / sum - sum * half * half)
                    .asin()
                    .to_degrees()
            }
            Kind::Equidistant => self.apex + self.sigma - radius,
            Kind::Orthomorphic => {
                if radius == 0.0 {
                    return if self.angle_ratio < 0.0 { -90.0 } else { 90.0 };
                }
                let tangent = (radius / self.scale).powf(1.0 / self.angle_ratio);
                90.0 - 2.0 * tangent.atan().to_degrees()
            }
        }
    }

    pub(super) fn to_pixel(self, [phi, theta]: [f64; 2]) -> [f64; 2] {
        let radius = self.radius(theta);
        // What the light from the centre throws onto the other half of the double cone is out of reach.
        if self.kind == Kind::Perspective && radius * self.angle_ratio < -1e-12 {
            return [f64::NAN; 2];
        }
        let (sin, cos) = (self.angle_ratio * phi).to_radians().sin_cos();
        [radius * sin, self.apex - radius * cos]
    }

    pub(super) fn to_sky(self, [x, y]: [f64; 2]) -> [f64; 2] {
        let down = self.apex - y;
        let radius = x.hypot(down).copysign(self.sigma);
        let around = if radius == 0.0 {
            0.0
        } else {
            (x / radius).atan2(down / radius).to_degrees()
        };
        [around / self.angle_ratio, self.latitude(radius)]
    }
}
