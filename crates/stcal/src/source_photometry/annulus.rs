//! The sky in a ring around a source.

use std::f64::consts::PI;

use ndarray::ArrayView2;

use super::aperture::boxed;
use crate::median::median_f64;

/// Limit of clipping [standard deviations].
const SIGMA: f64 = 3.0;
/// Iterations of clipping.
const ITERATIONS: usize = 5;

/// The sky around a source, for each pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalBackground {
    /// Median of the values that were not clipped.
    pub median: f64,
    /// Standard error of the median, `sqrt(π / 2n) σ`.
    pub error: f64,
}

/// The background of a position `(x, y)`: the median of pixels whose centres are between two radii, after clipping.
///
/// NaN if there is no pixel with a value.
///
/// # Source
/// jwst 3.0.0 `source_catalog/source_catalog.py::JWSTSourceCatalog._aper_local_background`.
#[must_use]
pub fn local_background(
    data: ArrayView2<'_, f32>,
    position: (f64, f64),
    radii: (f64, f64),
) -> LocalBackground {
    let mut values = Vec::new();
    if let Some((rows, columns)) = boxed(position, radii.1, data.dim()) {
        let (inner, outer) = (radii.0 * radii.0, radii.1 * radii.1);
        values.reserve_exact(rows.len() * columns.len());
        for row in rows {
            let dy = row as f64 - position.1;
            for column in columns.clone() {
                let dx = column as f64 - position.0;
                let squared = dx * dx + dy * dy;
                let value = data[[row, column]];
                if squared < outer && squared >= inner && value.is_finite() {
                    values.push(f64::from(value));
                }
            }
        }
    }
    clip(&mut values, SIGMA, ITERATIONS);
    let count = values.len() as f64;
    LocalBackground {
        error: (PI / (2.0 * count)).sqrt() * deviation(&values),
        median: median_f64(&mut values),
    }
}

/// Leaves out values further from the median than `sigma` standard deviations, iteratively.
pub(super) fn clip(values: &mut Vec<f64>, sigma: f64, iterations: usize) {
    let mut scratch = Vec::new();
    for _ in 0..iterations {
        let before = values.len();
        scratch.clone_from(values);
        let centre = median_f64(&mut scratch);
        let reach = sigma * deviation(values);
        values.retain(|value| *value >= centre - reach && *value <= centre + reach);
        if values.len() == before {
            break;
        }
    }
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub(super) fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / values.len() as f64).sqrt()
}
