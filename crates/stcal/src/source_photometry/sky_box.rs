//! The sky in a rectangular ring around a segment.

use ndarray::ArrayView2;

use super::annulus::{clip, deviation, mean};
use crate::median::median_f64;
use crate::source_finding::Segmentation;

/// Size of the inner edge of the ring in units of the segment's box.
const SCALE: f64 = 1.5;
/// Fewer pixels than these give no background.
const LEAST_PIXELS: usize = 10;
/// Limit of clipping [standard deviations].
const SIGMA: f64 = 3.0;
/// Iterations of clipping.
const ITERATIONS: usize = 20;
/// Greatest distance of mean and median [standard deviations] at which the mode is estimated from both.
const CROWDED: f64 = 0.3;

/// The background for each pixel of the segment `index`: the mode of pixels in a rectangular ring of `width` pixels that
/// belong to no source; 0 if there are too few.
///
/// # Source
/// photutils 3.0.0 `segmentation/catalog.py::SourceCatalog._local_background` with `SExtractorBackground`.
#[must_use]
pub fn background_around(
    data: ArrayView2<'_, f32>,
    mask: ArrayView2<'_, bool>,
    segmentation: &Segmentation,
    index: usize,
    width: usize,
) -> f64 {
    let segment = &segmentation.segments()[index];
    let labels = segmentation.labels();
    let extent = |range: &std::ops::Range<usize>| {
        let centre = 0.5 * (range.start as f64 + range.end as f64 - 1.0);
        (centre, 0.5 * SCALE * range.len() as f64)
    };
    let ((y0, inner_y), (x0, inner_x)) = (extent(&segment.rows), extent(&segment.columns));
    let (outer_y, outer_x) = (inner_y + width as f64, inner_x + width as f64);
    let pixels = |centre: f64, half: f64, len: usize| {
        let from = (centre - half).floor().max(0.0) as usize;
        let to = (centre + half).ceil().min(len as f64 - 1.0) as usize;
        from..to + 1
    };
    let mut values = Vec::new();
    for row in pixels(y0, outer_y, data.nrows()) {
        let dy = (row as f64 - y0).abs();
        for column in pixels(x0, outer_x, data.ncols()) {
            let dx = (column as f64 - x0).abs();
            let is_inside = |half_x: f64, half_y: f64| dx < half_x && dy < half_y;
            let at = [row, column];
            let is_sky = is_inside(outer_x, outer_y) && !is_inside(inner_x, inner_y);
            if is_sky && labels[at] == 0 && !mask[at] && data[at].is_finite() {
                values.push(f64::from(data[at]));
            }
        }
    }
    if values.len() < LEAST_PIXELS {
        return 0.0;
    }
    clip(&mut values, SIGMA, ITERATIONS);
    mode(&mut values)
}

/// The mode as Source Extractor estimates it.
fn mode(values: &mut [f64]) -> f64 {
    let (mean, deviation) = (mean(values), deviation(values));
    let median = median_f64(values);
    if deviation == 0.0 {
        return mean;
    }
    if (mean - median).abs() / deviation < CROWDED {
        2.5 * median - 1.5 * mean
    } else {
        median
    }
}
