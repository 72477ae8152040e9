//! Tests with models made in memory.

use asdf::Node;
use datamodels::RampModel;
use datamodels::reference::{GainReference, ReadNoiseReference};
use ndarray::{Array2, Array3, s};
use stpipe::{Outcome, Step};

use super::{Algorithm, OptionalProduct, RampFit, RampFitOutput, RampFitParams, RampFitReferences};
use crate::readout::ramps::ramp;

/// An exposure that gains 30 DN in a group of 3 s.
fn exposure(instrument: &str, groups: usize, frames: i64) -> RampModel {
    let mut ramp = ramp(
        instrument,
        (1, groups, 2, 3),
        &[("meta.exposure.nframes", frames)],
    );
    ramp.meta.set("meta.exposure.group_time", 3.0);
    ramp.meta
        .set("meta.exposure.frame_time", 3.0 / frames as f64);
    for (group, mut samples) in ramp.data.axis_iter_mut(ndarray::Axis(1)).enumerate() {
        samples.fill(30.0 * group as f32);
    }
    ramp
}

fn run(params: &RampFitParams, ramp: RampModel) -> RampFitOutput {
    let image = (2, 3);
    let references = RampFitReferences {
        gain: GainReference {
            gain_e_per_dn: Array2::from_elem(image, 2.0),
            gain_factor: None,
        },
        read_noise: ReadNoiseReference {
            read_noise_dn: Array2::from_elem(image, 10.0),
        },
    };
    match RampFit::run(params, references, ramp).unwrap() {
        Outcome::Complete(output) => output,
        other => panic!("the step was not run: {other:?}"),
    }
}

fn likely(save_opt: bool) -> RampFitParams {
    RampFitParams {
        algorithm: "LIKELY".to_string(),
        save_opt,
        ..RampFitParams::default()
    }
}

#[test]
fn the_exposure_has_a_say_in_the_algorithm() {
    let ols = RampFitParams::default();
    let cases = [
        (&ols, 10, false, Algorithm::Ols),
        (&ols, 10, true, Algorithm::Likely),
        (&ols, 3, true, Algorithm::Ols),
        (&likely(false), 4, false, Algorithm::Likely),
        (&likely(false), 3, false, Algorithm::Ols),
    ];
    for (params, groups, uneven, expected) in cases {
        assert_eq!(Algorithm::choose(params, groups, uneven), expected);
    }
}

#[test]
fn uneven_read_times_are_taken_from_the_metadata() {
    let mut ramp = exposure("NIRCAM", 5, 1);
    let times = [1.0, 2.0, 4.0, 7.0, 8.0];
    let node = times
        .iter()
        .map(|&time| Node::Sequence(vec![Node::Float(time)]));
    ramp.meta
        .set("meta.exposure.read_times", Node::Sequence(node.collect()));
    for (group, time) in times.iter().enumerate() {
        ramp.data
            .slice_mut(s![.., group, .., ..])
            .fill(10.0 * *time as f32);
    }
    let rate = run(&RampFitParams::default(), ramp.clone()).rate.unwrap();
    assert!(
        rate.data.iter().all(|&rate| (rate - 10.0).abs() < 1e-5),
        "{}",
        rate.data
    );
    ramp.meta.set(
        "meta.exposure.read_times",
        Node::Sequence(vec![Node::Float(1.0)]),
    );
    assert!(super::likely::read_times(&ramp).is_err());
}

#[test]
fn chi_square_is_a_product_of_its_own() {
    let output = run(&likely(true), exposure("NIRCAM", 5, 1));
    let mut optional = output.optional.expect("it was asked for");
    assert_eq!(optional.suffix(), "likely_chisq");
    assert!(matches!(&optional, OptionalProduct::ChiSquare(model) if model.data.dim() == (2, 3)));
    assert!(optional.product().describe().starts_with("ImageModel"));
    assert!(
        run(&likely(false), exposure("NIRCAM", 5, 1))
            .optional
            .is_none()
    );
}

#[test]
fn saturated_exposures_get_rates_of_nan_from_the_likelihood_and_none_from_least_squares() {
    let mut ramp = exposure("NIRCAM", 5, 1);
    ramp.groupdq.fill(2);
    assert!(run(&RampFitParams::default(), ramp.clone()).rate.is_none());
    let rate = run(&likely(false), ramp).rate.unwrap();
    assert!(rate.data.iter().all(|rate| rate.is_nan()));
    assert!(rate.dq.iter().all(|&dq| dq == 3));
}

#[test]
fn a_saturated_first_group_falls_back_to_the_zero_frame() {
    // The zero frame of 24 DN was read 1.5 s after the reset.
    let mut ramp = exposure("NIRCAM", 5, 2);
    ramp.groupdq.slice_mut(s![.., .., 0, ..2]).fill(2);
    let mut zero_frame = Array3::from_elem((1, 2, 3), 24.0);
    zero_frame[[0, 0, 1]] = 0.0;
    ramp.zeroframe = Some(zero_frame);
    let params = RampFitParams {
        suppress_one_group: false,
        ..RampFitParams::default()
    };
    let rate = run(&params, ramp.clone()).rate.unwrap();
    assert_eq!(rate.data[[0, 0]], 16.0);
    assert_eq!(rate.dq[[0, 0]], 2);
    assert!(rate.data[[0, 1]].is_nan() && rate.dq[[0, 1]] & 1 == 1);
    assert!((rate.data[[1, 1]] - 10.0).abs() < 1e-5);
    // With suppression, the zero frame is left alone.
    let rate = run(&RampFitParams::default(), ramp).rate.unwrap();
    assert!(rate.data[[0, 0]].is_nan());
}
