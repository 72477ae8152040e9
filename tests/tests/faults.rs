//! Runs that are killed at random moments, and runs on disks that become full: under the name of a product there is the whole
//! product, or what was there before, or nothing.
//!
//! `JWST_FAULT_KILLS` and `JWST_FAULT_DISKS` say how many of each pipeline; few by default.
#![cfg(target_os = "linux")]
#![expect(
    clippy::print_stderr,
    reason = "how many runs were killed, and why a test could not run, is for whoever looks"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use testkit::compare::{ToleranceSpec, compare_products};
use testkit::golden::Case;

/// What stands under the names of products before a run.
const OLD: &[u8] = b"what was here before\n";

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Numbers between 0 and 1 that look random and are always the same.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A pipeline on a golden case, with what it makes when nothing happens.
struct Pipeline {
    case: Case,
    input: PathBuf,
    arguments: Vec<String>,
    /// Members of an association; what a run finds beside it.
    _members: TempDir,
    whole: TempDir,
    products: Vec<String>,
    time: Duration,
}

impl Pipeline {
    fn new(case: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("golden")
            .join(case);
        let case = Case::open(&folder).expect("the case is part of this package");
        let members = TempDir::new().expect("a folder");
        let mut input = case.inputs[0].clone();
        if case.pipeline.name == "calwebb_image3" {
            case.official_products(members.path())
                .expect("the members unpack");
            let beside = members.path().join(input.file_name().expect("a name"));
            fs::copy(&input, &beside).expect("the association is copied");
            input = beside;
        }
        let arguments = [case.saving_arguments(), case.parameter_arguments()].concat();
        let mut pipeline = Self {
            case,
            input,
            arguments,
            _members: members,
            whole: TempDir::new().expect("a folder"),
            products: Vec::new(),
            time: Duration::ZERO,
        };
        let begun = Instant::now();
        let run = pipeline
            .command(pipeline.whole.path())
            .output()
            .expect("the program starts");
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
        pipeline.time = begun.elapsed();
        pipeline.products = names(pipeline.whole.path());
        assert!(pipeline.products.len() > 1, "{:?}", pipeline.products);
        pipeline
    }

    fn command(&self, output: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_strun-under-test"));
        command
            .args(["--threads=2", self.case.pipeline.name])
            .arg(&self.input)
            .arg(format!("--output_dir={}", output.display()))
            .args(&self.arguments)
            .env("CRDS_PATH", &self.case.crds_cache)
            .env("CRDS_READONLY_CACHE", "1")
            .env_remove("CRDS_CONTEXT")
            .current_dir(output)
            .stdout(Stdio::null());
        command
    }

    /// Puts something under the name of every product.
    fn fill(&self, output: &Path) {
        for name in &self.products {
            fs::write(output.join(name), OLD).expect("an old file");
        }
    }

    /// What is under the names of products: whole, old, or not there. Everything else must be hidden.
    fn check(&self, output: &Path, filled: bool, what: &str) -> State {
        let mut state = State::default();
        for name in names(output) {
            let path = output.join(&name);
            if !self.products.contains(&name) {
                assert!(
                    name.starts_with('.'),
                    "{what}: {name} is no product and not hidden"
                );
                state.hidden += 1;
            } else if filled && fs::read(&path).expect("a file") == OLD {
                state.old += 1;
            } else {
                self.is_whole(&path, &self.whole.path().join(&name), what);
                state.whole += 1;
            }
        }
        if filled {
            assert_eq!(
                state.old + state.whole,
                self.products.len(),
                "{what}: a file is gone"
            );
        }
        state
    }

