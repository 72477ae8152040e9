//! Coefficients that cannot be used are replaced by those of the identity.

use std::borrow::Cow;

use ndarray::{ArrayView2, ArrayViewMut2, ArrayViewMut3, Axis, Zip};

use super::polynomial::check_linear_term;
use crate::flags::PixelFlags;
use crate::shape::{ShapeError, check_shape};
use crate::simd::vectorised;

/// A set of coefficients that describes no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoefficientError {
    /// An array has the wrong shape.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The identity needs a linear term.
    #[error("linearity needs at least 2 coefficients (constant and linear), found {0}")]
    TooFew(usize),
}

/// Replaces the coefficients of pixels without a known polynomial by those of the identity, and flags the pixels.
///
/// `coefficients` is `(power, row, column)` with powers 0, 1, 2 and so on, `reference_dq` and `pixel_dq` are
/// `(row, column)`. `pixel_dq` gains all bits of the reference, and "no linearity correction" where a coefficient is
/// not a number or the linear term is 0. The coefficients of the inverse polynomial are treated by a second call. A
/// band of rows will do.
///
/// # Errors
/// [`CoefficientError`] if the shapes differ or there is no linear term; nothing has been modified then.
///
/// ```
/// use ndarray::{Array2, arr3};
/// use stcal::{flags::PixelFlags, linearity::replace_bad_coefficients};
/// let mut c = arr3(&[[[5.0_f32, 5.0]], [[1.1, 0.0]]]);
/// let (reference_dq, mut dq) = (Array2::zeros((1, 2)), Array2::zeros((1, 2)));
/// replace_bad_coefficients(c.view_mut(), reference_dq.view(), dq.view_mut(), &PixelFlags::default())?;
/// assert_eq!(c, arr3(&[[[5.0, 0.0]], [[1.1, 1.0]]]));
/// assert_eq!(dq[[0, 1]], PixelFlags::default().no_lin_corr);
/// # Ok::<(), stcal::linearity::CoefficientError>(())
/// ```
pub fn replace_bad_coefficients(
    mut coefficients: ArrayViewMut3<'_, f32>,
    reference_dq: ArrayView2<'_, u32>,
    mut pixel_dq: ArrayViewMut2<'_, u32>,
    flags: &PixelFlags,
) -> Result<(), CoefficientError> {
    let shape = [coefficients.shape()[1], coefficients.shape()[2]];
    check_shape("quality of the linearity", &shape, reference_dq.shape())?;
    check_shape("pixel quality", &shape, pixel_dq.shape())?;
    check_linear_term(coefficients.view())?;
    let mut marks = vec![0; shape[1]];
    for row in 0..shape[0] {
        Zip::from(pixel_dq.row_mut(row))
            .and(reference_dq.row(row))
            .for_each(|dq, &more| *dq |= more);
        let mut band = coefficients.index_axis_mut(Axis(1), row);
        mark_unknown(band.view(), &mut marks);
        let marks = marks.iter().zip(reference_dq.row(row)).enumerate();
        for (column, (unknown, reference_dq)) in marks {
            let flagged = reference_dq & flags.no_lin_corr != 0;
            let unknown = *unknown != 0;
            if flagged | unknown {
                let mut pixel = band.column_mut(column);
                pixel.fill(0.0);
                pixel[1] = 1.0;
                if !flagged {
                    pixel_dq[[row, column]] |= flags.no_lin_corr;
                }
            }
        }
    }
    Ok(())
}

/// Marks the columns of a row that have a coefficient that is not a number, or 0 as the linear term; others become 0.
fn mark_unknown(row: ArrayView2<'_, f32>, marks: &mut [u32]) {
    marks.fill(0);
    for (power, row) in row.outer_iter().enumerate() {
        let zero_is_bad = u32::from(power == 1);
        let row = row
            .to_slice()
            .map_or_else(|| Cow::Owned(row.to_vec()), Cow::Borrowed);
        vectorised(|| {
            for (mark, c) in marks.iter_mut().zip(&*row) {
                *mark |= u32::from(c.is_nan()) | (u32::from(*c == 0.0) & zero_is_bad);
            }
        });
    }
}
