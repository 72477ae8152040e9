use std::path::{Path, PathBuf};
use std::sync::Arc;

use datamodels::ImageModel;
use datamodels::library::{AssociationInfo, Library};
use datamodels::metadata::Metadata;
use gwcs::frame::{CoordinateFrame, Frame};
use gwcs::model::{
    CartesianToSpherical, RotationSequence, Scale, Shift, SphericalToCartesian, WrapAt,
};
use gwcs::{BoundingBox, Transform, Wcs};
use ndarray::Array2;
use stpipe::{Outcome, Prepared, ReferenceFiles, Step};

use super::*;

const SIZE: usize = 128;
/// Side of a pixel \[arcsec\].
const SCALE: f64 = 0.06;
const V2: f64 = -93.5;
const V3: f64 = -487.0;
const ROLL: f64 = 35.0;

/// The world coordinates of an image that points at `pointing` \[deg\].
fn wcs(pointing: [f64; 2]) -> Wcs {
    let both = |x: Transform, y: Transform| x.join(y);
    let middle = SIZE as f64 / 2.0;
    let telescope = both(Shift(-middle).into(), Shift(-middle).into())
        .then(both(Scale(SCALE).into(), Scale(SCALE).into()))
        .and_then(|t| t.then(both(Shift(V2).into(), Shift(V3).into())))
        .and_then(|t| {
            let high = SIZE as f64 - 0.5;
            t.with_bounding_box(Some(BoundingBox::new(&[(-0.5, high), (-0.5, high)])))
        })
        .unwrap();
    let angles = vec![V2 / 3600.0, -V3 / 3600.0, ROLL, pointing[1], -pointing[0]];
    let sky = both(Scale(1.0 / 3600.0).into(), Scale(1.0 / 3600.0).into())
        .then(
            SphericalToCartesian {
                wrap_at: WrapAt::Half,
            }
            .into(),
        )
        .and_then(|t| t.then(RotationSequence::new(angles, "zyxyz")?.into()))
        .and_then(|t| {
            t.then(
                CartesianToSpherical {
                    wrap_at: WrapAt::Full,
                }
                .into(),
            )
        })
        .unwrap();
    let step = |frame, transform| gwcs::Step {
        frame: Frame::Single(frame),
        transform,
    };
    Wcs::new(
        "",
        vec![
            step(CoordinateFrame::pixels("detector"), Some(telescope)),
            step(CoordinateFrame::pixels("v2v3"), Some(sky)),
            step(CoordinateFrame::icrs("world"), None),
        ],
    )
    .unwrap()
}

/// Directions of stars around the field \[deg\].
fn stars() -> Vec<[f64; 2]> {
    let image = wcs([80.5, -69.5]);
    // Anything but a lattice, which fits onto itself with an offset: the matching would take that one.
    let part = |k: usize| (((k * k * k) % 1009) as f64 / 1009.0) * 1.4 - 0.2;
    let (x, y): (Vec<f64>, Vec<f64>) = (1..70)
        .map(|k| (SIZE as f64 * part(k), SIZE as f64 * part(3 * k + 500)))
        .unzip();
    let whole = image
        .transform("detector", "world")
        .unwrap()
        .with_bounding_box(None)
        .unwrap();
    let sky = whole.evaluate(&[&x, &y]).unwrap();
    sky[0]
        .iter()
        .zip(&sky[1])
        .map(|(lon, lat)| [*lon, *lat])
        .collect()
}

