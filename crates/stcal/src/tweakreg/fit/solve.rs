//! Solutions in closed form.

use super::{Decomposition, Geometry};

type Matrix = [[f64; 2]; 2];

pub(super) fn apply(matrix: &Matrix, [u, v]: [f64; 2]) -> [f64; 2] {
    matrix.map(|[a, b]| a * u + b * v)
}

/// Means of positions, and of products of their distances from the means.
pub(super) struct Moments {
    reference: [f64; 2],
    image: [f64; 2],
    /// `cross[i][j]`: axis i of the reference with axis j of the image.
    cross: Matrix,
    /// Of the image: xx, xy, yy.
    own: [f64; 3],
}

impl Moments {
    pub(super) fn new(reference: &[[f64; 2]], image: &[[f64; 2]], weights: Option<&[f64]>) -> Self {
        let equal = 1.0 / reference.len() as f64;
        let weight = |index: usize| weights.map_or(equal, |weights| weights[index]);
        let mean = |points: &[[f64; 2]]| {
            let mut sum = [0.0; 2];
            for (index, point) in points.iter().enumerate() {
                for axis in 0..2 {
                    sum[axis] += weight(index) * point[axis];
                }
            }
            sum
        };
        let mut moments = Self {
            reference: mean(reference),
            image: mean(image),
            cross: [[0.0; 2]; 2],
            own: [0.0; 3],
        };
        for (index, (x, u)) in reference.iter().zip(image).enumerate() {
            let w = weight(index);
            let x = [0, 1].map(|axis| x[axis] - moments.reference[axis]);
            let u = [0, 1].map(|axis| u[axis] - moments.image[axis]);
            for (row, x) in moments.cross.iter_mut().zip(x) {
                for (sum, u) in row.iter_mut().zip(u) {
                    *sum += w * x * u;
                }
            }
            let products = [u[0] * u[0], u[0] * u[1], u[1] * u[1]];
            for (sum, product) in moments.own.iter_mut().zip(products) {
                *sum += w * product;
            }
        }
        moments
    }

    /// The best matrix; `None` if the positions do not determine it.
    pub(super) fn matrix(&self, geometry: Geometry) -> Option<Matrix> {
        match geometry {
            Geometry::Shift => Some([[1.0, 0.0], [0.0, 1.0]]),
            Geometry::ShiftRotation => self.rotation(Some(1.0)),
            Geometry::ShiftRotationScale => self.rotation(None),
            Geometry::General => self.general(),
        }
    }

    /// A rotation with a scale, after a reflection where that fits better.
    fn rotation(&self, scale: Option<f64>) -> Option<Matrix> {
        let [[xu, xv], [yu, yv]] = self.cross;
        let (straight, crossed) = (xu * yv, xv * yu);
        // Two positions, or any on a line, fit a reflection as well as a rotation: rounding is no reason to mirror.
        let rounding = 4.0 * f64::EPSILON * (straight.abs() + crossed.abs());
        let flip = if straight - crossed < -rounding {
            -1.0
        } else {
            1.0
        };
        let (sin, cos) = (xv - flip * yu, xu + flip * yv);
        // Parity: tweakwcs 0.9.3 `fit_rscale` takes equal sine and cosine for no rotation, as if both were zero.
        let (sin, cos, length) = if sin == cos {
            (0.0, 1.0, cos)
        } else {
            let length = sin.hypot(cos);
            (sin / length, cos / length, length)
        };
        let magnitude = scale.or_else(|| {
            let spread = self.own[0] + self.own[2];
            (spread > 0.0).then(|| length / spread)
        })?;
        let (sin, cos) = (magnitude * sin, magnitude * cos);
        Some([[cos, sin], [-flip * sin, flip * cos]])
    }

    fn general(&self) -> Option<Matrix> {
        let [uu, uv, vv] = self.own;
        let determinant = uu * vv - uv * uv;
        // Rounding alone keeps the determinant of positions on a line from zero.
        let is_regular = determinant > f64::EPSILON * uu * vv;
        let matrix = self.cross.map(|[u, v]| {
            [
                (u * vv - v * uv) / determinant,
                (v * uu - u * uv) / determinant,
            ]
        });
        is_regular.then_some(matrix)
    }

    /// The shift that goes with a matrix.
    pub(super) fn shift(&self, matrix: &Matrix) -> [f64; 2] {
        let at = apply(matrix, self.image);
        [0, 1].map(|axis| self.reference[axis] - at[axis])
    }
}

impl Decomposition {
    /// Angles and scales of the matrix of a fit.
    pub(super) fn new(matrix: &Matrix, geometry: Geometry) -> Self {
        let [[a, b], [c, d]] = *matrix;
        let determinant = a * d - b * c;
        let sign = if determinant == 0.0 {
            0.0
        } else {
            determinant.signum()
        };
        let proper = sign >= 0.0;
        if geometry == Geometry::Shift {
            return Self {
                proper_rotation_deg: 0.0,
                rotation_deg: [0.0; 2],
                mean_rotation_deg: 0.0,
                scale: [1.0; 2],
                mean_scale: 1.0,
                skew_deg: 0.0,
                proper,
            };
        }
        let mean_scale = determinant.abs().sqrt();
        let scale = match geometry {
            Geometry::General => [a.hypot(c), b.hypot(d)],
            _ => [mean_scale; 2],
        };
        let ([a, c], [b, d]) = ([a, c].map(|v| v / scale[0]), [b, d].map(|v| v / scale[1]));
        let proper_rotation_deg = (b - sign * c).atan2(a + sign * d).to_degrees();
        let (rotation_deg, mean_rotation_deg, skew_deg) = if proper && geometry != Geometry::General
        {
            ([proper_rotation_deg; 2], proper_rotation_deg, 0.0)
        } else {
            let [x, y] = [(-c).atan2(a), b.atan2(d)].map(f64::to_degrees);
            let skew = (y - x - 180.0).rem_euclid(360.0) - 180.0;
            ([x, y], 0.5 * (x + y), skew)
        };
        Self {
            proper_rotation_deg,
            rotation_deg,
            mean_rotation_deg,
            scale,
            mean_scale,
            skew_deg,
            proper,
        }
    }
}
