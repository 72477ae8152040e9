//! The weight below which pixels do not count.

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
    let (sum, _) = moments(weights, limits, (0.0, ranks.total()));
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
    let (sum, squares) = moments(weights, limits, (centre, ranks.total()));
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
        let (chunks, rest) = self.weights.as_chunks::<PART>();
        let mut take_out = |weights: &[f32]| {
            let outliers = weights.iter();
            let outliers = outliers.filter(|weight| wide.hold(**weight) && !narrow.hold(**weight));
            outliers.for_each(|weight| self.ranks.take_out(*weight));
        };
        for weights in chunks {
            let mut count = 0;
            for weight in weights {
                count += u32::from(wide.hold(*weight) && !narrow.hold(*weight));
            }
            // There are few.
            if count > 0 {
                take_out(weights);
            }
        }
        take_out(rest);
    }
}

/// Weights that are looked at together for those that do not count.
const PART: usize = 32;

/// Sums of the distances from a centre, and of their squares, of the weights that count, of which there are `count`.
fn moments(weights: &[f32], limits: Limits, (centre, count): (f64, usize)) -> (f64, f64) {
    run_vectorised(Sums {
        weights,
        limits,
        centre,
        whole: count - count % LANES,
    })
}

/// The work of [`moments`]: weights that count go to the lanes in turn, whatever lies between them.
struct Sums<'a> {
    weights: &'a [f32],
    limits: Limits,
    centre: f64,
    /// How many weights fill all lanes; the first lane takes the others.
    whole: usize,
}

impl Kernel for Sums<'_> {
    type Output = (f64, f64);

    #[inline(always)]
    fn run(self) -> (f64, f64) {
        let mut lanes = InTurn {
            sums: [0.0; LANES],
            squares: [0.0; LANES],
            done: 0,
        };
        let (chunks, rest) = self.weights.as_chunks::<LANES>();
        for weights in chunks {
            let mut held = 0;
            for weight in weights {
                held += u32::from(self.limits.hold(*weight));
            }
            if held == LANES as u32 && lanes.done + LANES <= self.whole {
                lanes.add_all(weights, self.centre);
            } else if held > 0 {
                lanes.add_some(weights, &self);
            }
        }
        lanes.add_some(rest, &self);
        (lanes.sums.iter().sum(), lanes.squares.iter().sum())
    }
}

/// Sums that run side by side, those whose turn it is first.
struct InTurn {
    sums: [f64; LANES],
    squares: [f64; LANES],
    /// How many weights there are in them.
    done: usize,
}

impl InTurn {
    #[inline(always)]
    fn add_all(&mut self, weights: &[f32; LANES], centre: f64) {
        for (lane, weight) in weights.iter().enumerate() {
            let distance = f64::from(*weight) - centre;
            self.sums[lane] += distance;
            self.squares[lane] += distance * distance;
        }
        self.done += LANES;
    }

    /// Adds the weights that count.
    #[inline(always)]
    fn add_some(&mut self, weights: &[f32], all: &Sums<'_>) {
        for weight in weights.iter().filter(|weight| all.limits.hold(**weight)) {
            let distance = f64::from(*weight) - all.centre;
            self.sums[0] += distance;
            self.squares[0] += distance * distance;
            if self.done < all.whole {
                self.done += 1;
                self.sums.rotate_left(1);
                self.squares.rotate_left(1);
            }
        }
    }
}
