//! From the world to the pixels.

use super::{Wcs, WcsError};
use crate::transform::Program;

/// How a numerical inverse is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InvertOptions {
    /// Accuracy that is asked for \[pixel\].
    pub tolerance: f64,
    /// Steps that are tried; points that need more give NaN.
    pub max_iterations: usize,
}

impl Default for InvertOptions {
    fn default() -> Self {
        Self {
            tolerance: 1e-9,
            max_iterations: 50,
        }
    }
}

impl Wcs {
    /// Pixels of world coordinates: by the inverse transforms where they are known, otherwise numerically
    /// ([`Wcs::invert_numerically`]). Pixels outside of the bounding box are NaN.
    ///
    /// # Errors
    /// There are not as many lists as world coordinates, they differ in length, or there is no inverse of either kind.
    pub fn invert(&self, world: &[&[f64]]) -> Result<Vec<Vec<f64>>, WcsError> {
        let mut pixels = match self.backward() {
            Ok(backward) => backward.evaluate(world)?,
            Err(_) => self.invert_numerically(world, &InvertOptions::default())?,
        };
        if let Some(bounding_box) = self.bounding_box() {
            for (pixels, interval) in pixels.iter_mut().zip(&bounding_box.intervals) {
                if let Some(interval) = interval {
                    for pixel in pixels
                        .iter_mut()
                        .filter(|pixel| !interval.contains(**pixel))
                    {
                        *pixel = f64::NAN;
                    }
                }
            }
        }
        Ok(pixels)
    }

    /// Pixels of world coordinates by Newton's method, from the middle of the bounding box. Longitudes may differ by
    /// whole circles. Points for which it does not converge are NaN.
    ///
    /// # Errors
    /// There are not as many lists as world coordinates, they differ in length, or pixels and world have different
    /// numbers of coordinates.
    pub fn invert_numerically(
        &self,
        world: &[&[f64]],
        options: &InvertOptions,
    ) -> Result<Vec<Vec<f64>>, WcsError> {
        let forward = self.between(0, self.steps.len() - 1)?;
        let (inputs, outputs) = (forward.n_inputs(), forward.n_outputs());
        if inputs != outputs {
            return Err(WcsError::NotSquare { inputs, outputs });
        }
        let count = world.first().map_or(0, |list| list.len());
        if world.len() != outputs || world.iter().any(|list| list.len() != count) {
            return Err(crate::TransformError::Points {
                expected: outputs,
                found: world.iter().map(|list| list.len()).collect(),
            }
            .into());
        }
        let start: Vec<f64> = match self.bounding_box() {
            Some(bounding_box) => bounding_box
                .intervals
                .iter()
                .map(|interval| interval.map_or(0.0, |i| f64::midpoint(i.low, i.high)))
                .collect(),
            None => vec![0.0; inputs],
        };
        let newton = Newton {
            program: forward.compile(),
            sky: self.output_frame().sky_axes(),
            options: *options,
        };
        let mut pixels = vec![vec![f64::NAN; count]; inputs];
        for index in 0..count {
            let target: Vec<f64> = world.iter().map(|list| list[index]).collect();
            if let Some(found) = newton.solve(&target, &start) {
                for (list, value) in pixels.iter_mut().zip(found) {
                    list[index] = value;
                }
            }
        }
        Ok(pixels)
    }
}

struct Newton {
    program: Program,
    /// World axes that are longitude and latitude.
    sky: Option<[usize; 2]>,
    options: InvertOptions,
}

impl Newton {
    fn solve(&self, target: &[f64], start: &[f64]) -> Option<Vec<f64>> {
        let n = start.len();
        let mut point = start.to_vec();
        let mut distance = f64::INFINITY;
        for _ in 0..self.options.max_iterations {
            // The point, and two neighbours along each axis.
            const STEP: f64 = 0.25;
            let mut inputs = vec![vec![0.0; 2 * n + 1]; n];
            for (axis, list) in inputs.iter_mut().enumerate() {
                list.fill(point[axis]);
                list[2 * axis + 1] += STEP;
                list[2 * axis + 2] -= STEP;
            }
            let views: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
            let values = self.program.run(&views).ok()?;
            let at = |k: usize| -> Vec<f64> { values.iter().map(|list| list[k]).collect() };
            let residual = self.difference(target, &at(0), target);
            let columns: Vec<Vec<f64>> = (0..n)
                .map(|axis| {
                    let slope = self.difference(&at(2 * axis + 1), &at(2 * axis + 2), target);
                    slope.iter().map(|value| value / (2.0 * STEP)).collect()
                })
                .collect();
            let step = solve_linear(&columns, &residual)?;
            let length = step.iter().map(|s| s * s).sum::<f64>().sqrt();
            for (value, step) in point.iter_mut().zip(&step) {
                *value += step;
            }
            if !length.is_finite() {
                return None;
            }
            if length <= self.options.tolerance || (length < 1e-6 && length >= distance) {
                return Some(point);
            }
            distance = length;
        }
        None
    }

    /// `a − b`, with longitudes the short way round and as long as they are on the sky at `place`.
    fn difference(&self, a: &[f64], b: &[f64], place: &[f64]) -> Vec<f64> {
        let mut difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        if let Some([lon, lat]) = self.sky
            && lon < difference.len()
            && lat < difference.len()
        {
            let short = (difference[lon] + 180.0).rem_euclid(360.0) - 180.0;
            // At a pole any longitude will do; a small weight keeps the equations regular.
            difference[lon] = short * place[lat].to_radians().cos().max(1e-9);
        }
        difference
    }
}

/// Solves a small system of equations by elimination; `columns` are those of the matrix.
fn solve_linear(columns: &[Vec<f64>], right: &[f64]) -> Option<Vec<f64>> {
    let n = right.len();
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|row| {
            let mut line: Vec<f64> = columns.iter().map(|column| column[row]).collect();
            line.push(right[row]);
            line
        })
        .collect();
    for pivot in 0..n {
        let best =
            (pivot..n).max_by(|a, b| rows[*a][pivot].abs().total_cmp(&rows[*b][pivot].abs()))?;
        rows.swap(pivot, best);
        let divisor = rows[pivot][pivot];
        if divisor == 0.0 || !divisor.is_finite() {
            return None;
        }
        let line = rows[pivot].clone();
        for (index, row) in rows.iter_mut().enumerate() {
            if index != pivot {
                let factor = row[pivot] / divisor;
                for (value, above) in row.iter_mut().zip(&line) {
                    *value -= factor * above;
                }
            }
        }
    }
    Some((0..n).map(|row| rows[row][n] / rows[row][row]).collect())
}
