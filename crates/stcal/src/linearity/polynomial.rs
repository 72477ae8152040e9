//! The polynomial applied to groups as they are.

use std::borrow::Cow;

use ndarray::{
    ArrayView1, ArrayView2, ArrayView3, ArrayView4, ArrayViewMut3, ArrayViewMut4, Axis, Zip,
};

use super::CoefficientError;
use crate::flags::GroupFlags;
use crate::shape::check_shape;
use crate::simd::{Kernel, run_vectorised};

/// Corrects every sample that is not saturated, in place.
///
/// `ramp_dn` and `group_dq` are `(integration, group, row, column)`, `coefficients` is `(power, row, column)` and has
/// passed [`replace_bad_coefficients`](super::replace_bad_coefficients). A band of rows will do.
///
/// # Errors
/// [`CoefficientError`] if the shapes differ or there is no linear term; nothing has been modified then.
///
/// ```
/// use ndarray::{Array4, arr3};
/// use stcal::{flags::GroupFlags, linearity::linearize};
/// let mut ramp = Array4::from_elem((1, 2, 1, 1), 100.0_f32);
/// let mut dq = Array4::zeros((1, 2, 1, 1));
/// dq[[0, 1, 0, 0]] = GroupFlags::default().saturated;
/// let c = arr3(&[[[1.0_f32]], [[1.0]], [[0.001]]]);
/// linearize(ramp.view_mut(), dq.view(), c.view(), &GroupFlags::default())?;
/// assert_eq!(ramp.as_slice(), Some([111.0, 100.0].as_slice()));
/// # Ok::<(), stcal::linearity::CoefficientError>(())
/// ```
pub fn linearize(
    mut ramp_dn: ArrayViewMut4<'_, f32>,
    group_dq: ArrayView4<'_, u8>,
    coefficients: ArrayView3<'_, f32>,
    flags: &GroupFlags,
) -> Result<(), CoefficientError> {
    check_shape("group quality", ramp_dn.shape(), group_dq.shape())?;
    check_shape(
        "coefficients",
        &ramp_dn.shape()[2..],
        &coefficients.shape()[1..],
    )?;
    check_linear_term(coefficients)?;
    let coefficients: Vec<Vec<Cow<'_, [f32]>>> = coefficients
        .axis_iter(Axis(1))
        .map(|row| row.into_outer_iter().map(contiguous).collect())
        .collect();
    // Plane by plane: the samples come from further away than the coefficients of a band.
    for (mut ramp, group_dq) in ramp_dn.outer_iter_mut().zip(group_dq.outer_iter()) {
        for (mut plane, dq) in ramp.outer_iter_mut().zip(group_dq.outer_iter()) {
            let rows = plane.outer_iter_mut().zip(dq.outer_iter());
            for ((mut signal, dq), coefficients) in rows.zip(&coefficients) {
                let dq = contiguous(dq);
                if let Some(signal) = signal.as_slice_mut() {
                    run_vectorised(CorrectRow(signal, &dq, coefficients, flags.saturated));
                } else {
                    let mut copy = signal.to_vec();
                    correct_row(&mut copy, &dq, coefficients, flags.saturated);
                    signal.assign(&ArrayView1::from(&copy));
                }
            }
        }
    }
    Ok(())
}

/// The arguments of [`correct_row`].
struct CorrectRow<'a, 'c>(&'a mut [f32], &'a [u8], &'a [Cow<'c, [f32]>], u8);

impl Kernel for CorrectRow<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        correct_row(self.0, self.1, self.2, self.3);
    }
}

/// Corrects the samples of one row that do not have the bit `saturated`.
#[inline(always)]
fn correct_row(signal: &mut [f32], dq: &[u8], coefficients: &[Cow<'_, [f32]>], saturated: u8) {
    const LANES: usize = 64;
    let highest = coefficients.len() - 1;
    for start in (0..signal.len()).step_by(LANES) {
        let here = start..signal.len().min(start + LANES);
        let mut corrected = [0.0_f32; LANES];
        let corrected = &mut corrected[..here.len()];
        let (signal, dq) = (&mut signal[here.clone()], &dq[here.clone()]);
        let c = &coefficients[highest][here.clone()];
        for ((corrected, c), signal) in corrected.iter_mut().zip(c).zip(&*signal) {
            *corrected = c * signal;
        }
        for power in (1..highest).rev() {
            let c = &coefficients[power][here.clone()];
            for ((corrected, c), signal) in corrected.iter_mut().zip(c).zip(&*signal) {
                *corrected = (*corrected + c) * signal;
            }
        }
        let c = &coefficients[0][here];
        for (((corrected, c), signal), dq) in corrected.iter().zip(c).zip(signal).zip(dq) {
            *signal = if dq & saturated == 0 {
                corrected + c
            } else {
                *signal
            };
        }
    }
}

fn contiguous<T: Clone>(row: ArrayView1<'_, T>) -> Cow<'_, [T]> {
    row.to_slice()
        .map_or_else(|| Cow::Owned(row.to_vec()), Cow::Borrowed)
}

/// Corrects the zero frame of every integration, in place; a value of 0 marks a bad pixel and stays 0.
///
/// `zero_frame_dn` is `(integration, row, column)`, `coefficients` is `(power, row, column)`. A band of rows will do.
///
/// # Errors
/// [`CoefficientError`] if the shapes differ or there is no linear term; nothing has been modified then.
pub fn linearize_zero_frame(
    mut zero_frame_dn: ArrayViewMut3<'_, f32>,
    coefficients: ArrayView3<'_, f32>,
) -> Result<(), CoefficientError> {
    check_shape(
        "coefficients",
        &zero_frame_dn.shape()[1..],
        &coefficients.shape()[1..],
    )?;
    check_linear_term(coefficients)?;
    let mut corrected = vec![0.0_f32; zero_frame_dn.len_of(Axis(2))];
    for mut frame in zero_frame_dn.outer_iter_mut() {
        for (row, mut signal) in frame.outer_iter_mut().enumerate() {
            evaluate(
                coefficients.index_axis(Axis(1), row),
                signal.view(),
                &mut corrected,
            );
            for (signal, &corrected) in signal.iter_mut().zip(&corrected) {
                *signal = if *signal == 0.0 { 0.0 } else { corrected };
            }
        }
    }
    Ok(())
}

/// A polynomial of a response has a constant and a linear term at least.
pub(super) fn check_linear_term(coefficients: ArrayView3<'_, f32>) -> Result<(), CoefficientError> {
    match coefficients.len_of(Axis(0)) {
        n @ (0 | 1) => Err(CoefficientError::TooFew(n)),
        _ => Ok(()),
    }
}

/// Horner's rule for one row, in the order of the reference: `(c[n] s + c[n-1]) s + ... + c[0]`.
pub(super) fn evaluate(
    coefficients: ArrayView2<'_, f32>,
    signal: ArrayView1<'_, f32>,
    result: &mut [f32],
) {
    let highest = coefficients.len_of(Axis(0)) - 1;
    let mut result = ndarray::ArrayViewMut1::from(result);
    Zip::from(&mut result)
        .and(coefficients.row(highest))
        .and(signal)
        .for_each(|result, &c, &s| *result = c * s);
    for power in (1..highest).rev() {
        Zip::from(&mut result)
            .and(coefficients.row(power))
            .and(signal)
            .for_each(|result, &c, &s| *result = (*result + c) * s);
    }
    Zip::from(&mut result)
        .and(coefficients.row(0))
        .for_each(|result, &c| *result += c);
}
