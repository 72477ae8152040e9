//! Images of count rates with everything that is known of their pixels, and the agreement of what is known.
//!
//! # Source
//! jwst 3.0.0 `lib/pipe_utils.py::match_nans_and_flags`. Exact.

use ndarray::{ArrayViewMut2, Axis, Zip};

use crate::shape::{ShapeError, check_shape};

#[cfg(test)]
mod tests;

/// An image of count rates, or a band of its rows.
#[derive(Debug)]
pub struct RateImageMut<'a> {
    /// Values, `(row, column)`.
    pub data: ArrayViewMut2<'a, f32>,
    /// Their standard deviation.
    pub err: ArrayViewMut2<'a, f32>,
    /// Quality of each pixel.
    pub dq: ArrayViewMut2<'a, u32>,
    /// Variance of the photon noise.
    pub var_poisson: ArrayViewMut2<'a, f32>,
    /// Variance of the read noise.
    pub var_rnoise: ArrayViewMut2<'a, f32>,
    /// Variance that the flat field brought in, if one was applied.
    pub var_flat: Option<ArrayViewMut2<'a, f32>>,
}

impl RateImageMut<'_> {
    /// Splits the image before a row.
    ///
    /// # Panics
    /// If an array has fewer rows.
    #[must_use]
    pub fn split_at(self, row: usize) -> (Self, Self) {
        let rows = Axis(0);
        let (data, data_below) = self.data.split_at(rows, row);
        let (err, err_below) = self.err.split_at(rows, row);
        let (dq, dq_below) = self.dq.split_at(rows, row);
        let (var_poisson, var_poisson_below) = self.var_poisson.split_at(rows, row);
        let (var_rnoise, var_rnoise_below) = self.var_rnoise.split_at(rows, row);
        let (var_flat, var_flat_below) = match self.var_flat {
            None => (None, None),
            Some(variance) => {
                let (above, below) = variance.split_at(rows, row);
                (Some(above), Some(below))
            }
        };
        let above = Self {
            data,
            err,
            dq,
            var_poisson,
            var_rnoise,
            var_flat,
        };
        let below = Self {
            data: data_below,
            err: err_below,
            dq: dq_below,
            var_poisson: var_poisson_below,
            var_rnoise: var_rnoise_below,
            var_flat: var_flat_below,
        };
        (above, below)
    }

    /// Checks that all arrays have the shape of the data.
    ///
    /// # Errors
    /// [`ShapeError`] for the first that has not.
    pub fn check(&self) -> Result<(), ShapeError> {
        let shape = self.data.shape();
        check_shape("errors", shape, self.err.shape())?;
        check_shape("quality", shape, self.dq.shape())?;
        check_shape("photon noise", shape, self.var_poisson.shape())?;
        check_shape("read noise", shape, self.var_rnoise.shape())?;
        match &self.var_flat {
            Some(variance) => check_shape("variance of the flat", shape, variance.shape()),
            None => Ok(()),
        }
    }

    /// Makes a pixel that is not a number in one array, or must not be used, so in all arrays.
    ///
    /// # Errors
    /// [`ShapeError`]; nothing has been modified then.
    ///
    /// ```
    /// use ndarray::array;
    /// use stcal::rate_image::RateImageMut;
    /// let (mut data, mut err) = (array![[1.0_f32, 2.0]], array![[0.1_f32, f32::NAN]]);
    /// let (mut photons, mut reads) = (array![[0.0_f32, 0.0]], array![[0.0_f32, 0.0]]);
    /// let mut dq = array![[0_u32, 4]];
    /// let mut image = RateImageMut {
    ///     data: data.view_mut(),
    ///     err: err.view_mut(),
    ///     dq: dq.view_mut(),
    ///     var_poisson: photons.view_mut(),
    ///     var_rnoise: reads.view_mut(),
    ///     var_flat: None,
    /// };
    /// image.unify_invalid(1)?;
    /// assert_eq!(dq, array![[0, 5]]);
    /// assert!(data[[0, 1]].is_nan() && reads[[0, 1]].is_nan() && data[[0, 0]] == 1.0);
    /// # Ok::<(), stcal::shape::ShapeError>(())
    /// ```
    pub fn unify_invalid(&mut self, do_not_use: u32) -> Result<(), ShapeError> {
        self.check()?;
        // The flags carry what is known from array to array.
        if let Some(variance) = &self.var_flat {
            Zip::from(&mut self.dq)
                .and(variance)
                .for_each(|dq, var| *dq |= if var.is_nan() { do_not_use } else { 0 });
        }
        Zip::from(&mut self.data)
            .and(&mut self.err)
            .and(&mut self.dq)
            .and(&mut self.var_poisson)
            .and(&mut self.var_rnoise)
            .for_each(|data, err, dq, photons, reads| {
                let unknown = data.is_nan() || err.is_nan() || photons.is_nan() || reads.is_nan();
                if unknown || *dq & do_not_use != 0 {
                    *dq |= do_not_use;
                    (*data, *err, *photons, *reads) = (f32::NAN, f32::NAN, f32::NAN, f32::NAN);
                }
            });
        if let Some(variance) = &mut self.var_flat {
            Zip::from(variance).and(&self.dq).for_each(|var, dq| {
                if dq & do_not_use != 0 {
                    *var = f32::NAN;
                }
            });
        }
        Ok(())
    }
}
