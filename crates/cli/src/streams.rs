//! Where a program writes.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Standard output and standard error, or what a test puts in their place. Clones share them.
#[derive(Clone)]
pub struct Streams {
    out: Arc<Mutex<dyn Write + Send>>,
    err: Arc<Mutex<dyn Write + Send>>,
    is_standard: bool,
}

impl Streams {
    /// Streams to given writers.
    pub fn new(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        Self {
            out: Arc::new(Mutex::new(out)),
            err: Arc::new(Mutex::new(err)),
            is_standard: false,
        }
    }

    /// The process's own.
    pub fn standard() -> Self {
        Self {
            is_standard: true,
            ..Self::new(io::stdout(), io::stderr())
        }
    }

    /// Whether they are the process's own.
    pub fn are_standard(&self) -> bool {
        self.is_standard
    }

    /// The same streams, known to end where others do.
    pub(crate) fn standing_for(mut self, other: &Self) -> Self {
        self.is_standard = other.is_standard;
        self
    }

    /// Writes text to standard output.
    ///
    /// A reader that went away, as in `| head`, is no error.
    ///
    /// # Errors
    /// If it cannot be written otherwise.
    pub fn print(&self, text: &str) -> io::Result<()> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Writes text to standard error, if that is possible.
    pub fn complain(&self, text: &str) {
        let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
        drop(err.write_all(text.as_bytes()));
    }
}
