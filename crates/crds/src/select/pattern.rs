//! Patterns of one parameter in a `Match` key.
//!
//! | written | fits |
//! |---|---|
//! | `X` | the value X |
//! | `A|B*` | one of several values, with `*`, `?`, `[..]` as in file names |
//! | `(regex)` | a value that starts with the regular expression |
//! | `{literal}` | this text, whatever it looks like |
//! | `#A AND B#`, `#A OR B#` | both, or one, of two patterns |
//! | `BETWEEN low high` | numbers from `low` up to, not including, `high` |
//! | `>x`, `>=x`, `<x`, `<=x` | numbers |
//! | `NOT pattern` | what the pattern does not fit |
//! | `N/A` | everything, without weight |
//!
//! A value `*` fits every pattern, a value `N/A` fits without weight. Source: crds 14.0.3 `core.selectors` matcher classes.

use regex::Regex;
use thiserror::Error;

use super::glob::Glob;
use crate::{
    literal::{Kind, Literal},
    value::{NOT_APPLICABLE, condition, python_number, python_strip},
};

/// How a value fits a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// It does not.
    No,
    /// It does, without weight.
    Neutral,
    /// It does, with weight 1.
    Yes,
}

/// A pattern that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected {expected}, found `{found}`")]
pub(super) struct PatternError {
    /// What it should have been.
    pub(super) expected: &'static str,
    /// What it is.
    pub(super) found: String,
}

impl PatternError {
    fn new(expected: &'static str, found: &str) -> Self {
        let found = found.chars().take(80).collect();
        Self { expected, found }
    }
}

const REGEX: &str = "a regular expression without look-around and back-references";
const COMPARISON: &str = "a number after `<`, `<=`, `>` or `>=`";
const BETWEEN: &str = "`between low high` with low <= high";
const DEPTH: &str = "at most 16 patterns within each other";
const MAX_DEPTH: usize = 16;
/// Bound on the compiled form of a regular expression, in bytes.
const REGEX_SIZE: usize = 1 << 20;

/// A pattern ready for use.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// Fits everything.
    NotApplicable,
    /// One value.
    Plain(String),
    /// One of several values without special characters.
    AnyOf(Vec<String>),
    /// One of several file-name patterns.
    Globs(Vec<Glob>),
    /// A regular expression and its text.
    Regex(Regex, String),
    /// A comparison with a number, and its text.
    Compare(Relation, f64, String),
    /// Two patterns, whether both have to fit, and the text.
    Both(Box<(Pattern, Pattern)>, bool, String),
    /// What does not fit.
    Not(Box<Pattern>),
}

