//! Tests of correlated double sampling.

use ndarray::{Array2, Array3, array};

use super::{Detector, Sampling, difference, rate, smaller};

#[test]
fn fours_are_means_of_both_ends() {
    let ramp = Array3::from_shape_fn((8, 1, 1), |(group, _, _)| (group * group) as f32);
    // (16 + 25 + 36 + 49) / 4 - (0 + 1 + 4 + 9) / 4
    assert_eq!(
        difference(ramp.view(), Sampling::Fours).unwrap()[[0, 0]],
        28.0
    );
    let short = Array3::from_shape_fn((5, 1, 1), |(group, _, _)| group as f32);
    assert_eq!(
        difference(short.view(), Sampling::Fours).unwrap()[[0, 0]],
        1.0
    );
}

#[test]
fn one_group_is_no_difference() {
    let ramp = Array3::<f32>::zeros((1, 2, 2));
    assert!(difference(ramp.view(), Sampling::FirstTwo).is_err());
}

#[test]
fn the_smaller_difference_keeps_what_is_not_a_number() {
    let (a, b) = (array![[1.0, f32::NAN, 3.0]], array![[2.0, 1.0, f32::NAN]]);
    let least = smaller(&a, &b).unwrap();
    assert_eq!(least[[0, 0]], 1.0);
    assert!(least[[0, 1]].is_nan() && least[[0, 2]].is_nan());
    assert_eq!(smaller(&b, &a).unwrap()[[0, 0]], 1.0);
}

#[test]
fn errors_of_both_noises() {
    let detector = Detector {
        group_time_s: 2.0,
        gain_e_per_dn: array![[2.0_f32, 2.0, 0.0]].leak_view(),
        read_noise_dn: array![[4.0_f32, 4.0, 4.0]].leak_view(),
    };
    let (mut out, mut err) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
    rate(
        array![[16.0, -16.0, 0.0]].view(),
        &detector,
        out.view_mut(),
        err.view_mut(),
    )
    .unwrap();
    assert_eq!(out, array![[8.0, -8.0, 0.0]]);
    // 2 (4/2)² + 16/(2 * 2) = 12; a negative photon part counts as none; 0/0 is not a number.
    assert_eq!(err[[0, 0]], 12.0_f32.sqrt());
    assert_eq!(err[[0, 1]], 8.0_f32.sqrt());
    assert!(err[[0, 2]].is_nan());
}

trait LeakView {
    fn leak_view(self) -> ndarray::ArrayView2<'static, f32>;
}

impl LeakView for Array2<f32> {
    fn leak_view(self) -> ndarray::ArrayView2<'static, f32> {
        let shape = self.raw_dim();
        let values: &'static [f32] = self.into_raw_vec_and_offset().0.leak();
        ndarray::ArrayView2::from_shape(shape, values).unwrap()
    }
}
