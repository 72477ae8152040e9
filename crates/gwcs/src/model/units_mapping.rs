//! Units that are put on or taken off.

use super::Model;
use crate::transform::Transform;

/// Says which units inputs have and outputs get. Numbers pass as they are: units are not converted here.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitsMapping {
    axes: Vec<UnitInput>,
    order: Vec<usize>,
}

/// One coordinate of a [`UnitsMapping`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UnitInput {
    /// Its name.
    pub name: String,
    /// The unit before, as the VO writes it; `None` for any.
    pub unit: Option<String>,
    /// The unit after; `None` for a plain number.
    pub output_unit: Option<String>,
    /// Whether it may come without a unit.
    pub allow_dimensionless: bool,
}

impl UnitsMapping {
    /// A mapping of coordinates.
    pub fn new(axes: Vec<UnitInput>) -> Self {
        let order = (0..axes.len()).collect();
        Self { axes, order }
    }

    /// The coordinates.
    pub fn axes(&self) -> &[UnitInput] {
        &self.axes
    }
}

impl Model for UnitsMapping {
    fn n_inputs(&self) -> usize {
        self.axes.len()
    }

    fn n_outputs(&self) -> usize {
        self.axes.len()
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        for (output, input) in outputs.iter_mut().zip(inputs) {
            output.copy_from_slice(input);
        }
    }

    fn inverse(&self) -> Option<Transform> {
        let back = self.axes.iter().map(|axis| UnitInput {
            name: axis.name.clone(),
            unit: axis.output_unit.clone(),
            output_unit: axis.unit.clone(),
            allow_dimensionless: axis.allow_dimensionless,
        });
        Some(Self::new(back.collect()).into())
    }

    fn input_names(&self) -> Vec<String> {
        self.axes.iter().map(|axis| axis.name.clone()).collect()
    }

    fn output_names(&self) -> Vec<String> {
        self.input_names()
    }

    fn separability(&self) -> Vec<Vec<bool>> {
        let row = |from: &usize| self.order.iter().map(|input| input == from).collect();
        self.order.iter().map(row).collect()
    }

    fn mapping(&self) -> Option<&[usize]> {
        Some(&self.order)
    }
}
