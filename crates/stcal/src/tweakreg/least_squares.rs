//! Least squares of small systems that may leave some unknowns open.

/// Sweeps over all pairs of columns; ten are plenty for six columns.
const SWEEPS: usize = 60;

/// The shortest `x` among those that make `|rows x − right|` least.
///
/// By one-sided Jacobi rotations (Golub & Van Loan, *Matrix Computations*, section 8.6): they turn the columns until they
/// stand at right angles to each other; their lengths are then the singular values. Those below the largest one times
/// the machine precision and the size of the system count as zero, as in `numpy.linalg.lstsq`.
pub(super) fn solve<const N: usize>(rows: &[[f64; N]], right: &[f64]) -> [f64; N] {
    let mut columns: Vec<Vec<f64>> = (0..N)
        .map(|column| rows.iter().map(|row| row[column]).collect())
        .collect();
    let mut turned: Vec<[f64; N]> = (0..N)
        .map(|column| std::array::from_fn(|row| f64::from(u8::from(row == column))))
        .collect();
    for _ in 0..SWEEPS {
        let mut done = true;
        for p in 0..N {
            for q in p + 1..N {
                if let Some((cos, sin)) = rotation(&columns[p], &columns[q]) {
                    done = false;
                    let (left, right) = columns.split_at_mut(q);
                    rotate(&mut left[p], &mut right[0], cos, sin);
                    let (left, right) = turned.split_at_mut(q);
                    rotate(&mut left[p], &mut right[0], cos, sin);
                }
            }
        }
        if done {
            break;
        }
    }
    let squares: Vec<f64> = columns.iter().map(|column| dot(column, column)).collect();
    let largest = squares.iter().copied().fold(0.0, f64::max).sqrt();
    let least = largest * f64::EPSILON * rows.len().max(N) as f64;
    let mut solution = [0.0; N];
    for ((column, turned), square) in columns.iter().zip(&turned).zip(squares) {
        if square.sqrt() > least {
            let part = dot(column, right) / square;
            for (value, direction) in solution.iter_mut().zip(turned) {
                *value += part * direction;
            }
        }
    }
    solution
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Cosine and sine of the rotation that makes two columns orthogonal; `None` if they are.
fn rotation(p: &[f64], q: &[f64]) -> Option<(f64, f64)> {
    let (pp, qq, pq) = (dot(p, p), dot(q, q), dot(p, q));
    if pq == 0.0 || pq.abs() <= f64::EPSILON * (pp * qq).sqrt() {
        return None;
    }
    let zeta = (qq - pp) / (2.0 * pq);
    let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
    let cos = 1.0 / tangent.hypot(1.0);
    Some((cos, cos * tangent))
}

fn rotate(p: &mut [f64], q: &mut [f64], cos: f64, sin: f64) {
    for (p, q) in p.iter_mut().zip(q) {
        (*p, *q) = (cos * *p - sin * *q, sin * *p + cos * *q);
    }
}
