//! Coordinates in another order.

use super::{Model, numbered};
use crate::transform::{Transform, TransformError};

/// Reorders, repeats or drops coordinates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    n_inputs: usize,
    inputs: Vec<usize>,
    /// Whether it was given as the identity.
    identity: bool,
}

impl Mapping {
    /// Output *k* is input `mapping[k]`, counted from 0, of `n_inputs`; `None` for as many as are used.
    ///
    /// # Errors
    /// An input is named that does not exist, or none at all.
    ///
    /// ```
    /// use gwcs::Transform;
    /// use gwcs::model::Mapping;
    /// let swap = Transform::from(Mapping::new(vec![1, 0], None)?);
    /// assert_eq!(swap.evaluate_point(&[3.0, 4.0])?, [4.0, 3.0]);
    /// # Ok::<(), gwcs::TransformError>(())
    /// ```
    pub fn new(mapping: Vec<usize>, n_inputs: Option<usize>) -> Result<Self, TransformError> {
        let refuse = |message: String| TransformError::Parameter {
            model: "remap_axes",
            message,
        };
        let Some(largest) = mapping.iter().max() else {
            return Err(refuse("it has no outputs".to_string()));
        };
        let n_inputs = n_inputs.unwrap_or(largest + 1);
        if *largest >= n_inputs {
            return Err(refuse(format!(
                "input {largest} (counted from 0) of {n_inputs}"
            )));
        }
        Ok(Self {
            n_inputs,
            inputs: mapping,
            identity: false,
        })
    }

    /// `n` coordinates as they are.
    pub fn identity(n: usize) -> Self {
        Self {
            n_inputs: n,
            inputs: (0..n).collect(),
            identity: true,
        }
    }

    /// Whether it was made by [`Mapping::identity`].
    pub fn is_identity(&self) -> bool {
        self.identity
    }

    /// The input that each output is.
    pub fn inputs(&self) -> &[usize] {
        &self.inputs
    }
}

impl Model for Mapping {
    fn n_inputs(&self) -> usize {
        self.n_inputs
    }

    fn n_outputs(&self) -> usize {
        self.inputs.len()
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        for (output, input) in outputs.iter_mut().zip(&self.inputs) {
            output.copy_from_slice(inputs[*input]);
        }
    }

    fn inverse(&self) -> Option<Transform> {
        if self.identity {
            return Some(self.clone().into());
        }
        let mapping: Option<Vec<usize>> = (0..self.n_inputs)
            .map(|input| self.inputs.iter().position(|from| *from == input))
            .collect();
        Self::new(mapping?, Some(self.inputs.len()))
            .ok()
            .map(Into::into)
    }

    fn input_names(&self) -> Vec<String> {
        numbered('x', self.n_inputs)
    }

    fn output_names(&self) -> Vec<String> {
        numbered('x', self.inputs.len())
    }

    fn separability(&self) -> Vec<Vec<bool>> {
        let row = |from: &usize| (0..self.n_inputs).map(|input| input == *from).collect();
        self.inputs.iter().map(row).collect()
    }

    fn mapping(&self) -> Option<&[usize]> {
        Some(&self.inputs)
    }
}
