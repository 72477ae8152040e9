//! Tests.

use datamodels::RampModel;
use datamodels::models::{CubeModel, ExposureModel, Model, RateModel};
use datamodels::reference::{Science, SossTrace, SossTraceReference};
use ndarray::{Array2, Array3, Array4, Axis, s};
use stpipe::{Outcome, Products, Status, Step};

use super::autoparam::{NIRCAM, NIRISS, Survey, decide};
use super::prepare::{FlickerReferences, Loaded};
use super::{CleanFlickerNoise, CleanFlickerNoiseParams, WithIntermediates, soss};
use crate::readout::ramps;

/// A ramp of 10 DN a group whose rows have offsets of their own in each group.
fn striped(integrations: usize, groups: usize) -> RampModel {
    let mut ramp = ramps::ramp("NIRCAM", (integrations, groups, 6, 8), &[]);
    ramp.meta.set("meta.exposure.type", "NRC_IMAGE");
    ramp.data = Array4::from_shape_fn((integrations, groups, 6, 8), |(i, g, y, _)| {
        let offset = if g == 0 { 0 } else { (g * g + i) as i32 };
        (10 * g) as f32 + if y % 2 == 0 { offset } else { -offset } as f32
    });
    ramp
}

/// References that need no file: a mask of the whole image.
fn whole_mask(integrations: usize, by_integration: bool) -> FlickerReferences {
    let mask = Array3::from_elem((integrations, 6, 8), true);
    FlickerReferences::Loaded(Box::new(Loaded {
        user_mask: Some((mask, by_integration)),
        ..Loaded::default()
    }))
}

fn clean(
    params: &CleanFlickerNoiseParams,
    references: FlickerReferences,
    ramp: RampModel,
) -> Outcome<ExposureModel, WithIntermediates> {
    CleanFlickerNoise::run(params, references, ExposureModel::Ramp(Box::new(ramp))).unwrap()
}

fn ramp_of(exposure: &ExposureModel) -> &RampModel {
    match exposure {
        ExposureModel::Ramp(ramp) => ramp,
        ExposureModel::Rate(_) => panic!("a ramp was given"),
    }
}

#[test]
fn stripes_of_groups_go_and_the_signal_stays() {
    let params = CleanFlickerNoiseParams {
        save_background: true,
        save_noise: true,
        save_mask: true,
        ..Default::default()
    };
    let before = striped(2, 4);
    let Outcome::Complete(mut done) = clean(&params, whole_mask(1, false), before.clone()) else {
        panic!("not complete")
    };
    let after = ramp_of(&done.exposure).data.clone();
    for integration in after.outer_iter() {
        assert_eq!(
            integration.index_axis(Axis(0), 0),
            Array2::<f32>::zeros((6, 8))
        );
        for (earlier, later) in integration
            .outer_iter()
            .zip(integration.outer_iter().skip(1))
        {
            let difference = &later - &earlier;
            assert_eq!(difference, Array2::from_elem((6, 8), 10.0));
        }
    }
    let saved: Vec<&str> = done
        .side_products()
        .iter()
        .map(|(suffix, _)| *suffix)
        .collect();
    assert_eq!(saved, ["mask", "flicker_bkg", "flicker_noise"]);
    let noise = &done.intermediates[2].1.data;
    let sum = noise + &before.data.into_dyn();
    assert_eq!(sum, after.into_dyn());
    assert_eq!(done.intermediates[0].1.meta.model_type(), "ImageModel");
    assert_eq!(done.intermediates[1].1.meta.model_type(), "RampModel");
}

#[test]
fn flagged_samples_and_images_without_background_are_left_alone() {
    let mut ramp = striped(1, 3);
    // No sample of the last difference may be used.
    ramp.groupdq
        .slice_mut(s![0, 2, .., ..])
        .fill(datamodels::dq::group::JUMP_DET);
    let before = ramp.clone();
    let params = CleanFlickerNoiseParams::default();
    let Outcome::Complete(done) = clean(&params, whole_mask(1, false), ramp) else {
        panic!("not complete")
    };
    let after = &ramp_of(&done.exposure).data;
    assert_eq!(
        after.slice(s![0, 2, .., ..]),
        before.data.slice(s![0, 2, .., ..])
    );
    assert_ne!(
        after.slice(s![0, 1, .., ..]),
        before.data.slice(s![0, 1, .., ..])
    );
}

#[test]
fn masks_have_to_fit() {
    let params = CleanFlickerNoiseParams::default();
    let outcome = clean(&params, whole_mask(3, true), striped(2, 3));
    assert_eq!(outcome.status(), Status::Failed);
    let Outcome::Failed { reason, .. } = outcome else {
        unreachable!("its status is FAILED")
    };
    assert_eq!(
        reason,
        "Mask does not match data shape: 3 of 6 x 8 for 2 integrations of (6, 8)"
    );
    assert_eq!(
        clean(&params, whole_mask(2, true), striped(2, 3)).status(),
        Status::Complete
    );
}

