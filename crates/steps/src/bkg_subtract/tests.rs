//! Tests of the parameters, and of files that cannot be used.

use datamodels::metadata::Metadata;
use stpipe::ParamValue;

use super::{BkgSubtractParams, clipping, have_same_tilt, names};

#[test]
fn backgrounds_are_a_list_or_separated_by_commas() {
    let list =
        |items: &[&str]| ParamValue::List(items.iter().map(|i| ParamValue::from(*i)).collect());
    assert!(names(None).unwrap().is_empty());
    assert!(names(Some(&list(&[]))).unwrap().is_empty());
    let expected = ["a.fits", "b.fits"];
    assert_eq!(
        names(Some(&list(&["a.fits", "", "b.fits"]))).unwrap(),
        expected
    );
    let text = ParamValue::from("a.fits, b.fits,");
    assert_eq!(names(Some(&text)).unwrap(), expected);
    assert!(names(Some(&ParamValue::Int(3))).is_err());
}

#[test]
fn no_limit_of_iterations_is_none_or_minus_one() {
    let limit = |maxiters| {
        let params = BkgSubtractParams {
            maxiters,
            ..BkgSubtractParams::default()
        };
        clipping(&params).max_iterations
    };
    assert_eq!(
        [None, Some(-1), Some(0), Some(4)].map(limit),
        [None, None, Some(1), Some(4)]
    );
}

#[test]
fn the_wheel_of_nirspec_must_stand_still() {
    let meta = |x: f64| {
        let mut meta = Metadata::new("ImageModel");
        meta.set("meta.instrument.gwa_xtilt", x);
        meta.set("meta.instrument.gwa_ytilt", 0.2);
        meta
    };
    assert!(have_same_tilt(&meta(0.1), &meta(0.1 + 5e-9)).unwrap());
    assert!(!have_same_tilt(&meta(0.1), &meta(0.1 + 2e-8)).unwrap());
    assert!(have_same_tilt(&meta(0.1), &Metadata::new("ImageModel")).is_err());
}
