//! A surface through the values of boxes.
//!
//! # Source
//! The cubic spline of scipy 1.17.1 `ndimage.zoom` with `mode='reflect'` and `grid_mode=True`: Unser, "Splines: a
//! perfect fit for signal and image processing" (1999), doi:10.1109/79.799930, for the recursive filter.

use ndarray::{Array1, Array2, ArrayViewMut1, ArrayViewMut2, Axis, s};

use crate::simd::{Kernel, run_vectorised};

use super::Boxes;

/// A surface, computed row by row.
#[derive(Debug, Clone)]
pub struct Surface {
    shape: (usize, usize),
    size: (usize, usize),
    limits: (f32, f32),
    /// Coefficients of the spline; none if the surface is flat.
    coefficients: Option<Array2<f64>>,
    /// First box and weights of each column.
    columns: Vec<(isize, [f64; 4])>,
}

impl Surface {
    /// The surface through the values of the boxes' centres.
    pub(super) fn new(mesh: Array2<f32>, boxes: &Boxes) -> Self {
        let low = mesh.iter().copied().fold(f32::INFINITY, f32::min);
        let high = mesh.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (shape, size) = (boxes.shape(), boxes.size());
        let is_flat = high <= low;
        let coefficients = (!is_flat).then(|| spline_coefficients(&mesh));
        let columns = if is_flat {
            Vec::new()
        } else {
            let boxes = mesh.ncols();
            (0..shape.1).map(|x| weights(x, size.1, boxes)).collect()
        };
        Self {
            shape,
            size,
            limits: (low, high),
            coefficients,
            columns,
        }
    }

    /// Shape of the surface.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The value all over, if there is only one.
    #[must_use]
    pub fn constant(&self) -> Option<f32> {
        self.coefficients.is_none().then_some(self.limits.0)
    }

    /// Writes the rows from `first_row` on.
    ///
    /// # Panics
    /// If `out` reaches beyond the surface.
    pub fn write_rows(&self, first_row: usize, mut out: ArrayViewMut2<'_, f32>) {
        assert!(
            first_row + out.nrows() <= self.shape.0 && out.ncols() == self.shape.1,
            "rows {first_row} to {} of {} columns are not in the surface",
            first_row + out.nrows(),
            out.ncols()
        );
        let Some(coefficients) = &self.coefficients else {
            out.fill(self.limits.0);
            return;
        };
        let (rows, columns) = coefficients.dim();
        // The coefficients of the row, with three more on either side by reflection.
        let mut line = vec![0.0; columns + 6];
        for (offset, row) in out.outer_iter_mut().enumerate() {
            let (first, weights) = weights(first_row + offset, self.size.0, rows);
            for (position, value) in (-3..).zip(&mut line) {
                let column = reflect(position, columns);
                *value = (first..)
                    .zip(weights)
                    .map(|(row, weight)| coefficients[[reflect(row, rows), column]] * weight)
                    .sum();
            }
            self.write_row(&line, row);
        }
    }

    fn write_row(&self, line: &[f64], mut row: ArrayViewMut1<'_, f32>) {
        let mut from = 0;
        // Columns between the same boxes have the same coefficients.
        for columns in self.columns.chunk_by(|a, b| a.0 == b.0) {
            let start = usize::try_from(columns[0].0 + 3).unwrap_or_default();
            let stretch = Stretch {
                coefficients: [
                    line[start],
                    line[start + 1],
                    line[start + 2],
                    line[start + 3],
                ],
                columns,
                limits: self.limits,
                values: row.slice_mut(s![from..from + columns.len()]),
            };
            run_vectorised(stretch);
            from += columns.len();
        }
    }

    /// The whole surface.
    #[must_use]
    pub fn image(&self) -> Array2<f32> {
        let mut image = Array2::zeros(self.shape);
        self.write_rows(0, image.view_mut());
        image
    }
}

/// Columns of a row between the same boxes.
struct Stretch<'a> {
    coefficients: [f64; 4],
    columns: &'a [(isize, [f64; 4])],
    limits: (f32, f32),
    values: ArrayViewMut1<'a, f32>,
}

impl Kernel for Stretch<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (low, high) = self.limits;
        let [a, b, c, d] = self.coefficients;
        for (value, (_, weights)) in self.values.into_iter().zip(self.columns) {
            let [wa, wb, wc, wd] = weights;
            let sum = a * wa + b * wb + c * wc + d * wd;
            *value = (sum as f32).clamp(low, high);
        }
    }
}

/// The first of four boxes and their weights at a pixel.
fn weights(pixel: usize, size: usize, boxes: usize) -> (isize, [f64; 4]) {
    let scale = boxes as f64 / (boxes * size) as f64;
    let position = (pixel as f64 + 0.5) * scale - 0.5;
    let floor = position.floor();
    let (y, z) = (position - floor, 1.0 - (position - floor));
    let mut weights = [
        z * z * z / 6.0,
        (y * y * (y - 2.0) * 3.0 + 4.0) / 6.0,
        (z * z * (z - 2.0) * 3.0 + 4.0) / 6.0,
        0.0,
    ];
    weights[3] = 1.0 - weights[0] - weights[1] - weights[2];
    (floor as isize - 1, weights)
}

/// The index at which a sequence that is mirrored at its outer edges has its value.
fn reflect(index: isize, len: usize) -> usize {
    let len = len as isize;
    let position = index.rem_euclid(2 * len);
    let position = if position < len {
        position
    } else {
        2 * len - 1 - position
    };
    position.unsigned_abs()
}

fn spline_coefficients(mesh: &Array2<f32>) -> Array2<f64> {
    let mut coefficients = mesh.mapv(f64::from);
    for axis in [Axis(0), Axis(1)] {
        for mut lane in coefficients.lanes_mut(axis) {
            if lane.len() > 1 {
                let mut line: Array1<f64> = lane.to_owned();
                filter_line(line.as_slice_mut().unwrap_or_default());
                lane.assign(&line);
            }
        }
    }
    coefficients
}

/// Coefficients of the cubic spline through values that are mirrored at their outer edges.
fn filter_line(c: &mut [f64]) {
    let pole = 3.0_f64.sqrt() - 2.0;
    let n = c.len();
    let gain = (1.0 - pole) * (1.0 - 1.0 / pole);
    for value in c.iter_mut() {
        *value *= gain;
    }
    let far = pole.powi(n as i32);
    let first = c[0];
    let mut power = pole;
    c[0] += far * c[n - 1];
    for i in 1..n {
        c[0] += power * (c[i] + far * c[n - 1 - i]);
        power *= pole;
    }
    c[0] = c[0] * (pole / (1.0 - far * far)) + first;
    for i in 1..n {
        c[i] += pole * c[i - 1];
    }
    c[n - 1] *= pole / (pole - 1.0);
    for i in (0..n - 1).rev() {
        c[i] = pole * (c[i + 1] - c[i]);
    }
}
