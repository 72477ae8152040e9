//! The weight below which pixels do not count.

use pulp::Simd;

use crate::ranks::Ranks;
use crate::simd::{Kernel, run_vectorised};

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
    let mut limits = Limits::NONE;
    let mut ranks = Ranks::of(weights, |weight| limits.hold(weight));
    for _ in 0..CLIPS {
        let narrower = narrower(weights, limits, &mut ranks);
        let count = ranks.total();
        run_vectorised(TakeOut {
            weights,
            between: (limits, narrower),
            ranks: &mut ranks,
        });
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

    #[inline(always)]
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

/// Takes weights out that some limits hold and others do not.
struct TakeOut<'a> {
    weights: &'a [f32],
    between: (Limits, Limits),
    ranks: &'a mut Ranks,
}

impl Kernel for TakeOut<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (wide, narrow) = self.between;
        let (eights, rest) = self.weights.as_chunks::<LANES>();
        for weights in eights {
            let (mut before, mut after) = (0, 0);
            for weight in weights {
                before += u32::from(wide.hold(*weight));
                after += u32::from(narrow.hold(*weight));
            }
            // There are few.
            if before != after {
                for weight in weights {
                    let is_outlier = wide.hold(*weight) && !narrow.hold(*weight);
                    self.ranks.take_out(*weight, is_outlier);
                }
            }
        }
        for weight in rest {
            let is_outlier = wide.hold(*weight) && !narrow.hold(*weight);
            self.ranks.take_out(*weight, is_outlier);
        }
    }
}

/// Sums of the distances from a centre, and of their squares, of the weights that count.
fn moments(weights: &[f32], limits: Limits, centre: f64) -> (f64, f64) {
    pulp::Arch::new().dispatch(Sums {
        weights,
        limits,
        centre,
    })
}

/// The work of [`moments`]: weights that count go to the lanes in turn, whatever lies between them. Those that are left when
/// all lanes have as many go to the first.
struct Sums<'a> {
    weights: &'a [f32],
    limits: Limits,
    centre: f64,
}

impl pulp::WithSimd for Sums<'_> {
    type Output = (f64, f64);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (f64, f64) {
        let mut lanes = InTurn {
            centre: self.centre,
            sums: [0.0; LANES],
            squares: [0.0; LANES],
        };
        let mut counting = Counting::default();
        let (chunks, rest) = self.weights.as_chunks::<GATHERED>();
        for weights in chunks {
            let (eights, _) = weights.as_chunks::<LANES>();
            for weights in eights {
                counting.take(weights, self.limits);
            }
            counting.hand_over(simd, &mut lanes);
        }
        for weight in rest {
            counting.take_one(*weight, self.limits);
        }
        counting.hand_over(simd, &mut lanes);
        for weight in &counting.weights[..counting.count] {
            lanes.add_first(*weight);
        }
        (lanes.sums.iter().sum(), lanes.squares.iter().sum())
    }
}

/// Weights of which those that count are gathered before they are added.
const GATHERED: usize = 8 * LANES;

/// Weights that count and are not added yet.
struct Counting {
    /// Only the first `count` matter; there is room for all that are gathered beside those that fill no lanes.
    weights: [f32; 2 * GATHERED],
    count: usize,
}

impl Default for Counting {
    fn default() -> Self {
        Self {
            weights: [0.0; 2 * GATHERED],
            count: 0,
        }
    }
}

impl Counting {
    #[inline(always)]
    fn take(&mut self, weights: &[f32; LANES], limits: Limits) {
        let mut held = 0;
        for weight in weights {
            held += usize::from(limits.hold(*weight));
        }
        if held == LANES {
            let room = self.weights[self.count..].first_chunk_mut::<LANES>();
            if let Some(room) = room {
                *room = *weights;
            }
            self.count += LANES;
        } else if held > 0 {
            for weight in weights {
                self.take_one(*weight, limits);
            }
        }
    }

    /// Writes a weight where the next one that counts belongs, without a branch: which count is not to be foreseen.
    #[inline(always)]
    fn take_one(&mut self, weight: f32, limits: Limits) {
        self.weights[self.count % (2 * GATHERED)] = weight;
        self.count += usize::from(limits.hold(weight));
    }

    /// Gives as many to the lanes as fill all of them.
    #[inline(always)]
    fn hand_over<S: Simd>(&mut self, simd: S, lanes: &mut InTurn) {
        let (eights, rest) = self.weights[..self.count].as_chunks::<LANES>();
        for weights in eights {
            lanes.add_all(simd, weights);
        }
        let left = rest.len();
        self.weights.copy_within(self.count - left..self.count, 0);
        self.count = left;
    }
}

/// Sums that run side by side.
struct InTurn {
    centre: f64,
    sums: [f64; LANES],
    squares: [f64; LANES],
}

impl InTurn {
    #[inline(always)]
    fn add_all<S: Simd>(&mut self, simd: S, weights: &[f32; LANES]) {
        let mut distances = [0.0; LANES];
        for (distance, weight) in distances.iter_mut().zip(weights) {
            *distance = f64::from(*weight) - self.centre;
        }
        let (distances, _) = S::as_simd_f64s(&distances);
        let (sums, _) = S::as_mut_simd_f64s(&mut self.sums);
        let (squares, _) = S::as_mut_simd_f64s(&mut self.squares);
        for ((sum, square), distance) in sums.iter_mut().zip(squares).zip(distances) {
            *sum = simd.add_f64s(*sum, *distance);
            *square = simd.add_f64s(*square, simd.mul_f64s(*distance, *distance));
        }
    }

    #[inline(always)]
    fn add_first(&mut self, weight: f32) {
        let distance = f64::from(weight) - self.centre;
        self.sums[0] += distance;
        self.squares[0] += distance * distance;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LANES, Limits, moments};

    /// As [`moments`], weight by weight.
    fn moments_plainly(weights: &[f32], limits: Limits, centre: f64) -> (f64, f64) {
        let held: Vec<f32> = (weights.iter().copied())
            .filter(|weight| limits.hold(*weight))
            .collect();
        let whole = held.len() - held.len() % LANES;
        let (mut sums, mut squares) = ([0.0; LANES], [0.0; LANES]);
        for (number, weight) in held.iter().enumerate() {
            let lane = if number < whole { number % LANES } else { 0 };
            let distance = f64::from(*weight) - centre;
            sums[lane] += distance;
            squares[lane] += distance * distance;
        }
        (sums.iter().sum(), squares.iter().sum())
    }

    proptest! {
        #[test]
        fn weights_go_to_the_lanes_in_turn(
            weights in prop::collection::vec(
                prop_oneof![20 => 0.5_f32..1.5, 1 => Just(0.0), 1 => Just(f32::NAN), 1 => 1.5_f32..9.0], 0..700),
            centre in 0.0..2.0_f64,
        ) {
            let limits = Limits { low: 0.6, high: 1.5 };
            prop_assert_eq!(moments(&weights, limits, centre), moments_plainly(&weights, limits, centre));
        }
    }
}
