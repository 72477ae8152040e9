//! Sums over values between two limits.

use crate::simd::{Kernel, run_vectorised};

/// Number, mean, standard deviation and range of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moments {
    pub(super) count: usize,
    /// As the reference hands them on, rounded to 32 bits.
    pub(super) mean: f32,
    pub(super) deviation: f32,
}

/// Sums run side by side, so that they fill the vector registers.
const LANES: usize = 8;

/// Values after which counts in the lanes are added up.
const PART: usize = 1 << 16;

/// Moments of the values from `low` to `high`, summed about a `centre` that is best near their mean.
///
/// # Source
/// stsci.imagestats 1.8.4 `computeMean`, which reads the values twice and squares in 32 bits.
pub(super) fn moments(values: &[f32], low: f32, high: f32, centre: f32) -> Moments {
    run_vectorised(Sums {
        values,
        low,
        high,
        centre,
    })
}

/// The work of [`moments`].
struct Sums<'a> {
    values: &'a [f32],
    low: f32,
    high: f32,
    centre: f32,
}

impl Kernel for Sums<'_> {
    type Output = Moments;

    #[inline(always)]
    fn run(self) -> Moments {
        let Self {
            values,
            low,
            high,
            centre,
        } = self;
        let mut count = 0;
        let (mut sums, mut squares) = ([0.0_f64; LANES], [0.0_f64; LANES]);
        let distance = |value: f32| {
            let inside = value >= low && value <= high;
            (if inside { value - centre } else { 0.0 }, u32::from(inside))
        };
        let (chunks, rest) = values.as_chunks::<LANES>();
        for part in chunks.chunks(PART) {
            let mut counts = [0_u32; LANES];
            for chunk in part {
                for lane in 0..LANES {
                    let (distance, inside) = distance(chunk[lane]);
                    let distance = f64::from(distance);
                    counts[lane] += inside;
                    sums[lane] += distance;
                    squares[lane] += distance * distance;
                }
            }
            count += counts.iter().map(|count| *count as usize).sum::<usize>();
        }
        for value in rest {
            let (distance, inside) = distance(*value);
            let distance = f64::from(distance);
            count += inside as usize;
            sums[0] += distance;
            squares[0] += distance * distance;
        }
        let number = count as f64;
        let mean = sums.iter().sum::<f64>() / number;
        let scatter = (squares.iter().sum::<f64>() - number * mean * mean).max(0.0);
        Moments {
            count,
            mean: (f64::from(centre) + mean) as f32,
            // Without the maximum above, rounding could leave the scatter of equal values below zero.
            deviation: (scatter / (number - 1.0)).sqrt() as f32,
        }
    }
}

/// The range of the values from `low` to `high`; there is at least one value.
pub(super) fn range(values: &[f32], low: f32, high: f32) -> (f32, f32) {
    let first = values.first().copied().unwrap_or(f32::NAN);
    // Parity: stsci.imagestats starts from the first value even if it does not count, and from the limit if it lies beyond.
    between(values, (low, high), (first.max(low), first.min(high)))
}

/// The smallest and the largest value; infinities, exchanged, if there are none.
pub(super) fn extremes(values: &[f32]) -> (f32, f32) {
    let all = (f32::NEG_INFINITY, f32::INFINITY);
    between(values, all, (f32::INFINITY, f32::NEG_INFINITY))
}

/// The range `from`, widened to the values between limits.
fn between(values: &[f32], limits: (f32, f32), from: (f32, f32)) -> (f32, f32) {
    run_vectorised(Range {
        values,
        limits,
        from,
    })
}

/// The work of [`between`].
struct Range<'a> {
    values: &'a [f32],
    limits: (f32, f32),
    from: (f32, f32),
}

impl Kernel for Range<'_> {
    type Output = (f32, f32);

    #[inline(always)]
    fn run(self) -> (f32, f32) {
        widened(self.values, self.limits, self.from)
    }
}

#[inline(always)]
fn widened(values: &[f32], (low, high): (f32, f32), from: (f32, f32)) -> (f32, f32) {
    let (mut least, mut most) = ([from.0; LANES], [from.1; LANES]);
    let mut widen = |lane: usize, value: f32| {
        // What lies beyond a limit is replaced by what changes nothing.
        let inside = value >= low && value <= high;
        let (under, over) = if inside { (value, value) } else { from };
        least[lane] = if under < least[lane] {
            under
        } else {
            least[lane]
        };
        most[lane] = if over > most[lane] { over } else { most[lane] };
    };
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, value) in chunk.iter().enumerate() {
            widen(lane, *value);
        }
    }
    for value in rest {
        widen(0, *value);
    }
    (
        least.into_iter().fold(from.0, f32::min),
        most.into_iter().fold(from.1, f32::max),
    )
}
