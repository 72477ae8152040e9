//! Small systems of complex equations.

use ndarray::Array2;
use rustfft::num_complex::Complex64;

/// Pivots smaller than this share of the first one count as zero.
const SINGULAR: f64 = 1e-14;

/// Solves `matrix x = right` by elimination with row exchanges; `None` if the equations do not determine `x`.
pub(super) fn solve(
    mut matrix: Array2<Complex64>,
    mut right: Vec<Complex64>,
) -> Option<Vec<Complex64>> {
    let n = right.len();
    let scale = matrix
        .diag()
        .iter()
        .fold(0.0, |scale: f64, value| scale.max(value.norm()));
    for k in 0..n {
        let pivot = (k..n).fold(k, |best, row| {
            if matrix[(row, k)].norm_sqr() > matrix[(best, k)].norm_sqr() {
                row
            } else {
                best
            }
        });
        let size = matrix[(pivot, k)].norm();
        if !(size.is_finite() && size > SINGULAR * scale) {
            return None;
        }
        if pivot != k {
            for column in k..n {
                matrix.swap((k, column), (pivot, column));
            }
            right.swap(k, pivot);
        }
        let inverse = matrix[(k, k)].inv();
        for row in k + 1..n {
            let factor = matrix[(row, k)] * inverse;
            for column in k + 1..n {
                let above = matrix[(k, column)];
                matrix[(row, column)] -= factor * above;
            }
            let above = right[k];
            right[row] -= factor * above;
        }
    }
    for k in (0..n).rev() {
        let known: Complex64 = (k + 1..n)
            .map(|column| matrix[(k, column)] * right[column])
            .sum();
        right[k] = (right[k] - known) * matrix[(k, k)].inv();
    }
    Some(right)
}
