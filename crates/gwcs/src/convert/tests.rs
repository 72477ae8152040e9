use asdf::{AsdfFile, Node};

use super::{Registry, read_transform, read_wcs, write_transform, write_wcs};
use crate::frame::{CoordinateFrame, Frame};
use crate::model::{
    Affine2d, AnglesFromGrating, Axis, Basis, CartesianToSpherical, Constant, EulerRotation,
    Function, Interpolation, LabelArray, LabelDict, LabelRange, Mapping, Multiply, Orthogonal1d,
    Orthogonal2d, Polynomial1d, Polynomial2d, Projection, RegionsSelector, Rotation2d,
    RotationSequence, Scale, SellmeierGlass, Shift, SkyRotation, Snell3d,
    SphericalRotationSequence, SphericalToCartesian, Tabular, ToDirectionCosines,
    WavelengthFromGrating, WrapAt,
};
use crate::{BoundingBox, Operator, Step, Transform, Wcs};

/// One transform of every kind.
#[expect(clippy::too_many_lines, reason = "a list")]
fn all() -> Vec<Transform> {
    let axis = Axis {
        domain: Some((0.0, 10.0)),
        window: Some((-1.0, 1.0)),
    };
    let sequence = RotationSequence::new(vec![1.0, -2.0, 3.0], "zyx").unwrap();
    let table = |points: Vec<Vec<f64>>, values| {
        Tabular::new(points, values, Interpolation::Linear, Some(f64::NAN)).unwrap()
    };
    let two = |value| {
        Transform::from(Constant {
            value,
            dimensions: 2,
        })
    };
    let inputs = || vec!["x".to_string(), "y".to_string()];
    let labels = LabelArray::new(vec![0, 1, 2, 2], vec![2, 2]).unwrap();
    let plane =
        Polynomial2d::with_axes(1, vec![1.0, 2.0, 3.0, 0.0], axis, Axis::default()).unwrap();
    vec![
        Shift(1.5).into(),
        Scale(2.0).into(),
        Multiply(-3.0).into(),
        Transform::identity(1),
        Transform::identity(3),
        Mapping::new(vec![1, 0, 1], Some(3)).unwrap().into(),
        two(4.0),
        Affine2d {
            matrix: [[1.0, 2.0], [3.0, 4.0]],
            translation: [5.0, 6.0],
        }
        .into(),
        Rotation2d { angle_deg: 30.0 }.into(),
        SkyRotation::native_to_celestial(5.0, -72.0, 180.0).into(),
        SkyRotation::celestial_to_native(5.0, -72.0, 180.0).into(),
        EulerRotation::new([1.0, 2.0, 3.0], "zxz").unwrap().into(),
        sequence.clone().into(),
        SphericalRotationSequence(sequence).into(),
        Polynomial1d {
            coefficients: vec![1.0, 2.0, 3.0],
            axis,
        }
        .into(),
        plane.clone().into(),
        Orthogonal1d {
            basis: Basis::Legendre,
            coefficients: vec![1.0, 2.0],
            axis,
        }
        .into(),
        Orthogonal2d::new(Basis::Chebyshev, (2, 1), vec![1.0, 2.0], [axis, axis])
            .unwrap()
            .into(),
        table(vec![vec![0.0, 1.0, 30.0]], vec![5.0, 6.0, 8.0]).into(),
        table(
            vec![vec![0.0, 30.0], vec![0.0, 20.0]],
            vec![1.0, 2.0, 3.0, 4.0],
        )
        .into(),
        Function::Arctan2.into(),
        SphericalToCartesian {
            wrap_at: WrapAt::Half,
        }
        .into(),
        CartesianToSpherical {
            wrap_at: WrapAt::Full,
        }
        .into(),
        ToDirectionCosines.into(),
        WavelengthFromGrating {
            groove_density: 20_000.0,
            order: -1.0,
        }
        .into(),
        AnglesFromGrating {
            groove_density: 1e-3,
            order: -1.0,
        }
        .into(),
        Snell3d.into(),
        SellmeierGlass {
            b: [0.58, 0.46, 3.89],
            c: [0.0025, 0.01, 1200.0],
        }
        .into(),
        Projection::Gnomonic.pixel_to_sky().into(),
        Projection::CylindricalPerspective {
            mu: 2.0,
            lambda: 3.0,
        }
        .sky_to_pixel()
        .into(),
        RegionsSelector {
            inputs: inputs(),
            outputs: vec!["z".to_string()],
            label_mapper: labels.into(),
            selector: vec![(1.0, two(10.0)), (2.0, plane.clone().into())],
            undefined: f64::NAN,
        }
        .into(),
        LabelRange {
            inputs: inputs(),
            key_input: 1,
            entries: vec![((0.0, 5.0), two(1.0)), ((10.0, 30.0), two(2.0))],
        }
        .into(),
        LabelDict {
            inputs: inputs(),
            key_input: 0,
            tolerance: 0.1,
            entries: vec![(12.0, two(7.0))],
        }
        .into(),
        Transform::from(plane.clone())
            .combine(Operator::Divide, two(2.0))
            .unwrap(),
        Transform::from(plane.clone()).fix(vec![(1, 3.0)]).unwrap(),
        Transform::from(plane)
            .join(Shift(1.0).into())
            .then(Transform::identity(2))
            .unwrap()
            .named("whole")
            .with_bounding_box(Some(BoundingBox::new(&[
                (0.0, 15.0),
                (-1.0, 25.0),
                (0.0, 100.0),
            ])))
            .unwrap()
            .with_inverse(Mapping::new(vec![0, 1, 1], None).unwrap().into()),
    ]
}

