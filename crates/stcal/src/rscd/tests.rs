//! Tests of the flags for the first groups.

use ndarray::{Array2, Array4};

use super::{GroupsToSkip, RscdSummary, flag_first_groups};
use crate::flags::{GroupFlags, PixelFlags};

fn flag(group_dq: &mut Array4<u8>, pixel_dq: &mut Array2<u32>, skip: usize) -> RscdSummary {
    flag_first_groups(
        group_dq.view_mut(),
        pixel_dq.view_mut(),
        skip,
        &GroupFlags::default(),
        &PixelFlags::default(),
    )
    .unwrap()
}

#[test]
fn a_ramp_keeps_three_groups() {
    let table = GroupsToSkip {
        first_integration: 0,
        later_integrations: 4,
    };
    let limited = |n| {
        let skip = table.limited(n).unwrap();
        (skip.first_integration, skip.later_integrations)
    };
    assert_eq!(limited(3), (0, 0));
    assert_eq!(limited(4), (1, 1));
    // Parity: with five groups or fewer the table is not asked, even where it says 0.
    assert_eq!(limited(5), (1, 1));
    assert_eq!(limited(6), (0, 3));
    assert_eq!(limited(20), (0, 4));
}

#[test]
fn early_saturation_gives_groups_back() {
    // Pixels: never saturated, from group 4, from group 3, from group 1, from group 0.
    let mut group_dq = Array4::zeros((1, 8, 1, 5));
    for (column, start) in [(1, 4), (2, 3), (3, 1), (4, 0)] {
        for group in start..8 {
            group_dq[[0, group, 0, column]] = 2;
        }
    }
    let mut pixel_dq = Array2::zeros((1, 5));
    let summary = flag(&mut group_dq, &mut pixel_dq, 3);
    let counts: Vec<usize> = (0..5)
        .map(|x| (0..8).filter(|&g| group_dq[[0, g, 0, x]] & 1 != 0).count())
        .collect();
    assert_eq!(counts, [3, 2, 1, 0, 3]);
    let estimated = 1 << 28;
    assert_eq!(
        pixel_dq.as_slice().unwrap(),
        [0, estimated, estimated, estimated, 0]
    );
    assert_eq!(
        summary,
        RscdSummary {
            n_lowered: 3,
            n_nothing_skipped: 1
        }
    );
}

#[test]
fn too_short_a_ramp_is_refused() {
    let mut group_dq = Array4::zeros((1, 4, 1, 1));
    let mut pixel_dq = Array2::zeros((1, 1));
    assert!(
        flag_first_groups(
            group_dq.view_mut(),
            pixel_dq.view_mut(),
            3,
            &GroupFlags::default(),
            &PixelFlags::default()
        )
        .is_err()
    );
}
