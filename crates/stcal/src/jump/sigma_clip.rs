//! Outliers by iterated clipping at a number of standard deviations from the median, of many lists at once.
//!
//! A list is sorted once: what clipping leaves of it is a range of ranks, of which the median can be read off. The
//! deviation is summed over all columns side by side. [`crate::sigma_clip`] sums in an order of its own, which decides
//! the last bits of the limits: where a value lies so near to a limit that they matter, that module is asked.

use std::ops::Range;

use super::median::{LANES, Lane};
use crate::sigma_clip::clipped_bounds;
use crate::simd::pack_bits;
use crate::sorting_network::{LONGEST, SortingNetwork};

/// Iterations, at most.
const MAX_ITERATIONS: usize = 5;

/// How far from a limit a value may be for it to be in doubt, as a part of the numbers that the limit is made of. A sum of
/// [`LONGEST`] squares is good to a thousandth of this.
const MARGIN: f64 = 1e-9;

/// Columns whose sums stay in registers.
const PIECE: usize = 16;

/// A number for each column.
type Doubles = [f64; LANES];

/// Clips lists of one length; holds the scratch space.
#[derive(Debug)]
pub(super) struct SigmaClip {
    /// None for lists that are too long for a network.
    network: Option<SortingNetwork>,
    /// The lists, each sorted, with infinity for values that are not finite.
    sorted: Vec<Lane>,
    /// Finite values of each list.
    count: [usize; LANES],
    values: Vec<f64>,
}

/// The limits outside which values of each list are outliers: the last values that are none; NaN for lists without a
/// finite value.
#[derive(Debug)]
pub(super) struct Limits {
    low: Lane,
    high: Lane,
}

/// Median and standard deviation of what clipping leaves of each list; NaN if that is nothing.
#[derive(Debug)]
pub(super) struct ClippedStats {
    pub(super) median: Lane,
    pub(super) deviation: Lane,
}

/// A list on its way through the iterations.
#[derive(Debug, Clone)]
struct Clipping {
    /// Ranks of the values that are left.
    ranks: Range<usize>,
    low: f64,
    high: f64,
    is_done: bool,
    /// Whether some value is so near to a limit that its place is not certain.
    is_doubtful: bool,
}

impl SigmaClip {
    /// For lists of a length.
    pub(super) fn new(length: usize) -> Self {
        Self {
            network: (length <= LONGEST).then(|| SortingNetwork::new(length)),
            sorted: Vec::with_capacity(length),
            count: [0; LANES],
            values: Vec::new(),
        }
    }

