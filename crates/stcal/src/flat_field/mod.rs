//! Division by a flat field.
//!
//! ```text
//! data /= flat        var_flat = data² / flat² * flat_err²          (data after the division)
//! ```
//!
//! Where the flat cannot be used its value counts as 1, and its quality says so.
//!
//! # Source
//! jwst 3.0.0 `flatfield/flat_field.py::apply_flat_field`, in single precision as there. Exact.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Zip};

use crate::shape::{ShapeError, check_shape};

#[cfg(test)]
mod tests;

/// Bits that matter in the quality of a flat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlatFlags {
    /// The pixel must not be used.
    pub do_not_use: u32,
    /// There is no flat field for the pixel.
    pub no_flat_field: u32,
}

/// A flat field.
#[derive(Debug, Clone)]
pub struct Flat {
    /// Response of each pixel, about 1.
    pub response: Array2<f32>,
    /// Its standard deviation.
    pub err: Array2<f32>,
    /// Quality of each pixel.
    pub dq: Array2<u32>,
}

impl Flat {
    /// Marks the pixels that have no response, and makes the response of all bad pixels 1.
    ///
    /// # Errors
    /// [`ShapeError`]; nothing has been modified then.
    pub fn prepare(&mut self, flags: FlatFlags) -> Result<(), ShapeError> {
        check_shape(
            "errors of the flat",
            self.response.shape(),
            self.err.shape(),
        )?;
        check_shape(
            "quality of the flat",
            self.response.shape(),
            self.dq.shape(),
        )?;
        Zip::from(&mut self.response)
            .and(&mut self.dq)
            .for_each(|response, dq| {
                if response.is_nan() || *response == 0.0 {
                    *dq |= flags.no_flat_field;
                }
                if *dq & flags.no_flat_field != 0 {
                    *dq |= flags.do_not_use;
                }
                if *dq & flags.do_not_use != 0 {
                    *response = 1.0;
                }
            });
        Ok(())
    }
}

/// Divides an image by a flat, in place, and writes the variance that the flat brings in.
///
/// # Errors
/// [`ShapeError`]; nothing has been modified then.
///
/// ```
/// use ndarray::array;
/// let (mut data, mut var) = (array![[6.0_f32]], array![[0.0]]);
/// let (flat, err) = (array![[2.0]], array![[0.4]]);
/// stcal::flat_field::divide(data.view_mut(), var.view_mut(), flat.view(), err.view())?;
/// assert_eq!((data[[0, 0]], var[[0, 0]]), (3.0, 9.0_f32 / 4.0 * (0.4 * 0.4)));
/// # Ok::<(), stcal::shape::ShapeError>(())
/// ```
pub fn divide(
    mut data: ArrayViewMut2<'_, f32>,
    mut var_flat: ArrayViewMut2<'_, f32>,
    response: ArrayView2<'_, f32>,
    response_err: ArrayView2<'_, f32>,
) -> Result<(), ShapeError> {
    check_shape("flat", data.shape(), response.shape())?;
    check_shape("errors of the flat", data.shape(), response_err.shape())?;
    check_shape("variance", data.shape(), var_flat.shape())?;
    Zip::from(&mut data)
        .and(&mut var_flat)
        .and(response)
        .and(response_err)
        .for_each(|data, var, flat, err| {
            *data /= flat;
            *var = *data * *data / (flat * flat) * (err * err);
        });
    Ok(())
}

/// Multiplies an image by a flat, in place: undoes [`divide`].
///
/// # Errors
/// [`ShapeError`]; nothing has been modified then.
pub fn multiply(
    mut data: ArrayViewMut2<'_, f32>,
    response: ArrayView2<'_, f32>,
) -> Result<(), ShapeError> {
    check_shape("flat", data.shape(), response.shape())?;
    data *= &response;
    Ok(())
}
