//! The comparison finds what was planted, and nothing else.

use std::path::PathBuf;

use datamodels::{CubeModel, ImageModel, Model, RampModel};
use ndarray::{Array2, Array3};
use tempfile::TempDir;

use super::*;
use testkit::ramp::Builder;

struct Pair {
    folder: TempDir,
    ours: RampModel,
    reference: RampModel,
}

impl Pair {
    fn new() -> Self {
        let reference = Builder::new([1, 4, 6, 8]).seed(5).build();
        Self {
            folder: TempDir::new().expect("a temporary folder"),
            ours: reference.clone(),
            reference,
        }
    }

    fn report(&self, spec: &ToleranceSpec) -> Report {
        let (a, b) = (self.path("ours"), self.path("reference"));
        self.ours.save(&a).expect("ours is written");
        self.reference.save(&b).expect("the reference is written");
        compare_products(&a, &b, spec).expect("both are read")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.fits"))
    }
}

#[test]
fn equal_products_have_no_findings() {
    let report = Pair::new().report(&ToleranceSpec::exact());
    assert!(report.is_equal(), "{report}");
    assert_eq!(report.compared, 4);
}

#[test]
fn a_value_outside_the_tolerance_is_found_with_its_place_and_both_values() {
    let mut pair = Pair::new();
    pair.reference.data[[0, 2, 3, 4]] = 1000.0;
    pair.ours.data[[0, 2, 3, 4]] = 1000.02;
    // Within 1e-5 of the reference.
    pair.reference.data[[0, 1, 0, 0]] = 500.0;
    pair.ours.data[[0, 1, 0, 0]] = 500.004;
    let report = pair.report(&ToleranceSpec::exposures());
    let [Finding::Values { hdu, difference }] = report.findings.as_slice() else {
        panic!("{report}");
    };
    assert_eq!((hdu.as_str(), difference.outside), ("SCI", 1));
    let worst = difference.worst.as_ref().expect("one is worst");
    assert_eq!(worst.index, [0, 2, 3, 4]);
    assert_eq!(
        (worst.ours, worst.reference),
        (f64::from(1000.02_f32), 1000.0)
    );
    assert!(
        report.to_string().contains("worst at [0, 2, 3, 4]"),
        "{report}"
    );
}

#[test]
fn the_worst_value_is_the_farthest_outside_not_the_largest_difference() {
    let ours = [1.0, 100.0, 0.002];
    let reference = [1.0, 100.5, 0.001];
    let found = ValueDifference::of(&ours, &reference, &[3], Tolerance::relative(1e-5));
    assert_eq!(found.outside, 2);
    assert_eq!(found.worst.map(|w| w.index), Some(vec![2]));
    assert_eq!(found.largest_absolute, 0.5);
}

#[test]
fn nan_and_infinity_on_one_side_are_outside() {
    let (nan, infinity) = (f64::NAN, f64::INFINITY);
    let loose = Tolerance {
        absolute: 1e300,
        relative: 1.0,
    };
    let ours = [nan, nan, 1.0, infinity, infinity, infinity];
    let reference = [nan, 1.0, nan, infinity, -infinity, 1.0];
    let found = ValueDifference::of(&ours, &reference, &[6], loose);
    assert_eq!(
        (found.outside, found.nan_mismatch, found.infinity_mismatch),
        (4, 2, 2)
    );
}

#[test]
fn nothing_passes_beside_zero_without_absolute_tolerance() {
    let found = ValueDifference::of(&[1e-30], &[0.0], &[1], Tolerance::relative(1e-5));
    assert_eq!(found.outside, 1);
    let absolute = Tolerance {
        absolute: 1e-29,
        relative: 0.0,
    };
    assert_eq!(
        ValueDifference::of(&[1e-30], &[0.0], &[1], absolute).outside,
        0
    );
}

#[test]
fn quality_differences_are_told_by_bit() {
    let mut pair = Pair::new();
    pair.ours.groupdq[[0, 3, 1, 2]] ^= 4;
    pair.reference.pixeldq[[1, 1]] |= 1 << 31;
    let report = pair.report(&ToleranceSpec::exposures());
    let [
        Finding::Bits {
            hdu: first,
            difference: pixels,
        },
        Finding::Bits {
            hdu: second,
            difference: groups,
        },
    ] = report.findings.as_slice()
    else {
        panic!("{report}");
    };
    assert_eq!((first.as_str(), second.as_str()), ("PIXELDQ", "GROUPDQ"));
    assert_eq!((pixels.bits[0].bit, pixels.bits[0].only_reference), (31, 1));
    assert_eq!(
        (groups.bits[0].bit, groups.first[0].index.clone()),
        (2, vec![0, 3, 1, 2])
    );
}

