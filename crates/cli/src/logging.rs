//! The log of a program: to the terminal, to a file, and into the products.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use stpipe::log::{Line, LogSink, Scrubber};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use crate::{Failure, Streams};

/// Where terminal messages go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogStream {
    /// Standard error.
    #[default]
    Stderr,
    /// Standard output.
    Stdout,
    /// Nowhere.
    Null,
}

impl LogStream {
    /// `stderr`, `stdout` or `null`.
    ///
    /// # Errors
    /// [`Failure::Usage`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        match text {
            "stderr" => Ok(Self::Stderr),
            "stdout" => Ok(Self::Stdout),
            "null" => Ok(Self::Null),
            _ => Err(Failure::Usage(format!(
                "--log-stream: expected stderr, stdout or null, found {text:?}"
            ))),
        }
    }
}

/// Reads a level as Python's logging names it, or its number.
///
/// # Errors
/// [`Failure::Usage`] for anything else.
pub fn parse_level(text: &str) -> Result<LevelFilter, Failure> {
    let level = match text.to_uppercase().as_str() {
        "NOTSET" | "DEBUG" => LevelFilter::DEBUG,
        "INFO" => LevelFilter::INFO,
        "WARNING" | "WARN" => LevelFilter::WARN,
        "ERROR" | "CRITICAL" | "FATAL" => LevelFilter::ERROR,
        number => match number.parse::<u32>() {
            Ok(0..=10) => LevelFilter::DEBUG,
            Ok(11..=20) => LevelFilter::INFO,
            Ok(21..=30) => LevelFilter::WARN,
            Ok(_) => LevelFilter::ERROR,
            Err(_) => {
                return Err(Failure::Usage(format!(
                    "--log-level: expected DEBUG, INFO, WARNING, ERROR or CRITICAL, found {text:?}"
                )));
            }
        },
    };
    Ok(level)
}

/// What the options say about the log.
#[derive(Debug, Clone, Default)]
pub struct LogOptions {
    /// Lowest level shown and recorded; INFO if nothing is said.
    pub level: Option<LevelFilter>,
    /// A file to write the log to.
    pub file: Option<String>,
    /// Where terminal messages go.
    pub stream: LogStream,
}

/// The subscriber that the options ask for, and the sink that keeps the log for the products.
///
/// # Errors
/// If the log file cannot be made.
pub fn subscriber(options: &LogOptions, streams: &Streams) -> Result<(Dispatch, LogSink), Failure> {
    let secrets =
        ["USER", "LOGNAME", "HOSTNAME"].map(|name| std::env::var(name).unwrap_or_default());
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let mut secrets = Vec::from(secrets);
    secrets.push(host.trim().to_owned());
    let sink = LogSink::new(Scrubber { secrets });
    let terminal = Terminal {
        streams: streams.clone(),
        stream: options.stream,
    };
    let file = options.file.as_deref().map(LogFile::create).transpose()?;
    let level = options.level.unwrap_or(LevelFilter::INFO);
    let subscriber = tracing_subscriber::registry()
        .with(level)
        .with(sink.layer())
        .with(terminal)
        .with(file);
    Ok((Dispatch::new(subscriber), sink))
}

struct Terminal {
    streams: Streams,
    stream: LogStream,
}

impl<S: Subscriber> Layer<S> for Terminal {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let text = Line::from_event(event).for_terminal() + "\n";
        match self.stream {
            LogStream::Stderr => self.streams.complain(&text),
            LogStream::Stdout => drop(self.streams.print(&text)),
            LogStream::Null => {}
        }
    }
}

struct LogFile(Mutex<File>);

impl LogFile {
    fn create(path: &str) -> Result<Self, Failure> {
        let file = File::create(Path::new(path)).map_err(|error| {
            anyhow::Error::new(error).context(format!("cannot make the log file {path}"))
        })?;
        Ok(Self(Mutex::new(file)))
    }
}

impl<S: Subscriber> Layer<S> for LogFile {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let text = Line::from_event(event).for_terminal() + "\n";
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(file.write_all(text.as_bytes()));
    }
}
