//! Tests of the marking of persistence.

use ndarray::{Array2, Array4, Axis, array, s};
use proptest::prelude::*;

use super::{Windows, flag_persistence};

const WINDOWS: Windows = Windows {
    length_s: 25.0,
    threshold_dn: Some(100.0),
    saturated: 2,
    mark: 33,
};

fn marks(signal: &[f32], dq: &[u8], end: f64, times: &[f64]) -> (Vec<u8>, f64, usize) {
    let shape = (1, signal.len(), 1, 1);
    let ramp = Array4::from_shape_vec(shape, signal.to_vec()).unwrap();
    let mut dq = Array4::from_shape_vec(shape, dq.to_vec()).unwrap();
    let mut ends = array![[end]];
    let times = Array2::from_shape_vec((1, times.len()), times.to_vec()).unwrap();
    let closed = flag_persistence(
        ramp.view(),
        dq.view_mut(),
        ends.view_mut(),
        times.view(),
        &WINDOWS,
    )
    .unwrap();
    (dq.into_raw_vec_and_offset().0, ends[[0, 0]], closed)
}

#[test]
fn a_signal_above_the_threshold_opens_one_window() {
    let (dq, end, _) = marks(
        &[0.0, 200.0, 200.0, 0.0, 0.0],
        &[0; 5],
        0.0,
        &[10.0, 20.0, 30.0, 40.0, 50.0],
    );
    // Open from 20 to 45: the second bright group does not move its end.
    assert_eq!(dq, [0, 33, 33, 33, 0]);
    assert_eq!(end, 0.0);
}

#[test]
fn a_single_saturated_group_keeps_its_window_open() {
    let (dq, end, _) = marks(&[0.0; 4], &[0, 2, 0, 0], 0.0, &[10.0, 20.0, 60.0, 90.0]);
    assert_eq!(dq, [0, 35, 33, 33]);
    assert_eq!(end, 115.0);
    // A second one ends that.
    let (dq, end, _) = marks(&[0.0; 4], &[0, 2, 2, 0], 0.0, &[10.0, 20.0, 60.0, 90.0]);
    assert_eq!(dq, [0, 35, 2, 0]);
    assert_eq!(end, 0.0);
}

#[test]
fn a_window_from_the_future_is_closed() {
    let (dq, end, closed) = marks(&[0.0, 0.0], &[0, 0], 99.0, &[10.0, 20.0]);
    assert_eq!((dq, end, closed), (vec![0, 0], 0.0, 1));
    // One that is carried over is kept until it ends.
    let (dq, end, closed) = marks(&[0.0, 0.0], &[0, 0], 15.0, &[10.0, 20.0]);
    assert_eq!((dq, end, closed), (vec![33, 0], 0.0, 0));
}

#[test]
fn not_a_number_opens_nothing() {
    let (dq, end, _) = marks(&[f32::NAN, f32::NAN], &[0, 0], 0.0, &[10.0, 20.0]);
    assert_eq!((dq, end), (vec![0, 0], 0.0));
}

#[test]
fn other_shapes_are_refused() {
    let ramp = Array4::<f32>::zeros((1, 2, 1, 1));
    let mut dq = Array4::<u8>::zeros((1, 2, 1, 1));
    let mut ends = Array2::zeros((1, 1));
    let times = Array2::zeros((1, 3));
    let error = flag_persistence(
        ramp.view(),
        dq.view_mut(),
        ends.view_mut(),
        times.view(),
        &WINDOWS,
    );
    assert_eq!(error.unwrap_err().what, "times of groups");
}

proptest! {
    #[test]
    fn bands_of_rows_give_the_same_bits(
        signal in prop::collection::vec(0.0_f32..200.0, 24),
        dq in prop::collection::vec(0_u8..4, 24),
        split in 1_usize..3,
    ) {
        let shape = (2, 2, 3, 2);
        let ramp = Array4::from_shape_vec(shape, signal).unwrap();
        let mut whole = Array4::from_shape_vec(shape, dq).unwrap();
        let mut parts = whole.clone();
        let times = array![[10.0, 20.0], [30.0, 40.0]];
        let (mut ends, mut part_ends) = (Array2::zeros((3, 2)), Array2::zeros((3, 2)));
        flag_persistence(ramp.view(), whole.view_mut(), ends.view_mut(), times.view(), &WINDOWS).unwrap();
        for rows in [0..split, split..3] {
            let (_, band) = (0, s![.., .., rows.clone(), ..]);
            flag_persistence(
                ramp.slice(band),
                parts.slice_mut(band),
                part_ends.slice_axis_mut(Axis(0), rows.into()),
                times.view(),
                &WINDOWS,
            )
            .unwrap();
        }
        prop_assert_eq!(whole, parts);
        prop_assert_eq!(ends, part_ends);
    }
}
