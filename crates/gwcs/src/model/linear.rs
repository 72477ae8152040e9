//! Shifts, scales and straight lines of one coordinate.

use super::{Model, each};
use crate::transform::Transform;

/// `x + offset`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift(pub f64);

/// `x factor`. Of quantities with units it keeps the unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale(pub f64);

/// `x factor`. Of quantities with units it multiplies the units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Multiply(pub f64);

/// `slope x + intercept`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linear1d {
    /// Rise over run.
    pub slope: f64,
    /// Value at 0.
    pub intercept: f64,
}

impl Model for Shift {
    fn n_inputs(&self) -> usize {
        1
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each(inputs, outputs, |x| x + self.0);
    }

    fn inverse(&self) -> Option<Transform> {
        Some(Self(-self.0).into())
    }
}

impl Model for Scale {
    fn n_inputs(&self) -> usize {
        1
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each(inputs, outputs, |x| self.0 * x);
    }

    fn inverse(&self) -> Option<Transform> {
        (self.0 != 0.0).then(|| Self(1.0 / self.0).into())
    }
}

impl Model for Multiply {
    fn n_inputs(&self) -> usize {
        1
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each(inputs, outputs, |x| self.0 * x);
    }

    fn inverse(&self) -> Option<Transform> {
        (self.0 != 0.0).then(|| Self(1.0 / self.0).into())
    }
}

impl Model for Linear1d {
    fn n_inputs(&self) -> usize {
        1
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each(inputs, outputs, |x| self.slope * x + self.intercept);
    }

    fn inverse(&self) -> Option<Transform> {
        (self.slope != 0.0).then(|| {
            Self {
                slope: 1.0 / self.slope,
                intercept: -self.intercept / self.slope,
            }
            .into()
        })
    }
}
