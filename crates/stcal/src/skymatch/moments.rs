//! Sums over values between two limits.

/// Number, mean, standard deviation and range of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moments {
    pub(super) count: usize,
    /// As the reference hands them on, rounded to 32 bits.
    pub(super) mean: f32,
    pub(super) deviation: f32,
    pub(super) least: f32,
    pub(super) most: f32,
}

/// Sums run side by side, so that they fill the vector registers.
const LANES: usize = 8;

/// Values after which counts in the lanes are added up.
const PART: usize = 1 << 16;

/// Moments of the values from `low` to `high`; there is at least one value.
///
/// # Source
/// stsci.imagestats 1.8.4 `computeMean`, which sums in one 64-bit number.
pub(super) fn moments(values: &[f32], low: f32, high: f32) -> Moments {
    let first = values.first().copied().unwrap_or(f32::NAN);
    // Parity: stsci.imagestats starts from the first value even if it does not count, and from the limit if it lies beyond.
    let range = (first.max(low), first.min(high));
    let (count, sum, least, most) = sums(values, (low, high), range);
    let mean = (sum / count as f64) as f32;
    let deviation = (squares(values, mean, least, most) / (count as f64 - 1.0)).sqrt() as f32;
    Moments {
        count,
        mean,
        deviation,
        least,
        most,
    }
}

/// Number, sum, least and largest of the values between limits.
fn sums(values: &[f32], (low, high): (f32, f32), range: (f32, f32)) -> (usize, f64, f32, f32) {
    let mut count = 0;
    let mut sums = [0.0_f64; LANES];
    let (mut least, mut most) = ([range.0; LANES], [range.1; LANES]);
    let (chunks, rest) = values.as_chunks::<LANES>();
    for part in chunks.chunks(PART) {
        let mut counts = [0_u32; LANES];
        for chunk in part {
            for lane in 0..LANES {
                let value = chunk[lane];
                let inside = value >= low && value <= high;
                counts[lane] += u32::from(inside);
                sums[lane] += f64::from(if inside { value } else { 0.0 });
                let (under, over) = (inside && value < least[lane], inside && value > most[lane]);
                least[lane] = if under { value } else { least[lane] };
                most[lane] = if over { value } else { most[lane] };
            }
        }
        count += counts.iter().map(|count| *count as usize).sum::<usize>();
    }
    let mut sum = sums.iter().sum::<f64>();
    let mut least = least.into_iter().fold(range.0, f32::min);
    let mut most = most.into_iter().fold(range.1, f32::max);
    for &value in rest.iter().filter(|value| (low..=high).contains(*value)) {
        count += 1;
        sum += f64::from(value);
        least = least.min(value);
        most = most.max(value);
    }
    (count, sum, least, most)
}

/// The sum of the squared distances from `mean` of the values between limits.
fn squares(values: &[f32], mean: f32, low: f32, high: f32) -> f64 {
    let mut sums = [0.0_f64; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    let square = |value: f32| {
        let distance = if value >= low && value <= high {
            value - mean
        } else {
            0.0
        };
        f64::from(distance * distance)
    };
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += square(chunk[lane]);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|value| square(*value)).sum::<f64>()
}

/// The smallest and the largest value; infinities, exchanged, if there are none.
pub(super) fn extremes(values: &[f32]) -> (f32, f32) {
    let all = (f32::NEG_INFINITY, f32::INFINITY);
    let (_, _, least, most) = sums(values, all, (f32::INFINITY, f32::NEG_INFINITY));
    (least, most)
}
