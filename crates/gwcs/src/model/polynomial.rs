//! Polynomials in powers of one and two coordinates.

use super::{Model, names};
use crate::transform::TransformError;

/// Points that share one pass over the coefficients of a polynomial in two coordinates.
const LANES: usize = 16;

/// How a coordinate is mapped before it enters a polynomial: linearly, from `domain` to `window`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// What is mapped, onto `window`; `None` for no mapping (not the same in a file as the usual -1 to 1).
    pub domain: Option<(f64, f64)>,
    /// What `domain` is mapped to.
    pub window: Option<(f64, f64)>,
}

impl Default for Axis {
    fn default() -> Self {
        let usual = Some((-1.0, 1.0));
        Self {
            domain: usual,
            window: usual,
        }
    }
}

impl Axis {
    /// Factor and offset of the mapping.
    pub(super) fn factor_and_offset(&self) -> (f64, f64) {
        match (self.domain, self.window) {
            (Some((d0, d1)), Some((w0, w1))) => {
                let factor = (w1 - w0) / (d1 - d0);
                (factor, (w0 * d1 - w1 * d0) / (d1 - d0))
            }
            _ => (1.0, 0.0),
        }
    }
}

/// `Σ c[i] xⁱ`
#[derive(Debug, Clone, PartialEq)]
pub struct Polynomial1d {
    /// Coefficients, the constant first.
    pub coefficients: Vec<f64>,
    /// Mapping of the coordinate.
    pub axis: Axis,
}

/// `Σ c[i, j] xⁱ yʲ` for i + j up to the degree
#[derive(Debug, Clone, PartialEq)]
pub struct Polynomial2d {
    degree: usize,
    /// By the power of x, then of y; zero above the degree.
    coefficients: Vec<f64>,
    x: Axis,
    y: Axis,
    /// For each power of y, from the highest, the coefficients of x from the highest.
    nested: Vec<Vec<f64>>,
}

impl Polynomial2d {
    /// A polynomial with `coefficients[i * (degree + 1) + j]` for `xⁱ yʲ`. Those above the degree do not count.
    ///
    /// # Errors
    /// There are not `(degree + 1)²` coefficients.
    ///
    /// ```
    /// use gwcs::Transform;
    /// use gwcs::model::Polynomial2d;
    /// // 1 + 2 y + 3 x
    /// let plane = Transform::from(Polynomial2d::new(1, vec![1.0, 2.0, 3.0, 0.0])?);
    /// assert_eq!(plane.evaluate_point(&[10.0, 100.0])?, [231.0]);
    /// # Ok::<(), gwcs::TransformError>(())
    /// ```
    pub fn new(degree: usize, coefficients: Vec<f64>) -> Result<Self, TransformError> {
        Self::with_axes(degree, coefficients, Axis::default(), Axis::default())
    }

    /// As [`Polynomial2d::new`], of mapped coordinates.
    ///
    /// # Errors
    /// There are not `(degree + 1)²` coefficients.
    pub fn with_axes(
        degree: usize,
        mut coefficients: Vec<f64>,
        x: Axis,
        y: Axis,
    ) -> Result<Self, TransformError> {
        let side = degree + 1;
        if side.checked_mul(side) != Some(coefficients.len()) {
            let found = coefficients.len();
            return Err(TransformError::Parameter {
                model: "polynomial",
                message: format!(
                    "degree {degree} takes {side} x {side} coefficients, found {found}"
                ),
            });
        }
        for (index, coefficient) in coefficients.iter_mut().enumerate() {
            if index / side + index % side > degree {
                *coefficient = 0.0;
            }
        }
        let nested = (0..side)
            .rev()
            .map(|j| {
                (0..side - j)
                    .rev()
                    .map(|i| coefficients[i * side + j])
                    .collect()
            })
            .collect();
        Ok(Self {
            degree,
            coefficients,
            x,
            y,
            nested,
        })
    }

    /// The degree.
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// Coefficients by the power of x, then of y; `(degree + 1)²` of them.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// Mappings of the coordinates.
    pub fn axes(&self) -> [Axis; 2] {
        [self.x, self.y]
    }

    /// The value of the polynomial, by Horner's scheme in x inside of that in y.
    #[inline]
    fn at(&self, x: f64, y: f64) -> f64 {
        self.nested.iter().fold(0.0, |sum, row| {
            let in_x = row
                .iter()
                .fold(0.0, |sum, coefficient| x * sum + coefficient);
            y * sum + in_x
        })
    }

    /// The same for several points.
    #[inline(always)]
    fn at_lanes(&self, x: &[f64; LANES], y: &[f64; LANES]) -> [f64; LANES] {
        let mut sum = [0.0; LANES];
        for row in &self.nested {
            let mut in_x = [0.0; LANES];
            for coefficient in row {
                for (in_x, x) in in_x.iter_mut().zip(x) {
                    *in_x = x * *in_x + coefficient;
                }
            }
            for ((sum, y), in_x) in sum.iter_mut().zip(y).zip(&in_x) {
                *sum = y * *sum + in_x;
            }
        }
        sum
    }
}

impl Model for Polynomial1d {
    fn n_inputs(&self) -> usize {
        1
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let (factor, offset) = self.axis.factor_and_offset();
        super::each(inputs, outputs, |x| {
            let x = offset + factor * x;
            self.coefficients
                .iter()
                .rev()
                .fold(0.0, |sum, coefficient| x * sum + coefficient)
        });
    }
}

impl Model for Polynomial2d {
    fn n_inputs(&self) -> usize {
        2
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let (x_factor, x_offset) = self.x.factor_and_offset();
        let (y_factor, y_offset) = self.y.factor_and_offset();
        let (xs, x_rest) = inputs[0].as_chunks::<LANES>();
        let (ys, y_rest) = inputs[1].as_chunks::<LANES>();
        let (zs, z_rest) = outputs[0].as_chunks_mut::<LANES>();
        super::vectorised(
            #[inline(always)]
            || {
                for ((x, y), z) in xs.iter().zip(ys).zip(&mut *zs) {
                    let x = x.map(|x| x_offset + x_factor * x);
                    let y = y.map(|y| y_offset + y_factor * y);
                    *z = self.at_lanes(&x, &y);
                }
            },
        );
        for ((x, y), z) in x_rest.iter().zip(y_rest).zip(z_rest) {
            *z = self.at(x_offset + x_factor * x, y_offset + y_factor * y);
        }
    }

    fn input_names(&self) -> Vec<String> {
        names(&["x", "y"])
    }

    fn output_names(&self) -> Vec<String> {
        names(&["z"])
    }
}
