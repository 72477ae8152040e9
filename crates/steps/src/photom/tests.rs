//! Tests of the choice of rows and factors.

use datamodels::io::fits::{ColumnValues, Table};
use datamodels::metadata::Metadata;
use datamodels::models::{CubeModel, ImageModel, Model, RateModel};
use datamodels::reference::{AreaReference, PhotomReference, PixelArea, TimeCoefficients};
use ndarray::{Array2, Array3, array};
use stpipe::{Outcome, Step};

use super::row::{Choice, choose};
use super::{Photom, PhotomParams, PhotomReferences};

fn text(values: &[&str]) -> ColumnValues {
    ColumnValues::Text {
        width: 12,
        values: values.iter().map(ToString::to_string).collect(),
    }
}

fn metadata(instrument: &str, filter: &str, pupil: &str, subarray: &str) -> Metadata {
    let mut meta = Metadata::new("ImageModel");
    meta.set("meta.instrument.name", instrument);
    meta.set("meta.instrument.detector", instrument);
    meta.set("meta.instrument.filter", filter);
    meta.set("meta.instrument.pupil", pupil);
    meta.set("meta.subarray.name", subarray);
    meta.set("meta.exposure.type", "X_IMAGE");
    meta
}

fn image(meta: Metadata) -> RateModel {
    let plane = |value: f32| Array2::from_elem((1, 2), value);
    RateModel::Image(ImageModel {
        meta,
        data: array![[2.0, f32::NAN]],
        err: plane(0.5),
        dq: Array2::zeros((1, 2)),
        var_poisson: plane(0.25),
        var_rnoise: plane(0.0),
        var_flat: Some(plane(1.0)),
        area: None,
        extra: Vec::new(),
    })
}

fn cube(mut meta: Metadata) -> RateModel {
    meta.set_model_type(CubeModel::MODEL_TYPE);
    let plane = || Array3::ones((1, 1, 2));
    RateModel::Cube(CubeModel {
        meta,
        data: plane(),
        err: plane(),
        dq: Array3::zeros((1, 1, 2)),
        var_poisson: plane(),
        var_rnoise: plane(),
        var_flat: None,
        area: None,
        int_times: None,
        int_times_stripe: None,
        extra: Vec::new(),
    })
}

fn table(columns: &[(&str, ColumnValues)]) -> Table {
    Table::new(columns).unwrap()
}

fn references(table: Table) -> PhotomReferences {
    let time = TimeCoefficients {
        linear: None,
        exponential: None,
        power_law: None,
    };
    let area = PixelArea {
        steradians: Some(2e-14),
        square_arcseconds: None,
    };
    let photom = PhotomReference {
        file_name: None,
        table,
        time,
        area,
    };
    PhotomReferences { photom, area: None }
}

fn filters_and_pupils() -> Table {
    table(&[
        ("filter", text(&["F200W", "f200w", "F090W", "F090W"])),
        ("pupil", text(&["CLEAR", "MASKBAR", "CLEAR", "CLEAR"])),
        ("photmjsr", ColumnValues::F64(vec![1.0, 2.0, 3.0, 4.0])),
    ])
}

#[test]
fn filter_and_pupil_choose_for_the_near_infrared() {
    for instrument in ["NIRCAM", "NIRISS"] {
        let choice = |filter, pupil| {
            let rate = image(metadata(instrument, filter, pupil, "FULL"));
            choose(&rate, &filters_and_pupils())
        };
        assert_eq!(choice("F200W", "CLEAR").unwrap(), Choice::Row(0));
        assert_eq!(choice("F200W", "maskbar").unwrap(), Choice::Row(1));
        assert_eq!(choice("F444W", "CLEAR").unwrap(), Choice::None);
        let error = choice("F090W", "CLEAR").unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("rows 3 and 4"), "{cause}");
    }
}

