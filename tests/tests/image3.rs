//! `calwebb_image3` on the golden association: alignment, sky levels, outliers, mosaic, catalogue; and what it says of
//! associations that cannot be used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use datamodels::io::ecsv::{Table, Values};
use datamodels::io::fits::{FitsReader, HduKind};
use datamodels::{CubeModel, ImageModel, Model};
use gwcs::Transform;
use gwcs::model::Shift;
use gwcs::mosaic::Footprint;
use ndarray::{Array2, Axis, stack};
use tempfile::TempDir;
use testkit::compare::{Finding, Tolerance, ToleranceSpec, compare_products};
use testkit::golden::Case;

const PRODUCT: &str = "jw90017-a3001_t001_nrc-dither4";

/// A difference far below the noise, of 7 MJy/sr a pixel: values near zero are as close as this [MJy/sr].
const NEAR: f64 = 1e-5;

/// 0.05 mas [degree].
const POSITION: f64 = 0.05e-3 / 3600.0;

/// The golden case: its products as plain files, and room for ours.
struct Fixture {
    case: Case,
    official: TempDir,
    ours: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/nrc_dither4");
        let case = Case::open(&folder).expect("the case is part of this package");
        let official = TempDir::new().expect("a folder");
        case.official_products(official.path())
            .expect("the products unpack");
        // Members are beside their association.
        std::fs::copy(
            &case.inputs[0],
            official.path().join(file_name(&case.inputs[0])),
        )
        .expect("the association is copied");
        let ours = TempDir::new().expect("a folder");
        Self {
            case,
            official,
            ours,
        }
    }

    fn association(&self) -> PathBuf {
        self.official.path().join(file_name(&self.case.inputs[0]))
    }

    fn run(&self, task: &str, input: &Path, arguments: &[String]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_strun-under-test"))
            .args(["--threads=2", task])
            .arg(input)
            .arg(format!("--output_dir={}", self.ours.path().display()))
            .args(arguments)
            .env("CRDS_PATH", &self.case.crds_cache)
            .env("CRDS_READONLY_CACHE", "1")
            .env_remove("CRDS_CONTEXT")
            .current_dir(self.ours.path())
            .output()
            .expect("the program starts")
    }

    /// Runs the pipeline with all products of the case saved.
    fn mosaic(&self, more: &[String]) {
        let arguments = [&self.case.saving_arguments(), more].concat();
        let run = self.run("calwebb_image3", &self.association(), &arguments);
        let words = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{}: {words}", run.status);
    }

    /// Differences of a product from the official one of the folder given.
    ///
    /// Beside each array in `few` stands how many of its values may be outside of the relative tolerance, and how many
    /// of them may be farther from the reference's than [`NEAR`] besides.
    fn differences(&self, folder: &str, name: &str, few: &[(&str, usize, usize)]) -> Vec<String> {
        let official = self.official.path().join(folder).join(name);
        let compare = |absolute: f64| {
            let spec = tolerances(absolute);
            let report = compare_products(&self.ours.path().join(name), &official, &spec);
            let mut findings = report.expect("both are read").findings;
            findings.retain(|finding| !is_same_region(finding) && !is_no_difference(finding));
            findings
        };
        let relative = compare(0.0).into_iter();
        let mut found: Vec<Finding> = relative
            .filter(|finding| {
                !few.iter()
                    .any(|(array, count, _)| is_few(finding, array, *count))
            })
            .collect();
        if !few.is_empty() {
            let absolute = compare(NEAR).into_iter();
            found.extend(absolute.filter(|finding| {
                !few.iter()
                    .any(|(array, _, far)| is_few(finding, array, *far))
            }));
        }
        let found = found.iter();
        found.map(|finding| format!("{name}: {finding}")).collect()
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().expect("a name");
    name.to_string_lossy().into_owned()
}

fn tolerances(absolute: f64) -> ToleranceSpec {
    let values = Tolerance {
        absolute,
        relative: 1e-4,
    };
    ToleranceSpec {
        default: values,
        arrays: Vec::new(),
        // The scale of the mosaic is known to 1.5e-9 (docs/deviations.md); where exposures are is compared by `wcs`.
        header: Tolerance::relative(1e-8),
        // The smallest coefficients are 1e-9 of a pixel a pixel, and the errors of the fit 2e-4 pixel.
        distortion: Tolerance::relative(1e-4),
        wcs: Tolerance {
            absolute: POSITION,
            relative: 0.0,
        },
        ..ToleranceSpec::exposures()
    }
}

