//! The mean of background exposures, without outliers.
//!
//! Values more than `sigma` standard deviations from the median of a pixel are left out, iteratively. Exposures of several
//! integrations are averaged over these first, then over the exposures. The error of the mean is
//! `sqrt(Σ variance) / n` of what was not left out.
//!
//! # Source
//! jwst 3.0.0 `background/background_sub.py::average_background` with astropy 8.0.2 `stats.sigma_clip`. Exact.

use ndarray::{ArrayView1, ArrayView2, ArrayView3, ArrayViewMut2, Axis, Zip};

use crate::shape::{ShapeError, check_shape};
use crate::sigma_clip::clipped_bounds;

#[cfg(test)]
mod tests;

/// When a value is left out of a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clipping {
    /// Distance from the median [standard deviations].
    pub sigma: f64,
    /// Iterations, at most; as many as find outliers if none is given. There is at least one.
    pub max_iterations: Option<usize>,
}

/// Averages images; holds the scratch space.
#[derive(Debug)]
pub struct Averager {
    clipping: Clipping,
    values: Vec<f64>,
}

impl Averager {
    /// An averager that leaves out values as `clipping` says.
    pub fn new(clipping: Clipping) -> Self {
        let values = Vec::new();
        Self { clipping, values }
    }

    /// Averages the images `(integration, row, column)` of an exposure.
    ///
    /// A pixel without any finite value becomes 0.
    ///
    /// # Errors
    /// [`ShapeError`]; nothing has been modified then.
    pub fn average_integrations(
        &mut self,
        images: ArrayView3<'_, f32>,
        mut mean: ArrayViewMut2<'_, f64>,
    ) -> Result<(), ShapeError> {
        check_shape("mean", &images.shape()[1..], mean.shape())?;
        Zip::from(&mut mean)
            .and(images.lanes(Axis(0)))
            .for_each(|mean, lane| {
                let kept = self.limits(lane.iter().map(|value| f64::from(*value)));
                let (mut sum, mut count) = (0.0_f32, 0);
                for value in lane.iter().filter(|value| kept(f64::from(**value))) {
                    sum += value;
                    count += 1;
                }
                *mean = if count == 0 {
                    0.0
                } else {
                    f64::from(sum) / f64::from(count)
                };
            });
        Ok(())
    }

    /// Averages the images `(exposure, row, column)` of several exposures; `variances` belong to them.
    ///
    /// A pixel without any finite value becomes 0 with an error of 0.
    ///
    /// # Errors
    /// [`ShapeError`]; nothing has been modified then.
    ///
    /// ```
    /// use ndarray::{Array2, array};
    /// use stcal::background::{Averager, Clipping};
    /// let images = array![[[1.0]], [[3.0]], [[2.0]], [[2.0]], [[90.0]]];
    /// let variances = array![[[1.0]], [[1.0]], [[1.0]], [[1.0]], [[1.0]]];
    /// let (mut mean, mut err) = (Array2::zeros((1, 1)), Array2::zeros((1, 1)));
    /// let mut averager = Averager::new(Clipping { sigma: 1.8, max_iterations: None });
    /// averager.average_exposures(images.view(), variances.view(), mean.view_mut(), err.view_mut())?;
    /// assert_eq!((mean[[0, 0]], err[[0, 0]]), (2.0, 0.5));
    /// # Ok::<(), stcal::shape::ShapeError>(())
    /// ```
    pub fn average_exposures(
        &mut self,
        images: ArrayView3<'_, f64>,
        variances: ArrayView3<'_, f64>,
        mut mean: ArrayViewMut2<'_, f32>,
        mut err: ArrayViewMut2<'_, f32>,
    ) -> Result<(), ShapeError> {
        check_shape("variances", images.shape(), variances.shape())?;
        check_shape("mean", &images.shape()[1..], mean.shape())?;
        check_shape("errors of the mean", mean.shape(), err.shape())?;
        Zip::from(&mut mean)
            .and(&mut err)
            .and(images.lanes(Axis(0)))
            .and(variances.lanes(Axis(0)))
            .for_each(|mean, err, values, variances| {
                (*mean, *err) = self.average(values, variances);
            });
        Ok(())
    }

    fn average(
        &mut self,
        values: ArrayView1<'_, f64>,
        variances: ArrayView1<'_, f64>,
    ) -> (f32, f32) {
        let kept = self.limits(values.iter().copied());
        let (mut sum, mut variance, mut count) = (0.0, 0.0, 0);
        for (value, var) in values.iter().zip(variances) {
            if kept(*value) {
                sum += value;
                variance += var;
                count += 1;
            }
        }
        if count == 0 {
            return (0.0, 0.0);
        }
        let count = f64::from(count);
        ((sum / count) as f32, (variance.sqrt() / count) as f32)
    }

    /// Which values of a pixel enter its mean.
    fn limits<I: Iterator<Item = f64>>(&mut self, values: I) -> impl Fn(f64) -> bool + use<I> {
        self.values.clear();
        self.values.extend(values.filter(|value| value.is_finite()));
        let Clipping {
            sigma,
            max_iterations,
        } = self.clipping;
        let (low, high) = clipped_bounds(&mut self.values, sigma, max_iterations);
        move |value| value.is_finite() && !(value < low || value > high)
    }
}

/// Subtracts a background from an image of an exposure, in place, and takes over its quality bits.
///
/// # Errors
/// [`ShapeError`]; nothing has been modified then.
pub fn subtract(
    mut data: ArrayViewMut2<'_, f32>,
    mut dq: ArrayViewMut2<'_, u32>,
    background: ArrayView2<'_, f32>,
    background_dq: ArrayView2<'_, u32>,
) -> Result<(), ShapeError> {
    check_shape("background", data.shape(), background.shape())?;
    check_shape("quality", data.shape(), dq.shape())?;
    check_shape(
        "quality of the background",
        data.shape(),
        background_dq.shape(),
    )?;
    data -= &background;
    dq.zip_mut_with(&background_dq, |dq, background| *dq |= background);
    Ok(())
}
