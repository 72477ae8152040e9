//! A small run: one exposure from ramps to an aligned image, and a mosaic with its catalogue.

use std::path::Path;

use datamodels::io::fits::{ColumnValues, Table};
use datamodels::metadata::Metadata;
use datamodels::models::ResampledModel;
use datamodels::{ImageModel, Model as _};
use gwcs::frame::{CoordinateFrame, Frame};
use gwcs::model::{Scale, Shift};
use gwcs::{Step, Transform, Wcs};
use ndarray::Array2;
use testkit::ramp::Builder;

const SIDE: usize = 32;

/// A text that would do harm in a page that does not escape.
pub(crate) const HOSTILE: &str =
    "\"><script>document.title='owned'</script><img src=x onerror=alert(1)>";

fn wcs(east_mas: f64) -> Wcs {
    let axis = |scale: f64, at: f64| {
        let centred = Transform::from(Shift(-15.5));
        let scaled = centred.then(Scale(scale / 36000.0).into()).unwrap();
        scaled.then(Shift(at).into()).unwrap()
    };
    let step = |frame, transform| Step {
        frame: Frame::Single(frame),
        transform,
    };
    let sky = axis(-1.0, 80.0 + east_mas / 3.6e6).join(axis(1.0, 0.0));
    let detector = step(CoordinateFrame::pixels("detector"), Some(sky));
    let world = step(CoordinateFrame::icrs("world"), None);
    Wcs::new("", vec![detector, world]).unwrap()
}

fn describe(meta: &mut Metadata) {
    for (path, value) in [
        ("meta.observation.obs_id", "V01"),
        ("meta.observation.exposure_number", "1"),
        ("meta.instrument.name", "NIRCAM"),
        ("meta.instrument.detector", "NRCB1"),
        ("meta.instrument.filter", "F200W"),
        ("meta.calibration_software_version", "0.1.0"),
        ("meta.ref_file.crds.context_used", "jwst_0001.pmap"),
        (
            "meta.ref_file.gain.name",
            "crds://jwst_nircam_gain_0001.fits",
        ),
        ("meta.target.proposer_name", HOSTILE),
    ] {
        meta.set(path, value);
    }
}

fn complete(meta: &mut Metadata, steps: &[&str]) {
    for step in steps {
        meta.set(&format!("meta.cal_step.{step}"), "COMPLETE");
    }
}

fn stars(row: usize, column: usize) -> f32 {
    let star = |r: f32, c: f32, peak: f32| {
        let square = (row as f32 - r).powi(2) + (column as f32 - c).powi(2);
        peak * (-square / 3.0).exp()
    };
    1.0 + star(10.0, 12.0, 50.0) + star(22.0, 20.0, 20.0)
}

fn image(kind: &str, steps: &[&str], east_mas: f64) -> ImageModel {
    let dim = (SIDE, SIDE);
    let mut meta = Metadata::new("ImageModel");
    describe(&mut meta);
    complete(&mut meta, steps);
    meta.set("meta.cal_step.persistence", "SKIPPED");
    meta.set(
        "cal_skip_reasons.persistence",
        "no <trap> data & none wanted",
    );
    meta.set("cal_summaries.jump.jumps", 12);
    meta.set("cal_summaries.jump.largest_dn", 310.456_789);
    meta.set(
        "meta.bunit_data",
        if kind == "rate" { "DN/s" } else { "MJy/sr" },
    );
    meta.set_wcs(&wcs(east_mas)).unwrap();
    for (path, value, origin) in [
        (
            "calwebb_detector1.steps.jump.parameters.rejection_threshold",
            "5.0",
            "command line",
        ),
        (
            "calwebb_detector1.steps.jump.parameters.flag_4_neighbors",
            "true",
            "default",
        ),
    ] {
        meta.set(&format!("cal_parameters.{path}.value"), value);
        meta.set(&format!("cal_parameters.{path}.origin"), origin);
    }
    let mut dq = Array2::zeros(dim);
    dq[[0, 0]] = 1;
    ImageModel {
        meta,
        data: Array2::from_shape_fn(dim, |(row, column)| stars(row, column)),
        err: Array2::from_elem(dim, 0.1),
        dq,
        var_poisson: Array2::zeros(dim),
        var_rnoise: Array2::zeros(dim),
        var_flat: None,
        area: None,
        extra: Vec::new(),
    }
}

/// Writes the products, and a log.
pub(crate) fn run_in(folder: &Path) {
    let at = |name: &str| folder.join(name);
    let ramp = Builder::new([1, 4, SIDE, SIDE]).rate_dn_per_s(2.0);
    let mut raw = ramp.build();
    describe(&mut raw.meta);
    raw.save(&at("jw01_nrcb1_uncal.fits")).unwrap();
    let flagged = ramp
        .jump([0, 2, 10, 10], 300.0)
        .group_flag([0, 2, 10, 10], 4)
        .pixel_flag([10, 10], 4);
    let mut flagged = flagged.build();
    describe(&mut flagged.meta);
    complete(&mut flagged.meta, &["dq_init", "jump"]);
    flagged.save(&at("jw01_nrcb1_jump.fits")).unwrap();

    let stage1 = ["dq_init", "jump", "ramp_fit"];
    let stage2 = ["dq_init", "jump", "ramp_fit", "assign_wcs", "photom"];
    let stage3 = [
        "dq_init",
        "jump",
        "ramp_fit",
        "assign_wcs",
        "photom",
        "tweakreg",
        "skymatch",
        "outlier_detection",
    ];
    image("rate", &stage1, 0.0)
        .save(&at("jw01_nrcb1_rate.fits"))
        .unwrap();
    image("cal", &stage2, 0.0)
        .save(&at("jw01_nrcb1_cal.fits"))
        .unwrap();
    let mut aligned = image("crf", &stage3, 25.0);
    aligned.dq[[3, 4]] = 16;
    aligned.data[[3, 4]] = f32::NAN;
    aligned.meta.set("meta.background.level", 0.75);
    aligned.meta.set("meta.background.subtracted", false);
    aligned.meta.set("meta.background.method", "match");
    aligned.save(&at("jw01-o001_a3001_crf.fits")).unwrap();

    let ImageModel {
        meta, data, err, ..
    } = image("i2d", &stage3, 25.0);
    let mosaic = ResampledModel {
        meta,
        wht: Array2::ones(data.raw_dim()),
        data,
        err: Some(err),
        dq: None,
        con: None,
        var_poisson: None,
        var_rnoise: None,
        var_flat: None,
        hdrtab: Table::new(&[("number", ColumnValues::I32(vec![1]))]),
        extra: Vec::new(),
    };
    mosaic.save(&at("jw01-o001_t001_nircam_i2d.fits")).unwrap();
    let catalog = "label xcentroid ycentroid aper_total_flux aper_total_abmag is_extended\n\
        1 12.0 10.0 1e-5 21.4 False\n2 20.0 22.0 4e-6 22.4 True\n";
    std::fs::write(at("jw01-o001_t001_nircam_cat.ecsv"), catalog).unwrap();
    let log = "{\"step\": \"jump\", \"file\": \"jw01_nrcb1_uncal.fits\", \"status\": \"COMPLETE\", \"seconds\": 1.25, \
        \"peak_memory_bytes\": 250000000, \"summary\": {\"jumps\": 1}}\n";
    std::fs::write(at("run.jsonl"), log).unwrap();
}
