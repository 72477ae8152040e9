//! Tests of the dark subtraction.

use std::num::NonZeroU32;

use ndarray::{Array2, Array4, Axis};
use proptest::prelude::*;

use super::{DarkError, DarkPlan, DarkReference, GroupPattern, resample_dark, subtract_dark};

fn pattern(n_groups: usize, n_frames: u32, group_gap: u32) -> GroupPattern {
    GroupPattern {
        n_groups,
        n_frames: NonZeroU32::new(n_frames).unwrap(),
        group_gap,
    }
}

/// Subtracts a dark of one pixel from a ramp of zeros and returns what was subtracted.
fn subtracted(dark: &Array4<f32>, plan: &DarkPlan, shape: (usize, usize), first: bool) -> Vec<f32> {
    let mut ramp = Array4::zeros((shape.0, shape.1, 1, 1));
    let dq = Array2::zeros((1, 1));
    let mut pixel_dq = Array2::zeros((1, 1));
    let dark = DarkReference {
        signal_dn: dark.view(),
        dq: dq.view(),
    };
    subtract_dark(ramp.view_mut(), pixel_dq.view_mut(), &dark, plan, first).unwrap();
    ramp.iter().map(|value| 0.0 - value).collect()
}

fn dark_of(values: &[f32]) -> Array4<f32> {
    Array4::from_shape_vec((1, values.len(), 1, 1), values.to_vec()).unwrap()
}

#[test]
fn frames_are_averaged_and_dropped() {
    // Groups of 2 frames, 1 dropped: frames 0 and 1, then 3 and 4; the 5th group of the dark is not a number.
    let plan = DarkPlan::new(pattern(2, 2, 1), pattern(6, 1, 0))
        .unwrap()
        .unwrap();
    let dark = dark_of(&[1.0, 2.0, 90.0, 4.0, f32::NAN, 90.0]);
    assert_eq!(subtracted(&dark, &plan, (1, 2), true), [1.5, 2.0]);
}

#[test]
fn a_short_dark_is_extrapolated_by_its_last_step() {
    let plan = DarkPlan::new(pattern(5, 1, 0), pattern(3, 1, 0))
        .unwrap()
        .unwrap();
    assert_eq!(plan.n_extrapolated(), 2);
    let dark = dark_of(&[1.0, 4.0, 6.0]);
    assert_eq!(
        subtracted(&dark, &plan, (1, 5), true),
        [1.0, 4.0, 6.0, 8.0, 10.0]
    );
    // The exposure has 2 * 4 + 2 = 10 frames, the dark 2 * 2 + 1 = 5; 5 are missing: (5 + 1) / 3 = 2 groups.
    let plan = DarkPlan::new(pattern(2, 4, 2), pattern(2, 2, 1))
        .unwrap()
        .unwrap();
    assert_eq!(plan.n_extrapolated(), 2);
}

#[test]
fn a_coarser_dark_is_of_no_use() {
    assert_eq!(DarkPlan::new(pattern(9, 1, 3), pattern(9, 2, 0)), Ok(None));
    assert_eq!(DarkPlan::new(pattern(9, 4, 0), pattern(9, 2, 1)), Ok(None));
}

#[test]
fn darks_that_are_too_short_are_refused() {
    assert_eq!(
        DarkPlan::new(pattern(2, 1, 0), pattern(1, 1, 0)),
        Err(DarkError::CannotExtrapolate { extra: 1, found: 1 })
    );
    // Both cover 9 frames, but the dark has dropped every second.
    assert_eq!(
        DarkPlan::new(pattern(3, 1, 3), pattern(5, 1, 1)),
        Err(DarkError::TooShort { group: 8, found: 5 })
    );
}

#[test]
fn integrations_of_the_dark_go_with_those_of_the_exposure() {
    let dark = Array4::from_shape_vec((2, 1, 1, 1), vec![1.0_f32, 2.0]).unwrap();
    let same = DarkPlan::new(pattern(1, 1, 0), pattern(1, 1, 0))
        .unwrap()
        .unwrap();
    assert_eq!(subtracted(&dark, &same, (3, 1), true), [1.0, 2.0, 2.0]);
    // Parity: of a later segment, all integrations take the last dark.
    assert_eq!(subtracted(&dark, &same, (3, 1), false), [2.0, 2.0, 2.0]);
    // Parity: an averaged dark has only as many integrations as the ramp, the others are zero.
    let averaged = DarkPlan::new(pattern(1, 1, 1), pattern(1, 1, 0))
        .unwrap()
        .unwrap();
    assert_eq!(subtracted(&dark, &averaged, (1, 1), false), [0.0]);
    assert_eq!(subtracted(&dark, &averaged, (2, 1), false), [2.0, 2.0]);
}

proptest! {
    #[test]
    fn what_is_subtracted_is_the_resampled_dark_in_any_band(
        values in proptest::collection::vec(-5.0_f32..50.0, 2 * 6 * 3 * 4),
        (frames, gap) in (1_u32..4, 0_u32..3),
        split in 0_usize..4,
    ) {
        let signal = Array4::from_shape_vec((2, 6, 3, 4), values).unwrap();
        let dq = Array2::from_elem((3, 4), 1);
        let plan = DarkPlan::new(pattern(4, frames, gap), pattern(6, 1, 0)).unwrap().unwrap();
        let dark = DarkReference { signal_dn: signal.view(), dq: dq.view() };
        let expected = resample_dark(&dark, &plan, 2).unwrap();
        let mut whole = Array4::zeros((2, 4, 3, 4));
        let mut pixel_dq = Array2::zeros((3, 4));
        subtract_dark(whole.view_mut(), pixel_dq.view_mut(), &dark, &plan, true).unwrap();
        for ((i, g, y, x), &value) in whole.indexed_iter() {
            prop_assert_eq!(0.0 - value, expected[[i, g, y, x]]);
        }
        let mut parts = Array4::zeros((2, 4, 3, 4));
        let mut parts_dq = Array2::zeros((3, 4));
        {
            let (top, bottom) = parts.view_mut().split_at(Axis(2), split);
            let (dq_top, dq_bottom) = parts_dq.view_mut().split_at(Axis(0), split);
            let (signal_top, signal_bottom) = signal.view().split_at(Axis(2), split);
            let (flags_top, flags_bottom) = dq.view().split_at(Axis(0), split);
            let top_dark = DarkReference { signal_dn: signal_top, dq: flags_top };
            let bottom_dark = DarkReference { signal_dn: signal_bottom, dq: flags_bottom };
            subtract_dark(top, dq_top, &top_dark, &plan, true).unwrap();
            subtract_dark(bottom, dq_bottom, &bottom_dark, &plan, true).unwrap();
        }
        prop_assert_eq!(whole, parts);
        prop_assert_eq!(pixel_dq, parts_dq);
    }
}
