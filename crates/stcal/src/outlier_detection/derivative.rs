//! How much an image changes from pixel to pixel.

use ndarray::ArrayView2;

/// The largest absolute difference of each pixel of a row from its four neighbours; NaN where the pixel is.
///
/// Differences from neighbours that are NaN do not count, nor does an infinite one from the row before.
///
/// # Source
/// stcal 1.20.0 `outlier_detection.utils::_abs_deriv`. Exact.
pub(super) fn largest_differences(image: ArrayView2<'_, f32>, row: usize, line: &mut [f32]) {
    let values = image.row(row);
    for (largest, value) in line.iter_mut().zip(values) {
        *largest = if value.is_nan() { f32::NAN } else { 0.0 };
    }
    if row > 0 {
        let neighbours = values.iter().zip(image.row(row - 1));
        for (largest, (value, before)) in line.iter_mut().zip(neighbours) {
            let difference = (value - before).abs();
            // Parity: stcal/outlier_detection/utils.py takes this one first, if it is finite.
            if difference.is_finite() {
                *largest = difference;
            }
        }
    }
    if row + 1 < image.nrows() {
        for (largest, (value, after)) in line.iter_mut().zip(values.iter().zip(image.row(row + 1)))
        {
            raise(largest, (after - value).abs());
        }
    }
    let mut before = f32::NAN;
    for (largest, &value) in line.iter_mut().zip(values) {
        raise(largest, (value - before).abs());
        before = value;
    }
    let after = values.iter().skip(1);
    for (largest, (value, after)) in line.iter_mut().zip(values.iter().zip(after)) {
        raise(largest, (after - value).abs());
    }
}

/// Takes the larger one; NaN is neither larger nor smaller.
fn raise(largest: &mut f32, difference: f32) {
    if difference > *largest {
        *largest = difference;
    }
}
