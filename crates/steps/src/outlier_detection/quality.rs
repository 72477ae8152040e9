//! Quality after outliers were found.

use datamodels::dq::pixel;
use datamodels::library::{Exposure, OpenExposure, Plane, Stash, Variance};
use ndarray::{Array2, ArrayView2, Zip};
use stpipe::StepError;

use crate::bands::change_by_rows;

/// Bits of an outlier.
pub(super) const OUTLIER: u32 = pixel::OUTLIER | pixel::DO_NOT_USE;

/// Arrays of an exposure that outliers are looked for in.
pub(super) struct Pixels<'a> {
    pub(super) data: Plane<'a, f32>,
    pub(super) err: Plane<'a, f32>,
    pub(super) dq: Array2<u32>,
}

impl<'a> Pixels<'a> {
    pub(super) fn read(exposure: &OpenExposure<'a>) -> Result<Self, StepError> {
        Ok(Self {
            data: exposure.data().map_err(StepError::algorithm)?,
            err: exposure.err().map_err(StepError::algorithm)?,
            dq: exposure.dq().map_err(StepError::algorithm)?.into_owned(),
        })
    }

    /// The quality with outliers in it, and with pixels that are NaN in any array marked as bad.
    pub(super) fn finish(
        mut self,
        exposure: &OpenExposure<'a>,
        stash: &Stash,
    ) -> Result<Array2<u32>, StepError> {
        mark_nan(&mut self.dq, &self.data.view());
        mark_nan(&mut self.dq, &self.err.view());
        for which in [Variance::ReadNoise, Variance::Poisson, Variance::Flat] {
            let variance = exposure
                .variance_rows(which)
                .map_err(StepError::algorithm)?;
            if let Some(variance) = variance {
                // Hidden pixels are marked already.
                change_by_rows(&mut self.dq, &variance, mark)?;
            }
        }
        stash.put_by_image(self.data);
        stash.put_by_image(self.err);
        Ok(self.dq)
    }
}

fn mark_nan(dq: &mut Array2<u32>, values: &ArrayView2<'_, f32>) {
    Zip::from(dq)
        .and(values)
        .par_for_each(|dq, value| mark(dq, *value));
}

fn mark(dq: &mut u32, value: f32) {
    *dq |= u32::from(value.is_nan()) * pixel::DO_NOT_USE;
}

/// Gives an exposure its quality; pixels that must not be used are NaN in all of its arrays from then on.
pub(super) fn settle(exposure: &mut Exposure, dq: Array2<u32>) -> Result<(), StepError> {
    exposure.set_dq(dq).map_err(StepError::algorithm)?;
    exposure.hide(pixel::DO_NOT_USE);
    Ok(())
}
