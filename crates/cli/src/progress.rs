//! How far a run is: one line for each step with its time, memory and findings; a bar on a terminal; JSON on request.

use std::io::{IsTerminal as _, stderr};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use stpipe::log::Line;
use stpipe::{Observer, ParamValue, Status, StepReport, Summary};

use crate::Streams;
use crate::crds::bytes;
use crate::logging::{LogFormat, LogStream};

/// Shows a run to the user. Log lines go through it, too, so that they do not run into the bar.
pub struct Progress {
    streams: Streams,
    stream: LogStream,
    form: Form,
    state: Mutex<State>,
}

enum Form {
    /// Nothing.
    Quiet,
    /// Lines, and a bar below them.
    Bar(ProgressBar),
    /// Lines.
    Lines,
    /// Objects, one a line.
    Json,
}

#[derive(Default)]
struct State {
    begun: Option<Instant>,
    /// The input.
    file: String,
    /// What is still to be written above the first step.
    title: String,
    /// How many steps there are.
    steps: u64,
}

impl Progress {
    /// Progress on a stream; a bar only if that is standard error and a terminal.
    pub(crate) fn new(
        streams: &Streams,
        stream: LogStream,
        format: LogFormat,
        quiet: bool,
    ) -> Self {
        let form = match (format, stream) {
            (_, LogStream::Null) => Form::Quiet,
            _ if quiet => Form::Quiet,
            (LogFormat::Json, _) => Form::Json,
            (LogFormat::Text, LogStream::Stderr)
                if streams.are_standard() && stderr().is_terminal() =>
            {
                Form::Bar(bar())
            }
            (LogFormat::Text, _) => Form::Lines,
        };
        Self {
            streams: streams.clone(),
            stream,
            form,
            state: Mutex::default(),
        }
    }

    /// Says what is going to run on what.
    pub(crate) fn begin(&self, task: &str, inputs: &[String]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.begun = Some(Instant::now());
        state.file = inputs.join(" ");
        let file = state.file.clone();
        state.title = format!("{task} {file}");
        drop(state);
        if let Form::Json = self.form {
            self.object("begin", json!({"task": task, "file": file}));
        }
    }

    /// Writes a line of the log.
    pub(crate) fn log(&self, line: &Line, event: &Map<String, Value>) {
        match &self.form {
            Form::Json => {
                let mut object = Map::new();
                object.insert("time".to_owned(), json!(line.time.to_string()));
                object.insert("level".to_owned(), json!(line.level));
                object.insert("name".to_owned(), json!(line.name));
                object.insert("message".to_owned(), json!(line.message));
                if !event.is_empty() {
                    object.insert("fields".to_owned(), Value::Object(event.clone()));
                }
                self.write(&Value::Object(object).to_string());
            }
            _ => self.write(&line.for_terminal()),
        }
    }

    /// Ends the display with a line on the whole run, if there was one.
    pub(crate) fn finish(&self, succeeded: bool) {
        if let Form::Bar(bar) = &self.form {
            bar.finish_and_clear();
        }
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(begun) = state.begun else {
            return;
        };
        let (elapsed, peak) = (begun.elapsed(), peak_memory_bytes());
        drop(state);
        match &self.form {
            Form::Quiet => {}
            Form::Json => self.object(
                "end",
                json!({"succeeded": succeeded, "seconds": elapsed.as_secs_f64(), "peak_memory_bytes": peak}),
            ),
            // Why it failed is said elsewhere.
            Form::Bar(_) | Form::Lines => {
                if succeeded {
                    self.write(&row("done", "", elapsed, peak, ""));
                }
            }
        }
    }

    /// Says why a run failed, to programs.
    pub(crate) fn failed(&self, error: &anyhow::Error) {
        if matches!(self.form, Form::Json) {
            let causes: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
            let fields = json!({"message": error.to_string(), "causes": causes});
            self.object("error", fields);
        }
    }

    /// An object with the time and the kind of event first.
    fn object(&self, event: &str, fields: Value) {
        let mut object = Map::new();
        object.insert("time".to_owned(), json!(Timestamp::now().to_string()));
        object.insert("event".to_owned(), json!(event));
        if let Value::Object(fields) = fields {
            object.extend(fields);
        }
        self.write(&Value::Object(object).to_string());
    }

