//! Tests of the reference-pixel corrections.

use ndarray::{Array2, Array3, Axis, arr2, s};
use proptest::prelude::*;

use super::clip::clipped_mean;
use super::{
    AmplifierCorrection, AmplifierGeometry, AmplifierOptions, Arithmetic, InterleavedCorrection,
    InterleavedGeometry, ReadoutAxes, RefpixError, SideOptions, SingleOutputCorrection,
};
use crate::flags::PixelFlags;

fn geometry(origin: (usize, usize)) -> AmplifierGeometry {
    AmplifierGeometry {
        detector: (12, 16),
        amplifier_edges: vec![0, 8, 16],
        border: 2,
        origin,
    }
}

fn with_side(smoothing_length: usize, gain: f64) -> AmplifierOptions {
    AmplifierOptions {
        odd_even_columns: true,
        side: Some(SideOptions {
            smoothing_length,
            gain,
        }),
        sigma_limit: 3.0,
    }
}

#[test]
fn clipping_is_scipys() {
    // scipy.stats.sigmaclip(a, 2.0, 2.0)[0].mean() for a = np.float32([1..9, 100]) and the same in float64.
    let values: Vec<f64> = (1..10).map(f64::from).chain([100.0]).collect();
    let single = clipped_mean(values.clone(), 2.0, Arithmetic::Single).unwrap();
    let double = clipped_mean(values, 2.0, Arithmetic::Double).unwrap();
    assert_eq!(single.value, 5.0);
    assert_eq!(double.value, 5.0);
    assert_eq!(clipped_mean(vec![], 3.0, Arithmetic::Single), None);
    let nan = clipped_mean(vec![1.0, f64::NAN], 3.0, Arithmetic::Double).unwrap();
    assert!(nan.value.is_nan());
}

#[test]
fn an_amplifier_without_one_parity_is_left_alone() {
    let mut dq = Array2::zeros((12, 16));
    // Even columns of the second amplifier have no usable reference pixel.
    for row in [0, 1, 10, 11] {
        dq.slice_mut(s![row, 8..;2]).fill(1);
    }
    let options = AmplifierOptions {
        side: None,
        ..with_side(3, 1.0)
    };
    let flags = PixelFlags::default();
    let correction =
        AmplifierCorrection::new(dq.view(), &geometry((0, 0)), options, &flags).unwrap();
    assert_eq!(correction.n_usable(), (64 - 16, 0));
    let mut image = Array2::from_elem((12, 16), 7.0_f32);
    correction
        .correct(image.view_mut(), Arithmetic::Single)
        .unwrap();
    assert!(image.slice(s![.., ..8]).iter().all(|&value| value == 0.0));
    assert!(image.slice(s![.., 8..]).iter().all(|&value| value == 7.0));
}

#[test]
fn rows_are_corrected_by_the_median_of_the_sides() {
    // A step of 10 in rows 5 to 11, seen by the sides. At the step, two of three rows of the window decide.
    let step = |row: usize| if row >= 5 { 10.0 } else { 0.0 };
    let mut dq = Array2::<u32>::zeros((12, 16));
    // Top and bottom may not be used, so that only the sides act.
    for row in [0, 1, 10, 11] {
        dq.slice_mut(s![row, 2..14]).fill(1);
    }
    dq.slice_mut(s![..2, ..]).fill(1);
    dq.slice_mut(s![10.., ..]).fill(1);
    let flags = PixelFlags::default();
    let correction =
        AmplifierCorrection::new(dq.view(), &geometry((0, 0)), with_side(3, 0.5), &flags).unwrap();
    for arithmetic in [Arithmetic::Single, Arithmetic::Double] {
        let mut image = Array2::from_shape_fn((12, 16), |(row, _)| step(row));
        correction.correct(image.view_mut(), arithmetic).unwrap();
        let column = image.column(8).to_vec();
        let half = |row: usize| step(row) / 2.0;
        // The outer rows have no pixel in their window beyond their usable neighbours.
        let expected: Vec<f32> = (0..12)
            .map(|row| {
                if row == 0 || row == 11 {
                    step(row)
                } else {
                    half(row)
                }
            })
            .collect();
        assert_eq!(column, expected);
    }
}

#[test]
fn zeros_of_a_zero_frame_stay() {
    let dq = Array2::zeros((12, 16));
    let flags = PixelFlags::default();
    let correction =
        AmplifierCorrection::new(dq.view(), &geometry((0, 0)), with_side(3, 1.0), &flags).unwrap();
    let mut frame = Array2::from_elem((12, 16), 5.0_f32);
    frame[[6, 6]] = 0.0;
    frame[[6, 7]] = 8.0;
    correction
        .correct_zero_frame(frame.view_mut(), Arithmetic::Double)
        .unwrap();
    assert_eq!(frame[[6, 6]], 0.0);
    assert_eq!(frame[[6, 7]], 3.0);
    assert_eq!(frame[[5, 6]], 0.0);
}

