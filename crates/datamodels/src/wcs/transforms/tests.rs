use asdf::{AsdfFile, Node};
use gwcs::Transform;
use gwcs::convert::{read_transform, write_transform};
use gwcs::model::{Constant, Mapping, Polynomial1d, Polynomial2d, Scale, Shift};

use super::*;

fn at(transform: &Transform, point: &[f64]) -> Vec<f64> {
    transform.evaluate_point(point).unwrap()
}

fn assert_near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let same = (found - expected).abs() < 1e-12 || (found.is_nan() && expected.is_nan());
        assert!(same, "{found} is not {expected}");
    }
}

fn line(c0: f64, c1: f64) -> Transform {
    Polynomial1d {
        coefficients: vec![c0, c1],
        axis: gwcs::model::Axis::default(),
    }
    .into()
}

/// `c + x_slope x`, of two inputs.
fn field(c: f64, x_slope: f64) -> Transform {
    Polynomial2d::new(1, vec![c, 0.0, x_slope, 0.0])
        .unwrap()
        .into()
}

/// The transform after it was written and read.
fn through_a_file(transform: &Transform) -> Transform {
    let mut file = AsdfFile::new();
    let node = write_transform(transform, &mut file, &registry()).unwrap();
    file.tree.set_path("model", node).unwrap();
    let bytes = file.to_bytes(&asdf::WriteOptions::default()).unwrap();
    let file = AsdfFile::from_bytes(&bytes).unwrap();
    read_transform(file.tree.get("model").unwrap(), &file, &registry()).unwrap()
}

#[test]
fn directions_follow_the_laws_of_optics() {
    let cosines = Transform::from(PlaneToDirectionCosines);
    // 1 + 2² + 2² = 3²
    assert_near(
        &at(&cosines, &[2.0, 2.0]),
        &[2.0 / 3.0, 2.0 / 3.0, 1.0 / 3.0],
    );
    let there_and_back = cosines.clone().then(cosines.inverse().unwrap()).unwrap();
    assert_near(&at(&there_and_back, &[0.3, -0.2]), &[0.3, -0.2]);
    let turn = Transform::from(RotationToGrating {
        angles_deg: vec![90.0],
        axes_order: "z".to_string(),
    });
    assert_near(&at(&turn, &[0.6, 0.0, 0.8]), &[0.0, -0.6, 0.8]);
    let grating = Transform::from(AnglesFromGrating {
        groove_density: 2.0,
        order: -1.0,
    });
    assert_near(&at(&grating, &[0.4, 0.2, 0.0, 1.0]), &[0.6, 0.0, 0.8]);
    let wavelength = Transform::from(WavelengthFromGrating {
        groove_density: 2.0,
        order: -1.0,
    });
    assert_near(&at(&wavelength, &[0.2, 0.0, 0.6]), &[0.4]);
}

#[test]
fn a_prism_with_the_index_1_is_a_mirror_alone() {
    let prism = Transform::from(Prism {
        angle_deg: 16.5,
        k: [0.0; 3],
        l: [0.0; 3],
        t: [0.0; 6],
        ref_temperature: 35.0,
        ref_pressure: 0.0,
        temperature: 36.0,
        pressure: 0.0,
    });
    // In the plane of the prism the direction is turned by twice its angle: sin(0.1 - 2 · 16.5°) with the sign of a
    // reflection.
    let (alpha, turned) = (0.1_f64, 0.1_f64 - 33.0_f64.to_radians());
    let found = at(&prism, &[1e-6, alpha.sin(), 0.0, alpha.cos()]);
    assert_near(&found, &[-turned.sin(), 0.0, turned.cos()]);
}

#[test]
fn slits_are_chosen_by_their_number() {
    let shifted = |by: f64| Transform::from(Shift(by)).join(Shift(-by).into());
    let mut properties = vec![Node::from("S1600A1"); 20];
    properties[19] = Node::Int(-114);
    let slits = Transform::from(SlitTransforms {
        kind: SlitKind::SlitToMsa,
        slits: vec![
            Node::Int(7),
            Node::Sequence(properties),
            Node::from("S200A1"),
        ],
        models: vec![shifted(1.0), shifted(2.0), shifted(3.0)],
    });
    assert_near(&at(&slits, &[7.0, 0.0, 0.0]), &[1.0, -1.0, 7.0]);
    assert_near(&at(&slits, &[-114.0, 0.0, 0.0]), &[2.0, -2.0, -114.0]);
    // A name has the position in the list.
    assert_near(&at(&slits, &[2.0, 0.0, 0.0]), &[3.0, -3.0, 2.0]);
    assert_near(&at(&slits, &[9.0, 0.0, 0.0]), &[f64::NAN, f64::NAN, 9.0]);
    let back = through_a_file(&slits).inverse().unwrap();
    assert_near(&at(&back, &[2.0, -2.0, -114.0]), &[-114.0, 0.0, 0.0]);
}

