//! Parameters of an exposure, and the form in which rules see them.
//!
//! Source: crds 14.0.3 `core.utils.condition_value` and `condition_header`.

use std::{cell::RefCell, collections::HashMap};

use crate::{literal::python_float, observatory::Observatory};

/// What a parameter that nobody gave looks like to the rules.
pub const UNDEFINED: &str = "UNDEFINED";
/// The conditioned form of "not applicable".
pub(crate) const NOT_APPLICABLE: &str = "N/A";

/// One value of an exposure's metadata.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Number(f64),
    /// A truth value.
    Flag(bool),
    /// No value: as if the key were not there.
    Missing,
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

impl Value {
    /// The form that rules are compared with, or nothing for a missing value.
    ///
    /// ```
    /// use crds::Value;
    /// assert_eq!(Value::from(" nrs1 ").conditioned().as_deref(), Some("NRS1"));
    /// assert_eq!(Value::from(1).conditioned().as_deref(), Some("1.0"));
    /// assert_eq!(Value::from(true).conditioned().as_deref(), Some("T"));
    /// assert_eq!(Value::from("ANY").conditioned().as_deref(), Some("*"));
    /// ```
    pub fn conditioned(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(condition(text)),
            Self::Integer(value) => Some(condition(&value.to_string())),
            Self::Number(value) => Some(condition(&python_float(*value))),
            Self::Flag(true) => Some("T".into()),
            Self::Flag(false) => Some("F".into()),
            Self::Missing => None,
        }
    }
}

/// Parameters of an exposure in the order in which they were given.
///
/// Keys are data-model paths (`META.INSTRUMENT.DETECTOR`) or, where the observatory knows them, FITS keywords, in any case. A key
/// that is given twice counts with its last value.
///
/// ```
/// let parameters: crds::Parameters = [("meta.instrument.detector", "NRCB1"), ("DATE-OBS", "2024-01-01")].into_iter().collect();
/// assert_eq!(parameters.len(), 2);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    items: Vec<(String, Value)>,
}

impl Parameters {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        self.items.push((key.into(), value.into()));
    }

    /// How many were added.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True if none was added.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.items.iter().map(|(key, value)| (key.as_str(), value))
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(items: I) -> Self {
        let items = items
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()));
        Self {
            items: items.collect(),
        }
    }
}

impl From<&std::collections::BTreeMap<String, String>> for Parameters {
    fn from(map: &std::collections::BTreeMap<String, String>) -> Self {
        map.iter()
            .map(|(key, value)| (key.as_str(), value))
            .collect()
    }
}

/// Parameters as rules see them: upper-case paths and conditioned values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Header {
    values: HashMap<String, String>,
    last_date: LastDate,
}

/// The last date that was read for an exposure: its text, and its normal form if it is a date. Nearly all rules look at the same.
pub(crate) type LastDate = RefCell<Option<(String, Option<String>)>>;

impl Header {
    /// Conditions `parameters`; FITS keywords that the observatory knows become paths.
    pub(crate) fn new(parameters: &Parameters, observatory: &Observatory) -> Self {
        // A key in two cases counts once, at its first place with its last value, and only then are keywords
        // translated: of a keyword and its path the later one wins.
        let mut order: Vec<String> = Vec::with_capacity(parameters.len());
        let mut last: HashMap<String, String> = HashMap::with_capacity(parameters.len());
        for (key, value) in parameters.iter() {
            let Some(value) = value.conditioned() else {
                continue;
            };
            let key = key.to_uppercase();
            if last.insert(key.clone(), value).is_none() {
                order.push(key);
            }
        }
        let mut values = HashMap::with_capacity(order.len());
        for key in order {
            let value = last.remove(&key).unwrap_or_default();
            values.insert(observatory.path_of(&key).into_owned(), value);
        }
        Self {
            values,
            last_date: RefCell::default(),
        }
    }

    /// For those who read dates of the exposure.
    pub(crate) fn last_date(&self) -> &LastDate {
        &self.last_date
    }

    /// The value under an upper-case key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// The value under an upper-case key, or `UNDEFINED`.
    pub(crate) fn value(&self, key: &str) -> &str {
        self.get(key).unwrap_or(UNDEFINED)
    }
}

/// Brings a value of a header or a rule into the form in which the two are compared.
///
/// Blanks around it go, letters become upper case, numbers become Python floats (`1` and `1.` are `1.0`), `ANY` is `*`,
/// truth values are `T` and `F`, and the ways to say "not applicable" become `N/A`.
///
/// ```
/// assert_eq!(crds::condition("1e3"), "1000.0");
/// assert_eq!(crds::condition("not applicable"), "N/A");
/// ```
pub fn condition(text: &str) -> String {
    let text = python_strip(text);
    let text = if text.is_ascii() {
        text.to_ascii_uppercase()
    } else {
        text.to_uppercase()
    };
    let text = match number_of(&text) {
        Some(number) => python_float(number),
        None => text,
    };
    if is_not_applicable(&text) {
        return NOT_APPLICABLE.into();
    }
    match text.as_str() {
        "ANY" => "*".into(),
        "4294967295.0" => "-1.0".into(),
        "TRUE" => "T".into(),
        "FALSE" => "F".into(),
        _ => text,
    }
}

