//! Tests of the saturation flags.

use ndarray::{Array2, Array3, arr2, s};
use proptest::prelude::*;

use super::{
    SaturationOptions, SaturationReference, clear_saturated, find_hidden, flag_hidden,
    flag_samples, flag_saturated, join, replace_unchecked_thresholds, spread_saturation,
};
use crate::flags::{GroupFlags, PixelFlags};
use crate::read_pattern::ReadPattern;

fn options(grow: usize, read_pattern: Option<&ReadPattern>) -> SaturationOptions<'_> {
    SaturationOptions {
        grow,
        read_pattern,
        bias_dn: None,
        group_flags: GroupFlags::default(),
        pixel_flags: PixelFlags::default(),
    }
}

/// Flags a ramp of one pixel with threshold 1000.
fn flag_pixel(signal: &[f32], pattern: Option<&ReadPattern>, bias: f32) -> Vec<u8> {
    let ramp = Array3::from_shape_vec((signal.len(), 1, 1), signal.to_vec()).unwrap();
    let mut dq = Array3::zeros(ramp.dim());
    let threshold = arr2(&[[1000.0_f32]]);
    let reference_dq = Array2::zeros((1, 1));
    let bias = arr2(&[[bias]]);
    let reference = SaturationReference {
        threshold_dn: threshold.view(),
        dq: reference_dq.view(),
    };
    let options = SaturationOptions {
        bias_dn: Some(bias.view()),
        ..options(1, pattern)
    };
    flag_saturated(ramp.view(), dq.view_mut(), &reference, &options).unwrap();
    dq.into_raw_vec_and_offset().0
}

#[test]
fn the_threshold_is_saturated_and_the_flag_stays() {
    assert_eq!(
        flag_pixel(&[999.9, 1000.0, 3.0, f32::NAN], None, 0.0),
        [0, 2, 2, 2]
    );
    assert_eq!(flag_pixel(&[0.0], None, 0.0), [65]);
    assert_eq!(flag_pixel(&[f32::NAN], None, 0.0), [0]);
}

#[test]
fn the_group_before_saturation_is_tested_against_a_diluted_threshold() {
    let pattern = ReadPattern::contiguous(4, 4);
    // Groups hold reads 1-4, 5-8, 9-12: dilution of group 1 is 6.5 / 8 = 0.8125, that of group 2 10.5 / 12.
    assert_eq!(
        flag_pixel(&[100.0, 500.0, 874.9, 1000.0], Some(&pattern), 0.0),
        [0, 0, 0, 2]
    );
    assert_eq!(
        flag_pixel(&[100.0, 500.0, 875.0, 1000.0], Some(&pattern), 0.0),
        [0, 0, 1, 2]
    );
    // One read a group: nothing can hide.
    let single = ReadPattern::contiguous(4, 1);
    assert_eq!(
        flag_pixel(&[100.0, 500.0, 999.0, 1000.0], Some(&single), 0.0),
        [0, 0, 0, 2]
    );
}

#[test]
fn a_leap_in_the_second_group_is_found() {
    let pattern = ReadPattern::contiguous(3, 4);
    // First group: 100 at mean read 2.5, so 480 are expected by read 12, and (1000 - 100) / 4 = 225 is the limit.
    assert_eq!(
        flag_pixel(&[100.0, 325.0, 1000.0], Some(&pattern), 0.0),
        [0, 0, 2]
    );
    assert_eq!(
        flag_pixel(&[100.0, 325.1, 1000.0], Some(&pattern), 0.0),
        [0, 1, 2]
    );
    // A bias that is not a number settles nothing.
    assert_eq!(
        flag_pixel(&[100.0, 325.1, 1000.0], Some(&pattern), f32::NAN),
        [0, 0, 2]
    );
    // First group: 250 is 1200 by read 12; saturation is no surprise.
    assert_eq!(
        flag_pixel(&[250.0, 600.0, 1000.0], Some(&pattern), 0.0),
        [0, 0, 2]
    );
    // Most of these 250 are bias: 210 + 40 / 2.5 * 12 = 402.
    assert_eq!(
        flag_pixel(&[250.0, 600.0, 1000.0], Some(&pattern), 210.0),
        [0, 1, 2]
    );
}

#[test]
fn unchecked_pixels_get_a_threshold_out_of_reach() {
    let flags = PixelFlags::default();
    let mut threshold = arr2(&[[10.0_f32, f32::NAN, 30.0]]);
    let mut reference_dq = arr2(&[[flags.no_sat_check, 1, 2]]);
    let mut dq = arr2(&[[4, 0, 0]]);
    replace_unchecked_thresholds(
        threshold.view_mut(),
        reference_dq.view_mut(),
        dq.view_mut(),
        65535.0,
        &flags,
    )
    .unwrap();
    let unchecked = flags.no_sat_check;
    assert_eq!(threshold, arr2(&[[65536.0, 65536.0, 30.0]]));
    assert_eq!(reference_dq, arr2(&[[unchecked, unchecked | 1, 2]]));
    assert_eq!(dq, arr2(&[[unchecked | 4, unchecked | 1, 2]]));
}

