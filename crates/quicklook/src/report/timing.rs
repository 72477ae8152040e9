//! Time and memory of steps, from the log of a run.

use std::path::Path;

use datamodels::DataModelError;
use serde::Deserialize;

use crate::error::{QuicklookError, Result};
use crate::scene::ticks::short;

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

/// A line of the log, as `jwst run` writes it. Lines about other things lack `step`, or both `seconds` and `status`.
#[derive(Debug, Deserialize)]
struct Line {
    step: Option<String>,
    file: Option<String>,
    status: Option<String>,
    reason: Option<String>,
    seconds: Option<f64>,
    peak_memory_bytes: Option<f64>,
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
    let found = line.summary.map(|summary| words(&summary));
    Some(StepTime {
        step,
        file: line.file.unwrap_or_default(),
        status: line.status.unwrap_or_default(),
        seconds: line.seconds,
        peak_bytes: line.peak_memory_bytes,
        found: line.reason.or(found).unwrap_or_default(),
    })
}

/// `jumps 12, showers 0` of `{"jumps": 12, "showers": 0}`.
fn words(summary: &serde_json::Value) -> String {
    match summary {
        serde_json::Value::Object(entries) => {
            let entries = entries.iter().map(|(name, value)| {
                let value = match value {
                    serde_json::Value::String(text) => text.clone(),
                    serde_json::Value::Number(number) if !number.is_i64() => number
                        .as_f64()
                        .map_or_else(|| number.to_string(), |n| short(n, 5)),
                    other => other.to_string(),
                };
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
            {\"step\": \"jump\", \"seconds\": 1.5, \"peak_memory_bytes\": 1e9, \"status\": \"COMPLETE\", \"summary\": {\"jumps\": 12, \"largest_dn\": 310.456789, \"of\": \"a<b\"}}\n\
            {\"event\": \"step begins\", \"step\": \"persistence\"}\n\
            {\"step\": \"persistence\", \"status\": \"SKIPPED\", \"reason\": \"no traps\", \"summary\": {}}\n";
        std::fs::write(&path, text).unwrap();
        let times = read(&path).unwrap();
        assert_eq!(times.len(), 2);
        assert_eq!(
            (times[1].status.as_str(), times[1].found.as_str()),
            ("SKIPPED", "no traps")
        );
        assert_eq!(
            (times[0].seconds, times[0].peak_bytes),
            (Some(1.5), Some(1e9))
        );
        assert_eq!(times[0].found, "jumps 12, largest dn 310.46, of a<b");
        std::fs::write(&path, "{}\nplain text\n").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.ends_with("run.jsonl: line 2: expected a JSON object, found plain text"),
            "{error}"
        );
    }
}