/// Strips what Python's `str.strip()` strips.
pub(crate) fn python_strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c))
}

/// The value of a decimal number: sign, digits with a point anywhere, exponent only if a digit stands before it.
fn number_of(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |part: &str| part.bytes().all(|c| c.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    if !digits(whole) || !digits(fraction) || mantissa.is_empty() {
        return None;
    }
    if let Some(exponent) = exponent {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if unsigned.is_empty() || !digits(unsigned) || fraction.is_empty() {
            return None;
        }
    }
    if whole.is_empty() && (fraction.is_empty() || !mantissa.contains('.')) {
        return None;
    }
    text.parse().ok()
}

/// Parity: crds/core/utils.py `DONT_CARE_RE`. Its anchors bind to the first and last alternative only, so every other word
/// counts as soon as a value starts with it (`N/A FOR NOW`).
fn is_not_applicable(text: &str) -> bool {
    let fill = text.strip_prefix("-2147483648").is_some_and(|rest| {
        let mut rest = rest.chars();
        rest.next().is_some_and(|c| c != '\n') && rest.next() == Some('0')
    });
    fill || text == "NOT_APPLICABLE"
        || ["()", "N/A", "NOT APPLICABLE"]
            .iter()
            .any(|word| text.starts_with(word))
}

/// Reads a number as Python's `float()` does.
pub(crate) fn python_number(text: &str) -> Option<f64> {
    let text = python_strip(text);
    let bytes = text.as_bytes();
    if !text.contains('_') {
        return text.parse().ok();
    }
    let between_digits = bytes.iter().enumerate().all(|(at, c)| {
        *c != b'_'
            || (at > 0
                && bytes[at - 1].is_ascii_digit()
                && bytes.get(at + 1).is_some_and(u8::is_ascii_digit))
    });
    if between_digits {
        text.replace('_', "").parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values from crds 14.0.3 `crds.core.utils.condition_value`.
    #[test]
    fn conditions_as_the_client_does() {
        let table = [
            ("1", "1.0"),
            ("-1", "-1.0"),
            ("+1.50", "1.5"),
            ("1.", "1.0"),
            (".5", "0.5"),
            ("1e5", "100000.0"),
            ("1.e5", "1.E5"),
            ("1e16", "1e+16"),
            ("1e-5", "1e-05"),
            ("1e999", "inf"),
            ("1_0", "1_0"),
            ("0x10", "0X10"),
            (".", "."),
            ("", ""),
            ("e5", "E5"),
            (".e5", ".E5"),
            ("-", "-"),
            ("+.5e-3", "0.0005"),
            ("-0", "-0.0"),
            ("007", "7.0"),
            ("any", "*"),
            ("4294967295", "-1.0"),
            ("t", "T"),
            ("True", "T"),
            ("f", "F"),
            ("FALSE", "F"),
            ("n/a", "N/A"),
            ("N/A for now", "N/A"),
            ("()", "N/A"),
            ("not applicable", "N/A"),
            ("NOT APPLICABLE!", "N/A"),
            ("not_applicable", "N/A"),
            ("NOT_APPLICABLE!", "NOT_APPLICABLE!"),
            ("-2147483648", "N/A"),
            ("xN/A", "XN/A"),
            (" \tnrs1\n", "NRS1"),
            ("inf", "INF"),
            ("nan", "NAN"),
            ("4_294", "4_294"),
        ];
        for (given, expected) in table {
            assert_eq!(condition(given), expected, "{given:?}");
        }
    }

    #[test]
    fn missing_values_are_not_there() {
        let mut parameters = Parameters::new();
        parameters.insert("META.X", Value::Missing);
        parameters.insert("META.Y", Some(2.5));
        let header = Header::new(&parameters, &Observatory::new("any", &[]));
        assert_eq!(header.value("META.X"), UNDEFINED);
        assert_eq!(header.value("META.Y"), "2.5");
    }

    #[test]
    fn keywords_become_paths_and_the_last_one_wins() {
        let observatory = Observatory::jwst();
        let header =
            |items: &[(&str, &str)]| Header::new(&items.iter().copied().collect(), &observatory);
        let both = header(&[("meta.instrument.detector", "A"), ("DETECTOR", "B")]);
        assert_eq!(both.value("META.INSTRUMENT.DETECTOR"), "B");
        let cases = header(&[
            ("detector", "A"),
            ("meta.instrument.detector", "B"),
            ("DETECTOR", "C"),
        ]);
        assert_eq!(cases.value("META.INSTRUMENT.DETECTOR"), "B");
    }
}
