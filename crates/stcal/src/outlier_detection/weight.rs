//! The weight below which pixels do not count.

use crate::ranks::{Ranks, wanted};

/// Values are left out that are farther from the median than this [standard deviations].
const SIGMA: f64 = 3.0;

/// So often, at most.
const CLIPS: usize = 5;

/// Sums run side by side, so that they fill the vector registers.
const LANES: usize = 8;

/// `fraction` of the mean weight of pixels, without outliers, zeros and what is not finite; NaN if there is no other.
///
/// ```
/// use stcal::outlier_detection::weight_threshold;
/// assert_eq!(weight_threshold(&[0.0, 2.0, 4.0, f32::NAN], 0.5), 1.5);
/// ```
///
/// # Source
/// stcal 1.20.0 `outlier_detection.utils::compute_weight_threshold` with astropy 8.0 `stats.sigma_clip`. Rounding of sums.
pub fn weight_threshold(weights: &[f32], fraction: f64) -> f64 {
    let mut values = wanted(weights, weights.len(), |weight| {
        weight.is_finite() && weight != 0.0
    });
    let mut ranks = Ranks::of(&values);
    for _ in 0..CLIPS {
        let (low, high) = bounds(&values, &mut ranks);
        let is_inside = |value: f32| f64::from(value) >= low && f64::from(value) <= high;
        // Counting is quicker than copying, and the last time there is nothing to copy.
        if values.iter().filter(|value| is_inside(**value)).count() == values.len() {
            break;
        }
        keep(&mut values, is_inside, |value| ranks.take_out(value));
    }
    let (sum, _) = moments(&values, 0.0);
    sum / values.len() as f64 * fraction
}

/// Keeps the values that are wanted, and tells which were not. Each value is written where the next wanted one belongs: only
/// few are not wanted, and the others are moved without a branch.
fn keep(values: &mut Vec<f32>, is_wanted: impl Fn(f32) -> bool, mut lost: impl FnMut(f32)) {
    let mut kept = 0;
    for place in 0..values.len() {
        let value = values[place];
        values[kept] = value;
        let is_wanted = is_wanted(value);
        kept += usize::from(is_wanted);
        if !is_wanted {
            lost(value);
        }
    }
    values.truncate(kept);
}

/// The limits of what is not an outlier.
fn bounds(values: &[f32], ranks: &mut Ranks) -> (f64, f64) {
    let (count, centre) = (values.len() as f64, ranks.median(values));
    let (sum, squares) = moments(values, centre);
    let mean = sum / count;
    let width = SIGMA * (squares / count - mean * mean).max(0.0).sqrt();
    (centre - width, centre + width)
}

/// Sums of the distances from `centre` and of their squares.
fn moments(values: &[f32], centre: f64) -> (f64, f64) {
    let (mut sums, mut squares) = ([0.0; LANES], [0.0; LANES]);
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let distance = f64::from(chunk[lane]) - centre;
            sums[lane] += distance;
            squares[lane] += distance * distance;
        }
    }
    for value in rest {
        let distance = f64::from(*value) - centre;
        sums[0] += distance;
        squares[0] += distance * distance;
    }
    (sums.iter().sum(), squares.iter().sum())
}
