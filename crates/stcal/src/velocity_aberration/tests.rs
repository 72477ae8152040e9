use approx::assert_abs_diff_eq;

use super::aberration;

#[test]
fn values_of_the_reference() {
    // stcal 1.20.0 compute_va_effects(29.1, -2.2, -1.0, 80.4875, -69.4981) and (-12, 25, 11, 283.1, 12.5)
    let one = aberration([29.1, -2.2, -1.0], [80.4875, -69.4981]);
    assert_abs_diff_eq!(one.scale_factor, 1.000_006_212_635_278, epsilon = 1e-15);
    assert_abs_diff_eq!(one.apparent_deg[0], 80.471_641_008_558_86, epsilon = 1e-12);
    assert_abs_diff_eq!(one.apparent_deg[1], -69.497_693_732_077_7, epsilon = 1e-12);
    let two = aberration([-12.0, 25.0, 11.0], [283.1, 12.5]);
    assert_abs_diff_eq!(two.scale_factor, 0.999_919_793_691_407_3, epsilon = 1e-15);
    assert_abs_diff_eq!(two.apparent_deg[0], 283.098_821_192_933_03, epsilon = 1e-12);
    assert_abs_diff_eq!(two.apparent_deg[1], 12.503_172_324_054_674, epsilon = 1e-12);
}

#[test]
fn at_rest_nothing_moves() {
    let rest = aberration([0.0; 3], [350.0, -45.0]);
    assert_eq!(rest.scale_factor, 1.0);
    assert_abs_diff_eq!(rest.apparent_deg[0], 350.0, epsilon = 1e-12);
    assert_abs_diff_eq!(rest.apparent_deg[1], -45.0, epsilon = 1e-12);
}

#[test]
fn sources_move_towards_the_direction_of_flight() {
    // At a right angle the source moves by v / c: 29.979 km/s are 1e-4 radians.
    let across = aberration([0.0, 29.979_245_8, 0.0], [0.0, 0.0]);
    assert_abs_diff_eq!(across.apparent_deg[0].to_radians(), 1e-4, epsilon = 1e-12);
    assert_abs_diff_eq!(across.scale_factor, 1.0 + 0.5e-8, epsilon = 1e-15);
}
