//! `jwst run`, `info`, `diff`, `explain`, `params`, `completions`, `man`, and what `strun` says while it runs, on golden inputs.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use flate2::read::GzDecoder;
use insta::assert_snapshot;
use serde_json::Value;

const RAMP: &str = "nrcb1_likely18/input/jw90175001001_02101_00001_nrcb1_uncal.fits";
const RATE: &str = "miri_image2/input/jw90013001001_02101_00001_mirimage_rate.fits";

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden")
        .join(name)
}

/// A program in a folder, with the references of the ramp's case.
fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::cargo_bin(name).unwrap();
    command
        .current_dir(folder)
        .env("CRDS_PATH", golden("nrcb1_likely18/crds_cache"))
        .env("CRDS_READONLY_CACHE", "1")
        .env_remove("CRDS_SERVER_URL")
        .env_remove("CRDS_CONTEXT");
    command
}

/// Exit status, standard output and standard error of `jwst`.
fn jwst(folder: &Path, line: &str) -> (i32, String, String) {
    let assert = program("jwst", folder).args(line.split(' ')).assert();
    let output = assert.get_output();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// The official rates of a golden case as a plain file.
fn rate(path: &Path) -> Vec<u8> {
    let mut octets = Vec::new();
    let packed = fs::File::open(golden(RATE)).unwrap();
    GzDecoder::new(packed).read_to_end(&mut octets).unwrap();
    fs::write(path, &octets).unwrap();
    octets
}

/// Where the data of the HDU of this name begin.
fn data_of(file: &[u8], name: &str) -> usize {
    let wanted = format!("EXTNAME = '{name:<8}'");
    let card = |start: usize| file.get(start..start + 80).unwrap_or_default();
    let named = (0..file.len())
        .step_by(80)
        .find(|start| card(*start).starts_with(wanted.as_bytes()));
    let end = (named.unwrap()..file.len())
        .step_by(80)
        .find(|start| card(*start).starts_with(b"END "));
    (end.unwrap() + 80).next_multiple_of(2880)
}

#[test]
fn help_names_every_command() {
    let here = tempfile::tempdir().unwrap();
    for (name, line) in [
        ("help", "--help"),
        ("help_of_info", "info --help"),
        ("help_of_diff", "diff --help"),
        ("help_of_demo", "demo --help"),
        ("help_of_completions", "completions --help"),
        ("help_of_man", "man --help"),
    ] {
        let (code, out, err) = jwst(here.path(), line);
        assert_eq!((code, err.as_str()), (0, ""), "{line}");
        assert_snapshot!(name, out);
    }
}

#[test]
fn info_of_a_raw_file_and_of_official_rates() {
    let here = tempfile::tempdir().unwrap();
    fs::copy(golden(RAMP), here.path().join("x_uncal.fits")).unwrap();
    rate(&here.path().join("x_rate.fits"));
    let (code, raw, _) = jwst(here.path(), "info x_uncal.fits");
    assert_eq!(code, 0);
    assert_snapshot!("info_of_a_raw_file", raw);
    let (code, rates, _) = jwst(here.path(), "info x_rate.fits");
    assert_eq!(code, 0);
    assert_snapshot!("info_of_rates", rates);
    let (_, json, _) = jwst(here.path(), "info --json x_uncal.fits x_rate.fits");
    let infos: Vec<Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(infos.len(), 2);
    assert_eq!(infos[1]["quality"][0]["elements"], 64 * 72);
    assert_eq!(
        infos[1]["steps"][0]["status"].as_str().map(str::is_empty),
        Some(false)
    );
    // One bad file does not hide the good one.
    let (code, out, err) = jwst(here.path(), "info nothing.fits x_rate.fits");
    assert_eq!(code, 1);
    assert!(
        out.contains("x_rate.fits") && err.contains("cannot read nothing.fits"),
        "{err}"
    );
}

#[test]
fn diff_tells_what_differs_and_by_its_status() {
    let here = tempfile::tempdir().unwrap();
    let path = |name: &str| here.path().join(name);
    let octets = rate(&path("b.fits"));
    rate(&path("a.fits"));
    assert_eq!(jwst(here.path(), "diff a.fits b.fits").0, 0);
    assert_eq!(jwst(here.path(), "diff --exact a.fits b.fits").0, 0);

    // The lowest bits of a value are within the tolerance, but not exact; the exponent is not.
    let change = |name: &str, byte: usize, bit: u8| {
        let mut damaged = octets.clone();
        damaged[data_of(&octets, name) + byte] ^= bit;
        fs::write(path("a.fits"), damaged).unwrap();
    };
    let value = 4 * (10 * 72 + 30);
    change("SCI", value + 3, 1);
    assert_eq!(jwst(here.path(), "diff a.fits b.fits").0, 0);
    assert_eq!(jwst(here.path(), "diff --exact a.fits b.fits").0, 1);
    change("SCI", value, 1);
    let (code, out, _) = jwst(here.path(), "diff a.fits b.fits");
    assert_eq!(code, 1);
    assert!(
        out.contains("SCI: 1 of 4608 values") && out.contains("[10, 30]"),
        "{out}"
    );
    assert_eq!(jwst(here.path(), "diff a.fits b.fits --max-bad 0.001").0, 0);
    assert_eq!(jwst(here.path(), "diff a.fits b.fits --array SCI=1e9").0, 0);
    let (code, out, err) = jwst(here.path(), "diff a.fits b.fits --quiet");
    assert_eq!((code, out.as_str(), err.as_str()), (1, "", ""));

    change("DQ", 3, 4);
    let (code, out, _) = jwst(here.path(), "diff a.fits b.fits --json");
    assert_eq!(code, 1);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["equal"], false);
    assert_eq!(report["findings"][0]["kind"], "bits");
    assert_eq!(report["findings"][0]["difference"]["bits"][0]["bit"], 2);
}

