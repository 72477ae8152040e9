//! Tests of the reset correction.

use ndarray::{Array2, Array4};

use super::{ResetReference, subtract_reset};

#[test]
fn a_segment_takes_the_integrations_of_the_exposure() {
    let mut ramp = Array4::from_elem((3, 1, 1, 1), 10.0_f32);
    let mut pixel_dq = Array2::zeros((1, 1));
    let signal = Array4::from_shape_vec((3, 1, 1, 1), vec![1.0_f32, 2.0, 3.0]).unwrap();
    let dq = Array2::zeros((1, 1));
    let reset = ResetReference {
        signal_dn: signal.view(),
        dq: dq.view(),
    };
    subtract_reset(ramp.view_mut(), pixel_dq.view_mut(), &reset, 1).unwrap();
    // Integrations 1, 2 and 3 of the exposure: the last has no own anomaly.
    assert_eq!(ramp.as_slice().unwrap(), [8.0, 7.0, 7.0]);
}

#[test]
fn not_a_number_in_the_reference_changes_nothing() {
    let mut ramp = Array4::from_elem((1, 1, 1, 2), 10.0_f32);
    let mut pixel_dq = Array2::zeros((1, 2));
    let signal = Array4::from_shape_vec((1, 1, 1, 2), vec![f32::NAN, 3.0]).unwrap();
    let dq = Array2::from_elem((1, 2), 9);
    let reset = ResetReference {
        signal_dn: signal.view(),
        dq: dq.view(),
    };
    subtract_reset(ramp.view_mut(), pixel_dq.view_mut(), &reset, 0).unwrap();
    assert_eq!(ramp.as_slice().unwrap(), [10.0, 7.0]);
    assert_eq!(pixel_dq, dq);
}

#[test]
fn an_empty_reference_is_refused() {
    let mut ramp = Array4::<f32>::zeros((1, 1, 1, 1));
    let mut pixel_dq = Array2::zeros((1, 1));
    let signal = Array4::zeros((0, 1, 1, 1));
    let dq = Array2::zeros((1, 1));
    let reset = ResetReference {
        signal_dn: signal.view(),
        dq: dq.view(),
    };
    assert!(subtract_reset(ramp.view_mut(), pixel_dq.view_mut(), &reset, 0).is_err());
}
