//! Splines.

use super::Model;
use crate::transform::TransformError;

/// A spline of one coordinate, as a sum of B-splines. Outside of the knots its outermost pieces go on.
///
/// ```
/// use gwcs::Transform;
/// use gwcs::model::Spline1d;
/// // Straight lines through (0, 1), (1, 3) and (2, 2).
/// let bend = Spline1d::new(vec![0.0, 0.0, 1.0, 2.0, 2.0], vec![1.0, 3.0, 2.0], 1)?;
/// assert_eq!(Transform::from(bend).evaluate_point(&[1.5])?, [2.5]);
/// # Ok::<(), gwcs::TransformError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Spline1d {
    knots: Vec<f64>,
    coefficients: Vec<f64>,
    degree: usize,
}

/// More than any spline in use; bounds the work of one point.
const MAX_DEGREE: usize = 32;

impl Spline1d {
    /// A spline of `degree` with `knots`, the outer ones `degree + 1` times as a rule, and a coefficient for each
    /// B-spline. Coefficients beyond those are kept and do not count.
    ///
    /// # Errors
    /// The knots fall, are too few for the degree or for the coefficients, or the degree is beyond 32.
    pub fn new(
        knots: Vec<f64>,
        coefficients: Vec<f64>,
        degree: usize,
    ) -> Result<Self, TransformError> {
        let refuse = |message| TransformError::Parameter {
            model: "spline1d",
            message,
        };
        if degree > MAX_DEGREE || knots.len() < 2 * (degree + 1) {
            let n = knots.len();
            return Err(refuse(format!("{n} knots for degree {degree}")));
        }
        if coefficients.len() < knots.len() - degree - 1 {
            let (n, m) = (knots.len(), coefficients.len());
            return Err(refuse(format!(
                "{m} coefficients for {n} knots and degree {degree}"
            )));
        }
        if !knots.is_sorted_by(|a, b| a <= b) {
            return Err(refuse("the knots must not fall".to_string()));
        }
        Ok(Self {
            knots,
            coefficients,
            degree,
        })
    }

    /// The knots.
    pub fn knots(&self) -> &[f64] {
        &self.knots
    }

    /// The coefficients.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// The degree.
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// De Boor's algorithm.
    fn at(&self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        let k = self.degree;
        let last = self.knots.len() - k - 2;
        let piece = (self
            .knots
            .partition_point(|knot| *knot <= x)
            .saturating_sub(1))
        .clamp(k, last);
        let mut work = [0.0; MAX_DEGREE + 1];
        work[..=k].copy_from_slice(&self.coefficients[piece - k..=piece]);
        for level in 1..=k {
            for j in (level..=k).rev() {
                let (low, high) = (self.knots[piece + j - k], self.knots[piece + j + 1 - level]);
                let fraction = if high == low {
                    0.0
                } else {
                    (x - low) / (high - low)
                };
                work[j] = (1.0 - fraction) * work[j - 1] + fraction * work[j];
            }
        }
        work[k]
    }
}

impl Model for Spline1d {
    fn n_inputs(&self) -> usize {
        1
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        super::each(inputs, outputs, |x| self.at(x));
    }
}
