//! Division by a flat field.
//!
//! ```text
//! data /= flat        var_flat = data² / flat² * flat_err²          (data after the division)
//! var_poisson /= flat²    var_rnoise /= flat²    err² = var_poisson + var_rnoise + var_flat
//! ```
//!
//! Where the flat cannot be used its value counts as 1, and its quality says so.
//!
//! # Source
//! jwst 3.0.0 `flatfield/flat_field.py::apply_flat_field`, in single precision as there. Exact.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Zip};

use crate::rate_image::RateImageMut;
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
        self.check()?;
        prepare_rows(self.response.view_mut(), self.dq.view_mut(), flags)
    }

    /// Refuses a flat whose arrays have different shapes.
    ///
    /// # Errors
    /// [`ShapeError`].
    pub fn check(&self) -> Result<(), ShapeError> {
        let shape = self.response.shape();
        check_shape("errors of the flat", shape, self.err.shape())?;
        check_shape("quality of the flat", shape, self.dq.shape())
    }
}

/// As [`Flat::prepare`], for any rows of the response and the quality of a flat.
///
/// # Errors
/// [`ShapeError`]; nothing has been modified then.
pub fn prepare_rows(
    mut response: ArrayViewMut2<'_, f32>,
    mut dq: ArrayViewMut2<'_, u32>,
    flags: FlatFlags,
) -> Result<(), ShapeError> {
    check_shape("quality of the flat", response.shape(), dq.shape())?;
    Zip::from(&mut response)
        .and(&mut dq)
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

/// A flat field, or a band of its rows, after [`Flat::prepare`].
#[derive(Debug, Clone, Copy)]
pub struct FlatView<'a> {
    /// Response of each pixel.
    pub response: ArrayView2<'a, f32>,
    /// Its standard deviation.
    pub err: ArrayView2<'a, f32>,
    /// Quality of each pixel.
    pub dq: ArrayView2<'a, u32>,
}

impl FlatView<'_> {
    /// Divides an image of count rates, its variances and its errors by the flat, in place, and notes in the image which
    /// pixels cannot be used.
    ///
    /// The image has a variance of the flat, which is overwritten.
    ///
    /// # Errors
    /// [`ShapeError`]; nothing has been modified then.
    pub fn divide(self, image: &mut RateImageMut<'_>, flags: FlatFlags) -> Result<(), ShapeError> {
        let shape = self.check(image)?;
        let missing = || ShapeError {
            what: "variance of the flat",
            expected: shape.clone(),
            found: Vec::new(),
        };
        let var_flat = image.var_flat.as_mut().ok_or_else(missing)?;
        divide(
            image.data.view_mut(),
            var_flat.view_mut(),
            self.response,
            self.err,
        )?;
        Zip::from(&mut image.err)
            .and(&mut image.var_poisson)
            .and(&mut image.var_rnoise)
            .and(&*var_flat)
            .and(self.response)
            .for_each(|err, photons, reads, var_flat, response| {
                let square = response * response;
                *photons /= square;
                *reads /= square;
                *err = (*photons + *reads + var_flat).sqrt();
            });
        self.mark(image, flags)
    }

    /// Multiplies an image of count rates, its variances and its errors by the flat, in place: undoes [`Self::divide`].
    ///
    /// # Errors
    /// [`ShapeError`]; nothing has been modified then.
    pub fn multiply(
        self,
        image: &mut RateImageMut<'_>,
        flags: FlatFlags,
    ) -> Result<(), ShapeError> {
        self.check(image)?;
        multiply(image.data.view_mut(), self.response)?;
        if let Some(var_flat) = &mut image.var_flat {
            var_flat.fill(0.0);
        }
        Zip::from(&mut image.err)
            .and(&mut image.var_poisson)
            .and(&mut image.var_rnoise)
            .and(self.response)
            .for_each(|err, photons, reads, response| {
                let square = response * response;
                *photons *= square;
                *reads *= square;
                *err = (*photons + *reads).sqrt();
            });
        self.mark(image, flags)
    }

    fn check(self, image: &RateImageMut<'_>) -> Result<Vec<usize>, ShapeError> {
        image.check()?;
        let shape = image.data.shape();
        check_shape("flat", shape, self.response.shape())?;
        check_shape("errors of the flat", shape, self.err.shape())?;
        check_shape("quality of the flat", shape, self.dq.shape())?;
        Ok(shape.to_vec())
    }

    fn mark(self, image: &mut RateImageMut<'_>, flags: FlatFlags) -> Result<(), ShapeError> {
        image.dq.zip_mut_with(&self.dq, |dq, flat| *dq |= flat);
        image.unify_invalid(flags.do_not_use)
    }
}
