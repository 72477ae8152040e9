//! Tests of the start of the quality arrays.

use ndarray::{Array2, Array4, arr2};

use super::enter_mask;
use crate::flags::PixelFlags;

#[test]
fn old_bits_stay_and_only_do_not_use_reaches_the_groups() {
    let mut pixel_dq = arr2(&[[8_u32, 0], [0, 0]]);
    let mut group_dq = Array4::from_elem((2, 2, 2, 2), 16_u8);
    let mask = arr2(&[[1025_u32, 1024], [0, 1 << 31]]);
    enter_mask(
        pixel_dq.view_mut(),
        group_dq.view_mut(),
        mask.view(),
        &PixelFlags::default(),
    )
    .unwrap();
    assert_eq!(pixel_dq, arr2(&[[1033, 1024], [0, 1 << 31]]));
    for integration in group_dq.outer_iter() {
        for group in integration.outer_iter() {
            assert_eq!(group, arr2(&[[17, 16], [16, 16]]));
        }
    }
}

#[test]
fn a_mask_of_another_shape_is_refused() {
    let mut pixel_dq = Array2::zeros((2, 2));
    let mut group_dq = Array4::zeros((1, 1, 2, 2));
    let mask = Array2::from_elem((2, 3), 1);
    let error = enter_mask(
        pixel_dq.view_mut(),
        group_dq.view_mut(),
        mask.view(),
        &PixelFlags::default(),
    )
    .unwrap_err();
    assert_eq!(error.what, "mask");
    assert_eq!(pixel_dq, Array2::zeros((2, 2)));
}
