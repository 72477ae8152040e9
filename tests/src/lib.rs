//! Golden and end-to-end tests across the crates; see `tests/`.

use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Why a test that a text names is not there; `None` if it is. Tests are named `path/in/workspace.rs::function`.
///
/// ```
/// assert_eq!(end_to_end::missing_test("tests/src/lib.rs::nothing"), Some("tests/src/lib.rs has no test nothing".into()));
/// ```
pub fn missing_test(name: &str) -> Option<String> {
    let Some((file, function)) = name.split_once("::") else {
        return Some(format!("{name}: expected FILE::FUNCTION"));
    };
    let Ok(text) = std::fs::read_to_string(workspace().join(file)) else {
        return Some(format!("there is no file {file}"));
    };
    let found = text.split("#[test]").skip(1).any(|after| {
        let declared = after.split("fn ").nth(1).unwrap_or_default();
        declared.split('(').next() == Some(function)
    });
    (!found).then(|| format!("{file} has no test {function}"))
}

/// Every `FILE.rs::FUNCTION` in backticks of a text.
pub fn tests_named_in(text: &str) -> Vec<&str> {
    let words = text.split('`').skip(1).step_by(2);
    words.filter(|word| word.contains(".rs::")).collect()
}