#[test]
fn a_zero_frame_loses_saturated_samples_with_their_neighbours_and_those_on_the_floor() {
    let mut frame = arr2(&[
        [1.0_f32, 2.0, 3.0, 4.0, -1.0, 5.0],
        [9.0, 1.0, 1.0, 1.0, 1.0, 1.0],
    ]);
    let threshold = Array2::from_elem((2, 6), 9.0_f32);
    let dq = Array2::zeros((2, 6));
    let reference = SaturationReference {
        threshold_dn: threshold.view(),
        dq: dq.view(),
    };
    clear_saturated(frame.view_mut(), &reference, 1).unwrap();
    assert_eq!(
        frame,
        arr2(&[
            [0.0, 0.0, 3.0, 4.0, 0.0, 5.0],
            [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
        ])
    );
}

#[test]
fn a_pattern_of_another_length_is_refused() {
    let ramp = Array3::<f32>::zeros((3, 1, 1));
    let mut dq = Array3::zeros((3, 1, 1));
    let (threshold, reference_dq) = (Array2::ones((1, 1)), Array2::zeros((1, 1)));
    let reference = SaturationReference {
        threshold_dn: threshold.view(),
        dq: reference_dq.view(),
    };
    let pattern = ReadPattern::contiguous(4, 2);
    let error = flag_saturated(
        ramp.view(),
        dq.view_mut(),
        &reference,
        &options(0, Some(&pattern)),
    )
    .unwrap_err();
    assert_eq!(error.what, "groups of the read pattern");
    assert_eq!(dq[[0, 0, 0]], 0);
}

proptest! {
    /// Spreading by its definition, for any number of layers, also beyond the image.
    #[test]
    fn saturation_spreads_over_squares(
        values in proptest::collection::vec(prop_oneof![9 => Just(1.0_f32), 1 => Just(9.0)], 5 * 7),
        grow in 0_usize..9,
    ) {
        let ramp = Array3::from_shape_vec((1, 5, 7), values).unwrap();
        let mut dq = Array3::zeros((1, 5, 7));
        let (threshold, reference_dq) = (Array2::from_elem((5, 7), 9.0_f32), Array2::zeros((5, 7)));
        let reference = SaturationReference { threshold_dn: threshold.view(), dq: reference_dq.view() };
        flag_saturated(ramp.view(), dq.view_mut(), &reference, &options(grow, None)).unwrap();
        for ((_, y, x), &dq) in dq.indexed_iter() {
            let near = ramp.indexed_iter().any(|((_, v, u), &signal)| {
                signal >= 9.0 && y.abs_diff(v) <= grow && x.abs_diff(u) <= grow
            });
            prop_assert_eq!(dq != 0, near);
        }
    }

    /// Stage by stage, band by band, as all at once.
    #[test]
    fn bands_do_not_matter(
        values in proptest::collection::vec(prop_oneof![12 => 100.0_f32..900.0, 1 => Just(1000.0_f32), 1 => Just(-1.0)], 4 * 9 * 70),
        rows in 1_usize..6,
        grow in 0_usize..4,
        averaged: bool,
    ) {
        let ramp = Array3::from_shape_vec((4, 9, 70), values).unwrap();
        let (threshold, reference_dq) = (Array2::from_elem((9, 70), 950.0_f32), Array2::zeros((9, 70)));
        let pattern = ReadPattern::contiguous(4, 4);
        let options = options(grow, averaged.then_some(&pattern));
        let whole = SaturationReference { threshold_dn: threshold.view(), dq: reference_dq.view() };
        let mut expected = Array3::zeros(ramp.dim());
        flag_saturated(ramp.view(), expected.view_mut(), &whole, &options).unwrap();

        let mut dq = Array3::<u8>::zeros(ramp.dim());
        let bands = || {
            let starts = (0..9).step_by(rows);
            starts.map(|start| start..9.min(start + rows))
        };
        let reference = |band: &std::ops::Range<usize>| SaturationReference {
            threshold_dn: threshold.slice(s![band.clone(), ..]),
            dq: reference_dq.slice(s![band.clone(), ..]),
        };
        let seeds: Vec<_> = bands().map(|band| {
            let (data, dq) = (ramp.slice(s![.., band.clone(), ..]), dq.slice_mut(s![.., band.clone(), ..]));
            flag_samples(data, dq, &reference(&band), &options).unwrap()
        }).collect();
        let seeds = join(seeds).unwrap();
        let hidden: Vec<_> = bands().filter_map(|band| {
            let (data, mut dq) = (ramp.slice(s![.., band.clone(), ..]), dq.slice_mut(s![.., band.clone(), ..]));
            spread_saturation(dq.view_mut(), band.start, &seeds, &options).unwrap();
            find_hidden(data, dq.view(), &reference(&band), &options).unwrap()
        }).collect();
        prop_assert_eq!(hidden.is_empty(), !averaged);
        if let Some(hidden) = join(hidden) {
            for band in bands() {
                let (data, dq) = (ramp.slice(s![.., band.clone(), ..]), dq.slice_mut(s![.., band.clone(), ..]));
                flag_hidden(data, dq, &reference(&band), &options, (&hidden, band.start)).unwrap();
            }
        }
        prop_assert_eq!(dq, expected);
    }
}
