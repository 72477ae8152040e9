//! The median of a stack of images.

use crate::shape::{ShapeError, check_shape};

/// Up to so many images are sorted one by one.
const FEW: usize = 32;

/// The median of each pixel of several images, of which `planes` has the same stretch of pixels each; NaN is left out, and
/// the result where there is nothing else.
///
/// # Errors
/// [`ShapeError`] if the lengths differ.
///
/// ```
/// use stcal::outlier_detection::nan_median;
/// let planes: [&[f32]; 3] = [&[1.0, 5.0], &[4.0, f32::NAN], &[2.0, 8.0]];
/// let mut median = [0.0; 2];
/// nan_median(&planes, &mut median)?;
/// assert_eq!(median, [2.0, 6.5]);
/// # Ok::<(), stcal::shape::ShapeError>(())
/// ```
///
/// # Source
/// numpy 2 `nanmedian` of 32-bit numbers, as stcal 1.20.0 `outlier_detection.median` uses it. Exact.
pub fn nan_median(planes: &[&[f32]], median: &mut [f32]) -> Result<(), ShapeError> {
    for plane in planes {
        check_shape("image of the stack", &[median.len()], &[plane.len()])?;
    }
    let mut values = vec![0.0; planes.len()];
    for (pixel, median) in median.iter_mut().enumerate() {
        let mut count = 0;
        for plane in planes {
            values[count] = plane[pixel];
            count += usize::from(!plane[pixel].is_nan());
        }
        *median = if count <= FEW {
            middle_of_few(&mut values[..count])
        } else {
            crate::median::median_f32(&mut values[..count])
        };
    }
    Ok(())
}

/// The median of a few values: sorting by insertion has no call and few branches.
fn middle_of_few(values: &mut [f32]) -> f32 {
    crate::median::sort_few(values);
    let half = values.len() / 2;
    match values.len() {
        0 => f32::NAN,
        count if count % 2 == 1 => values[half],
        _ => f32::midpoint(values[half - 1], values[half]),
    }
}
