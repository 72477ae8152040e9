//! Limits for clipping at a number of standard deviations from the median.
//!
//! # Source
//! astropy 8.0.2 `stats/src/compute_bounds.c` with median and standard deviation. The values are summed in the order in
//! which that release's median leaves them, so that the limits have the same bits.

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
pub(crate) fn clipped_bounds_of<const LISTS: usize>(
    lists: [&mut Vec<f64>; LISTS],
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
        let views: [&[f64]; LISTS] = std::array::from_fn(|number| {
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
            lists[number].retain(|value| *value >= low && *value <= high);
            let left = lists[number].len();
            is_done[number] =
                left == before || left == 0 || max_iterations.is_some_and(|most| iteration >= most);
        }
    }
    bounds
}

/// Sums of lists, each in its order; `term` is given the number of the list and a value.
fn sums_of<const LISTS: usize>(
    lists: [&[f64]; LISTS],
    term: impl Fn(usize, f64) -> f64,
) -> [f64; LISTS] {
    let longer = lists.iter().map(|list| list.len()).filter(|len| *len > 0);
    let common = longer.min().unwrap_or(0);
    // What an empty list has in place of values is not used.
    let has_empty = lists.iter().any(|list| list.is_empty());
    let zeros = vec![0.0; if has_empty { common } else { 0 }];
    let heads = lists.map(|list| list.get(..common).unwrap_or(&zeros));
    let mut sums = [0.0; LISTS];
    #[expect(
        clippy::needless_range_loop,
        reason = "a place in all lists at the same time"
    )]
    for place in 0..common {
        for number in 0..LISTS {
            sums[number] += term(number, heads[number][place]);
        }
    }
    for number in 0..LISTS {
        let rest = lists[number].get(common..).unwrap_or_default();
        let rest = rest.iter().map(|value| term(number, *value));
        sums[number] = rest.fold(sums[number], |sum, term| sum + term);
    }
    sums
}

/// The median; leaves the values in partial order.
fn median(values: &mut [f64]) -> f64 {
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
fn select(values: &mut [f64], rank: usize) -> f64 {
    let (mut left, mut right) = (0, values.len() - 1);
    while left < right {
        let pivot = values[rank];
        // One more than the index from the right, which may step in front of the first value.
        let (mut i, mut j) = exchange_blocks(values, pivot, (left, right + 1));
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
    values[rank]
}

/// Values that are looked at together.
const BLOCK: usize = 64;

/// Values of a block at which a walk from one side has to stop, as distances from its start.
struct Stops {
    distances: [u8; BLOCK],
    /// Those that have been exchanged, and all.
    used: usize,
    count: usize,
}

impl Stops {
    fn none() -> Self {
        let distances = [0; BLOCK];
        let (used, count) = (0, 0);
        Self {
            distances,
            used,
            count,
        }
    }

    /// Notes the stops of a block, unless some of the last one are left.
    #[inline(always)]
    fn refill(&mut self, stops: impl Fn(usize) -> bool) {
        if self.used < self.count {
            return;
        }
        (self.used, self.count) = (0, 0);
        for distance in 0..BLOCK {
            // Written in any case, and kept if the next one is written behind it: no branch that cannot be foretold.
            self.distances[self.count % BLOCK] = distance as u8;
            self.count += usize::from(stops(distance));
        }
    }

    /// Distance of the next stop, if there is one.
    fn next(&self) -> Option<usize> {
        (self.used < self.count).then(|| usize::from(self.distances[self.used]))
    }
}

/// Does what the walks of [`select`] from both sides do, as long as they are far from each other: the stops from the left
/// are exchanged with those from the right, one after the other. Gives the places from which the walks go on.
///
/// Source: Edelkamp & Weiss 2016, "`BlockQuicksort`", doi:10.4230/LIPIcs.ESA.2016.38.
#[inline(always)]
fn exchange_blocks(
    values: &mut [f64],
    pivot: f64,
    (mut i, mut j): (usize, usize),
) -> (usize, usize) {
    let (mut from_left, mut from_right) = (Stops::none(), Stops::none());
    while j - i > 2 * BLOCK {
        let (low, high) = (&values[i..i + BLOCK], &values[j - BLOCK..j]);
        from_left.refill(|distance| {
            let walks_on = low[distance] < pivot;
            !walks_on
        });
        from_right.refill(|distance| {
            let walks_on = pivot < high[BLOCK - 1 - distance];
            !walks_on
        });
        while let (Some(left), Some(right)) = (from_left.next(), from_right.next()) {
            values.swap(i + left, j - 1 - right);
            from_left.used += 1;
            from_right.used += 1;
        }
        i += if from_left.next().is_none() { BLOCK } else { 0 };
        j -= if from_right.next().is_none() {
            BLOCK
        } else {
            0
        };
    }
    // The next stops have been found already.
    (
        i + from_left.next().unwrap_or(0),
        j - from_right.next().unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BLOCK, select};

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
    }
}
