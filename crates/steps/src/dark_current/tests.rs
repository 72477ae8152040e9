//! Tests with models made in memory.

use datamodels::RampModel;
use datamodels::reference::DarkReference;
use ndarray::{Array2, Array3, Array4, ArrayD};
use stpipe::{Outcome, ReferenceFiles, Status, Step};

use super::{DarkCurrent, DarkCurrentParams, DarkCurrentReferences, ReferenceAverage};
use crate::readout::ramps::ramp;

/// A dark of the level `100 integration + group`.
fn references(
    integrations: usize,
    frames_per_group: usize,
    group_gap: usize,
) -> DarkCurrentReferences {
    let dark = DarkReference {
        signal: Array4::from_shape_fn((integrations, 4, 10, 2), |(i, g, ..)| (100 * i + g) as f32)
            .into(),
        by_integration: integrations > 1,
        dq: Array3::from_shape_fn((integrations, 10, 2), |(i, ..)| 1 << i),
        frames_per_group,
        group_gap,
        average_dark_current: None,
    };
    DarkCurrentReferences {
        dark,
        average: ReferenceAverage::Number(0.25),
    }
}

fn run(references: DarkCurrentReferences, ramp: RampModel) -> Outcome<RampModel, RampModel> {
    DarkCurrent::run(&DarkCurrentParams::default(), references, ramp).unwrap()
}

#[test]
fn a_coarser_dark_is_not_subtracted_but_its_average_is_set() {
    for (frames, gap) in [(2, 0), (1, 1)] {
        let outcome = run(
            references(1, frames, gap),
            ramp("NIRCAM", (1, 3, 10, 2), &[]),
        );
        assert_eq!(outcome.status(), Status::Skipped);
        let ramp = outcome.into_model();
        assert!(ramp.data.iter().all(|&value| value == 1.0));
        assert!(ramp.pixeldq.iter().all(|&dq| dq == 0));
        assert_eq!(
            ramp.average_dark_current,
            Some(Array2::from_elem((10, 2), 0.25))
        );
    }
}

#[test]
fn later_integrations_and_later_segments_get_the_last_dark() {
    let levels = |first: i64| {
        let start = [("meta.exposure.integration_start", first)];
        let ramp = run(references(2, 1, 0), ramp("MIRI", (3, 2, 10, 2), &start)).into_model();
        assert!(ramp.pixeldq.iter().all(|&dq| dq == 3));
        (0..3)
            .map(|i| 1.0 - ramp.data[[i, 1, 9, 1]])
            .collect::<Vec<_>>()
    };
    assert_eq!(levels(1), [1.0, 101.0, 101.0]);
    assert_eq!(levels(4), [101.0, 101.0, 101.0]);
}

#[test]
fn a_short_dark_is_extrapolated_and_a_fine_one_averaged() {
    let long = run(references(1, 1, 0), ramp("NIRCAM", (1, 6, 10, 2), &[])).into_model();
    assert_eq!(long.data[[0, 5, 3, 0]], -4.0);
    let averaged = run(
        references(1, 1, 0),
        ramp("NIRCAM", (1, 2, 10, 2), &[("meta.exposure.nframes", 2)]),
    );
    assert_eq!(averaged.into_model().data[[0, 1, 3, 0]], -1.5);
}

#[test]
fn a_parameter_goes_before_the_average_of_the_reference() {
    let params = DarkCurrentParams {
        average_dark_current: Some(0.5),
        ..Default::default()
    };
    let image = ReferenceAverage::Image(ArrayD::from_elem(vec![10, 2], 0.125));
    let references = DarkCurrentReferences {
        average: image,
        ..references(1, 1, 0)
    };
    let ramp = DarkCurrent::run(&params, references, ramp("NIRCAM", (1, 3, 10, 2), &[]))
        .unwrap()
        .into_model();
    assert_eq!(
        ramp.average_dark_current,
        Some(Array2::from_elem((10, 2), 0.5))
    );
}

// Expected: jwst 3.0.0 `DarkCurrentStep.set_average_dark_current`, run with models of these shapes.
#[test]
fn an_image_only_replaces_an_image_of_its_shape() {
    let average = |before: Option<f32>, shape: (usize, usize)| {
        let mut ramp = ramp("NIRCAM", (1, 3, 10, 2), &[]);
        ramp.average_dark_current = before.map(|value| Array2::from_elem((10, 2), value));
        let average = ReferenceAverage::Image(ArrayD::from_elem(vec![shape.0, shape.1], 0.125));
        let references = DarkCurrentReferences {
            average,
            ..references(1, 1, 0)
        };
        run(references, ramp).into_model().average_dark_current
    };
    assert_eq!(average(None, (10, 2)), None);
    assert_eq!(
        average(Some(7.0), (4, 4)),
        Some(Array2::from_elem((10, 2), 7.0))
    );
    assert_eq!(
        average(Some(7.0), (10, 2)),
        Some(Array2::from_elem((10, 2), 0.125))
    );
}

#[test]
fn saving_the_dark_is_refused() {
    let params = DarkCurrentParams {
        dark_output: Some("dark.fits".to_string()),
        ..Default::default()
    };
    let ramp = ramp("NIRCAM", (1, 3, 10, 2), &[]);
    let error = DarkCurrent::prepare(&params, &ramp, &ReferenceFiles::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "dark_output: expected None: this version cannot save the dark, found dark.fits"
    );
}
