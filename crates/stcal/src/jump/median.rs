//! Medians of many short lists at once, and of one list.
//!
//! Lists that lie side by side are sorted together by a network of exchanges, which has no branches: 64 columns
//! a step. For long lists, [`Selection`] is cheaper.

use std::sync::OnceLock;

use super::selection::{Brackets, SAMPLE, Selection};
use crate::sorting_network::SortingNetwork;

/// Columns that are worked on together.
pub(super) const LANES: usize = 64;

/// One value for each column.
pub(super) type Lane = [f32; LANES];

/// Longest list that is sorted by a network.
const NETWORK_LIMIT: usize = 96;

/// What sorts lists of one length.
#[derive(Debug, Clone)]
struct Network {
    /// Wholly.
    full: SortingNetwork,
    /// So far that the ends and the middle are in their places.
    pruned: SortingNetwork,
}

/// The networks of all lengths up to a limit, made when they are first asked for.
#[derive(Debug, Clone)]
pub(super) struct Networks {
    of_length: Vec<OnceLock<Network>>,
    /// Of samples of longer lists.
    of_sample: OnceLock<Network>,
}

/// What is needed of each sorted list.
#[derive(Debug, Clone)]
pub(super) struct LaneStats {
    /// Number of values that are not NaN.
    pub(super) count: [u32; LANES],
    /// The lower and the upper of the two middle values, equal for an odd count; NaN for an empty list.
    pub(super) middle: [Lane; 2],
    /// Smallest value; NaN for an empty list.
    pub(super) min: Lane,
    /// Largest value; NaN for an empty list.
    pub(super) max: Lane,
    /// Where the middle values of long lists lie.
    pub(super) brackets: Brackets,
    selection: Selection,
}

impl LaneStats {
    /// The median in double precision.
    pub(super) fn median(&self, lane: usize) -> f64 {
        f64::midpoint(
            f64::from(self.middle[0][lane]),
            f64::from(self.middle[1][lane]),
        )
    }

    /// Reads the results out of sorted columns that miss no value.
    #[inline(always)]
    fn read_full(&mut self, sorted: &[Lane]) {
        let length = sorted.len();
        self.middle = [sorted[(length - 1) / 2], sorted[length / 2]];
        (self.min, self.max) = (sorted[0], sorted[length - 1]);
    }

    /// Reads the results out of sorted columns.
    fn read(&mut self, sorted: &[Lane]) {
        for lane in 0..LANES {
            let at = |index: usize| sorted[index][lane];
            match self.count[lane] as usize {
                0 => self.put(lane, [f32::NAN; 4]),
                count => self.put(
                    lane,
                    [at(0), at((count - 1) / 2), at(count / 2), at(count - 1)],
                ),
            }
        }
    }

    /// Finds the results of one column by selection.
    fn select(&mut self, lane: usize, values: impl Iterator<Item = f32>) {
        let mut values: Vec<f32> = values.filter(|value| !value.is_nan()).collect();
        let count = values.len();
        self.count[lane] = count as u32;
        if count == 0 {
            return self.put(lane, [f32::NAN; 4]);
        }
        let (below, &mut upper, above) = values.select_nth_unstable_by(count / 2, f32::total_cmp);
        let lower = if count % 2 == 1 { upper } else { max_of(below) };
        let min = below
            .iter()
            .copied()
            .fold(upper, |a, b| if b < a { b } else { a });
        self.put(lane, [min, lower, upper, max_of(above).max(upper)]);
    }

    /// Counts the values of long lists and finds their ends; false, if one of them is infinite.
    #[inline(always)]
    fn survey(&mut self, lists: &[Lane]) -> bool {
        self.count = [0; LANES];
        (self.min, self.max) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
        for list in lists {
            for lane in 0..LANES {
                self.count[lane] += u32::from(!list[lane].is_nan());
                self.min[lane] = self.min[lane].min(list[lane]);
                self.max[lane] = self.max[lane].max(list[lane]);
            }
        }
        let mut finite = true;
        for lane in 0..LANES {
            if self.count[lane] == 0 {
                (self.min[lane], self.max[lane]) = (f32::NAN, f32::NAN);
            } else {
                finite &= (self.min[lane] > f32::NEG_INFINITY) & (self.max[lane] < f32::INFINITY);
            }
        }
        finite
    }

    fn put(&mut self, lane: usize, [min, lower, upper, max]: [f32; 4]) {
        self.middle[0][lane] = lower;
        self.middle[1][lane] = upper;
        self.min[lane] = min;
        self.max[lane] = max;
    }
}

impl Network {
    /// The network for lists of a length.
    fn new(length: usize) -> Self {
        let full = SortingNetwork::new(length);
        let last = length.saturating_sub(1);
        let places = [0, last / 2, length / 2, last];
        let pruned = full.pruned(places.into_iter().filter(|place| *place < length));
        Self { full, pruned }
    }
}

