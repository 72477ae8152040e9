//! Tests of the flags for first and last groups.

use ndarray::{Array2, Array4};

use super::{GroupFlagging, flag_first_group, flag_last_group};
use crate::flags::{GroupFlags, PixelFlags};

fn first(
    group_dq: &mut Array4<u8>,
    pixel_dq: &mut Array2<u32>,
    keep_bright: bool,
) -> GroupFlagging {
    flag_first_group(
        group_dq.view_mut(),
        pixel_dq.view_mut(),
        keep_bright,
        &GroupFlags::default(),
        &PixelFlags::default(),
    )
    .unwrap()
}

#[test]
fn short_ramps_keep_their_groups() {
    let mut dq = Array4::zeros((1, 2, 1, 1));
    assert_eq!(
        flag_last_group(dq.view_mut(), &GroupFlags::default()),
        GroupFlagging::TooFewGroups
    );
    let mut dq3 = Array4::zeros((1, 3, 1, 1));
    let mut pixel_dq = Array2::zeros((1, 1));
    assert_eq!(
        first(&mut dq3, &mut pixel_dq, false),
        GroupFlagging::TooFewGroups
    );
    assert!(dq.iter().chain(&dq3).all(|&dq| dq == 0));
}

#[test]
fn bright_pixels_keep_their_first_group_when_asked() {
    // Pixel 0 is faint, pixel 1 bright in the second integration, pixel 2 bright and unusable.
    let mut dq = Array4::zeros((2, 4, 1, 3));
    dq[[1, 2, 0, 1]] = 2;
    dq[[0, 2, 0, 2]] = 2;
    let mut pixel_dq = Array2::zeros((1, 3));
    pixel_dq[[0, 2]] = 1;
    let original = dq.clone();
    assert_eq!(
        first(&mut dq, &mut pixel_dq, true),
        GroupFlagging::Flagged { n_kept: 1 }
    );
    let flagged: Vec<u8> = dq
        .outer_iter()
        .flat_map(|integration| integration.index_axis(ndarray::Axis(0), 0).row(0).to_vec())
        .collect();
    assert_eq!(flagged, [1, 1, 0, 1, 0, 1]);
    assert_eq!(pixel_dq.row(0).to_vec(), [0, 1 << 28, 1 | 1 << 28]);

    let mut all = original;
    let mut untouched = Array2::zeros((1, 3));
    assert_eq!(
        first(&mut all, &mut untouched, false),
        GroupFlagging::Flagged { n_kept: 0 }
    );
    assert!(
        all.slice(ndarray::s![.., 0, .., ..])
            .iter()
            .all(|&dq| dq == 1)
    );
    assert!(untouched.iter().all(|&dq| dq == 0));
}
