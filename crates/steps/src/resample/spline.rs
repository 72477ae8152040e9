//! Splines through the values on a grid.

use std::ops::RangeInclusive;

/// Order of a spline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spline {
    /// Straight lines.
    Linear,
    /// Cubic, without a jump of the third derivative at the second and the last but one node.
    Cubic,
}

/// Values and second derivatives along the rows' nodes, for every column wanted.
#[derive(Debug)]
pub(super) struct GridFit<'a> {
    nodes: &'a [f64],
    width: usize,
    /// `(node, column)`.
    values: Vec<f64>,
    /// The same of second derivatives; empty for straight lines.
    bends: Vec<f64>,
}

/// A spline through values `(y, x)` at the nodes `(y, x)`, worked out for the columns given.
///
/// A tensor product: first along x to the columns, then along y by [`GridFit::row`].
pub(super) fn interpolate_grid<'a>(
    spline: Spline,
    nodes: (&'a [f64], &[f64]),
    values: &[f64],
    columns: RangeInclusive<usize>,
) -> GridFit<'a> {
    let (at_y, at_x) = nodes;
    let width = columns.clone().count();
    let mut along = Vec::with_capacity(at_y.len() * width);
    for line in values.chunks(at_x.len()) {
        let bends = second_derivatives(spline, at_x, line);
        along.extend(columns.clone().map(|column| {
            let (k, a, b) = place(at_x, column as f64);
            let bend = |k: usize| bends.get(k).copied().unwrap_or(0.0);
            value(
                (line[k], line[k + 1]),
                (bend(k), bend(k + 1)),
                (a, b, at_x[k + 1] - at_x[k]),
            )
        }));
    }
    let mut bends = Vec::new();
    if spline == Spline::Cubic {
        bends = vec![0.0; along.len()];
        let mut line = vec![0.0; at_y.len()];
        for column in 0..width {
            for (k, value) in line.iter_mut().enumerate() {
                *value = along[k * width + column];
            }
            for (k, bend) in second_derivatives(spline, at_y, &line)
                .into_iter()
                .enumerate()
            {
                bends[k * width + column] = bend;
            }
        }
    }
    GridFit {
        nodes: at_y,
        width,
        values: along,
        bends,
    }
}

impl GridFit<'_> {
    /// The values of a row.
    pub(super) fn row(&self, y: f64, row: &mut [f64]) {
        let (k, a, b) = place(self.nodes, y);
        let step = self.nodes[k + 1] - self.nodes[k];
        let at = |list: &[f64], node: usize, column: usize| {
            list.get(node * self.width + column).copied().unwrap_or(0.0)
        };
        for (column, result) in row.iter_mut().enumerate() {
            *result = value(
                (at(&self.values, k, column), at(&self.values, k + 1, column)),
                (at(&self.bends, k, column), at(&self.bends, k + 1, column)),
                (a, b, step),
            );
        }
    }
}

/// The interval that holds `x`, and the parts of its lower and upper node in a straight line.
fn place(nodes: &[f64], x: f64) -> (usize, f64, f64) {
    let upper = nodes.partition_point(|&node| node <= x);
    let k = upper.saturating_sub(1).min(nodes.len() - 2);
    let b = (x - nodes[k]) / (nodes[k + 1] - nodes[k]);
    (k, 1.0 - b, b)
}

/// A cubic between two nodes from its values and second derivatives there.
fn value(ends: (f64, f64), bends: (f64, f64), (a, b, step): (f64, f64, f64)) -> f64 {
    let cubic = (a * a * a - a) * bends.0 + (b * b * b - b) * bends.1;
    a * ends.0 + b * ends.1 + cubic * step * step / 6.0
}

/// Second derivatives at the nodes; none for straight lines.
fn second_derivatives(spline: Spline, nodes: &[f64], values: &[f64]) -> Vec<f64> {
    let n = nodes.len();
    if spline == Spline::Linear || n < 4 {
        return Vec::new();
    }
    let step = |k: usize| nodes[k + 1] - nodes[k];
    let slope = |k: usize| (values[k + 1] - values[k]) / step(k);
    // Inner equations; the outermost derivatives continue the lines of the two next to them.
    let inner = n - 2;
    let (mut lower, mut diagonal, mut upper, mut right) = (
        vec![0.0; inner],
        vec![0.0; inner],
        vec![0.0; inner],
        vec![0.0; inner],
    );
    for k in 0..inner {
        let (h0, h1) = (step(k), step(k + 1));
        lower[k] = h0;
        diagonal[k] = 2.0 * (h0 + h1);
        upper[k] = h1;
        right[k] = 6.0 * (slope(k + 1) - slope(k));
    }
    let (h0, h1) = (step(0), step(1));
    diagonal[0] += h0 * (1.0 + h0 / h1);
    upper[0] -= h0 * h0 / h1;
    let (g0, g1) = (step(n - 2), step(n - 3));
    diagonal[inner - 1] += g0 * (1.0 + g0 / g1);
    lower[inner - 1] -= g0 * g0 / g1;
    for k in 1..inner {
        let factor = lower[k] / diagonal[k - 1];
        diagonal[k] -= factor * upper[k - 1];
        right[k] -= factor * right[k - 1];
    }
    let mut bends = vec![0.0; n];
    for k in (0..inner).rev() {
        let next = if k + 1 < inner { bends[k + 2] } else { 0.0 };
        bends[k + 1] = (right[k] - upper[k] * next) / diagonal[k];
    }
    bends[0] = bends[1] * (1.0 + h0 / h1) - bends[2] * h0 / h1;
    bends[n - 1] = bends[n - 2] * (1.0 + g0 / g1) - bends[n - 3] * g0 / g1;
    bends
}
