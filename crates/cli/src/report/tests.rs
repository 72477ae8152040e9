use std::collections::BTreeSet;

use stpipe::{ConfigError, Origin, ParamError, ParamValue, RunError, StepError};

use super::catalogue::{all, known, transparent};
use super::{Failure, chain};

fn report(error: impl Into<anyhow::Error>) -> String {
    chain("strun", &error.into())
}

#[test]
fn every_error_has_a_code_and_a_hint() {
    let mut codes = BTreeSet::new();
    let mut kinds: BTreeSet<&str> = transparent().iter().copied().collect();
    for entry in all() {
        let words = entry.code.split('-');
        let is_word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        assert!(
            words.clone().count() > 1 && words.clone().all(is_word),
            "{}",
            entry.code
        );
        assert!(codes.insert(entry.code), "{} is given twice", entry.code);
        assert!(kinds.insert(entry.kind), "{} is there twice", entry.kind);
        assert!(
            entry.hint.ends_with('.') && entry.hint.len() > 20,
            "{}",
            entry.code
        );
    }
}

#[test]
fn the_innermost_thing_that_is_known_gives_the_hint() {
    let error = ConfigError::Value {
        origin: Origin::CommandLine,
        source: ParamError::Value {
            name: "limit".into(),
            expected: "a number".into(),
            found: ParamValue::from("x"),
        },
    };
    let text = report(RunError::from(error));
    assert!(text.contains("code: parameter-value\n"), "{text}");

    let text = report(RunError::Step {
        step: "jump".into(),
        input: "x.fits".into(),
        source: Box::new(StepError::algorithm("no digits")),
    });
    assert!(
        text.contains("because: no digits") && text.contains("code: run-step\n"),
        "{text}"
    );
}

/// A transparent variant is no link of the chain: what it holds is looked at.
#[test]
fn errors_that_are_passed_on_are_found() {
    let inner = stcal::shape::ShapeError {
        what: "dark",
        expected: vec![2, 2],
        found: vec![1],
    };
    let error = StepError::algorithm(stcal::dark::DarkError::from(inner));
    assert_eq!(known(&error).map(|found| found.code), Some("array-shape"));
}

#[test]
fn what_is_only_a_text_has_a_hint_too() {
    let text = report(anyhow::anyhow!("no such thing"));
    assert!(
        text.ends_with("  hint: `strun --help` says what is expected.\n  code: other\n"),
        "{text}"
    );
    assert_eq!(Failure::Usage(String::new()).exit_status(), 2);
}
