//! Tests of the mean background.

use ndarray::{Array2, Array3, array};
use proptest::prelude::*;

use super::{Averager, Clipping, subtract};

const CLIPPING: Clipping = Clipping {
    sigma: 1.2,
    max_iterations: None,
};

/// From `astropy.stats.sigma_clip(images, sigma=1.2, maxiters=None, axis=0).mean(axis=0)`, astropy 8.0.2.
#[test]
fn outliers_and_unknown_values_are_left_out() {
    let nan = f64::NAN;
    let images = array![
        [[1.0, nan, nan, 5.0]],
        [[2.0, nan, 3.0, f64::INFINITY]],
        [[50.0, nan, nan, 6.0]],
        [[1.5, nan, nan, 7.0]]
    ];
    let variances = Array3::from_shape_fn((4, 1, 4), |(_, _, x)| ((x + 1) * (x + 1)) as f64);
    let (mut mean, mut err) = (Array2::zeros((1, 4)), Array2::zeros((1, 4)));
    let mut averager = Averager::new(CLIPPING);
    averager
        .average_exposures(
            images.view(),
            variances.view(),
            mean.view_mut(),
            err.view_mut(),
        )
        .unwrap();
    assert_eq!(mean, array![[1.5, 0.0, 3.0, 6.0]]);
    assert_eq!(err, array![[1.0, 0.0, 3.0, 4.0]]);
    let mut mean = Array2::zeros((1, 4));
    averager
        .average_integrations(images.mapv(|v| v as f32).view(), mean.view_mut())
        .unwrap();
    assert_eq!(mean, array![[1.5, 0.0, 3.0, 6.0]]);
}

/// From the same function with `maxiters` 0, 1 and none on four times 1, 2, 3, 100 with sigma 1.
#[test]
fn iterations_are_limited() {
    let images = Array3::from_shape_fn((16, 1, 1), |(i, ..)| [1.0_f32, 2.0, 3.0, 100.0][i % 4]);
    for (limit, expected) in [(Some(0), 2.0), (Some(1), 2.0), (None, 2.0)] {
        let mut averager = Averager::new(Clipping {
            sigma: 1.0,
            max_iterations: limit,
        });
        let mut mean = Array2::zeros((1, 1));
        averager
            .average_integrations(images.view(), mean.view_mut())
            .unwrap();
        assert_eq!(mean[[0, 0]], expected);
    }
}

#[test]
fn other_shapes_are_refused() {
    let (mut data, mut dq) = (Array2::zeros((2, 2)), Array2::zeros((2, 2)));
    let (mean, mean_dq) = (Array2::zeros((2, 3)), Array2::zeros((2, 3)));
    assert!(subtract(data.view_mut(), dq.view_mut(), mean.view(), mean_dq.view()).is_err());
}

proptest! {
    #[test]
    fn the_mean_lies_between_the_values(values in prop::collection::vec(-10.0_f64..10.0, 1..8), sigma in 1.0_f64..4.0) {
        let count = values.len();
        let images = Array3::from_shape_vec((count, 1, 1), values.clone()).unwrap();
        let variances = Array3::ones((count, 1, 1));
        let (mut mean, mut err) = (Array2::zeros((1, 1)), Array2::zeros((1, 1)));
        let clipping = Clipping { sigma, max_iterations: None };
        Averager::new(clipping)
            .average_exposures(images.view(), variances.view(), mean.view_mut(), err.view_mut())
            .unwrap();
        let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        prop_assert!(f64::from(mean[[0, 0]]) >= low - 1e-5 && f64::from(mean[[0, 0]]) <= high + 1e-5);
        prop_assert!(err[[0, 0]] >= (1.0 / count as f32).sqrt() - 1e-6 && err[[0, 0]] <= 1.0);
    }
}
