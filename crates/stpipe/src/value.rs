//! Parameter values: what a command line, a parameter file or a default can say.

use std::fmt;

/// One parameter value, before or after it is checked against its [`ParamSpec`](crate::ParamSpec).
///
/// Text formats carry no types, so a value read from a command line or a `.cfg` file is a
/// [`String`](Self::String) or a list of them until a specification converts it.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// No value.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    String(String),
    /// A list, possibly of mixed types.
    List(Vec<ParamValue>),
}

impl ParamValue {
    /// Reads the text of a value as `ConfigObj` does: quotes, comma-separated lists, comments.
    ///
    /// * `a, b` is a list of two strings, `a,` of one, `,` is the empty list;
    /// * quotes (single or double) protect commas and `#`, and are removed;
    /// * an unquoted `#` begins a comment;
    /// * the empty text is the empty string.
    ///
    /// Nothing is converted: the result holds only strings and lists of strings.
    ///
    /// # Errors
    /// [`TextError`] for an unclosed quote, text after a closing quote, or an empty list item.
    ///
    /// ```
    /// use stpipe::ParamValue;
    /// let value = ParamValue::from_text("'a,b', c  # why").unwrap();
    /// assert_eq!(value, ParamValue::from(vec!["a,b", "c"]));
    /// ```
    pub fn from_text(text: &str) -> Result<Self, TextError> {
        Scanner::new(text).value()
    }

    /// Writes the value so that [`from_text`](Self::from_text) reads the same value back.
    ///
    /// Text that has both kinds of quotes, or a line break, has no such form and is written with
    /// double quotes.
    pub fn to_text(&self) -> String {
        match self {
            Self::String(text) => quoted(text),
            Self::List(items) if items.is_empty() => ",".to_owned(),
            Self::List(items) if items.len() == 1 => format!("{},", items[0].to_text()),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::to_text).collect();
                items.join(", ")
            }
            other => other.to_string(),
        }
    }

    /// What kind of value this is, for messages.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
        }
    }

    /// The text, if the value is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if the value is a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

/// Puts quotes around text that would otherwise be read differently.
fn quoted(text: &str) -> String {
    let plain = !text.is_empty()
        && text.trim() == text
        && !text.starts_with(['\'', '"', '#'])
        && !text.contains([',', '#', '\n']);
    if plain {
        text.to_owned()
    } else if text.contains('"') && !text.contains('\'') {
        format!("'{text}'")
    } else {
        format!("\"{text}\"")
    }
}

/// The value as people write it on a command line: `None`, `True`, `2.0`, `[a, b]`.
impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("None"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::String(value) => f.write_str(value),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{item}")?;
                }
                f.write_str("]")
            }
        }
    }
}

impl From<&str> for ParamValue {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for ParamValue {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<bool> for ParamValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for ParamValue {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for ParamValue {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl<T: Into<Self>> From<Vec<T>> for ParamValue {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// Text that is no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {text:?} as a value or a comma-separated list: {problem} at character {at}")]
pub struct TextError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub problem: &'static str,
    /// Where, counted from 1.
    pub at: usize,
}

/// Reads one value from its text.
struct Scanner<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            rest: text.trim(),
        }
    }

    fn error(&self, problem: &'static str) -> TextError {
        let consumed = self.text.trim_end().len() - self.rest.trim_end().len();
        TextError {
            text: self.text.to_owned(),
            problem,
            at: self.text[..consumed].chars().count() + 1,
        }
    }

    fn value(mut self) -> Result<ParamValue, TextError> {
        if let Some(rest) = self.rest.strip_prefix(',') {
            self.rest = rest.trim_start();
            return if self.at_end() {
                Ok(ParamValue::List(Vec::new()))
            } else {
                Err(self.error("the list begins with an empty item"))
            };
        }
        let mut items = Vec::new();
        let mut is_list = false;
        while !self.at_end() {
            let item = self.item()?;
            items.push(ParamValue::String(item));
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix(',') {
                self.rest = rest.trim_start();
                is_list = true;
            } else if !self.at_end() {
                return Err(self.error("text after a closing quote"));
            }
        }
        if is_list {
            Ok(ParamValue::List(items))
        } else {
            Ok(items.pop().unwrap_or_else(|| ParamValue::from("")))
        }
    }

    /// Nothing but a comment is left.
    fn at_end(&self) -> bool {
        self.rest.is_empty() || self.rest.starts_with('#')
    }

    fn item(&mut self) -> Result<String, TextError> {
        if let Some(quote) = self.rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let inner = &self.rest[1..];
            let Some(end) = inner.find(quote) else {
                return Err(self.error("a quote is not closed"));
            };
            self.rest = &inner[end + 1..];
            return Ok(inner[..end].to_owned());
        }
        let end = self.rest.find([',', '#']).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.error("an empty list item"));
        }
        let item = self.rest[..end].trim_end().to_owned();
        self.rest = &self.rest[end..];
        Ok(item)
    }
}

/// An ordered set of named values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values(Vec<(String, ParamValue)>);

impl Values {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value called `name`.
    pub fn get(&self, name: &str) -> Option<&ParamValue> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Sets the value called `name`, in its old place if there is one.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<ParamValue>) {
        let name = name.into();
        let value = value.into();
        match self.0.iter_mut().find(|(key, _)| *key == name) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParamValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>, V: Into<ParamValue>> FromIterator<(N, V)> for Values {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let mut values = Self::new();
        for (name, value) in entries {
            values.set(name, value);
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strings(items: &[&str]) -> ParamValue {
        ParamValue::from(items.to_vec())
    }

    /// Expected values from `configobj.ConfigObj()._handle_value(text)[0]`.
    #[test]
    fn texts_read_as_by_configobj() {
        let cases = [
            ("4.0", ParamValue::from("4.0")),
            ("a, b", strings(&["a", "b"])),
            ("a,", strings(&["a"])),
            (",", strings(&[])),
            ("'a, b'", ParamValue::from("a, b")),
            ("\"x\", 'y',", strings(&["x", "y"])),
            ("5 # five", ParamValue::from("5")),
            ("'a#b'", ParamValue::from("a#b")),
            ("", ParamValue::from("")),
            ("''", ParamValue::from("")),
            ("1 2", ParamValue::from("1 2")),
            ("it's", ParamValue::from("it's")),
        ];
        for (text, expected) in cases {
            assert_eq!(ParamValue::from_text(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn broken_texts_name_the_place() {
        for (text, at) in [("'a", 1), ("'a' b", 5), ("a,,b", 3), (",a", 2)] {
            let error = ParamValue::from_text(text).unwrap_err();
            assert_eq!(error.at, at, "{error}");
        }
    }

    proptest! {
        #[test]
        fn written_text_reads_back(items in prop::collection::vec("[ a-z,#.'0-9-]{0,8}", 0..4)) {
            let list = ParamValue::from(items.clone());
            prop_assert_eq!(ParamValue::from_text(&list.to_text()), Ok(list));
            for item in items {
                let value = ParamValue::from(item);
                prop_assert_eq!(ParamValue::from_text(&value.to_text()), Ok(value));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = ParamValue::from_text(&text);
        }
    }
}
