//! The map from wishes and requirements to tests, as a table.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{cell, read, workspace};

pub(super) fn table() -> Result<String> {
    let tree: Value = serde_json::from_str(&read(&workspace().join("tests/requirements.json"))?)?;
    let entries = tree["requirements"]
        .as_array()
        .context("requirements: expected a list")?;
    let mut text = "| | what is asked for | state | tests that hold it | what is left |\n|---|---|---|---|---|\n".to_owned();
    for entry in entries {
        let of = |key: &str| cell(entry[key].as_str().unwrap_or_default());
        let tests = entry["tests"].as_array().into_iter().flatten();
        let tests: Vec<String> = tests
            .filter_map(Value::as_str)
            .map(|test| format!("`{test}`"))
            .collect();
        let reports = entry["source"]["reports"].as_array().into_iter().flatten();
        let reports: Vec<&str> = reports.filter_map(Value::as_str).collect();
        let rank = entry["source"]["rank"]
            .as_u64()
            .map_or_else(|| "mission".to_owned(), |rank| format!("wish {rank}"));
        let line = format!(
            "| {rank} | {} ({}) | {} | {} | {} |\n",
            of("requirement"),
            cell(&reports.join(", ")),
            of("state"),
            tests.join("<br>"),
            of("left")
        );
        let written = text.write_str(&line);
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }
    Ok(text)
}
