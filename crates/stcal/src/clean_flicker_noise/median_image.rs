//! The median of an exposure's integrations, scaled to each of them.

use ndarray::{ArrayView3, ArrayViewMut2};

use super::sorted::SortedValues;
use crate::median::median_f32;

/// The median of each pixel over the integrations, NaN left out.
///
/// `images` is `(integration, row, column)`.
///
/// # Source
/// jwst 3.0.0 `tso_median_image.py::make_median_image`.
pub fn median_across_integrations(images: ArrayView3<'_, f32>, mut median: ArrayViewMut2<'_, f32>) {
    let mut values = Vec::with_capacity(images.dim().0);
    for (place, median) in median.indexed_iter_mut() {
        values.clear();
        let lane = (0..images.dim().0).map(|integration| images[(integration, place.0, place.1)]);
        values.extend(lane.filter(|value| !value.is_nan()));
        *median = median_f32(&mut values);
    }
}

/// The brightness of each integration relative to the median of all: the median of its pixels over the median of
/// those. `None` if no integration has any. Integrations without take the median of the others.
///
/// `rates` is `(integration, row, column)`.
///
/// ```
/// use ndarray::Array3;
/// use stcal::clean_flicker_noise::flux_scale;
/// let rates = Array3::from_shape_fn((3, 2, 2), |(i, _, _)| if i == 1 { f32::NAN } else { 1.0 + i as f32 });
/// assert_eq!(flux_scale(rates.view()), Some(vec![0.5, 1.0, 1.5]));
/// ```
pub fn flux_scale(rates: ArrayView3<'_, f32>) -> Option<Vec<f32>> {
    let medians: Vec<f32> = rates
        .outer_iter()
        .map(|rate| SortedValues::new(rate.iter().copied()).median())
        .collect();
    let middle = SortedValues::new(medians.iter().copied()).median();
    let mut scale: Vec<f32> = medians.iter().map(|median| median / middle).collect();
    let usable = SortedValues::new(scale.iter().copied());
    if usable.is_empty() {
        return None;
    }
    for value in &mut scale {
        if !value.is_finite() {
            *value = usable.median();
        }
    }
    Some(scale)
}
