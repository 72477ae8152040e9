//! The pipeline as a library: models in, models out, nothing written.

use std::path::Path;

use crds::{Client, Config, Observatory};
use datamodels::{ImageModel, Model, RampModel};
use pipelines::{Detector1, Detector1Output};
use steps::jump::{Jump, JumpParams};
use tempfile::TempDir;
use testkit::golden::Case;

fn case(name: &str) -> Case {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name);
    Case::open(&folder).expect("the case is part of this package")
}

fn client(case: &Case) -> Client {
    Client::open(Config::new(&case.crds_cache, Observatory::jwst())).expect("the cache opens")
}

#[test]
fn a_model_in_memory_gets_the_rates_of_the_official_product() {
    let case = case("fgs_sub128");
    let ramp = RampModel::open(&case.inputs[0]).expect("the exposure opens");
    let mut detector1 = Detector1::new();
    // What the case's parameters set; the library reads no parameter files.
    let jump = JumpParams {
        expand_large_events: true,
        min_sat_area: 7.5,
        min_jump_area: 15.0,
        after_jump_flag_dn1: 10.0,
        after_jump_flag_time1: 20.0,
        after_jump_flag_dn2: 1000.0,
        after_jump_flag_time2: 3000.0,
        ..JumpParams::default()
    };
    detector1
        .set::<Jump>(&jump)
        .expect("the parameters are valid");
    let output = detector1
        .run(ramp, &client(&case))
        .expect("the exposure is calibrated");
    let Detector1Output::Rates { rate, rateints } = output else {
        panic!("rates are expected")
    };

    let scratch = TempDir::new().expect("a folder");
    let products = case
        .official_products(scratch.path())
        .expect("the products unpack");
    let official = products
        .iter()
        .find(|path| path.to_string_lossy().ends_with("_rate.fits"));
    let official = ImageModel::open(official.expect("the case has a rate")).expect("it opens");
    assert_eq!(rate.dq, official.dq);
    assert_eq!(rateints.data.dim().0, 1);
    for (ours, theirs) in rate.data.iter().zip(&official.data) {
        let close = (ours - theirs).abs() <= 1e-5 * theirs.abs();
        assert!(
            close || (ours.is_nan() && theirs.is_nan()),
            "{ours} against {theirs}"
        );
    }
}

#[test]
fn a_skipped_fit_gives_the_calibrated_ramp() {
    let case = case("fgs_sub128");
    let ramp = RampModel::open(&case.inputs[0]).expect("the exposure opens");
    let shape = ramp.data.dim();
    let mut detector1 = Detector1::new();
    for step in ["jump", "ramp_fit"] {
        detector1
            .skip(step, true)
            .expect("the pipeline has the step");
    }
    let output = detector1
        .run(ramp, &client(&case))
        .expect("the exposure is calibrated");
    let Detector1Output::Ramp(ramp) = output else {
        panic!("a ramp is expected")
    };
    assert_eq!(ramp.data.dim(), shape);
    assert_eq!(ramp.meta.text("meta.cal_step.linearity"), Some("COMPLETE"));
    assert_eq!(ramp.meta.text("meta.cal_step.ramp_fit"), Some("SKIPPED"));
}

#[test]
fn unknown_steps_and_values_out_of_range_are_refused() {
    let mut detector1 = Detector1::new();
    assert!(detector1.skip("jmp", true).is_err());
    let wrong = JumpParams {
        rejection_threshold: -1.0,
        ..JumpParams::default()
    };
    let error = detector1
        .set::<Jump>(&wrong)
        .expect_err("the threshold is negative");
    let cause = std::error::Error::source(&error)
        .expect("a cause")
        .to_string();
    assert!(cause.contains("rejection_threshold"), "{cause}");
}
