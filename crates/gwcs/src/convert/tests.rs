use asdf::{AsdfFile, Node};

use super::{Registry, read_transform, read_wcs, write_transform, write_wcs};
use crate::frame::{CoordinateFrame, Frame};
use crate::model::{
    Affine2d, Analytic, AnglesFromGrating, Axis, Basis, CartesianToSpherical, Constant,
    EulerRotation, FitsImaging, Function, Interpolation, LabelArray, LabelDict, LabelRange,
    Mapping, Multiply, Orthogonal1d, Orthogonal2d, Polynomial1d, Polynomial2d, Profile, Projection,
    RegionsSelector, Rotation2d, RotationSequence, Scale, SellmeierGlass, Shift, SkyRotation,
    Snell3d, SphericalRotationSequence, SphericalToCartesian, Spline1d, Tabular,
    ToDirectionCosines, UnitInput, UnitsMapping, WavelengthFromGrating, WrapAt,
};
use crate::{BoundingBox, Operator, Step, Transform, Wcs};

/// One transform of every kind.
fn all() -> Vec<Transform> {
    let mut all = linear();
    all.extend([polynomials(), optics(), selectors(), combined(), imaging()].concat());
    for profile in Profile::ALL {
        let values = profile.parameters().iter().map(|(_, value)| value + 0.5);
        all.push(Analytic::new(*profile, values.collect()).unwrap().into());
    }
    for projection in PROJECTIONS {
        all.push(projection.pixel_to_sky().into());
        all.push(projection.sky_to_pixel().into());
    }
    all
}

/// A constant for two inputs.
fn two(value: f64) -> Transform {
    let constant = Constant {
        value,
        dimensions: 2,
    };
    constant.into()
}

fn axis() -> Axis {
    Axis {
        domain: Some((0.0, 10.0)),
        window: Some((-1.0, 1.0)),
    }
}

fn plane() -> Polynomial2d {
    Polynomial2d::with_axes(1, vec![1.0, 2.0, 3.0, 0.0], axis(), Axis::default()).unwrap()
}

/// Shifts, matrices and rotations.
fn linear() -> Vec<Transform> {
    let sequence = RotationSequence::new(vec![1.0, -2.0, 3.0], "zyx").unwrap();
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
    ]
}

/// Polynomials and tables.
fn polynomials() -> Vec<Transform> {
    let axis = axis();
    let table = |points: Vec<Vec<f64>>, values| {
        Tabular::new(points, values, Interpolation::Linear, Some(f64::NAN)).unwrap()
    };
    vec![
        Polynomial1d {
            coefficients: vec![1.0, 2.0, 3.0],
            axis,
        }
        .into(),
        plane().into(),
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
    ]
}

/// Functions of directions, and what glass and gratings do to these.
fn optics() -> Vec<Transform> {
    vec![
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
    ]
}

