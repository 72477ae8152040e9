//! The log of a program: to the terminal, to a file, and into the products.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};
use stpipe::log::{Line, LogSink, Scrubber};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use crate::progress::Progress;
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

/// How terminal messages are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

impl LogFormat {
    /// `text` or `json`.
    ///
    /// # Errors
    /// [`Failure::Usage`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Failure::Usage(format!(
                "--log-format: expected text or json, found {text:?}"
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
    /// Lowest level shown and recorded. If nothing is said, INFO is recorded, and warnings are shown beside one line a step.
    pub level: Option<LevelFilter>,
    /// A file to write the log to.
    pub file: Option<String>,
    /// Where terminal messages go.
    pub stream: LogStream,
    /// How they are written.
    pub format: LogFormat,
    /// Show errors only.
    pub quiet: bool,
}

impl LogOptions {
    /// Whether only what is wrong is wanted. Programs that read JSON want to know how a run goes on all the same.
    fn hides_progress(&self) -> bool {
        let is_high = self.level.is_some_and(|level| level < LevelFilter::INFO);
        is_high && self.format == LogFormat::Text
    }

    /// The lowest level shown.
    fn shown(&self) -> LevelFilter {
        match (self.level, self.format) {
            _ if self.quiet => LevelFilter::ERROR,
            (Some(level), _) => level,
            (None, LogFormat::Json) => LevelFilter::INFO,
            (None, LogFormat::Text) => LevelFilter::WARN,
        }
    }
}

/// The log of a program.
pub struct Logging {
    /// What takes the messages.
    pub dispatch: Dispatch,
    /// The log for the products.
    pub sink: LogSink,
    /// What shows the run on the terminal.
    pub progress: Arc<Progress>,
}

/// The log that the options ask for.
///
/// # Errors
/// If the log file cannot be made.
pub fn start(options: &LogOptions, streams: &Streams) -> Result<Logging, Failure> {
    let secrets =
        ["USER", "LOGNAME", "HOSTNAME"].map(|name| std::env::var(name).unwrap_or_default());
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let mut secrets = Vec::from(secrets);
    secrets.push(host.trim().to_owned());
    let sink = LogSink::new(Scrubber { secrets });
    let (stream, format) = (options.stream, options.format);
    let quiet = options.quiet || options.hides_progress();
    let progress = Arc::new(Progress::new(streams, stream, format, quiet));
    let terminal = Terminal {
        streams: streams.clone(),
        progress: Arc::clone(&progress),
        shown: options.shown(),
        // Errors are shown whatever is not.
        quiet: options.quiet && stream != LogStream::Null,
    };
    let file = options.file.as_deref().map(LogFile::create).transpose()?;
    let level = options.level.unwrap_or(LevelFilter::INFO);
    let subscriber = tracing_subscriber::registry()
        .with(level)
        .with(sink.layer())
        .with(terminal)
        .with(file);
    Ok(Logging {
        dispatch: Dispatch::new(subscriber),
        sink,
        progress,
    })
}

struct Terminal {
    streams: Streams,
    progress: Arc<Progress>,
    shown: LevelFilter,
    quiet: bool,
}

impl<S: Subscriber> Layer<S> for Terminal {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = event.metadata().level();
        if *level > self.shown {
            return;
        }
        let line = Line::from_event(event);
        if self.quiet && *level == Level::ERROR {
            self.streams.complain(&(line.for_terminal() + "\n"));
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.progress.log(&line, &fields.0);
    }
}

/// The fields of an event beside its message.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        if field.name() != "message" {
            self.0.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.add(field, json!(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, json!(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, json!(value));
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
