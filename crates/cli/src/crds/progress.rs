//! How far fetching is, as one line that changes.

use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crds::Event;

use super::bytes;
use crate::Streams;

struct State {
    begun: Instant,
    shown: Instant,
    files: usize,
    finished: usize,
    /// Of the files that have begun [bytes].
    size: u64,
    done: u64,
    /// Without what earlier runs have left [bytes].
    received: u64,
}

/// Shows events on standard error if that is a terminal.
pub(super) fn line(streams: &Streams) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
    let streams = streams.clone();
    let visible = stderr().is_terminal();
    let now = Instant::now();
    let state = Mutex::new(State {
        begun: now,
        shown: now,
        files: 0,
        finished: 0,
        size: 0,
        done: 0,
        received: 0,
    });
    move |event| {
        if !visible {
            return;
        }
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started { size, done, .. } => {
                if state.files == 0 {
                    state.begun = Instant::now();
                }
                state.files += 1;
                state.size += size;
                state.done += done;
            }
            Event::Received { bytes } => {
                state.done += bytes;
                state.received += bytes;
            }
            Event::Lost { bytes } => state.done = state.done.saturating_sub(*bytes),
            Event::Finished { .. } => state.finished += 1,
        }
        let over = state.done == state.size && matches!(event, Event::Finished { .. });
        if over || state.shown.elapsed() > Duration::from_millis(200) {
            state.shown = Instant::now();
            let text = state.text();
            streams.complain(&format!("\r{text:<78}{}", if over { "\n" } else { "" }));
        }
    }
}

impl State {
    fn text(&self) -> String {
        let seconds = self.begun.elapsed().as_secs_f64().max(1e-3);
        let rate = (self.received as f64 / seconds) as u64;
        let part = 20 * self.done / self.size.max(1);
        let bar: String = (0..20)
            .map(|place| if place < part { '#' } else { '.' })
            .collect();
        format!(
            "[{bar}] {} of {} at {}/s, {} files",
            bytes(self.done),
            bytes(self.size),
            bytes(rate),
            self.files
        )
    }
}
