//! Medians of long lists, in few passes over memory.

/// The median of a long list, NaN left out; NaN if nothing is left.
pub fn long_median(values: &[f32]) -> f32 {
    let bins = MedianCounts::of(values).bins();
    bins.median(bins.members(values)) as f32
}

/// The first pass of the search for a median: what the values begin with.
///
/// Those who have several threads look at parts of the list and put together what they find.
///
/// ```
/// use stcal::ranks::MedianCounts;
/// let parts = [[3.0_f32, 1.0], [f32::NAN, 2.0]];
/// let counts = MedianCounts::of(&parts[0]).plus(&MedianCounts::of(&parts[1]));
/// assert_eq!(counts.total(), 3);
/// let bins = counts.bins();
/// let members = parts.iter().flat_map(|part| bins.members(part)).collect();
/// assert_eq!(bins.median(members), 2.0);
/// ```
#[derive(Debug, Clone)]
pub struct MedianCounts(Ranks);

impl MedianCounts {
    /// Looks at a part of the list; NaN are left out.
    pub fn of(part: &[f32]) -> Self {
        Self(Ranks::of(part, |value| !value.is_nan()))
    }

    /// What was found in both parts.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for (count, more) in self.0.counts.iter_mut().zip(&other.0.counts) {
            *count += more;
        }
        self.0.total += other.0.total;
        self
    }

    /// How many values are not NaN.
    pub fn total(&self) -> usize {
        self.0.total
    }

    /// Where the median lies.
    pub fn bins(&self) -> MedianBins {
        let places = self.0.middle();
        MedianBins {
            places,
            sizes: places.map(|(bin, _)| self.0.counts[bin] as usize),
        }
    }
}

/// The second pass: the values that begin as the one or two in the middle do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MedianBins {
    /// Bin, and rank in it, of the two values in the middle.
    places: [(usize, usize); 2],
    /// How many values the bins have.
    sizes: [usize; 2],
}

impl MedianBins {
    /// The members among a part of the list.
    pub fn members(&self, part: &[f32]) -> Vec<f32> {
        let [(low, _), (high, _)] = self.places;
        let most = part.len().min(self.sizes[0] + self.sizes[1]);
        wanted(part, most, |value| {
            let bin = leading(value);
            (bin == low || bin == high) && !value.is_nan()
        })
    }

    /// The median, from the members of all parts; NaN if the list has no number.
    pub fn median(&self, mut members: Vec<f32>) -> f64 {
        let [(low, rank), (high, upper)] = self.places;
        let upper = if low == high {
            upper
        } else {
            self.sizes[0] + upper
        };
        if members.len() <= upper {
            return f64::NAN;
        }
        let (smaller, middle, _) = members.select_nth_unstable_by(upper, f32::total_cmp);
        let lower = if rank == upper {
            *middle
        } else {
            smaller.iter().copied().fold(f32::NEG_INFINITY, f32::max)
        };
        0.5 * (f64::from(lower) + f64::from(*middle))
    }
}

/// How many of the values that count begin with which bits: that tells where their median lies, and what is taken out
/// changes little of it.
#[derive(Debug, Clone)]
pub(crate) struct Ranks {
    /// For each of the leading bits.
    counts: Vec<u32>,
    /// How many values count.
    total: usize,
    /// The values of one bin, which were looked for last.
    members: Vec<f32>,
    bin: usize,
}

impl Ranks {
    pub(crate) fn of(values: &[f32], does_count: impl Fn(f32) -> bool) -> Self {
        let mut counts = vec![0; 1 << 16];
        for &value in values {
            counts[leading(value)] += u32::from(does_count(value));
        }
        Self {
            total: counts.iter().map(|count| *count as usize).sum(),
            counts,
            members: Vec::new(),
            bin: 0,
        }
    }

