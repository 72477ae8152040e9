//! `ipc`: corrects the crosstalk between neighbouring pixels.

use datamodels::RampModel;
use datamodels::reference::IpcReference;
use ndarray::parallel::prelude::*;
use ndarray::{ArrayView4, ArrayViewMut2, Axis, Ix2, Ix4, s};
use stcal::ipc::{IpcKernel, ReferenceEdges, correct_ipc};
use stcal::shape::ShapeError;
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use crate::irs2::{self, Irs2Readout};
use crate::readout;

#[cfg(test)]
mod tests;

stpipe::params! {
    /// Parameters of `ipc`; it has none of its own.
    pub struct IpcParams {}
}

/// Convolves every group with the inverse of the crosstalk.
#[derive(Debug, Clone, Copy)]
pub struct Ipc;

impl Step for Ipc {
    const NAME: &'static str = "ipc";
    const CLASS: &'static str = "jwst.ipc.ipc_step.IPCStep";
    const ABOUT: &'static str = "Corrects the crosstalk between neighbouring pixels";
    const STATUS_KEY: &'static str = "ipc";
    const REFERENCES: &'static [&'static str] = &["ipc"];
    type Params = IpcParams;
    /// The kernel of the whole detector, or one for all pixels.
    type References = IpcReference;
    type Input = RampModel;
    type Output = RampModel;

    fn prepare(
        _params: &IpcParams,
        _ramp: &RampModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<IpcReference>, StepError> {
        let reference = crate::load(files, "ipc", IpcReference::load)?;
        Ok(reference.map_or(
            Prepared::Skip(SkipReason::NoReference("ipc")),
            Prepared::Ready,
        ))
    }

    fn run(
        _params: &IpcParams,
        reference: IpcReference,
        mut ramp: RampModel,
    ) -> Result<Outcome<RampModel, RampModel>, StepError> {
        let kernel = kernel(&reference, &ramp)?;
        let edges = reference_edges(&ramp)?;
        let normal_rows = Irs2Readout::of(&ramp)?.map(Irs2Readout::normal_rows);
        let correct = |mut image: ArrayViewMut2<'_, f32>| match &normal_rows {
            None => correct_ipc(image, &kernel, edges),
            // Interleaved reference pixels are no neighbours.
            Some(rows) => {
                let mut normal = irs2::select_rows(&image.view(), rows);
                correct_ipc(normal.view_mut(), &kernel, edges)?;
                irs2::restore_rows(image.view_mut(), rows, &normal.view());
                Ok(())
            }
        };
        let integrations = ramp.data.axis_iter_mut(Axis(0)).into_par_iter();
        integrations
            .try_for_each(|mut groups| {
                let groups = groups.axis_iter_mut(Axis(0)).into_par_iter();
                groups.try_for_each(correct)
            })
            .map_err(|error: ShapeError| StepError::algorithm(error))?;
        Ok(Outcome::Complete(ramp))
    }
}

/// First column and row of the ramp on its detector, counted from 0.
fn origin(ramp: &RampModel) -> Result<(usize, usize), StepError> {
    let frame = ramp
        .meta
        .subarray()
        .frame()
        .map_err(crate::metadata_error)?;
    // The frame is checked: both start at 1 or later.
    Ok((frame.x_start as usize - 1, frame.y_start as usize - 1))
}

/// The kernel, cut to the exposure if there is one for each pixel.
fn kernel<'a>(reference: &'a IpcReference, ramp: &RampModel) -> Result<IpcKernel<'a>, StepError> {
    let kernel = reference.kernel.view();
    let shape = kernel.shape().to_vec();
    if let Ok(uniform) = kernel.clone().into_dimensionality::<Ix2>() {
        return Ok(IpcKernel::Uniform(uniform));
    }
    let wrong = |expected: String| {
        StepError::input(
            "kernel of the IPC reference",
            expected,
            format!("shape {shape:?}"),
        )
    };
    let kernel: ArrayView4<'a, f32> = kernel
        .into_dimensionality::<Ix4>()
        .map_err(|_| wrong("two or four dimensions".to_string()))?;
    let (rows, columns) = irs2::size(ramp)?;
    let (x, y) = origin(ramp)?;
    let (_, _, kernel_rows, kernel_columns) = kernel.dim();
    if y + rows > kernel_rows || x + columns > kernel_columns {
        return Err(wrong(format!(
            "one that covers {rows} rows from {y} and {columns} columns from {x}"
        )));
    }
    Ok(IpcKernel::PerPixel(kernel.slice_move(s![
        ..,
        ..,
        y..y + rows,
        x..x + columns
    ])))
}

/// Columns of reference pixels at each side of every detector, and rows at the bottom and the top of near-infrared ones.
const BORDER: usize = 4;
/// Where the right and the upper border of near-infrared detectors begin.
const END_NEAR_INFRARED: usize = 2044;
/// Where the right border of MIRI's detectors begins; they have no reference pixels at the bottom and the top.
const END_MIRI: usize = 1028;

/// The reference pixels within the exposure's images.
fn reference_edges(ramp: &RampModel) -> Result<ReferenceEdges, StepError> {
    let (rows, columns) = irs2::size(ramp)?;
    let (x, y) = origin(ramp)?;
    let left = BORDER.saturating_sub(x);
    if readout::is_miri(ramp)? {
        let right = (x + columns).saturating_sub(END_MIRI);
        return Ok(ReferenceEdges {
            bottom: 0,
            top: 0,
            left,
            right,
        });
    }
    Ok(ReferenceEdges {
        bottom: BORDER.saturating_sub(y),
        top: (y + rows).saturating_sub(END_NEAR_INFRARED),
        left,
        right: (x + columns).saturating_sub(END_NEAR_INFRARED),
    })
}
