use ndarray::{Array2, arr2, s};
use proptest::prelude::*;

use super::*;

/// Whole numbers that look random, in an image.
fn image(rows: usize, columns: usize, seed: u32) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let mixed =
            (row as u32 * 7919 + column as u32 * 104_729 + seed).wrapping_mul(2_654_435_761);
        (mixed >> 24) as f32 / 16.0
    })
}

#[test]
fn derivative_is_the_largest_difference_from_a_neighbour() {
    // _abs_deriv of stcal 1.20.0 on this array.
    let nan = f32::NAN;
    let blot = arr2(&[[1.0_f32, 2.0, 4.0], [0.0, nan, 4.5], [3.0, 3.0, 3.0]]);
    let expected = [[1.0_f32, 2.0, 2.0], [3.0, nan, 1.5], [3.0, 0.0, 1.5]];
    for (row, expected) in expected.iter().enumerate() {
        let mut line = [9.0; 3];
        let of = |row: usize| (row < 3).then(|| blot.row(row).to_vec());
        let before = row.checked_sub(1).and_then(of);
        derivative::largest_differences(
            before.as_deref(),
            &of(row).unwrap(),
            of(row + 1).as_deref(),
            &mut line,
        );
        for (found, expected) in line.iter().zip(expected) {
            assert!(
                found == expected || found.is_nan() && expected.is_nan(),
                "{line:?}"
            );
        }
    }
}

#[test]
fn weights_without_outliers_make_the_threshold() {
    // 20 weights of 1 or 3 and one of 1000, which is clipped: 0.7 * 2.
    let mut weights: Vec<f32> = [1.0, 3.0].repeat(10);
    weights.extend([1000.0, 0.0, f32::NAN, f32::INFINITY]);
    assert!((weight_threshold(&weights, 0.7) - 1.4).abs() < 1e-15);
    assert!(weight_threshold(&[0.0, f32::NAN], 0.7).is_nan());
    assert_eq!(weight_threshold(&[-2.0], 0.5), -1.0);
}

#[test]
fn a_pixel_beside_a_strong_outlier_needs_less() {
    let blot = Array2::from_elem((4, 6), 0.0_f32);
    let err = Array2::from_elem((4, 6), 1.0_f32);
    let mut data = blot.clone();
    for (place, value) in [([0, 0], 6.0), ([1, 1], 4.5), ([2, 2], 4.5), ([0, 5], 4.5)] {
        data[place] = value;
    }
    let compared = Compared {
        data: data.view(),
        err: err.view(),
        blot: blot.view(),
    };
    let thresholds = Thresholds {
        snr: [5.0, 4.0],
        scale: [1.2, 0.7],
        background: 0.0,
    };
    let mut outliers = Array2::from_elem((4, 6), false);
    let count = flag_resampled(&compared, &thresholds, 0..4, outliers.view_mut()).unwrap();
    let found: Vec<_> = outliers
        .indexed_iter()
        .filter(|(_, set)| **set)
        .map(|(at, _)| at)
        .collect();
    assert_eq!((count, found), (2, vec![(0, 0), (1, 1)]));
}

#[test]
fn what_is_not_a_number_is_no_outlier() {
    let nan = f32::NAN;
    let (data, err) = (arr2(&[[nan, 9.0, 9.0]]), arr2(&[[1.0, nan, f32::INFINITY]]));
    let blot = arr2(&[[0.0, 0.0, nan]]);
    let mut dq = Array2::zeros((1, 3));
    let count = flag_aligned(data.view(), err.view(), blot.view(), 5.0, 17, dq.view_mut()).unwrap();
    assert_eq!((count, dq), (1, arr2(&[[0, 17, 0]])));
    let wrong = Array2::<f32>::zeros((2, 3));
    assert!(
        flag_aligned(
            data.view(),
            wrong.view(),
            blot.view(),
            5.0,
            17,
            Array2::zeros((1, 3)).view_mut()
        )
        .is_err()
    );
}