/// An exposure of the stars whose keywords are off the pointing by `error` \[arcsec\].
fn exposure(number: usize, pointing: [f64; 2], error: [f64; 2]) -> ImageModel {
    let backward = wcs(pointing).backward().unwrap();
    // Noise without a generator of random numbers.
    let noise = |row: usize, column: usize| {
        ((row * 7919 + column * 104_729 + number * 31) % 1000) as f32 / 1000.0 - 0.5
    };
    let mut data = Array2::from_shape_fn((SIZE, SIZE), |(row, column)| 5.0 + noise(row, column));
    for (index, [lon, lat]) in stars().into_iter().enumerate() {
        let pixel = backward.evaluate_point(&[lon, lat]).unwrap();
        let flux = 200.0 + 40.0 * index as f64;
        for ((row, column), value) in data.indexed_iter_mut() {
            let square = (column as f64 - pixel[0]).powi(2) + (row as f64 - pixel[1]).powi(2);
            if square < 100.0 {
                *value += (flux * (-square / (2.0 * 1.06_f64.powi(2))).exp()) as f32;
            }
        }
    }
    let claimed = [
        pointing[0] + error[0] / 3600.0 / pointing[1].to_radians().cos(),
        pointing[1] + error[1] / 3600.0,
    ];
    let mut meta = Metadata::new("ImageModel");
    meta.set("meta.filename", format!("jw00001_{number}_cal.fits"));
    meta.set("meta.group_id", format!("group{number}"));
    meta.set("meta.observation.date", "2023-07-02");
    for (name, value) in [
        ("v2_ref", V2),
        ("v3_ref", V3),
        ("roll_ref", ROLL),
        ("ra_ref", claimed[0]),
        ("dec_ref", claimed[1]),
        ("v3yangle", 0.0),
        ("vparity", 1.0),
    ] {
        meta.set(&format!("meta.wcsinfo.{name}"), value);
    }
    meta.set_wcs(&wcs(claimed)).unwrap();
    let plane = Array2::zeros((SIZE, SIZE));
    ImageModel {
        meta,
        data,
        err: plane.clone(),
        dq: Array2::zeros((SIZE, SIZE)),
        var_poisson: plane.clone(),
        var_rnoise: plane,
        var_flat: None,
        area: None,
        extra: Vec::new(),
    }
}

const POINTINGS: [[f64; 2]; 3] = [[80.5, -69.5], [80.501, -69.4998], [80.4992, -69.5003]];
const ERRORS: [[f64; 2]; 3] = [[0.0, 0.0], [0.21, -0.13], [-0.17, 0.32]];

fn library(errors: &[[f64; 2]]) -> Library {
    let images = errors
        .iter()
        .enumerate()
        .map(|(k, error)| exposure(k, POINTINGS[k], *error));
    Library::of_images(images.collect(), AssociationInfo::default())
}

fn params() -> TweakRegParams {
    TweakRegParams {
        bkg_boxsize: 32,
        searchrad: 1.0,
        separation: 0.3,
        tolerance: 0.2,
        abs_searchrad: 1.0,
        abs_separation: 0.3,
        abs_tolerance: 0.2,
        ..TweakRegParams::default()
    }
}

fn run(params: &TweakRegParams, library: Library) -> Outcome<Library, Library> {
    match TweakReg::prepare(params, &library, &ReferenceFiles::default()).unwrap() {
        Prepared::Ready(references) => TweakReg::run(params, references, library).unwrap(),
        Prepared::Skip(reason) => Outcome::Skipped {
            input: library,
            reason,
        },
    }
}

/// How far the world coordinates of an exposure are from the truth at its corners \[arcsec\].
fn errors_of(library: &Library) -> Vec<f64> {
    let exposures = library.exposures().iter().enumerate();
    exposures
        .map(|(k, exposure)| {
            let found = exposure
                .meta
                .require_wcs()
                .unwrap()
                .footprint(false)
                .unwrap()
                .corners;
            let truth = wcs(POINTINGS[k]).footprint(false).unwrap().corners;
            let apart = found.iter().zip(&truth).map(|(a, b)| {
                let along = (a[0] - b[0]) * b[1].to_radians().cos();
                3600.0 * along.hypot(a[1] - b[1])
            });
            apart.fold(0.0, f64::max)
        })
        .collect()
}

#[test]
fn exposures_are_aligned_and_the_keywords_follow() {
    let aligned = run(&params(), library(&ERRORS));
    let Outcome::Complete(aligned) = aligned else {
        panic!("{aligned:?}")
    };
    let errors = errors_of(&aligned);
    assert!(errors.iter().all(|error| *error < 0.01), "{errors:?}");
    for (k, exposure) in aligned.exposures().iter().enumerate() {
        let wcs = exposure.meta.require_wcs().unwrap();
        let corrected = wcs.frames().any(|name| name == "v2v3corr");
        assert_eq!(corrected, k > 0, "{k}");
        assert_eq!(exposure.meta.text("meta.wcsinfo.ctype1").is_some(), k > 0);
        assert_eq!(exposure.meta.text("meta.wcsinfo.s_region").is_some(), k > 0);
    }
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let corners = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let aligned = pool.install(|| run(&params(), library(&ERRORS)).into_model());
        let of = |exposure: &datamodels::library::Exposure| {
            exposure
                .meta
                .require_wcs()
                .unwrap()
                .footprint(false)
                .unwrap()
                .corners
        };
        aligned.exposures().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(corners(1), corners(3));
}

