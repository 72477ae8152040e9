//! Interpolation in a table.

use super::{Model, names};
use crate::transform::{Transform, TransformError};

/// How values between the points of a table are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// In proportion to the distances.
    Linear,
    /// The value at the nearest point.
    Nearest,
}

/// Values on a grid of any number of dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Tabular {
    points: Vec<Vec<f64>>,
    values: Vec<f64>,
    method: Interpolation,
    /// Value outside of the grid; `None` to go on with the outermost cells.
    fill_value: Option<f64>,
    /// Whether a file says that points outside are errors. They give NaN here.
    pub bounds_error: bool,
}

impl Tabular {
    /// A table of `values` in C order on the grid of `points`, a list for each axis, rising.
    ///
    /// # Errors
    /// The values are not as many as the grid has points, or an axis has fewer than two or does not rise.
    ///
    /// ```
    /// use gwcs::Transform;
    /// use gwcs::model::{Interpolation, Tabular};
    /// let table = Tabular::new(vec![vec![0.0, 1.0, 3.0]], vec![10.0, 20.0, 40.0], Interpolation::Linear, Some(f64::NAN))?;
    /// let table = Transform::from(table);
    /// assert_eq!(table.evaluate_point(&[2.0])?, [30.0]);
    /// assert!(table.evaluate_point(&[4.0])?[0].is_nan());
    /// assert_eq!(table.inverse()?.evaluate_point(&[30.0])?, [2.0]);
    /// # Ok::<(), gwcs::TransformError>(())
    /// ```
    pub fn new(
        points: Vec<Vec<f64>>,
        values: Vec<f64>,
        method: Interpolation,
        fill_value: Option<f64>,
    ) -> Result<Self, TransformError> {
        let refuse = |message: String| TransformError::Parameter {
            model: "tabular",
            message,
        };
        let expected = points
            .iter()
            .try_fold(1_usize, |product, axis| product.checked_mul(axis.len()));
        if expected != Some(values.len()) || points.is_empty() {
            let lengths: Vec<usize> = points.iter().map(Vec::len).collect();
            return Err(refuse(format!(
                "{} values for axes of {lengths:?} points",
                values.len()
            )));
        }
        for axis in &points {
            if axis.len() < 2 || !axis.is_sorted_by(|a, b| a < b) {
                return Err(refuse("the points of an axis must rise".to_string()));
            }
        }
        Ok(Self {
            points,
            values,
            method,
            fill_value,
            bounds_error: false,
        })
    }

    /// The points of each axis.
    pub fn points(&self) -> &[Vec<f64>] {
        &self.points
    }

    /// The values in C order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// How values are found.
    pub fn method(&self) -> Interpolation {
        self.method
    }

    /// The value outside.
    pub fn fill_value(&self) -> Option<f64> {
        self.fill_value
    }

    /// The value at a point.
    fn at(&self, point: &[f64], cells: &mut Vec<(usize, f64)>) -> f64 {
        cells.clear();
        for (x, axis) in point.iter().zip(&self.points) {
            if x.is_nan() {
                return f64::NAN;
            }
            let outside = *x < axis[0] || *x > axis[axis.len() - 1];
            if outside && let Some(fill_value) = self.fill_value {
                return fill_value;
            }
            let cell = axis
                .partition_point(|edge| edge < x)
                .saturating_sub(1)
                .min(axis.len() - 2);
            let fraction = (x - axis[cell]) / (axis[cell + 1] - axis[cell]);
            cells.push((cell, fraction));
        }
        match self.method {
            Interpolation::Nearest => {
                let index =
                    cells
                        .iter()
                        .zip(&self.points)
                        .fold(0, |index, ((cell, fraction), axis)| {
                            index * axis.len() + cell + usize::from(*fraction > 0.5)
                        });
                self.values[index]
            }
            Interpolation::Linear => self.blend(cells),
        }
    }

    /// The mean of the corners of a cell, weighted by how near they are.
    fn blend(&self, cells: &[(usize, f64)]) -> f64 {
        (0..1_usize << cells.len())
            .map(|corner| {
                let (mut index, mut weight) = (0, 1.0);
                for (number, ((cell, fraction), axis)) in cells.iter().zip(&self.points).enumerate()
                {
                    let upper = corner >> (cells.len() - 1 - number) & 1;
                    index = index * axis.len() + cell + upper;
                    weight *= if upper == 1 {
                        *fraction
                    } else {
                        1.0 - fraction
                    };
                }
                self.values[index] * weight
            })
            .sum()
    }
}

impl Model for Tabular {
    fn n_inputs(&self) -> usize {
        self.points.len()
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let mut point = vec![0.0; inputs.len()];
        let mut cells = Vec::with_capacity(inputs.len());
        for (index, output) in outputs[0].iter_mut().enumerate() {
            for (coordinate, input) in point.iter_mut().zip(inputs) {
                *coordinate = input[index];
            }
            *output = self.at(&point, &mut cells);
        }
    }

    fn inverse(&self) -> Option<Transform> {
        let [points] = self.points.as_slice() else {
            return None;
        };
        let (mut values, mut points) = (self.values.clone(), points.clone());
        if values.is_sorted_by(|a, b| a > b) {
            values.reverse();
            points.reverse();
        }
        let table = Self::new(vec![values], points, self.method, self.fill_value).ok()?;
        Some(
            Self {
                bounds_error: self.bounds_error,
                ..table
            }
            .into(),
        )
    }

    fn input_names(&self) -> Vec<String> {
        match self.points.len() {
            1 => names(&["x"]),
            2 => names(&["x", "y"]),
            n => super::numbered('x', n),
        }
    }

    fn output_names(&self) -> Vec<String> {
        names(&["y"])
    }
}