/// Whether the finding is of a column that tells when and by which release the exposures were made, or of the frame of
/// reference in the tree of a median, which the reference has in the header alone.
fn is_no_difference(finding: &Finding) -> bool {
    let columns = ["HDRTAB.DATE", "HDRTAB.CAL_VER"];
    match finding {
        Finding::Strings { hdu, .. } => columns.contains(&hdu.as_str()),
        Finding::Node {
            path, reference, ..
        } => path == "meta.wcsinfo.radesys" && reference == "Null",
        _ => false,
    }
}

/// Whether the finding is of outlines on the sky that are the same within 0.05 mas.
fn is_same_region(finding: &Finding) -> bool {
    let (ours, reference) = match finding {
        Finding::Keyword {
            keyword,
            ours: Some(ours),
            reference: Some(reference),
            ..
        } if keyword == "S_REGION" => (ours, reference),
        Finding::Node {
            path,
            ours,
            reference,
        } if path == "meta.wcsinfo.s_region" => (ours, reference),
        _ => return false,
    };
    let vertices = |text: &str| -> Vec<f64> {
        let words = text.split(|c: char| c.is_whitespace() || "\"()".contains(c));
        words.filter_map(|word| word.parse().ok()).collect()
    };
    let (ours, reference) = (vertices(ours), vertices(reference));
    let pairs = || ours.iter().zip(&reference);
    ours.len() >= 8
        && ours.len() == reference.len()
        && pairs().all(|(a, b)| (a - b).abs() <= POSITION)
}

/// At most `count` values of the array are outside of the tolerance; all NaN are alike.
fn is_few(finding: &Finding, array: &str, count: usize) -> bool {
    let Finding::Values { hdu, difference } = finding else {
        return false;
    };
    hdu == array
        && difference.outside <= count
        && difference.nan_mismatch + difference.infinity_mismatch == 0
}

