//! Outliers by iterated clipping at a number of standard deviations from the median.

use super::median::Lane;
use super::params::SigmaClipGroups;
use crate::sigma_clip::clipped_bounds;

/// Iterations, at most.
const MAX_ITERATIONS: usize = 5;

/// Finds outliers by sigma clipping; holds the scratch space.
#[derive(Debug, Default)]
pub(super) struct SigmaClip {
    values: Vec<f64>,
}

impl SigmaClip {
    /// Adds the indices of the jumps of a column whose lists hold `diffs` differences for each integration.
    pub(super) fn detect(
        &mut self,
        lists: &[Lane],
        lane: usize,
        diffs: usize,
        compared: SigmaClipGroups,
        threshold: f64,
        found: &mut Vec<usize>,
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
            for (index, list) in lists.iter().enumerate().skip(part).step_by(step) {
                let value = f64::from(list[lane]);
                if value.is_finite() && (value < low || value > high) {
                    found.push(index);
                }
            }
        }
    }

    /// The limits outside which values are outliers; NaN if there is no finite value.
    pub(super) fn bounds(
        &mut self,
        values: impl Iterator<Item = f32>,
        threshold: f64,
    ) -> (f64, f64) {
        self.values.clear();
        self.values
            .extend(values.filter(|value| value.is_finite()).map(f64::from));
        clipped_bounds(&mut self.values, threshold, Some(MAX_ITERATIONS))
    }
}
