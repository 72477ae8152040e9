use crate::Transform;
use crate::model::{
    EulerRotation, Function, Mapping, RotationSequence, SkyRotation, SphericalRotationSequence,
};

fn near(transform: &Transform, point: &[f64], expected: &[f64]) {
    let found = transform.evaluate_point(point).unwrap();
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
            "{transform:?} at {point:?}: {found} {expected}"
        );
    }
}

#[test]
fn mappings_invert_where_nothing_is_lost() {
    let rotate = Mapping::new(vec![2, 0, 1], None).unwrap();
    let back = Transform::from(rotate).inverse().unwrap();
    near(&back, &[1.0, 2.0, 3.0], &[2.0, 3.0, 1.0]);
    let double = Transform::from(Mapping::new(vec![0, 1, 0, 1], None).unwrap());
    near(
        &double.inverse().unwrap(),
        &[1.0, 2.0, 1.0, 2.0],
        &[1.0, 2.0],
    );
    let drop = Transform::from(Mapping::new(vec![1], Some(2)).unwrap());
    assert!(drop.inverse().is_err());
}

#[test]
fn rotations_go_back() {
    let sequence = RotationSequence::new(vec![10.0, -20.0, 30.0], "zyx").unwrap();
    for transform in [
        Transform::from(SphericalRotationSequence(sequence)),
        EulerRotation::new([5.0, 40.0, -7.0], "zxz").unwrap().into(),
        SkyRotation::native_to_celestial(5.6, -72.0, 180.0).into(),
    ] {
        let there = transform.evaluate_point(&[12.0, 34.0]).unwrap();
        near(&transform.inverse().unwrap(), &there, &[12.0, 34.0]);
    }
}

#[test]
fn functions_are_known_by_name() {
    for function in Function::ALL {
        assert_eq!(Function::from_name(function.name()), Some(*function));
    }
    near(&Function::Remainder.into(), &[-7.0, 3.0], &[2.0]);
    near(&Function::Rint.into(), &[2.5], &[2.0]);
}
