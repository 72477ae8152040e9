//! Limits for clipping at a number of standard deviations from the median.
//!
//! # Source
//! astropy 8.0.2 `stats/src/compute_bounds.c` with median and standard deviation. The values are summed in the order in
//! which that release's median leaves them, so that the limits have the same bits.

use crate::simd::{Kernel, run_vectorised};

/// Numbers that are clipped; their limits and sums have 64 bits in any case.
pub(crate) trait Value: Copy + PartialOrd + Default + Into<f64> {}

impl Value for f32 {}
impl Value for f64 {}

/// The limits outside which values are outliers; NaN if there are no values.
///
/// `values` are finite; those inside the limits of the last iteration but one are left. There is at least one iteration,
/// and with `max_iterations` of `None` there are as many as find outliers.
pub(crate) fn clipped_bounds(
    values: &mut Vec<f64>,
    sigma: f64,
    max_iterations: Option<usize>,
) -> (f64, f64) {
    let [bounds] = clipped_bounds_of([values], sigma, max_iterations);
    bounds
}

/// [`clipped_bounds`] of several lists, in less time than one after the other: an addition has to wait for the one before
/// in the same list only.
pub(crate) fn clipped_bounds_of<T: Value, const LISTS: usize>(
    lists: [&mut Vec<T>; LISTS],
    sigma: f64,
    max_iterations: Option<usize>,
) -> [(f64, f64); LISTS] {
    let mut bounds = [(f64::NAN, f64::NAN); LISTS];
    let mut is_done = lists.each_ref().map(|values| values.is_empty());
    let mut iteration = 0;
    while is_done.contains(&false) {
        let mut centres = [0.0; LISTS];
        for number in (0..LISTS).filter(|number| !is_done[*number]) {
            centres[number] = median(lists[number]);
        }
        // Lists that are done count as empty.
        let views: [&[T]; LISTS] = std::array::from_fn(|number| {
            let values = lists[number].as_slice();
            if is_done[number] { &[] } else { values }
        });
        let count = views.map(|values| values.len() as f64);
        let sums = sums_of(views, |_, value| value);
        let means: [f64; LISTS] = std::array::from_fn(|number| sums[number] / count[number]);
        let squares = sums_of(views, |number, value| {
            (value - means[number]) * (value - means[number])
        });
        iteration += 1;
        for number in 0..LISTS {
            if is_done[number] {
                continue;
            }
            let deviation = sigma * (squares[number] / count[number]).sqrt();
            let (low, high) = (centres[number] - deviation, centres[number] + deviation);
            bounds[number] = (low, high);
            let before = lists[number].len();
            keep_within(lists[number], low, high);
            let left = lists[number].len();
            is_done[number] =
                left == before || left == 0 || max_iterations.is_some_and(|most| iteration >= most);
        }
    }
    bounds
}

/// Sums of lists, each in its order; `term` is given the number of the list and a value.
fn sums_of<T: Value, const LISTS: usize>(
    lists: [&[T]; LISTS],
    term: impl Fn(usize, f64) -> f64,
) -> [f64; LISTS] {
    let longest = lists.iter().copied().max_by_key(|list| list.len());
    let longest = longest.unwrap_or_default();
    let mut sums = [0.0; LISTS];
    let mut from = 0;
    while from < longest.len() {
        let ends = lists.iter().map(|list| list.len());
        let to = ends
            .filter(|end| *end > from)
            .min()
            .unwrap_or(longest.len());
        // A list that has ended goes on with values of another, which do not count.
        let parts = lists.map(|list| list.get(from..to).unwrap_or(&longest[from..to]));
        let before = sums;
        #[expect(
            clippy::needless_range_loop,
            reason = "a place in all lists at the same time"
        )]
        for place in 0..to - from {
            for number in 0..LISTS {
                sums[number] += term(number, parts[number][place].into());
            }
        }
        for number in (0..LISTS).filter(|number| lists[*number].len() < to) {
            sums[number] = before[number];
        }
        from = to;
    }
    sums
}

/// Leaves the values within limits; none that are NaN.
pub(crate) fn keep_within<T: Value>(values: &mut Vec<T>, low: f64, high: f64) {
    let kept = run_vectorised(Keep { values, low, high });
    values.truncate(kept);
}

