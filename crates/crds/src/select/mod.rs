//! The rules themselves: a tree of selectors, each choosing one of its entries by some of the parameters.
//!
//! Source: crds 14.0.3 `core.selectors`. A failure is either a failed lookup, after which an enclosing `Match` tries its
//! next best entries, or something else (a value that no rule knows, a broken date), which ends the search.

mod build;
mod date;
mod glob;
mod matching;
mod nearest;
mod pattern;
mod useafter;
mod version;

use std::{borrow::Cow, cell::RefCell};

pub(crate) use build::{Builder, Substitutions};
use date::Moment;
use matching::MatchTable;
use nearest::{Bracket, Nearest};
use useafter::{Dated, DatedGroup};
use version::{SelectVersion, Version};

use crate::value::{LastDate, python_strip};

/// What a rule names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Terminal {
    /// A file, or a word such as `N/A`.
    Name(String),
    /// Several files.
    Several(Vec<Terminal>),
    /// Several files, each under a key.
    Named(Vec<(String, Terminal)>),
}

impl Terminal {
    /// Adds the names to `names`, in order.
    pub(crate) fn collect<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Name(name) => names.push(name),
            Self::Several(items) => items.iter().for_each(|item| item.collect(names)),
            Self::Named(items) => items.iter().for_each(|(_, item)| item.collect(names)),
        }
    }
}

/// Why nothing was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// True if entries of less weight may be tried.
    lookup: bool,
    /// For people.
    pub(crate) reason: String,
}

impl Failure {
    /// No entry fits.
    fn lookup(reason: impl Into<String>) -> Self {
        Self {
            lookup: true,
            reason: reason.into(),
        }
    }

    /// The parameters cannot be used.
    fn invalid(reason: impl Into<String>) -> Self {
        Self {
            lookup: false,
            reason: reason.into(),
        }
    }
}

/// The values of a rule file's parameters, by slot.
pub(crate) struct View<'a> {
    values: Vec<&'a str>,
    last_date: &'a LastDate,
    /// The way through the rules, if someone wants to know it.
    trace: Option<RefCell<Vec<Reason>>>,
}

/// A step on the way to a reference: which entry of a selector was chosen, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// An entry of a `Match`.
    Match {
        /// The number of parameters that count for it; the entry with the largest weight is chosen.
        weight: usize,
        /// For each parameter its name, the entry's pattern and the exposure's value.
        parameters: Vec<(String, String, String)>,
    },
    /// An entry of equal or larger weight that leads to nothing.
    Dropped {
        /// The weight.
        weight: usize,
        /// Why.
        reason: String,
    },
    /// The last entry at or before a date.
    UseAfter {
        /// The entry's date.
        since: String,
        /// The exposure's date.
        date: String,
    },
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Match { weight, parameters } => {
                write!(f, "match of weight {weight}:")?;
                for (place, (name, pattern, value)) in parameters.iter().enumerate() {
                    let comma = if place > 0 { "," } else { "" };
                    if pattern == value {
                        write!(f, "{comma} {name} = {value}")?;
                    } else {
                        write!(f, "{comma} {name} = {value} fits {pattern}")?;
                    }
                }
                Ok(())
            }
            Self::Dropped { weight, reason } => {
                write!(f, "dropped a match of weight {weight}: {reason}")
            }
            Self::UseAfter { since, date } => write!(f, "in use after {since} (exposure {date})"),
        }
    }
}

impl<'a> View<'a> {
    pub(crate) fn new(values: Vec<&'a str>, last_date: &'a LastDate) -> Self {
        Self {
            values,
            last_date,
            trace: None,
        }
    }

    /// Keeps the way through the rules.
    pub(crate) fn traced(mut self) -> Self {
        self.trace = Some(RefCell::default());
        self
    }

    /// The way through the rules.
    pub(crate) fn into_trace(self) -> Vec<Reason> {
        self.trace.map(RefCell::into_inner).unwrap_or_default()
    }

    fn note(&self, reason: impl FnOnce() -> Reason) {
        if let Some(trace) = &self.trace {
            trace.borrow_mut().push(reason());
        }
    }

