//! The programs with a server: a real one, in this process, that has the files of a golden case.

#[path = "../../crds/tests/support/server.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is shared with another crate")]
mod server;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use server::{Content, Fault, Server, World, noise, sum};

const CONTEXT: &str = "jwst_9013.pmap";
const GAIN: &str = "jwst_miri_gain_9013.fits";
const MASK: &str = "jwst_miri_mask_9013.fits";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/miri_sub64")
}

fn exposure() -> PathBuf {
    golden().join("input/jw90013001001_02101_00001_mirimage_uncal.fits")
}

/// A mapping with a sum of its own again.
fn summed(text: &str) -> String {
    let is_sum = |line: &&str| line.contains("sha1sum");
    let rest: String = text
        .split_inclusive('\n')
        .filter(|line| !is_sum(line))
        .collect();
    let own = text.split_inclusive('\n').find(is_sum).expect("a sum");
    text.replace(
        own,
        &format!("    'sha1sum' : '{}',\n", sum(rest.as_bytes())),
    )
}

/// All files of the case; references of later stages, which it has not, are noise. `jwst_9014.pmap` has another gain.
fn world() -> World {
    let cache = golden().join("crds_cache");
    let mut files: HashMap<String, Vec<u8>> = HashMap::new();
    for part in ["mappings/jwst", "references/jwst/miri"] {
        for entry in fs::read_dir(cache.join(part)).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    let mut newer: Vec<(String, String)> = Vec::new();
    for (name, changes) in [
        (CONTEXT, &["jwst_9013.pmap", "jwst_miri_9013.imap"][..]),
        (
            "jwst_miri_9013.imap",
            &["jwst_miri_9013.imap", "jwst_miri_gain_9013.rmap"],
        ),
        (
            "jwst_miri_gain_9013.rmap",
            &["jwst_miri_gain_9013.rmap", GAIN],
        ),
    ] {
        let renewed = |name: &str| name.replace("9013", "9014");
        let changed = |text: String, name: &&str| text.replace(name, &renewed(name));
        newer.push((
            renewed(name),
            summed(&changes.iter().fold(text(name), changed)),
        ));
    }
    files.extend(
        newer
            .into_iter()
            .map(|(name, text)| (name, text.into_bytes())),
    );
    let rules: Vec<String> = files
        .iter()
        .filter(|(name, _)| name.ends_with("rmap"))
        .map(|(_, octets)| String::from_utf8(octets.clone()).unwrap())
        .collect();
    for word in rules.iter().flat_map(|text| text.split('\'')) {
        let is_reference = word
            .rsplit_once('.')
            .is_some_and(|(_, ending)| ["fits", "asdf"].contains(&ending));
        if word.starts_with("jwst_") && is_reference {
            let seed = word.bytes().map(u64::from).sum();
            let made = || noise(seed, 10_000 + seed as usize);
            files.entry(word.to_owned()).or_insert_with(made);
        }
    }
    let files = files
        .into_iter()
        .map(|(name, octets)| (name, Content::new(octets)));
    World::of_files("jwst", CONTEXT, files.collect())
}

/// The server as it answers for the context that it has by default: mappings of the other one are asked for by name.
struct Place {
    server: Server,
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let (server, root) = (Server::start(world()), tempfile::tempdir().unwrap());
        Self { server, root }
    }

    fn command(&self, program: &str, line: &str) -> Command {
        let mut command = Command::cargo_bin(program).unwrap();
        command
            .current_dir(self.root.path())
            .args(line.split_whitespace())
            .env("CRDS_PATH", self.cache())
            .env("CRDS_SERVER_URL", &self.server.url)
            .env("CRDS_CLIENT_RETRY_DELAY_SECONDS", "0")
            .env("NO_PROXY", "127.0.0.1")
            .env_remove("CRDS_READONLY_CACHE")
            .env_remove("CRDS_OVERLAY_PATH")
            .env_remove("CRDS_CONTEXT");
        command
    }

    fn cache(&self) -> PathBuf {
        self.root.path().join("cache")
    }

    fn reference(&self, name: &str) -> PathBuf {
        self.cache().join("references/jwst/miri").join(name)
    }
}

