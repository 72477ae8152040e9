use approx::assert_relative_eq;
use proptest::prelude::*;

use super::*;

fn polygon(vertices: &[(f64, f64)]) -> SphericalPolygon {
    let (lon, lat): (Vec<f64>, Vec<f64>) = vertices.iter().copied().unzip();
    SphericalPolygon::from_lonlat(&lon, &lat).unwrap()
}

/// A regular polygon about a point, radius [deg], turned by an angle [rad].
fn regular(lon: f64, lat: f64, radius: f64, vertices: usize, turn: f64) -> SphericalPolygon {
    let corners: Vec<(f64, f64)> = (0..vertices)
        .map(|i| {
            let angle = turn + std::f64::consts::TAU * i as f64 / vertices as f64;
            let lat_corner = lat + radius * angle.sin();
            (
                lon + radius * angle.cos() / lat.to_radians().cos(),
                lat_corner,
            )
        })
        .collect();
    polygon(&corners)
}

#[test]
fn area_between_equator_and_pole_is_the_angle_of_the_meridians() {
    let wedge = polygon(&[(0.0, 0.0), (30.0, 0.0), (15.0, 90.0)]);
    assert_relative_eq!(wedge.area_sr(), 30_f64.to_radians(), epsilon = 1e-14);
}

#[test]
fn area_of_a_small_square_keeps_its_digits() {
    // A square arcsecond at the equator, flat to 1e-11.
    let side = 1.0 / 3600.0;
    let square = polygon(&[(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)]);
    let expected = side.to_radians().powi(2);
    assert_relative_eq!(square.area_sr(), expected, max_relative = 1e-10);
}

#[test]
fn area_does_not_depend_on_the_sense_of_rotation_or_a_closing_vertex() {
    let forth = polygon(&[(1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 1.0)]);
    let back = polygon(&[(2.0, 2.0), (2.0, 1.0), (1.0, 1.0)]);
    assert!(forth.area_sr() > 0.0);
    assert_relative_eq!(forth.area_sr(), back.area_sr(), max_relative = 1e-13);
}

#[test]
fn vertices_on_a_great_circle_bound_nothing() {
    assert!(polygon(&[(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)]).is_empty());
    assert_eq!(SphericalPolygon::default().area_sr(), 0.0);
    assert!(!SphericalPolygon::default().contains(0.0, 0.0));
}

