//! Limits for clipping at a number of standard deviations from the median.
//!
//! # Source
//! astropy 8.0.2 `stats/src/compute_bounds.c` with median and standard deviation. The values are summed in the order in
//! which that release's median leaves them, so that the limits have the same bits.

/// The limits outside which values are outliers; NaN if there are no values.
///
/// `values` are finite; those inside the limits of the last iteration but one are left. There is at least one iteration,
/// and with `max_iterations` of `None` there are as many as find outliers.
pub(crate) fn clipped_bounds(
    values: &mut Vec<f64>,
    sigma: f64,
    max_iterations: Option<usize>,
) -> (f64, f64) {
    let mut bounds = (f64::NAN, f64::NAN);
    let mut iteration = 0;
    while !values.is_empty() {
        let count = values.len();
        let centre = median(values);
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares: f64 = values
            .iter()
            .map(|value| (value - mean) * (value - mean))
            .sum();
        let deviation = sigma * (squares / count as f64).sqrt();
        bounds = (centre - deviation, centre + deviation);
        values.retain(|value| *value >= bounds.0 && *value <= bounds.1);
        iteration += 1;
        if values.len() == count || max_iterations.is_some_and(|most| iteration >= most) {
            break;
        }
    }
    bounds
}

/// The median; leaves the values in partial order.
fn median(values: &mut [f64]) -> f64 {
    let half = values.len() / 2;
    if values.len() % 2 == 1 {
        return select(values, half);
    }
    let upper = select(values, half);
    let lower = select(values, half - 1);
    0.5 * (upper + lower)
}

/// The value of a rank, from 0.
///
/// Source: Wirth, Algorithms + Data Structures = Programs (1976), section 2.3, "find".
fn select(values: &mut [f64], rank: usize) -> f64 {
    let (mut left, mut right) = (0, values.len() - 1);
    while left < right {
        let pivot = values[rank];
        // One more than the index from the right, which may step in front of the first value.
        let (mut i, mut j) = (left, right + 1);
        loop {
            while values[i] < pivot {
                i += 1;
            }
            while pivot < values[j - 1] {
                j -= 1;
            }
            if i < j {
                values.swap(i, j - 1);
                i += 1;
                j -= 1;
            }
            if i >= j {
                break;
            }
        }
        if j < rank + 1 {
            left = i;
        }
        if rank < i {
            right = j.saturating_sub(1);
        }
    }
    values[rank]
}