#[test]
fn headers_and_catalogues_are_compared() {
    let here = tempfile::tempdir().unwrap();
    let path = |name: &str| here.path().join(name);
    let octets = rate(&path("b.fits"));
    let text = String::from_utf8_lossy(&octets[..28800]).into_owned();
    let place = text
        .find("TARGPROP=")
        .unwrap_or_else(|| text.find("READPATT=").unwrap());
    let mut damaged = octets.clone();
    damaged[place + 12] ^= 1;
    fs::write(path("a.fits"), damaged).unwrap();
    let keyword = text[place..place + 8].trim();
    let (code, out, _) = jwst(here.path(), "diff a.fits b.fits");
    assert_eq!(code, 1);
    assert!(
        out.contains(&format!("PRIMARY: keyword {keyword}")),
        "{out}"
    );
    assert_eq!(jwst(here.path(), "diff a.fits b.fits --only-data").0, 0);

    let catalog = fs::read_to_string(golden("nrc_dither4/input/abs_refcat.ecsv")).unwrap();
    fs::write(path("b.ecsv"), &catalog).unwrap();
    fs::write(path("a.ecsv"), &catalog).unwrap();
    assert_eq!(jwst(here.path(), "diff a.ecsv b.ecsv").0, 0);
    let last = catalog.trim_end().rfind(' ').unwrap();
    fs::write(path("a.ecsv"), format!("{} 99.5\n", &catalog[..last])).unwrap();
    let (code, out, _) = jwst(here.path(), "diff a.ecsv b.ecsv");
    assert_eq!(code, 1);
    assert!(out.contains("mag: 1 of"), "{out}");
}

#[test]
fn trouble_with_diff_is_status_2() {
    let here = tempfile::tempdir().unwrap();
    rate(&here.path().join("b.fits"));
    let mut said = String::new();
    for line in [
        "diff nothing.fits b.fits",
        "diff b.fits b.fits --rtol -1",
        "diff b.fits b.fits --array SCI",
        "diff b.fits b.fits --exact --rtol 1",
        "diff b.fits",
        "explain jmp",
        "completions cmd",
        "man nothing",
        "run jump --jobs 0 x.fits",
        "run jump --resume",
        "run jump --lock=x a.fits b.fits",
    ] {
        let (code, out, err) = jwst(here.path(), line);
        assert_eq!(code, 2, "{line}: {err}");
        let line = format!("$ jwst {line}\n{out}{err}\n");
        said += &line;
    }
    assert_snapshot!("errors_of_usage", said);
}

#[test]
fn explanations_have_method_parameters_and_sources() {
    let here = tempfile::tempdir().unwrap();
    let (code, jump, _) = jwst(here.path(), "explain jump");
    assert_eq!(code, 0);
    for part in [
        "jump: Finds cosmic rays",
        "pipelines    calwebb_detector1",
        "references   gain, readnoise",
        "Method\n",
        "Source\n",
        "Anderson & Gordon 2011",
        "--rejection_threshold",
        "--override_gain",
    ] {
        assert!(jump.contains(part), "no {part:?} in\n{jump}");
    }
    let (code, superbias, _) = jwst(here.path(), "explain superbias");
    assert_eq!(code, 0);
    assert_snapshot!("explanation_of_superbias", superbias);
    let (code, pipeline, _) = jwst(here.path(), "explain calwebb_image3");
    assert_eq!(code, 0);
    assert_snapshot!("explanation_of_a_pipeline", pipeline);
}