#[test]
fn windows_of_even_width_are_averaged_with_64_bits() {
    // moving_median_over_zeroth_axis of jwst 3.0.0 on these series.
    let mut medians = [0.0; 6];
    let mut sorted = Vec::new();
    rolling_median(
        &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0],
        4,
        &mut sorted,
        &mut medians,
    );
    assert_eq!(medians, [3.0, 3.0, 3.0, 6.0, 12.0, 12.0]);
    rolling_median(
        &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0],
        2,
        &mut sorted,
        &mut medians,
    );
    assert_eq!(medians, [24.0; 6]);
    rolling_median(
        &[1.0, f32::NAN, 4.0, 8.0, 16.0, 32.0],
        3,
        &mut sorted,
        &mut medians,
    );
    assert!(medians[..3].iter().all(|median| median.is_nan()));
    assert_eq!(medians[3..], [8.0, 16.0, 16.0]);
    rolling_median(&[1.0; 6], 7, &mut sorted, &mut medians);
    assert!(medians.iter().all(|median| median.is_nan()));
}

proptest! {
    #[test]
    fn bands_give_the_same_outliers(seed in 0_u32..1000, cut in 1_usize..8, nan in 0_usize..70) {
        let (mut data, err, mut blot) = (image(9, 8, seed), image(9, 8, seed + 1), image(9, 8, seed + 2));
        data[[nan / 8, nan % 8]] = f32::NAN;
        blot[[8 - nan / 8, nan % 8]] = f32::NAN;
        let compared = Compared { data: data.view(), err: err.view(), blot: blot.view() };
        let thresholds = Thresholds { snr: [0.7, 0.4], scale: [0.3, 0.1], background: 0.5 };
        let mut whole = Array2::from_elem((9, 8), false);
        let count = flag_resampled(&compared, &thresholds, 0..9, whole.view_mut()).unwrap();
        let mut parts = Array2::from_elem((9, 8), false);
        let upper = flag_resampled(&compared, &thresholds, 0..cut, parts.slice_mut(s![..cut, ..])).unwrap();
        let lower = flag_resampled(&compared, &thresholds, cut..9, parts.slice_mut(s![cut.., ..])).unwrap();
        prop_assert_eq!(count, upper + lower);
        prop_assert_eq!(whole, parts);
    }

    #[test]
    fn the_median_does_not_depend_on_the_order(mut values in prop::collection::vec(-9.0..9.0_f32, 1..80), turn in 0_usize..80) {
        let of = |values: &[f32]| {
            let planes: Vec<&[f32]> = values.chunks(1).collect();
            let mut median = [0.0];
            nan_median(&planes, &mut median).unwrap();
            median[0]
        };
        let before = of(&values);
        let turn = turn % values.len();
        values.rotate_left(turn);
        values.push(f32::NAN);
        prop_assert_eq!(of(&values), before);
        values.sort_by(f32::total_cmp);
        prop_assert!(values[0] <= before && before <= values[values.len() - 2]);
    }

    /// The definition, with everything sorted anew.
    #[test]
    fn threshold_is_that_of_clipping_step_by_step(
        mut weights in prop::collection::vec(
            prop_oneof![6 => 0.9_f32..1.1, 2 => 0.0_f32..1e3, 1 => Just(0.0), 1 => -1.0_f32..0.0, 1 => Just(f32::NAN)], 1..300),
    ) {
        let found = weight_threshold(&weights, 0.5);
        weights.retain(|weight| weight.is_finite() && *weight != 0.0);
        for _ in 0..5 {
            weights.sort_by(f32::total_cmp);
            let count = weights.len();
            let of = |rank: usize| weights.get(rank).map_or(f64::NAN, |weight| f64::from(*weight));
            let median = 0.5 * (of(count.wrapping_sub(1) / 2) + of(count / 2));
            let mean = weights.iter().map(|weight| f64::from(*weight)).sum::<f64>() / count as f64;
            let variance = weights.iter().map(|weight| (f64::from(*weight) - mean).powi(2)).sum::<f64>() / count as f64;
            weights.retain(|weight| (f64::from(*weight) - median).abs() <= 3.0 * variance.sqrt());
        }
        let expected = 0.5 * weights.iter().map(|weight| f64::from(*weight)).sum::<f64>() / weights.len() as f64;
        prop_assert!(found.is_nan() && expected.is_nan() || (found - expected).abs() <= 1e-9 * expected.abs());
    }

    #[test]
    fn threshold_of_many_equal_weights_is_their_part(weight in 1e-3..1e6_f32, count in 1_usize..5000) {
        let found = weight_threshold(&vec![weight; count], 0.5);
        prop_assert!((found / (0.5 * f64::from(weight)) - 1.0).abs() < 1e-12);
    }
}
