//! Tests of the parameters, and of files that cannot be used.

use std::path::Path;

use datamodels::metadata::Metadata;
use datamodels::models::{CubeModel, ImageModel, Model, RateModel};
use datamodels::reference::BackgroundExposure;
use ndarray::{Array2, Array3, Axis, array};
use stpipe::{Outcome, Prepared, ReferenceFiles, Step, StepError};

use super::{BackgroundSubtracted, BkgSubtract, BkgSubtractParams, clipping, have_same_tilt};

#[test]
fn no_limit_of_iterations_is_none_or_minus_one() {
    let limit = |maxiters| {
        let params = BkgSubtractParams {
            maxiters,
            ..BkgSubtractParams::default()
        };
        clipping(&params).max_iterations
    };
    let expected = [None, None, None, Some(4), Some(1)];
    assert_eq!(
        [None, Some(-1), Some(0), Some(4), Some(-3)].map(limit),
        expected
    );
}

#[test]
fn the_wheel_of_nirspec_must_stand_still() {
    let meta = |x: f64| {
        let mut meta = Metadata::new("ImageModel");
        meta.set("meta.instrument.gwa_xtilt", x);
        meta.set("meta.instrument.gwa_ytilt", 0.2);
        meta
    };
    assert!(have_same_tilt(&meta(0.1), &meta(0.1 + 5e-9)).unwrap());
    assert!(!have_same_tilt(&meta(0.1), &meta(0.1 + 2e-8)).unwrap());
    assert!(have_same_tilt(&meta(0.1), &Metadata::new("ImageModel")).is_err());
}

/// Metadata of a NIRCam subarray that begins at a column and row, counted from 1.
fn subarray(model: &str, (x, y): (i64, i64), (rows, columns): (usize, usize)) -> Metadata {
    let mut meta = Metadata::new(model);
    meta.set("meta.instrument.name", "NIRCAM");
    meta.set("meta.exposure.type", "NRC_IMAGE");
    meta.set("meta.subarray.xstart", x);
    meta.set("meta.subarray.ystart", y);
    meta.set("meta.subarray.xsize", columns as i64);
    meta.set("meta.subarray.ysize", rows as i64);
    meta
}

fn image(start: (i64, i64), data: Array2<f32>) -> ImageModel {
    let dim = data.dim();
    ImageModel {
        meta: subarray(ImageModel::MODEL_TYPE, start, dim),
        err: Array2::from_elem(dim, 2.0),
        dq: Array2::zeros(dim),
        var_poisson: Array2::zeros(dim),
        var_rnoise: Array2::zeros(dim),
        var_flat: None,
        area: None,
        extra: Vec::new(),
        data,
    }
}

fn cube(start: (i64, i64), data: Array3<f32>) -> CubeModel {
    let dim = data.dim();
    CubeModel {
        meta: subarray(CubeModel::MODEL_TYPE, start, (dim.1, dim.2)),
        err: Array3::from_elem(dim, 2.0),
        dq: Array3::zeros(dim),
        var_poisson: Array3::zeros(dim),
        var_rnoise: Array3::zeros(dim),
        var_flat: None,
        area: None,
        int_times: None,
        int_times_stripe: None,
        extra: Vec::new(),
        data,
    }
}

/// Subtracts the backgrounds in these files.
fn run(rate: RateModel, files: &[&Path]) -> Result<BackgroundSubtracted, StepError> {
    let names = files.iter().map(|file| file.display().to_string());
    let params = BkgSubtractParams {
        bkg_list: Some(names.chain([String::new()]).collect()),
        save_combined_background: true,
        ..BkgSubtractParams::default()
    };
    let files = ReferenceFiles::default();
    let backgrounds: Vec<BackgroundExposure> = match BkgSubtract::prepare(&params, &rate, &files)? {
        Prepared::Ready(backgrounds) => backgrounds,
        Prepared::Skip(reason) => panic!("skipped: {reason}"),
    };
    match BkgSubtract::run(&params, backgrounds, rate)? {
        Outcome::Complete(output) => Ok(output),
        other => panic!("not complete: {other:?}"),
    }
}

#[test]
fn the_common_part_of_a_larger_background_is_subtracted() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.fits");
    let mut background = image(
        (1, 1),
        Array2::from_shape_fn((5, 6), |(y, x)| (10 * y + x) as f32),
    );
    background.dq[[2, 3]] = 16;
    background.save(&large).unwrap();
    let rate = RateModel::Image(image((3, 2), Array2::from_elem((2, 3), 100.0)));
    let BackgroundSubtracted { rate, combined } = run(rate, &[&large]).unwrap();
    let RateModel::Image(rate) = rate else {
        panic!("another kind of product")
    };
    assert_eq!(rate.data, array![[88.0, 87.0, 86.0], [78.0, 77.0, 76.0]]);
    assert_eq!(rate.dq, array![[0, 0, 0], [0, 16, 0]]);
    assert_eq!(combined.unwrap().err, Array2::from_elem((2, 3), 2.0));
}

/// As `jwst.background.background_sub` of jwst 3.0.0 does: backgrounds elsewhere count for nothing, and one that begins
/// inside of the exposure is subtracted from its first pixel on.
#[test]
fn backgrounds_elsewhere_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (away, inside, same) = (path("away.fits"), path("inside.fits"), path("same.fits"));
    image((500, 2), Array2::ones((2, 3))).save(&away).unwrap();
    image((4, 2), Array2::from_elem((2, 2), 3.0))
        .save(&inside)
        .unwrap();
    image((3, 2), Array2::ones((2, 3))).save(&same).unwrap();
    let rate = RateModel::Image(image((3, 2), Array2::zeros((2, 3))));
    let RateModel::Image(rate) = run(rate, &[&away, &inside, &same]).unwrap().rate else {
        panic!("another kind of product")
    };
    assert_eq!(rate.data, array![[-2.0, -2.0, -1.0], [-2.0, -2.0, -1.0]]);
}

#[test]
fn integrations_are_averaged_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cube.fits");
    let mut data = Array3::ones((12, 2, 3));
    data[[4, 1, 2]] = 1e6;
    cube((3, 2), data).save(&path).unwrap();
    let rate = RateModel::Cube(cube((3, 2), Array3::from_elem((2, 2, 3), 5.0)));
    let RateModel::Cube(rate) = run(rate, &[&path]).unwrap().rate else {
        panic!("another kind of product")
    };
    assert_eq!(rate.data, Array3::from_elem((2, 2, 3), 4.0));
    let image = RateModel::Image(image((3, 2), rate.data.index_axis(Axis(0), 0).to_owned()));
    let error = run(image, &[&path]).unwrap_err();
    assert!(error.to_string().contains("cube.fits"), "{error}");
}