/// Moves values within limits to the front, and counts them.
struct Keep<'a, T> {
    values: &'a mut [T],
    low: f64,
    high: f64,
}

impl<T: Value> Keep<'_, T> {
    #[inline(always)]
    fn holds(&self, value: T) -> bool {
        let value: f64 = value.into();
        value >= self.low && value <= self.high
    }
}

impl<T: Value> Kernel for Keep<'_, T> {
    type Output = usize;

    #[inline(always)]
    fn run(self) -> usize {
        /// Values that are looked at together.
        const PART: usize = 16;
        let mut kept = 0;
        let whole = self.values.len() - self.values.len() % PART;
        for start in (0..whole).step_by(PART) {
            let mut part = [T::default(); PART];
            part.copy_from_slice(&self.values[start..start + PART]);
            let mut held = 0;
            for value in part {
                held += u32::from(self.holds(value));
            }
            if held == PART as u32 {
                self.values[kept..kept + PART].copy_from_slice(&part);
                kept += PART;
                continue;
            }
            for value in part {
                self.values[kept] = value;
                kept += usize::from(self.holds(value));
            }
        }
        for at in whole..self.values.len() {
            let value = self.values[at];
            self.values[kept] = value;
            kept += usize::from(self.holds(value));
        }
        kept
    }
}

/// The median; leaves the values in partial order.
fn median<T: Value>(values: &mut [T]) -> f64 {
    let half = values.len() / 2;
    if values.len() % 2 == 1 {
        return select(values, half);
    }
    let upper = select(values, half);
    let lower = select(values, half - 1);
    0.5 * (upper + lower)
}

/// The value of a rank, from 0.
///
/// Source: Wirth, Algorithms + Data Structures = Programs (1976), section 2.3, "find".
fn select<T: Value>(values: &mut [T], rank: usize) -> f64 {
    let (mut left, mut right) = (0, values.len() - 1);
    while left < right {
        let pivot = values[rank];
        // One more than the index from the right, which may step in front of the first value.
        let (mut i, mut j) = (left, right + 1);
        if j - i > 2 * BLOCK {
            let window = &mut values[i..j];
            let ends = run_vectorised(Exchange { window, pivot });
            (i, j) = (left + ends.0, left + ends.1);
        }
        loop {
            while values[i] < pivot {
                i += 1;
            }
            while pivot < values[j - 1] {
                j -= 1;
            }
            if i < j {
                values.swap(i, j - 1);
                i += 1;
                j -= 1;
            }
            if i >= j {
                break;
            }
        }
        if j < rank + 1 {
            left = i;
        }
        if rank < i {
            right = j.saturating_sub(1);
        }
    }
    values[rank].into()
}

/// Values that are looked at together.
const BLOCK: usize = 64;

/// Where values of a block are not on their side of a pivot: a bit for each.
#[inline(always)]
fn stops<T: Value>(block: &[T; BLOCK], pivot: T, is_lower: bool) -> u64 {
    /// Bits of so many values are put together before they become one number.
    const LANES: usize = 8;
    let mut halves = [[0_u32; LANES]; 2];
    for (half, values) in halves.iter_mut().zip(block.as_chunks::<{ BLOCK / 2 }>().0) {
        for (part, values) in values.as_chunks::<LANES>().0.iter().enumerate() {
            for (lane, value) in values.iter().enumerate() {
                let walks_on = if is_lower {
                    *value < pivot
                } else {
                    pivot < *value
                };
                let bit = 1 << (LANES * part + lane);
                half[lane] |= if walks_on { 0 } else { bit };
            }
        }
    }
    let whole = halves.map(|half| half.iter().fold(0, |all, bits| all | bits));
    u64::from(whole[0]) | u64::from(whole[1]) << (BLOCK / 2)
}

/// Does what the walks of [`select`] from both sides do, as long as they are far from each other: the stops from the left
/// are exchanged with those from the right, one after the other. Gives the places from which the walks go on.
///
/// Source: Edelkamp & Weiss 2016, "`BlockQuicksort`", doi:10.4230/LIPIcs.ESA.2016.38.
struct Exchange<'a, T> {
    window: &'a mut [T],
    pivot: T,
}

