use proptest::prelude::*;

use super::{Operator, Transform, TransformError};
use crate::BoundingBox;
use crate::model::{Constant, Mapping, Polynomial2d, Scale, Shift};

fn plane(c: [f64; 3]) -> Transform {
    Polynomial2d::new(1, vec![c[0], c[1], c[2], 0.0])
        .unwrap()
        .into()
}

#[test]
fn arithmetic_and_fixed_inputs() {
    let sum = plane([1.0, 2.0, 3.0])
        .combine(
            Operator::Power,
            Constant {
                value: 2.0,
                dimensions: 2,
            }
            .into(),
        )
        .unwrap();
    assert_eq!(sum.evaluate_point(&[1.0, 1.0]).unwrap(), [36.0]);
    let fixed = sum.fix(vec![(0, 1.0)]).unwrap();
    assert_eq!(fixed.n_inputs(), 1);
    assert_eq!(fixed.input_names(), ["y"]);
    assert_eq!(fixed.evaluate_point(&[2.0]).unwrap(), [64.0]);
    assert!(matches!(fixed.inverse(), Err(TransformError::NoInverse(_))));
}

#[test]
fn joined_names_are_numbered_by_side() {
    let joined = Transform::from(Shift(1.0)).join(Scale(2.0).into());
    assert_eq!(joined.input_names(), ["x0", "x1"]);
    assert_eq!(joined.output_names(), ["y0", "y1"]);
    assert_eq!(
        plane([0.0; 3])
            .join(Mapping::identity(1).into())
            .input_names(),
        ["x", "y", "x0"]
    );
}

#[test]
fn an_inverse_of_its_own_goes_first() {
    let there = plane([0.0, 0.0, 2.0]).join(Scale(1.0).into());
    assert!(there.inverse().is_err());
    let back = Transform::from(Mapping::new(vec![0, 1, 1], None).unwrap());
    let both = there.with_inverse(back);
    assert_eq!(
        both.inverse().unwrap().evaluate_point(&[3.0, 4.0]).unwrap(),
        [3.0, 4.0, 4.0]
    );
}

#[test]
fn points_outside_the_box_are_not_numbers() {
    let shift = Transform::from(Shift(1.0))
        .with_bounding_box(Some(BoundingBox::new(&[(0.0, 2.0)])))
        .unwrap();
    let found = shift.evaluate(&[&[0.0, 2.5, f64::NAN, 2.0]]).unwrap();
    assert_eq!(found[0][0], 1.0);
    assert!(found[0][1].is_nan() && found[0][2].is_nan());
    assert_eq!(found[0][3], 3.0);
}

#[test]
fn mistakes_are_named() {
    let error = Transform::from(Shift(1.0))
        .then(plane([0.0; 3]))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "a transform of 1 outputs cannot be followed by one of 2 inputs"
    );
    let error = plane([0.0; 3])
        .evaluate(&[&[1.0], &[1.0, 2.0]])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected 2 lists of coordinates of one length, found lengths [1, 2]"
    );
}

proptest! {
    /// Points give the same values one by one and many at a time, across the edges of blocks.
    #[test]
    fn many_points_at_once(count in 0_usize..700) {
        let first = plane([1.0, 0.5, -0.25]).join(Shift(3.0).into());
        let swap = Transform::from(Mapping::new(vec![1, 0, 1], None).unwrap());
        let whole = first.then(swap).unwrap().then(Transform::identity(1).join(plane([0.1, 0.2, 0.3]))).unwrap();
        let lists: Vec<Vec<f64>> = (0..3).map(|axis| (0..count).map(|k| (k * (axis + 2)) as f64).collect()).collect();
        let inputs: Vec<&[f64]> = lists.iter().map(Vec::as_slice).collect();
        let all = whole.evaluate(&inputs).unwrap();
        for k in 0..count {
            let point = whole.evaluate_point(&[inputs[0][k], inputs[1][k], inputs[2][k]]).unwrap();
            prop_assert_eq!([all[0][k], all[1][k]], [point[0], point[1]]);
        }
    }
}
