//! The median of a stack of images.

use crate::shape::{ShapeError, check_shape};
use crate::simd::{Kernel, run_vectorised};

/// Up to so many images are sorted one by one.
const FEW: usize = 32;

/// Pixels that are sorted side by side.
const LANES: usize = 64;

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
    match planes.len() {
        2 => run_vectorised(SideBySide::<2> { planes, median }),
        3 => run_vectorised(SideBySide::<3> { planes, median }),
        4 => run_vectorised(SideBySide::<4> { planes, median }),
        5 => run_vectorised(SideBySide::<5> { planes, median }),
        6 => run_vectorised(SideBySide::<6> { planes, median }),
        7 => run_vectorised(SideBySide::<7> { planes, median }),
        8 => run_vectorised(SideBySide::<8> { planes, median }),
        _ => one_by_one(planes, 0, median),
    }
    Ok(())
}

/// Medians of pixels from number `first` on, one after the other.
fn one_by_one(planes: &[&[f32]], first: usize, median: &mut [f32]) {
    let mut values = vec![0.0; planes.len()];
    for (pixel, median) in (first..).zip(median) {
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
}

/// Medians of `N` images: the exchanges of a sort by insertion, of many pixels at once.
struct SideBySide<'a, 'b, const N: usize> {
    planes: &'a [&'b [f32]],
    median: &'a mut [f32],
}

impl<const N: usize> Kernel for SideBySide<'_, '_, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (chunks, rest) = self.median.as_chunks_mut::<LANES>();
        let end = chunks.len() * LANES;
        for (number, median) in chunks.iter_mut().enumerate() {
            let start = number * LANES;
            let mut sorted = [[0.0; LANES]; N];
            let mut unknown = [0_u32; LANES];
            for (values, plane) in sorted.iter_mut().zip(self.planes) {
                let pixels = plane[start..start + LANES].iter().zip(&mut unknown);
                for (value, (pixel, unknown)) in values.iter_mut().zip(pixels) {
                    // Behind all numbers, where it is not looked at.
                    *value = if pixel.is_nan() {
                        f32::INFINITY
                    } else {
                        *pixel
                    };
                    *unknown += u32::from(pixel.is_nan());
                }
            }
            for last in 1..N {
                for place in (1..=last).rev() {
                    let (below, above) = sorted.split_at_mut(place);
                    exchange(&mut below[place - 1], &mut above[0]);
                }
            }
            for (lane, median) in median.iter_mut().enumerate() {
                let count = N - unknown[lane] as usize;
                let half = count / 2;
                *median = match count {
                    0 => f32::NAN,
                    count if count % 2 == 1 => sorted[half][lane],
                    _ => f32::midpoint(sorted[half - 1][lane], sorted[half][lane]),
                };
            }
        }
        one_by_one(self.planes, end, rest);
    }
}

/// Exchanges the values of lanes that are not in order.
#[inline(always)]
fn exchange(below: &mut [f32; LANES], above: &mut [f32; LANES]) {
    for (below, above) in below.iter_mut().zip(above) {
        let is_wrong = *below > *above;
        let (a, b) = (*below, *above);
        *below = if is_wrong { b } else { a };
        *above = if is_wrong { a } else { b };
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{nan_median, one_by_one};

    proptest! {
        #[test]
        fn side_by_side_is_one_by_one(
            pixels in proptest::collection::vec(prop_oneof![Just(f32::NAN), Just(f32::INFINITY), -9.0..9.0_f32], 150 * 9),
            count in 1_usize..9,
        ) {
            let planes: Vec<&[f32]> = pixels.chunks_exact(150).take(count).collect();
            let (mut together, mut single) = ([0.0; 150], [0.0; 150]);
            nan_median(&planes, &mut together).unwrap();
            one_by_one(&planes, 0, &mut single);
            prop_assert_eq!(together.map(f32::to_bits), single.map(f32::to_bits));
        }
    }
}
