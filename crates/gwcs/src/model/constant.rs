//! The same value everywhere.

use super::{Model, names};

/// The same value for every point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant {
    /// The value.
    pub value: f64,
    /// Number of inputs, 1 or 2, which have no effect.
    pub dimensions: usize,
}

impl Model for Constant {
    fn n_inputs(&self) -> usize {
        self.dimensions
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, _inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        outputs[0].fill(self.value);
    }

    fn input_names(&self) -> Vec<String> {
        names(if self.dimensions == 2 {
            &["x", "y"]
        } else {
            &["x"]
        })
    }

    fn output_names(&self) -> Vec<String> {
        names(if self.dimensions == 2 { &["z"] } else { &["y"] })
    }
}
