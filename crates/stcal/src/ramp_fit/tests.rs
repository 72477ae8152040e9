//! Tests of the questions about whole exposures.

use ndarray::{Array4, s};
use proptest::prelude::*;

use super::{EdgeGroups, GroupSurvey, GroupWindow, NothingToFit, OlsParams, select_groups};

fn survey(group_dq: &Array4<u8>) -> GroupSurvey {
    GroupSurvey::of_band(&group_dq.view(), &OlsParams::default())
}

#[test]
fn edges_that_no_pixel_may_use_are_dropped() {
    let mut group_dq = Array4::<u8>::zeros((2, 6, 2, 3));
    group_dq.slice_mut(s![.., 0..2, .., ..]).fill(1);
    group_dq.slice_mut(s![.., 5, .., ..]).fill(1);
    let survey = survey(&group_dq);
    assert_eq!(survey.window(EdgeGroups::Keep), Ok(GroupWindow::all(6)));
    let window = GroupWindow {
        groups: 2..5,
        ignore_first_jump: true,
    };
    assert_eq!(survey.window(EdgeGroups::Drop), Ok(window));
}

#[test]
fn ramps_of_one_good_group_do_not_keep_an_edge() {
    let mut group_dq = Array4::<u8>::zeros((1, 4, 1, 2));
    group_dq.slice_mut(s![.., 0, .., 0]).fill(1);
    // The only good group of the second pixel is the first: its ramp is suppressed.
    group_dq.slice_mut(s![.., 1.., .., 1]).fill(2);
    let window = survey(&group_dq).window(EdgeGroups::Drop).unwrap();
    assert_eq!(window.groups, 1..4);
    let params = OlsParams {
        suppress_one_group: false,
        ..OlsParams::default()
    };
    let survey = GroupSurvey::of_band(&group_dq.view(), &params);
    assert_eq!(survey.window(EdgeGroups::Drop).unwrap().groups, 0..4);
}

#[test]
fn exposures_without_a_rate() {
    let mut group_dq = Array4::<u8>::ones((1, 4, 1, 2));
    let window = survey(&group_dq).window(EdgeGroups::Drop);
    assert_eq!(window, Err(NothingToFit::AllFlagged));
    group_dq.slice_mut(s![.., 1, .., ..]).fill(0);
    group_dq.slice_mut(s![.., 2, .., 0]).fill(0);
    let window = survey(&group_dq).window(EdgeGroups::Drop);
    assert_eq!(window.unwrap().groups, 1..3);
    group_dq.slice_mut(s![.., 2, .., ..]).fill(1);
    group_dq.slice_mut(s![.., 2, .., 0]).fill(2);
    group_dq.slice_mut(s![.., 1, .., ..]).fill(2);
    let window = survey(&group_dq).window(EdgeGroups::Drop);
    assert_eq!(window, Err(NothingToFit::AllSaturated));
    let two = group_dq.slice(s![.., 2.., .., ..]).to_owned();
    let window = survey(&two).window(EdgeGroups::Drop);
    assert_eq!(window, Err(NothingToFit::TooFewGroups));
}

#[test]
fn limits_of_groups() {
    let flags = |first, last| {
        let mut group_dq = Array4::<u8>::zeros((1, 4, 1, 1));
        let selection = select_groups(group_dq.view_mut(), first, last, 1);
        (group_dq.into_raw_vec_and_offset().0, selection)
    };
    assert_eq!(flags(Some(1), Some(2)).0, [1, 0, 0, 1]);
    assert_eq!(flags(None, Some(1)).0, [0, 0, 1, 1]);
    let (dq, selection) = flags(Some(-2), Some(9));
    assert_eq!(dq, [0; 4]);
    assert!(selection.first_below_zero && selection.last_behind_end);
    let (dq, selection) = flags(Some(3), Some(3));
    assert_eq!(dq, [0; 4]);
    assert!(selection.ignored);
    // As the reference: the limit behind the end makes room for a first group behind the end.
    assert_eq!(flags(Some(8), Some(9)).0, [1; 4]);
}

proptest! {
    #[test]
    fn surveys_of_bands_merge(dq in prop::collection::vec(prop::sample::select(vec![0_u8, 1, 1, 1, 2, 3]), 2 * 3 * 4)) {
        let group_dq = Array4::from_shape_vec((1, 3, 4, 2), dq).unwrap();
        let params = OlsParams::default();
        let band = |rows: std::ops::Range<usize>| {
            GroupSurvey::of_band(&group_dq.slice(s![.., .., rows, ..]), &params)
        };
        let merged = band(0..1).merge(&band(1..3)).merge(&band(3..4));
        prop_assert_eq!(merged, survey(&group_dq));
    }
}