impl Networks {
    /// Networks for lists of up to `longest` values; none if that is too long for them.
    pub(super) fn new(longest: usize) -> Self {
        let lengths = if longest > NETWORK_LIMIT {
            0
        } else {
            longest + 1
        };
        Self {
            of_length: vec![OnceLock::new(); lengths],
            of_sample: OnceLock::new(),
        }
    }

    fn of(&self, length: usize) -> Option<&Network> {
        let network = self.of_length.get(length)?;
        Some(network.get_or_init(|| Network::new(length)))
    }

    /// Counts, middle values and extremes of the lists, NaN left out; `scratch` is overwritten.
    #[inline(always)]
    pub(super) fn stats(&self, lists: &[Lane], scratch: &mut Vec<Lane>, stats: &mut LaneStats) {
        if self.are_long(lists.len()) {
            return self.long_stats(lists, scratch, stats);
        }
        stats.count = [0; LANES];
        scratch.clear();
        for list in lists {
            let mut known = [0; LANES];
            let mut any = 0;
            for lane in 0..LANES {
                known[lane] = u32::from(!list[lane].is_nan());
                any |= known[lane];
            }
            // What no column has need not be sorted.
            if any == 0 {
                continue;
            }
            // Infinity sorts behind everything that is counted.
            let mut values = [0.0; LANES];
            for lane in 0..LANES {
                stats.count[lane] += known[lane];
                values[lane] = if known[lane] == 0 {
                    f32::INFINITY
                } else {
                    list[lane]
                };
            }
            scratch.push(values);
        }
        let length = scratch.len() as u32;
        let Some(network) = self.of(scratch.len()) else {
            return;
        };
        let missing = stats
            .count
            .iter()
            .fold(0, |any, count| any | (count ^ length));
        if missing == 0 && length > 0 {
            network.pruned.sort(scratch);
            stats.read_full(scratch);
        } else {
            network.full.sort(scratch);
            stats.read(scratch);
        }
    }

    /// As [`Self::stats`], for lists that are longer than a network.
    #[inline(always)]
    fn long_stats(&self, lists: &[Lane], scratch: &mut Vec<Lane>, stats: &mut LaneStats) {
        if lists.len() <= SAMPLE || !stats.survey(lists) {
            stats.brackets = Brackets::UNKNOWN;
            for lane in 0..LANES {
                stats.select(lane, lists.iter().map(|list| list[lane]));
            }
            return;
        }
        scratch.clear();
        let mut sampled = [0; LANES];
        for index in 0..SAMPLE {
            let list = &lists[index * lists.len() / SAMPLE];
            let mut values = [0.0; LANES];
            for lane in 0..LANES {
                let known = !list[lane].is_nan();
                sampled[lane] += u32::from(known);
                values[lane] = if known { list[lane] } else { f32::INFINITY };
            }
            scratch.push(values);
        }
        let network = self.of_sample.get_or_init(|| Network::new(SAMPLE));
        network.full.sort(scratch);
        (stats.middle, stats.brackets) =
            stats
                .selection
                .middle(lists, &stats.count, (scratch, &sampled));
    }

    /// The middle values only, as [`Self::stats`] finds them. Those of long lists mostly lie in brackets that lists much like
    /// these have had.
    #[inline(always)]
    pub(super) fn middle_near(
        &self,
        lists: &[Lane],
        brackets: Option<&Brackets>,
        scratch: &mut Vec<Lane>,
        stats: &mut LaneStats,
    ) {
        let brackets = brackets.filter(|_| self.are_long(lists.len()));
        let Some(brackets) = brackets else {
            return self.stats(lists, scratch, stats);
        };
        let (middle, mut missed) = stats.selection.middle_within(lists, brackets);
        stats.middle = middle;
        while missed != 0 {
            let lane = missed.trailing_zeros() as usize;
            stats.select(lane, lists.iter().map(|list| list[lane]));
            missed &= missed - 1;
        }
    }

    /// Whether lists of a length are too long for a network.
    pub(super) fn are_long(&self, length: usize) -> bool {
        length >= self.of_length.len()
    }

    /// Sorts the absolute values of the lists into `sorted`, NaN behind all others; false, and nothing done, if the
    /// lists are too long for that.
    #[inline(always)]
    pub(super) fn sorted_magnitudes(&self, lists: &[Lane], sorted: &mut Vec<Lane>) -> bool {
        let Some(network) = self.of(lists.len()) else {
            return false;
        };
        sorted.clear();
        for list in lists {
            let mut values = [0.0; LANES];
            for (magnitude, value) in values.iter_mut().zip(list) {
                *magnitude = if value.is_nan() {
                    f32::INFINITY
                } else {
                    value.abs()
                };
            }
            sorted.push(values);
        }
        network.full.sort(sorted);
        true
    }
}

fn max_of(values: &[f32]) -> f32 {
    values
        .iter()
        .copied()
        .fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a })
}

impl Default for LaneStats {
    fn default() -> Self {
        Self {
            count: [0; LANES],
            middle: [[f32::NAN; LANES]; 2],
            min: [f32::NAN; LANES],
            max: [f32::NAN; LANES],
            brackets: Brackets::UNKNOWN,
            selection: Selection::default(),
        }
    }
}
