//! The clipped mean, to the last bit of what numpy and scipy make of it.

use super::Arithmetic;

/// A reference level and whether it was found in single precision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Level {
    pub(super) value: f64,
    single: bool,
}

impl Level {
    /// The mean of two levels, or the one that exists.
    pub(super) fn average(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        let (Some(a), Some(b)) = (a, b) else {
            return a.or(b);
        };
        let sum = a.value + b.value;
        Some(if a.single && b.single {
            Self {
                value: 0.5 * f64::from(sum as f32),
                single: true,
            }
        } else {
            Self {
                value: 0.5 * sum,
                single: false,
            }
        })
    }
}

/// Mean of the values after repeated removal of those more than `limit` standard deviations from it.
///
/// `None` if there is no value; not a number if any value is not one. Values that are all the same are averaged in
/// double precision.
pub(super) fn clipped_mean(values: Vec<f64>, limit: f64, arithmetic: Arithmetic) -> Option<Level> {
    if values.is_empty() {
        return None;
    }
    if values.iter().all(|&value| value == values[0]) {
        return Some(Level {
            value: values[0],
            single: false,
        });
    }
    Some(match arithmetic {
        // One operation in double precision, rounded, is the same operation in single precision.
        Arithmetic::Single => Level {
            value: clip(values, limit, |x| f64::from(x as f32)),
            single: true,
        },
        Arithmetic::Double => Level {
            value: clip(values, limit, |x| x),
            single: false,
        },
    })
}

fn clip(mut values: Vec<f64>, limit: f64, round: impl Fn(f64) -> f64 + Copy) -> f64 {
    let limit = round(limit);
    let mut squares = Vec::with_capacity(values.len());
    loop {
        let n = values.len();
        let mean = mean(&values, round);
        squares.clear();
        squares.extend(values.iter().map(|&value| {
            let deviation = round(value - mean);
            round(deviation * deviation)
        }));
        let sigma = round(self::mean(&squares, round).sqrt());
        let width = round(sigma * limit);
        let (low, high) = (round(mean - width), round(mean + width));
        values.retain(|&value| value >= low && value <= high);
        if values.len() == n {
            return mean;
        }
    }
}

fn mean(values: &[f64], round: impl Fn(f64) -> f64 + Copy) -> f64 {
    round(pairwise_sum(values, round) / values.len() as f64)
}

/// The sum in numpy's order: blocks of up to 128 values, each in eight partial sums.
fn pairwise_sum(values: &[f64], round: impl Fn(f64) -> f64 + Copy) -> f64 {
    let n = values.len();
    if n < 8 {
        return values.iter().fold(0.0, |sum, &value| round(sum + value));
    }
    if n > 128 {
        let half = n / 2 - (n / 2) % 8;
        let (left, right) = values.split_at(half);
        return round(pairwise_sum(left, round) + pairwise_sum(right, round));
    }
    let mut blocks = values.chunks_exact(8);
    let mut part = [0.0; 8];
    for block in blocks.by_ref() {
        for (part, &value) in part.iter_mut().zip(block) {
            *part = round(*part + value);
        }
    }
    let pair = |k: usize| round(part[k] + part[k + 1]);
    let sum = round(round(pair(0) + pair(2)) + round(pair(4) + pair(6)));
    blocks
        .remainder()
        .iter()
        .fold(sum, |sum, &value| round(sum + value))
}