#[test]
fn an_image_beyond_the_detector_is_refused() {
    let dq = Array2::zeros((12, 16));
    let flags = PixelFlags::default();
    let error = AmplifierCorrection::new(dq.view(), &geometry((1, 0)), with_side(3, 1.0), &flags);
    assert!(matches!(error, Err(RefpixError::Outside { .. })));
}

#[test]
fn parity_of_columns_is_that_of_the_detector() {
    let flags = PixelFlags::default();
    let mut dq = Array2::zeros((3, 4));
    dq.row_mut(0).fill(flags.reference_pixel);
    let before = arr2(&[
        [1.0_f32, 5.0, 1.0, 5.0],
        [10.0, 10.0, 10.0, 10.0],
        [0.0, 0.0, 0.0, 0.0],
    ]);
    for first_column in [0, 3] {
        let correction = SingleOutputCorrection::new(dq.view(), first_column, true, 3.0, &flags);
        let mut image = before.clone();
        correction.correct(image.view_mut()).unwrap();
        assert_eq!(image.row(1).to_vec(), [9.0, 5.0, 9.0, 5.0]);
    }
    let together = SingleOutputCorrection::new(dq.view(), 3, false, 3.0, &flags);
    let mut image = before.clone();
    together.correct(image.view_mut()).unwrap();
    assert_eq!(image.row(1).to_vec(), [7.0; 4]);
    let none = SingleOutputCorrection::new(dq.slice(s![1.., ..]), 0, true, 3.0, &flags);
    assert_eq!(none.n_usable(), 0);
}

#[test]
fn interleaved_amplifiers_need_both_sides() {
    let flags = PixelFlags::default();
    let geometry = InterleavedGeometry {
        n_amplifiers: 2,
        right: 4,
    };
    let mut dq = Array2::zeros((4, 6));
    dq[[1, 4]] = 1;
    dq[[3, 4]] = 1;
    let apart = InterleavedCorrection::new(dq.view(), geometry, true, 3.0, &flags).unwrap();
    let together = InterleavedCorrection::new(dq.view(), geometry, false, 3.0, &flags).unwrap();
    assert!(!apart.is_complete());
    assert!(together.is_complete());
    let before = Array3::from_shape_fn((2, 4, 6), |(g, ..)| 10.0 + 3.0 * g as f32);
    let mut ramp = before.clone();
    apart.correct(ramp.view_mut()).unwrap();
    assert_eq!(ramp, before);
    together.correct(ramp.view_mut()).unwrap();
    assert!(ramp.iter().all(|&value| value == 10.0));
}

proptest! {
    /// A view turned to the detector is corrected as a copy that was turned.
    #[test]
    fn orientation_does_not_matter(
        values in proptest::collection::vec(-50.0_f32..50.0, 12 * 16),
        fast in prop_oneof![Just(1_i64), Just(-1), Just(2), Just(-2)],
        slow_backwards in any::<bool>(),
        double in any::<bool>(),
    ) {
        let slow = (3 - fast.abs()) * if slow_backwards { -1 } else { 1 };
        let axes = ReadoutAxes::new(fast, slow).unwrap();
        let shape = if fast.abs() == 1 { (12, 16) } else { (16, 12) };
        let before = Array2::from_shape_vec(shape, values).unwrap();
        let dq = Array2::zeros((12, 16));
        let flags = PixelFlags::default();
        let correction =
            AmplifierCorrection::new(dq.view(), &geometry((0, 0)), with_side(3, 1.0), &flags).unwrap();
        let arithmetic = if double { Arithmetic::Double } else { Arithmetic::Single };
        let mut in_place = before.clone();
        correction.correct(axes.to_detector(in_place.view_mut()), arithmetic).unwrap();
        let mut turned = axes.to_detector(before.view()).as_standard_layout().into_owned();
        correction.correct(turned.view_mut(), arithmetic).unwrap();
        prop_assert_eq!(axes.to_detector(in_place.view()), turned);
    }

    /// Constants that are added to the columns of a parity and amplifier vanish.
    #[test]
    fn drifts_vanish(levels in proptest::collection::vec(-500_i16..500, 4)) {
        let dq = Array2::zeros((12, 16));
        let flags = PixelFlags::default();
        let options = AmplifierOptions { side: None, ..with_side(3, 1.0) };
        let correction = AmplifierCorrection::new(dq.view(), &geometry((0, 0)), options, &flags).unwrap();
        let mut image = Array2::from_shape_fn((12, 16), |(_, x)| f32::from(levels[2 * (x / 8) + x % 2]));
        correction.correct(image.view_mut(), Arithmetic::Single).unwrap();
        prop_assert!(image.axis_iter(Axis(0)).flatten().all(|&value| value == 0.0));
    }
}