#[test]
fn impossible_vertices_are_errors() {
    assert_eq!(
        SphericalPolygon::from_lonlat(&[0.0, 1.0, 0.0], &[0.0, 1.0, 0.0]),
        Err(PolygonError::TooFewVertices { found: 2 })
    );
    assert_eq!(
        SphericalPolygon::from_lonlat(&[0.0, 1.0], &[0.0]),
        Err(PolygonError::Unpaired { lon: 2, lat: 1 })
    );
    let error = SphericalPolygon::from_lonlat(&[0.0, f64::NAN, 3.0], &[0.0, 1.0, 2.0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "vertex 1 of a polygon is at longitude NaN and latitude 1"
    );
    assert_eq!(
        SphericalPolygon::from_lonlat(&[0.0, 120.0, 240.0], &[0.02; 3]),
        Err(PolygonError::TooLarge)
    );
}

#[test]
fn identical_polygons_are_their_intersection_and_union() {
    let one = regular(150.0, 2.0, 0.02, 12, 0.3);
    for result in [one.intersection(&one), one.union(&one)] {
        let result = result.unwrap();
        assert_eq!(result.parts(), 1);
        assert_relative_eq!(result.area_sr(), one.area_sr(), max_relative = 1e-13);
        assert_eq!(result.outlines().next().unwrap().0.len(), 12);
    }
}

#[test]
fn neighbours_with_a_common_edge_share_nothing_and_unite_to_one() {
    let left = polygon(&[(10.0, 5.0), (11.0, 5.0), (11.0, 6.0), (10.0, 6.0)]);
    let right = polygon(&[(11.0, 5.0), (12.0, 5.0), (12.0, 6.0), (11.0, 6.0)]);
    assert!(left.intersection(&right).unwrap().is_empty());
    let both = left.union(&right).unwrap();
    assert_eq!(both.parts(), 1);
    assert_relative_eq!(
        both.area_sr(),
        left.area_sr() + right.area_sr(),
        max_relative = 1e-13
    );
}

#[test]
fn far_polygons_stay_parts() {
    let here = regular(10.0, 5.0, 0.02, 4, 0.0);
    let there = regular(190.0, -5.0, 0.02, 5, 0.0);
    assert!(here.intersection(&there).unwrap().is_empty());
    let both = here.union(&there).unwrap();
    assert_eq!(both.parts(), 2);
    assert!(both.contains(10.0, 5.0) && both.contains(190.0, -5.0) && !both.contains(100.0, 0.0));
}

#[test]
fn a_frame_has_a_hole() {
    let bars = [
        polygon(&[(0.0, 0.0), (3.0, 0.0), (3.0, 1.0), (0.0, 1.0)]),
        polygon(&[(0.0, 2.0), (3.0, 2.0), (3.0, 3.0), (0.0, 3.0)]),
        polygon(&[(0.0, 0.0), (1.0, 0.0), (1.0, 3.0), (0.0, 3.0)]),
        polygon(&[(2.0, 0.0), (3.0, 0.0), (3.0, 3.0), (2.0, 3.0)]),
    ];
    let frame = SphericalPolygon::union_of(&bars).unwrap();
    assert_eq!((frame.parts(), frame.outlines().count()), (1, 2));
    assert!(frame.contains(0.5, 1.5) && !frame.contains(1.5, 1.5));
    let (lon, lat) = frame.outlines().nth(1).unwrap();
    let hole = SphericalPolygon::from_lonlat(&lon, &lat).unwrap();
    assert!(frame.intersection(&hole).unwrap().is_empty());
    let filled = frame.union(&hole).unwrap();
    assert_eq!(filled.outlines().count(), 1);
    assert_relative_eq!(
        filled.area_sr(),
        frame.area_sr() + hole.area_sr(),
        max_relative = 1e-13
    );
}

#[test]
fn a_shift_of_a_billionth_of_a_degree_is_seen() {
    let shift = 1e-9;
    let first = polygon(&[(10.0, 0.0), (11.0, 0.0), (11.0, 1.0), (10.0, 1.0)]);
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    let moved: Vec<_> = corners.map(|(x, y)| (10.0 + shift + x, y)).to_vec();
    let both = first.intersection(&polygon(&moved)).unwrap();
    // A meridian strip one degree high: shift * sin(1 deg).
    let lost = shift.to_radians() * 1_f64.to_radians().sin();
    assert_relative_eq!(first.area_sr() - both.area_sr(), lost, max_relative = 1e-3);
}

#[test]
fn a_pole_is_a_point_like_others() {
    let cap = polygon(&[(0.0, 89.0), (90.0, 89.0), (180.0, 89.0), (270.0, 89.0)]);
    assert!(cap.contains(123.0, 89.9) && !cap.contains(0.0, 88.9));
    let wedge = polygon(&[(0.0, 90.0), (0.0, 88.0), (90.0, 88.0)]);
    let quarter = cap.intersection(&wedge).unwrap();
    assert_relative_eq!(quarter.area_sr(), cap.area_sr() / 4.0, max_relative = 1e-12);
}

#[test]
fn convex_hull_keeps_the_corners_only() {
    let lon = [0.0, 1.0, 1.0, 0.0, 0.5, 0.2, 0.9];
    let lat = [0.0, 0.0, 1.0, 1.0, 0.5, 0.3, 0.1];
    let hull = SphericalPolygon::convex_hull(&lon, &lat).unwrap();
    assert_eq!(hull.outlines().next().unwrap().0.len(), 4);
    let square = polygon(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]);
    assert_relative_eq!(hull.area_sr(), square.area_sr(), max_relative = 1e-13);
    assert!(SphericalPolygon::convex_hull(&[], &[]).unwrap().is_empty());
    assert!(
        SphericalPolygon::convex_hull(&[3.0], &[4.0])
            .unwrap()
            .is_empty()
    );
}

proptest! {
    #[test]
    fn intersection_and_union_share_out_the_areas(
        lon in 0.0..360.0, lat in -80.0..80.0, size in -4.0..0.0_f64, n in 3_usize..200, m in 3_usize..200,
        dx in -2.5..2.5_f64, dy in -2.5..2.5_f64, turn in 0.0..6.3_f64, offset in -10.0..0.0_f64,
    ) {
        let (size, offset) = (10_f64.powf(size), 10_f64.powf(offset));
        let a = regular(lon, lat, size, n, 0.0);
        let b = regular(lon + dx * size * offset, lat + dy * size * offset, size, m, turn);
        let both = a.intersection(&b).unwrap();
        let all = a.union(&b).unwrap();
        let sum = a.area_sr() + b.area_sr();
        prop_assert!((both.area_sr() + all.area_sr() - sum).abs() <= 1e-12 * sum + 2e-15 * size.to_radians());
        let swapped = b.intersection(&a).unwrap();
        prop_assert!((both.area_sr() - swapped.area_sr()).abs() <= 1e-12 * sum + 2e-15 * size.to_radians());
        prop_assert!(both.area_sr() <= a.area_sr().min(b.area_sr()) * (1.0 + 1e-9));
    }

    #[test]
    fn a_point_is_in_the_intersection_if_it_is_in_both(
        lon in 0.0..360.0, lat in -60.0..60.0, dx in -2.0..2.0_f64, dy in -2.0..2.0_f64, px in -2.0..2.0_f64, py in -2.0..2.0_f64,
    ) {
        let a = regular(lon, lat, 1.0, 7, 0.1);
        let b = regular(lon + dx, lat + dy, 1.0, 5, 0.7);
        let (px, py) = (lon + px, lat + py);
        let (in_a, in_b) = (a.contains(px, py), b.contains(px, py));
        prop_assert_eq!(a.intersection(&b).unwrap().contains(px, py), in_a && in_b);
        prop_assert_eq!(a.union(&b).unwrap().contains(px, py), in_a || in_b);
    }
}
