//! Which pixels the fit can use: those whose samples do not vary much.

use std::borrow::Cow;

use ndarray::{ArrayView2, ArrayView3, ArrayViewMut2, Axis};

use crate::emicorr::EmiError;
use crate::shape::check_shape;
use crate::simd::{Kernel, run_vectorised};

/// Writes the standard deviation of each pixel's samples.
///
/// `ramp_dn` is `(group, row, column)`, any band of rows of an integration; `scatter_dn` is `(row, column)`.
///
/// # Errors
/// [`EmiError::Shape`].
///
/// ```
/// use ndarray::{Array2, array};
/// let ramp = array![[[1.0_f32]], [[3.0]]];
/// let mut scatter = Array2::zeros((1, 1));
/// stcal::emicorr::joint::scatter(ramp.view(), scatter.view_mut())?;
/// assert_eq!(scatter[[0, 0]], 1.0);
/// # Ok::<(), stcal::emicorr::EmiError>(())
/// ```
pub fn scatter(
    ramp_dn: ArrayView3<'_, f32>,
    mut scatter_dn: ArrayViewMut2<'_, f32>,
) -> Result<(), EmiError> {
    let (groups, rows, columns) = ramp_dn.dim();
    check_shape("scatter", &[rows, columns], scatter_dn.shape())?;
    let (mut mean, mut squares) = (vec![0.0_f32; columns], vec![0.0_f32; columns]);
    for (row, mut out) in scatter_dn.outer_iter_mut().enumerate() {
        let ramp = ramp_dn.index_axis(Axis(1), row);
        let groups: Vec<Cow<'_, [f32]>> = (0..groups)
            .map(|group| {
                let row = ramp.index_axis_move(Axis(0), group);
                row.to_slice()
                    .map_or_else(|| Cow::Owned(row.to_vec()), Cow::Borrowed)
            })
            .collect();
        run_vectorised(ScatterRow {
            groups: &groups,
            mean: &mut mean,
            squares: &mut squares,
        });
        out.iter_mut()
            .zip(&squares)
            .for_each(|(out, sum)| *out = *sum);
    }
    Ok(())
}

/// The standard deviations of the samples of a row.
struct ScatterRow<'a, 's> {
    groups: &'a [Cow<'s, [f32]>],
    mean: &'a mut [f32],
    /// Sums of squares, then the deviations.
    squares: &'a mut [f32],
}

impl Kernel for ScatterRow<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            groups,
            mean,
            squares,
        } = self;
        // In single precision: a threshold on the result decides which pixels are used.
        let count = groups.len() as f32;
        mean.fill(0.0);
        for group in groups {
            for (mean, value) in mean.iter_mut().zip(group.iter()) {
                *mean += value;
            }
        }
        for mean in mean.iter_mut() {
            *mean /= count;
        }
        squares.fill(0.0);
        for group in groups {
            for ((sum, value), mean) in squares.iter_mut().zip(group.iter()).zip(mean.iter()) {
                let deviation = value - mean;
                *sum += deviation * deviation;
            }
        }
        for sum in squares {
            *sum = (*sum / count).sqrt();
        }
    }
}

/// Largest scatter of a pixel that is used: twice the median of all pixels of all integrations.
///
/// `median_dn` is that median, of `numbers` values out of `pixels`; not-a-number if one of these is.
pub fn scatter_limit(median_dn: f64, numbers: usize, pixels: usize) -> f32 {
    if numbers < pixels {
        return f32::NAN;
    }
    2.0 * median_dn as f32
}

/// Makes weights of the scatter, in place: 1 for pixels without flags whose scatter is below a limit, else 0.
///
/// # Errors
/// [`EmiError::Shape`].
pub fn select_pixels(
    mut scatter_dn: ArrayViewMut2<'_, f32>,
    limit_dn: f32,
    pixel_dq: ArrayView2<'_, u32>,
) -> Result<(), EmiError> {
    check_shape("pixel quality", scatter_dn.shape(), pixel_dq.shape())?;
    scatter_dn.zip_mut_with(&pixel_dq, |weight, dq| {
        *weight = if *weight < limit_dn && *dq == 0 {
            1.0
        } else {
            0.0
        };
    });
    Ok(())
}
