use datamodels::CubeModel;
use datamodels::dq::pixel;
use datamodels::metadata::Metadata;
use ndarray::{Array3, s};
use stpipe::Outcome;

use super::*;

/// A cube of zeros with an outlier in integration 3, and a bad pixel.
fn cube(kind: &str) -> CubeModel {
    let mut meta = Metadata::new("CubeModel");
    meta.set("meta.exposure.type", kind);
    meta.set("meta.exposure.nints", 6_i64);
    let mut data = Array3::<f32>::zeros((6, 4, 5));
    data[[3, 1, 2]] = 100.0;
    let mut dq = Array3::<u32>::zeros((6, 4, 5));
    dq[[0, 0, 0]] = pixel::DO_NOT_USE;
    CubeModel {
        meta,
        err: Array3::ones((6, 4, 5)),
        var_poisson: Array3::ones((6, 4, 5)),
        var_rnoise: Array3::ones((6, 4, 5)),
        var_flat: None,
        area: None,
        int_times: None,
        int_times_stripe: None,
        data,
        dq,
        extra: Vec::new(),
    }
}

fn flagged(params: &OutlierDetectionParams, cube: CubeModel) -> CubeOutliers {
    match CubeOutlierDetection::run(params, (), cube).unwrap() {
        Outcome::Complete(found) => found,
        other => panic!("{}", other.status()),
    }
}

#[test]
fn an_outlier_of_a_coronagraph_is_flagged_and_hidden() {
    let found = flagged(&OutlierDetectionParams::default(), cube("NRC_CORON")).cube;
    assert_eq!(found.dq[[3, 1, 2]], pixel::OUTLIER | pixel::DO_NOT_USE);
    assert!(found.data[[3, 1, 2]].is_nan() && found.err[[3, 1, 2]].is_nan());
    assert!(found.data[[0, 0, 0]].is_nan());
    assert_eq!(found.dq.iter().filter(|dq| **dq != 0).count(), 2);
}

#[test]
fn a_time_series_has_a_moving_median() {
    let params = OutlierDetectionParams {
        rolling_window_width: 3,
        save_intermediate_results: true,
        ..OutlierDetectionParams::default()
    };
    let found = flagged(&params, cube("NRC_TSIMAGE"));
    assert_eq!(found.cube.dq[[3, 1, 2]], pixel::OUTLIER | pixel::DO_NOT_USE);
    assert_eq!(found.cube.dq.slice(s![.., 2.., ..]).sum(), 0);
    assert!(found.median.is_some());
}

#[test]
fn other_cubes_are_refused() {
    let error = CubeOutlierDetection::run(&OutlierDetectionParams::default(), (), cube("NRS_IFU"));
    assert!(error.is_err());
}

#[test]
fn two_numbers_are_read() {
    assert_eq!(
        OutlierDetectionParams::pair("snr", "5.0 4.0").unwrap(),
        [5.0, 4.0]
    );
    assert!(OutlierDetectionParams::pair("snr", "5.0").is_err());
    assert!(OutlierDetectionParams::pair("snr", "five four").is_err());
}
