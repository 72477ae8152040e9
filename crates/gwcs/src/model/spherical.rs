//! Directions as angles, as vectors and as cosines.

use super::rotation::{direction, vector};
use super::{Model, each_point, names};
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

impl Model for SphericalToCartesian {
    fn n_inputs(&self) -> usize {
        2
    }

    fn n_outputs(&self) -> usize {
        3
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each_point(inputs, outputs, |[lon, lat]| vector(lon, lat));
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
        let full = self.wrap_at == WrapAt::Full;
        each_point(inputs, outputs, |point: [f64; 3]| {
            let [lon, lat] = direction(point);
            let lon = if full && lon < 0.0 { lon + 360.0 } else { lon };
            [lon, lat]
        });
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
