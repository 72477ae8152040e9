//! What a parameter accepts, and the check of a value against it.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::Field;
use crate::{ParamValue, Values};

/// The kind of value that a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `True` or `False`.
    Bool,
    /// A whole number.
    Int,
    /// A whole number that is not negative.
    Count,
    /// A number.
    Float,
    /// Text.
    String,
    /// One of several texts.
    Choice(&'static [&'static str]),
    /// A list of values of one kind.
    List(&'static Kind),
    /// Anything.
    Any,
}

impl Kind {
    /// One word for help texts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Int | Self::Count => "integer",
            Self::Float => "float",
            Self::String => "string",
            Self::Choice(_) => "choice",
            Self::List(_) => "list",
            Self::Any => "any",
        }
    }
}

/// What a text parameter that names a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathRole {
    /// It names no file.
    None,
    /// A file to read, which must exist.
    Input,
    /// A file to write.
    Output,
}

/// A parameter's declaration: everything that the command line, help, files and docs need.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSpec {
    /// Its name, as on the command line and in parameter files.
    pub name: Cow<'static, str>,
    /// The kind of value.
    pub kind: Kind,
    /// Whether `None` is accepted.
    pub optional: bool,
    /// The value if nobody says otherwise.
    pub default: ParamValue,
    /// Smallest number accepted, for each item of a list.
    pub min: Option<f64>,
    /// Largest number accepted, for each item of a list.
    pub max: Option<f64>,
    /// How many items a list may have.
    pub items: Option<RangeInclusive<usize>>,
    /// The texts accepted; empty if any text is.
    pub choices: &'static [&'static str],
    /// Whether it names a file. In a parameter file such a path begins at the file's directory.
    pub path: PathRole,
    /// One line of help, with the unit.
    pub help: Cow<'static, str>,
}

impl ParamSpec {
    /// The declaration of a parameter of type `T`.
    pub fn of<T: Field>(
        name: impl Into<Cow<'static, str>>,
        default: T::Literal,
        help: impl Into<Cow<'static, str>>,
    ) -> Self {
        let help = help.into();
        Self {
            name: name.into(),
            kind: T::KIND,
            optional: T::OPTIONAL,
            default: T::from_literal(default).to_value(),
            min: None,
            max: None,
            items: None,
            choices: match T::KIND {
                Kind::Choice(choices) | Kind::List(&Kind::Choice(choices)) => choices,
                _ => &[],
            },
            path: PathRole::None,
            help: Cow::Owned(help.split_whitespace().collect::<Vec<_>>().join(" ")),
        }
    }

    /// Sets the smallest number accepted.
    #[must_use]
    pub fn min(mut self, min: impl Into<f64>) -> Self {
        self.min = Some(min.into());
        self
    }

    /// Sets the largest number accepted.
    #[must_use]
    pub fn max(mut self, max: impl Into<f64>) -> Self {
        self.max = Some(max.into());
        self
    }

    /// Sets how many items a list may have.
    #[must_use]
    pub fn items(mut self, items: RangeInclusive<usize>) -> Self {
        self.items = Some(items);
        self
    }

