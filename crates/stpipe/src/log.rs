//! Log lines: their form, and a sink that keeps them for the products.
//!
//! Steps and runner speak through `tracing`. A program that wants the log in its products puts
//! [`LogSink::layer`] into its subscriber and the sink into the [`Context`](crate::Context).

use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context as LayerContext;

/// One message of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// When.
    pub time: Timestamp,
    /// Who: the module, with dots.
    pub name: String,
    /// `DEBUG`, `INFO`, `WARNING`, `ERROR`.
    pub level: &'static str,
    /// What.
    pub message: String,
}

impl Line {
    /// The message of an event. Fields other than the message follow it as `key=value`.
    pub fn from_event(event: &Event<'_>) -> Self {
        let mut text = Message::default();
        event.record(&mut text);
        let level = match *event.metadata().level() {
            Level::TRACE | Level::DEBUG => "DEBUG",
            Level::INFO => "INFO",
            Level::WARN => "WARNING",
            Level::ERROR => "ERROR",
        };
        Self {
            time: Timestamp::now(),
            name: event.metadata().target().replace("::", "."),
            level,
            message: text.message + &text.fields,
        }
    }

    /// `2026-11-22 13:40:44,123 - stpipe.step - INFO - message`, in local time.
    pub fn for_terminal(&self) -> String {
        let time = self.time.to_zoned(TimeZone::system());
        let stamp = time.strftime("%Y-%m-%d %H:%M:%S,%3f");
        format!(
            "{stamp} - {} - {} - {}",
            self.name, self.level, self.message
        )
    }

    /// `2026-11-22T13:40:44.123 - stpipe.step - INFO - message`, in UTC.
    pub fn for_product(&self) -> String {
        let stamp = self.time.strftime("%Y-%m-%dT%H:%M:%S.%3f");
        format!(
            "{stamp} - {} - {} - {}",
            self.name, self.level, self.message
        )
    }
}

#[derive(Default)]
struct Message {
    message: String,
    fields: String,
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }
}

/// What must not get into a product: names of the user and the machine, addresses, directories.
///
/// Source: jwst 3.0.0 `stpipe._cal_logs`.
#[derive(Debug, Clone, Default)]
pub struct Scrubber {
    /// Texts that make a line unfit: the names of user and host.
    pub secrets: Vec<String>,
}

impl Scrubber {
    /// The line without directories of absolute paths; empty if it holds a secret or an address.
    ///
    /// ```
    /// let scrubber = stpipe::log::Scrubber { secrets: vec!["me".into()] };
    /// assert_eq!(scrubber.scrub("Saved in /home/x/a.fits"), "Saved in a.fits");
    /// assert_eq!(scrubber.scrub("from 192.168.0.1"), "");
    /// ```
    pub fn scrub(&self, line: &str) -> String {
        let text = without_directories(line);
        let has_secret = self
            .secrets
            .iter()
            .any(|s| !s.is_empty() && text.contains(s));
        if has_secret || has_address(&text) {
            return String::new();
        }
        text
    }
}

/// Replaces absolute paths with at least one directory by their file name.
fn without_directories(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find('/') {
        let before = rest[..start].chars().next_back();
        let after_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let tail = &rest[start..];
        let end = tail.find(char::is_whitespace).unwrap_or(tail.len());
        text += &rest[..start];
        if let Some((name, end)) = file_name_of(&tail[..end]).filter(|_| !after_word) {
            text += name;
            rest = &tail[end..];
        } else {
            text.push('/');
            rest = &tail[1..];
        }
    }
    text + rest
}

/// The last part of `/a/b/c` and where it ends; nothing if there are fewer than two parts.
fn file_name_of(path: &str) -> Option<(&str, usize)> {
    let end = path[1..].find("//").map_or(path.len(), |double| double + 1);
    let trimmed = path[..end].trim_end_matches('/');
    let (directory, name) = trimmed.rsplit_once('/')?;
    (directory.len() > 1 && !name.is_empty()).then_some((name, trimmed.len()))
}

fn has_address(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':');
    text.split(|c| !is_part(c))
        .map(|word| word.trim_end_matches(['.', ':']))
        .any(|word| word.parse::<IpAddr>().is_ok())
}

/// Keeps the lines of a log. Clones share their lines.
#[derive(Debug, Clone, Default)]
pub struct LogSink {
    lines: Arc<Mutex<Vec<String>>>,
    scrubber: Arc<Scrubber>,
}

impl LogSink {
    /// An empty sink that scrubs what it is given.
    pub fn new(scrubber: Scrubber) -> Self {
        Self {
            lines: Arc::default(),
            scrubber: Arc::new(scrubber),
        }
    }

    /// Adds a line.
    pub fn push(&self, line: &Line) {
        let text = self.scrubber.scrub(&line.for_product());
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(text);
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A layer for a subscriber that sends every event that reaches it to this sink.
    pub fn layer(&self) -> SinkLayer {
        SinkLayer(self.clone())
    }
}

/// See [`LogSink::layer`].
#[derive(Debug, Clone)]
pub struct SinkLayer(LogSink);

impl<S: Subscriber> Layer<S> for SinkLayer {
    fn on_event(&self, event: &Event<'_>, _context: LayerContext<'_, S>) {
        self.0.push(&Line::from_event(event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt as _;

    #[test]
    fn events_reach_the_sink_scrubbed() {
        let sink = LogSink::default();
        let subscriber = tracing_subscriber::registry().with(sink.layer());
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(target: "stpipe::step", "saved in {}", "/a/b/c.fits");
        });
        let lines = sink.lines();
        assert_eq!(lines.len(), 1);
        assert!(
            lines[0].ends_with(" - stpipe.step - WARNING - saved in c.fits"),
            "{}",
            lines[0]
        );
    }

    /// Expected texts from `jwst.stpipe._cal_logs._scrub` of jwst 3.0.0.
    #[test]
    fn directories_go_from_absolute_paths() {
        let cases = [
            ("a /x/y.fits b", "a y.fits b"),
            ("'/x/y/z.fits',", "'z.fits',"),
            ("/y.fits", "/y.fits"),
            ("x/y/z.fits", "x/y/z.fits"),
            ("a/b /c/d/", "a/b d/"),
            ("1 / 2", "1 / 2"),
        ];
        for (text, expected) in cases {
            assert_eq!(Scrubber::default().scrub(text), expected, "{text}");
        }
        for text in ["on 10.0.0.1", "::1 is local", "fe80::1%eth0"] {
            assert_eq!(Scrubber::default().scrub(text), "", "{text}");
        }
        assert_eq!(Scrubber::default().scrub("version 1.2.3"), "version 1.2.3");
    }
}
