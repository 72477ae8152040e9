//! The programs for associations as processes.

use std::fs;

use assert_cmd::Command;

fn program(name: &str, directory: &std::path::Path) -> Command {
    let mut command = Command::cargo_bin(name).unwrap();
    command.current_dir(directory);
    command
}

#[test]
fn an_association_is_made_changed_and_gathered() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for name in ["a_cal.fits", "b_cal.fits"] {
        fs::write(path.join(name), name).unwrap();
    }
    let run = |name: &str, args: &[&str]| program(name, path).args(args).assert().success();
    run(
        "asn_from_list",
        &[
            "-o",
            "x_asn.json",
            "--product-name",
            "x",
            "a_cal.fits",
            "b_cal.fits",
        ],
    );
    run("asn_edit", &["x_asn.json", "data/b_rate.fits", "-r", "-i"]);
    run(
        "jwst",
        &[
            "asn",
            "edit",
            "x_asn.json",
            "-a",
            "-t",
            "background",
            "b_cal.fits",
        ],
    );
    let text = fs::read_to_string(path.join("x_asn.json")).unwrap();
    insta::assert_snapshot!(text);
    fs::create_dir(path.join("there")).unwrap();
    run("asn_gather", &["x_asn.json", "there", "-x", "background"]);
    assert_eq!(
        fs::read_to_string(path.join("there/a_cal.fits")).unwrap(),
        "a_cal.fits"
    );
    assert!(!path.join("there/b_cal.fits").exists());
    let gathered = fs::read_to_string(path.join("there/x_asn.json")).unwrap();
    assert!(gathered.contains("a_cal.fits") && !gathered.contains("b_cal.fits"));
}

#[test]
fn wrong_usage_and_missing_files_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let unnamed = program("asn_from_list", path)
        .args(["-o", "x.json", "a.fits"])
        .assert();
    unnamed.code(2);
    let absent = program("asn_edit", path)
        .args(["x.json", "a.fits", "-a"])
        .assert();
    let absent = absent.code(1).get_output().stderr.clone();
    assert!(String::from_utf8_lossy(&absent).contains("x.json"));
    fs::write(path.join("x.json"), r#"{"products": [{"name": "x", "members": [{"expname": "a.fits", "exptype": "science"}]}]}"#).unwrap();
    fs::create_dir(path.join("there")).unwrap();
    program("asn_gather", path)
        .args(["x.json", "there"])
        .assert()
        .code(1);
    assert_eq!(fs::read_dir(path.join("there")).unwrap().count(), 0);
}
