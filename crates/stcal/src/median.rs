//! Medians by selection.

macro_rules! median {
    ($(#[$doc:meta])* $name:ident, $float:ty) => {
        $(#[$doc])*
        pub(crate) fn $name(values: &mut [$float]) -> $float {
            if values.is_empty() {
                return <$float>::NAN;
            }
            let middle = values.len() / 2;
            let odd = !values.len().is_multiple_of(2);
            let (below, &mut upper, _) = values.select_nth_unstable_by(middle, <$float>::total_cmp);
            if odd {
                return upper;
            }
            let lower = below.iter().copied().fold(<$float>::NEG_INFINITY, <$float>::max);
            // Data are far from overflow, and the library's midpoint branches.
            (lower + upper) / 2.0
        }
    };
}

median!(
    /// Median without regard to order; NaN for no values. The values must be free of NaN and are reordered.
    median_f32,
    f32
);
median!(
    /// Median without regard to order; NaN for no values. The values must be free of NaN and are reordered.
    median_f64,
    f64
);

/// Sorts a few values by insertion, which has no call and few branches. NaN must not occur.
#[inline]
pub(crate) fn sort_few<T: Copy + PartialOrd>(values: &mut [T]) {
    for end in 1..values.len() {
        let value = values[end];
        let mut place = end;
        while place > 0 && values[place - 1] > value {
            values[place] = values[place - 1];
            place -= 1;
        }
        values[place] = value;
    }
}
