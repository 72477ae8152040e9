//! The demonstration from its beginning to its numbers.

use assert_cmd::Command;
use serde_json::Value;

/// Runs without any set-up, from an empty folder; makes what it says, as good as it was when the data were bundled.
#[test]
fn the_demonstration_makes_a_mosaic_and_finds_the_stars() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::cargo_bin("jwst").unwrap();
    let run = command
        .arg("demo")
        .current_dir(directory.path())
        .env("CRDS_PATH", "/nowhere")
        .env("CRDS_CONTEXT", "jwst_0000.pmap")
        .env("CRDS_SERVER_URL", "https://127.0.0.1:9")
        .assert()
        .success();
    let said = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
    let folder = directory.path().join("jwst-demo");
    let summary = std::fs::read_to_string(folder.join("summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let products = summary["products"].as_array().unwrap();
    assert!(products.len() >= 20, "{summary}");
    for product in products {
        let path = product.as_str().unwrap();
        assert!(directory.path().join(path).is_file(), "{path}");
    }
    let number = |pointer: &str| {
        let value = summary.pointer(pointer).and_then(Value::as_f64);
        value.unwrap_or_else(|| panic!("no number {pointer} in {summary}"))
    };
    assert!(number("/rates/0/median").abs() < 0.05, "{said}");
    assert!((number("/rates/0/scatter") - 1.0).abs() < 0.05, "{said}");
    assert!(
        number("/stars/found") > 0.75 * number("/stars/stars"),
        "{said}"
    );
    assert!(number("/stars/others") <= 2.0, "{said}");
    for axis in ["0", "1"] {
        assert!(
            number(&format!("/stars/offset_mas/{axis}")).abs() < 3.0,
            "{said}"
        );
        assert!(
            number(&format!("/stars/scatter_mas/{axis}")) < 3.0,
            "{said}"
        );
    }
    assert!((number("/stars/flux_ratio") - 1.0).abs() < 0.03, "{said}");
    assert!(
        said.contains("stars") && said.contains("summary.json"),
        "{said}"
    );
    let pictures = summary
        .pointer("/pictures/images")
        .and_then(Value::as_array)
        .unwrap();
    assert_eq!(pictures.len(), 5);
    for picture in pictures {
        let octets = std::fs::read(directory.path().join(picture.as_str().unwrap())).unwrap();
        assert_eq!(&octets[..4], b"\x89PNG");
    }
    let report = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(report.contains("<!DOCTYPE html>") && report.contains("nrcb1_rate.fits"));
    let log = std::fs::read_to_string(folder.join("demo.log")).unwrap();
    assert!(log.contains("Results used CRDS context: jwst_9099.pmap"));

    // A second time into the same folder replaces what is there.
    let mut command = Command::cargo_bin("jwst").unwrap();
    command
        .args(["demo", "--output"])
        .arg(&folder)
        .assert()
        .success();
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("file"), "").unwrap();
    let mut command = Command::cargo_bin("jwst").unwrap();
    let run = command
        .args(["demo", "-o", "file/x"])
        .current_dir(directory.path())
        .assert();
    let said = String::from_utf8_lossy(&run.code(1).get_output().stderr).into_owned();
    assert!(
        said.starts_with("jwst: error: cannot unpack the exposures to file/x"),
        "{said}"
    );
}
