//! Level and width of the background from a Gaussian through the histogram of values.

use super::sorted::SortedValues;

const BINS: usize = 2000;

/// Half the range of the histogram [sigma].
const RANGE_SIGMA: f64 = 4.0;

const MAX_STEPS: usize = 200;

/// Mean and width of the Gaussian that fits the histogram of the values best; `centre` and `sigma` if none does.
///
/// # Source
/// jwst 3.0.0 `background_level.py::clip_to_background`: 2000 bins within four standard deviations, least squares.
pub(super) fn fit(values: &SortedValues, centre: f64, sigma: f64) -> (f64, f64) {
    let (first, last) = (centre - RANGE_SIGMA * sigma, centre + RANGE_SIGMA * sigma);
    if !(first.is_finite() && last.is_finite() && first < last) {
        return (centre, sigma);
    }
    let step = (last - first) / BINS as f64;
    let edge = |bin: usize| {
        if bin == BINS {
            last
        } else {
            first + bin as f64 * step
        }
    };
    let counts = count(values.as_slice(), edge);
    let middles: Vec<f64> = (0..BINS)
        .map(|bin| f64::midpoint(edge(bin + 1), edge(bin)))
        .collect();
    let mode = (0..BINS).fold(0, |best, bin| {
        if counts[bin] > counts[best] {
            bin
        } else {
            best
        }
    });
    // Lengths in units of the width keep the normal equations well scaled.
    let scaled: Vec<f64> = middles
        .iter()
        .map(|middle| (middle - centre) / sigma)
        .collect();
    let start = [counts[mode], scaled[mode], 1.0];
    match gaussian(&scaled, &counts, start) {
        Some([_, mean, width]) => (centre + mean * sigma, width.abs() * sigma),
        None => (centre, sigma),
    }
}

/// Number of values in each bin; the last one has both its edges.
fn count(sorted: &[f32], edge: impl Fn(usize) -> f64) -> Vec<f64> {
    let below = |limit: f64| sorted.partition_point(|&value| f64::from(value) < limit);
    let mut start = below(edge(0));
    let mut counts = Vec::with_capacity(BINS);
    for bin in 1..=BINS {
        let end = if bin == BINS {
            sorted.partition_point(|&value| f64::from(value) <= edge(BINS))
        } else {
            below(edge(bin))
        };
        counts.push((end - start) as f64);
        start = end;
    }
    counts
}

/// Least squares of `p[0] exp(-((x - p[1]) / p[2])² / 2)` by the method of Levenberg and Marquardt; `None` if it does
/// not converge, or leaves the range of `x`.
fn gaussian(x: &[f64], y: &[f64], start: [f64; 3]) -> Option<[f64; 3]> {
    let (mut p, mut damping) = (start, 1e-3);
    let mut best = cost(x, y, p);
    if !best.is_finite() {
        return None;
    }
    for _ in 0..MAX_STEPS {
        let (matrix, gradient) = normal_equations(x, y, p);
        let mut damped = matrix;
        for (k, row) in damped.iter_mut().enumerate() {
            row[k] *= 1.0 + damping;
        }
        let step = solve3(damped, gradient)?;
        let next = [p[0] + step[0], p[1] + step[1], p[2] + step[2]];
        let found = cost(x, y, next);
        if found > best || found.is_nan() {
            damping *= 10.0;
            if damping > 1e12 {
                break;
            }
            continue;
        }
        let small =
            step[0].abs() <= 1e-12 * p[0].abs() && step[1].abs() <= 1e-12 && step[2].abs() <= 1e-12;
        (p, best, damping) = (next, found, damping / 10.0);
        if small {
            break;
        }
    }
    let inside = x[0] <= p[1] && p[1] <= x[x.len() - 1] && p[2].abs() <= x[x.len() - 1] - x[0];
    (inside && p[0] >= 0.0).then_some(p)
}

fn cost(x: &[f64], y: &[f64], [height, mean, width]: [f64; 3]) -> f64 {
    let residual = |(&x, &y): (&f64, &f64)| {
        let z = (x - mean) / width;
        (y - height * (-0.5 * z * z).exp()).powi(2)
    };
    x.iter().zip(y).map(residual).sum()
}

fn normal_equations(
    x: &[f64],
    y: &[f64],
    [height, mean, width]: [f64; 3],
) -> ([[f64; 3]; 3], [f64; 3]) {
    let (mut matrix, mut gradient) = ([[0.0; 3]; 3], [0.0; 3]);
    for (&x, &y) in x.iter().zip(y) {
        let z = (x - mean) / width;
        let shape = (-0.5 * z * z).exp();
        let slope = [
            shape,
            height * shape * z / width,
            height * shape * z * z / width,
        ];
        let residual = y - height * shape;
        for (row, a) in matrix.iter_mut().zip(slope) {
            for (cell, b) in row.iter_mut().zip(slope) {
                *cell += a * b;
            }
        }
        for (sum, a) in gradient.iter_mut().zip(slope) {
            *sum += a * residual;
        }
    }
    (matrix, gradient)
}

/// Cramer's rule.
fn solve3(m: [[f64; 3]; 3], v: [f64; 3]) -> Option<[f64; 3]> {
    let determinant = |m: &[[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
            - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let whole = determinant(&m);
    if whole == 0.0 || !whole.is_finite() {
        return None;
    }
    let mut solution = [0.0; 3];
    for (k, value) in solution.iter_mut().enumerate() {
        let mut replaced = m;
        for (row, v) in replaced.iter_mut().zip(v) {
            row[k] = v;
        }
        *value = determinant(&replaced) / whole;
    }
    Some(solution)
}
