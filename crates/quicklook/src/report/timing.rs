//! Time and memory of steps, from the log of a run.

use std::path::Path;

use datamodels::DataModelError;
use serde::Deserialize;

use crate::error::{QuicklookError, Result};

/// What the log says about a step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StepTime {
    pub(crate) step: String,
    pub(crate) file: String,
    pub(crate) status: String,
    /// Wall-clock time \[s\].
    pub(crate) seconds: Option<f64>,
    /// Largest memory of the program so far \[byte\].
    pub(crate) peak_bytes: Option<f64>,
    /// What it found.
    pub(crate) found: String,
}

/// A line of the log. Lines about other things lack `step` or `seconds`.
#[derive(Debug, Deserialize)]
struct Line {
    step: Option<String>,
    #[serde(default, alias = "input", alias = "exposure")]
    file: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default, alias = "elapsed_s", alias = "duration_s")]
    seconds: Option<f64>,
    #[serde(default, alias = "peak_memory_bytes", alias = "max_rss_bytes")]
    peak_bytes: Option<f64>,
    #[serde(default)]
    summary: Option<serde_json::Value>,
}

/// Reads a log: a JSON object on each line that is not blank.
///
/// # Errors
/// The file cannot be read, or a line is no object.
pub(crate) fn read(path: &Path) -> Result<Vec<StepTime>> {
    let text = std::fs::read_to_string(path).map_err(|source| DataModelError::Io {
        action: "read",
        path: path.to_path_buf(),
        source,
    })?;
    let mut times = Vec::new();
    let lines = text.lines().enumerate();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line).map_err(|_| QuicklookError::Log {
            path: path.to_path_buf(),
            line: index + 1,
            found: line.chars().take(40).collect(),
        })?;
        times.extend(step_time(line));
    }
    Ok(times)
}

fn step_time(line: Line) -> Option<StepTime> {
    let step = line.step?;
    if line.seconds.is_none() && line.status.is_none() {
        return None;
    }
    Some(StepTime {
        step,
        file: line.file.unwrap_or_default(),
        status: line.status.unwrap_or_default(),
        seconds: line.seconds,
        peak_bytes: line.peak_bytes,
        found: line
            .summary
            .map(|summary| words(&summary))
            .unwrap_or_default(),
    })
}

/// `jumps 12, showers 0` of `{"jumps": 12, "showers": 0}`.
fn words(summary: &serde_json::Value) -> String {
    match summary {
        serde_json::Value::Object(entries) => {
            let entries = entries.iter().map(|(name, value)| {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                format!("{} {value}", name.replace('_', " "))
            });
            entries.collect::<Vec<_>>().join(", ")
        }
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_about_steps_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        let text = "{\"level\": \"INFO\", \"message\": \"hello\"}\n\n\
            {\"step\": \"jump\", \"seconds\": 1.5, \"peak_bytes\": 1e9, \"status\": \"COMPLETE\", \"summary\": {\"jumps\": 12, \"of\": \"a<b\"}}\n\
            {\"step\": \"jump\", \"message\": \"a line of the step\"}\n";
        std::fs::write(&path, text).unwrap();
        let times = read(&path).unwrap();
        assert_eq!(times.len(), 1);
        assert_eq!(
            (times[0].seconds, times[0].peak_bytes),
            (Some(1.5), Some(1e9))
        );
        assert_eq!(times[0].found, "jumps 12, of a<b");
        std::fs::write(&path, "{}\nplain text\n").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.ends_with("run.jsonl: line 2: expected a JSON object, found plain text"),
            "{error}"
        );
    }
}
