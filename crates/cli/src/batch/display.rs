//! What a batch shows while it runs.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, stderr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;

use super::job::Outcome;
use crate::Streams;
use crate::crds::bytes;
use crate::logging::{LogFormat, LogOptions, LogStream};

/// Lines about files, bars on a terminal, or the log lines of the processes as they are.
pub(super) struct Display {
    streams: Streams,
    form: Form,
    total: usize,
    ended: AtomicUsize,
}

enum Form {
    Quiet,
    Lines,
    /// The processes' own lines.
    Json,
    Bars(Bars),
}

struct Bars {
    all: MultiProgress,
    files: ProgressBar,
    running: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Display {
    pub(super) fn new(streams: &Streams) -> Self {
        Self {
            streams: streams.clone(),
            form: Form::Quiet,
            total: 0,
            ended: AtomicUsize::new(0),
        }
    }

    /// Chooses the form by what the user wants of the log.
    pub(super) fn prepare(&mut self, log: &LogOptions, total: usize) {
        self.total = total;
        self.form = match (log.format, log.stream) {
            _ if log.quiet => Form::Quiet,
            (_, LogStream::Null) => Form::Quiet,
            (LogFormat::Json, _) => Form::Json,
            _ if stderr().is_terminal() => Form::Bars(Bars::new(total)),
            _ => Form::Lines,
        };
    }

    /// Something that a process says, as the line and as what it means.
    pub(super) fn event(&self, input: &str, line: &str, event: &Value) {
        if let Form::Json = self.form {
            return self.streams.complain(&format!("{line}\n"));
        }
        if let Form::Bars(bars) = &self.form {
            bars.event(input, event);
        }
        let is_bad = matches!(event["level"].as_str(), Some("WARNING" | "ERROR"));
        if is_bad && let Some(message) = event["message"].as_str() {
            self.warn(input, message);
        }
    }

    /// Something that is wrong with a file.
    pub(super) fn warn(&self, input: &str, message: &str) {
        match &self.form {
            Form::Quiet | Form::Json => {}
            Form::Lines | Form::Bars(_) => self.line(&format!("{input}: {message}")),
        }
    }

    /// A file is through.
    pub(super) fn ended(&self, input: &str, outcome: &Outcome) {
        let number = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
        if let Form::Bars(bars) = &self.form {
            bars.ended(input);
        }
        let said = match outcome {
            Outcome::Done {
                elapsed,
                peak_memory_bytes,
                ..
            } => {
                let memory = peak_memory_bytes.map_or(String::new(), bytes);
                format!("done in {:.2} s {memory}", elapsed.as_secs_f64())
            }
            Outcome::UpToDate { .. } => "up to date".to_owned(),
            Outcome::Failed { reason, .. } => format!("failed: {reason}"),
        };
        match &self.form {
            Form::Quiet | Form::Json => {}
            Form::Lines | Form::Bars(_) => {
                let line = format!("[{number}/{}] {input}: {said}", self.total);
                self.line(line.trim_end());
            }
        }
    }

    pub(super) fn finish(&self) {
        if let Form::Bars(bars) = &self.form {
            bars.files.finish_and_clear();
            drop(bars.all.clear());
        }
    }

    fn line(&self, line: &str) {
        let write = || self.streams.complain(&format!("{line}\n"));
        match &self.form {
            Form::Bars(bars) => bars.all.suspend(write),
            _ => write(),
        }
    }
}

impl Bars {
    fn new(total: usize) -> Self {
        let all = MultiProgress::new();
        let files = all.add(ProgressBar::new(total as u64));
        styled(&files, "[{bar:20}] {pos}/{len} files {elapsed}");
        Self {
            all,
            files,
            running: Mutex::default(),
        }
    }

    fn event(&self, input: &str, event: &Value) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = running.entry(input.to_owned()).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new(0));
            styled(&bar, "  [{bar:20}] {msg}");
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        match event["event"].as_str() {
            Some("planned") => {
                let steps = event["steps"].as_array().map_or(0, Vec::len);
                bar.set_length(steps as u64);
            }
            Some("step begins") => {
                let step = event["step"].as_str().unwrap_or_default();
                bar.set_message(format!("{input} {step}"));
            }
            Some("step") => bar.inc(1),
            _ => {}
        }
    }

    fn ended(&self, input: &str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = running.remove(input) {
            bar.finish_and_clear();
        }
        self.files.inc(1);
    }
}

fn styled(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("#>."));
    }
}
