//! Conversion of count rates to calibrated units by a factor for the whole image, and its change with time.
//!
//! ```text
//! data *= k      err *= k      variances *= k²
//! ```
//!
//! # Source
//! jwst 3.0.0 `photom/photom.py::DataSet.photom_io` and `photom/time_dependence.py`. The arithmetic has the precision of
//! the reference package: a factor that was read in single precision is squared in single precision.

mod time_dependence;

use ndarray::ArrayViewMut2;

use crate::rate_image::RateImageMut;
use crate::shape::ShapeError;

pub use time_dependence::{Exponential, Linear, PowerLaw};

#[cfg(test)]
mod tests;

/// A factor and its square.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conversion {
    factor: f64,
    square: f64,
}

impl Conversion {
    /// A factor in single precision.
    pub fn single(factor: f32) -> Self {
        Self {
            factor: factor.into(),
            square: (factor * factor).into(),
        }
    }

    /// A factor in double precision.
    pub fn double(factor: f64) -> Self {
        Self {
            factor,
            square: factor * factor,
        }
    }

    /// The factor.
    pub fn factor(self) -> f64 {
        self.factor
    }

    /// Multiplies values and errors by the factor, variances by its square.
    ///
    /// # Errors
    /// [`ShapeError`]; nothing has been modified then.
    ///
    /// ```
    /// use ndarray::array;
    /// use stcal::{photom::Conversion, rate_image::RateImageMut};
    /// let [mut data, mut err, mut photons, mut reads] = [2.0_f32, 0.5, 0.25, 0.5].map(|value| array![[value]]);
    /// let mut dq = array![[0_u32]];
    /// let mut image = RateImageMut {
    ///     data: data.view_mut(),
    ///     err: err.view_mut(),
    ///     dq: dq.view_mut(),
    ///     var_poisson: photons.view_mut(),
    ///     var_rnoise: reads.view_mut(),
    ///     var_flat: None,
    /// };
    /// Conversion::single(3.0).apply(&mut image)?;
    /// assert_eq!((data[[0, 0]], err[[0, 0]], photons[[0, 0]]), (6.0, 1.5, 2.25));
    /// # Ok::<(), stcal::shape::ShapeError>(())
    /// ```
    pub fn apply(self, image: &mut RateImageMut<'_>) -> Result<(), ShapeError> {
        for_all(image, self, |value, factor| value * factor)
    }

    /// Undoes [`Self::apply`].
    ///
    /// # Errors
    /// [`ShapeError`]; nothing has been modified then.
    pub fn undo(self, image: &mut RateImageMut<'_>) -> Result<(), ShapeError> {
        for_all(image, self, |value, factor| value / factor)
    }
}

/// Combines the arrays of an image with the factor or its square; in double precision, rounded once.
fn for_all(
    image: &mut RateImageMut<'_>,
    conversion: Conversion,
    combine: impl Fn(f64, f64) -> f64,
) -> Result<(), ShapeError> {
    image.check()?;
    let each = |array: &mut ArrayViewMut2<'_, f32>, factor: f64| {
        array.map_inplace(|value| *value = combine(f64::from(*value), factor) as f32);
    };
    each(&mut image.data, conversion.factor);
    each(&mut image.err, conversion.factor);
    each(&mut image.var_poisson, conversion.square);
    each(&mut image.var_rnoise, conversion.square);
    if let Some(variance) = &mut image.var_flat {
        each(variance, conversion.square);
    }
    Ok(())
}
