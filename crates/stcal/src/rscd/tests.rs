//! Tests of the flags for the first groups.

use ndarray::{Array2, Array4};
use proptest::prelude::*;

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

proptest! {
    /// Against the walk as it is described: over all pixels at once, for as long as any of them saturates.
    #[test]
    fn groups_given_back_are_those_of_the_walk(
        skip in 0_usize..4,
        quality in prop::collection::vec(prop_oneof![2 => Just(0_u8), 1 => Just(2)], 2 * 6 * 5),
    ) {
        let mut group_dq = Array4::from_shape_vec((2, 6, 1, 5), quality).unwrap();
        let mut expected = group_dq.clone();
        let mut pixel_dq = Array2::zeros((1, 5));
        let summary = flag(&mut group_dq, &mut pixel_dq, skip);

        let mut skipped = [[skip; 5]; 2];
        let mut ever = false;
        for group in (1..=skip + 1).rev() {
            let mut any = false;
            for (integration, skipped) in skipped.iter_mut().enumerate() {
                for (x, skipped) in skipped.iter_mut().enumerate() {
                    if expected[[integration, group, 0, x]] == 2 && expected[[integration, 0, 0, x]] == 0 {
                        *skipped = skipped.saturating_sub(1);
                        any = true;
                    }
                }
            }
            if !any {
                break;
            }
            ever = true;
        }
        for (integration, skipped) in skipped.iter().enumerate() {
            for (x, skipped) in skipped.iter().enumerate() {
                (0..*skipped).for_each(|group| expected[[integration, group, 0, x]] |= 1);
            }
        }
        prop_assert_eq!(group_dq, expected);
        let count = |wanted: fn(usize, usize) -> bool| {
            (0..5).filter(|&x| skipped.iter().any(|row| wanted(row[x], skip))).count()
        };
        let lowered = count(|skipped, skip| skipped < skip);
        prop_assert_eq!(summary.n_lowered, lowered);
        prop_assert_eq!(pixel_dq.iter().filter(|dq| **dq != 0).count(), lowered);
        let nothing = if ever { count(|skipped, _| skipped == 0) } else { 0 };
        prop_assert_eq!(summary.n_nothing_skipped, nothing);
    }
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
