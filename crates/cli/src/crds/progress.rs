//! How far fetching is: a bar on a terminal, a line now and then elsewhere.

use std::collections::HashSet;
use std::io::{self, IsTerminal, Write, stderr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crds::Event;
use indicatif::{ProgressBar, ProgressStyle};

use super::bytes;
use crate::Streams;

/// Time between two lines where there is no terminal.
const PAUSE: Duration = Duration::from_secs(5);

/// Shows on standard error how far it is, and at the end what was fetched.
pub(crate) struct Progress(Arc<Shown>);

impl Progress {
    /// A bar if standard error is a terminal, or else lines.
    pub(crate) fn new(streams: &Streams) -> Self {
        let bar = stderr().is_terminal().then(ProgressBar::no_length);
        Self(Arc::new(Shown::new(bar, streams.clone(), PAUSE)))
    }

    /// Someone for [`crds::Client::watch`].
    pub(crate) fn watcher(&self) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
        let shown = Arc::clone(&self.0);
        move |event| shown.take(event)
    }

    /// The streams for everything else that a program writes: the bar steps aside for it.
    pub(crate) fn beside(&self) -> Streams {
        let streams = &self.0.streams;
        match &self.0.bar {
            None => streams.clone(),
            Some(bar) => {
                let aside = |show: fn(&Streams, &str) -> io::Result<()>| Aside {
                    bar: bar.clone(),
                    streams: streams.clone(),
                    show,
                };
                let complain = |streams: &Streams, text: &str| {
                    streams.complain(text);
                    Ok(())
                };
                Streams::new(aside(Streams::print), aside(complain)).standing_for(streams)
            }
        }
    }
}

/// A writer that takes the bar away while it writes.
struct Aside {
    bar: ProgressBar,
    streams: Streams,
    show: fn(&Streams, &str) -> io::Result<()>,
}

impl Write for Aside {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(octets);
        let shown = self.bar.suspend(|| (self.show)(&self.streams, &text));
        shown.map(|()| octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Default)]
struct Counts {
    /// Files on their way.
    active: HashSet<String>,
    /// Since when there are any.
    since: Option<Instant>,
    /// Time in which there were any, before that.
    busy: Duration,
    /// When the last line was written.
    told: Option<Instant>,
    files: usize,
    finished: usize,
    /// Of the files that have begun [bytes].
    size: u64,
    done: u64,
    /// Without what earlier runs have left [bytes].
    received: u64,
}

struct Shown {
    /// Without one, lines are written.
    bar: Option<ProgressBar>,
    streams: Streams,
    pause: Duration,
    counts: Mutex<Counts>,
}

impl Shown {
    fn new(bar: Option<ProgressBar>, streams: Streams, pause: Duration) -> Self {
        if let Some(bar) = &bar
            && let Ok(style) = ProgressStyle::with_template("[{bar:20}] {msg}")
        {
            bar.set_style(style.progress_chars("#>."));
        }
        Self {
            bar,
            streams,
            pause,
            counts: Mutex::default(),
        }
    }