#[test]
fn variances_have_their_own_tolerance() {
    let plane = |value: f32| Array2::from_elem((3, 3), value);
    let image = |value: f32| ImageModel {
        meta: Metadata::new(ImageModel::MODEL_TYPE),
        data: plane(1.0),
        err: plane(1.0),
        dq: Array2::zeros((3, 3)),
        var_poisson: plane(value),
        var_rnoise: plane(1.0),
        var_flat: None,
        area: None,
        extra: Vec::new(),
    };
    let folder = TempDir::new().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    image(1.0).save(&path("b.fits")).expect("written");
    for (value, equal) in [(1.000_05, true), (1.000_2, false)] {
        image(value).save(&path("a.fits")).expect("written");
        let report = compare_products(
            &path("a.fits"),
            &path("b.fits"),
            &ToleranceSpec::exposures(),
        );
        let report = report.expect("both are read");
        assert_eq!(report.is_equal(), equal, "{report}");
    }
}

#[test]
fn shapes_types_and_missing_hdus_are_found() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let pair = Pair::new();
    pair.reference.save(&path("ramp.fits")).expect("written");
    let small = Builder::new([1, 4, 6, 7]).seed(5).build();
    small.save(&path("small.fits")).expect("written");
    let cube = CubeModel {
        meta: Metadata::new(CubeModel::MODEL_TYPE),
        data: Array3::zeros((1, 6, 8)),
        err: Array3::zeros((1, 6, 8)),
        dq: Array3::zeros((1, 6, 8)),
        var_poisson: Array3::zeros((1, 6, 8)),
        var_rnoise: Array3::zeros((1, 6, 8)),
        var_flat: None,
        area: None,
        int_times: None,
        int_times_stripe: None,
        extra: Vec::new(),
    };
    cube.save(&path("cube.fits")).expect("written");
    let find = |ours: &str| {
        compare_products(&path(ours), &path("ramp.fits"), &ToleranceSpec::exposures())
            .expect("both are read")
            .findings
    };
    let layouts = find("small.fits");
    let shape = |f: &Finding| matches!(f, Finding::Layout { hdu, .. } if hdu == "SCI");
    assert!(layouts.iter().any(shape), "{layouts:?}");
    let others = find("cube.fits");
    assert!(
        others.contains(&Finding::MissingHdu {
            hdu: "GROUPDQ".into()
        }),
        "{others:?}"
    );
    assert!(
        others.contains(&Finding::ExtraHdu {
            hdu: "VAR_RNOISE".into()
        }),
        "{others:?}"
    );
}

#[test]
fn keywords_are_compared_but_for_dates_and_versions() {
    let mut pair = Pair::new();
    pair.ours.meta.set("meta.cal_step.jump", "SKIPPED");
    pair.reference.meta.set("meta.cal_step.jump", "COMPLETE");
    pair.reference
        .meta
        .set("meta.ref_file.dark.name", "crds://dark.fits");
    pair.ours
        .meta
        .set("meta.calibration_software_version", "0.1");
    pair.reference
        .meta
        .set("meta.calibration_software_version", "3.0.0");
    pair.ours
        .meta
        .set("meta.exposure.start_time", 60_105.25 * (1.0 + 1e-8));
    pair.reference
        .meta
        .set("meta.exposure.start_time", 60_105.25);
    let report = pair.report(&ToleranceSpec::exposures());
    let mut keywords: Vec<&str> = Vec::new();
    let mut paths: Vec<&str> = Vec::new();
    for finding in &report.findings {
        match finding {
            Finding::Keyword { keyword, .. } => keywords.push(keyword),
            Finding::Node { path, .. } => paths.push(path),
            other => panic!("{other}"),
        }
    }
    keywords.sort_unstable();
    paths.sort_unstable();
    assert_eq!(keywords, ["EXPSTART", "R_DARK", "S_JUMP"]);
    assert_eq!(
        paths,
        [
            "meta.cal_step.jump",
            "meta.exposure.start_time",
            "meta.ref_file.dark.name"
        ]
    );
}

#[test]
fn an_empty_list_is_no_list() {
    let mut pair = Pair::new();
    let list = |values: &[f64]| values.to_vec();
    pair.reference
        .meta
        .set("meta.exposure.read_times", list(&[]));
    assert!(pair.report(&ToleranceSpec::exposures()).is_equal());
    pair.reference
        .meta
        .set("meta.exposure.read_times", list(&[1.0]));
    assert!(!pair.report(&ToleranceSpec::exposures()).is_equal());
}

#[test]
fn a_share_of_outliers_can_be_allowed() {
    let mut pair = Pair::new();
    pair.ours.data[[0, 0, 0, 0]] += 1.0;
    let allowing = ToleranceSpec {
        allowed_fraction: 1.0 / 192.0,
        ..ToleranceSpec::exposures()
    };
    assert!(pair.report(&allowing).is_equal());
    pair.ours.data[[0, 0, 0, 1]] += 1.0;
    assert!(!pair.report(&allowing).is_equal());
}
