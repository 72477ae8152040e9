//! The programs as processes: exit status, streams, environment.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

const CONTEXT: &str = "header = {'derived_from': 'none', 'mapping': 'PIPELINE', 'name': 'jwst_0001.pmap', 'observatory': 'JWST', \
    'parkey': ('META.INSTRUMENT.NAME',), 'sha1sum': 'x'}\n\
    selector = {'NIRCAM': 'jwst_nircam_0001.imap'}\n";
const INSTRUMENT: &str = "header = {'derived_from': 'none', 'mapping': 'INSTRUMENT', 'name': 'jwst_nircam_0001.imap', \
    'observatory': 'JWST', 'instrument': 'NIRCAM', 'parkey': ('REFTYPE',), 'sha1sum': 'x'}\n\
    selector = {'GAIN': 'jwst_nircam_gain_0001.rmap', 'RESET': 'N/A'}\n";
const RULES: &str = "header = {'derived_from': 'none', 'mapping': 'REFERENCE', 'name': 'jwst_nircam_gain_0001.rmap', \
    'observatory': 'JWST', 'instrument': 'NIRCAM', 'filekind': 'GAIN', 'sha1sum': 'x', 'parkey': \
    (('META.INSTRUMENT.DETECTOR',), ('META.OBSERVATION.DATE', 'META.OBSERVATION.TIME'))}\n\
    selector = Match({\n    ('NRCB1',): UseAfter({\n        '2022-01-01 00:00:00': 'jwst_nircam_gain_0001.fits',\n    }),\n})\n";

fn cache(directory: &Path) {
    let mappings = directory.join("mappings/jwst");
    fs::create_dir_all(&mappings).unwrap();
    fs::write(mappings.join("jwst_0001.pmap"), CONTEXT).unwrap();
    fs::write(mappings.join("jwst_nircam_0001.imap"), INSTRUMENT).unwrap();
    fs::write(mappings.join("jwst_nircam_gain_0001.rmap"), RULES).unwrap();
}

fn program(name: &str, directory: &Path) -> Command {
    let mut command = Command::cargo_bin(name).unwrap();
    command
        .current_dir(directory)
        .env("CRDS_PATH", directory)
        .env("CRDS_IGNORE_MAPPING_CHECKSUM", "1")
        .env_remove("CRDS_SERVER_URL")
        .env_remove("CRDS_READONLY_CACHE")
        .env_remove("CRDS_CONTEXT");
    command
}

#[test]
fn bestrefs_answers_line_by_line() {
    let directory = tempfile::tempdir().unwrap();
    cache(directory.path());
    let header = |instrument: &str, detector: &str| {
        format!(
            "{{\"META.INSTRUMENT.NAME\": \"{instrument}\", \"META.INSTRUMENT.DETECTOR\": \"{detector}\", \
             \"META.OBSERVATION.DATE\": \"2024-01-01\", \"META.OBSERVATION.TIME\": \"00:00:00\"}}\n"
        )
    };
    let lines = header("NIRCAM", "NRCB1") + &header("NIRCAM", "NRCB2");
    fs::write(directory.path().join("headers.jsonl"), &lines).unwrap();
    let ask = |more: &[&str]| {
        let mut command = program("jwst", directory.path());
        command.args([
            "crds",
            "bestrefs",
            "--context",
            "jwst_0001.pmap",
            "--headers",
            "headers.jsonl",
            "--json",
        ]);
        command.args(more).assert()
    };
    let gain = "{\"gain\":\"jwst_nircam_gain_0001.fits\",\"reset\":\"N/A\"}\n";
    let none = "{\"gain\":\"NOT FOUND\",\"reset\":\"N/A\"}\n";
    ask(&[]).success().stdout(format!("{gain}{none}"));
    ask(&["--types", "reset"])
        .success()
        .stdout("{\"reset\":\"N/A\"}\n{\"reset\":\"N/A\"}\n");

    let lines = header("HRS", "X") + &lines;
    fs::write(directory.path().join("headers.jsonl"), lines).unwrap();
    let output = ask(&[]).code(1).get_output().stdout.clone();
    let output = String::from_utf8(output).unwrap();
    assert!(output.starts_with("{\"ERROR\":"), "{output}");
    assert!(output.ends_with(&format!("{gain}{none}")), "{output}");
}

