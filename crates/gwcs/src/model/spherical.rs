//! Directions as angles, as vectors and as cosines.

use super::direction::{Circle, normalized, transform_directions};
use super::{Directional, Model, Vectors, each_point, names};
use crate::transform::Transform;

/// Where longitudes begin again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrapAt {
    /// From -180 to 180.
    Half,
    /// From 0 to 360.
    Full,
}

/// Longitude and latitude \[deg\] to a unit vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SphericalToCartesian {
    /// Longitudes of the inverse.
    pub wrap_at: WrapAt,
}

/// A vector of any length to longitude and latitude \[deg\].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartesianToSpherical {
    /// Range of the longitude.
    pub wrap_at: WrapAt,
}

/// A vector to the cosines of its angles to the axes, and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToDirectionCosines;

/// Cosines and length to a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FromDirectionCosines;

impl Directional for SphericalToCartesian {
    fn takes(&self) -> bool {
        true
    }

    fn gives(&self) -> bool {
        false
    }

    fn evaluate_vectors(&self, vectors: Vectors, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        // Its outputs are the vector in any case, but a unit vector.
        let both = Vectors {
            given: true,
            ..vectors
        };
        if vectors.taken {
            transform_directions(both, Circle::Half, inputs, outputs, normalized);
        } else {
            transform_directions(both, Circle::Half, inputs, outputs, |vector| vector);
        }
    }
}

impl Directional for CartesianToSpherical {
    fn takes(&self) -> bool {
        false
    }

    fn gives(&self) -> bool {
        true
    }

    fn evaluate_vectors(&self, vectors: Vectors, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let both = Vectors {
            taken: true,
            ..vectors
        };
        let circle = match self.wrap_at {
            WrapAt::Half => Circle::Half,
            WrapAt::Full => Circle::Full,
        };
        transform_directions(both, circle, inputs, outputs, |vector| vector);
    }
}

impl Model for SphericalToCartesian {
    fn n_inputs(&self) -> usize {
        2
    }

    fn n_outputs(&self) -> usize {
        3
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        self.evaluate_vectors(Vectors::default(), inputs, outputs);
    }

    fn directional(&self) -> Option<&dyn Directional> {
        Some(self)
    }

    fn inverse(&self) -> Option<Transform> {
        let wrap_at = self.wrap_at;
        Some(CartesianToSpherical { wrap_at }.into())
    }

    fn input_names(&self) -> Vec<String> {
        names(&["lon", "lat"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["x", "y", "z"])
    }
}

impl Model for CartesianToSpherical {
    fn n_inputs(&self) -> usize {
        3
    }

    fn n_outputs(&self) -> usize {
        2
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        self.evaluate_vectors(Vectors::default(), inputs, outputs);
    }

    fn directional(&self) -> Option<&dyn Directional> {
        Some(self)
    }

    fn inverse(&self) -> Option<Transform> {
        let wrap_at = self.wrap_at;
        Some(SphericalToCartesian { wrap_at }.into())
    }

    fn input_names(&self) -> Vec<String> {
        names(&["x", "y", "z"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["lon", "lat"])
    }
}

impl Model for ToDirectionCosines {
    fn n_inputs(&self) -> usize {
        3
    }

    fn n_outputs(&self) -> usize {
        4
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each_point(inputs, outputs, |[x, y, z]| {
            let length = (x * x + y * y + z * z).sqrt();
            [x / length, y / length, z / length, length]
        });
    }

    fn inverse(&self) -> Option<Transform> {
        Some(FromDirectionCosines.into())
    }

    fn input_names(&self) -> Vec<String> {
        names(&["x", "y", "z"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["cosa", "cosb", "cosc", "length"])
    }
}

impl Model for FromDirectionCosines {
    fn n_inputs(&self) -> usize {
        4
    }

    fn n_outputs(&self) -> usize {
        3
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each_point(inputs, outputs, |[a, b, c, length]: [f64; 4]| {
            [a * length, b * length, c * length]
        });
    }

    fn inverse(&self) -> Option<Transform> {
        Some(ToDirectionCosines.into())
    }

    fn input_names(&self) -> Vec<String> {
        names(&["cosa", "cosb", "cosc", "length"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["x", "y", "z"])
    }
}