#[test]
fn every_transform_goes_through_a_file() {
    for transform in all() {
        let mut file = AsdfFile::new();
        let node = write_transform(&transform, &mut file, &Registry::default()).unwrap();
        file.tree.set_path("model", node).unwrap();
        let bytes = file.to_bytes(&asdf::WriteOptions::default()).unwrap();
        let file = AsdfFile::from_bytes(&bytes).unwrap();
        let node = file.tree.get_path("model").unwrap();
        let again = read_transform(node, &file, &Registry::default()).unwrap();
        assert_eq!(again.input_names(), transform.input_names());
        assert_eq!(again.output_names(), transform.output_names());
        assert_eq!(
            again.properties().bounding_box,
            transform.properties().bounding_box
        );
        assert_eq!(again.properties().name, transform.properties().name);
        assert_eq!(
            again.properties().inverse.is_some(),
            transform.properties().inverse.is_some()
        );
        let points = [12.0, 15.5, 0.25, 0.5];
        let point = &points[..transform.n_inputs()];
        let (a, b) = (
            transform.evaluate_point(point).unwrap(),
            again.evaluate_point(point).unwrap(),
        );
        for (a, b) in a.iter().zip(&b) {
            assert!(
                a == b || (a.is_nan() && b.is_nan()),
                "{transform:?}: {a} {b}"
            );
        }
    }
}

#[test]
fn a_wcs_goes_through_a_file() {
    let transform = Transform::from(Scale(0.1))
        .join(Scale(0.2).into())
        .with_bounding_box(Some(BoundingBox::new(&[(-0.5, 9.5), (-0.5, 19.5)])))
        .unwrap();
    let steps = vec![
        Step {
            frame: Frame::Single(CoordinateFrame::pixels("detector")),
            transform: Some(transform),
        },
        Step {
            frame: Frame::Named("middle".to_string()),
            transform: Some(Transform::identity(2)),
        },
        Step {
            frame: Frame::Single(CoordinateFrame::icrs("world")),
            transform: None,
        },
    ];
    let mut wcs = Wcs::new("test", steps).unwrap();
    wcs.pixel_shape = Some(vec![10, 20]);
    let mut file = AsdfFile::new();
    let node = write_wcs(&wcs, &mut file, &Registry::default()).unwrap();
    file.tree.set_path("wcs", node).unwrap();
    let file =
        AsdfFile::from_bytes(&file.to_bytes(&asdf::WriteOptions::default()).unwrap()).unwrap();
    let again = read_wcs(
        file.tree.get_path("wcs").unwrap(),
        &file,
        &Registry::default(),
    )
    .unwrap();
    assert_eq!(again.pixel_shape, wcs.pixel_shape);
    assert_eq!(
        again.frames().collect::<Vec<_>>(),
        wcs.frames().collect::<Vec<_>>()
    );
    assert_eq!(again.bounding_box(), wcs.bounding_box());
    let [x, y] = [[3.0], [4.0]];
    assert_eq!(
        again.evaluate(&[&x, &y]).unwrap(),
        wcs.evaluate(&[&x, &y]).unwrap()
    );
}

#[test]
fn damage_is_named() {
    let file = AsdfFile::new();
    let error = |node: &Node| {
        read_transform(node, &file, &Registry::default())
            .unwrap_err()
            .to_string()
    };
    let shift = "tag:stsci.edu:asdf/transform/shift-1.2.0";
    assert_eq!(
        error(&Node::tagged(shift, asdf::Mapping::new())),
        format!("{shift}: property offset: expected a value, found nothing")
    );
    assert_eq!(
        error(&Node::tagged("tag:nowhere/x-1.0.0", asdf::Mapping::new())),
        "no transform or frame is known for the tag tag:nowhere/x-1.0.0"
    );
    assert!(error(&Node::Null).starts_with("expected a transform, found"));
    let mut deep = Node::tagged(shift, asdf::Mapping::new());
    for _ in 0..300 {
        let mut node = asdf::Mapping::new();
        node.insert("forward", Node::Sequence(vec![deep, Node::Null]));
        deep = Node::tagged("tag:stsci.edu:asdf/transform/compose-1.4.0", node);
    }
    assert_eq!(error(&deep), "transforms are nested more than 200 deep");
}
