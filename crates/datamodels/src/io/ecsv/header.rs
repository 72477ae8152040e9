//! Metadata and their YAML, laid out as `PyYAML` does with a width of 130.

use super::number::float_text;

/// Column after which a line is broken at the next blank.
const WIDTH: usize = 130;

/// A value of a table's metadata.
#[derive(Debug, Clone, PartialEq)]
pub enum Meta {
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A float of 32 bits.
    Single(f32),
    /// Text.
    Text(String),
    /// A fixed list.
    Tuple(Vec<Meta>),
    /// Named values, in order.
    Map(Vec<(String, Meta)>),
    /// An array.
    Array(MetaArray),
}

/// An array in metadata, as bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct MetaArray {
    /// Name of the type, as numpy has it.
    pub dtype: &'static str,
    /// Number of elements.
    pub len: usize,
    /// The elements, little-endian.
    pub bytes: Vec<u8>,
}

impl From<&[f32]> for MetaArray {
    fn from(values: &[f32]) -> Self {
        Self {
            dtype: "float32",
            len: values.len(),
            bytes: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        }
    }
}

impl From<&[f64]> for MetaArray {
    fn from(values: &[f64]) -> Self {
        Self {
            dtype: "float64",
            len: values.len(),
            bytes: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        }
    }
}

impl From<&[i64]> for MetaArray {
    fn from(values: &[i64]) -> Self {
        Self {
            dtype: "int64",
            len: values.len(),
            bytes: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        }
    }
}

impl Meta {
    pub(super) fn is_scalar(&self) -> bool {
        !matches!(self, Self::Tuple(_) | Self::Map(_) | Self::Array(_))
    }

    fn scalar(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => yaml_float(*value),
            Self::Single(value) => yaml_float(*value),
            Self::Text(value) => yaml_text(value),
            Self::Tuple(_) | Self::Map(_) | Self::Array(_) => String::new(),
        }
    }
}

fn yaml_float(value: impl std::fmt::LowerExp + Copy + Into<f64>) -> String {
    let text = float_text(value);
    match (text.as_str(), text.split_once('e')) {
        ("nan" | "inf", _) => format!(".{text}"),
        ("-inf", _) => "-.inf".to_owned(),
        (_, Some((mantissa, exponent))) if !mantissa.contains('.') => {
            format!("{mantissa}.0e{exponent}")
        }
        _ => text,
    }
}

/// Text, in quotes if it would read as something else without.
pub(super) fn yaml_text(text: &str) -> String {
    let first = text.chars().next();
    let is_odd = |c: char| c.is_control() || "{}[],&*?|<>=!%@`\"'\\".contains(c);
    let starts_plain = first.is_some_and(|c| c.is_alphanumeric() || "_./(+".contains(c));
    let ends_plain = !text.ends_with([' ', ':']);
    let reads_as_other = text.parse::<f64>().is_ok()
        || looks_like_a_date(text)
        || ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str());
    let is_plain = starts_plain
        && ends_plain
        && !reads_as_other
        && !text.contains(is_odd)
        && !text.contains(": ")
        && !text.contains(" #");
    if is_plain {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

fn looks_like_a_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-'
}

/// A flow mapping, its lines broken at blanks behind the width and indented by `indent`.
pub(super) fn flow_map(start: &str, entries: &[(String, String)], indent: usize) -> String {
    let mut text = start.to_owned();
    let mut column = start.chars().count();
    let words = entries
        .iter()
        .enumerate()
        .flat_map(|(index, (key, value))| {
            let open = if index == 0 { "{" } else { "" };
            let close = if index + 1 == entries.len() { "}" } else { "," };
            format!("{open}{key}: {value}{close}")
                .split(' ')
                .map(str::to_owned)
                .collect::<Vec<_>>()
        });
    for (index, word) in words.enumerate() {
        if index > 0 {
            if column > WIDTH {
                text.push('\n');
                text.push_str(&" ".repeat(indent));
                column = indent;
            } else {
                text.push(' ');
                column += 1;
            }
        }
        column += word.chars().count();
        text.push_str(&word);
    }
    text
}

/// Appends `key: value` in block style, with `lead` before the key.
pub(super) fn write_entry(lines: &mut Vec<String>, lead: &str, key: &str, value: &Meta) {
    let key = yaml_text(key);
    let indent = lead.chars().count();
    match value {
        Meta::Map(entries) if entries.iter().all(|(_, value)| value.is_scalar()) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| (yaml_text(key), value.scalar()))
                .collect();
            let start = format!("{lead}{key}: ");
            lines.push(if entries.is_empty() {
                format!("{start}{{}}")
            } else {
                flow_map(&start, &entries, indent + 2)
            });
        }
        Meta::Map(entries) => {
            lines.push(format!("{lead}{key}:"));
            let lead = " ".repeat(indent + 2);
            for (key, value) in entries {
                write_entry(lines, &lead, key, value);
            }
        }
        Meta::Tuple(values) => {
            let values: Vec<String> = values.iter().map(Meta::scalar).collect();
            lines.push(format!(
                "{lead}{key}: !!python/tuple [{}]",
                values.join(", ")
            ));
        }
        Meta::Array(array) => write_array(lines, lead, &key, array),
        scalar => lines.push(format!("{lead}{key}: {}", scalar.scalar())),
    }
}

/// An array: its bytes twice in base 64, as astropy has it.
fn write_array(lines: &mut Vec<String>, lead: &str, key: &str, array: &MetaArray) {
    let inner = " ".repeat(lead.chars().count() + 2);
    let encoded = base64(base64(&array.bytes).as_bytes());
    lines.push(format!("{lead}{key}: !numpy.ndarray"));
    lines.push(format!("{inner}buffer: !!binary |"));
    for chunk in encoded.as_bytes().chunks(76) {
        lines.push(format!("{inner}  {}", String::from_utf8_lossy(chunk)));
    }
    lines.push(format!("{inner}dtype: {}", array.dtype));
    lines.push(format!("{inner}order: C"));
    lines.push(format!("{inner}shape: !!python/tuple [{}]", array.len));
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * position) & 63) as usize];
            text.push(if position > chunk.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    text
}
