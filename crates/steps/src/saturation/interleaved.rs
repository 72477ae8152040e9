//! Saturation of images with interleaved reference pixels, which are not looked at.

use datamodels::RampModel;
use datamodels::reference::SaturationReference;
use ndarray::parallel::prelude::*;
use ndarray::{Array3, ArrayView3, ArrayViewMut3, Axis, s};
use stcal::saturation::{
    self as kernel, SaturationOptions, clear_saturated, flag_saturated_with_second_group,
};
use stcal::shape::ShapeError;
use stpipe::StepError;

use crate::irs2::{Irs2Readout, restore_rows, select_rows};
use crate::readout;

/// Blocks of rows of one task.
const BLOCKS: usize = 4;

/// As for other images, on the rows of normal pixels.
pub(super) fn check_thresholds(
    saturation: &mut SaturationReference,
    ramp: &mut RampModel,
    readout: Irs2Readout,
) -> Result<(), StepError> {
    let rows = readout.normal_rows();
    let mut pixel_dq = select_rows(&ramp.pixeldq.view(), &rows);
    super::check_thresholds(saturation, pixel_dq.view_mut())?;
    restore_rows(ramp.pixeldq.view_mut(), &rows, &pixel_dq.view());
    Ok(())
}

/// Flags samples of normal pixels and clears those of zero frames; references are those of the normal pixels.
pub(super) fn flag(
    ramp: &mut RampModel,
    reference: &kernel::SaturationReference<'_>,
    options: &SaturationOptions<'_>,
    readout: Irs2Readout,
) -> Result<(), ShapeError> {
    let normal = NormalRows {
        rows: readout.normal_rows(),
        reference,
        options,
    };
    let height = BLOCKS * readout.layout.block();
    for (data, mut group_dq) in ramp.data.outer_iter().zip(ramp.groupdq.outer_iter_mut()) {
        let chunks = group_dq.axis_chunks_iter_mut(Axis(1), height);
        chunks
            .into_par_iter()
            .enumerate()
            .try_for_each(|(k, group_dq)| normal.flag(&data, group_dq, k * height))?;
    }
    if readout::has_zero_frame(ramp) {
        for mut frame in ramp
            .zeroframe
            .iter_mut()
            .flat_map(|all| all.outer_iter_mut())
        {
            let mut image = select_rows(&frame.view(), &normal.rows);
            clear_saturated(image.view_mut(), reference, options.grow)?;
            restore_rows(frame.view_mut(), &normal.rows, &image.view());
        }
    }
    Ok(())
}

struct NormalRows<'a, 'r, 'o> {
    rows: Vec<usize>,
    reference: &'a kernel::SaturationReference<'r>,
    options: &'a SaturationOptions<'o>,
}

impl NormalRows<'_, '_, '_> {
    /// Flags the normal rows of a part of the images that starts at row `first`.
    ///
    /// Rows around it are looked at as far as saturation spreads.
    fn flag(
        &self,
        data: &ArrayView3<'_, f32>,
        mut group_dq: ArrayViewMut3<'_, u8>,
        first: usize,
    ) -> Result<(), ShapeError> {
        let end = first + group_dq.len_of(Axis(1));
        let inner = self.rows.partition_point(|&row| row < first)
            ..self.rows.partition_point(|&row| row < end);
        if inner.is_empty() {
            return Ok(());
        }
        let grow = self.options.grow;
        let outer = inner.start.saturating_sub(grow)..(inner.end + grow).min(self.rows.len());
        let rows = &self.rows[outer.clone()];
        let band = data.select(Axis(1), rows);
        let mut dq = Array3::zeros(band.dim());
        let reference = kernel::SaturationReference {
            threshold_dn: self.reference.threshold_dn.slice(s![outer.clone(), ..]),
            dq: self.reference.dq.slice(s![outer.clone(), ..]),
        };
        let SaturationOptions {
            grow,
            read_pattern,
            ref bias_dn,
            group_flags,
            pixel_flags,
        } = *self.options;
        let options = SaturationOptions {
            grow,
            read_pattern,
            bias_dn: bias_dn
                .as_ref()
                .map(|bias| bias.slice(s![outer.clone(), ..])),
            group_flags,
            pixel_flags,
        };
        flag_saturated_with_second_group(band.view(), dq.view_mut(), &reference, &options)?;
        for (from, row) in (inner.start - outer.start..).zip(&self.rows[inner]) {
            let mut to = group_dq.index_axis_mut(Axis(1), row - first);
            to.zip_mut_with(&dq.index_axis(Axis(1), from), |to, from| *to |= from);
        }
        Ok(())
    }
}