/// Exit status, standard output and standard error.
fn ended(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    let code = output.status.code().unwrap();
    (code, text(output.stdout), text(output.stderr))
}

fn jwst(place: &Place, line: &str) -> (i32, String, String) {
    ended(&mut place.command("jwst", line))
}

fn offline(place: &Place, line: &str) -> (i32, String, String) {
    ended(place.command("jwst", line).env("CRDS_SERVER_URL", ""))
}

#[test]
fn sync_fetches_what_a_dry_run_counts() {
    let place = Place::new();
    let sync = format!("crds sync {}", exposure().display());
    let (code, counted, said) = jwst(&place, &format!("{sync} --dry-run"));
    assert_eq!(code, 0, "{said}");
    let lines: Vec<&str> = counted.lines().collect();
    let (last, files) = lines.split_last().unwrap();
    let size = |line: &&str| -> (String, usize) {
        let (name, size) = line.split_once(' ').unwrap();
        (name.to_owned(), size.parse().unwrap())
    };
    let files: Vec<(String, usize)> = files.iter().map(size).collect();
    for (name, size) in &files {
        assert_eq!(place.server.content(name).len(), *size, "{name}");
        assert_eq!(place.server.asked(name), 0, "{name}");
    }
    let total: usize = files.iter().map(|(_, size)| size).sum();
    assert!(files.len() > 10, "{counted}");
    assert!(
        last.contains(&format!("{} of ", files.len()))
            && last.contains(&format!("({total} bytes)")),
        "{last}"
    );
    let (code, _, said) = jwst(&place, &sync);
    assert_eq!(code, 0, "{said}");
    for (name, _) in &files {
        assert!(fs::read(place.reference(name)).unwrap() == place.server.content(name));
        assert_eq!(place.server.asked(name), 1, "{name}");
    }
    let (_, counted, _) = jwst(&place, &format!("{sync} --dry-run"));
    assert!(
        counted.contains(": 0 of ") && counted.contains("(0 bytes)"),
        "{counted}"
    );
    // All of it is there without the server.
    let (code, said, _) = offline(&place, "crds verify");
    assert!(code == 0 && said.contains(" 0 are damaged"), "{said}");
}

#[test]
fn damage_is_found_and_repaired() {
    let place = Place::new();
    let names = format!("crds sync --name {GAIN},{MASK}");
    assert_eq!(jwst(&place, &names).0, 0);
    // A blank file of the right name, and one of the right size.
    fs::write(place.reference(GAIN), "").unwrap();
    let mask = place.reference(MASK);
    let length = fs::metadata(&mask).unwrap().len() as usize;
    fs::write(&mask, vec![0; length]).unwrap();
    let (code, said, error) = jwst(&place, "crds verify");
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains(GAIN) && said.contains("found 0 bytes"),
        "{said}"
    );
    assert!(
        said.contains(MASK) && said.contains("expected SHA-1 "),
        "{said}"
    );
    assert!(error.contains("--repair"), "{error}");
    let (code, said, _) = jwst(&place, "crds verify --repair");
    assert!(code == 0 && said.contains("2 files fetched anew"), "{said}");
    assert!(fs::read(mask).unwrap() == place.server.content(MASK));
}

