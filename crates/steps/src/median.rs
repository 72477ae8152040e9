//! The median of an image, by all threads.

use rayon::prelude::*;
use stcal::ranks::MedianCounts;

/// Values that one task looks at.
const PART: usize = 1 << 18;

/// The median of a list, NaN left out, and how many numbers it has; NaN if there are none.
pub(crate) fn median(values: &[f32]) -> (f64, usize) {
    let parts = || values.par_chunks(PART);
    let counts = parts()
        .map(MedianCounts::of)
        .reduce_with(|counts, more| counts.plus(&more));
    let Some(counts) = counts else {
        return (f64::NAN, 0);
    };
    let bins = counts.bins();
    let members: Vec<Vec<f32>> = parts().map(|part| bins.members(part)).collect();
    (bins.median(members.concat()), counts.total())
}
