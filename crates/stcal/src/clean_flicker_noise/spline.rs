//! Enlargement of a mesh by cubic splines.

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut1, Axis};

/// Enlarges an image by whole factors along both axes and cuts it to `shape`; values stand for the centres of pixels,
/// and the image is continued by its mirror image.
///
/// # Source
/// scipy 1.17.1 `ndimage.zoom` with order 3, mode "reflect" and `grid_mode`; Unser 1999, IEEE Signal Processing
/// Magazine 16(6), 22, doi:10.1109/79.799930.
pub(super) fn zoom_cubic(
    mesh: ArrayView2<'_, f32>,
    (down, across): (usize, usize),
    (rows, columns): (usize, usize),
) -> Array2<f32> {
    let mut coefficients = mesh.mapv(f64::from);
    for axis in [Axis(0), Axis(1)] {
        for lane in coefficients.lanes_mut(axis) {
            spline_coefficients(lane);
        }
    }
    let (height, width) = mesh.dim();
    let (down, across) = (taps(rows, down, height), taps(columns, across, width));
    // Along rows first, once for each row of the mesh.
    let mut wide = Array2::<f64>::zeros((height, columns));
    for (mut out, row) in wide.rows_mut().into_iter().zip(coefficients.rows()) {
        for (out, tap) in out.iter_mut().zip(&across) {
            *out = tap.iter().map(|&(place, weight)| weight * row[place]).sum();
        }
    }
    let mut image = Array2::<f32>::zeros((rows, columns));
    let mut line = Array1::<f64>::zeros(columns);
    for (mut out, tap) in image.rows_mut().into_iter().zip(&down) {
        line.fill(0.0);
        for &(place, weight) in tap {
            line.scaled_add(weight, &wide.row(place));
        }
        out.zip_mut_with(&line, |out, &value| *out = value as f32);
    }
    image
}

/// For each pixel, the four coefficients that make its value.
fn taps(pixels: usize, factor: usize, length: usize) -> Vec<[(usize, f64); 4]> {
    (0..pixels)
        .map(|pixel| {
            let at = (pixel as f64 + 0.5) / factor as f64 - 0.5;
            let start = at.floor();
            let t = at - start;
            let u = 1.0 - t;
            let weights = [
                u * u * u / 6.0,
                (t * t * (t - 2.0) * 3.0 + 4.0) / 6.0,
                (u * u * (u - 2.0) * 3.0 + 4.0) / 6.0,
                t * t * t / 6.0,
            ];
            let first = start as i64 - 1;
            std::array::from_fn(|k| (mirrored(first + k as i64, length), weights[k]))
        })
        .collect()
}

/// The index on the other side of the edge that a mirror image has.
fn mirrored(index: i64, length: usize) -> usize {
    let period = 2 * length as i64;
    let index = index.rem_euclid(period);
    if index < length as i64 {
        index as usize
    } else {
        (period - 1 - index) as usize
    }
}

/// Turns values into spline coefficients in place: a recursive filter forth and back.
fn spline_coefficients(mut values: ArrayViewMut1<'_, f64>) {
    let n = values.len();
    if n < 2 {
        return;
    }
    let pole = 3.0_f64.sqrt() - 2.0;
    let gain = (1.0 - pole) * (1.0 - 1.0 / pole);
    values.mapv_inplace(|value| value * gain);
    let last_power = pole.powi(n as i32);
    let first = values[0];
    let (mut sum, mut power) = (first + last_power * values[n - 1], pole);
    for i in 1..n {
        // Parity: scipy sums in the place of the first value, so the last term sees the sum instead of that value.
        let opposite = if i == n - 1 { sum } else { values[n - 1 - i] };
        sum += power * (values[i] + last_power * opposite);
        power *= pole;
    }
    values[0] = first + sum * pole / (1.0 - last_power * last_power);
    for i in 1..n {
        values[i] += pole * values[i - 1];
    }
    values[n - 1] *= pole / (pole - 1.0);
    for i in (0..n - 1).rev() {
        values[i] = pole * (values[i + 1] - values[i]);
    }
}
