//! Errors: their exit status, their chain of causes, a hint, a code.

pub mod catalogue;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use self::catalogue::{Known, known};
use crate::Streams;

/// The code of errors that are only texts.
const OTHER: &str = "other";

/// Why a program ends without success.
#[derive(Debug)]
pub enum Failure {
    /// It was called wrongly: exit status 2.
    Usage(String),
    /// It could not do what it was asked to: exit status 1.
    Run(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Run(error.into())
    }
}

impl Failure {
    /// 2 for wrong usage, else 1.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Run(_) => 1,
        }
    }

    /// Writes the error, its causes and a hint to standard error, and gives the exit status.
    pub fn report(&self, program: &str, streams: &Streams) -> u8 {
        let text = match self {
            Self::Usage(message) => {
                format!("{program}: {message}\nTry `{program} --help`.\n")
            }
            Self::Run(error) => chain(program, error),
        };
        streams.complain(&text);
        self.exit_status()
    }
}

/// `program: message`, then each cause on a line of its own, then hint and code.
fn chain(program: &str, error: &anyhow::Error) -> String {
    let mut text = format!("{program}: error: {}\n", shortened(&error.to_string()));
    let mut last = error.to_string();
    for cause in error.chain().skip(1) {
        let message = cause.to_string();
        // A transparent wrapper says the same as its cause.
        if message != last {
            let written = writeln!(text, "  because: {}", shortened(&message));
            debug_assert!(written.is_ok(), "writing to a string cannot fail");
        }
        last = message;
    }
    let found = best(error.chain().filter_map(known));
    let code = found.map_or(OTHER, |found| found.code);
    let hint = found.map_or_else(
        || format!("`{program} --help` says what is expected."),
        |found| found.hint.to_owned(),
    );
    let written = writeln!(text, "  hint: {hint}\n  code: {code}");
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
    text
}

/// Letters of a message, at most: it may hold a value of a file.
const LONGEST: usize = 4000;

fn shortened(message: &str) -> String {
    let mut letters = message.chars();
    let mut shown: String = letters.by_ref().take(LONGEST).collect();
    let left = letters.count();
    if left > 0 {
        let line = format!("... and {left} more letters");
        shown += &line;
    }
    shown
}

/// Of what is known along a chain, the first that is no mere wrapper, else the innermost wrapper.
fn best(chain: impl Iterator<Item = &'static Known>) -> Option<&'static Known> {
    let mut innermost = None;
    for found in chain {
        if !found.wraps {
            return Some(found);
        }
        innermost = Some(found);
    }
    innermost
}
