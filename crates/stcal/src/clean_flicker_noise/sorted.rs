//! Values in order: medians and clipped moments without searching again.
//!
//! Everything that clipping asks for - the median of what is left, its mean and deviation, what a limit removes - is
//! a range of the sorted values, so an image is sorted once and never searched.

/// Rounds of clipping.
const MAX_ROUNDS: usize = 5;

/// Longest list that is not worth a radix sort.
const SHORT: usize = 4096;

/// Mean, median and standard deviation of what clipping leaves; NaN if nothing is left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClippedStats {
    /// Mean.
    pub mean: f64,
    /// Median.
    pub median: f64,
    /// Standard deviation (of the sample, not of the population).
    pub sigma: f64,
}

/// Finite values in ascending order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SortedValues(Vec<f32>);

impl SortedValues {
    /// Sorts values; those that are not finite are left out.
    ///
    /// ```
    /// use stcal::clean_flicker_noise::SortedValues;
    /// let values = SortedValues::new([3.0, f32::NAN, -1.0, 2.0, f32::INFINITY].into_iter());
    /// assert_eq!(values.median(), 2.0);
    /// ```
    pub fn new(values: impl Iterator<Item = f32>) -> Self {
        let mut finite: Vec<f32> = values.filter(|value| value.is_finite()).collect();
        if finite.len() <= SHORT {
            finite.sort_unstable_by(f32::total_cmp);
            Self(finite)
        } else {
            Self(radix_sort(finite))
        }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The median in single precision: the mean of the middle two for an even number; NaN without values.
    pub fn median(&self) -> f32 {
        let n = self.0.len();
        if n == 0 {
            return f32::NAN;
        }
        let (low, high) = (self.0[(n - 1) / 2], self.0[n / 2]);
        // Parity: numpy adds the two in single precision.
        if n % 2 == 1 {
            high
        } else {
            f32::midpoint(low, high)
        }
    }

    /// The values in ascending order.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }

    /// Subtracts a level from all values, in single precision, which keeps their order.
    pub(super) fn subtract(&mut self, level: f32) {
        for value in &mut self.0 {
            *value -= level;
        }
    }

    /// Keeps the values within limits, which may be NaN for none.
    pub(super) fn keep(&mut self, low: f64, high: f64) {
        let start = self.0.partition_point(|&value| f64::from(value) < low);
        // `>` in both places, so that a limit that is not a number removes nothing.
        #[expect(
            clippy::neg_cmp_op_on_partial_ord,
            reason = "NaN has to keep everything"
        )]
        let end = self.0.partition_point(|&value| !(f64::from(value) > high));
        self.0.truncate(end);
        self.0.drain(..start.min(end));
    }

    /// Clips repeatedly what is further than `limit` standard deviations from the median.
    ///
    /// # Source
    /// astropy 8.0.2 `stats/sigma_clipping.py`, `sigma_clipped_stats` with its defaults.
    pub fn clipped(&self, limit: f64) -> ClippedStats {
        let kept = self.clip(limit).0;
        let (mean, sigma) = moments(kept);
        ClippedStats {
            mean,
            median: median_of(kept),
            sigma,
        }
    }

    /// What repeated clipping leaves, and the last limits.
    pub(super) fn clip(&self, limit: f64) -> (&[f32], (f64, f64)) {
        let mut kept = self.0.as_slice();
        let mut limits = (f64::NAN, f64::NAN);
        for _ in 0..MAX_ROUNDS {
            if kept.is_empty() {
                break;
            }
            let centre = median_of(kept);
            let deviation = limit * moments(kept).1;
            limits = (centre - deviation, centre + deviation);
            let start = kept.partition_point(|&value| f64::from(value) < limits.0);
            let end = kept.partition_point(|&value| f64::from(value) <= limits.1);
            let count = kept.len();
            kept = &kept[start.min(end)..end];
            if kept.len() == count {
                break;
            }
        }
        (kept, limits)
    }

    /// Centre and deviation of the lower half of the distribution, mirrored at the median of the clipped values.
    ///
    /// The mirrored values lie symmetrically about that median, so it is their mean and median, too, and clipping them
    /// is a limit on the distance.
    pub(super) fn lower_half(&self, limit: f64) -> Option<(f64, f64)> {
        let centre = median_of(self.clip(limit).0);
        let end = self.0.partition_point(|&value| f64::from(value) <= centre);
        let mut half = &self.0[..end];
        for _ in 0..MAX_ROUNDS {
            let reach = limit * distance(half, centre);
            let start = half.partition_point(|&value| centre - f64::from(value) > reach);
            if start == 0 {
                break;
            }
            half = &half[start..];
        }
        (!half.is_empty()).then(|| (centre, distance(half, centre)))
    }
}

/// The median in double precision.
fn median_of(values: &[f32]) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    f64::midpoint(f64::from(values[(n - 1) / 2]), f64::from(values[n / 2]))
}

/// Mean and standard deviation.
fn moments(values: &[f32]) -> (f64, f64) {
    let mean = sum(values, |value| value) / values.len() as f64;
    let variance = sum(values, |value| (value - mean) * (value - mean)) / values.len() as f64;
    (mean, variance.sqrt())
}

/// Root mean square of the distance from `centre`.
fn distance(values: &[f32], centre: f64) -> f64 {
    let squares = sum(values, |value| (value - centre) * (value - centre));
    (squares / values.len() as f64).sqrt()
}

/// The sum over eight lanes, which the compiler keeps in vector registers.
fn sum(values: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; 8];
    let mut blocks = values.chunks_exact(8);
    for block in blocks.by_ref() {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane += of(f64::from(value));
        }
    }
    let rest: f64 = blocks.remainder().iter().map(|&v| of(f64::from(v))).sum();
    lanes.iter().sum::<f64>() + rest
}

/// Three passes over eleven bits each.
///
/// Source: Knuth, The Art of Computer Programming vol. 3, algorithm 5.2.5 R.
fn radix_sort(values: Vec<f32>) -> Vec<f32> {
    const BITS: u32 = 11;
    const SIZE: usize = 1 << BITS;
    // The order of the bits is that of the numbers once negative ones are inverted.
    let mut keys: Vec<u32> = values
        .into_iter()
        .map(|value| {
            let bits = value.to_bits();
            bits ^ (((bits as i32 >> 31) as u32) | 0x8000_0000)
        })
        .collect();
    let mut sorted = vec![0_u32; keys.len()];
    for pass in 0..3 {
        let digit = |key: u32| (key >> (BITS * pass)) as usize & (SIZE - 1);
        let mut counts = [0_usize; SIZE];
        for &key in &keys {
            counts[digit(key)] += 1;
        }
        let mut start = 0;
        for count in &mut counts {
            (start, *count) = (start + *count, start);
        }
        for &key in &keys {
            let place = &mut counts[digit(key)];
            sorted[*place] = key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut sorted);
    }
    keys.into_iter()
        .map(|key| f32::from_bits(key ^ (((!key as i32 >> 31) as u32) | 0x8000_0000)))
        .collect()
}
