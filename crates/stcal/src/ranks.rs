//! Medians of long lists, in few passes over memory.

/// The median of a long list, NaN left out; NaN if nothing is left.
pub(crate) fn long_median(values: &[f32]) -> f32 {
    let is_number = |value: f32| !value.is_nan();
    Ranks::of(values, is_number).median(values, is_number) as f32
}

/// How many of the values that count begin with which bits: that tells where their median lies, and what is taken out
/// changes little of it.
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
        let lower = self.pick(values, &does_count, found[0]);
        let upper = if found[0] == found[1] {
            lower
        } else {
            self.pick(values, &does_count, found[1])
        };
        0.5 * (lower + upper)
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

    use super::long_median;

    proptest! {
        #[test]
        fn a_long_median_is_a_median(mut values in prop::collection::vec(
            prop_oneof![4 => 1.7_f32..1.9, 2 => -1e3_f32..1e3, 1 => Just(-0.0), 1 => Just(f32::NAN), 1 => Just(f32::INFINITY)], 0..200,
        )) {
            let found = long_median(&values);
            values.retain(|value| !value.is_nan());
            prop_assert_eq!(found.to_bits(), crate::median::median_f32(&mut values).to_bits());
        }
    }
}