    /// How many values count.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// Takes a value out if it is `taken`: without a branch, for those that are not to be foreseen.
    #[inline(always)]
    pub(crate) fn take_out(&mut self, value: f32, taken: bool) {
        self.counts[leading(value)] -= u32::from(taken);
        self.total -= usize::from(taken);
    }

    /// The median of the values that count, those that have not been taken out.
    pub(crate) fn median(&mut self, values: &[f32], does_count: impl Fn(f32) -> bool) -> f64 {
        let found = self.middle();
        let lower = self.pick(values, &does_count, found[0]);
        let upper = if found[0] == found[1] {
            lower
        } else {
            self.pick(values, &does_count, found[1])
        };
        0.5 * (lower + upper)
    }

    /// Bin of the two values in the middle, which may be the same one, and their ranks in it.
    fn middle(&self) -> [(usize, usize); 2] {
        let half = self.total / 2;
        let ranks = if self.total % 2 == 1 {
            [half, half]
        } else {
            [half.wrapping_sub(1), half]
        };
        let mut before = 0;
        let mut found = [(0, 0); 2];
        for (bin, count) in self.counts.iter().enumerate() {
            let after = before + *count as usize;
            for (found, rank) in found.iter_mut().zip(ranks) {
                if (before..after).contains(&rank) {
                    *found = (bin, rank - before);
                }
            }
            before = after;
        }
        found
    }

    /// The value of a rank in a bin; NaN if there is none.
    fn pick(
        &mut self,
        values: &[f32],
        does_count: impl Fn(f32) -> bool,
        (bin, rank): (usize, usize),
    ) -> f64 {
        let count = self.counts[bin] as usize;
        if rank >= count {
            return f64::NAN;
        }
        if (self.bin, self.members.len()) != (bin, count) {
            self.bin = bin;
            let is_member = |value| leading(value) == bin && does_count(value);
            self.members = wanted(values, count, is_member);
        }
        let members = &mut self.members;
        f64::from(*members.select_nth_unstable_by(rank, f32::total_cmp).1)
    }
}

/// The leading 16 bits of a number that grows with the value.
#[inline(always)]
fn leading(value: f32) -> usize {
    let bits = value.to_bits();
    let ordered = if bits >> 31 == 1 {
        !bits
    } else {
        bits | 1 << 31
    };
    (ordered >> 16) as usize
}

/// The values that are wanted, at most `most`. Each value is written where the next wanted one belongs, without a branch:
/// which are wanted is not to be foreseen.
pub(crate) fn wanted(values: &[f32], most: usize, is_wanted: impl Fn(f32) -> bool) -> Vec<f32> {
    let mut found = vec![0.0; most + 1];
    let mut count = 0;
    for &value in values {
        found[count.min(most)] = value;
        count += usize::from(is_wanted(value));
    }
    found.truncate(count.min(most));
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MedianCounts, long_median};

    proptest! {
        #[test]
        fn a_long_median_is_a_median(mut values in prop::collection::vec(
            prop_oneof![4 => 1.7_f32..1.9, 2 => -1e3_f32..1e3, 1 => Just(-0.0), 1 => Just(f32::NAN), 1 => Just(f32::INFINITY)], 0..200,
        )) {
            let found = long_median(&values);
            values.retain(|value| !value.is_nan());
            prop_assert_eq!(found.to_bits(), crate::median::median_f32(&mut values).to_bits());
        }

        #[test]
        fn parts_have_the_median_of_the_whole(
            values in prop::collection::vec(prop_oneof![-3.0_f32..3.0, Just(f32::NAN), Just(2.5)], 1..200),
            size in 1_usize..50,
        ) {
            let parts = || values.chunks(size);
            let counts = parts().map(MedianCounts::of).reduce(|counts, more| counts.plus(&more)).unwrap();
            let bins = counts.bins();
            let median = bins.median(parts().flat_map(|part| bins.members(part)).collect());
            prop_assert_eq!((median as f32).to_bits(), long_median(&values).to_bits());
        }
    }
}
