//! `strun` on the golden cases: every product as the reference package's.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use testkit::compare::{ToleranceSpec, compare_products};
use testkit::golden::Case;

/// Names a folder of further cases, packed or as the simulator leaves them.
const MORE_CASES: &str = "JWST_GOLDEN_CASES";

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

/// Runs the pipeline on a case with every step's product saved; fails with the program's own words.
fn calibrate(case: &Case, output: &Path, threads: usize) -> Result<(), String> {
    case.inputs
        .iter()
        .try_for_each(|input| calibrate_one(case, input, output, threads))
}

fn calibrate_one(case: &Case, input: &Path, output: &Path, threads: usize) -> Result<(), String> {
    let run = Command::new(env!("CARGO_BIN_EXE_strun-under-test"))
        .arg(format!("--threads={threads}"))
        .arg(case.pipeline.name)
        .arg(input)
        .arg(format!("--output_dir={}", output.display()))
        .args(case.saving_arguments())
        .args(case.parameter_arguments())
        .env("CRDS_PATH", &case.crds_cache)
        .env("CRDS_READONLY_CACHE", "1")
        .env_remove("CRDS_CONTEXT")
        .current_dir(output)
        .output()
        .map_err(|e| e.to_string())?;
    if run.status.success() {
        return Ok(());
    }
    Err(format!(
        "{}: {}",
        run.status,
        String::from_utf8_lossy(&run.stderr)
    ))
}

/// What is not as the reference has it: a missing, extra or differing product each.
fn differences(case: &Case, spec: &ToleranceSpec) -> Vec<String> {
    let (official, ours) = (
        TempDir::new().expect("a folder"),
        TempDir::new().expect("a folder"),
    );
    let products = case
        .official_products(official.path())
        .expect("the products unpack");
    if let Err(message) = calibrate(case, ours.path(), 2) {
        return vec![message];
    }
    let mut found = Vec::new();
    let mut expected = Vec::new();
    for product in products {
        let name = product.file_name().expect("a name").to_owned();
        let written = ours.path().join(&name);
        if written.is_file() {
            match compare_products(&written, &product, spec) {
                Ok(report) if report.is_equal() => {}
                Ok(report) => found.push(report.to_string()),
                Err(error) => found.push(error.to_string()),
            }
        } else {
            found.push(format!("{}: not written", name.display()));
        }
        expected.push(name);
    }
    for entry in std::fs::read_dir(ours.path()).expect("the folder is read") {
        let name = entry.expect("an entry").file_name();
        if !expected.contains(&name) {
            found.push(format!(
                "{}: the reference has no such product",
                name.display()
            ));
        }
    }
    found
}

fn check(case: &Case) {
    let found = differences(case, &ToleranceSpec::exposures());
    assert!(
        found.is_empty(),
        "{}: {} products differ\n{}",
        case.name,
        found.len(),
        found.join("\n")
    );
}

fn check_committed(name: &str) {
    check(&Case::open(&committed().join(name)).expect("the case is part of this package"));
}

#[test]
fn nircam_short_wavelength_subarray() {
    check_committed("nrcb1_sub64p");
}

#[test]
fn nircam_long_wavelength_subarray() {
    check_committed("nrcblong_sub160");
}

#[test]
fn miri_subarray() {
    check_committed("miri_sub64");
}

#[test]
fn niriss_subarray() {
    check_committed("niriss_sub64");
}

#[test]
fn nirspec_subarray_without_reference_pixels() {
    check_committed("nrs2_sub32");
}

#[test]
fn fgs_subarray() {
    check_committed("fgs_sub128");
}

#[test]
fn nircam_likelihood_fit() {
    check_committed("nrcb1_likely18");
}

#[test]
fn miri_dark_exposure() {
    check_committed("miri_dark");
}

#[test]
fn fine_guidance_with_its_tables() {
    check_committed("guider_fg");
}

#[test]
fn stack_of_an_identification() {
    check_committed("guider_idstack");
}

#[test]
fn nircam_flicker_noise() {
    check_committed("nrcb1_flicker39");
}

#[test]
fn niriss_superstripes() {
    check_committed("nis_stripes");
}

#[test]
fn nircam_superstripes_with_repeats() {
    check_committed("nrc_stripes");
}

#[test]
fn nircam_substripes() {
    check_committed("nrc_substripes");
}

#[test]
fn nircam_images_of_stage_2() {
    check_committed("nrcb1_image2");
}

#[test]
fn miri_images_of_stage_2() {
    check_committed("miri_image2");
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    // Showers, neighbours across bands and three integrations.
    same_bits("miri_sub64", 10);
}

#[test]
fn any_number_of_threads_gives_the_same_images() {
    same_bits("nrcb1_image2", 4);
}

/// Compares products made by one, two and seven threads; there are more than `fewest`.
fn same_bits(name: &str, fewest: usize) {
    let case = Case::open(&committed().join(name)).expect("the case is part of this package");
    let folders = [1, 2, 7].map(|threads| {
        let folder = TempDir::new().expect("a folder");
        calibrate(&case, folder.path(), threads).expect("the case is calibrated");
        folder
    });
    let mut products = 0;
    for entry in std::fs::read_dir(folders[0].path()).expect("the folder is read") {
        let name = entry.expect("an entry").file_name();
        for other in &folders[1..] {
            let (ours, one) = (other.path().join(&name), folders[0].path().join(&name));
            let report = compare_products(&ours, &one, &ToleranceSpec::exact()).expect("both open");
            assert!(report.is_equal(), "{report}");
        }
        products += 1;
    }
    assert!(products > fewest, "only {products} products were compared");
}

#[test]
fn every_committed_case_has_a_test() {
    let names: Vec<String> = Case::all(&committed())
        .expect("the cases are part of this package")
        .into_iter()
        .map(|case| case.name)
        .collect();
    assert_eq!(
        names,
        [
            "fgs_sub128",
            "guider_fg",
            "guider_idstack",
            "miri_dark",
            "miri_image2",
            "miri_sub64",
            "niriss_sub64",
            "nis_stripes",
            // In image3.rs.
            "nrc_dither4",
            "nrc_stripes",
            "nrc_substripes",
            "nrcb1_flicker39",
            "nrcb1_image2",
            "nrcb1_likely18",
            "nrcb1_sub64p",
            "nrcblong_sub160",
            "nrs2_sub32"
        ]
    );
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "says that it had nothing to do, and which cases it runs"
)]
fn further_cases() {
    let Some(folder) = std::env::var_os(MORE_CASES) else {
        eprintln!(
            "{MORE_CASES} names no folder of further cases: only the committed ones are compared"
        );
        return;
    };
    let mut failed = Vec::new();
    let cases = Case::all(Path::new(&folder)).expect("a folder of cases");
    // Associations are compared in image3.rs.
    let exposures = |case: &Case| case.pipeline.name != "calwebb_image3";
    for case in cases.into_iter().filter(exposures) {
        let found = differences(&case, &ToleranceSpec::exposures());
        eprintln!(
            "{}: {}",
            case.name,
            if found.is_empty() {
                "equal"
            } else {
                "DIFFERENT"
            }
        );
        failed.extend(
            found
                .into_iter()
                .map(|text| format!("{}: {text}", case.name)),
        );
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
