//! Tests of the superbias subtraction.

use ndarray::{Array2, Array3, Array4, arr2, arr3};
use proptest::prelude::*;

use super::{BiasReference, subtract_bias, subtract_bias_from_zero_frame};

#[test]
fn a_zero_in_the_zero_frame_stays_zero() {
    let mut frame = arr3(&[[[0.0_f32, 5.0, -0.0, 3.0]]]);
    let level = arr2(&[[1.0_f32, 2.0, 3.0, f32::NAN]]);
    let dq = Array2::zeros((1, 4));
    let bias = BiasReference {
        level_dn: level.view(),
        dq: dq.view(),
    };
    subtract_bias_from_zero_frame(frame.view_mut(), &bias).unwrap();
    assert_eq!(frame, arr3(&[[[0.0, 3.0, 0.0, 3.0]]]));
}

#[test]
fn a_reference_of_another_shape_is_refused() {
    let mut ramp = Array4::from_elem((1, 1, 2, 2), 1.0_f32);
    let mut pixel_dq = Array2::zeros((2, 2));
    let level = Array2::from_elem((3, 2), 1.0_f32);
    let dq = Array2::from_elem((3, 2), 1);
    let bias = BiasReference {
        level_dn: level.view(),
        dq: dq.view(),
    };
    let error = subtract_bias(ramp.view_mut(), pixel_dq.view_mut(), &bias).unwrap_err();
    assert_eq!(
        error.to_string(),
        "superbias: expected shape [2, 2], found [3, 2]"
    );
    let mut frame = Array3::zeros((1, 2, 2));
    assert!(subtract_bias_from_zero_frame(frame.view_mut(), &bias).is_err());
}

proptest! {
    #[test]
    fn not_a_number_in_the_ramp_stays_and_nothing_else_becomes_one(
        values in proptest::collection::vec(prop_oneof![9 => -1e5_f32..1e5, 1 => Just(f32::NAN)], 12),
        levels in proptest::collection::vec(prop_oneof![4 => -1e4_f32..1e4, 1 => Just(f32::NAN)], 6),
    ) {
        let before = Array4::from_shape_vec((1, 2, 2, 3), values).unwrap();
        let level = Array2::from_shape_vec((2, 3), levels).unwrap();
        let dq = Array2::zeros((2, 3));
        let mut pixel_dq = Array2::zeros((2, 3));
        let mut after = before.clone();
        let bias = BiasReference { level_dn: level.view(), dq: dq.view() };
        subtract_bias(after.view_mut(), pixel_dq.view_mut(), &bias).unwrap();
        for (old, new) in before.iter().zip(&after) {
            prop_assert_eq!(old.is_nan(), new.is_nan());
        }
    }
}
