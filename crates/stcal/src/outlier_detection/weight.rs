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
    let mut values = wanted(weights, weights.len(), |weight| {
        weight.is_finite() && weight != 0.0
    });
    let mut ranks = Ranks::of(&values);
    for _ in 0..CLIPS {
        let (low, high) = bounds(&values, &mut ranks);
        let count = values.len();
        values.retain(|value| {
            let is_kept = (low..=high).contains(&f64::from(*value));
            if !is_kept {
                ranks.take_out(*value);
            }
            is_kept
        });
        if values.len() == count {
            break;
        }
    }
    let (sum, _) = moments(&values, 0.0);
    sum / values.len() as f64 * fraction
}

/// The values that are wanted, at most `most`. Each value is written where the next wanted one belongs, without a branch:
/// which are wanted is not to be foreseen.
fn wanted(values: &[f32], most: usize, is_wanted: impl Fn(f32) -> bool) -> Vec<f32> {
    let mut found = vec![0.0; most + 1];
    let mut count = 0;
    for &value in values {
        found[count.min(most)] = value;
        count += usize::from(is_wanted(value));
    }
    found.truncate(count.min(most));
    found
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

/// How many values begin with which bits: that tells where the median lies, and what is taken out changes little of it.
struct Ranks {
    /// For each of the leading bits.
    counts: Vec<u32>,
    /// The values of one bin, which were looked for last.
    members: Vec<f32>,
    bin: usize,
}

impl Ranks {
    fn of(values: &[f32]) -> Self {
        let mut counts = vec![0; 1 << 16];
        for value in values {
            counts[leading(*value)] += 1;
        }
        Self {
            counts,
            members: Vec::new(),
            bin: 0,
        }
    }

    fn take_out(&mut self, value: f32) {
        self.counts[leading(value)] -= 1;
    }

    /// The median of the values that have not been taken out.
    fn median(&mut self, values: &[f32]) -> f64 {
        let half = values.len() / 2;
        let ranks = if values.len() % 2 == 1 {
            [half, half]
        } else {
            [half.wrapping_sub(1), half]
        };
        let mut before = 0;
        let mut found = [(0, 0); 2];
        for (bin, count) in self.counts.iter().enumerate() {
            let after = before + *count as usize;
            for (found, rank) in found.iter_mut().zip(ranks) {
                if (before..after).contains(&rank) {
                    *found = (bin, rank - before);
                }
            }
            before = after;
        }
        let lower = self.pick(values, found[0]);
        let upper = if found[0] == found[1] {
            lower
        } else {
            self.pick(values, found[1])
        };
        0.5 * (lower + upper)
    }

    /// The value of a rank in a bin; NaN if there is none.
    fn pick(&mut self, values: &[f32], (bin, rank): (usize, usize)) -> f64 {
        let count = self.counts[bin] as usize;
        if rank >= count {
            return f64::NAN;
        }
        if (self.bin, self.members.len()) != (bin, count) {
            self.bin = bin;
            self.members = wanted(values, count, |value| leading(value) == bin);
        }
        let members = &mut self.members;
        f64::from(*members.select_nth_unstable_by(rank, f32::total_cmp).1)
    }
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