/// Transforms that choose among others.
fn selectors() -> Vec<Transform> {
    let inputs = || vec!["x".to_string(), "y".to_string()];
    let labels = LabelArray::new(vec![0, 1, 2, 2], vec![2, 2]).unwrap();
    vec![
        RegionsSelector {
            inputs: inputs(),
            outputs: vec!["z".to_string()],
            label_mapper: labels.into(),
            selector: vec![(1.0, two(10.0)), (2.0, plane().into())],
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
    ]
}

/// Transforms made of others.
fn combined() -> Vec<Transform> {
    vec![
        Transform::from(plane())
            .combine(Operator::Divide, two(2.0))
            .unwrap(),
        Transform::from(plane()).fix(vec![(1, 3.0)]).unwrap(),
        Transform::from(plane())
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

/// Images of FITS headers, units and splines.
fn imaging() -> Vec<Transform> {
    let imaging = FitsImaging::new(
        [10.0, 20.0],
        [5.36, -72.5],
        [1e-5, 2e-5],
        [[0.8, 0.6], [-0.6, 0.8]],
        Projection::Gnomonic.pixel_to_sky(),
    );
    let units = UnitInput {
        name: "x0".to_string(),
        unit: Some("m".to_string()),
        ..UnitInput::default()
    };
    vec![
        imaging.unwrap().into(),
        UnitsMapping::new(vec![units]).into(),
        Spline1d::new(vec![0.0, 0.0, 10.0, 20.0, 20.0], vec![1.0, 3.0, 2.0], 1)
            .unwrap()
            .into(),
    ]
}

/// Projections with parameters, and some without.
const PROJECTIONS: [Projection; 11] = [
    Projection::ZenithalPerspective {
        mu: 2.0,
        gamma: 30.0,
    },
    Projection::SlantZenithalPerspective {
        mu: 2.0,
        phi0: 180.0,
        theta0: 60.0,
    },
    Projection::Airy { theta_b: 45.0 },
    Projection::ConicPerspective {
        sigma: 45.0,
        delta: 25.0,
    },
    Projection::ConicEqualArea {
        sigma: -45.0,
        delta: 25.0,
    },
    Projection::ConicEquidistant {
        sigma: 45.0,
        delta: 0.0,
    },
    Projection::ConicOrthomorphic {
        sigma: 45.0,
        delta: 25.0,
    },
    Projection::BonneEqualArea { theta1: 45.0 },
    Projection::Healpix { h: 4.0, k: 3.0 },
    Projection::CylindricalEqualArea { lambda: 0.7 },
    Projection::QuadSphericalCube,
];

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

/// The transform of a tree given as text.
fn from_text(tree: &str) -> Result<Transform, Box<dyn std::error::Error>> {
    let head = "#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n";
    let file = AsdfFile::from_bytes(format!("{head}{tree}...\n").as_bytes())?;
    let node = file.tree.get_path("m").ok_or("no model")?;
    Ok(read_transform(node, &file, &Registry::default())?)
}

fn through_a_file(transform: &Transform) -> Transform {
    let mut file = AsdfFile::new();
    let node = write_transform(transform, &mut file, &Registry::default()).unwrap();
    file.tree.set_path("m", node).unwrap();
    let bytes = file.to_bytes(&asdf::WriteOptions::default()).unwrap();
    let file = AsdfFile::from_bytes(&bytes).unwrap();
    let node = file.tree.get_path("m").unwrap();
    read_transform(node, &file, &Registry::default()).unwrap()
}

#[test]
fn ordered_mappings_and_labels_that_are_texts() {
    // As gwcs 1.0.3 writes a selector: an ordered mapping is a list.
    let transform = from_text(
        "m: !<tag:stsci.edu:gwcs/regions_selector-1.3.0>\n  inputs: [x, y]\n  outputs: [z]\n  label_mapper: \
         !<tag:stsci.edu:gwcs/label_mapper-1.3.0>\n    inputs: [x, y]\n    mapper: !core/ndarray-1.1.0 [[a, bc], ['', a]]\n    \
         no_label: ''\n  selector: !!omap\n  - labels: [bc, a, never]\n  - transforms:\n    - !transform/constant-1.6.0 \
         {value: 1.0, dimensions: 2}\n    - !transform/constant-1.6.0 {value: 2.0, dimensions: 2}\n    - !transform/constant-1.6.0 \
         {value: 3.0, dimensions: 2}\n  undefined_transform_value: -1.0\n",
    )
    .unwrap();
    for transform in [transform.clone(), through_a_file(&transform)] {
        let found = transform.evaluate(&[&[0.0, 1.0, 0.0, 1.0, 7.0], &[0.0, 0.0, 1.0, 1.0, 0.0]]);
        assert_eq!(found.unwrap(), [[2.0, 1.0, -1.0, 2.0, -1.0]]);
    }
}

#[test]
fn boxes_that_depend_on_an_input() {
    // From astropy 7.2 and asdf-astropy 0.11.
    let transform = from_text(
        "m: !transform/identity-1.4.0\n  n_dims: 3\n  inputs: [x0, x1, x2]\n  outputs: [x0, x1, x2]\n  bounding_box: \
         !transform/property/compound_bounding_box-1.2.0\n    cbbox:\n    - bbox: !transform/property/bounding_box-1.2.0\n        \
         ignore: [x0]\n        intervals: {x2: [-1, 5], x1: [2, 8]}\n        order: C\n      key: [1]\n    ignore: []\n    order: C\n    \
         selector_args:\n    - {argument: x0, ignore: true}\n",
    )
    .unwrap();
    for transform in [transform.clone(), through_a_file(&transform)] {
        let lists: [&[f64]; 3] = [
            &[1.0, 1.0, 1.0, 2.0],
            &[3.0, 30.0, 5.5, 3.0],
            &[4.0, 4.0, 4.0, 4.0],
        ];
        let found = transform.evaluate(&lists).unwrap();
        assert_eq!(found[1][0], 3.0);
        assert_eq!(found[1][2], 5.5);
        assert!(found[1][1].is_nan() && found[1][3].is_nan());
    }
}

#[test]
fn units_and_constraints_stay() {
    let transform = from_text(
        "m: !transform/gaussian1d-1.2.0\n  amplitude: !unit/quantity-1.3.0 {unit: !unit/unit-1.0.0 Jy, value: 2.0}\n  mean: 1.0\n  \
         stddev: 3.0\n  fixed: {mean: true}\n  bounds: {stddev: [0.5, null]}\n",
    )
    .unwrap();
    let again = through_a_file(&transform);
    assert_eq!(
        again.properties().parameters,
        transform.properties().parameters
    );
    let notes: std::collections::HashMap<_, _> =
        again.properties().parameters.iter().cloned().collect();
    assert_eq!(notes["amplitude"].unit.as_deref(), Some("Jy"));
    assert_eq!(notes["mean"].fixed, Some(true));
    assert_eq!(notes["stddev"].bounds, Some([Some(0.5), None]));
    assert_eq!(again.evaluate_point(&[1.0]).unwrap(), [2.0]);
    // Angles are converted.
    let turn = from_text(
        "m: !transform/rotate2d-1.5.0 {angle: !unit/quantity-1.3.0 {unit: !unit/unit-1.0.0 arcmin, value: 5400.0}}\n",
    );
    let found = through_a_file(&turn.unwrap())
        .evaluate_point(&[1.0, 0.0])
        .unwrap();
    assert!((found[1] - 1.0).abs() < 1e-15);
}

/// Everything that a user would do with a file of unknown origin.
fn exercise(bytes: &[u8]) {
    let Ok(file) = AsdfFile::from_bytes(bytes) else {
        return;
    };
    let Some(node) = file.tree.get_path("m") else {
        return;
    };
    let Ok(transform) = read_transform(node, &file, &Registry::default()) else {
        return;
    };
    let values = [0.5, f64::NAN, -1e300, f64::INFINITY];
    let lists: Vec<&[f64]> = vec![&values; transform.n_inputs()];
    let _ = transform.evaluate(&lists);
    if let Ok(inverse) = transform.inverse() {
        let lists: Vec<&[f64]> = vec![&values; inverse.n_inputs()];
        let _ = inverse.evaluate(&lists);
    }
    let _ = write_transform(&transform, &mut AsdfFile::new(), &Registry::default());
}

proptest::proptest! {
    #[test]
    fn a_changed_file_is_read_or_refused(
        which in proptest::prelude::any::<proptest::sample::Index>(),
        changes in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), proptest::prelude::any::<u8>(), 0..3), 1..6),
    ) {
        let transforms = all();
        let mut file = AsdfFile::new();
        let node = write_transform(&transforms[which.index(transforms.len())], &mut file, &Registry::default()).unwrap();
        file.tree.set_path("m", node).unwrap();
        let mut bytes = file.to_bytes(&asdf::WriteOptions { checksums: false, ..Default::default() }).unwrap();
        for (place, byte, change) in changes {
            let at = place.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        exercise(&bytes);
    }
}