    fn take(&self, event: &Event<'_>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.take(event);
        let idle = counts.active.is_empty();
        match &self.bar {
            // A run goes on with other things: the bar comes back with the next file.
            Some(bar) if idle => bar.finish_and_clear(),
            Some(bar) => {
                if bar.is_finished() {
                    bar.reset();
                }
                bar.set_length(counts.size);
                bar.set_position(counts.done);
                bar.set_message(counts.outlook());
            }
            None if idle => {}
            None => {
                let told = *counts.told.get_or_insert_with(Instant::now);
                if told.elapsed() >= self.pause {
                    counts.told = Some(Instant::now());
                    self.streams.complain(&format!("{}\n", counts.outlook()));
                }
            }
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
        if counts.files == 0 {
            return;
        }
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.streams.complain(&format!("{}\n", counts.text()));
    }
}

impl Counts {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Started { name, size, done } => {
                self.since.get_or_insert_with(Instant::now);
                self.active.insert((*name).to_owned());
                self.files += 1;
                self.size += size;
                self.done += done;
            }
            Event::Received { bytes } => {
                self.done += bytes;
                self.received += bytes;
            }
            Event::Lost { bytes } => self.done = self.done.saturating_sub(*bytes),
            Event::Finished { name } => {
                // Files that another process has fetched have not begun here.
                self.finished += usize::from(self.active.remove(*name));
                if self.active.is_empty() {
                    let since = self.since.take();
                    self.busy += since.map_or(Duration::ZERO, |since| since.elapsed());
                }
            }
        }
    }

    /// Bytes a second while there were files on their way.
    fn rate(&self) -> f64 {
        let now = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        self.received as f64 / (self.busy + now).as_secs_f64().max(1e-3)
    }

    fn text(&self) -> String {
        format!(
            "{} of {} at {}/s, {} of {} files",
            bytes(self.done),
            bytes(self.size),
            bytes(self.rate() as u64),
            self.finished,
            self.files
        )
    }

    /// The same, with how long it will take.
    fn outlook(&self) -> String {
        let rest = self.size.saturating_sub(self.done);
        if rest == 0 || self.received == 0 {
            return self.text();
        }
        let seconds = (rest as f64 / self.rate()).ceil();
        format!("{}, {seconds:.0} s left", self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Buffer {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Buffer {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(octets)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Without rates and times, which depend on the clock.
    fn lines(pause: Duration, events: &[Event<'_>]) -> Vec<String> {
        let errors = Buffer::default();
        let streams = Streams::new(io::sink(), errors.clone());
        let shown = Shown::new(None, streams, pause);
        for event in events {
            shown.take(event);
        }
        drop(shown);
        let without_rate = |line: &str| {
            let (start, end) = line.split_once(" at ").unwrap();
            let files = end.split_once(", ").unwrap().1;
            format!("{start}; {}", files.split(", ").next().unwrap())
        };
        errors.text().lines().map(without_rate).collect()
    }

    #[test]
    fn lines_tell_bytes_and_files() {
        let (a, b) = ("a", "b");
        let begin = |name, size, done| Event::Started { name, size, done };
        let events = [
            begin(a, 3000, 1000),
            Event::Received { bytes: 500 },
            Event::Lost { bytes: 1500 },
            begin(b, 1000, 0),
            Event::Received { bytes: 4000 },
            // One that another process has fetched.
            Event::Finished { name: "c" },
            Event::Finished { name: a },
            Event::Finished { name: b },
        ];
        let all = lines(Duration::ZERO, &events);
        assert_eq!(all.len(), 8, "{all:?}");
        assert_eq!(all[1], "1.5 kB of 3.0 kB; 0 of 1 files");
        assert_eq!(all[2], "0 bytes of 3.0 kB; 0 of 1 files");
        assert_eq!(all[5], "4.0 kB of 4.0 kB; 0 of 2 files");
        assert_eq!(all[7], "4.0 kB of 4.0 kB; 2 of 2 files");
        let few = lines(Duration::from_hours(1), &events);
        assert_eq!(few, ["4.0 kB of 4.0 kB; 2 of 2 files"]);
        assert_eq!(lines(Duration::ZERO, &[]), Vec::<String>::new());
    }

    #[test]
    fn a_bar_goes_when_nothing_is_fetched_and_comes_back() {
        let (bar, errors) = (ProgressBar::hidden(), Buffer::default());
        let streams = Streams::new(io::sink(), errors.clone());
        let shown = Shown::new(Some(bar.clone()), streams, PAUSE);
        let progress = Progress(Arc::new(shown));
        let watcher = progress.watcher();
        let (name, size) = ("a", 3000);
        for round in 1..3 {
            watcher(&Event::Started {
                name,
                size,
                done: 0,
            });
            watcher(&Event::Received { bytes: 1200 });
            assert!(!bar.is_finished());
            let place = (round - 1) * 3000 + 1200;
            assert_eq!((bar.length(), bar.position()), (Some(round * 3000), place));
            assert!(bar.message().contains(" kB of "), "{}", bar.message());
            progress.beside().complain("a line of the log\n");
            watcher(&Event::Received { bytes: 1800 });
            watcher(&Event::Finished { name });
            assert!(bar.is_finished());
        }
        drop((watcher, progress));
        let text = errors.text();
        let written: Vec<&str> = text.lines().collect();
        assert_eq!(written.len(), 3, "{text}");
        assert_eq!(written[1], "a line of the log");
        assert!(written[2].starts_with("6.0 kB of 6.0 kB at "), "{text}");
    }

    #[test]
    fn time_without_files_does_not_count() {
        let mut counts = Counts::default();
        let name = "a";
        counts.take(&Event::Started {
            name,
            size: 10,
            done: 0,
        });
        counts.take(&Event::Received { bytes: 5 });
        let outlook = counts.outlook();
        assert!(outlook.ends_with(" s left"), "{outlook}");
        counts.take(&Event::Received { bytes: 5 });
        counts.take(&Event::Finished { name });
        let busy = counts.busy;
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!((counts.busy, counts.since), (busy, None));
        let outlook = counts.outlook();
        assert!(outlook.ends_with("1 of 1 files"), "{outlook}");
    }
}