/// What can be done about a cache without a server.
#[test]
fn a_cache_is_cared_for_offline() {
    let directory = tempfile::tempdir().unwrap();
    cache(directory.path());
    let gain = directory
        .path()
        .join("references/jwst/nircam/jwst_nircam_gain_0001.fits");
    let old = gain.with_file_name("jwst_nircam_gain_0000.fits");
    fs::create_dir_all(gain.parent().unwrap()).unwrap();
    fs::write(&gain, "gain").unwrap();
    fs::write(&old, "old").unwrap();
    let config = directory.path().join("config/jwst");
    fs::create_dir_all(&config).unwrap();
    let server = "{'observatory': 'jwst', 'latest_context': 'jwst_0001.pmap', 'bad_files_list': [], 'download_metadata': \
        {'jwst_nircam_gain_0001.fits': {'size': '4', 'sha1sum': '5bcb4cfe31a0a5e76a7e83c1a0a8b9e0d6f2b7a1'}}}";
    fs::write(config.join("server_config"), server).unwrap();
    let run = |line: &str| {
        let assert = program("jwst", directory.path())
            .args(line.split(' '))
            .assert();
        let output = assert.get_output();
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let said = text(&output.stdout) + &text(&output.stderr);
        (output.status.code(), said)
    };
    let (code, said) = run("crds info");
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("context        jwst_0001.pmap") && said.contains("connected      no"),
        "{said}"
    );
    let (code, said) = run("crds verify");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("expected SHA-1 5bcb4cfe") && said.contains("1 are damaged"),
        "{said}"
    );
    let (code, said) = run("crds sync --name jwst_nircam_gain_0002.fits");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("CRDS_SERVER_URL is not set"), "{said}");
    let (code, said) = run("crds sync --name ../x.fits");
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = run("crds prune --keep jwst_0001.pmap --dry-run");
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("1 files would be removed, 3 bytes") && old.exists(),
        "{said}"
    );
    let (code, said) = run("crds prune --keep jwst_0002.pmap");
    assert_eq!(
        code,
        Some(1),
        "nobody knows what an unknown context needs: {said}"
    );
    let (code, said) = run("crds prune --keep jwst_0001.pmap");
    assert_eq!(code, Some(0), "{said}");
    assert!(gain.exists() && !old.exists());
    let (code, said) = run("crds diff jwst_0001.pmap jwst_0001.pmap");
    assert_eq!((code, said.as_str()), (Some(0), ""));
    fs::write(directory.path().join("x.tar"), "no archive").unwrap();
    let (code, said) = run("crds unbundle x.tar");
    assert_eq!(code, Some(1), "{said}");
}

#[test]
fn exit_status_tells_usage_from_failure() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("x_uncal.fits"), "no FITS file").unwrap();
    let strun = |line: &str| {
        program("strun", directory.path())
            .args(line.split(' '))
            .assert()
    };
    strun("--version").success();
    strun("calwebb_detector1 --help").success();
    strun("calwebb_detectr1 x_uncal.fits").code(2);
    strun("calwebb_detector1 x_uncal.fits --steps.jump.rejection_treshold=3").code(2);
    strun("calwebb_detector1 x_uncal.fits --steps.jump.rejection_threshold=-3").code(1);
    strun("calwebb_detector1 x_uncal.fits").code(1);
    strun("calwebb_detector1 absent_uncal.fits --disable-crds-steppars").code(1);
    let left = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 1, "no product, nothing temporary");
}

#[test]
fn every_step_has_help_and_defaults_within_their_limits() {
    use pipelines::Jwst;
    use stpipe::{Mission as _, TaskSpec};

    fn check(spec: &TaskSpec) {
        for parameter in spec.all_parameters() {
            let checked = parameter.check(&parameter.default);
            assert_eq!(checked.as_ref(), Ok(&parameter.default), "{}", spec.name);
            assert!(
                !parameter.help.is_empty(),
                "{}.{}",
                spec.name,
                parameter.name
            );
        }
        spec.steps.iter().for_each(|step| check(step));
    }
    assert!(!Jwst.tasks().is_empty());
    for task in Jwst.tasks() {
        check(task.spec());
        assert!(jwst::help::task(task.spec()).contains("--skip"));
    }
}