#[test]
fn an_association_gives_the_reference_s_products() {
    let fixture = Fixture::new();
    fixture.mosaic(&[]);
    let mut found = Vec::new();
    for exposure in 1..=4 {
        let name = format!("jw90017001001_02101_0000{exposure}_nrcb1_tweakreg.fits");
        found.extend(fixture.differences("", &name, &[]));
        let index = exposure - 1;
        let name = format!("{PRODUCT}_{index}_a3001_crf.fits");
        found.extend(fixture.differences("", &name, &[]));
        let name = format!("{PRODUCT}_{index}_a3001_blot.fits");
        found.extend(fixture.differences("", &name, &[("SCI", 40, 14)]));
    }
    let name = format!("{PRODUCT}_0_a3001_median.fits");
    found.extend(fixture.differences("", &name, &[("SCI", 25, 0)]));
    let name = format!("{PRODUCT}_i2d.fits");
    let few = [("SCI", 40, 2), ("WHT", 5, 0), ("VAR_POISSON", 8, 2)];
    found.extend(fixture.differences("", &name, &few));
    let name = format!("{PRODUCT}_segm.fits");
    found.extend(fixture.differences("", &name, &[]));
    let name = format!("{PRODUCT}_cat.ecsv");
    found.extend(catalogue_differences(
        &fixture.ours.path().join(&name),
        &fixture.official.path().join(&name),
        1e-4,
    ));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn an_absolute_alignment_is_the_reference_s() {
    let fixture = Fixture::new();
    let catalogue = fixture.case.inputs[0].with_file_name("abs_refcat.ecsv");
    fixture.mosaic(&[format!(
        "--steps.tweakreg.abs_refcat={}",
        catalogue.display()
    )]);
    let mut found = Vec::new();
    for exposure in 1..=2 {
        let name = format!("jw90017001001_02101_0000{exposure}_nrcb1_tweakreg.fits");
        found.extend(fixture.differences("absolute", &name, &[]));
    }
    let name = format!("{PRODUCT}_segm.fits");
    found.extend(fixture.differences("absolute", &name, &[]));
    let name = format!("{PRODUCT}_cat.ecsv");
    found.extend(catalogue_differences(
        &fixture.ours.path().join(&name),
        &fixture.official.path().join("absolute").join(&name),
        1e-4,
    ));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// On the reference's own mosaic nothing but rounding is left of the differences.
#[test]
fn the_official_mosaic_gives_the_official_catalogue() {
    let fixture = Fixture::new();
    let mosaic = fixture.official.path().join(format!("{PRODUCT}_i2d.fits"));
    let run = fixture.run("source_catalog", &mosaic, &[]);
    assert!(run.status.success(), "{}", run.status);
    let name = format!("{PRODUCT}_cat.ecsv");
    let mut found = catalogue_differences(
        &fixture.ours.path().join(&name),
        &fixture.official.path().join(&name),
        1e-8,
    );
    let name = format!("{PRODUCT}_segm.fits");
    found.extend(fixture.differences("", &name, &[]));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Row by row: labels and flags equal, positions on the sky within 0.05 mas and on the image within 0.001 pixel, all
/// other numbers within `relative` of their value or of 1, where they are magnitudes, ratios, shapes or angles.
fn catalogue_differences(ours: &Path, official: &Path, relative: f64) -> Vec<String> {
    let ours = Table::read(ours).expect("our catalogue is read");
    let official = Table::read(official).expect("the official catalogue is read");
    assert!(official.len() > 40, "{} sources", official.len());
    let names = |table: &Table| -> Vec<String> {
        let columns = table.columns.iter();
        columns.map(|column| column.name.clone()).collect()
    };
    assert_eq!(names(&ours), names(&official));
    assert_eq!(ours.len(), official.len(), "number of sources");
    let mut found = Vec::new();
    for (own, column) in ours.columns.iter().zip(&official.columns) {
        let name = &column.name;
        assert_eq!(
            (&own.unit, &own.description, &own.format),
            (&column.unit, &column.description, &column.format),
            "{name}"
        );
        if let (Values::Sky(own), Values::Sky(official)) = (&own.values, &column.values) {
            let far = own.iter().zip(official).filter(|(a, b)| !is_near(**a, **b));
            found.extend(far.map(|(a, b)| format!("{name}: ours {a:?}, reference {b:?}")));
            continue;
        }
        let (Some(a), Some(b)) = (own.values.to_f64(), column.values.to_f64()) else {
            if own.values != column.values {
                found.push(format!("{name}: {:?}", own.values));
            }
            continue;
        };
        let is_flux = name.contains("flux");
        let is_exact = matches!(own.values, Values::I32(_) | Values::I64(_));
        for (row, (a, b)) in a.iter().zip(&b).enumerate() {
            let scale = if is_flux { b.abs() } else { b.abs().max(1.0) };
            let limit = if is_exact { 0.0 } else { relative * scale };
            if !((a - b).abs() <= limit || (a.is_nan() && b.is_nan())) {
                found.push(format!("{name}[{row}]: ours {a}, reference {b}"));
            }
        }
    }
    found
}

fn is_near(a: (f64, f64), b: (f64, f64)) -> bool {
    let east = (a.0 - b.0) * b.1.to_radians().cos();
    let both_unknown = a.0.is_nan() && b.0.is_nan() && a.1.is_nan() && b.1.is_nan();
    both_unknown || east.hypot(a.1 - b.1) <= POSITION
}

/// An association of members that are changed copies of the golden exposures.
struct Broken {
    fixture: Fixture,
}

impl Broken {
    fn new() -> Self {
        Self {
            fixture: Fixture::new(),
        }
    }

    fn member(exposure: usize) -> String {
        format!("jw90017001001_02101_0000{exposure}_nrcb1_cal.fits")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.fixture.official.path().join(name)
    }

    /// Saves a copy of the second exposure with another keyword.
    fn changed(&self, name: &str, key: &str, value: &str) {
        let mut image = ImageModel::open(&self.path(&Self::member(2))).expect("it opens");
        image.meta.set(key, value);
        image.save(&self.path(name)).expect("it is saved");
    }

    /// The pipeline ends with status 1, says all of `words`, and leaves no file.
    fn fails(&self, members: &[&str], role: &str, words: &[&str]) {
        let members: Vec<String> = members
            .iter()
            .map(|name| format!(r#"{{"expname": "{name}", "exptype": "{role}"}}"#))
            .collect();
        self.fails_as(
            &format!(
                r#"{{"asn_type": "image3", "asn_id": "a3001", "asn_pool": "none",
                    "products": [{{"name": "broken", "members": [{}]}}]}}"#,
                members.join(", ")
            ),
            words,
        );
    }

    fn fails_as(&self, association: &str, words: &[&str]) {
        let path = self.path("broken_asn.json");
        std::fs::write(&path, association).expect("the association is written");
        let run = self.fixture.run("calwebb_image3", &path, &[]);
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{said}");
        for word in words {
            assert!(said.contains(word), "`{word}` is not in: {said}");
        }
        let left: Vec<_> = std::fs::read_dir(self.fixture.ours.path())
            .expect("the folder is read")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// What the pipeline makes of associations that are odd, but can be used.
impl Broken {
    /// Saves a copy of an exposure that `change` was applied to.
    fn copy(&self, exposure: usize, name: &str, change: impl FnOnce(&mut ImageModel)) {
        let mut image = ImageModel::open(&self.path(&Self::member(exposure))).expect("it opens");
        change(&mut image);
        image.save(&self.path(name)).expect("it is saved");
    }

    /// Runs the pipeline; gives what it said and the products' names.
    fn makes(&self, members: &[&str]) -> (String, Vec<String>) {
        let members = members.iter();
        let members: Vec<String> = members
            .map(|name| format!(r#"{{"expname": "{name}", "exptype": "science"}}"#))
            .collect();
        let text = format!(
            r#"{{"asn_type": "image3", "asn_id": "a3001", "asn_pool": "none",
                "products": [{{"name": "odd", "members": [{}]}}]}}"#,
            members.join(", ")
        );
        let path = self.path("odd_asn.json");
        std::fs::write(&path, text).expect("the association is written");
        let run = self.fixture.run("calwebb_image3", &path, &[]);
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(run.status.success(), "{said}");
        let products = std::fs::read_dir(self.fixture.ours.path()).expect("the folder is read");
        let mut products: Vec<String> = products
            .map(|entry| file_name(&entry.expect("an entry").path()))
            .collect();
        products.sort();
        (said, products)
    }
}

#[test]
fn one_exposure_is_resampled_alone() {
    let broken = Broken::new();
    let (_, products) = broken.makes(&[&Broken::member(1)]);
    let crf = "jw90017001001_02101_00001_nrcb1_a3001_crf.fits";
    assert_eq!(
        products,
        [crf, "odd_cat.ecsv", "odd_i2d.fits", "odd_segm.fits"]
    );
    let exposure = ImageModel::open(&broken.fixture.ours.path().join(crf)).expect("it opens");
    for (step, status) in [
        ("tweakreg", "FAILED"),
        ("skymatch", "SKIPPED"),
        ("outlier_detection", "FAILED"),
    ] {
        let found = exposure.meta.text(&format!("meta.cal_step.{step}"));
        assert_eq!(found, Some(status), "{step}");
    }
}

/// The data units of all images in a folder, by file, HDU and version.
fn image_bytes(folder: &Path) -> BTreeMap<(String, String, i64), Vec<u8>> {
    let mut images = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the folder is read") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "fits") {
            continue;
        }
        let reader = FitsReader::open(&path).expect("it opens");
        for hdu in reader.hdus() {
            if matches!(hdu.kind, HduKind::Image { .. }) {
                let bytes = reader.bytes(hdu).expect("it is read");
                let key = (file_name(&path), hdu.name.clone(), hdu.version);
                images.insert(key, bytes);
            }
        }
    }
    images
}

/// The most memory that a run took, as it says itself at its end [MB].
fn peak_mb(said: &str) -> f64 {
    let line = said.lines().rfind(|line| line.starts_with("done "));
    let words = line.expect("a last line").trim_end().strip_suffix(" MB");
    let number = words.and_then(|words| words.rsplit(' ').next()?.parse().ok());
    number.expect("the memory that was taken")
}

#[test]
fn a_limit_of_memory_is_heeded_or_refused_and_changes_no_image() {
    let run = |limit: &[String]| {
        let fixture = Fixture::new();
        let run = fixture.run("calwebb_image3", &fixture.association(), limit);
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        (run.status, said, image_bytes(fixture.ours.path()))
    };
    let (status, said, unlimited) = run(&[]);
    assert!(status.success(), "{said}");
    let names = ["i2d", "crf", "segm"].map(|name| format!("_{name}.fits"));
    let is_there = |end: &String| unlimited.keys().any(|(file, ..)| file.ends_with(end));
    assert!(names.iter().all(is_there), "{:?}", unlimited.keys());
    for limit_mb in [200, 1000] {
        let (status, said, limited) = run(&[format!("--max-memory={limit_mb}M")]);
        assert!(status.success(), "{said}");
        assert!(limited == unlimited, "images differ with {limit_mb} MB");
        if cfg!(target_os = "linux") {
            assert!(peak_mb(&said) < f64::from(limit_mb), "{said}");
        }
    }
    let (status, said, products) = run(&["--max-memory=40M".to_owned()]);
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains("MiB of memory, more than the limit of 38 MiB"),
        "{said}"
    );
    assert!(products.is_empty());
}

#[test]
fn renamed_copies_have_products_of_their_own() {
    let broken = Broken::new();
    let second = broken.path(&Broken::member(2));
    std::fs::copy(&second, broken.path("twin_cal.fits")).expect("it is copied");
    let (_, products) = broken.makes(&[&Broken::member(2), "twin_cal.fits"]);
    let crf = [
        "jw90017001001_02101_00002_nrcb1_a3001_crf.fits",
        "odd_cat.ecsv",
        "odd_i2d.fits",
        "odd_segm.fits",
        "twin_a3001_crf.fits",
    ];
    assert_eq!(products, crf);
}

#[test]
fn fields_without_sources_have_a_mosaic_and_no_catalogue() {
    let broken = Broken::new();
    let names = ["a_cal.fits", "b_cal.fits"];
    for (index, name) in names.iter().enumerate() {
        broken.copy(index + 1, name, |image| {
            for ((row, column), value) in image.data.indexed_iter_mut() {
                *value = 1.0 + 0.01 * ((row * 31 + column * 17) % 10) as f32;
            }
        });
    }
    let (said, products) = broken.makes(&names);
    assert_eq!(
        products,
        ["a_a3001_crf.fits", "b_a3001_crf.fits", "odd_i2d.fits"]
    );
    assert!(said.contains("No sources found in a_cal.fits"), "{said}");
    let mosaic = broken.fixture.ours.path().join("odd_i2d.fits");
    let mosaic = ImageModel::open(&mosaic).expect("it opens");
    let seen = mosaic.data.iter().filter(|value| value.is_finite());
    assert!(seen.count() > 160 * 160 / 2);
}

/// The exposure 400 columns away is left where its pointing says; the mosaic holds both fields.
#[test]
fn fields_that_do_not_overlap_are_in_one_mosaic() {
    let broken = Broken::new();
    broken.copy(2, "away_cal.fits", |image| {
        let mut wcs = image.meta.wcs().expect("it is read").expect("there is one");
        let shift = Transform::from(Shift(400.0)).join(Transform::identity(1));
        wcs.insert_transform("detector", shift, true)
            .expect("it fits");
        let corners = wcs.footprint(false).expect("a box").corners;
        let vertices = corners
            .iter()
            .map(|corner| [corner[0], corner[1]])
            .collect();
        let region = Footprint::region(&[Footprint { vertices }]);
        image.meta.set_wcs(&wcs).expect("it is stored");
        image.meta.set("meta.wcsinfo.s_region", region);
    });
    let (_, products) = broken.makes(&[&Broken::member(1), "away_cal.fits"]);
    let of_first = "jw90017001001_02101_00001_nrcb1_a3001_crf.fits";
    assert_eq!(
        products,
        [
            "away_a3001_crf.fits",
            of_first,
            "odd_cat.ecsv",
            "odd_i2d.fits",
            "odd_segm.fits"
        ]
    );
    let open = |name: &str| ImageModel::open(&broken.fixture.ours.path().join(name));
    let away = open("away_a3001_crf.fits").expect("it opens");
    assert_eq!(away.meta.text("meta.cal_step.skymatch"), Some("SKIPPED"));
    let mosaic = open("odd_i2d.fits").expect("it opens");
    assert!(mosaic.data.ncols().max(mosaic.data.nrows()) > 500);
}

#[test]
fn truncated_members_are_named() {
    let broken = Broken::new();
    let whole = std::fs::read(broken.path(&Broken::member(2))).expect("it is read");
    let part = &whole[..whole.len() * 6 / 10];
    std::fs::write(broken.path("cut_cal.fits"), part).expect("it is written");
    broken.fails(
        &[&Broken::member(1), "cut_cal.fits"],
        "science",
        &["cut_cal.fits", "truncated"],
    );
}

#[test]
fn a_mosaic_is_no_member() {
    let mosaic = format!("{PRODUCT}_i2d.fits");
    Broken::new().fails(
        &[&Broken::member(1), &mosaic],
        "science",
        &[&mosaic, "no HDU DQ"],
    );
}

#[test]
fn missing_members_are_all_named() {
    let first = Broken::member(1);
    Broken::new().fails(
        &[&first, "gone_cal.fits", "lost_cal.fits"],
        "science",
        &["broken_asn.json", "gone_cal.fits", "lost_cal.fits"],
    );
}

#[test]
fn unreadable_members_are_named() {
    let broken = Broken::new();
    std::fs::write(broken.path("junk_cal.fits"), "no FITS file").expect("it is written");
    broken.fails(
        &[&Broken::member(1), "junk_cal.fits"],
        "science",
        &["junk_cal.fits", "FITS"],
    );
}

#[test]
fn members_elsewhere_are_named_with_the_option_that_allows_them() {
    Broken::new().fails(
        &[&Broken::member(1), "../other_cal.fits"],
        "science",
        &["../other_cal.fits", "--members-anywhere"],
    );
}

#[test]
fn products_without_science_members_are_named() {
    Broken::new().fails(&[&Broken::member(1)], "background", &["broken", "science"]);
}

#[test]
fn a_cube_is_no_member() {
    let broken = Broken::new();
    let image = ImageModel::open(&broken.path(&Broken::member(2))).expect("it opens");
    let twice = |plane: &Array2<f32>| stack![Axis(0), *plane, *plane];
    let cube = CubeModel {
        data: twice(&image.data),
        err: twice(&image.err),
        dq: stack![Axis(0), image.dq, image.dq],
        var_poisson: twice(&image.var_poisson),
        var_rnoise: twice(&image.var_rnoise),
        var_flat: None,
        meta: image.meta,
        area: None,
        int_times: None,
        int_times_stripe: None,
        extra: Vec::new(),
    };
    cube.save(&broken.path("cube_calints.fits"))
        .expect("it is saved");
    broken.fails(
        &[&Broken::member(1), "cube_calints.fits"],
        "science",
        &["cube_calints.fits", "2 dimensions"],
    );
}

#[test]
fn an_exposure_without_world_coordinates_is_named() {
    let broken = Broken::new();
    let mut image = ImageModel::open(&broken.path(&Broken::member(2))).expect("it opens");
    image.meta.remove("meta.wcs");
    image
        .save(&broken.path("nowhere_cal.fits"))
        .expect("it is saved");
    broken.fails(
        &[&Broken::member(1), "nowhere_cal.fits"],
        "science",
        &["nowhere_cal.fits", "assign_wcs"],
    );
}

#[test]
fn instruments_are_not_mixed() {
    let broken = Broken::new();
    broken.changed("miri_cal.fits", "meta.instrument.name", "MIRI");
    let first = Broken::member(1);
    broken.fails(
        &[&first, "miri_cal.fits"],
        "science",
        &[&first, "NIRCAM", "miri_cal.fits", "MIRI"],
    );
}

#[test]
fn text_that_is_no_association_is_told() {
    let broken = Broken::new();
    broken.fails_as(r#"{"asn_type": "#, &["broken_asn.json", "expected JSON"]);
    broken.fails_as(
        r#"{"asn_type": "image3", "products": []}"#,
        &["broken_asn.json", "products"],
    );
}