impl<T: Value> Kernel for Exchange<'_, T> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run(self) -> (usize, usize) {
        let Self { window, pivot } = self;
        let (mut i, mut j) = (0, window.len());
        // Stops of the blocks that are not used up, the first of each walk at the low and at the high end.
        let (mut from_left, mut from_right) = (0_u64, 0_u64);
        while j - i > 2 * BLOCK {
            if from_left == 0
                && let Some(block) = window[i..].first_chunk()
            {
                from_left = stops(block, pivot, true);
            }
            if from_right == 0
                && let Some(block) = window[..j].last_chunk()
            {
                from_right = stops(block, pivot, false);
            }
            while from_left != 0 && from_right != 0 {
                let left = from_left.trailing_zeros() as usize;
                let right = from_right.leading_zeros() as usize;
                window.swap(i + left, j - 1 - right);
                from_left &= from_left - 1;
                from_right ^= 1 << (BLOCK - 1 - right);
            }
            i += if from_left == 0 { BLOCK } else { 0 };
            j -= if from_right == 0 { BLOCK } else { 0 };
        }
        // The next stops have been found already.
        let left = if from_left == 0 {
            0
        } else {
            from_left.trailing_zeros()
        };
        let right = if from_right == 0 {
            0
        } else {
            from_right.leading_zeros()
        };
        (i + left as usize, j - right as usize)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BLOCK, clipped_bounds_of, keep_within, select};

    /// As [`select`], value by value.
    fn select_plainly(values: &mut [f64], rank: usize) -> f64 {
        let (mut left, mut right) = (0_i64, values.len() as i64 - 1);
        let at = |values: &[f64], i: i64| values[i as usize];
        while left < right {
            let pivot = values[rank];
            let (mut i, mut j) = (left, right);
            while i <= j {
                while at(values, i) < pivot {
                    i += 1;
                }
                while pivot < at(values, j) {
                    j -= 1;
                }
                if i <= j {
                    values.swap(i as usize, j as usize);
                    i += 1;
                    j -= 1;
                }
            }
            left = if j < rank as i64 { i } else { left };
            right = if (rank as i64) < i { j } else { right };
        }
        values[rank]
    }

    proptest! {
        /// Sums depend on the order in which the values are left.
        #[test]
        fn blocks_leave_the_same_order(
            seed in 1_u64..1 << 40, count in 1_usize..12 * BLOCK, kinds in 1_u64..2000, rank in 0.0..1.0_f64,
        ) {
            let mut state = seed;
            let mut values: Vec<f64> = (0..count).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((state >> 33) % kinds) as f64
            }).collect();
            let mut plainly = values.clone();
            let rank = (rank * count as f64) as usize;
            prop_assert_eq!(select(&mut values, rank), select_plainly(&mut plainly, rank));
            prop_assert_eq!(values, plainly);
        }

        #[test]
        fn values_within_limits_are_kept_in_their_order(
            mut values in prop::collection::vec(prop_oneof![9 => -1.0_f32..1.0, 1 => Just(f32::NAN)], 0..200),
            limit in 0.0..1.2_f64,
        ) {
            let mut kept = values.clone();
            values.retain(|value| f64::from(*value).abs() <= limit);
            keep_within(&mut kept, -limit, limit);
            prop_assert_eq!(values, kept);
        }

        /// Lists that end sooner, or are clipped less often, do not change the others; nor do numbers of 64 bits.
        #[test]
        fn lists_together_are_clipped_as_one_by_one(
            lists in prop::collection::vec(prop::collection::vec(-1.0_f32..1.0, 0..400), 3),
            outlier in 1.0..1e3_f32,
        ) {
            let mut together = lists.clone();
            for list in &mut together {
                list.push(outlier);
            }
            let wide = |list: &Vec<f32>| list.iter().map(|value| f64::from(*value)).collect();
            let single: Vec<Vec<f64>> = together.iter().map(wide).collect();
            let [a, b, c] = &mut together[..] else { return Ok(()) };
            let bounds = clipped_bounds_of([a, b, c], 2.0, Some(5));
            for ((mut list, together), bounds) in single.into_iter().zip(together).zip(bounds) {
                prop_assert_eq!(clipped_bounds_of([&mut list], 2.0, Some(5)), [bounds]);
                prop_assert_eq!(list, wide(&together));
            }
        }
    }
}
