use datamodels::metadata::Metadata;
use datamodels::reference::{DistortionReference, FilterOffset, FilterOffsetReference};
use gwcs::Transform;
use gwcs::model::{Scale, Shift};

use super::mode::{Mode, no_geometry};
use super::{AssignWcsParams, AssignWcsReferences, imaging, keywords};

/// A subarray of 40 columns and 20 rows whose first column is column 101 of the detector.
fn exposure() -> Metadata {
    let mut meta = Metadata::new("ImageModel");
    meta.set("meta.instrument.name", "NIRCAM");
    meta.set("meta.instrument.filter", "F200W");
    meta.set("meta.instrument.pupil", "CLEAR");
    meta.set("meta.exposure.type", "NRC_IMAGE");
    for (name, value) in [("xstart", 101), ("ystart", 1), ("xsize", 40), ("ysize", 20)] {
        meta.set(&format!("meta.subarray.{name}"), value);
    }
    for (name, value) in [
        ("v2_ref", 0.0),
        ("v3_ref", 0.0),
        ("roll_ref", 0.0),
        ("ra_ref", 10.0),
        ("dec_ref", 0.0),
        ("crpix1", 1.0),
        ("crpix2", 1.0),
    ] {
        meta.set(&format!("meta.wcsinfo.{name}"), value);
    }
    meta
}

/// 0.1 arcsec a pixel, V2 = V3 = 0 at column 100 and row 0.
fn references() -> AssignWcsReferences {
    let axis = |origin: f64| Transform::from(Shift(-origin)).then(Scale(0.1).into());
    AssignWcsReferences {
        distortion: DistortionReference {
            transform: axis(100.0).unwrap().join(axis(0.0).unwrap()),
        },
        filter_offset: None,
    }
}

#[test]
fn the_first_pixel_of_the_subarray_is_found_at_the_reference_point() {
    let wcs = imaging::wcs(&exposure(), (20, 40), references()).unwrap();
    let sky = wcs
        .evaluate(&[&[0.0, 39.5, 39.6], &[0.0, 0.0, 0.0]])
        .unwrap();
    assert_eq!((sky[0][0], sky[1][0]), (10.0, 0.0));
    // V2 points east where the roll is zero: 3.95 arcsec.
    assert!((sky[0][1] - 10.0 - 3.95 / 3600.0).abs() < 1e-12);
    assert!(sky[0][2].is_nan());
    let back = wcs.invert(&[&[10.0], &[0.0]]).unwrap();
    assert!(back[0][0].abs() < 1e-8 && back[1][0].abs() < 1e-8);
}

#[test]
fn the_filter_moves_the_image() {
    let offset = AssignWcsReferences {
        filter_offset: Some([2.0, -1.0]),
        ..references()
    };
    let wcs = imaging::wcs(&exposure(), (20, 40), offset).unwrap();
    let sky = wcs.evaluate(&[&[-0.5], &[1.0]]).unwrap();
    assert!((sky[0][0] - 10.0 - 0.15 / 3600.0).abs() < 1e-12 && sky[1][0].abs() < 1e-12);
}

#[test]
fn velocity_aberration_scales_about_the_reference_point() {
    let mut meta = exposure();
    meta.set("meta.velocity_aberration.scale_factor", 1.5);
    let wcs = imaging::wcs(&meta, (20, 40), references()).unwrap();
    let sky = wcs.evaluate(&[&[0.0, 10.0], &[0.0, 0.0]]).unwrap();
    assert_eq!(sky[0][0], 10.0);
    assert!((sky[0][1] - 10.0 - 1.5 / 3600.0).abs() < 1e-12);
    meta.set("meta.velocity_aberration.scale_factor", -1.0);
    let error = imaging::wcs(&meta, (20, 40), references()).unwrap_err();
    assert!(error.to_string().contains("VA_SCALE"), "{error}");
}

#[test]
fn rows_of_filters_match_as_the_instrument_does() {
    let row = |filter: &str, pupil: &str, column: f64| FilterOffset {
        filter: filter.to_string(),
        pupil: Some(pupil.to_string()),
        offset: Some([column, 0.0]),
    };
    let rows = vec![row("F200W", "MASKRND", 1.0), row("F200W", "CLEAR", 2.0)];
    let offsets = FilterOffsetReference { rows };
    let mut meta = exposure();
    let found = imaging::filter_offset(&meta, &offsets).unwrap();
    assert_eq!(found, Some([2.0, 0.0]));
    meta.set("meta.instrument.name", "MIRI");
    let found = imaging::filter_offset(&meta, &offsets).unwrap();
    assert_eq!(found, Some([1.0, 0.0]));
    meta.set("meta.instrument.filter", "F770W");
    assert_eq!(imaging::filter_offset(&meta, &offsets).unwrap(), None);
}

#[test]
fn keywords_describe_the_chain() {
    let mut meta = exposure();
    meta.set("meta.wcsinfo.pc1_1", -1.0);
    meta.set("meta.wcsinfo.a_order", 3);
    let wcs = imaging::wcs(&meta, (20, 40), references()).unwrap();
    keywords::set_footprint(&mut meta, &wcs).unwrap();
    // Half a pixel is 0.05 arcsec, or 1.3889e-5 degrees.
    let region = meta.text("meta.wcsinfo.s_region").unwrap();
    assert!(
        region.starts_with("POLYGON ICRS  9.999986111 -0.000013889 "),
        "{region}"
    );
    let wanted = AssignWcsParams::default().approximation();
    keywords::set_approximation(&mut meta, &wcs, &wanted);
    assert_eq!(meta.text("meta.wcsinfo.ctype1"), Some("RA---TAN"));
    assert_eq!(meta.number("meta.wcsinfo.crval1"), Some(10.0));
    assert!((meta.number("meta.wcsinfo.cd1_1").unwrap() - 0.1 / 3600.0).abs() < 1e-13);
    assert_eq!(meta.get("meta.wcsinfo.pc1_1"), None);
    assert_eq!(meta.get("meta.wcsinfo.a_order"), None);
}

#[test]
fn a_fit_that_cannot_be_done_leaves_the_keywords() {
    let mut meta = exposure();
    meta.set("meta.wcsinfo.pc1_1", -1.0);
    let wcs = imaging::wcs(&meta, (20, 40), references()).unwrap();
    let params = AssignWcsParams {
        sip_npoints: 3,
        ..AssignWcsParams::default()
    };
    keywords::set_approximation(&mut meta, &wcs, &params.approximation());
    assert_eq!(meta.number("meta.wcsinfo.pc1_1"), Some(-1.0));
    assert_eq!(meta.get("meta.wcsinfo.cd1_1"), None);
}

#[test]
fn exposures_without_a_geometry_say_so() {
    let mut meta = exposure();
    assert_eq!(Mode::of(&meta).unwrap(), Mode::Imaging);
    meta.set("meta.exposure.type", "NRC_DARK");
    assert_eq!(Mode::of(&meta).unwrap(), Mode::None);
    assert!(no_geometry(&meta).unwrap().to_string().contains("NRC_DARK"));
    meta.set("meta.exposure.type", "NRC_WFSS");
    assert!(
        Mode::of(&meta)
            .unwrap_err()
            .to_string()
            .contains("NRC_WFSS")
    );
}

#[test]
fn a_missing_reference_point_names_its_keyword() {
    let mut meta = exposure();
    meta.remove("meta.wcsinfo.roll_ref");
    let error = imaging::wcs(&meta, (20, 40), references()).unwrap_err();
    assert!(error.to_string().contains("ROLL_REF"), "{error}");
}