#[test]
fn orders_slices_and_conditions() {
    let sky = |wavelength: f64| {
        let copy = Transform::from(Mapping::new(vec![0, 1, 0], Some(2)).unwrap());
        let constant = Transform::from(Constant {
            value: wavelength,
            dimensions: 1,
        });
        copy.then(Transform::identity(2).join(constant)).unwrap()
    };
    let orders = Transform::from(OrderTransforms {
        orders: vec![(1, sky(0.8)), (2, sky(0.6))],
    });
    let orders = through_a_file(&orders);
    assert_near(&at(&orders, &[5.0, 6.0, 2.0]), &[5.0, 6.0, 0.6]);
    assert_near(&at(&orders, &[5.0, 6.0, 3.0]), &[f64::NAN; 3]);
    let slice = Transform::from(SliceFromBeta {
        beta_zero: -2.0,
        beta_del: 0.5,
        channel: 3.0,
    });
    assert_near(&at(&through_a_file(&slice), &[-0.9]), &[303.0]);
    let logical = Transform::from(Logical {
        comparison: Comparison::Less,
        compare_to: vec![0.0],
        value: vec![-1.0],
    });
    let logical = through_a_file(&logical);
    let found = logical.evaluate(&[&[-5.0, 3.0, f64::NAN]]).unwrap();
    assert_near(&found[0], &[-1.0, 3.0, f64::NAN]);
}

fn dispersion(grism: Grism, direction: Direction, order: Order) -> Transform {
    Transform::from(Dispersion {
        grism,
        direction,
        theta_deg: 0.0,
        orders: vec![order],
    })
}

#[test]
fn a_linear_grism_disperses_along_its_axis() {
    // 100 pixels along x for wavelengths from 1 to 2; sources further right are dispersed a little longer.
    let order = |wavelength: Transform| Order {
        number: 1,
        wavelength: Trace::Plain(wavelength),
        x: Trace::List(vec![field(0.0, 0.0), field(90.0, 0.1)]),
        y: Trace::List(vec![field(3.0, 0.0)]),
    };
    let forward = dispersion(Grism::Niriss, Direction::ForwardRow, order(line(1.0, 1.0)));
    let backward = dispersion(Grism::Niriss, Direction::Backward, order(line(-1.0, 1.0)));
    let (forward, backward) = (through_a_file(&forward), through_a_file(&backward));
    let pixel = at(&backward, &[100.0, 50.0, 1.25, 1.0]);
    assert_near(&pixel, &[125.0, 53.0, 100.0, 50.0, 1.0]);
    assert_near(&at(&forward, &pixel), &[100.0, 50.0, 1.25, 1.0]);
    let other_order = [pixel[0], pixel[1], 100.0, 50.0, 2.0];
    assert_near(&at(&forward, &other_order), &[f64::NAN; 4]);
    let negative = at(&backward, &[100.0, 50.0, -1.0, 1.0]);
    assert_near(&negative[..3], &[f64::NAN, f64::NAN, 100.0]);
}

#[test]
fn nircam_finds_the_wavelength_along_the_spectrum() {
    let order = Order {
        number: 1,
        wavelength: Trace::List(vec![field(2.4, 0.0), field(2.0, 0.001)]),
        x: Trace::Plain(line(-500.0, 1000.0)),
        y: Trace::Plain(line(2.0, 0.0)),
    };
    let forward = dispersion(Grism::Nircam, Direction::ForwardRow, order.clone());
    let backward = dispersion(Grism::Nircam, Direction::Backward, order);
    let (forward, backward) = (through_a_file(&forward), through_a_file(&backward));
    // t = (100 + 500) / 1000, and 2.4 + 2.1 · 0.6.
    let sky = at(&forward, &[200.0, 50.0, 100.0, 50.0, 1.0]);
    assert_near(&sky, &[100.0, 50.0, 3.66, 1.0]);
    // Backward the curve is sampled; of a line the closest point is still exact.
    assert_near(&at(&backward, &sky), &[200.0, 52.0, 100.0, 50.0, 1.0]);
}

#[test]
fn transforms_that_do_not_fit_are_refused() {
    let slits = Transform::from(SlitTransforms {
        kind: SlitKind::GratingToSlit,
        slits: vec![Node::Int(1)],
        models: vec![Scale(2.0).into()],
    });
    let mut file = AsdfFile::new();
    let node = write_transform(&slits, &mut file, &registry()).unwrap();
    let error = read_transform(&node, &file, &registry()).unwrap_err();
    assert!(
        error.to_string().contains("3 inputs and 3 outputs"),
        "{error}"
    );
}
