//! Series of orthogonal polynomials.

use super::{Axis, Model, names};
use crate::transform::TransformError;

/// A family of orthogonal polynomials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Chebyshev's, of the first kind.
    Chebyshev,
    /// Legendre's.
    Legendre,
    /// Hermite's, as physicists define them.
    Hermite,
}

impl Basis {
    /// Fills in the polynomials of degree 0, 1, 2 and so on at `x`.
    fn fill(self, x: f64, values: &mut [f64]) {
        let (mut before, mut now) = (1.0, if self == Self::Hermite { 2.0 * x } else { x });
        for (degree, value) in values.iter_mut().enumerate() {
            *value = before;
            let n = (degree + 1) as f64;
            let next = match self {
                Self::Chebyshev => 2.0 * x * now - before,
                Self::Legendre => ((2.0 * n + 1.0) * x * now - n * before) / (n + 1.0),
                Self::Hermite => 2.0 * x * now - 2.0 * n * before,
            };
            (before, now) = (now, next);
        }
    }
}

/// `Σ c[i] Pᵢ(x)`
#[derive(Debug, Clone, PartialEq)]
pub struct Orthogonal1d {
    /// The family.
    pub basis: Basis,
    /// Coefficients from degree 0 on.
    pub coefficients: Vec<f64>,
    /// Mapping of the coordinate.
    pub axis: Axis,
}

/// `Σ c[i, j] Pᵢ(x) Pⱼ(y)`
#[derive(Debug, Clone, PartialEq)]
pub struct Orthogonal2d {
    basis: Basis,
    n_x: usize,
    n_y: usize,
    coefficients: Vec<f64>,
    axes: [Axis; 2],
}

impl Orthogonal2d {
    /// A series of `(n_x, n_y)` coefficients, `coefficients[i * n_y + j]` for `Pᵢ(x) Pⱼ(y)`.
    ///
    /// # Errors
    /// There are not `n_x n_y` coefficients.
    pub fn new(
        basis: Basis,
        (n_x, n_y): (usize, usize),
        coefficients: Vec<f64>,
        axes: [Axis; 2],
    ) -> Result<Self, TransformError> {
        if n_x.checked_mul(n_y) != Some(coefficients.len()) {
            let found = coefficients.len();
            return Err(TransformError::Parameter {
                model: "ortho_polynomial",
                message: format!("expected {n_x} x {n_y} coefficients, found {found}"),
            });
        }
        Ok(Self {
            basis,
            n_x,
            n_y,
            coefficients,
            axes,
        })
    }

    /// The family.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// Coefficients in x and y, and how many of each.
    pub fn coefficients(&self) -> (&[f64], (usize, usize)) {
        (&self.coefficients, (self.n_x, self.n_y))
    }

    /// Mappings of the coordinates.
    pub fn axes(&self) -> [Axis; 2] {
        self.axes
    }
}

impl Model for Orthogonal1d {
    fn n_inputs(&self) -> usize {
        1
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let (factor, offset) = self.axis.factor_and_offset();
        let mut basis = vec![0.0; self.coefficients.len()];
        for (output, x) in outputs[0].iter_mut().zip(inputs[0]) {
            self.basis.fill(offset + factor * x, &mut basis);
            *output = basis
                .iter()
                .zip(&self.coefficients)
                .map(|(p, c)| p * c)
                .sum();
        }
    }
}

impl Model for Orthogonal2d {
    fn n_inputs(&self) -> usize {
        2
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let [x_map, y_map] = self.axes.map(|axis| axis.factor_and_offset());
        let (mut in_x, mut in_y) = (vec![0.0; self.n_x], vec![0.0; self.n_y]);
        let points = inputs[0].iter().zip(inputs[1]);
        for (output, (x, y)) in outputs[0].iter_mut().zip(points) {
            self.basis.fill(x_map.1 + x_map.0 * x, &mut in_x);
            self.basis.fill(y_map.1 + y_map.0 * y, &mut in_y);
            let rows = self.coefficients.chunks_exact(self.n_y.max(1));
            *output = rows
                .zip(&in_x)
                .map(|(row, p)| p * row.iter().zip(&in_y).map(|(c, q)| c * q).sum::<f64>())
                .sum();
        }
    }

    fn input_names(&self) -> Vec<String> {
        names(&["x", "y"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["z"])
    }
}

#[cfg(test)]
mod tests {
    use super::super::{each, each_pair};
    use super::{Axis, Basis, Model, Orthogonal1d};

    #[test]
    fn first_polynomials_of_each_family() {
        let at = |basis, degree: usize, x: f64| {
            let mut coefficients = vec![0.0; degree + 1];
            coefficients[degree] = 1.0;
            let series = Orthogonal1d {
                basis,
                coefficients,
                axis: Axis::default(),
            };
            let mut value = [0.0];
            series.evaluate(&[&[x]], &mut [&mut value]);
            value[0]
        };
        // T3 = 4x³ − 3x, P3 = (5x³ − 3x) / 2, H3 = 8x³ − 12x at 0.5.
        assert_eq!(at(Basis::Chebyshev, 3, 0.5), -1.0);
        assert_eq!(at(Basis::Legendre, 3, 0.5), -0.4375);
        assert_eq!(at(Basis::Hermite, 3, 0.5), -5.0);
        assert_eq!(at(Basis::Hermite, 0, 0.5), 1.0);
    }

    #[test]
    fn helpers_apply_to_every_point() {
        let mut out = [0.0; 2];
        each(&[&[1.0, 2.0]], &mut [&mut out], |x| 2.0 * x);
        assert_eq!(out, [2.0, 4.0]);
        each_pair(&[&[1.0, 2.0], &[3.0, 4.0]], &mut [&mut out], |x, y| x * y);
        assert_eq!(out, [3.0, 8.0]);
    }
}
