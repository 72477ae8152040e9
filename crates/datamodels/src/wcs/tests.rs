use gwcs::frame::{CoordinateFrame, Frame};
use gwcs::model::{Mapping, Polynomial2d};
use gwcs::{Step, Transform, Wcs};

use crate::metadata::Metadata;

/// Two planes of degree 5, whose coefficients are large enough to become blocks.
fn distorted(first: f64) -> Wcs {
    let polynomial = |scale: f64| {
        let coefficients = (0..36).map(|n| scale / f64::from(n + 1)).collect();
        Transform::from(Polynomial2d::new(5, coefficients).unwrap())
    };
    let copy = Transform::from(Mapping::new(vec![0, 1, 0, 1], Some(2)).unwrap());
    let transform = copy.then(polynomial(first).join(polynomial(2.0)));
    let step = |name: &str, transform| Step {
        frame: Frame::Single(CoordinateFrame::pixels(name)),
        transform,
    };
    Wcs::new(
        "",
        vec![step("detector", transform.ok()), step("v2v3", None)],
    )
    .unwrap()
}

#[test]
fn a_wcs_comes_back_and_replaces_the_one_before() {
    let mut meta = Metadata::new("ImageModel");
    assert!(meta.wcs().unwrap().is_none());
    meta.set_array("meta.kept", &[64], &[1.5_f64; 64]).unwrap();
    meta.set_wcs(&distorted(1.0)).unwrap();
    let blocks = meta.asdf().blocks.len();
    let wanted = distorted(3.0);
    meta.set_wcs(&wanted).unwrap();
    assert_eq!(meta.asdf().blocks.len(), blocks);
    let at: [&[f64]; 2] = [&[0.5, 2.0], &[1.0, -1.0]];
    let found = meta.require_wcs().unwrap().evaluate(&at).unwrap();
    assert_eq!(found, wanted.evaluate(&at).unwrap());
    let kept = meta
        .get("meta.kept")
        .and_then(asdf::Node::as_ndarray)
        .unwrap();
    assert_eq!(meta.asdf().array_f64(kept).unwrap().0, [1.5; 64]);
}

#[test]
fn a_missing_wcs_names_the_step_that_makes_it() {
    let error = Metadata::new("ImageModel").require_wcs().unwrap_err();
    assert!(error.to_string().contains("assign_wcs"), "{error}");
}
