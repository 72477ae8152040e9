//! Tests of the linearity correction.

use ndarray::{Array2, Array3, Array4, Axis, arr3};
use proptest::prelude::*;

use super::{
    CoefficientError, ReadLevelError, linearize, linearize_reads, linearize_zero_frame,
    replace_bad_coefficients,
};
use crate::flags::{GroupFlags, PixelFlags};
use crate::read_pattern::ReadPattern;

#[test]
fn bad_pixels_get_the_identity_and_a_flag() {
    let flags = PixelFlags::default();
    let mut c = Array3::from_elem((3, 1, 5), 2.0_f32);
    c[[2, 0, 1]] = f32::NAN;
    c[[1, 0, 2]] = 0.0;
    c[[0, 0, 3]] = 0.0;
    let mut reference_dq = Array2::zeros((1, 5));
    reference_dq[[0, 4]] = flags.no_lin_corr | 1;
    let mut dq = Array2::from_elem((1, 5), 8);
    replace_bad_coefficients(c.view_mut(), reference_dq.view(), dq.view_mut(), &flags).unwrap();
    for (column, pixel) in c.axis_iter(Axis(2)).enumerate() {
        let identity = pixel.iter().copied().eq([0.0, 1.0, 0.0]);
        assert_eq!(identity, [1, 2, 4].contains(&column), "column {column}");
    }
    let bad = flags.no_lin_corr | 8;
    assert_eq!(dq.as_slice().unwrap(), [8, bad, bad, 8, bad | 1]);
}

#[test]
fn a_constant_is_no_polynomial() {
    let mut ramp = Array4::<f32>::zeros((1, 1, 1, 1));
    let dq = Array4::zeros((1, 1, 1, 1));
    let c = Array3::from_elem((1, 1, 1), 1.0_f32);
    assert_eq!(
        linearize(ramp.view_mut(), dq.view(), c.view(), &GroupFlags::default()),
        Err(CoefficientError::TooFew(1))
    );
}

#[test]
fn the_zero_frame_keeps_its_zeros() {
    let mut frame = arr3(&[[[0.0_f32, 2.0, f32::NAN]]]);
    let c = arr3(&[[[5.0_f32, 5.0, 5.0]], [[1.5, 1.5, 1.5]]]);
    linearize_zero_frame(frame.view_mut(), c.view()).unwrap();
    assert_eq!(frame[[0, 0, 0]], 0.0);
    assert_eq!(frame[[0, 0, 1]], 8.0);
    assert!(frame[[0, 0, 2]].is_nan());
}

#[test]
fn reads_of_a_bent_ramp_become_a_line() {
    // Signal bent by Q(x) = x - 1e-6 x^2 read by read, two reads of 1000 DN each per group; P inverts it to second
    // order. The corrected groups must follow the line better than the corrected means do.
    let (n_groups, n_frames) = (5, 2);
    let bent = |x: f64| x - 1e-6 * x * x;
    let line = |g: usize| 1000.0 * (2.0 * g as f64 + 1.5);
    let measured = |g: usize| {
        let first = 1000.0 * (2.0 * g as f64 + 1.0);
        0.5 * (bent(first) + bent(first + 1000.0))
    };
    let before = Array4::from_shape_fn((1, n_groups, 1, 1), |(_, g, ..)| measured(g) as f32);
    let dq = Array4::zeros(before.dim());
    let p = arr3(&[[[0.0_f32]], [[1.0]], [[1e-6]], [[2e-12]], [[5e-18]]]);
    let q = arr3(&[[[0.0_f32]], [[1.0]], [[-1e-6]]]);
    let flags = GroupFlags::default();
    let mut by_read = before.clone();
    let pattern = ReadPattern::contiguous(n_groups, n_frames);
    linearize_reads(
        by_read.view_mut(),
        dq.view(),
        p.view(),
        q.view(),
        &pattern,
        &flags,
    )
    .unwrap();
    let mut by_group = before.clone();
    linearize(by_group.view_mut(), dq.view(), p.view(), &flags).unwrap();
    for g in 0..n_groups {
        let error_by_read = (f64::from(by_read[[0, g, 0, 0]]) - line(g)).abs();
        let error_by_group = (f64::from(by_group[[0, g, 0, 0]]) - line(g)).abs();
        assert!(error_by_read < 0.02, "group {g}: {error_by_read}");
        assert!(error_by_group > 0.2, "group {g}: {error_by_group}");
    }
}

#[test]
fn one_group_has_no_rate() {
    let mut ramp = Array4::<f32>::zeros((1, 1, 1, 1));
    let dq = Array4::zeros((1, 1, 1, 1));
    let c = arr3(&[[[0.0_f32]], [[1.0]]]);
    let error = linearize_reads(
        ramp.view_mut(),
        dq.view(),
        c.view(),
        c.view(),
        &ReadPattern::contiguous(1, 4),
        &GroupFlags::default(),
    )
    .unwrap_err();
    assert_eq!(error, ReadLevelError::TooFewGroups(1));
}

proptest! {
    #[test]
    fn bands_of_rows_give_the_same_bits_and_saturated_samples_stay(
        values in proptest::collection::vec(0.0_f32..60000.0, 2 * 3 * 4 * 5),
        dq in proptest::collection::vec(prop_oneof![3 => Just(0_u8), 1 => Just(2), 1 => Just(1)], 2 * 3 * 4 * 5),
        c in proptest::collection::vec(-1e-6_f32..1e-6, 4 * 4 * 5),
        split in 0_usize..5,
    ) {
        let before = Array4::from_shape_vec((2, 3, 4, 5), values).unwrap();
        let dq = Array4::from_shape_vec((2, 3, 4, 5), dq).unwrap();
        let mut c = Array3::from_shape_vec((4, 4, 5), c).unwrap();
        c.index_axis_mut(Axis(0), 1).fill(1.0);
        let flags = GroupFlags::default();
        let pattern = ReadPattern::contiguous(3, 2);
        let run = |ramp: ndarray::ArrayViewMut4<'_, f32>, dq: ndarray::ArrayView4<'_, u8>,
                   c: ndarray::ArrayView3<'_, f32>, reads: bool| {
            if reads {
                linearize_reads(ramp, dq, c, c, &pattern, &flags).unwrap();
            } else {
                linearize(ramp, dq, c, &flags).unwrap();
            }
        };
        for reads in [false, true] {
            let mut whole = before.clone();
            run(whole.view_mut(), dq.view(), c.view(), reads);
            let mut parts = before.clone();
            let (top, bottom) = parts.view_mut().split_at(Axis(2), split);
            let (dq_top, dq_bottom) = dq.view().split_at(Axis(2), split);
            let (c_top, c_bottom) = c.view().split_at(Axis(1), split);
            run(top, dq_top, c_top, reads);
            run(bottom, dq_bottom, c_bottom, reads);
            prop_assert_eq!(&whole, &parts);
            for ((new, old), dq) in whole.iter().zip(&before).zip(&dq) {
                if dq & 2 != 0 {
                    prop_assert_eq!(new, old);
                }
            }
        }
    }
}