#[test]
fn a_server_that_fails_leaves_no_wrong_file() {
    let place = Place::new();
    let faults = [Fault::Cut(500), Fault::Corrupt, Fault::Status(502)];
    place.server.fail(GAIN, &faults);
    place.server.fail(MASK, &vec![Fault::Corrupt; 9]);
    let names = format!("crds sync --name {GAIN},{MASK}");
    let (code, _, error) = jwst(&place, &names);
    assert_eq!(code, 1);
    assert!(
        error.contains(MASK) && error.contains("expected SHA-1 "),
        "{error}"
    );
    assert!(
        error.contains("WARNING"),
        "attempts that failed are told: {error}"
    );
    assert!(fs::read(place.reference(GAIN)).unwrap() == place.server.content(GAIN));
    assert!(!place.reference(MASK).exists());
    place.server.fail(MASK, &[]);
    assert_eq!(jwst(&place, &names).0, 0);
    assert_eq!(place.server.asked(GAIN), 4);
}

#[test]
fn contexts_are_compared_and_pruned() {
    let place = Place::new();
    let file = exposure();
    let diff = format!("crds diff {CONTEXT} jwst_9014.pmap {}", file.display());
    let (code, said, error) = jwst(&place, &diff);
    assert_eq!(code, 0, "{error}");
    let changes: Vec<&str> = said.lines().skip(1).map(str::trim).collect();
    assert_eq!(
        changes,
        [format!("gain: {GAIN} -> jwst_miri_gain_9014.fits")]
    );
    assert_eq!(
        jwst(
            &place,
            &format!("crds sync --name {GAIN},jwst_miri_gain_9014.fits")
        )
        .0,
        0
    );
    let (_, all, _) = offline(&place, &format!("crds diff {CONTEXT} jwst_9014.pmap"));
    assert_eq!(
        all.lines().filter(|line| line.starts_with('-')).count(),
        4,
        "{all}"
    );
    assert_eq!(
        all.lines().filter(|line| line.starts_with('+')).count(),
        4,
        "{all}"
    );
    let (code, said, error) = offline(&place, "crds prune --keep jwst_9014.pmap");
    assert!(
        code == 0 && said.starts_with("4 files removed"),
        "{said}{error}"
    );
    assert!(!place.reference(GAIN).exists());
    assert!(place.reference("jwst_miri_gain_9014.fits").exists());
}

#[test]
fn a_bundle_serves_a_machine_without_a_server() {
    let (place, there) = (Place::new(), Place::new());
    let archive = place.root.path().join("all.tar");
    let file = exposure();
    let bundle = format!("crds bundle {} -o {}", file.display(), archive.display());
    let (code, packed, error) = jwst(&place, &bundle);
    assert_eq!(code, 0, "{error}");
    let (code, unpacked, error) = offline(&there, &format!("crds unbundle {}", archive.display()));
    assert_eq!((code, &unpacked), (0, &packed), "{error}");
    let ask = format!("crds bestrefs {0} {0} --json", file.display());
    let (here, other) = (offline(&place, &ask), offline(&there, &ask));
    assert_eq!(here, other);
    let lines: Vec<&str> = here.1.lines().collect();
    assert!(lines.len() == 2 && lines[0] == lines[1] && lines[0].contains(GAIN));
    let (_, said, _) = offline(&there, "crds info");
    assert!(
        said.contains("server         none") && said.contains(CONTEXT),
        "{said}"
    );
}

/// What `strun` needs is fetched before it begins, once, and said; then it runs without the server.
#[test]
fn strun_fetches_what_it_needs() {
    let place = Place::new();
    let line = format!(
        "dq_init {} --output_dir . --log-level=INFO",
        exposure().display()
    );
    let (code, _, said) = ended(&mut place.command("strun", &line));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&format!("fetching {MASK}")), "{said}");
    assert!(
        said.contains(" of ") && said.contains(" files\n"),
        "how far it was: {said}"
    );
    assert_eq!(place.server.asked(MASK), 1);
    assert_eq!(place.server.asked(GAIN), 0, "nothing that it does not need");
    let (code, _, said) = ended(place.command("strun", &line).env("CRDS_SERVER_URL", ""));
    assert!(code == 0 && !said.contains("fetching"), "{said}");
    let (_, quiet, error) = ended(place.command("strun", &line).arg("--log-stream=null"));
    assert_eq!((quiet, error), (String::new(), String::new()));
    // Without the file nothing begins, and the error says what to do.
    fs::remove_file(place.reference(MASK)).unwrap();
    let (code, _, said) = ended(place.command("strun", &line).env("CRDS_SERVER_URL", ""));
    assert_eq!(code, 1);
    let command = format!("`jwst crds sync --context {CONTEXT} --name {MASK}`");
    assert!(said.contains(MASK) && said.contains(&command), "{said}");
}