    /// Finds the limits of lists that lie side by side. Values that are not finite take no part.
    #[inline(always)]
    pub(super) fn limits<'l>(
        &mut self,
        lists: impl Iterator<Item = &'l Lane> + Clone,
        threshold: f64,
    ) -> Limits {
        self.sort(lists.clone());
        let mut columns = self.count.map(Clipping::of_all);
        for _ in 0..MAX_ITERATIONS {
            if columns.iter().all(|column| column.is_done) {
                break;
            }
            self.clip(&mut columns, threshold);
        }
        let mut limits = Limits {
            low: [f32::NAN; LANES],
            high: [f32::NAN; LANES],
        };
        for (lane, column) in columns.iter().enumerate() {
            let (low, high) = if column.is_doubtful {
                self.plain_limits(lists.clone().map(|list| list[lane]), threshold)
            } else {
                (column.low, column.high)
            };
            (limits.low[lane], limits.high[lane]) = (not_below(low), not_above(high));
        }
        limits
    }

    /// Median and deviation of the values within the limits that have just been found for these lists.
    #[inline(always)]
    pub(super) fn stats_within<'l>(
        &self,
        lists: impl Iterator<Item = &'l Lane> + Clone,
        limits: &Limits,
    ) -> ClippedStats {
        let (mut count, mut sum) = ([0; LANES], [0.0; LANES]);
        for list in lists.clone() {
            for lane in 0..LANES {
                let kept = limits.keep(lane, list[lane]);
                count[lane] += u32::from(kept);
                sum[lane] += if kept { list[lane] } else { 0.0 };
            }
        }
        let mean = quotients(&sum, &count);
        let mut sum = [0.0; LANES];
        for list in lists {
            for lane in 0..LANES {
                let distance = list[lane] - mean[lane];
                let kept = limits.keep(lane, list[lane]);
                sum[lane] += if kept { distance * distance } else { 0.0 };
            }
        }
        let (mut median, mut deviation) = ([f32::NAN; LANES], quotients(&sum, &count));
        for lane in 0..LANES {
            deviation[lane] = deviation[lane].sqrt();
            median[lane] = self.median_above(lane, limits.low[lane], count[lane] as usize);
        }
        ClippedStats { median, deviation }
    }

    #[inline(always)]
    fn sort<'l>(&mut self, lists: impl Iterator<Item = &'l Lane>) {
        self.sorted.clear();
        let mut count = [0; LANES];
        for list in lists {
            let mut values = [0.0; LANES];
            for lane in 0..LANES {
                let known = list[lane].is_finite();
                count[lane] += u32::from(known);
                values[lane] = if known { list[lane] } else { f32::INFINITY };
            }
            self.sorted.push(values);
        }
        self.count = count.map(|count| count as usize);
        match &self.network {
            Some(network) => network.sort(&mut self.sorted),
            None => self.sort_one_by_one(),
        }
    }

    fn sort_one_by_one(&mut self) {
        let mut values = Vec::with_capacity(self.sorted.len());
        for lane in 0..LANES {
            values.clear();
            values.extend(self.sorted.iter().map(|list| list[lane]));
            values.sort_unstable_by(f32::total_cmp);
            for (list, value) in self.sorted.iter_mut().zip(&values) {
                list[lane] = *value;
            }
        }
    }

    /// One iteration: new limits from what is left, and what these leave.
    #[inline(always)]
    fn clip(&self, columns: &mut [Clipping; LANES], threshold: f64) {
        let mut centre = [0.0; LANES];
        for (lane, column) in columns.iter().enumerate() {
            let (first, count) = (column.ranks.start, column.ranks.len());
            if count > 0 {
                let middle = [(count - 1) / 2, count / 2];
                let [lower, upper] = middle.map(|rank| f64::from(self.sorted[first + rank][lane]));
                centre[lane] = 0.5 * (upper + lower);
            }
        }
        let [sums, squares] = self.moments(columns, &centre);
        for (lane, column) in columns.iter_mut().enumerate() {
            if column.is_done {
                continue;
            }
            let count = column.ranks.len() as f64;
            let offset = sums[lane] / count;
            let variance = (squares[lane] / count - offset * offset).max(0.0);
            let deviation = threshold * variance.sqrt();
            (column.low, column.high) = (centre[lane] - deviation, centre[lane] + deviation);
            let margin = MARGIN * (centre[lane].abs() + deviation);
            column.narrow(|rank| f64::from(self.sorted[rank][lane]), margin);
        }
    }

    /// Sums of the distances from a centre, and of their squares, of the values that are left of each list.
    #[inline(always)]
    fn moments(&self, columns: &[Clipping; LANES], centre: &Doubles) -> [Doubles; 2] {
        let (mut first, mut end) = ([0.0; LANES], [0.0; LANES]);
        for (lane, column) in columns.iter().enumerate() {
            first[lane] = column.ranks.start as f64;
            end[lane] = column.ranks.end as f64;
        }
        let mut moments = [[0.0; LANES]; 2];
        for piece in 0..LANES / PIECE {
            let lanes = piece * PIECE..(piece + 1) * PIECE;
            let (mut sums, mut squares) = ([0.0; PIECE], [0.0; PIECE]);
            let (first, end) = (&first[lanes.clone()], &end[lanes.clone()]);
            let centre = &centre[lanes.clone()];
            for (rank, list) in self.sorted.iter().enumerate() {
                let (rank, list) = (rank as f64, &list[lanes.clone()]);
                for lane in 0..PIECE {
                    let is_left = (rank >= first[lane]) & (rank < end[lane]);
                    let distance = f64::from(list[lane]) - centre[lane];
                    let distance = if is_left { distance } else { 0.0 };
                    sums[lane] += distance;
                    squares[lane] += distance * distance;
                }
            }
            moments[0][lanes.clone()].copy_from_slice(&sums);
            moments[1][lanes].copy_from_slice(&squares);
        }
        moments
    }

    fn plain_limits(&mut self, values: impl Iterator<Item = f32>, threshold: f64) -> (f64, f64) {
        self.values.clear();
        let finite = values.filter(|value| value.is_finite());
        self.values.extend(finite.map(f64::from));
        clipped_bounds(&mut self.values, threshold, Some(MAX_ITERATIONS))
    }

    /// The median of so many values of a list from a limit on.
    fn median_above(&self, lane: usize, low: f32, count: usize) -> f32 {
        if count == 0 {
            return f32::NAN;
        }
        let first = self.sorted.partition_point(|list| list[lane] < low);
        let at = |rank: usize| self.sorted[first + rank][lane];
        if count % 2 == 1 {
            return at(count / 2);
        }
        (at(count / 2 - 1) + at(count / 2)) / 2.0
    }
}

impl Clipping {
    fn of_all(count: usize) -> Self {
        Self {
            ranks: 0..count,
            low: f64::NAN,
            high: f64::NAN,
            is_done: count == 0,
            is_doubtful: false,
        }
    }