    fn is_whole(&self, found: &Path, expected: &Path, what: &str) {
        if found.extension().is_some_and(|ending| ending == "fits") {
            let report = compare_products(found, expected, &ToleranceSpec::exact());
            let report =
                report.unwrap_or_else(|error| panic!("{what}: {}: {error}", self.case.name));
            assert!(report.is_equal(), "{what}: {report}");
            return;
        }
        let read = |path: &Path| fs::read(path).expect("a file");
        let (found, expected) = (read(found), read(expected));
        let last = |content: &[u8]| {
            content
                .rsplit(|octet| *octet == b'\n')
                .nth(1)
                .map(<[u8]>::to_vec)
        };
        assert_eq!(
            (found.len(), last(&found)),
            (expected.len(), last(&expected)),
            "{what}"
        );
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct State {
    whole: usize,
    old: usize,
    hidden: usize,
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Sizes and times of change of all files of a folder.
fn survey(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(survey(&path));
        } else {
            found.insert(path, entry.metadata().expect("a file").len());
        }
    }
    found
}

const CASES: [&str; 3] = ["nrcb1_sub64p", "nrcb1_image2", "nrc_dither4"];

#[test]
fn killed_runs_leave_no_partial_product() {
    let kills = number("JWST_FAULT_KILLS", 4);
    for (seed, case) in CASES.iter().enumerate() {
        let pipeline = Pipeline::new(case);
        let cache = survey(&pipeline.case.crds_cache);
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15 + seed as u64);
        let mut seen = [0; 3];
        for kill in 0..kills {
            let output = TempDir::new().expect("a folder");
            let filled = kill % 2 == 0;
            if filled {
                pipeline.fill(output.path());
            }
            let moment = pipeline.time.mul_f64(1.05 * chance.next());
            let mut run = pipeline
                .command(output.path())
                .stderr(Stdio::null())
                .spawn()
                .expect("the program starts");
            sleep(moment);
            run.kill().expect("a process");
            let status = run.wait().expect("a process");
            let what = format!("{case}, kill {kill} after {moment:?}");
            let state = pipeline.check(output.path(), filled, &what);
            seen[0] += usize::from(!status.success());
            seen[1] += state.whole;
            seen[2] += state.hidden;
            if kill % 8 == 0 {
                // What a killed run leaves is no obstacle to the next.
                let run = pipeline
                    .command(output.path())
                    .output()
                    .expect("the program starts");
                assert!(
                    run.status.success(),
                    "{what}: {}",
                    String::from_utf8_lossy(&run.stderr)
                );
                let state = pipeline.check(output.path(), false, &what);
                assert_eq!(state.whole, pipeline.products.len(), "{what}");
            }
        }
        assert_eq!(
            survey(&pipeline.case.crds_cache),
            cache,
            "{case}: the cache"
        );
        eprintln!(
            "{case}: {kills} runs of {:?}, {} killed in time; {} whole products, {} hidden files left, none partial",
            pipeline.time, seen[0], seen[1], seen[2]
        );
    }
}

/// A small disk in memory, which needs the right to mount.
struct Disk {
    place: TempDir,
}

impl Disk {
    fn mount(bytes: u64) -> Option<Self> {
        let place = TempDir::new().expect("a folder");
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={bytes},nr_inodes=1000"),
                "tmpfs",
            ])
            .arg(place.path())
            .stderr(Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self { place })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount")
            .arg("-l")
            .arg(self.place.path())
            .status();
        assert!(unmounted.is_ok_and(|status| status.success()), "umount");
    }
}

#[test]
fn full_disks_leave_no_partial_product() {
    if Disk::mount(1 << 20).is_none() {
        eprintln!("skipped: no right to mount a small disk");
        return;
    }
    let disks = number("JWST_FAULT_DISKS", 3);
    for (seed, case) in CASES.iter().enumerate() {
        let pipeline = Pipeline::new(case);
        let needed: u64 = survey(pipeline.whole.path()).values().sum();
        let mut chance = Chance(0xd1b5_4a32_d192_ed03 + seed as u64);
        let (mut full, mut whole) = (0, 0);
        for point in 0..disks {
            // A tmpfs counts in pages: less than what the products need by one page or more.
            let size = (needed as f64 * chance.next()) as u64 / 4096 * 4096
                + 4096 * pipeline.products.len() as u64;
            let disk = Disk::mount(size).expect("a small disk");
            let output = disk.place.path();
            let filled = point % 2 == 0;
            if filled {
                pipeline.fill(output);
            }
            let mut command = pipeline.command(output);
            if point % 3 == 0 && pipeline.case.pipeline.name == "calwebb_image3" {
                // Temporary arrays on the same disk.
                command.env("TMPDIR", output).arg("--in_memory=false");
            }
            let run = command.output().expect("the program starts");
            let what = format!("{case}, disk of {size} bytes");
            let state = pipeline.check(output, filled, &what);
            assert_eq!(state.hidden, 0, "{what}: nothing temporary is left");
            if run.status.success() {
                assert_eq!(state.whole, pipeline.products.len(), "{what}");
            } else {
                says_so(&run, &what);
                full += 1;
            }
            whole += state.whole;
        }
        eprintln!(
            "{case}: {disks} disks of less than {needed} bytes, {full} became full; {whole} whole products, none partial"
        );
    }
}

fn says_so(run: &Output, what: &str) {
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{what}: {said}");
    // cfitsio, which writes headers, has words of its own.
    let reasons = ["No space left on device", "error writing to FITS file"];
    let told = reasons.iter().any(|reason| said.contains(reason));
    let words = ["error: ", "hint: ", "code: "];
    assert!(
        told && words.iter().all(|word| said.contains(word)),
        "{what}: {said}"
    );
}
