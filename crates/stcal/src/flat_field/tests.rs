//! Tests of the division by a flat field.

use ndarray::{Array2, array};
use proptest::prelude::*;

use super::{Flat, FlatFlags, divide, multiply};

const FLAGS: FlatFlags = FlatFlags {
    do_not_use: 1,
    no_flat_field: 8,
};

#[test]
fn pixels_without_response_are_marked_and_left_alone() {
    let mut flat = Flat {
        response: array![[f32::NAN, 0.0, 0.5, 0.5, 0.5]],
        err: Array2::zeros((1, 5)),
        dq: array![[0, 0, 8, 1, 2]],
    };
    flat.prepare(FLAGS).unwrap();
    assert_eq!(flat.response, array![[1.0, 1.0, 1.0, 1.0, 0.5]]);
    assert_eq!(flat.dq, array![[9, 9, 9, 1, 2]]);
}

#[test]
fn other_shapes_are_refused() {
    let mut flat = Flat {
        response: Array2::zeros((1, 2)),
        err: Array2::zeros((1, 2)),
        dq: Array2::zeros((2, 1)),
    };
    assert!(flat.prepare(FLAGS).is_err());
    let mut data = Array2::<f32>::zeros((2, 2));
    assert!(multiply(data.view_mut(), flat.response.view()).is_err());
}

proptest! {
    #[test]
    fn multiplication_undoes_division(data in -1e4_f32..1e4, response in 0.5_f32..2.0) {
        let (mut image, mut var) = (array![[data]], array![[0.0_f32]]);
        let (flat, err) = (array![[response]], array![[0.1_f32]]);
        divide(image.view_mut(), var.view_mut(), flat.view(), err.view()).unwrap();
        prop_assert!(var[[0, 0]] >= 0.0);
        multiply(image.view_mut(), flat.view()).unwrap();
        prop_assert!((image[[0, 0]] - data).abs() <= 1e-6 * data.abs());
    }
}
