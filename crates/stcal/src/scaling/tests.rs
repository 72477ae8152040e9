//! Tests of the scaling.

use ndarray::arr1;

use super::{group_factor, scale};

#[test]
fn the_factor_is_rounded_before_the_product() {
    // numpy: np.float32(3) * 1.1 multiplies by np.float32(1.1).
    let mut values = arr1(&[3.0_f32]);
    scale(values.view_mut(), 1.1);
    assert_eq!(values[0], 3.0_f32 * 1.1_f32);
}

#[test]
fn five_frames_divided_by_eight_are_restored() {
    // Five frames of 100 DN, summed to 500 and divided by 8 on board.
    let mut values = arr1(&[62.5_f32]);
    scale(values.view_mut(), group_factor(8, 5));
    assert_eq!(values[0], 100.0);
}
