//! An image with five stars on structured noise, for tests against the reference package.

use ndarray::Array2;

/// Stars: x, y, peak.
const STARS: [(f64, f64, f32); 5] = [
    (9.3, 8.1, 60.0),
    (30.7, 11.4, 40.0),
    (21.2, 25.8, 90.0),
    (25.1, 27.9, 70.0),
    (38.4, 33.6, 25.0),
];

/// The image, in 32 bits as numpy computes it, and its mask.
pub(crate) fn stars() -> (Array2<f32>, Array2<bool>) {
    let mut image = Array2::from_shape_fn((40, 46), |(y, x)| {
        ((y * 37 + x * 101 + y * x * 7) % 64) as f32 / 64.0
    });
    for (x0, y0, peak) in STARS {
        for ((y, x), value) in image.indexed_iter_mut() {
            let (dx, dy) = (x as f64 - x0, y as f64 - y0);
            let profile = 1.0 + (dx * dx + dy * dy) as f32 / 2.0;
            *value += peak / (profile * profile);
        }
    }
    image[[30, 40]] = f32::NAN;
    let mask = Array2::from_shape_fn((40, 46), |(y, x)| y < 2 || ((20..26).contains(&y) && x < 5));
    (image, mask)
}