/// A relation between numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Pattern {
    /// Reads a conditioned key element.
    pub(super) fn new(key: &str) -> Result<Self, PatternError> {
        Self::nested(key, 0)
    }

    fn nested(key: &str, depth: usize) -> Result<Self, PatternError> {
        if depth > MAX_DEPTH {
            return Err(PatternError::new(DEPTH, key));
        }
        if is_word(key) {
            return Ok(Self::Plain(key.to_owned()));
        }
        let depth = depth + 1;
        let upper = key.to_uppercase();
        if let Some(inner) = enclosed(key, '(', ')') {
            let regex = regex::RegexBuilder::new(&format!("^(?:{inner})"))
                .size_limit(REGEX_SIZE)
                .build()
                .map_err(|_| PatternError::new(REGEX, inner))?;
            return Ok(Self::Regex(regex, inner.to_owned()));
        }
        if let Some(inner) = enclosed(key, '{', '}') {
            return Ok(Self::Plain(inner.to_owned()));
        }
        if let Some(inner) = enclosed(&upper, '#', '#') {
            for (word, both) in [("AND", true), ("OR", false)] {
                if upper.contains(&format!(" {word} ")) {
                    return Self::pair(inner, word, both, upper.clone(), depth);
                }
            }
            return Self::nested(inner, depth);
        }
        if upper.starts_with("BETWEEN") {
            return Self::between(key, depth);
        }
        if upper.starts_with("NOT ") {
            let inner = key.get("NOT ".len()..).unwrap_or_default();
            return Ok(Self::Not(Box::new(Self::nested(
                python_strip(inner),
                depth,
            )?)));
        }
        if key.contains(['|', '*']) {
            let parts = alternatives(key);
            if parts.iter().all(|part| Glob::is_plain(part)) {
                return Ok(Self::AnyOf(parts));
            }
            return Ok(Self::Globs(
                parts.iter().map(|part| Glob::new(part)).collect(),
            ));
        }
        if key == NOT_APPLICABLE {
            return Ok(Self::NotApplicable);
        }
        if key.starts_with(['<', '>']) {
            return Self::comparison(key);
        }
        Ok(Self::Plain(key.to_owned()))
    }

    /// Parity: crds/core/selectors.py `BinaryMatcher` cuts the text at every occurrence of the word, even inside another
    /// word, and uses the first two pieces.
    fn pair(
        inner: &str,
        word: &str,
        both: bool,
        text: String,
        depth: usize,
    ) -> Result<Self, PatternError> {
        let mut pieces = inner.split(word).map(python_strip);
        let first = Self::nested(pieces.next().unwrap_or_default(), depth)?;
        let second = Self::nested(pieces.next().unwrap_or_default(), depth)?;
        Ok(Self::Both(Box::new((first, second)), both, text))
    }

    fn between(key: &str, depth: usize) -> Result<Self, PatternError> {
        let wrong = || PatternError::new(BETWEEN, key);
        let parts: Vec<&str> = key.split_whitespace().collect();
        let [_, low, high] = parts.as_slice() else {
            return Err(wrong());
        };
        let bounds = (python_number(low), python_number(high));
        if !matches!(bounds, (Some(low), Some(high)) if low <= high) {
            return Err(wrong());
        }
        let text = format!(">={low} AND <{high}");
        Self::pair(&text, "AND", true, text.clone(), depth)
    }

    fn comparison(key: &str) -> Result<Self, PatternError> {
        let wrong = || PatternError::new(COMPARISON, key);
        let (relation, rest) = [
            (">=", Relation::GreaterEqual),
            ("<=", Relation::LessEqual),
            (">", Relation::Greater),
            ("<", Relation::Less),
        ]
        .iter()
        .find_map(|(sign, relation)| Some((*relation, key.strip_prefix(sign)?)))
        .ok_or_else(wrong)?;
        let bound = leading_number(rest.trim_start()).ok_or_else(wrong)?;
        Ok(Self::Compare(relation, bound, key.to_owned()))
    }

    /// How `value` fits.
    pub(super) fn fit(&self, value: &str) -> Fit {
        match self {
            Self::NotApplicable => return Fit::Neutral,
            Self::Not(inner) => {
                return match inner.fit(value) {
                    Fit::Yes => Fit::No,
                    Fit::No => Fit::Yes,
                    Fit::Neutral => Fit::Neutral,
                };
            }
            _ => {}
        }
        if value == "*" || self.own_text() == Some(value) {
            return Fit::Yes;
        }
        if value == NOT_APPLICABLE {
            return Fit::Neutral;
        }
        if self.fits_beyond_equality(value) {
            Fit::Yes
        } else {
            Fit::No
        }
    }

    /// The text that always fits itself.
    fn own_text(&self) -> Option<&str> {
        match self {
            Self::Plain(text)
            | Self::Regex(_, text)
            | Self::Compare(_, _, text)
            | Self::Both(_, _, text) => Some(text),
            _ => None,
        }
    }

    fn fits_beyond_equality(&self, value: &str) -> bool {
        match self {
            Self::NotApplicable => true,
            Self::Plain(_) | Self::Not(_) => false,
            Self::AnyOf(parts) => parts.iter().any(|part| part == value),
            Self::Globs(globs) => globs.iter().any(|glob| glob.matches(value)),
            Self::Regex(regex, _) => regex.is_match(value),
            Self::Compare(relation, bound, _) => {
                python_number(value).is_some_and(|number| relation.holds(number, *bound))
            }
            Self::Both(pair, both, _) => {
                let first = pair.0.fit(value) == Fit::Yes;
                let second = pair.1.fit(value) == Fit::Yes;
                if *both {
                    first && second
                } else {
                    first || second
                }
            }
        }
    }
}

impl Relation {
    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Less => number < bound,
            Self::LessEqual => number <= bound,
            Self::Greater => number > bound,
            Self::GreaterEqual => number >= bound,
        }
    }
}

fn enclosed(text: &str, open: char, close: char) -> Option<&str> {
    // A lone `#` is its own start and end: nothing is inside.
    if text.chars().count() == 1 && text.starts_with(open) && text.ends_with(close) {
        return Some("");
    }
    text.strip_prefix(open)?.strip_suffix(close)
}