#[test]
fn parameters_of_several_files_with_origins() {
    let here = tempfile::tempdir().unwrap();
    fs::copy(golden(RAMP), here.path().join("x_uncal.fits")).unwrap();
    fs::copy(golden(RAMP), here.path().join("y_uncal.fits")).unwrap();
    let line = "params jump x_uncal.fits y_uncal.fits --json --rejection_threshold=7";
    let (code, out, err) = jwst(here.path(), line);
    assert_eq!(code, 0, "{err}");
    let files: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let names: Vec<_> = files
        .iter()
        .map(|file| file["file"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["x_uncal.fits", "y_uncal.fits"]);
    let parameter = |name: &str| {
        let all = files[1]["parameters"].as_array().unwrap();
        all.iter()
            .find(|parameter| parameter["name"] == name)
            .unwrap()
    };
    assert_eq!(parameter("rejection_threshold")["value"], 7.0);
    assert_eq!(parameter("rejection_threshold")["origin"], "command line");
    assert_eq!(parameter("maximum_cores")["origin"], "default");
    let from_crds = files[1]["parameters"].as_array().unwrap().iter();
    let from_crds = from_crds.filter(|parameter| {
        parameter["origin"]
            .as_str()
            .unwrap()
            .contains("pars-jumpstep")
    });
    assert!(from_crds.count() > 0, "{out}");

    let (_, out, _) = jwst(here.path(), "params jump --json");
    let first: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert!(
        first["name"].is_string() && first["kind"].is_string(),
        "{first}"
    );
    let (_, out, _) = jwst(here.path(), "params jump x_uncal.fits y_uncal.fits");
    assert!(
        out.starts_with("x_uncal.fits\n") && out.contains("\n\ny_uncal.fits\n"),
        "{out}"
    );
}

#[test]
fn completions_and_manuals_of_all_programs() {
    let here = tempfile::tempdir().unwrap();
    let (code, out, _) = jwst(here.path(), "completions bash --program strun");
    assert_eq!(code, 0);
    assert!(out.contains("calwebb_detector1") && out.contains("--steps.jump.rejection_threshold"));
    assert_eq!(jwst(here.path(), "completions fish -o shells").0, 0);
    let shells = fs::read_dir(here.path().join("shells")).unwrap().count();
    assert_eq!(shells, 7);
    let (code, out, _) = jwst(here.path(), "man strun-jump");
    assert_eq!(code, 0);
    assert!(out.contains("rejection_threshold"), "{out}");
    assert_eq!(jwst(here.path(), "man -o pages").0, 0);
    for page in [
        "jwst.1",
        "jwst-run.1",
        "strun.1",
        "strun-calwebb_image3.1",
        "asn_edit.1",
    ] {
        assert!(here.path().join("pages").join(page).is_file(), "{page}");
    }
}

#[test]
fn files_run_side_by_side_one_fails_and_the_rest_is_resumed() {
    let here = tempfile::tempdir().unwrap();
    for name in ["x_uncal.fits", "y_uncal.fits"] {
        fs::copy(golden(RAMP), here.path().join(name)).unwrap();
    }
    fs::write(here.path().join("z_uncal.fits"), "no FITS").unwrap();
    let line = "run calwebb_detector1 --jobs 2 --memory=4G --resume --output_dir out \
        x_uncal.fits y_uncal.fits z_uncal.fits";
    let (code, out, err) = jwst(here.path(), line);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("2 done, 0 up to date, 1 failed"), "{out}");
    assert!(
        out.contains("cannot read it: not a readable FITS file"),
        "{out}"
    );
    for product in [
        "x_rate.fits",
        "x_rateints.fits",
        "y_rate.fits",
        "y_rateints.fits",
    ] {
        assert!(here.path().join("out").join(product).is_file(), "{product}");
    }

    // What is there is left, as long as it is what the run would make.
    let (code, out, _) = jwst(here.path(), line);
    assert_eq!(code, 1);
    assert!(out.contains("0 done, 2 up to date, 1 failed"), "{out}");
    let touched = |path: &str| {
        fs::metadata(here.path().join(path))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = touched("out/x_rate.fits");
    let good = "run calwebb_detector1 --resume --output_dir out x_uncal.fits y_uncal.fits";
    assert_eq!(jwst(here.path(), good).0, 0);
    assert_eq!(touched("out/x_rate.fits"), before);

    // A damaged product, another input, another parameter.
    let damaged = here.path().join("out/x_rate.fits");
    let mut octets = fs::read(&damaged).unwrap();
    octets.truncate(2880);
    fs::write(&damaged, octets).unwrap();
    let (code, out, _) = jwst(here.path(), good);
    assert_eq!(code, 0);
    assert!(out.contains("1 done, 1 up to date, 0 failed"), "{out}");
    let other = format!("{good} --steps.jump.rejection_threshold=9");
    let (_, out, _) = jwst(here.path(), &other);
    assert!(out.contains("2 done, 0 up to date, 0 failed"), "{out}");
    let (_, out, _) = jwst(here.path(), &other);
    assert!(out.contains("0 done, 2 up to date, 0 failed"), "{out}");
    let mut input = fs::read(here.path().join("y_uncal.fits")).unwrap();
    let data = data_of(&input, "SCI");
    input[data + 1] ^= 1;
    fs::write(here.path().join("y_uncal.fits"), input).unwrap();
    let (_, out, _) = jwst(here.path(), &other);
    assert!(out.contains("1 done, 1 up to date, 0 failed"), "{out}");
}

/// `jwst run` makes what `strun` makes.
#[test]
fn products_are_those_of_strun() {
    let here = tempfile::tempdir().unwrap();
    for name in ["x_uncal.fits", "y_uncal.fits"] {
        fs::copy(golden(RAMP), here.path().join(name)).unwrap();
    }
    let (code, _, err) = jwst(
        here.path(),
        "run dq_init --jobs=2 --output_dir=a x_uncal.fits y_uncal.fits",
    );
    assert_eq!(code, 0, "{err}");
    let strun = ["dq_init", "--output_dir=b", "x_uncal.fits"];
    program("strun", here.path()).args(strun).assert().success();
    let line = "diff --exact a/x_dqinitstep.fits b/x_dqinitstep.fits";
    let (code, out, _) = jwst(here.path(), line);
    assert_eq!(code, 0, "{out}");
}

#[test]
fn a_line_for_each_step_json_on_request_or_nothing() {
    let here = tempfile::tempdir().unwrap();
    fs::copy(golden(RAMP), here.path().join("x_uncal.fits")).unwrap();
    let run = |options: &[&str]| {
        let mut command = program("strun", here.path());
        command
            .args(["calwebb_detector1", "x_uncal.fits"])
            .args(options);
        let assert = command.assert().success();
        String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
    };
    let lines = run(&[]);
    assert!(
        lines.starts_with("calwebb_detector1 x_uncal.fits\n"),
        "{lines}"
    );
    assert!(!lines.contains("- INFO -"), "{lines}");
    let of_step = |name: &str| {
        lines
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default()
    };
    assert!(
        of_step("saturation ").contains("saturated pixels "),
        "{lines}"
    );
    assert!(of_step("saturation ").contains(" s "), "{lines}");
    assert_eq!(
        of_step("saved ").rsplit_once('.').map(|(_, kind)| kind),
        Some("fits"),
        "{lines}"
    );
    assert!(of_step("done ").contains(" s"), "{lines}");

    let events = run(&["--log-format", "json"]);
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let step = |name: &str| {
        let found = events
            .iter()
            .find(|event| event["event"] == "step" && event["step"] == name);
        found.unwrap_or(&Value::Null)
    };
    assert_eq!(step("saturation")["status"], "COMPLETE");
    assert!(step("saturation")["seconds"].as_f64().unwrap() >= 0.0);
    assert!(step("saturation")["summary"]["saturated_pixels"].is_i64());
    assert!(
        step("emicorr")["reason"]
            .as_str()
            .is_none_or(|reason| !reason.is_empty())
    );
    assert_eq!(events.last().unwrap()["succeeded"], true);

    assert_eq!(run(&["--quiet"]), "");
    assert!(run(&["-v"]).contains(" - stpipe.step - INFO - Step jump"));
    // The product keeps what was found.
    let (_, info, _) = jwst(here.path(), "info x_rate.fits");
    assert!(info.contains("saturated pixels "), "{info}");
}
