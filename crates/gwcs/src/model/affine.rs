//! Linear transforms of the plane.

use super::{Model, each_point, names};
use crate::transform::Transform;

/// `matrix (x, y) + translation`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine2d {
    /// Rows of the matrix.
    pub matrix: [[f64; 2]; 2],
    /// What is added.
    pub translation: [f64; 2],
}

/// Rotation of the plane, counter-clockwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotation2d {
    /// Angle \[deg\].
    pub angle_deg: f64,
}

impl Model for Affine2d {
    fn n_inputs(&self) -> usize {
        2
    }

    fn n_outputs(&self) -> usize {
        2
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let [[a, b], [c, d]] = self.matrix;
        let [e, f] = self.translation;
        each_point(inputs, outputs, |[x, y]| {
            [a * x + b * y + e, c * x + d * y + f]
        });
    }

    fn inverse(&self) -> Option<Transform> {
        let [[a, b], [c, d]] = self.matrix;
        let determinant = a * d - b * c;
        if determinant == 0.0 {
            return None;
        }
        let matrix = [
            [d / determinant, -b / determinant],
            [-c / determinant, a / determinant],
        ];
        let [e, f] = self.translation;
        let translation = matrix.map(|[p, q]| -(p * e + q * f));
        Some(
            Self {
                matrix,
                translation,
            }
            .into(),
        )
    }

    fn input_names(&self) -> Vec<String> {
        names(&["x", "y"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["x", "y"])
    }
}

impl Model for Rotation2d {
    fn n_inputs(&self) -> usize {
        2
    }

    fn n_outputs(&self) -> usize {
        2
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let (sin, cos) = self.angle_deg.to_radians().sin_cos();
        each_point(inputs, outputs, |[x, y]| {
            [cos * x - sin * y, sin * x + cos * y]
        });
    }

    fn inverse(&self) -> Option<Transform> {
        let angle_deg = -self.angle_deg;
        Some(Self { angle_deg }.into())
    }

    fn input_names(&self) -> Vec<String> {
        names(&["x", "y"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["x", "y"])
    }
}