/// An exposure with no more than what references are selected by.
fn exposure(path: &Path) {
    let cards = [
        "SIMPLE  =                    T",
        "BITPIX  =                    8",
        "NAXIS   =                    0",
        "TELESCOP= 'JWST    '",
        "INSTRUME= 'NIRCAM  '",
        "DETECTOR= 'NRCB1   '",
        "DATE-OBS= '2024-01-01'",
        "TIME-OBS= '00:00:00.000'",
        "END",
    ];
    let header = cards.map(|card| format!("{card:80}")).concat();
    fs::write(path, format!("{header:2880}")).unwrap();
}

#[test]
fn a_bundle_goes_to_another_machine() {
    let here = tempfile::tempdir().unwrap();
    cache(here.path());
    let gain = "references/jwst/nircam/jwst_nircam_gain_0001.fits";
    fs::create_dir_all(here.path().join(gain).parent().unwrap()).unwrap();
    fs::write(here.path().join(gain), "gain").unwrap();
    exposure(&here.path().join("x_uncal.fits"));
    let run = |directory: &Path, line: &str| {
        let mut command = program("jwst", directory);
        let assert = command.args(line.split(' ')).assert();
        let output = assert.get_output();
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let said = text(&output.stdout) + &text(&output.stderr);
        (output.status.code(), said)
    };
    let size: u64 = [CONTEXT, INSTRUMENT, RULES, "gain"]
        .map(|text| text.len() as u64)
        .iter()
        .sum();
    let summary = format!("jwst_0001.pmap: 4 files, {size} bytes\n");
    let bundle = "crds bundle x_uncal.fits --context jwst_0001.pmap --output";
    let (code, said) = run(here.path(), &format!("{bundle} all.tar"));
    assert_eq!((code, said), (Some(0), summary.clone()));
    let (code, said) = run(here.path(), &format!("{bundle} none.tar --types reset"));
    assert!(code == Some(0) && said.contains("3 files"), "{said}");

    let there = tempfile::tempdir().unwrap();
    fs::copy(here.path().join("all.tar"), there.path().join("all.tar")).unwrap();
    exposure(&there.path().join("x_uncal.fits"));
    for _ in 0..2 {
        let (code, said) = run(there.path(), "crds unbundle all.tar");
        assert_eq!((code, said), (Some(0), summary.clone()));
    }
    assert_eq!(fs::read_to_string(there.path().join(gain)).unwrap(), "gain");
    // The bundle's context is that of the new cache.
    let (code, said) = run(
        there.path(),
        "crds bestrefs x_uncal.fits --types gain,reset",
    );
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("(jwst_0001.pmap)") && said.contains("gain   jwst_nircam_gain_0001.fits"),
        "{said}"
    );

    // What is missing is told, and no half of a bundle is left.
    fs::remove_file(here.path().join(gain)).unwrap();
    let (code, said) = run(here.path(), &format!("{bundle} half.tar"));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("CRDS_SERVER_URL is not set"), "{said}");
    let names = fs::read_dir(here.path())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "all.tar",
            "mappings",
            "none.tar",
            "references",
            "x_uncal.fits"
        ]
    );
    // A byte of the last file, before its padding and the two blocks at the end.
    let mut octets = fs::read(there.path().join("all.tar")).unwrap();
    let place = octets
        .windows(5)
        .rposition(|part| part == b"gain\0")
        .unwrap();
    octets[place] = b'G';
    fs::write(there.path().join("all.tar"), octets).unwrap();
    fs::remove_file(there.path().join(gain)).unwrap();
    let (code, said) = run(there.path(), "crds unbundle all.tar");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("jwst_nircam_gain_0001.fits with SHA-1"),
        "{said}"
    );
    assert!(!there.path().join(gain).exists());
}
