//! Sorting of many lists at once, by exchanges that do not depend on the values.

use pulp::{Simd, WithSimd};

/// Longest list that a network takes.
pub(crate) const LONGEST: usize = 4096;

/// Two places, the first before the second: if their values are not in order, they are exchanged.
type Exchange = (u16, u16);

/// Exchanges that bring values to their places.
///
/// # Source
/// Merge exchange: Knuth, The Art of Computer Programming vol. 3, algorithm 5.2.2 M; Batcher (1968,
/// doi:10.1145/1468075.1468121).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SortingNetwork {
    exchanges: Vec<Exchange>,
}

impl SortingNetwork {
    /// The network that sorts lists of `length` values.
    ///
    /// # Panics
    /// If they are longer than [`LONGEST`].
    pub(crate) fn new(length: usize) -> Self {
        assert!(
            length <= LONGEST,
            "networks are for lists of at most {LONGEST} values"
        );
        let mut exchanges = Vec::new();
        let top = length.next_power_of_two() / 2;
        let mut p = top;
        while p > 0 {
            let (mut q, mut r, mut d) = (top, 0, p);
            loop {
                let places = (0..length.saturating_sub(d)).filter(|place| place & p == r);
                exchanges.extend(places.map(|place| (place as u16, (place + d) as u16)));
                if q == p {
                    break;
                }
                (d, q, r) = (q - p, q / 2, p);
            }
            p /= 2;
        }
        Self { exchanges }
    }

    /// The exchanges that the values at some places of the sorted list depend on.
    pub(crate) fn pruned(&self, places: impl IntoIterator<Item = usize>) -> Self {
        let mut needed = [false; LONGEST];
        for place in places {
            needed[place] = true;
        }
        let mut exchanges = Vec::new();
        for &(low, high) in self.exchanges.iter().rev() {
            if needed[usize::from(low)] || needed[usize::from(high)] {
                needed[usize::from(low)] = true;
                needed[usize::from(high)] = true;
                exchanges.push((low, high));
            }
        }
        exchanges.reverse();
        Self { exchanges }
    }

    /// Sorts lists that lie side by side, `values[k]` being the k-th value of each.
    ///
    /// NaN must not occur: what becomes of a list that has one is not defined, but does not concern the others.
    ///
    /// # Panics
    /// If the lists are shorter than those that the network was made for.
    pub(crate) fn sort<T: Value, const LANES: usize>(&self, values: &mut [[T; LANES]]) {
        pulp::Arch::new().dispatch(Sort {
            exchanges: &self.exchanges,
            values,
        });
    }
}

/// What can be sorted.
pub(crate) trait Value: Copy {
    /// Puts the smaller ones of two values each into `low`, the larger ones into `high`.
    fn exchange<S: Simd>(simd: S, low: &mut [Self], high: &mut [Self]);
}

// Minimum and maximum are asked for by name: the library's functions also look for NaN, and an `if` becomes a store under a
// mask, which takes some processors twenty times as long as an ordinary one.
impl Value for f32 {
    #[inline(always)]
    fn exchange<S: Simd>(simd: S, low: &mut [Self], high: &mut [Self]) {
        let (low, low_rest) = S::as_mut_simd_f32s(low);
        let (high, high_rest) = S::as_mut_simd_f32s(high);
        for (low, high) in low.iter_mut().zip(high) {
            let (a, b) = (*low, *high);
            *low = simd.min_f32s(a, b);
            *high = simd.max_f32s(a, b);
        }
        for (low, high) in low_rest.iter_mut().zip(high_rest) {
            (*low, *high) = (low.min(*high), low.max(*high));
        }
    }
}

impl Value for f64 {
    #[inline(always)]
    fn exchange<S: Simd>(simd: S, low: &mut [Self], high: &mut [Self]) {
        let (low, low_rest) = S::as_mut_simd_f64s(low);
        let (high, high_rest) = S::as_mut_simd_f64s(high);
        for (low, high) in low.iter_mut().zip(high) {
            let (a, b) = (*low, *high);
            *low = simd.min_f64s(a, b);
            *high = simd.max_f64s(a, b);
        }
        for (low, high) in low_rest.iter_mut().zip(high_rest) {
            (*low, *high) = (low.min(*high), low.max(*high));
        }
    }
}

/// Sorts with the instructions of this machine.
struct Sort<'a, T, const LANES: usize> {
    exchanges: &'a [Exchange],
    values: &'a mut [[T; LANES]],
}

impl<T: Value, const LANES: usize> WithSimd for Sort<'_, T, LANES> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for &(low, high) in self.exchanges {
            let (head, tail) = self.values.split_at_mut(usize::from(high));
            T::exchange(simd, &mut head[usize::from(low)], &mut tail[0]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// One list for each of five columns, more than vectors hold.
    fn lists() -> impl Strategy<Value = Vec<[f64; 5]>> {
        prop::collection::vec(prop::array::uniform5(-1e3_f64..1e3), 0..130)
    }

    proptest! {
        #[test]
        fn lists_are_sorted(lists in lists()) {
            let network = SortingNetwork::new(lists.len());
            let mut sorted = lists.clone();
            network.sort(&mut sorted);
            let mut single: Vec<_> = lists.iter().map(|values| values.map(|value| value as f32)).collect();
            network.sort(&mut single);
            for lane in 0..5 {
                let mut expected: Vec<f64> = lists.iter().map(|values| values[lane]).collect();
                expected.sort_by(f64::total_cmp);
                let found: Vec<f64> = sorted.iter().map(|values| values[lane]).collect();
                prop_assert_eq!(&found, &expected);
                let found: Vec<f32> = single.iter().map(|values| values[lane]).collect();
                let expected: Vec<f32> = expected.iter().map(|value| *value as f32).collect();
                prop_assert_eq!(found, expected);
            }
        }

        #[test]
        fn pruned_networks_bring_what_is_asked_for(lists in lists(), share in 0.0_f64..1.0) {
            prop_assume!(!lists.is_empty());
            let place = (share * lists.len() as f64) as usize;
            let network = SortingNetwork::new(lists.len());
            let (mut sorted, mut found) = (lists.clone(), lists.clone());
            network.sort(&mut sorted);
            network.pruned([place]).sort(&mut found);
            prop_assert_eq!(found[place], sorted[place]);
        }

        #[test]
        fn a_list_with_nan_does_not_concern_the_others(lists in lists(), at in 0_usize..130) {
            let network = SortingNetwork::new(lists.len());
            let (mut sorted, mut found) = (lists.clone(), lists);
            if let Some(values) = found.get_mut(at) {
                values[2] = f64::NAN;
            }
            network.sort(&mut sorted);
            network.sort(&mut found);
            for (found, sorted) in found.iter().zip(&sorted) {
                for lane in [0, 1, 3, 4] {
                    prop_assert_eq!(found[lane], sorted[lane]);
                }
            }
        }
    }
}