#[test]
fn rates_are_cleaned_as_they_are() {
    let meta = striped(1, 2).meta.derive(CubeModel::MODEL_TYPE);
    let data = Array3::from_shape_fn((2, 6, 8), |(i, y, _)| 5.0 + (i + 2 * y) as f32);
    let cube = CubeModel {
        meta,
        err: data.clone(),
        dq: Array3::zeros(data.raw_dim()),
        var_poisson: data.clone(),
        var_rnoise: data.clone(),
        var_flat: None,
        area: None,
        data,
        int_times: None,
        int_times_stripe: None,
        extra: Vec::new(),
    };
    let exposure = ExposureModel::Rate(Box::new(RateModel::Cube(cube)));
    let params = CleanFlickerNoiseParams {
        background_method: None,
        ..Default::default()
    };
    let outcome = CleanFlickerNoise::run(&params, whole_mask(1, false), exposure).unwrap();
    let Outcome::Complete(WithIntermediates {
        exposure: ExposureModel::Rate(rate),
        ..
    }) = outcome
    else {
        panic!("not complete")
    };
    let RateModel::Cube(cube) = *rate else {
        panic!("a cube was given")
    };
    assert_eq!(cube.data, Array3::<f32>::zeros((2, 6, 8)));
}

#[test]
fn the_thread_count_changes_no_bit() {
    let params = CleanFlickerNoiseParams {
        background_method: Some("model".to_owned()),
        ..Default::default()
    };
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let outcome = pool.install(|| clean(&params, whole_mask(1, false), striped(3, 5)));
        ramp_of(&outcome_exposure(outcome)).data.clone()
    };
    assert_eq!(run(1), run(4));
}

fn outcome_exposure(outcome: Outcome<ExposureModel, WithIntermediates>) -> ExposureModel {
    match outcome {
        Outcome::Complete(done) => done.exposure,
        Outcome::Skipped { input, .. } | Outcome::Failed { input, .. } => input,
    }
}

/// Worked by hand through the decision tree of jwst 3.0.0 `autoparam.py`.
#[test]
fn parameters_follow_the_survey() {
    let low = Survey {
        masked: 0.01,
        offset: 0.0,
        slope: 1e-6,
        slope_ratio: 2.0,
        scatter: 0.0,
    };
    assert_eq!(decide(&low, &NIRCAM), ("median", false));
    assert_eq!(
        decide(&Survey { slope: 2e-5, ..low }, &NIRCAM),
        ("model", false)
    );
    assert_eq!(
        decide(&Survey { slope: 2e-5, ..low }, &NIRISS),
        ("model", false)
    );
    assert_eq!(
        decide(
            &Survey {
                slope: 2e-5,
                slope_ratio: 6.0,
                ..low
            },
            &NIRISS
        ),
        ("median", false)
    );
    assert_eq!(
        decide(
            &Survey {
                slope: 2e-4,
                slope_ratio: 6.0,
                ..low
            },
            &NIRISS
        ),
        ("model", false)
    );
    assert_eq!(
        decide(
            &Survey {
                offset: 0.1,
                slope: 1.0,
                ..low
            },
            &NIRCAM
        ),
        ("median", true)
    );
    assert_eq!(
        decide(
            &Survey {
                offset: 0.01,
                scatter: 0.03,
                ..low
            },
            &NIRCAM
        ),
        ("median", true)
    );
    assert_eq!(
        decide(
            &Survey {
                offset: 0.0,
                scatter: 0.03,
                ..low
            },
            &NIRCAM
        ),
        ("median", false)
    );
    let high = Survey { masked: 0.5, ..low };
    assert_eq!(decide(&high, &NIRCAM), ("median", false));
    assert_eq!(
        decide(
            &Survey {
                slope: 2e-5,
                ..high
            },
            &NIRISS
        ),
        ("model", false)
    );
    assert_eq!(
        decide(
            &Survey {
                slope: 2e-5,
                offset: 0.1,
                ..high
            },
            &NIRISS
        ),
        ("median", false)
    );
}

fn level_trace() -> SossTraceReference {
    SossTraceReference {
        commanded_deg: 245.76,
        bounds_deg: [245.5, 246.0],
        wavelengths_um: (1.0, 2.0, 11),
        traces: vec![SossTrace {
            points: (0..40).map(|x| [f64::from(x), 50.0]).collect(),
            pivot: [20.0, 50.0],
            // From 1 to 2 µm over the columns.
            coefficients: vec![1.0, 1.0, 0.0],
            extents: [[0.0, -0.2], [39.0, 0.2]],
        }],
    }
}

#[test]
fn traces_are_sixteen_rows_wide_on_either_side() {
    let mut meta = striped(1, 2).meta;
    meta.set("meta.instrument.pupil_position", 245.76);
    let science = Science {
        meta: &meta,
        rows: 96,
        columns: 40,
    };
    let lit = soss::illuminated(&level_trace(), &science).unwrap();
    let rows: Vec<usize> = (0..96).filter(|&row| lit[(row, 7)]).collect();
    assert_eq!((rows[0], rows[rows.len() - 1], rows.len()), (34, 66, 33));
    meta.set("meta.subarray.name", "SUBSTRIP96");
    let science = Science {
        meta: &meta,
        rows: 96,
        columns: 40,
    };
    let lit = soss::illuminated(&level_trace(), &science).unwrap();
    assert_eq!((0..96).find(|&row| lit[(row, 7)]), Some(24));
    meta.set("meta.instrument.pupil_position", 240.0);
    let science = Science {
        meta: &meta,
        rows: 96,
        columns: 40,
    };
    let error = soss::illuminated(&level_trace(), &science).unwrap_err();
    assert_eq!(
        error.to_string(),
        "keyword PWCPOS: expected a position between 245.5 and 246, found 240"
    );
}
