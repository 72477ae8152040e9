//! Outliers by iterated clipping at a number of standard deviations from the median.

use super::median::Lane;
use super::params::SigmaClipGroups;

/// Iterations, at most.
const MAX_ITERATIONS: usize = 5;

/// Finds outliers by sigma clipping; holds the scratch space.
#[derive(Debug, Default)]
pub(super) struct SigmaClip {
    values: Vec<f64>,
}

impl SigmaClip {
    /// Marks the jumps of a column whose lists hold `diffs` differences for each integration.
    pub(super) fn detect(
        &mut self,
        lists: &[Lane],
        lane: usize,
        diffs: usize,
        compared: SigmaClipGroups,
        threshold: f64,
        jumps: &mut [bool],
    ) {
        let (parts, step) = match compared {
            SigmaClipGroups::AcrossIntegrations => (diffs, diffs),
            SigmaClipGroups::All => (1, 1),
        };
        for part in 0..parts {
            let (low, high) = self.bounds(
                lists[part..].iter().step_by(step).map(|list| list[lane]),
                threshold,
            );
            for (jump, list) in jumps[part..].iter_mut().zip(&lists[part..]).step_by(step) {
                let value = f64::from(list[lane]);
                *jump = value.is_finite() && (value < low || value > high);
            }
        }
    }

    /// The limits outside which values are outliers; NaN if there is no finite value.
    ///
    /// # Source
    /// astropy 8.0.2 `stats/src/compute_bounds.c` with median and standard deviation. The values are summed in the
    /// order in which that release's median leaves them, so that the limits have the same bits.
    pub(super) fn bounds(
        &mut self,
        values: impl Iterator<Item = f32>,
        threshold: f64,
    ) -> (f64, f64) {
        self.values.clear();
        self.values
            .extend(values.filter(|value| value.is_finite()).map(f64::from));
        let mut bounds = (f64::NAN, f64::NAN);
        if self.values.is_empty() {
            return bounds;
        }
        for _ in 0..MAX_ITERATIONS {
            let count = self.values.len();
            let centre = median(&mut self.values);
            let mean = self.values.iter().sum::<f64>() / count as f64;
            let squares: f64 = self
                .values
                .iter()
                .map(|value| (value - mean) * (value - mean))
                .sum();
            let deviation = threshold * (squares / count as f64).sqrt();
            bounds = (centre - deviation, centre + deviation);
            self.values
                .retain(|value| *value >= bounds.0 && *value <= bounds.1);
            if self.values.len() == count || self.values.is_empty() {
                break;
            }
        }
        bounds
    }
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
        let (mut i, mut j) = (left, right + 1);
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
