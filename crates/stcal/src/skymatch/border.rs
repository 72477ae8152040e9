//! The border of an image.

/// Pixel coordinates of points on the border of an image of `(rows, columns)`, counted from 0 at the centre of the first
/// pixel: columns, rows; the last point repeats the first.
///
/// The points are corners of the image and, with `step`, points between them at most that many pixels apart.
///
/// ```
/// let (x, y) = stcal::skymatch::border((3, 2), None);
/// assert_eq!(x, [-0.5, 1.5, 1.5, -0.5, -0.5]);
/// assert_eq!(y, [-0.5, -0.5, 2.5, 2.5, -0.5]);
/// ```
///
/// # Source
/// stcal 1.20.0 `skymatch.skyimage::_calc_bounding_polygon`.
pub fn border((rows, columns): (usize, usize), step: Option<f64>) -> (Vec<f64>, Vec<f64>) {
    let axis = |size: usize| {
        let points = step.map_or(2.0, |step| ((size as f64 + 1.0) / step).ceil().max(2.0));
        evenly(-0.5, size as f64 - 0.5, points as usize)
    };
    let (across, along) = (axis(columns), axis(rows));
    let (left, right) = (-0.5, columns as f64 - 0.5);
    let (bottom, top) = (-0.5, rows as f64 - 0.5);
    let between = &along[1..along.len() - 1];
    let points = (across.iter().map(|&x| (x, bottom)))
        .chain(between.iter().map(|&y| (right, y)))
        .chain(across.iter().rev().map(|&x| (x, top)))
        .chain(between.iter().rev().map(|&y| (left, y)))
        .chain([(left, bottom)]);
    points.unzip()
}

/// `count` evenly spaced numbers, both ends included.
fn evenly(first: f64, last: f64, count: usize) -> Vec<f64> {
    let step = (last - first) / (count - 1) as f64;
    let mut values: Vec<f64> = (0..count).map(|i| first + i as f64 * step).collect();
    values[count - 1] = last;
    values
}
