//! One file: a process, and what it says.

use std::io::{BufRead as _, BufReader};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::display::Display;
use crate::strun::SplitLine;

/// What became of a file.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Its products were made.
    Done {
        products: Vec<PathBuf>,
        elapsed: Duration,
        peak_memory_bytes: Option<u64>,
    },
    /// Its products were there.
    UpToDate { products: Vec<PathBuf> },
    /// Its run failed.
    Failed { reason: String, elapsed: Duration },
}

impl Outcome {
    pub(super) fn is_success(&self) -> bool {
        !matches!(self, Self::Failed { .. })
    }

    pub(super) fn peak_memory_bytes(&self) -> Option<u64> {
        match self {
            Self::Done {
                peak_memory_bytes, ..
            } => *peak_memory_bytes,
            _ => None,
        }
    }
}

/// An error with its causes on one line; the input, which stands before it anyway, is not named again by each.
fn reason(input: &str, chain: impl Iterator<Item = String>) -> String {
    let named = format!("{input}: ");
    let parts = chain.map(|part| match part.strip_prefix(&named) {
        Some(rest) => rest.to_owned(),
        None => part.replace(&format!(" {input}"), " it"),
    });
    parts.collect::<Vec<_>>().join(": ")
}

/// A run of the task on one file.
pub(super) struct Job<'a> {
    pub(super) split: &'a SplitLine,
    pub(super) input: &'a str,
    pub(super) threads: NonZeroUsize,
    /// Its share of the memory.
    pub(super) memory_bytes: Option<u64>,
    /// Where its lock goes.
    pub(super) lock: &'a Path,
    pub(super) display: &'a Display,
}

/// What a process says in its JSON lines.
#[derive(Debug, Default)]
struct Said {
    products: Vec<PathBuf>,
    peak_memory_bytes: Option<u64>,
    /// The error and its causes.
    error: Option<String>,
    /// Lines that are no JSON.
    other: Vec<String>,
}

impl Job<'_> {
    pub(super) fn run(&self) -> Outcome {
        let begun = Instant::now();
        let failed = |reason: String| Outcome::Failed {
            reason,
            elapsed: begun.elapsed(),
        };
        let (status, said) = match self.process() {
            Ok(ended) => ended,
            Err(error) => return failed(format!("cannot start a process: {error}")),
        };
        if status.success() {
            return Outcome::Done {
                products: said.products,
                elapsed: begun.elapsed(),
                peak_memory_bytes: said.peak_memory_bytes,
            };
        }
        failed(said.error.unwrap_or_else(|| {
            let last = said
                .other
                .last()
                .map_or(String::new(), |line| format!(": {line}"));
            format!("the process ended with {status}{last}")
        }))
    }

    fn process(&self) -> std::io::Result<(ExitStatus, Said)> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(self.arguments())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut said = Said::default();
        if let Some(stream) = child.stderr.take() {
            for line in BufReader::new(stream).lines() {
                self.take(&line?, &mut said);
            }
        }
        Ok((child.wait()?, said))
    }

    /// The words after the program's name: the user's, with one input and a log for this process.
    fn arguments(&self) -> Vec<String> {
        let mut words = vec!["run".to_owned(), self.split.task.clone()];
        let has = |wanted: &str| self.split.options.iter().any(|(name, _)| name == wanted);
        for (name, option) in &self.split.options {
            if !["quiet", "log-format", "log-stream"].contains(&name.as_str()) {
                words.extend(option.iter().cloned());
            }
        }
        words.extend(["--log-format=json", "--log-stream=stderr"].map(str::to_owned));
        words.push(format!("--lock={}", self.lock.display()));
        if !has("threads") {
            words.push(format!("--threads={}", self.threads));
        }
        if let Some(bytes) = self.memory_bytes
            && !has("max-memory")
        {
            words.push(format!("--max-memory={bytes}"));
        }
        words.extend(["--".to_owned(), self.input.to_owned()]);
        words
    }

    fn take(&self, line: &str, said: &mut Said) {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            said.other.push(line.to_owned());
            return;
        };
        self.display.event(self.input, line, &event);
        let text = |key: &str| event[key].as_str().map(str::to_owned);
        match event["event"].as_str() {
            Some("saved") => said.products.extend(text("path").map(PathBuf::from)),
            Some("end") => said.peak_memory_bytes = event["peak_memory_bytes"].as_u64(),
            Some("error") => {
                let causes = event["causes"].as_array().into_iter().flatten();
                let causes = causes.filter_map(Value::as_str).map(str::to_owned);
                let chain = text("message").into_iter().chain(causes);
                said.error = Some(reason(self.input, chain));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn a_reason_does_not_repeat_the_input() {
        let chain = [
            "cannot read a/x.fits",
            "a/x.fits: not a readable FITS file: cut",
        ];
        let said = reason("a/x.fits", chain.map(str::to_owned).into_iter());
        assert_eq!(said, "cannot read it: not a readable FITS file: cut");
    }
}
