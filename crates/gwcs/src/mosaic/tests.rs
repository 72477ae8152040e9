//! Planes, footprints and sizes of pixels.

use super::outline;
use super::{Footprint, Layout, MosaicError, PlaneProjector, TangentPlane, fiducial};
use super::{mean_pixel_area, pixel_scale};
use crate::frame::{CoordinateFrame, Frame};
use crate::wcs::Wcs;

fn square(lon: f64, lat: f64, half: f64) -> Footprint {
    let wide = half / lat.to_radians().cos();
    Footprint {
        vertices: vec![
            [lon + wide, lat - half],
            [lon + wide, lat + half],
            [lon - wide, lat + half],
            [lon - wide, lat - half],
        ],
    }
}

fn plane(layout: &Layout) -> TangentPlane {
    let orientation = TangentPlane::orientation(33.0, 0.0, -1);
    TangentPlane::new(&[square(80.5, -69.5, 0.01)], orientation, 1e-4, layout).expect("fits")
}

fn wcs(plane: &TangentPlane) -> Wcs {
    let frames = (
        Frame::Single(CoordinateFrame::pixels("detector")),
        Frame::Single(CoordinateFrame::icrs("world")),
    );
    plane.wcs(&frames.0, &frames.1).expect("chains")
}

#[test]
fn a_plane_holds_its_footprints() {
    let plane = plane(&Layout::default());
    let projector = plane.projector().expect("has an inverse");
    let (rows, columns) = plane.shape();
    for vertex in square(80.5, -69.5, 0.01).vertices {
        let [x, y] = projector.pixel(vertex);
        assert!((-1e-6..columns as f64).contains(&x), "{x}");
        assert!((-1e-6..rows as f64).contains(&y), "{y}");
    }
    // A square turned by 33 degrees: its side times (sin + cos).
    assert_eq!((rows, columns), (277, 277));
}

#[test]
fn the_projector_is_the_inverse_of_the_world_coordinate_system() {
    let plane = plane(&Layout::default());
    let wcs = wcs(&plane);
    let (x, y) = ([3.25, 200.0, 138.6], [7.5, 11.0, 138.1]);
    let sky = wcs.evaluate(&[&x, &y]).expect("two axes");
    let projector = PlaneProjector::of(&wcs).expect("a tangential projection");
    let exact = wcs.invert(&[&sky[0], &sky[1]]).expect("has an inverse");
    for k in 0..3 {
        let pixel = projector.pixel([sky[0][k], sky[1][k]]);
        assert!((pixel[0] - x[k]).abs() < 1e-7 && (pixel[1] - y[k]).abs() < 1e-7);
        assert!((pixel[0] - exact[0][k]).abs() < 1e-6);
    }
    assert!(projector.pixel([260.5, 69.5])[0].is_nan());
}

#[test]
fn what_is_asked_for_is_kept() {
    let layout = Layout {
        shape: Some((40, 60)),
        crpix: Some([10.0, 20.0]),
        crval_deg: Some([80.5, -69.5]),
    };
    let plane = plane(&layout);
    assert_eq!(plane.shape(), (40, 60));
    assert_eq!(plane.crpix(), [10.0, 20.0]);
    let wcs = wcs(&plane);
    assert_eq!(wcs.pixel_shape, Some(vec![60, 40]));
    let sky = wcs.evaluate(&[&[10.0], &[20.0]]).expect("two axes");
    assert!((sky[0][0] - 80.5).abs() < 1e-12 && (sky[1][0] + 69.5).abs() < 1e-12);
}

#[test]
fn nothing_to_hold_is_an_error() {
    let orientation = TangentPlane::orientation(0.0, 0.0, -1);
    let empty = TangentPlane::new(&[], orientation, 1e-4, &Layout::default());
    assert!(matches!(empty, Err(MosaicError::NoFootprints)));
    let small = TangentPlane::new(
        &[square(1.0, 2.0, 1e-5)],
        orientation,
        1e-3,
        &Layout::default(),
    );
    assert!(matches!(small, Err(MosaicError::TooSmall { .. })));
}

#[test]
fn the_middle_does_not_mind_the_meridian() {
    let middle = fiducial(&[square(0.01, 30.0, 0.1), square(359.99, 30.0, 0.1)]).expect("vertices");
    assert!(middle[0] < 1e-9 || middle[0] > 360.0 - 1e-9, "{middle:?}");
    assert!((middle[1] - 30.0).abs() < 1e-3);
    assert_eq!(fiducial(&[]), None);
}