    fn value(&self, slot: usize) -> &'a str {
        self.values[slot]
    }

    /// Date and time in normal form, from the values of several slots.
    fn date(&self, slots: &[usize]) -> Result<String, Failure> {
        let mut text = String::with_capacity(32);
        for slot in slots {
            let value = python_strip(self.value(*slot));
            if value == crate::value::UNDEFINED {
                return Err(Failure::invalid(
                    "the date or time of the exposure is not given",
                ));
            }
            text.push_str(value);
            text.push(' ');
        }
        // An exposure may have date and time in one value, and nothing in the other.
        let text = python_strip(&text).to_owned();
        let mut last = self.last_date.borrow_mut();
        if last.as_ref().is_none_or(|(known, _)| *known != text) {
            let normal = Moment::parse(&text).map(|moment| moment.to_string());
            *last = Some((text.clone(), normal));
        }
        match last.as_ref().and_then(|(_, normal)| normal.clone()) {
            Some(normal) => Ok(normal),
            None => Err(Failure::invalid(format!(
                "expected a date and time, found '{text}'"
            ))),
        }
    }
}

/// The end of a search: what a rule names, or several of them where entries of equal weight name files directly.
pub(crate) type Picked<'s> = Result<Cow<'s, Terminal>, Failure>;

/// What an entry leads to.
#[derive(Debug, Clone)]
enum Choice {
    Terminal(Terminal),
    Selector(Box<Selector>),
}

impl Choice {
    fn choose<'s>(&'s self, view: &View<'_>) -> Picked<'s> {
        match self {
            Self::Terminal(terminal) => Ok(Cow::Borrowed(terminal)),
            Self::Selector(selector) => selector.choose(view),
        }
    }
}

/// One level of rules.
#[derive(Debug, Clone)]
pub(crate) enum Selector {
    Match(MatchTable),
    UseAfter(Dated<String>),
    VersionAfter(Dated<Version>),
    ClosestTime(Dated<String>),
    Nearest(Nearest),
    Bracket(Bracket),
    SelectVersion(SelectVersion),
}

impl Selector {
    /// Walks down to what the rules name for the values in `view`.
    pub(crate) fn choose<'s>(&'s self, view: &View<'_>) -> Picked<'s> {
        match self {
            Self::Match(table) => table.choose(view),
            Self::UseAfter(dated) => DatedGroup(&[dated]).use_after(view),
            Self::VersionAfter(dated) => DatedGroup(&[dated]).version_after(view),
            Self::ClosestTime(dated) => DatedGroup(&[dated]).closest(view),
            Self::Nearest(nearest) => nearest.choose(view),
            Self::Bracket(bracket) => bracket.choose(view),
            Self::SelectVersion(versions) => versions.choose(view),
        }
    }

    /// Chooses as if the entries of `group`, all of equal weight, stood in one selector.
    fn choose_merged<'s>(group: &[&'s Choice], view: &View<'_>) -> Picked<'s> {
        let cannot = || Failure::invalid("several entries fit equally well and cannot be merged");
        let Some(Choice::Selector(first)) = group.first() else {
            return Err(cannot());
        };
        match first.as_ref() {
            Self::UseAfter(_) | Self::ClosestTime(_) => {
                let dated: Option<Vec<_>> = group.iter().map(|choice| choice.dated()).collect();
                let dated = dated.ok_or_else(cannot)?;
                if matches!(first.as_ref(), Self::UseAfter(_)) {
                    DatedGroup(&dated).use_after(view)
                } else {
                    DatedGroup(&dated).closest(view)
                }
            }
            Self::VersionAfter(_) => {
                let versions: Option<Vec<_>> =
                    group.iter().map(|choice| choice.versions()).collect();
                DatedGroup(&versions.ok_or_else(cannot)?).version_after(view)
            }
            _ => Err(cannot()),
        }
    }

    /// All names in the tree.
    pub(crate) fn names<'a>(&'a self, names: &mut Vec<&'a str>) {
        let choices = match self {
            Self::Match(table) => table.choices(),
            Self::UseAfter(dated) | Self::ClosestTime(dated) => dated.choices(),
            Self::VersionAfter(dated) => dated.choices(),
            Self::Nearest(nearest) => nearest.choices(),
            Self::Bracket(bracket) => bracket.choices(),
            Self::SelectVersion(versions) => versions.choices(),
        };
        for choice in choices {
            match choice {
                Choice::Terminal(terminal) => terminal.collect(names),
                Choice::Selector(selector) => selector.names(names),
            }
        }
    }
}

impl Choice {
    fn dated(&self) -> Option<&Dated<String>> {
        match self {
            Self::Selector(selector) => match selector.as_ref() {
                Selector::UseAfter(dated) | Selector::ClosestTime(dated) => Some(dated),
                _ => None,
            },
            Self::Terminal(_) => None,
        }
    }

    fn versions(&self) -> Option<&Dated<Version>> {
        match self {
            Self::Selector(selector) => match selector.as_ref() {
                Selector::VersionAfter(dated) => Some(dated),
                _ => None,
            },
            Self::Terminal(_) => None,
        }
    }
}