    /// Leaves what lies within the limits.
    #[inline(always)]
    fn narrow(&mut self, value: impl Fn(usize) -> f64, margin: f64) {
        let Range { mut start, mut end } = self.ranks;
        while start < end && value(start) < self.low {
            start += 1;
        }
        while start < end && value(end - 1) > self.high {
            end -= 1;
        }
        // The first values on either side of the limits.
        let near = |rank: usize, limit: f64| (value(rank) - limit).abs() <= margin;
        self.is_doubtful |= (start < self.ranks.end && near(start, self.low))
            || (start > self.ranks.start && near(start - 1, self.low))
            || (end > self.ranks.start && near(end - 1, self.high))
            || (end < self.ranks.end && near(end, self.high));
        let left = start..end;
        self.is_done = self.is_doubtful || left == self.ranks || left.is_empty();
        self.ranks = left;
    }
}

impl Limits {
    /// The finite values of a list that are outliers, a bit for each column.
    #[inline(always)]
    pub(super) fn outliers(&self, list: &Lane) -> u64 {
        let mut outside = [false; LANES];
        for lane in 0..LANES {
            let value = list[lane];
            let is_beyond = (value < self.low[lane]) | (value > self.high[lane]);
            outside[lane] = is_beyond & value.is_finite();
        }
        pack_bits(outside)
    }

    #[inline(always)]
    fn keep(&self, lane: usize, value: f32) -> bool {
        (value >= self.low[lane]) & (value <= self.high[lane])
    }
}

/// The smallest number in single precision that is not below another one.
fn not_below(limit: f64) -> f32 {
    let rounded = limit as f32;
    if f64::from(rounded) < limit {
        rounded.next_up()
    } else {
        rounded
    }
}

/// The largest number in single precision that is not above another one.
fn not_above(limit: f64) -> f32 {
    -not_below(-limit)
}

/// Sums in single precision over counts, as numpy divides them.
#[inline(always)]
fn quotients(sums: &Lane, counts: &[u32; LANES]) -> Lane {
    let mut quotients = [0.0; LANES];
    for lane in 0..LANES {
        quotients[lane] = (f64::from(sums[lane]) / f64::from(counts[lane])) as f32;
    }
    quotients
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::median::median_f32;

    /// Lists of few or many kinds of values, some of them not finite, one for each column.
    fn lists() -> impl Strategy<Value = Vec<Lane>> {
        (1..150_usize, any::<u64>(), 1..40_u64).prop_map(|(length, seed, kinds)| {
            let mut state = seed | 1;
            let mut draw = |below: u64| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state % below
            };
            let mut value = |lane: usize| match draw(50) {
                0 => f32::NAN,
                1 => f32::INFINITY,
                2 => 1e4 * draw(100) as f32,
                // Some columns have hardly more than one value.
                _ if lane.is_multiple_of(4) => 0.1 * draw(kinds) as f32,
                _ => draw(1 << 20) as f32 / 7e3 - 20.0,
            };
            let mut lists = vec![[0.0; LANES]; length];
            for list in &mut lists {
                for (lane, number) in list.iter_mut().enumerate() {
                    *number = value(lane);
                }
            }
            lists
        })
    }

    fn exact_limits(lists: &[Lane], lane: usize, threshold: f64) -> (f64, f64) {
        let finite = lists
            .iter()
            .map(|list| list[lane])
            .filter(|v| v.is_finite());
        let mut finite: Vec<f64> = finite.map(f64::from).collect();
        clipped_bounds(&mut finite, threshold, Some(MAX_ITERATIONS))
    }

    fn mean(values: impl Iterator<Item = f32>, count: usize) -> f32 {
        let sum = values.fold(0.0_f32, |sum, value| sum + value);
        (f64::from(sum) / count as f64) as f32
    }

    proptest! {
        #[test]
        fn columns_together_are_columns_one_by_one(lists in lists(), threshold in 0.5..5.0_f64, is_long in any::<bool>()) {
            let mut clip = SigmaClip::new(if is_long { LONGEST + 1 } else { lists.len() });
            let limits = clip.limits(lists.iter(), threshold);
            let stats = clip.stats_within(lists.iter(), &limits);
            for lane in 0..LANES {
                let (low, high) = exact_limits(&lists, lane, threshold);
                let column = || lists.iter().map(|list| list[lane]);
                let mut expected: Vec<f32> = column().filter(|v| (low..=high).contains(&f64::from(*v))).collect();
                let found: Vec<f32> = column().filter(|value| limits.keep(lane, *value)).collect();
                prop_assert_eq!(&found, &expected, "column {}", lane);
                for (list, value) in lists.iter().zip(column().map(f64::from)) {
                    let is_outlier = value.is_finite() && (value < low || value > high);
                    prop_assert_eq!(limits.outliers(list) >> lane & 1 != 0, is_outlier);
                }
                let centre = mean(expected.iter().copied(), expected.len());
                let variance = mean(expected.iter().map(|value| (value - centre) * (value - centre)), expected.len());
                prop_assert_eq!(stats.deviation[lane].to_bits(), variance.sqrt().to_bits());
                let median = median_f32(&mut expected);
                prop_assert!(stats.median[lane] == median || median.is_nan() && stats.median[lane].is_nan());
            }
        }
    }
}