/// Without the parameters that CRDS has for it, a step would run with others.
#[test]
fn strun_does_not_go_on_without_parameters() {
    let place = Place::new();
    let line = format!("jump {} --output_dir .", exposure().display());
    let pars = "jwst_miri_pars-jumpstep_9013.asdf";
    place.server.fail(pars, &vec![Fault::Corrupt; 9]);
    let (code, _, said) = ended(&mut place.command("strun", &line));
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains(pars) && said.contains("expected SHA-1 "),
        "{said}"
    );
    let (code, _, said) = ended(place.command("strun", &line).env("CRDS_SERVER_URL", ""));
    assert_eq!(code, 1, "{said}");
    let command = format!("`jwst crds sync --context {CONTEXT} --name {pars}`");
    assert!(
        said.contains(&command) && said.contains("--disable-crds-steppars"),
        "{said}"
    );
}

#[test]
fn lines_are_answered_in_order_whatever_their_number() {
    let place = Place::new();
    let detector = |number: usize| {
        if number.is_multiple_of(3) {
            "MIRIMAGE"
        } else {
            "NOWHERE"
        }
    };
    let header = |number: usize| {
        if number == 1500 {
            return "[1]\n".to_owned();
        }
        format!(
            "{{\"META.INSTRUMENT.NAME\": \"MIRI\", \"META.INSTRUMENT.DETECTOR\": \"{}\", \
             \"META.OBSERVATION.DATE\": \"2024-01-01\", \"META.OBSERVATION.TIME\": \"00:00:00\"}}\n",
            detector(number)
        )
    };
    let headers: String = (0..3000).map(header).collect();
    fs::write(place.root.path().join("headers.jsonl"), &headers).unwrap();
    let line = format!("crds bestrefs --context {CONTEXT} --types gain --json --headers");
    let (code, said, error) = jwst(&place, &format!("{line} headers.jsonl"));
    assert_eq!(code, 1);
    assert!(error.contains("line 1501: "), "{error}");
    for (number, answer) in said.lines().enumerate() {
        let expected = match (number, detector(number)) {
            (1500, _) => "{\"ERROR\":".to_owned(),
            (_, "MIRIMAGE") => format!("{{\"gain\":\"{GAIN}\"}}"),
            _ => "{\"gain\":\"NOT FOUND\"}".to_owned(),
        };
        assert!(answer.starts_with(&expected), "{number}: {answer}");
    }
    assert_eq!(said.lines().count(), 3000);
    let mut piped = place.command("jwst", &format!("{line} -"));
    assert_eq!(ended(piped.write_stdin(headers)).1, said);
}

#[test]
fn a_server_that_is_away_is_told() {
    let place = Place::new();
    let away = |line: &str| {
        let mut command = place.command("jwst", line);
        command
            .env("CRDS_SERVER_URL", "http://127.0.0.1:9")
            .env("CRDS_CLIENT_RETRY_COUNT", "1");
        ended(&mut command)
    };
    let (code, _, error) = away("crds info");
    assert!(
        code == 1 && error.contains("no answer from http://127.0.0.1:9"),
        "{error}"
    );
    assert_eq!(jwst(&place, &format!("crds sync --name {GAIN}")).0, 0);
    let (code, said, error) = away("crds verify");
    assert!(
        code == 0 && said.contains("1 files are as they should be"),
        "{said}{error}"
    );
    assert!(
        error.contains("WARNING - working without the server"),
        "{error}"
    );
}