    fn write(&self, line: &str) {
        let text = format!("{line}\n");
        let write = || match self.stream {
            LogStream::Stderr => self.streams.complain(&text),
            LogStream::Stdout => drop(self.streams.print(&text)),
            LogStream::Null => {}
        };
        match &self.form {
            Form::Bar(bar) => bar.suspend(write),
            _ => write(),
        }
    }
}

impl Observer for Progress {
    fn planned(&self, steps: &[&str]) {
        match &self.form {
            Form::Json => self.object("planned", json!({"steps": steps})),
            Form::Bar(_) | Form::Lines => {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.steps = steps.len() as u64;
                let title = std::mem::take(&mut state.title);
                drop(state);
                if !title.is_empty() {
                    self.write(&title);
                }
            }
            Form::Quiet => {}
        }
    }

    fn step_begins(&self, step: &str) {
        match &self.form {
            Form::Bar(bar) => {
                // Not before: downloads have a bar of their own.
                let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                bar.set_length(state.steps);
                bar.set_message(step.to_owned());
                bar.enable_steady_tick(Duration::from_millis(200));
            }
            Form::Json => self.object("step begins", json!({"step": step})),
            Form::Quiet | Form::Lines => {}
        }
    }

    fn step_ended(&self, report: &StepReport<'_>) {
        let peak = peak_memory_bytes();
        match &self.form {
            Form::Quiet => return,
            Form::Json => {
                let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                let file = state.file.clone();
                drop(state);
                return self.object("step", described(report, &file, peak));
            }
            Form::Bar(bar) => bar.inc(1),
            Form::Lines => {}
        }
        let status = match report.status {
            Status::Complete => "",
            Status::Skipped => "skipped",
            Status::Failed => "failed",
        };
        let detail = report.reason.clone();
        let detail = detail.unwrap_or_else(|| report.summary.to_string());
        self.write(&row(report.step, status, report.elapsed, peak, &detail));
    }

    fn saved(&self, path: &Path) {
        match &self.form {
            Form::Quiet => {}
            Form::Json => self.object("saved", json!({"path": path})),
            Form::Bar(_) | Form::Lines => self.write(&format!("{:20} {}", "saved", path.display())),
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("[{bar:20}] {pos}/{len} {msg} {elapsed}") {
        bar.set_style(style.progress_chars("#>."));
    }
    bar
}

/// `jump                          0.31 s   412.0 MB  jumps 532`.
fn row(name: &str, status: &str, elapsed: Duration, peak: Option<u64>, detail: &str) -> String {
    let memory = peak.map_or(String::new(), bytes);
    let seconds = elapsed.as_secs_f64();
    let row = format!("{name:20} {status:8} {seconds:7.2} s {memory:>9}  {detail}");
    row.trim_end().to_owned()
}

fn described(report: &StepReport<'_>, file: &str, peak: Option<u64>) -> Value {
    json!({
        "file": file,
        "step": report.step,
        "status": report.status.as_str(),
        "reason": report.reason,
        "seconds": report.elapsed.as_secs_f64(),
        "peak_memory_bytes": peak,
        "summary": found(&report.summary),
    })
}

fn found(summary: &Summary) -> Map<String, Value> {
    let value = |value: &ParamValue| match value {
        ParamValue::Bool(value) => json!(value),
        ParamValue::Int(value) => json!(value),
        ParamValue::Float(value) => json!(value),
        other => json!(other.to_text()),
    };
    let pairs = summary.iter();
    pairs
        .map(|(name, of)| (name.to_owned(), value(of)))
        .collect()
}

/// The most memory that the process has had so far; only Linux says it.
pub(crate) fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?;
    Some(1024 * kib)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_steps() {
        let second = Duration::from_millis(1250);
        let full = row("jump", "", second, Some(412_000_000), "jumps 532");
        assert_eq!(
            full,
            "jump                             1.25 s  412.0 MB  jumps 532"
        );
        let bare = row("emicorr", "skipped", Duration::ZERO, None, "not MIRI");
        assert_eq!(
            bare,
            "emicorr              skipped     0.00 s            not MIRI"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_peak_is_that_of_this_process() {
        let peak = peak_memory_bytes().unwrap_or(0);
        assert!((1 << 20..1 << 40).contains(&peak), "{peak}");
    }
}
