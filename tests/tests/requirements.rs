//! `tests/requirements.json` and THREATS.md name tests: they exist, and nothing is claimed without one.

use std::collections::BTreeSet;
use std::fs;

use end_to_end::{missing_test, tests_named_in, workspace};
use serde_json::Value;

/// How many wishes of users are ranked.
const WISHES: u64 = 15;

fn requirements() -> Vec<Value> {
    let text = fs::read_to_string(workspace().join("tests/requirements.json"));
    let tree: Value = serde_json::from_str(&text.expect("the file")).expect("JSON");
    tree["requirements"].as_array().expect("a list").clone()
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    let found = entry[key].as_str();
    found.unwrap_or_else(|| panic!("{}: expected a text under {key}", entry["id"]))
}

#[test]
fn every_named_test_exists() {
    let mut wrong = Vec::new();
    for entry in requirements() {
        for test in entry["tests"].as_array().into_iter().flatten() {
            let name = test.as_str().expect("a text");
            wrong.extend(missing_test(name).map(|why| format!("{}: {why}", text(&entry, "id"))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_claimed_without_a_test() {
    for entry in requirements() {
        let id = text(&entry, "id").to_owned();
        let tests = entry["tests"].as_array().map_or(0, Vec::len);
        let left = entry["left"].as_str().is_some_and(|left| !left.is_empty());
        match text(&entry, "state") {
            "held" => assert!(tests > 0 && !left, "{id}: held by tests, with nothing left"),
            "partial" => assert!(tests > 0 && left, "{id}: tests, and what is left"),
            "open" => assert!(tests == 0 && left, "{id}: no tests, and why"),
            other => panic!("{id}: expected held, partial or open, found {other}"),
        }
        assert!(!text(&entry, "requirement").is_empty(), "{id}");
        let reports = entry["source"]["reports"].as_array().map_or(0, Vec::len);
        assert!(reports > 0, "{id}: where it was asked for");
    }
}

#[test]
fn every_ranked_wish_is_there_once() {
    let mut ids = BTreeSet::new();
    let mut ranks = Vec::new();
    for entry in requirements() {
        assert!(
            ids.insert(text(&entry, "id").to_owned()),
            "{} twice",
            entry["id"]
        );
        match text(&entry["source"], "kind") {
            "wish" => ranks.push(entry["source"]["rank"].as_u64().expect("a rank")),
            kind => assert_eq!(kind, "mission", "{}", entry["id"]),
        }
    }
    assert_eq!(ranks, (1..=WISHES).collect::<Vec<_>>());
}

/// Each line of the tables of THREATS.md names a test that holds it, or says `open`.
#[test]
fn every_threat_has_a_test() {
    let text = fs::read_to_string(workspace().join("THREATS.md")).expect("the file");
    let lines = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .collect::<Vec<_>>();
    assert!(lines.len() > 10, "tables of threats");
    for line in lines.iter().filter(|line| !line.contains("| held by")) {
        let named = tests_named_in(line);
        assert!(
            !named.is_empty() || line.contains("| open:"),
            "no test: {line}"
        );
        for name in named {
            assert_eq!(missing_test(name), None, "{line}");
        }
    }
}
