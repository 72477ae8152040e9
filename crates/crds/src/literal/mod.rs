//! Python literals as data: the notation of mappings and of the cached server configuration.
//!
//! Nothing is ever evaluated. The grammar is that of Python's literal displays (strings, bytes, numbers,
//! `True`, `False`, `None`, tuples, lists, dictionaries, sets), plus a bare call `Name(arguments)`, which the caller
//! accepts or refuses: mappings write their selectors so (`Match({...})`), and a server configuration may
//! hold `datetime.datetime(...)`. Every node knows where it stands, so that a later complaint about its
//! meaning can name the line.
//!
//! ```
//! use crds::literal::{Limits, parse_literal};
//! let value = parse_literal("{'GENERIC': ('N/A', 1.5)}", &Limits::default())?;
//! assert_eq!(value.to_string(), "{'GENERIC': ('N/A', 1.5)}");
//! # Ok::<(), crds::literal::SyntaxError>(())
//! ```

mod lexer;
mod number;
mod parser;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use lexer::{Lexer, Token, TokenKind};
pub use number::python_float;
pub(crate) use parser::Parser;
pub use parser::parse_literal;

use std::borrow::Cow;

use thiserror::Error;

/// A place in a text; lines and columns count from 1, columns in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A text that does not follow the grammar.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{position}: expected {expected}, found {found}")]
pub struct SyntaxError {
    /// Where reading stopped.
    pub position: Position,
    /// What the grammar allows there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

/// Bounds on untrusted text.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest text, in bytes.
    pub bytes: usize,
    /// Deepest nesting of brackets.
    pub depth: usize,
}

impl Default for Limits {
    /// 16 MiB and 64 levels: the largest known mapping has 1 MiB and 4 levels.
    fn default() -> Self {
        Self {
            bytes: 16 << 20,
            depth: 64,
        }
    }
}

/// A value and its place.
#[derive(Debug, Clone)]
pub struct Literal {
    /// The value.
    pub kind: Kind,
    /// Where it starts.
    pub position: Position,
}

/// The value of a [`Literal`].
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer that fits 64 bits; larger ones become [`Kind::Float`].
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A text string.
    Str(String),
    /// A bytes string.
    Bytes(Vec<u8>),
    /// `(a, b)`.
    Tuple(Vec<Literal>),
    /// `[a, b]`.
    List(Vec<Literal>),
    /// `{a, b}`.
    Set(Vec<Literal>),
    /// `{key: value}` as written: repeated keys are kept.
    Dict(Vec<(Literal, Literal)>),
    /// `Name(arguments)`; keyword arguments are refused.
    Call(String, Vec<Literal>),
}

/// Equality of values, wherever they stand.
impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl From<Kind> for Literal {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            position: Position::default(),
        }
    }
}

impl Literal {
    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a tuple or a list.
    pub fn as_sequence(&self) -> Option<&[Literal]> {
        match &self.kind {
            Kind::Tuple(items) | Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a dictionary, by Python's rule for repeated keys: the first keeps its place, the last its value.
    pub fn entries(&self) -> Option<Vec<(&Literal, &Literal)>> {
        match &self.kind {
            Kind::Dict(items) => Some(unique_entries(items.iter().map(|(k, v)| (k, v)))),
            _ => None,
        }
    }

    /// The value under a string key of a dictionary.
    pub fn get(&self, key: &str) -> Option<&Literal> {
        match &self.kind {
            Kind::Dict(items) => {
                let found = items.iter().rev().find(|(k, _)| k.as_str() == Some(key));
                found.map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// What Python's `str()` gives for the value.
    pub fn python_str(&self) -> String {
        match &self.kind {
            Kind::Str(text) => text.clone(),
            _ => self.to_string(),
        }
    }

    /// A word for error messages.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::None => "None",
            Kind::Bool(_) => "a truth value",
            Kind::Int(_) | Kind::Float(_) => "a number",
            Kind::Str(_) => "a string",
            Kind::Bytes(_) => "a bytes string",
            Kind::Tuple(_) => "a tuple",
            Kind::List(_) => "a list",
            Kind::Set(_) => "a set",
            Kind::Dict(_) => "a dictionary",
            Kind::Call(..) => "a call",
        }
    }

    /// A text that is the same for keys that Python holds equal (`1`, `1.0` and `True`).
    fn identity(&self) -> Cow<'_, str> {
        match &self.kind {
            // All keys of most dictionaries. Of others only those that begin with a mark are changed, so that none looks like them.
            Kind::Str(text) if !text.starts_with('\0') => Cow::Borrowed(text),
            _ => {
                let mut text = "\0".to_owned();
                self.identify(&mut text);
                Cow::Owned(text)
            }
        }
    }

    fn identify(&self, text: &mut String) {
        match &self.kind {
            Kind::Str(own) => {
                text.push('\0');
                text.push_str(own);
            }
            Kind::Bool(value) => text.push_str(&python_float(f64::from(u8::from(*value)))),
            Kind::Int(value) => text.push_str(&python_float(*value as f64)),
            Kind::Tuple(items) => {
                text.push('(');
                for item in items {
                    item.identify(text);
                    text.push(',');
                }
                text.push(')');
            }
            _ => text.push_str(&self.to_string()),
        }
    }
}

/// Applies Python's rule for repeated keys of a dictionary to `items`.
pub(crate) fn unique_entries<'a>(
    items: impl Iterator<Item = (&'a Literal, &'a Literal)>,
) -> Vec<(&'a Literal, &'a Literal)> {
    let mut entries: Vec<(&Literal, &Literal)> = Vec::with_capacity(items.size_hint().0);
    let mut places: std::collections::HashMap<Cow<'_, str>, usize> =
        std::collections::HashMap::with_capacity(items.size_hint().0);
    for (key, value) in items {
        match places.entry(key.identity()) {
            std::collections::hash_map::Entry::Occupied(place) => entries[*place.get()].1 = value,
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(entries.len());
                entries.push((key, value));
            }
        }
    }
    entries
}

/// An empty tuple.
pub(crate) static EMPTY: Literal = Literal {
    kind: Kind::Tuple(Vec::new()),
    position: Position { line: 1, column: 1 },
};
