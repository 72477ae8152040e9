use super::{InvertOptions, Step, Wcs, WcsError};
use crate::frame::{CoordinateFrame, Frame};
use crate::model::{Affine2d, Mapping, Polynomial2d, Projection, Shift, SkyRotation};
use crate::{BoundingBox, Transform};

fn frame(name: &str) -> Frame {
    Frame::Single(CoordinateFrame::pixels(name))
}

/// A distorted image on the sky at a right ascension of 0.
fn image() -> Wcs {
    let bend = |c: [f64; 9]| Transform::from(Polynomial2d::new(2, c.to_vec()).unwrap());
    let distortion = Transform::from(Mapping::new(vec![0, 1, 0, 1], None).unwrap())
        .then(
            bend([-50.0, 0.0, 1e-5, 1.0, 0.0, 0.0, 2e-5, 0.0, 0.0])
                .join(bend([-50.0, 1.0, 0.0, 0.0, 3e-5, 0.0, 0.0, 0.0, 0.0])),
        )
        .unwrap()
        .with_bounding_box(Some(BoundingBox::new(&[(-0.5, 99.5), (-0.5, 99.5)])))
        .unwrap();
    let scale = Affine2d {
        matrix: [[-1e-5, 0.0], [0.0, 1e-5]],
        translation: [0.0; 2],
    };
    let sky = Transform::from(scale)
        .then(Projection::Gnomonic.pixel_to_sky().into())
        .unwrap()
        .then(SkyRotation::native_to_celestial(0.0, 60.0, 180.0).into())
        .unwrap();
    let step = |frame, transform| Step { frame, transform };
    Wcs::new(
        "image",
        vec![
            step(frame("detector"), Some(distortion)),
            step(frame("plane"), Some(sky)),
            step(Frame::Single(CoordinateFrame::icrs("world")), None),
        ],
    )
    .unwrap()
}

#[test]
fn numerical_inverse_across_the_meridian() {
    let wcs = image();
    let (x, y) = ([0.0, 99.0, 50.0, 12.3], [0.0, 99.0, 50.0, 45.6]);
    let world = wcs.evaluate(&[&x, &y]).unwrap();
    assert!(world[0][0] < 1.0 && world[0][1] > 359.0, "{world:?}");
    assert!(wcs.backward().is_err());
    let world: Vec<&[f64]> = world.iter().map(Vec::as_slice).collect();
    let pixels = wcs.invert(&world).unwrap();
    for k in 0..4 {
        assert!((pixels[0][k] - x[k]).abs() < 1e-8 && (pixels[1][k] - y[k]).abs() < 1e-8);
    }
    let nowhere = wcs
        .invert_numerically(&[&[180.0], &[-60.0]], &InvertOptions::default())
        .unwrap();
    assert!(nowhere[0][0].is_nan());
}

#[test]
fn footprint_goes_round_the_corners() {
    let wcs = image();
    let corners = wcs.footprint(false).unwrap().corners;
    let forward = wcs.transform("detector", "world").unwrap();
    for (corner, pixel) in
        corners
            .iter()
            .zip([[-0.5, -0.5], [-0.5, 99.5], [99.5, 99.5], [99.5, -0.5]])
    {
        assert_eq!(*corner, forward.evaluate_point(&pixel).unwrap());
    }
}

#[test]
fn transforms_can_be_added() {
    let mut wcs = image();
    let at = |wcs: &Wcs| wcs.evaluate(&[&[10.0], &[20.0]]).unwrap();
    let before = at(&wcs);
    let shift = Transform::from(Shift(1.0)).join(Shift(2.0).into());
    wcs.insert_transform("detector", shift.clone(), true)
        .unwrap();
    assert_eq!(wcs.evaluate(&[&[9.0], &[18.0]]).unwrap(), before);
    wcs.insert_transform("detector", shift.inverse().unwrap(), true)
        .unwrap();
    assert_eq!(at(&wcs), before);
    wcs.insert_frame("plane", Transform::identity(2), frame("same"))
        .unwrap();
    assert_eq!(at(&wcs), before);
    assert_eq!(
        wcs.frames().collect::<Vec<_>>(),
        ["detector", "plane", "same", "world"]
    );
    let copy = wcs.clone();
    let wrong = wcs.set_transform("same", Shift(1.0).into());
    assert!(matches!(wrong, Err(WcsError::Transform(_))));
    assert_eq!(wcs, copy);
}

#[test]
fn chains_are_checked() {
    let step = |name, transform| Step {
        frame: frame(name),
        transform,
    };
    let error = |steps| Wcs::new("", steps).unwrap_err().to_string();
    assert_eq!(
        error(vec![]),
        "the steps make no chain of frames: it has no steps"
    );
    assert_eq!(
        error(vec![step("a", None), step("b", None)]),
        "the steps make no chain of frames: no transform from frame a"
    );
    assert_eq!(
        error(vec![
            step("a", Some(Transform::identity(2))),
            step("a", None)
        ]),
        "the steps make no chain of frames: frame a comes twice"
    );
    assert_eq!(
        image()
            .transform("detector", "sky")
            .unwrap_err()
            .to_string(),
        "no frame sky; there are detector, plane, world"
    );
}
