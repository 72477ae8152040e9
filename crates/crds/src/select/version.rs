//! Versions: up to three numbers for `VersionAfter`, relations such as `<5` for `SelectVersion`.

use std::{cmp::Ordering, sync::OnceLock};

use regex::Regex;

use super::{Choice, Failure, Picked, View};
use crate::{
    literal::{Kind, Limits, Literal, parse_literal},
    value::{python_number, python_strip},
};

/// Major, minor and patch number; what follows them (`rc1`) is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version([u32; 3]);

impl Version {
    /// Reads a version; nothing if the text does not start with a number or holds odd characters.
    pub(super) fn parse(text: &str) -> Option<Self> {
        static VERSION: OnceLock<Option<Regex>> = OnceLock::new();
        let pattern = r"^([0-9]{1,8}(\.[0-9]{1,8}(\.[0-9]{1,8})?)?)[a-zA-Z0-9_+\-.]{0,128}$";
        let regex = VERSION.get_or_init(|| Regex::new(pattern).ok()).as_ref()?;
        let simple = regex.captures(text)?.get(1)?.as_str();
        let mut parts = [0; 3];
        for (part, number) in parts.iter_mut().zip(simple.split('.')) {
            *part = number.parse().ok()?;
        }
        Some(Self(parts))
    }
}

/// The first entry, in ascending order, that is not below the version.
#[derive(Debug, Clone)]
pub(crate) struct SelectVersion {
    slot: usize,
    entries: Vec<(Bound, Choice)>,
}

/// The key of an entry: a version, and the relation in which an exposure's version has to stand to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bound {
    version: Value,
    /// `<`, `<=` or `=`, ordered as text.
    relation: &'static str,
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Number(f64),
    Tuple(Vec<f64>),
}

impl Bound {
    /// Reads `<5`, `= 4.5`, `<(5, 0, 1)`, `5` or `default`.
    pub(super) fn parse(key: &Literal) -> Option<Self> {
        let text = key.python_str();
        if python_strip(&text.replace('=', "")) == "default" {
            return Some(Self {
                // Above every version: Python's largest machine integer.
                version: Value::Number(i64::MAX as f64),
                relation: "=",
            });
        }
        let relations = [("<=", "<="), ("==", "="), ("<", "<"), ("=", "=")];
        let written = relations
            .iter()
            .find_map(|(sign, relation)| Some((*relation, text.strip_prefix(sign)?)));
        let (relation, version) = written.unwrap_or(("=", &text));
        let literal = parse_literal(python_strip(version), &Limits::default()).ok()?;
        let number = |literal: &Literal| match literal.kind {
            Kind::Int(value) => Some(value as f64),
            Kind::Float(value) => Some(value),
            _ => None,
        };
        let version = match &literal.kind {
            Kind::Tuple(items) => Value::Tuple(items.iter().map(number).collect::<Option<_>>()?),
            _ => Value::Number(number(&literal)?),
        };
        Some(Self { version, relation })
    }

    /// Order by version, then relation; nothing between a number and a tuple.
    fn order(&self, other: &Self) -> Option<Ordering> {
        let versions = match (&self.version, &other.version) {
            (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
            (Value::Tuple(a), Value::Tuple(b)) => a.partial_cmp(b),
            _ => None,
        }?;
        Some(versions.then_with(|| self.relation.cmp(other.relation)))
    }
}

impl SelectVersion {
    /// Sorts `entries`; nothing if their versions are of different kinds.
    pub(super) fn new(slot: usize, mut entries: Vec<(Bound, Choice)>) -> Option<Self> {
        let comparable = entries
            .windows(2)
            .all(|pair| pair[0].0.order(&pair[1].0).is_some());
        entries.sort_by(|a, b| a.0.order(&b.0).unwrap_or(Ordering::Equal));
        comparable.then_some(Self { slot, entries })
    }

    pub(super) fn choices(&self) -> Vec<&Choice> {
        self.entries.iter().map(|(_, choice)| choice).collect()
    }

    pub(super) fn choose<'s>(&'s self, view: &View<'_>) -> Picked<'s> {
        let text = view.value(self.slot);
        let Some(number) = python_number(text).filter(|number| number.is_finite()) else {
            return Err(Failure::invalid(format!(
                "expected a version number, found '{text}'"
            )));
        };
        let version = Bound {
            version: Value::Number(number),
            relation: "=",
        };
        for (bound, choice) in &self.entries {
            match bound.order(&version) {
                Some(Ordering::Less) => {}
                Some(_) => return choice.choose(view),
                None => {
                    return Err(Failure::invalid(
                        "the rule compares versions of three parts",
                    ));
                }
            }
        }
        Err(Failure::invalid(format!("no entry for version {text}")))
    }
}
