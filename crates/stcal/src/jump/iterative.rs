//! Jumps in short ramps: the largest outlier first, then the median of the rest again.

use super::median::{LANES, Lane};
use super::plan::JumpPlan;

/// Finds jumps one after another.
///
/// The search works with the absolute differences. In a sorted list the largest deviation from any centre is at one
/// end, so a jump that is taken out makes the list shorter at one end (at both, if two deviate alike), and the list is
/// sorted only once.
#[derive(Debug, Default)]
pub(super) struct Iterative {
    sorted: Vec<f32>,
    /// Whether the columns of the block at work have been sorted.
    is_sorted: bool,
}

/// A column of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column<'a> {
    pub(super) lane: usize,
    /// The differences of the block.
    pub(super) lists: &'a [Lane],
    /// What [`Iterative::candidates`] left in its scratch.
    pub(super) sorted: &'a [Lane],
    /// Differences of the column that are not NaN.
    pub(super) count: u32,
    /// Square of the noise of the difference of two frames [e-²].
    pub(super) read_variance: f32,
}

impl Iterative {
    /// Columns that have a jump.
    ///
    /// `lists` are the differences, `count` how many of each column are not NaN; `scratch` is overwritten.
    #[inline(always)]
    pub(super) fn candidates(
        &mut self,
        plan: &JumpPlan,
        lists: &[Lane],
        count: &[u32; LANES],
        read_variance: &Lane,
        scratch: &mut Vec<Lane>,
    ) -> [bool; LANES] {
        let length = lists.len();
        let sorted = plan.networks.sorted_magnitudes(lists, scratch);
        self.is_sorted = sorted;
        let together = sorted && length >= 4;
        let mut candidates = [false; LANES];
        if together {
            candidates = full_columns(plan, scratch, read_variance);
        }
        for lane in 0..LANES {
            if !together || count[lane] as usize != length {
                let count = sorted.then_some(count[lane] as usize);
                self.load(lists, scratch, lane, count);
                candidates[lane] = outlier(plan, &self.sorted, read_variance[lane], true).is_some();
            }
        }
        candidates
    }

    /// Loads the sorted magnitudes of a column: the first `count` of those that are sorted already, or else of all lists.
    fn load(&mut self, lists: &[Lane], sorted: &[Lane], lane: usize, count: Option<usize>) {
        self.sorted.clear();
        if let Some(count) = count {
            let known = sorted[..count].iter();
            self.sorted.extend(known.map(|list| list[lane]));
            return;
        }
        let magnitudes = lists.iter().map(|list| list[lane].abs());
        self.sorted
            .extend(magnitudes.filter(|value| !value.is_nan()));
        self.sorted.sort_unstable_by(f32::total_cmp);
    }

    /// Adds the indices of the jumps of a column of the block that [`Self::candidates`] was last given.
    pub(super) fn detect(&mut self, plan: &JumpPlan, column: &Column<'_>, found: &mut Vec<usize>) {
        let Column {
            lane,
            lists,
            read_variance,
            ..
        } = *column;
        let count = self.is_sorted.then_some(column.count as usize);
        self.load(lists, column.sorted, lane, count);
        let mut left = &self.sorted[..];
        let mut first = true;
        while let Some((low, high)) = outlier(plan, left, read_variance, first) {
            left = &left[low..left.len() - high];
            first = false;
        }
        let (min, max) = match left {
            [] => (f32::INFINITY, f32::NEG_INFINITY),
            [only] => (*only, *only),
            [min, .., max] => (*min, *max),
        };
        for (index, list) in lists.iter().enumerate() {
            let magnitude = list[lane].abs();
            if magnitude < min || magnitude > max {
                found.push(index);
            }
        }
    }
}

/// Columns that may have a jump: as [`outlier`], all columns side by side. Not valid where a difference is missing.
///
/// Columns whose two largest values are alike are taken in to be on the safe side.
#[inline(always)]
fn full_columns(plan: &JumpPlan, sorted: &[Lane], read_variance: &Lane) -> [bool; LANES] {
    let kept = &sorted[..sorted.len() - 1];
    let (min, max, second) = (&sorted[0], &sorted[kept.len()], &kept[kept.len() - 1]);
    let (lower, upper) = (&kept[(kept.len() - 1) / 2], &kept[kept.len() / 2]);
    let threshold = plan.threshold(sorted.len());
    let mut candidates = [false; LANES];
    for lane in 0..LANES {
        let median = (f64::from(lower[lane]) + f64::from(upper[lane])) / 2.0;
        let low = ((f64::from(min[lane]) - median) as f32).abs();
        let high = ((f64::from(max[lane]) - median) as f32).abs();
        let largest = if low > high { low } else { high };
        let variance = median + f64::from(read_variance[lane]) / plan.frames_per_group;
        // A noise of zero finds nothing later on.
        let stands_out = f64::from(largest) / variance.sqrt() > threshold;
        candidates[lane] = stands_out | (second[lane] == max[lane]);
    }
    candidates
}

/// How many values at the low and the high end of a sorted list are the largest outliers, if they are jumps.
fn outlier(
    plan: &JumpPlan,
    sorted: &[f32],
    read_variance: f32,
    first: bool,
) -> Option<(usize, usize)> {
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let median = clipped_median(sorted)?;
    // Parity: stcal 1.20.0 `jump/twopoint_difference.py::get_cr_locs` keeps the medians of all but the first pass in
    // single precision, and the deviations always.
    let median = if first {
        median
    } else {
        f64::from(median as f32)
    };
    let deviation = |value: f32| ((f64::from(value) - median) as f32).abs();
    let largest = deviation(min).max(deviation(max));
    let ratio = f64::from(largest) / plan.sigma(median, read_variance);
    (ratio > plan.threshold(sorted.len())).then(|| {
        let low = sorted
            .iter()
            .take_while(|value| deviation(**value) == largest)
            .count();
        let high = sorted[low..]
            .iter()
            .rev()
            .take_while(|value| deviation(**value) == largest)
            .count();
        (low, high)
    })
}

/// The median of a sorted list without its largest values; of three values their median, of two the smaller one.
///
/// `None` if nothing is left: for fewer than two values, and for four or more that are all alike.
fn clipped_median(sorted: &[f32]) -> Option<f64> {
    let kept = match sorted {
        [] | [_] => return None,
        [min, _] => return Some(f64::from(*min)),
        [_, middle, _] => return Some(f64::from(*middle)),
        [kept @ .., max] => &kept[..kept.partition_point(|value| value < max)],
    };
    let upper = *kept.get(kept.len() / 2)?;
    let lower = kept[(kept.len() - 1) / 2];
    Some(f64::midpoint(f64::from(lower), f64::from(upper)))
}
