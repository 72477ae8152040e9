//! The weight below which pixels do not count.

use crate::ranks::Ranks;
use crate::simd::{Kernel, run_vectorised};

/// Values are left out that are farther from the median than this [standard deviations].
const SIGMA: f64 = 3.0;

/// So often, at most.
const CLIPS: usize = 5;

/// Sums run side by side, so that they fill the vector registers.
const LANES: usize = 8;

/// Weights that are looked at together; they stay in the first-level cache.
const BLOCK: usize = 2048;

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
    let mut limits = Limits::NONE;
    let mut ranks = Ranks::of(weights, |weight| limits.hold(weight));
    for _ in 0..CLIPS {
        let narrower = narrower(weights, limits, &mut ranks);
        let count = ranks.total();
        for weights in weights.chunks(LANES) {
            let is_outlier = |weight: f32| limits.hold(weight) && !narrower.hold(weight);
            // There are few.
            if weights.iter().any(|weight| is_outlier(*weight)) {
                let outliers = weights.iter().filter(|weight| is_outlier(**weight));
                outliers.for_each(|weight| ranks.take_out(*weight));
            }
        }
        if ranks.total() == count {
            break;
        }
        limits = narrower;
    }
    let (sum, _) = moments(weights, limits, 0.0);
    sum / ranks.total() as f64 * fraction
}

/// Between which weights those lie that count.
#[derive(Debug, Clone, Copy)]
struct Limits {
    low: f32,
    high: f32,
}

impl Limits {
    /// All that are finite.
    const NONE: Self = Self {
        low: f32::MIN,
        high: f32::MAX,
    };

    /// Those that are within both these and limits in 64 bits.
    fn within(self, low: f64, high: f64) -> Self {
        // The numbers of 32 bits that are next to those, on the inner side.
        let (mut near_low, mut near_high) = (low as f32, high as f32);
        if f64::from(near_low) < low {
            near_low = near_low.next_up();
        }
        if f64::from(near_high) > high {
            near_high = near_high.next_down();
        }
        Self {
            low: if near_low < self.low {
                self.low
            } else {
                near_low
            },
            high: if near_high > self.high {
                self.high
            } else {
                near_high
            },
        }
    }

    fn hold(self, weight: f32) -> bool {
        weight >= self.low && weight <= self.high && weight != 0.0
    }
}

/// The limits of what is not an outlier among the weights that count.
fn narrower(weights: &[f32], limits: Limits, ranks: &mut Ranks) -> Limits {
    let centre = ranks.median(weights, |weight| limits.hold(weight));
    let (sum, squares) = moments(weights, limits, centre);
    let count = ranks.total() as f64;
    let mean = sum / count;
    let width = SIGMA * (squares / count - mean * mean).max(0.0).sqrt();
    limits.within(centre - width, centre + width)
}

/// Sums of the distances from `centre`, and of their squares, of the weights that count.
fn moments(weights: &[f32], limits: Limits, centre: f64) -> (f64, f64) {
    let mut sums = Sums {
        centre,
        distances: [0.0; LANES],
        squares: [0.0; LANES],
    };
    // Weights that count go to the lanes in turn, whatever lies between them.
    let mut block = [0.0; BLOCK + LANES];
    let mut held = 0;
    for part in weights.chunks(BLOCK) {
        for &weight in part {
            block[held] = weight;
            held += usize::from(limits.hold(weight));
        }
        let (chunks, rest) = block[..held].as_chunks::<LANES>();
        run_vectorised(AddAll {
            chunks,
            sums: &mut sums,
        });
        let (start, left) = (held - rest.len(), rest.len());
        block.copy_within(start..held, 0);
        held = left;
    }
    for weight in &block[..held] {
        sums.add(0, *weight);
    }
    (sums.distances.iter().sum(), sums.squares.iter().sum())
}

/// Sums that run side by side.
struct Sums {
    centre: f64,
    distances: [f64; LANES],
    squares: [f64; LANES],
}

impl Sums {
    #[inline(always)]
    fn add(&mut self, lane: usize, weight: f32) {
        let distance = f64::from(weight) - self.centre;
        self.distances[lane] += distance;
        self.squares[lane] += distance * distance;
    }
}

/// Adds weights, one to each lane.
struct AddAll<'a> {
    chunks: &'a [[f32; LANES]],
    sums: &'a mut Sums,
}

impl Kernel for AddAll<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for chunk in self.chunks {
            for (lane, weight) in chunk.iter().enumerate() {
                self.sums.add(lane, *weight);
            }
        }
    }
}