#[test]
fn aligning_again_changes_next_to_nothing() {
    let once = run(&params(), library(&ERRORS)).into_model();
    let before = errors_of(&once);
    let again = run(&params(), once);
    assert!(matches!(again, Outcome::Complete(_)));
    let after = errors_of(&again.into_model());
    for (before, after) in before.iter().zip(after) {
        assert!((before - after).abs() < 1e-3, "{before} {after}");
    }
}

#[test]
fn one_exposure_fails_with_a_reason() {
    let outcome = run(&params(), library(&ERRORS[..1]));
    let Outcome::Failed { reason, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(reason.contains("at least two"), "{reason}");
}

#[test]
fn exposures_without_stars_fail_unchanged() {
    let too_bright = TweakRegParams {
        snr_threshold: 1e9,
        ..params()
    };
    let outcome = run(&too_bright, library(&ERRORS));
    let Outcome::Failed { input, reason } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(reason.starts_with("Too few input images"), "{reason}");
    let wcs = input.exposures()[1].meta.require_wcs().unwrap();
    assert!(wcs.frames().all(|name| name != "v2v3corr"));
}

#[test]
fn catalogues_are_left_to_be_saved() {
    let directory = tempfile::tempdir().unwrap();
    for (format, extension) in [("ecsv", "ecsv"), ("fits", "fits")] {
        let saving = TweakRegParams {
            save_catalogs: true,
            catalog_format: format.to_string(),
            ..params()
        };
        let mut aligned = run(&saving, library(&ERRORS)).into_model();
        let name = format!("jw00001_1_cal_cat.{extension}");
        assert_eq!(
            aligned.exposures()[1].meta.text("meta.tweakreg_catalog"),
            Some(name.as_str())
        );
        let attachments = aligned.take_attachments();
        assert_eq!(attachments.len(), 3);
        let path = attachments[1].save(directory.path()).unwrap();
        assert_eq!(path, directory.path().join(name));
        // The catalogue serves as that of a user again.
        let sources = table::NumberTable::read(&path)
            .unwrap()
            .sources("again".into())
            .unwrap();
        assert_eq!(sources.pixels.len(), attachments[1].table.len());
        assert!(sources.pixels.len() > 20);
    }
    let wrong = TweakRegParams {
        catalog_format: "csv".to_string(),
        ..params()
    };
    assert!(
        TweakReg::run(
            &wrong,
            TweakRegReferences {
                catalogs: vec![None; 3],
                absolute: None
            },
            library(&ERRORS)
        )
        .is_err()
    );
}

#[test]
fn numbers_of_a_saved_catalogue_are_those_of_its_finder() {
    let types = |starfinder| {
        let saving = TweakRegParams {
            save_catalogs: true,
            starfinder,
            ..params()
        };
        let mut aligned = run(&saving, library(&ERRORS)).into_model();
        let table = aligned.take_attachments().remove(0).table;
        assert!(!table.is_empty());
        let [id, flux] = [0, 3].map(|column| table.columns[column].values.clone());
        (matches!(id, Values::I32(_)), matches!(flux, Values::F32(_)))
    };
    assert_eq!(types(Finder::Dao), (false, true));
    assert_eq!(types(Finder::Iraf), (false, false));
    assert_eq!(types(Finder::Segmentation), (true, false));
}

#[test]
fn catalogues_of_the_user_come_instead_of_the_image() {
    let directory = tempfile::tempdir().unwrap();
    let saving = TweakRegParams {
        save_catalogs: true,
        ..params()
    };
    let mut found = run(&saving, library(&ERRORS)).into_model();
    for attachment in found.take_attachments() {
        attachment.save(directory.path()).unwrap();
    }
    let list = directory.path().join("list.txt");
    let lines = (0..3).map(|k| format!("jw00001_{k}_cal.fits jw00001_{k}_cal_cat.ecsv\n"));
    std::fs::write(&list, lines.collect::<String>()).unwrap();
    let own = TweakRegParams {
        use_custom_catalogs: true,
        catfile: list.display().to_string(),
        // Nothing would be found in the images.
        snr_threshold: 1e9,
        ..params()
    };
    let aligned = run(&own, library(&ERRORS));
    assert!(matches!(aligned, Outcome::Complete(_)));
    let aligned = aligned.into_model();
    assert!(errors_of(&aligned).iter().all(|error| *error < 0.01));
    let catalog = aligned.exposures()[2]
        .meta
        .text("meta.tweakreg_catalog")
        .map(PathBuf::from);
    assert_eq!(
        catalog,
        Some(directory.path().join("jw00001_2_cal_cat.ecsv"))
    );
}

/// A file with the directions of the stars.
fn reference_file(directory: &Path) -> String {
    let path = directory.join("stars.ecsv");
    let rows = stars()
        .into_iter()
        .map(|[lon, lat]| format!("{lon} {lat}\n"));
    std::fs::write(&path, format!("ra DEC\n{}", rows.collect::<String>())).unwrap();
    path.display().to_string()
}

#[test]
fn a_catalogue_takes_out_the_error_of_all_exposures() {
    let directory = tempfile::tempdir().unwrap();
    let absolute = TweakRegParams {
        abs_refcat: reference_file(directory.path()),
        ..params()
    };
    let errors = [[0.4, 0.3], ERRORS[1], ERRORS[2]];
    let aligned = run(&absolute, library(&errors));
    let Outcome::Complete(aligned) = aligned else {
        panic!("{aligned:?}")
    };
    let left = errors_of(&aligned);
    assert!(left.iter().all(|error| *error < 0.01), "{left:?}");
    let name = aligned.exposures()[0].meta.require_wcs().unwrap().name;
    assert_eq!(name, format!("FIT-LVL3-{}", absolute.abs_refcat));
    // One exposure suffices.
    let one = run(&absolute, library(&[[0.4, 0.3]]));
    assert!(matches!(one, Outcome::Complete(_)));
    assert!(errors_of(&one.into_model())[0] < 0.01);
}

/// A service that knows the stars.
#[derive(Debug)]
struct Sky;

impl AstrometricService for Sky {
    fn search(&self, search: &ConeSearch) -> Result<String, ServiceError> {
        assert_eq!(search.catalog, "GAIADR3");
        // Three images of 7.7 arcsec, at most 2.4 arcsec apart.
        assert!(
            (5.0 / 3600.0..8.0 / 3600.0).contains(&search.radius_deg),
            "{search:?}"
        );
        assert!((search.epoch - 2023.4986).abs() < 1e-4);
        let rows = stars().into_iter().enumerate();
        let rows = rows
            .map(|(k, [lon, lat])| format!("{lon},{lat},{},{k},2016.0,0.1,0.2\n", 18.0 + k as f64));
        Ok(format!(
            "ra,dec,mag,objID,epoch,pmra,pmdec\n{}",
            rows.collect::<String>()
        ))
    }
}

#[test]
fn a_service_is_asked_for_the_field_of_all_exposures() {
    let params = TweakRegParams {
        abs_refcat: "GAIADR3".to_string(),
        save_abs_catalog: true,
        ..params()
    };
    let references = TweakRegReferences {
        catalogs: vec![None; 3],
        absolute: Some(Absolute::Service {
            catalog: "GAIADR3".to_string(),
            service: Arc::new(Sky),
        }),
    };
    let outcome = TweakReg::run(&params, references, library(&ERRORS)).unwrap();
    let Outcome::Complete(mut aligned) = outcome else {
        panic!("{outcome:?}")
    };
    let left = errors_of(&aligned);
    assert!(left.iter().all(|error| *error < 0.01), "{left:?}");
    let attachments = aligned.take_attachments();
    assert_eq!(attachments[0].name, "fit_gaiadr3_ref.ecsv");
    assert_eq!(attachments[0].table.len(), stars().len());
}
