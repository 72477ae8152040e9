//! The median in a window that moves along a series.

/// The median of the window of `width` values around each value of a series; the ends have that of the first and last whole
/// window. A window with a NaN has none.
///
/// The series is no shorter than the window, and the window has two values or more; otherwise nothing is known, and all
/// medians are NaN. `sorted` is scratch space.
///
/// ```
/// let mut medians = [0.0; 5];
/// stcal::outlier_detection::rolling_median(&[1.0, 9.0, 2.0, 3.0, 4.0], 3, &mut Vec::new(), &mut medians);
/// assert_eq!(medians, [2.0, 2.0, 3.0, 3.0, 3.0]);
/// ```
///
/// # Source
/// jwst 3.0.0 `outlier_detection.tso::moving_median_over_zeroth_axis`. Exact.
pub fn rolling_median(series: &[f32], width: usize, sorted: &mut Vec<f32>, medians: &mut [f64]) {
    medians.fill(f64::NAN);
    let count = series.len();
    if width < 2 || count < width || medians.len() != count {
        return;
    }
    let half = width / 2;
    sorted.clear();
    for (index, &value) in series.iter().enumerate() {
        insert(sorted, value);
        if index + 1 >= width {
            let start = index + 1 - width;
            medians[start + half] = middle(sorted, width);
            remove(sorted, series[start]);
        }
    }
    let first = medians[half];
    medians[..half].fill(first);
    let last = count - width + half;
    let value = medians[last];
    // Parity: jwst/outlier_detection/tso.py counts from the end, so that for a window of 2 the "end" is the whole series.
    let end = if width == 2 { 0 } else { last + 1 };
    medians[end..].fill(value);
}

fn insert(sorted: &mut Vec<f32>, value: f32) {
    if !value.is_nan() {
        let place = sorted.partition_point(|other| *other < value);
        sorted.insert(place, value);
    }
}

fn remove(sorted: &mut Vec<f32>, value: f32) {
    let place = sorted.partition_point(|other| *other < value);
    if sorted.get(place) == Some(&value) {
        sorted.remove(place);
    }
}

fn middle(sorted: &[f32], width: usize) -> f64 {
    let half = width / 2;
    if sorted.len() < width {
        f64::NAN
    } else if width % 2 == 1 {
        f64::from(sorted[half])
    } else {
        f64::midpoint(f64::from(sorted[half - 1]), f64::from(sorted[half]))
    }
}