#[test]
fn regions_survive_a_round_trip() {
    let text =
        "POLYGON ICRS  1.000000000 2.000000000 3.500000000 4.000000000 5.000000000 6.250000000";
    let twice = format!("{text}  {text}");
    let found = Footprint::parse(&twice);
    assert_eq!(found.len(), 2);
    assert_eq!(Footprint::region(&found), twice);
}

// In the plane of a tangential projection a pixel has the area of its scale squared, up to the distance from the centre.
#[test]
fn pixels_are_measured() {
    let wcs = wcs(&plane(&Layout::default()));
    let scale = pixel_scale(&wcs, [80.5, -69.5]).expect("an image");
    assert!((scale / 1e-4 - 1.0).abs() < 1e-7, "{scale}");
    let beside = pixel_scale(&wcs, [80.5, -69.6]).expect("outside of the bounding box");
    assert!((beside / 1e-4 - 1.0).abs() < 1e-4, "{beside}");
    let area = mean_pixel_area(&wcs, (277, 277)).expect("an image");
    let expected = 1e-4_f64.to_radians().powi(2);
    assert!((area / expected - 1.0).abs() < 1e-6, "{area} {expected}");
}

// shapely.intersection(Polygon(...), Polygon of the rectangle from -0.5 to 15.5).exterior.
#[test]
fn overlaps_begin_where_those_of_shapely_do() {
    let near = |found: &[[f64; 2]], expected: &[[f64; 2]]| {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (a, b) in found.iter().zip(expected) {
            let close = (a[0] - b[0]).abs() < 0.02 && (a[1] - b[1]).abs() < 0.02;
            assert!(close, "{found:?} {expected:?}");
        }
    };
    let clip = |polygon: &[[f64; 2]]| {
        let whole = outline::union(&[polygon.to_vec()]);
        let mut parts = outline::in_rectangle(&whole[0], [-0.5; 2], [15.5; 2]);
        parts.pop().unwrap_or_default()
    };
    near(
        &clip(&[[0.27, 9.37], [10.33, 0.3], [20.11, 10.56], [9.45, 20.08]]),
        &[
            [10.33, 0.3],
            [0.27, 9.37],
            [5.52, 15.5],
            [14.58, 15.5],
            [15.5, 14.68],
            [15.5, 5.72],
        ],
    );
    near(
        &clip(&[[12.81, 19.58], [0.34, 13.28], [7.41, -0.39], [19.01, 7.06]]),
        &[
            [7.41, -0.39],
            [0.34, 13.28],
            [4.74, 15.5],
            [14.83, 15.5],
            [15.5, 14.14],
            [15.5, 4.81],
        ],
    );
    near(
        &clip(&[[9.55, 19.83], [20.07, 10.42], [10.85, 0.29], [0.03, 9.18]]),
        &[
            [15.5, 14.51],
            [15.5, 5.4],
            [10.85, 0.29],
            [0.03, 9.18],
            [5.68, 15.5],
            [14.39, 15.5],
        ],
    );
    assert!(clip(&[[20.0, 20.0], [30.0, 20.0], [25.0, 30.0]]).is_empty());
}

const EXPECTED_UNION: [&[[f64; 2]]; 2] = [
    &[
        [4.0, 0.5],
        [0.0, 0.0],
        [-0.5, 4.0],
        [1.838_461_54, 4.292_307_69],
        [1.5, 7.0],
        [5.5, 7.5],
        [6.0, 3.5],
        [3.661_538_46, 3.207_692_31],
    ],
    &[[23.5, 5.5], [24.0, 1.5], [20.0, 1.0], [19.5, 5.0]],
];

// shapely.unary_union of the three, in the order of its exterior.
#[test]
fn a_union_begins_where_that_of_shapely_does() {
    let square = |x: f64, y: f64| {
        vec![
            [x, y],
            [x + 4.0, y + 0.5],
            [x + 3.5, y + 4.5],
            [x - 0.5, y + 4.0],
        ]
    };
    let found = outline::union(&[square(2.0, 3.0), square(0.0, 0.0), square(20.0, 1.0)]);
    assert_eq!(found.len(), 2);
    let expected: Vec<Vec<[f64; 2]>> = EXPECTED_UNION.iter().map(|ring| ring.to_vec()).collect();
    for (ring, expected) in found.iter().zip(&expected) {
        assert_eq!(ring.len(), expected.len(), "{found:?}");
        for (a, b) in ring.iter().flatten().zip(expected.iter().flatten()) {
            assert!((a - b).abs() < 1e-6, "{found:?}");
        }
    }
}
