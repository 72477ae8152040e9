//! Tests of the division by a flat field.

use ndarray::{Array2, array};
use proptest::prelude::*;

use super::{Flat, FlatFlags, FlatView, divide, multiply};
use crate::rate_image::RateImageMut;

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

/// From `jwst.flatfield.flat_field.apply_flat_field` of jwst 3.0.0 on the same numbers.
#[test]
fn rates_lose_what_the_flat_does_not_know() {
    let mut data = array![[8.0_f32, 6.0, -3.0, 5.0, f32::NAN]];
    let mut err = array![[9.0_f32; 5]];
    let mut dq = array![[0_u32, 4, 0, 0, 0]];
    let (mut photons, mut reads) = (array![[4.0_f32; 5]], array![[1.0_f32; 5]]);
    let mut var_flat = Array2::from_elem((1, 5), 7.0_f32);
    let mut flat = Flat {
        response: array![[2.0, 0.0, -0.5, 1.25, 1.0]],
        err: array![[0.5, 0.5, 0.5, f32::NAN, 0.5]],
        dq: array![[2, 0, 0, 0, 0]],
    };
    flat.prepare(FLAGS).unwrap();
    let view = FlatView {
        response: flat.response.view(),
        err: flat.err.view(),
        dq: flat.dq.view(),
    };
    let mut image = RateImageMut {
        data: data.view_mut(),
        err: err.view_mut(),
        dq: dq.view_mut(),
        var_poisson: photons.view_mut(),
        var_rnoise: reads.view_mut(),
        var_flat: Some(var_flat.view_mut()),
    };
    view.divide(&mut image, FLAGS).unwrap();
    assert_eq!(dq, array![[2, 4 | 8 | 1, 0, 1, 1]]);
    assert_eq!((data[[0, 0]], data[[0, 2]]), (4.0, 6.0));
    assert_eq!((photons[[0, 0]], reads[[0, 2]]), (1.0, 4.0));
    // 4² / 2² · 0.5² and 6² / 0.5² · 0.5²
    assert_eq!((var_flat[[0, 0]], var_flat[[0, 2]]), (1.0, 36.0));
    assert_eq!(err[[0, 0]], (1.0_f32 + 0.25 + 1.0).sqrt());
    for unknown in [1, 3, 4] {
        let pixel = [0, unknown];
        assert!(data[pixel].is_nan() && err[pixel].is_nan() && photons[pixel].is_nan());
    }
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