    /// Sets the texts accepted.
    #[must_use]
    pub fn choices(mut self, choices: &'static [&'static str]) -> Self {
        self.choices = choices;
        self
    }

    /// States that the text names a file to read, which must exist.
    #[must_use]
    pub fn input_path(mut self) -> Self {
        self.path = PathRole::Input;
        self
    }

    /// States that the text names a file to write.
    #[must_use]
    pub fn output_path(mut self) -> Self {
        self.path = PathRole::Output;
        self
    }

    /// Converts `value` to the parameter's kind and checks its limits.
    ///
    /// Strings are converted as `configobj.validate` does: numbers, `true/yes/on/1` and
    /// `false/no/off/0` in any case. Besides, `None` stands for no value where that is accepted, and
    /// a single value for a list of one.
    ///
    /// # Errors
    /// [`ParamError::Value`] naming the parameter, what it accepts and what was found.
    pub fn check(&self, value: &ParamValue) -> Result<ParamValue, ParamError> {
        self.convert(value).ok_or_else(|| ParamError::Value {
            name: self.name.to_string(),
            expected: self.expected(),
            found: value.clone(),
        })
    }

    fn convert(&self, value: &ParamValue) -> Option<ParamValue> {
        if self.optional && (*value == ParamValue::Null || value.as_str() == Some("None")) {
            return Some(ParamValue::Null);
        }
        let Kind::List(item_kind) = self.kind else {
            return self.convert_item(self.kind, value);
        };
        let items = match value {
            ParamValue::List(items) => items.as_slice(),
            ParamValue::Null => return None,
            single => std::slice::from_ref(single),
        };
        if self
            .items
            .as_ref()
            .is_some_and(|r| !r.contains(&items.len()))
        {
            return None;
        }
        let items: Option<Vec<_>> = items
            .iter()
            .map(|item| self.convert_item(*item_kind, item))
            .collect();
        items.map(ParamValue::List)
    }

    fn convert_item(&self, kind: Kind, value: &ParamValue) -> Option<ParamValue> {
        let value = match kind {
            Kind::Bool => ParamValue::Bool(to_bool(value)?),
            Kind::Int => ParamValue::Int(to_int(value)?),
            Kind::Count => ParamValue::Int(to_int(value).filter(|v| *v >= 0)?),
            Kind::Float => ParamValue::Float(to_float(value)?),
            Kind::String | Kind::Choice(_) => ParamValue::from(value.as_str()?),
            Kind::List(_) => return None,
            Kind::Any => return Some(value.clone()),
        };
        let in_range = match value {
            ParamValue::Int(number) => self.contains(number as f64),
            ParamValue::Float(number) => self.contains(number),
            ParamValue::String(ref text) => {
                self.choices.is_empty() || self.choices.contains(&text.as_str())
            }
            _ => true,
        };
        in_range.then_some(value)
    }

    /// NaN is in no range, but accepted where there is none.
    fn contains(&self, number: f64) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }

    /// What the parameter accepts, in words: `a number >= 0`.
    pub fn expected(&self) -> String {
        let mut text = match self.kind {
            Kind::List(kind) => {
                let count = match &self.items {
                    Some(range) if range.start() == range.end() => format!("{} ", range.start()),
                    Some(range) => format!("{} to {} ", range.start(), range.end()),
                    None => String::new(),
                };
                format!("a list of {count}{}", plural_noun(*kind))
            }
            Kind::Choice(_) | Kind::String if !self.choices.is_empty() => {
                format!("one of {}", self.choices.join(", "))
            }
            kind => noun(kind).to_owned(),
        };
        let is_count = matches!(self.kind, Kind::Count | Kind::List(Kind::Count));
        let min = self.min.or(is_count.then_some(0.0));
        let range = match (min, self.max) {
            (Some(min), Some(max)) => format!(" from {min} to {max}"),
            (Some(min), None) => format!(" >= {min}"),
            (None, Some(max)) => format!(" <= {max}"),
            (None, None) => String::new(),
        };
        text += &range;
        if self.optional {
            text += " or None";
        }
        text
    }

    /// The typed value of a field: the value given, or the default. For [`params!`](crate::params!).
    #[doc(hidden)]
    pub fn field<T: Field>(spec: Option<&Self>, values: &Values) -> Result<T, ParamError> {
        let spec = spec.expect("a struct has one specification for each of its fields");
        let checked = match values.get(&spec.name) {
            Some(value) => spec.check(value)?,
            None => spec.default.clone(),
        };
        T::from_value(&checked).ok_or_else(|| ParamError::Value {
            name: spec.name.to_string(),
            expected: spec.expected(),
            found: checked,
        })
    }
}

fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "True or False",
        Kind::Int | Kind::Count => "an integer",
        Kind::Float => "a number",
        Kind::String | Kind::Choice(_) => "a string",
        Kind::List(_) => "a list",
        Kind::Any => "a value",
    }
}

fn plural_noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "booleans",
        Kind::Int | Kind::Count => "integers",
        Kind::Float => "numbers",
        Kind::String | Kind::Choice(_) => "strings",
        Kind::List(_) => "lists",
        Kind::Any => "values",
    }
}

/// Parity: configobj.validate accepts the numbers 0 and 1 as truth values.
fn to_bool(value: &ParamValue) -> Option<bool> {
    match value {
        ParamValue::Bool(value) => Some(*value),
        ParamValue::Int(0) => Some(false),
        ParamValue::Int(1) => Some(true),
        ParamValue::Float(value) if *value == 0.0 => Some(false),
        ParamValue::Float(value) if *value == 1.0 => Some(true),
        ParamValue::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Parity: in configobj.validate a floating-point number is no integer, but a boolean is.
fn to_int(value: &ParamValue) -> Option<i64> {
    match value {
        ParamValue::Int(value) => Some(*value),
        ParamValue::Bool(value) => Some(i64::from(*value)),
        ParamValue::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn to_float(value: &ParamValue) -> Option<f64> {
    match value {
        ParamValue::Float(value) => Some(*value),
        ParamValue::Int(value) => Some(*value as f64),
        ParamValue::Bool(value) => Some(f64::from(u8::from(*value))),
        ParamValue::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A parameter that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParamError {
    /// The value has a wrong type or is out of range.
    #[error("parameter `{name}`: expected {expected}, found {}", shown(.found))]
    Value {
        /// The parameter, with the names of the steps that lead to it.
        name: String,
        /// What it accepts.
        expected: String,
        /// What was given.
        found: ParamValue,
    },
    /// There is no such parameter.
    #[error("unknown parameter `{name}`{}", suggestion_note(.suggestion.as_deref()))]
    Unknown {
        /// The name, with the names of the steps that lead to it.
        name: String,
        /// A name that looks similar.
        suggestion: Option<String>,
    },
}

impl ParamError {
    /// An unknown name, with the most similar of the known ones.
    #[doc(hidden)]
    pub fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        Self::Unknown {
            name: name.to_owned(),
            suggestion: crate::suggest::closest(name, known).map(str::to_owned),
        }
    }

    /// The same error for the parameter of a sub-step: `prefix.name`.
    #[must_use]
    pub fn within(mut self, prefix: &str) -> Self {
        let (Self::Value { name, .. } | Self::Unknown { name, .. }) = &mut self;
        if !prefix.is_empty() {
            *name = format!("{prefix}.{name}");
        }
        self
    }
}

/// Text in quotes, so that "1" and 1 look different.
fn shown(found: &ParamValue) -> String {
    match found {
        ParamValue::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}

fn suggestion_note(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
