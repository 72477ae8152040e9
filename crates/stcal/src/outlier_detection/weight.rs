//! The weight below which pixels do not count.

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
    let mut values = weights.to_vec();
    keep(&mut values, |weight| weight.is_finite() & (weight != 0.0));
    for _ in 0..CLIPS {
        let (low, high) = bounds(&values);
        let count = values.len();
        keep(&mut values, |value| {
            (f64::from(value) >= low) & (f64::from(value) <= high)
        });
        if values.len() == count {
            break;
        }
    }
    let (sum, _) = moments(&values, 0.0);
    sum / values.len() as f64 * fraction
}

/// Takes out the values that are not wanted. Each is written where the next wanted one belongs, without a branch: which
/// are wanted is not to be foreseen.
fn keep(values: &mut Vec<f32>, is_wanted: impl Fn(f32) -> bool) {
    let mut kept = 0;
    for place in 0..values.len() {
        let value = values[place];
        values[kept] = value;
        kept += usize::from(is_wanted(value));
    }
    values.truncate(kept);
}

/// The limits of what is not an outlier.
fn bounds(values: &[f32]) -> (f64, f64) {
    let (count, centre) = (values.len() as f64, median(values));
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

/// The median, found by the leading bits of the values first: one pass over memory instead of the several of a selection.
fn median(values: &[f32]) -> f64 {
    let half = values.len() / 2;
    let ranks = if values.len() % 2 == 1 {
        [half, half]
    } else {
        [half.wrapping_sub(1), half]
    };
    let mut counts = vec![0_u32; 1 << 16];
    for value in values {
        counts[leading(*value)] += 1;
    }
    let mut before = 0;
    let mut found = [(0, 0); 2];
    for (bin, count) in counts.iter().enumerate() {
        let after = before + *count as usize;
        for (found, rank) in found.iter_mut().zip(ranks) {
            if (before..after).contains(&rank) {
                *found = (bin, rank - before);
            }
        }
        before = after;
    }
    let pick = |(bin, rank): (usize, usize)| {
        let mut members: Vec<f32> = values
            .iter()
            .copied()
            .filter(|value| leading(*value) == bin)
            .collect();
        if rank >= members.len() {
            return f64::NAN;
        }
        f64::from(*members.select_nth_unstable_by(rank, f32::total_cmp).1)
    };
    let lower = pick(found[0]);
    let upper = if found[0] == found[1] {
        lower
    } else {
        pick(found[1])
    };
    0.5 * (lower + upper)
}

/// The leading 16 bits of a number that grows with the value.
fn leading(value: f32) -> usize {
    let bits = value.to_bits();
    let ordered = if bits >> 31 == 1 {
        !bits
    } else {
        bits | 1 << 31
    };
    (ordered >> 16) as usize
}