/// The number at the start of `text`; what follows it is not looked at.
///
/// Parity: crds/core/selectors.py `InequalityMatcher`.
fn leading_number(text: &str) -> Option<f64> {
    let longest = text
        .char_indices()
        .find(|(_, c)| !(c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E')))
        .map_or(text.len(), |(at, _)| at);
    (1..=longest).rev().find_map(|end| {
        let number = &text[..end];
        number
            .ends_with(|c: char| c.is_ascii_digit())
            .then(|| number.parse().ok())
            .flatten()
    })
}

/// True for what most keys are: letters in upper case, digits, `.`, `_` and `-`, without the words that begin a pattern.
fn is_word(key: &str) -> bool {
    let plain =
        |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, b'.' | b'_' | b'-');
    !key.is_empty()
        && key.bytes().all(plain)
        && !key.starts_with("BETWEEN")
        && !key.starts_with("NOT")
}

/// True for a key whose text is not to be cut at `|` nor checked against lists of values.
///
/// Parity: crds/core/selectors.py `esoteric_key`: any word that starts with NOT or BETWEEN counts.
pub(super) fn is_esoteric(key: &str) -> bool {
    if is_word(key) {
        return false;
    }
    let key = key.to_uppercase();
    (key.starts_with(['{', '(', '#']) && key.ends_with(['}', ')', '#']))
        || key.starts_with("BETWEEN")
        || key.starts_with("NOT")
}

/// The values of an or-list in order of the alphabet, without empty ones; any other key alone.
pub(super) fn alternatives(key: &str) -> Vec<String> {
    if is_esoteric(key) || !key.contains('|') {
        return vec![key.to_owned()];
    }
    let parts = key
        .split('|')
        .map(python_strip)
        .filter(|part| !part.is_empty());
    let mut parts: Vec<String> = parts.map(str::to_owned).collect();
    parts.sort();
    parts
}

/// Brings one element of a key into the form in which it is compared.
pub(super) fn condition_element(element: &Literal) -> String {
    match &element.kind {
        Kind::Str(text)
            if enclosed(text, '{', '}').is_some() || enclosed(text, '(', ')').is_some() =>
        {
            text.clone()
        }
        Kind::Str(text) if text.contains('|') => {
            let parts: Vec<String> = alternatives(text)
                .iter()
                .map(|part| condition(part))
                .collect();
            parts.join("|")
        }
        Kind::Tuple(items) | Kind::List(items) => {
            let parts: Vec<String> = items
                .iter()
                .map(|item| condition(&item.python_str()))
                .collect();
            parts.join("|")
        }
        _ => condition(&element.python_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Fit::{Neutral, No, Yes},
        *,
    };

    fn fit(key: &str, value: &str) -> Fit {
        let key = condition_element(&Kind::Str(key.into()).into());
        Pattern::new(&key).expect("a pattern").fit(value)
    }

    /// Expected values from crds 14.0.3: `matcher(MatchSelector.condition_key_element(key)).match(value)`.
    #[test]
    fn fits_as_the_client_does() {
        let table = [
            ("FULL", "FULL", Yes),
            ("full", "FULL", Yes),
            ("FULL", "SUB", No),
            ("FULL", "*", Yes),
            ("FULL", "N/A", Neutral),
            ("N/A", "FULL", Neutral),
            ("N/A", "*", Neutral),
            ("ANY", "X", Yes),
            ("ANY", "N/A", Neutral),
            ("1", "1.0", Yes),
            ("A|B", "B", Yes),
            ("A|B", "C", No),
            ("A|B", "N/A", Neutral),
            ("A|N/A", "N/A", Neutral),
            ("A|N/A", "X", No),
            ("A|ANY", "X", Yes),
            (" 1 | 2", "2.0", Yes),
            ("A|", "A", Yes),
            ("MIR_FLAT*", "MIR_FLATMRS", Yes),
            ("A|B*", "BC", Yes),
            ("NOT FULL", "SUB", Yes),
            ("NOT FULL", "FULL", No),
            ("NOT FULL", "N/A", Neutral),
            ("NOT FULL", "*", No),
            ("NOT N/A", "X", Neutral),
            ("NOTA|NOTB", "NOTA", No),
            ("NOTA|NOTB", "NOTA|NOTB", Yes),
            ("NOT A|B", "A", No),
            ("NOT A|B", "C", Yes),
            ("(^NRS.*)", "NRS1", Yes),
            ("(RS)", "NRS1", No),
            ("(NRS|MIR)", "MIRX", Yes),
            ("(nrs)", "NRS", No),
            ("{A|B}", "A|B", Yes),
            ("{A|B}", "A", No),
            ("{1}", "1.0", No),
            ("{N/A}", "N/A", Yes),
            (">5", "6.0", Yes),
            (">5", "5.0", No),
            (">=5", "5.0", Yes),
            ("< 5", "4.9", Yes),
            ("<=5 or so", "5.0", Yes),
            (">5", "FULL", No),
            (">5", "INF", Yes),
            (">5", "*", Yes),
            ("between 1 5", "1.0", Yes),
            ("between 1 5", "5.0", No),
            ("BETWEEN -1e1 5", "-10.0", Yes),
            ("between 1 5", "N/A", Neutral),
            ("#>1 and <=2#", "2.0", Yes),
            ("#>1 and <=2#", "1.0", No),
            ("#A OR B#", "B", Yes),
            ("#A OR B#", "C", No),
            ("#A#", "A", Yes),
            ("#RANDOM AND X#", "R", No),
            ("#A OR N/A#", "X", No),
            ("#NOT A AND NOT B#", "C", Yes),
            ("{}", "", Yes),
            ("()", "X", Yes),
        ];
        for (key, value, expected) in table {
            assert_eq!(fit(key, value), expected, "{key} {value}");
        }
    }

    #[test]
    fn wrong_patterns_say_what_was_expected() {
        let error = |key: &str| Pattern::new(key).expect_err(key);
        assert_eq!(error("((a)"), PatternError::new(REGEX, "(a"));
        assert_eq!(error(">x"), PatternError::new(COMPARISON, ">x"));
        assert_eq!(error("BETWEEN 1"), PatternError::new(BETWEEN, "BETWEEN 1"));
        assert_eq!(
            error("BETWEEN 2 1"),
            PatternError::new(BETWEEN, "BETWEEN 2 1")
        );
        assert_eq!(error(&"NOT ".repeat(1000)).expected, DEPTH);
    }
}
