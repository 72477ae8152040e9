//! Least-squares polynomials in two variables.

use nalgebra::{DMatrix, DVector};

use super::{Distortion, FitsError};

/// Points at which a pair of polynomials is fitted or checked.
#[derive(Debug, Clone)]
pub(super) struct Samples {
    /// Where.
    pub(super) at: Vec<[f64; 2]>,
    /// What the two polynomials should give.
    pub(super) values: Vec<[f64; 2]>,
}

/// Two polynomials and how well they fit.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) parts: [Distortion; 2],
    /// Largest distance from the values.
    pub(super) max_error: f64,
}

/// Fits polynomials of rising degree until the largest distance from the values is at most `tolerance`, or no degree
/// brings it further down. `dense` then checks the fit between the points.
///
/// # Errors
/// A fit has no unique solution.
///
/// # Source
/// gwcs 1.0.3 `fit_2D_poly`, which solves the normal equations in extended precision. Here the variables are scaled and
/// the matrix is decomposed into Q and R; values agree to 1e-15 of the largest.
pub(super) fn rising_degree(
    degrees: &[usize],
    tolerance: f64,
    samples: &Samples,
    dense: &Samples,
) -> Result<Pair, FitsError> {
    let mut best: Option<Pair> = None;
    for &degree in degrees {
        let mut pair = match of_degree(degree, samples) {
            Ok(pair) => pair,
            Err(error) => match best {
                None => return Err(error),
                Some(_) => break,
            },
        };
        if let Some(before) = &mut best
            && pair.max_error >= before.max_error
        {
            // Parity: the degree is stated as the one that was tried last, its further terms being zero.
            for part in &mut before.parts {
                part.degree = degree;
            }
            break;
        }
        let done = pair.max_error <= tolerance;
        if done || degrees.len() == 1 {
            pair.max_error = pair.max_error.max(largest_distance(&pair.parts, dense));
        }
        best = Some(pair);
        if done {
            break;
        }
    }
    best.ok_or(FitsError::Singular(0))
}

/// Fits polynomials of one degree.
fn of_degree(degree: usize, samples: &Samples) -> Result<Pair, FitsError> {
    let powers: Vec<[usize; 2]> = (0..=degree)
        .flat_map(|p| (0..=degree - p).map(move |q| [p, q]))
        .filter(|[p, q]| p + q > 0)
        .collect();
    // Powers of two scale without rounding.
    let scale = largest(&samples.at).log2().ceil().exp2();
    let matrix = DMatrix::from_fn(samples.at.len(), powers.len(), |row, column| {
        let [u, v] = samples.at[row].map(|x| x / scale);
        let [p, q] = powers[column];
        u.powi(p as i32) * v.powi(q as i32)
    });
    let decomposition = matrix.qr();
    let solve = |component: usize| -> Option<Distortion> {
        let values = samples.values.iter().map(|value| value[component]);
        let mut values = DVector::from_iterator(samples.values.len(), values);
        decomposition.q_tr_mul(&mut values);
        let head = values.rows(0, powers.len()).into_owned();
        let solution = decomposition.r().solve_upper_triangular(&head)?;
        let terms = powers.iter().zip(solution.iter());
        let terms = terms.map(|(&[p, q], c)| ([p, q], c / scale.powi((p + q) as i32)));
        let terms: Vec<_> = terms.collect();
        let finite = terms.iter().all(|(_, c)| c.is_finite());
        finite.then_some(Distortion { degree, terms })
    };
    let (Some(a), Some(b)) = (solve(0), solve(1)) else {
        return Err(FitsError::Singular(degree));
    };
    let parts = [a, b];
    Ok(Pair {
        max_error: largest_distance(&parts, samples),
        parts,
    })
}

fn largest(points: &[[f64; 2]]) -> f64 {
    let components = points.iter().flatten();
    components.fold(f64::MIN_POSITIVE, |largest, x| largest.max(x.abs()))
}

fn largest_distance(parts: &[Distortion; 2], samples: &Samples) -> f64 {
    let pairs = samples.at.iter().zip(&samples.values);
    let distances = pairs.map(|(at, [x, y])| {
        let [f, g] = parts.each_ref().map(|part| part.evaluate(*at));
        (x - f).hypot(y - g)
    });
    distances.fold(0.0, f64::max)
}
