//! How far fetching is: a bar on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crds::Event;
use indicatif::{ProgressBar, ProgressStyle};

use super::bytes;
use crate::Streams;

/// Time between two lines where there is no terminal.
const PAUSE: Duration = Duration::from_secs(5);

/// Shows events on standard error.
pub(super) fn shown(streams: &Streams) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
    let display = if stderr().is_terminal() {
        Display::Bar(ProgressBar::no_length())
    } else {
        Display::Lines(streams.clone())
    };
    let shown = Shown::new(display, PAUSE);
    move |event| shown.take(event)
}

enum Display {
    Bar(ProgressBar),
    Lines(Streams),
}

struct Counts {
    begun: Instant,
    /// When the last line was written.
    told: Instant,
    files: usize,
    finished: usize,
    /// Of the files that have begun [bytes].
    size: u64,
    done: u64,
    /// Without what earlier runs have left [bytes].
    received: u64,
}

struct Shown {
    display: Display,
    pause: Duration,
    counts: Mutex<Counts>,
}

impl Shown {
    fn new(display: Display, pause: Duration) -> Self {
        if let Display::Bar(bar) = &display
            && let Ok(style) = ProgressStyle::with_template("[{bar:20}] {msg}, {eta} left")
        {
            bar.set_style(style.progress_chars("#>."));
        }
        let now = Instant::now();
        let counts = Mutex::new(Counts {
            begun: now,
            told: now,
            files: 0,
            finished: 0,
            size: 0,
            done: 0,
            received: 0,
        });
        Self {
            display,
            pause,
            counts,
        }
    }

    fn take(&self, event: &Event<'_>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.take(event);
        match &self.display {
            Display::Bar(bar) => {
                bar.set_length(counts.size);
                bar.set_position(counts.done);
                bar.set_message(counts.text());
            }
            Display::Lines(streams) if counts.told.elapsed() >= self.pause => {
                counts.told = Instant::now();
                streams.complain(&format!("{}\n", counts.text()));
            }
            Display::Lines(_) => {}
        }
    }
}

/// The last word, if anything was fetched.
impl Drop for Shown {
    fn drop(&mut self) {
        let counts = self
            .counts
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        match &self.display {
            _ if counts.files == 0 => {}
            Display::Bar(bar) => bar.abandon(),
            Display::Lines(streams) => streams.complain(&format!("{}\n", counts.text())),
        }
    }
}

impl Counts {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Started { size, done, .. } => {
                if self.files == 0 {
                    self.begun = Instant::now();
                    self.told = self.begun;
                }
                self.files += 1;
                self.size += size;
                self.done += done;
            }
            Event::Received { bytes } => {
                self.done += bytes;
                self.received += bytes;
            }
            Event::Lost { bytes } => self.done = self.done.saturating_sub(*bytes),
            Event::Finished { .. } => self.finished += 1,
        }
    }

    fn text(&self) -> String {
        let seconds = self.begun.elapsed().as_secs_f64().max(1e-3);
        let rate = (self.received as f64 / seconds) as u64;
        format!(
            "{} of {} at {}/s, {} of {} files",
            bytes(self.done),
            bytes(self.size),
            bytes(rate),
            self.finished.min(self.files),
            self.files
        )
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(octets)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Without rates, which depend on the clock.
    fn lines(pause: Duration, events: &[Event<'_>]) -> Vec<String> {
        let errors = Buffer::default();
        let streams = Streams::new(io::sink(), errors.clone());
        let shown = Shown::new(Display::Lines(streams), pause);
        for event in events {
            shown.take(event);
        }
        drop(shown);
        let text = String::from_utf8(errors.0.lock().unwrap().clone()).unwrap();
        let without_rate = |line: &str| {
            let (start, end) = line.split_once(" at ").unwrap();
            format!("{start};{}", end.split_once(',').unwrap().1)
        };
        text.lines().map(without_rate).collect()
    }

    #[test]
    fn lines_tell_bytes_and_files() {
        let name = "a";
        let begin = |size, done| Event::Started { name, size, done };
        let events = [
            begin(3000, 1000),
            Event::Received { bytes: 500 },
            Event::Lost { bytes: 1500 },
            begin(1000, 0),
            Event::Received { bytes: 4000 },
            Event::Finished { name },
            Event::Finished { name },
        ];
        let all = lines(Duration::ZERO, &events);
        assert_eq!(all.len(), 8, "{all:?}");
        assert_eq!(all[1], "1.5 kB of 3.0 kB; 0 of 1 files");
        assert_eq!(all[2], "0 bytes of 3.0 kB; 0 of 1 files");
        assert_eq!(all[7], "4.0 kB of 4.0 kB; 2 of 2 files");
        let few = lines(Duration::from_hours(1), &events);
        assert_eq!(few, ["4.0 kB of 4.0 kB; 2 of 2 files"]);
        assert_eq!(lines(Duration::ZERO, &[]), Vec::<String>::new());
    }

    #[test]
    fn a_bar_has_length_and_place() {
        let bar = ProgressBar::hidden();
        let shown = Shown::new(Display::Bar(bar.clone()), PAUSE);
        let (name, size) = ("a", 3000);
        shown.take(&Event::Started {
            name,
            size,
            done: 0,
        });
        shown.take(&Event::Received { bytes: 1200 });
        assert_eq!((bar.length(), bar.position()), (Some(3000), 1200));
        assert!(
            bar.message().starts_with("1.2 kB of 3.0 kB at "),
            "{}",
            bar.message()
        );
        drop(shown);
        assert!(bar.is_finished());
    }
}