#[test]
fn subarrays_choose_for_miri_and_where_nircam_has_them() {
    let table = table(&[
        ("filter", text(&["F770W", "F770W", "F1065C"])),
        ("subarray", text(&["FULL", "GENERIC", "MASK1065"])),
        ("pupil", text(&["CLEAR", "CLEAR", "CLEAR"])),
    ]);
    let choice = |instrument, filter, subarray| {
        choose(
            &image(metadata(instrument, filter, "CLEAR", subarray)),
            &table,
        )
        .unwrap()
    };
    assert_eq!(choice("MIRI", "F770W", "FULL"), Choice::Row(0));
    assert_eq!(choice("MIRI", "F770W", "SUB64"), Choice::Row(1));
    assert_eq!(choice("MIRI", "F1065C", "MASK1065"), Choice::Row(2));
    assert_eq!(choice("MIRI", "F1065C", "FULL"), Choice::None);
    assert_eq!(choice("NIRCAM", "F770W", "FULL"), Choice::Row(0));
    assert_eq!(choice("NIRCAM", "F770W", "SUB64"), Choice::None);
    assert_eq!(choice("FGS", "ANY", "ANY"), Choice::Row(0));
}

#[test]
fn all_changes_with_time_are_multiplied() {
    let mut references = references(table(&[("photmjsr", ColumnValues::F64(vec![3.0]))]));
    let number = |value| ColumnValues::F64(vec![value]);
    references.photom.time = TimeCoefficients {
        linear: Some(table(&[
            ("t0", number(60_000.0)),
            ("lossperyear", number(0.25)),
        ])),
        exponential: Some(table(&[
            ("t0", number(60_000.0)),
            ("amplitude", number(0.0)),
            ("tau", number(10.0)),
            ("const", number(0.5)),
        ])),
        power_law: Some(table(&[
            ("t0", number(60_000.0)),
            ("year1value", number(0.5)),
            ("tsoft", number(0.0)),
            ("alpha", number(1.0)),
        ])),
    };
    let mut meta = metadata("FGS", "", "", "FULL");
    meta.set("meta.exposure.mid_time", 60_365.0);
    let run = |apply_time_correction| {
        let params = PhotomParams {
            apply_time_correction,
            ..PhotomParams::default()
        };
        let outcome = Photom::run(&params, references.clone(), image(meta.clone())).unwrap();
        outcome
            .into_model()
            .meta()
            .number("meta.photometry.conversion_megajanskys")
    };
    assert_eq!(run(false), Some(3.0));
    // 0.75 of the linear loss, half of the constant, half of the power law.
    assert_eq!(run(true), Some(16.0));
}

#[test]
fn images_become_surface_brightness_and_rates_again() {
    let references = references(filters_and_pupils());
    let meta = metadata("NIRCAM", "F200W", "MASKBAR", "FULL");
    let run = |rate, inverse| {
        let params = PhotomParams {
            inverse,
            ..PhotomParams::default()
        };
        match Photom::run(&params, references.clone(), rate).unwrap() {
            Outcome::Complete(RateModel::Image(image)) => image,
            other => panic!("no image: {other:?}"),
        }
    };
    let calibrated = run(image(meta), false);
    assert_eq!(
        (calibrated.data[[0, 0]], calibrated.err[[0, 0]]),
        (4.0, 1.0)
    );
    assert_eq!(calibrated.var_flat.as_ref().unwrap()[[0, 0]], 4.0);
    assert_eq!(calibrated.dq[[0, 1]], 1);
    assert!(calibrated.err[[0, 1]].is_nan());
    let meta = &calibrated.meta;
    assert_eq!(meta.text("meta.bunit_data"), Some("MJy/sr"));
    assert_eq!(meta.number(PixelArea::STERADIANS), Some(2e-14));
    assert_eq!(meta.number(PixelArea::SQUARE_ARCSECONDS), None);
    let rates = run(RateModel::Image(calibrated), true);
    assert_eq!((rates.data[[0, 0]], rates.var_poisson[[0, 0]]), (2.0, 0.25));
    assert_eq!(rates.meta.text("meta.bunit_err"), Some("DN/s"));
}

#[test]
fn cubes_of_niriss_only_get_the_area() {
    let mut references = references(filters_and_pupils());
    references.area = Some(AreaReference {
        map: Array2::ones((1, 2)),
        area: PixelArea::default(),
    });
    let rate = cube(metadata("NIRISS", "F200W", "CLEAR", "FULL"));
    match Photom::run(&PhotomParams::default(), references, rate).unwrap() {
        Outcome::Skipped {
            input: RateModel::Cube(cube),
            ..
        } => {
            assert_eq!(cube.data[[0, 0, 0]], 1.0);
            assert_eq!(cube.area, Some(Array2::ones((1, 2))));
        }
        other => panic!("not skipped: {other:?}"),
    }
}
