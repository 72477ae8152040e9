//! `strun --lock` and `--locked` on a golden case.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use testkit::compare::{ToleranceSpec, compare_products};
use testkit::golden::Case;

/// A case with a cache of its own, which can be changed, and an exposure.
struct Place {
    cache: TempDir,
    case: Case,
}

impl Place {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/miri_sub64");
        let case = Case::open(&folder).expect("the case is part of this package");
        let cache = TempDir::new().expect("a folder");
        copy(&case.crds_cache, cache.path());
        Self { cache, case }
    }

    /// Status and standard error of a run in a folder.
    fn strun(&self, folder: &Path, arguments: &[&str], context: Option<&str>) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_strun-under-test"));
        command
            .arg("calwebb_detector1")
            .arg(&self.case.inputs[0])
            .args(arguments)
            .env("CRDS_PATH", self.cache.path())
            .env_remove("CRDS_SERVER_URL")
            .env_remove("CRDS_CONTEXT")
            .envs(context.map(|context| ("CRDS_CONTEXT", context)))
            .current_dir(folder);
        let run = command.output().expect("the program runs");
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        (run.status.success(), said)
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file");
        }
    }
}

fn products(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let is_product = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "fits");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(is_product)
        .collect();
    paths.sort();
    paths
}

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

#[test]
fn a_locked_run_has_the_same_products() {
    let (place, first, second) = (Place::new(), folder(), folder());
    let given = ["--steps.jump.rejection_threshold=7", "--lock=refs.lock"];
    let (done, said) = place.strun(first.path(), &given, None);
    assert!(done, "{said}");
    let lock = first.path().join("refs.lock");
    let locked = format!("--locked={}", lock.display());
    let (done, said) = place.strun(second.path(), &[&locked, "--lock=refs.lock"], None);
    assert!(done, "{said}");
    // Everything but the date of the file and the log, in which are the times of its lines.
    let mut spec = ToleranceSpec::exact();
    spec.ignored_keywords
        .retain(|keyword| keyword != "FILENAME");
    spec.ignored_paths.retain(|path| path != "meta.filename");
    spec.ignored_paths.push("cal_logs".to_owned());
    let (ours, again) = (products(first.path()), products(second.path()));
    assert_eq!(ours.len(), 2, "{ours:?}");
    for (first, second) in ours.iter().zip(&again) {
        let report = compare_products(second, first, &spec).expect("both are read");
        assert!(report.is_equal(), "{report}");
    }
    let text = |folder: &Path| fs::read_to_string(folder.join("refs.lock")).expect("a lock");
    assert_eq!(text(first.path()), text(second.path()));
    assert!(text(first.path()).contains("\"steps.jump.rejection_threshold\": 7.0,"));
}

#[test]
fn a_locked_run_refuses_another() {
    let (place, first, second) = (Place::new(), folder(), folder());
    let (done, said) = place.strun(first.path(), &["--lock=refs.lock"], None);
    assert!(done, "{said}");
    let lock = first.path().join("refs.lock");
    let locked = format!("--locked={}", lock.display());
    let refused = |arguments: &[&str], context: Option<&str>, why: &str| {
        let (done, said) = place.strun(second.path(), arguments, context);
        assert!(!done && said.contains(why), "{why}\n{said}");
        assert_eq!(products(second.path()), Vec::<PathBuf>::new());
    };
    refused(
        &[&locked, "--steps.jump.rejection_threshold=7"],
        None,
        // What the parameter reference of this instrument says.
        "parameter steps.jump.rejection_threshold (command line): expected 5.0, found 7.0",
    );
    refused(
        &[&locked],
        Some("jwst_0000.pmap"),
        "CRDS_CONTEXT: expected jwst_9013.pmap, found jwst_0000.pmap",
    );
    // One that is not in the cache.
    let text = fs::read_to_string(&lock).expect("a lock");
    let other = first.path().join("other.lock");
    fs::write(&other, text.replace("jwst_9013.pmap", "jwst_9012.pmap")).expect("a lock");
    let of_other = format!("--locked={}", other.display());
    refused(
        &[&of_other],
        None,
        "the mapping jwst_9012.pmap is not in the cache",
    );
    let gain = "references/jwst/miri/jwst_miri_gain_9013.fits";
    let gain = place.cache.path().join(gain);
    let mut octets = fs::read(&gain).expect("a reference");
    *octets.last_mut().expect("a byte") ^= 1;
    fs::write(&gain, octets).expect("a reference");
    refused(
        &[&locked],
        None,
        "reference jwst_miri_gain_9013.fits of type gain: expected SHA-1 ",
    );
}
