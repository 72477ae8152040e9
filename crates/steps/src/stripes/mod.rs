//! Exposures that read stripes of the detector, as the steps see them.
//!
//! Until their reference pixels have been used, the stripes of a superstripe exposure take turns as integrations of the
//! ramp, and each has a pixel quality and a part of every reference of its own: a [`Plane`]. Every other ramp is a
//! single plane. [`collate`] then makes an ordinary ramp of the stripes.

mod collate;
mod read_times;
#[cfg(test)]
mod tests;
mod times;

use datamodels::RampModel;
use ndarray::parallel::prelude::*;
use ndarray::{
    Array, Array2, ArrayView2, ArrayViewMut2, ArrayViewMut3, ArrayViewMut4, ArrayViewMutD, Axis,
    Dimension, IxDyn, s,
};
use stpipe::StepError;

pub(crate) use collate::collate;

/// The integrations of a ramp that share an image of pixel quality.
pub(crate) struct Plane<'a> {
    /// Which part of the references belongs to it, see [`part`].
    pub(crate) number: usize,
    pub(crate) data: ArrayViewMut4<'a, f32>,
    pub(crate) group_dq: ArrayViewMut4<'a, u8>,
    pub(crate) pixel_dq: ArrayViewMut2<'a, u32>,
    /// Absent where the header says that there are no zero frames.
    pub(crate) zero_frame: Option<ArrayViewMut3<'a, f32>>,
}

/// Works on every plane of a ramp: on the ramp, or on the integrations of each superstripe.
pub(crate) fn for_each_plane<E: Send>(
    ramp: &mut RampModel,
    work: impl Fn(Plane<'_>) -> Result<(), E> + Send + Sync,
) -> Result<(), E> {
    // Planes that do not take whole turns are left together: the work finds that their shape is wrong.
    let n = Some(ramp.n_planes())
        .filter(|&n| n > 0 && ramp.data.dim().0.is_multiple_of(n))
        .unwrap_or(1);
    let rows = (ramp.pixeldq.nrows() / n).max(1);
    let with_zero_frame = crate::readout::has_zero_frame(ramp);
    let mut data = by_turns(&mut ramp.data, n);
    let mut group_dq = by_turns(&mut ramp.groupdq, n);
    let zero_frame = ramp
        .zeroframe
        .as_mut()
        .filter(|frames| with_zero_frame && frames.dim().0.is_multiple_of(n));
    let mut zero_frame = zero_frame.map(|frames| by_turns(frames, n));
    let mut zero_frames = zero_frame
        .as_mut()
        .map(|frames| frames.axis_iter_mut(Axis(1)));
    let samples = data
        .axis_iter_mut(Axis(1))
        .zip(group_dq.axis_iter_mut(Axis(1)));
    let pixel_dq = ramp.pixeldq.axis_chunks_iter_mut(Axis(0), rows);
    let planes: Vec<Plane<'_>> = samples
        .zip(pixel_dq)
        .enumerate()
        .map(|(number, ((data, group_dq), pixel_dq))| Plane {
            number,
            data: data.into_dimensionality().expect("one axis less than five"),
            group_dq: group_dq
                .into_dimensionality()
                .expect("one axis less than five"),
            pixel_dq,
            zero_frame: zero_frames.as_mut().and_then(Iterator::next).map(|frame| {
                frame
                    .into_dimensionality()
                    .expect("one axis less than four")
            }),
        })
        .collect();
    planes.into_par_iter().try_for_each(work)
}

/// The part of a reference that belongs to a plane whose images have a number of `rows`.
pub(crate) fn part<A>(reference: &Array2<A>, plane: usize, rows: usize) -> ArrayView2<'_, A> {
    let end = ((plane + 1) * rows).min(reference.nrows());
    reference.slice(s![(plane * rows).min(end)..end, ..])
}

/// The first axis as two, of which the second counts those that take turns.
fn by_turns<A: Clone, D: Dimension>(array: &mut Array<A, D>, n: usize) -> ArrayViewMutD<'_, A> {
    if !array.is_standard_layout() {
        *array = array.as_standard_layout().into_owned();
    }
    let mut shape = array.shape().to_vec();
    shape.splice(..1, [shape[0] / n, n]);
    let view = array.view_mut().into_dyn();
    view.into_shape_with_order(IxDyn(&shape))
        .expect("the lengths are multiples of the number of planes")
}

/// Refuses ramps whose superstripes are still apart.
pub(crate) fn require_collated(step: &str, ramp: &RampModel) -> Result<(), StepError> {
    match ramp.meta.integer("meta.subarray.num_superstripe") {
        Some(stripes) if stripes > 0 => Err(StepError::input(
            format!("superstripes of the exposure (step {step})"),
            "collated ones: refpix collates them",
            format!("SSTR_NST {stripes}"),
        )),
        _ => Ok(()),
    }
}
