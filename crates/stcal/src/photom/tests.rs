//! Tests of conversions and of their change with time.

use ndarray::array;
use proptest::prelude::*;

use super::{Conversion, Exponential, Linear, PowerLaw};
use crate::rate_image::RateImageMut;

/// From `jwst.photom.time_dependence` of jwst 3.0.0, numpy 2.4 with `float32` coefficients.
#[test]
fn throughput_changes_as_in_the_reference() {
    let time = 60_123.456;
    let linear = Linear {
        t0: 59_800.0,
        loss_per_year: 0.013,
    };
    assert!((linear.throughput(time) - 0.988_479_55).abs() < 1e-7);
    let decay = Exponential {
        t0: 59_800.0,
        amplitude: 0.21,
        tau_days: 145.5,
        constant: 0.79,
    };
    assert!((decay.throughput(time) - 0.812_737_94).abs() < 1e-6);
    let law = PowerLaw {
        t0: 59_800.0,
        year1_value: 0.93,
        t_soft_days: 2.5,
        alpha: -0.031,
    };
    assert!((law.throughput(time) - 0.933_464_9).abs() < 1e-6);
}

#[test]
fn squares_have_the_precision_of_the_factor() {
    let factor = 0.1_f32;
    assert_ne!(
        Conversion::single(factor).square,
        Conversion::double(f64::from(factor)).square
    );
}

proptest! {
    #[test]
    fn conversions_are_undone(data in -1e4_f32..1e4, factor in 0.01_f64..100.0) {
        let [mut data_after, mut err, mut photons, mut reads, mut flat] = [data, 2.0, 3.0, 4.0, 5.0].map(|v| array![[v]]);
        let mut dq = array![[0_u32]];
        let mut image = RateImageMut {
            data: data_after.view_mut(),
            err: err.view_mut(),
            dq: dq.view_mut(),
            var_poisson: photons.view_mut(),
            var_rnoise: reads.view_mut(),
            var_flat: Some(flat.view_mut()),
        };
        let conversion = Conversion::double(factor);
        conversion.apply(&mut image).unwrap();
        let ratio = image.var_poisson[[0, 0]] / 3.0;
        conversion.undo(&mut image).unwrap();
        prop_assert!((f64::from(ratio) / (factor * factor) - 1.0).abs() < 1e-6);
        prop_assert!((data_after[[0, 0]] - data).abs() <= 1e-6 * data.abs());
        prop_assert!((flat[[0, 0]] - 5.0).abs() <= 1e-6 * 5.0);
    }
}
