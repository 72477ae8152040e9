//! How much an image changes from pixel to pixel.

/// The largest absolute difference of each pixel of a row from its four neighbours; NaN where the pixel is.
///
/// Differences from neighbours that are NaN do not count, nor does an infinite one from the row before.
///
/// # Source
/// stcal 1.20.0 `outlier_detection.utils::_abs_deriv`. Exact.
pub(super) fn largest_differences(
    before: Option<&[f32]>,
    row: &[f32],
    after: Option<&[f32]>,
    line: &mut [f32],
) {
    for (largest, value) in line.iter_mut().zip(row) {
        *largest = if value.is_nan() { f32::NAN } else { 0.0 };
    }
    if let Some(before) = before {
        for (largest, (value, before)) in line.iter_mut().zip(row.iter().zip(before)) {
            let difference = (value - before).abs();
            // Parity: stcal/outlier_detection/utils.py takes this one first, if it is finite.
            *largest = if difference.is_finite() {
                difference
            } else {
                *largest
            };
        }
    }
    if let Some(after) = after {
        raise(line, row, after);
    }
    if let Some((_, beyond_first)) = row.split_first() {
        raise(&mut line[1..], beyond_first, row);
        raise(line, row, beyond_first);
    }
}

/// Takes differences that are larger; NaN is neither larger nor smaller.
fn raise(line: &mut [f32], row: &[f32], neighbours: &[f32]) {
    for (largest, (value, neighbour)) in line.iter_mut().zip(row.iter().zip(neighbours)) {
        let difference = (value - neighbour).abs();
        *largest = if difference > *largest {
            difference
        } else {
            *largest
        };
    }
}
