//! Elements as Rust values.

use crate::{Error, Node, Result};

use super::layout::{Layout, little};
use super::{ByteOrder, DataType, NdArray, Scalar};

/// A Rust type that elements of arrays can be read as, and written from.
///
/// Reading converts: integers must fit, floats may be rounded to `f32`, and truth values count as 0 and 1; a float never
/// becomes an integer, a number never a text. Complex numbers are `[re, im]`.
pub trait Element: Sized + sealed::Sealed {
    /// The type with which [`crate::AsdfFile::push_array`] writes it.
    const SCALAR: Scalar;

    #[doc(hidden)]
    fn from_value(value: &Value) -> Option<Self>;

    #[doc(hidden)]
    fn push_le(&self, out: &mut Vec<u8>);

    /// The elements, if the type in the file is this very type and needs no conversion.
    #[doc(hidden)]
    fn exact(
        _kind: Scalar,
        _order: ByteOrder,
        _layout: &Layout,
        _bytes: &[u8],
    ) -> Option<Vec<Self>> {
        None
    }
}

mod sealed {
    pub trait Sealed {}
}

/// One element, whatever its width.
#[doc(hidden)]
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Complex([f64; 2]),
    Text(String),
}

macro_rules! integers {
    ($($kind:ty => $scalar:ident),*) => {$(
        impl sealed::Sealed for $kind {}
        impl Element for $kind {
            const SCALAR: Scalar = Scalar::$scalar;

            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Bool(value) => Some(Self::from(*value)),
                    Value::Signed(value) => Self::try_from(*value).ok(),
                    Value::Unsigned(value) => Self::try_from(*value).ok(),
                    _ => None,
                }
            }

            fn push_le(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn exact(kind: Scalar, order: ByteOrder, layout: &Layout, bytes: &[u8]) -> Option<Vec<Self>> {
                (kind == Self::SCALAR).then(|| layout.collect(bytes, |b| Self::from_le_bytes(little(b, order))))
            }
        }
    )*};
}
integers!(i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64, u8 => UInt8, u16 => UInt16, u32 => UInt32, u64 => UInt64);

macro_rules! floats {
    ($($kind:ty => $scalar:ident, $complex:ident),*) => {$(
        impl sealed::Sealed for $kind {}
        impl Element for $kind {
            const SCALAR: Scalar = Scalar::$scalar;

            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Bool(value) => Some(if *value { 1.0 } else { 0.0 }),
                    Value::Signed(value) => Some(*value as Self),
                    Value::Unsigned(value) => Some(*value as Self),
                    Value::Float(value) => Some(*value as Self),
                    _ => None,
                }
            }

            fn push_le(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn exact(kind: Scalar, order: ByteOrder, layout: &Layout, bytes: &[u8]) -> Option<Vec<Self>> {
                (kind == Self::SCALAR).then(|| layout.collect(bytes, |b| Self::from_le_bytes(little(b, order))))
            }
        }

        impl sealed::Sealed for [$kind; 2] {}
        impl Element for [$kind; 2] {
            const SCALAR: Scalar = Scalar::$complex;

            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Complex(parts) => Some(parts.map(|part| part as $kind)),
                    other => <$kind>::from_value(other).map(|re| [re, 0.0]),
                }
            }

            fn push_le(&self, out: &mut Vec<u8>) {
                for part in self {
                    part.push_le(out);
                }
            }
        }
    )*};
}
floats!(f32 => Float32, Complex64, f64 => Float64, Complex128);

impl sealed::Sealed for bool {}
impl Element for bool {
    const SCALAR: Scalar = Scalar::Bool8;

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(*value),
            Value::Signed(value) => Some(*value != 0),
            Value::Unsigned(value) => Some(*value != 0),
            _ => None,
        }
    }

    fn push_le(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
}

impl sealed::Sealed for String {}
impl Element for String {
    /// Texts have a length in a file: [`crate::AsdfFile::push_array`] takes that of the longest.
    const SCALAR: Scalar = Scalar::Ucs4(0);

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn push_le(&self, out: &mut Vec<u8>) {
        for c in self.chars() {
            out.extend_from_slice(&u32::from(c).to_le_bytes());
        }
    }
}

/// The elements of `array` from the bytes of its block.
pub(crate) fn from_block<T: Element>(array: &NdArray, bytes: &[u8]) -> Result<Vec<T>> {
    let DataType::Scalar(kind) = array.datatype else {
        return Err(Error::Array(
            "its elements are records: ask for a field".to_owned(),
        ));
    };
    let layout = Layout::new(array, bytes.len())?;
    let order = array.byteorder;
    if let Some(elements) = T::exact(kind, order, &layout, bytes) {
        return Ok(elements);
    }
    layout
        .collect(bytes, |b| convert(&value(kind, b, order)?))
        .into_iter()
        .collect()
}

fn convert<T: Element>(value: &Value) -> Result<T> {
    let refuse = || {
        Error::Array(format!(
            "element {value:?} cannot be read as {}",
            T::SCALAR.name()
        ))
    };
    T::from_value(value).ok_or_else(refuse)
}

fn value(kind: Scalar, bytes: &[u8], order: ByteOrder) -> Result<Value> {
    let float32 = |bytes| f64::from(f32::from_le_bytes(little(bytes, order)));
    let float64 = |bytes| f64::from_le_bytes(little(bytes, order));
    Ok(match kind {
        Scalar::Bool8 => Value::Bool(bytes[0] != 0),
        Scalar::Int8 => Value::Signed(i64::from(bytes[0].cast_signed())),
        Scalar::Int16 => Value::Signed(i64::from(i16::from_le_bytes(little(bytes, order)))),
        Scalar::Int32 => Value::Signed(i64::from(i32::from_le_bytes(little(bytes, order)))),
        Scalar::Int64 => Value::Signed(i64::from_le_bytes(little(bytes, order))),
        Scalar::UInt8 => Value::Unsigned(u64::from(bytes[0])),
        Scalar::UInt16 => Value::Unsigned(u64::from(u16::from_le_bytes(little(bytes, order)))),
        Scalar::UInt32 => Value::Unsigned(u64::from(u32::from_le_bytes(little(bytes, order)))),
        Scalar::UInt64 => Value::Unsigned(u64::from_le_bytes(little(bytes, order))),
        Scalar::Float16 => Value::Float(half(u16::from_le_bytes(little(bytes, order)))),
        Scalar::Float32 => Value::Float(float32(bytes)),
        Scalar::Float64 => Value::Float(float64(bytes)),
        Scalar::Complex64 => Value::Complex([float32(&bytes[..4]), float32(&bytes[4..])]),
        Scalar::Complex128 => Value::Complex([float64(&bytes[..8]), float64(&bytes[8..])]),
        Scalar::Ascii(_) => Value::Text(ascii(bytes)?),
        Scalar::Ucs4(_) => Value::Text(ucs4(bytes, order)?),
    })
}

/// IEEE 754 binary16.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let fraction = f64::from(bits & 0x3ff);
    let magnitude = match i32::from((bits >> 10) & 0x1f) {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    };
    sign * magnitude
}

fn ascii(bytes: &[u8]) -> Result<String> {
    let end = bytes
        .iter()
        .rposition(|b| *b != 0)
        .map_or(0, |last| last + 1);
    let text = &bytes[..end];
    if text.is_ascii() {
        Ok(String::from_utf8_lossy(text).into_owned())
    } else {
        Err(Error::Array(format!(
            "{:?} is not ASCII",
            String::from_utf8_lossy(text)
        )))
    }
}

fn ucs4(bytes: &[u8], order: ByteOrder) -> Result<String> {
    let character = |b: &[u8]| {
        let code = u32::from_le_bytes(little(b, order));
        char::from_u32(code).ok_or_else(|| Error::Array(format!("{code:#x} is no character")))
    };
    let text: Result<String> = bytes.chunks_exact(4).map(character).collect();
    text.map(|text| text.trim_end_matches('\0').to_owned())
}

/// The elements of nested lists, and which of them are `null`, which marks them as invalid.
pub(crate) fn from_inline<T: Element>(array: &NdArray, data: &Node) -> Result<Vec<T>> {
    let filler = match array.datatype {
        DataType::Scalar(Scalar::Bool8) => Value::Bool(false),
        DataType::Scalar(Scalar::Ascii(_) | Scalar::Ucs4(_)) => Value::Text(String::new()),
        _ => Value::Signed(0),
    };
    let mut out = Vec::new();
    visit_inline(data, &array.shape, &mut |node| {
        let value = if node.is_null() {
            filler.clone()
        } else {
            inline_value(node)?
        };
        out.push(convert(&rounded(value, &array.datatype))?);
        Ok(())
    })?;
    Ok(out)
}

/// Calls `visit` for each element of nested lists, which must have the lengths of `shape`.
pub(crate) fn visit_inline(
    data: &Node,
    shape: &[usize],
    visit: &mut impl FnMut(&Node) -> Result<()>,
) -> Result<()> {
    let Some((n, inner)) = shape.split_first() else {
        return visit(data);
    };
    let items = data.as_sequence().filter(|items| items.len() == *n);
    let items = items.ok_or_else(|| {
        Error::Array(format!(
            "inline data do not have a list of {n} where expected"
        ))
    })?;
    // Nothing is known of the lists within an empty one.
    items
        .iter()
        .try_for_each(|item| visit_inline(item, inner, visit))
}

fn inline_value(node: &Node) -> Result<Value> {
    let value = match node.untagged() {
        Node::Bool(value) => Some(Value::Bool(*value)),
        Node::Int(value) => Some(Value::Signed(*value)),
        Node::Float(value) => Some(Value::Float(*value)),
        Node::String(text) => match node.tag() {
            Some(tag) if tag.contains("core/complex-") => parse_complex(text).map(Value::Complex),
            Some(tag) if tag.ends_with(":int") => text.parse().ok().map(Value::Unsigned),
            _ => Some(Value::Text(text.clone())),
        },
        _ => None,
    };
    value.ok_or_else(|| Error::Array(format!("{node:?} is no element of an array")))
}

/// The value as it would be after a stay in the stated type, as far as precision goes; integers meant as floats are.
fn rounded(value: Value, datatype: &DataType) -> Value {
    match (datatype, value) {
        (DataType::Scalar(Scalar::Float32), Value::Float(value)) => {
            Value::Float(f64::from(value as f32))
        }
        (DataType::Scalar(Scalar::Float32), Value::Signed(value)) => {
            Value::Float(f64::from(value as f32))
        }
        (DataType::Scalar(Scalar::Float64 | Scalar::Float16), Value::Signed(value)) => {
            Value::Float(value as f64)
        }
        (_, value) => value,
    }
}

/// `1+2j`, `-1.5e3i`, `nan+infj`, with or without parentheses.
fn parse_complex(text: &str) -> Option<[f64; 2]> {
    let text = text
        .trim()
        .trim_start_matches('(')
        .trim_end_matches(')')
        .to_lowercase();
    let part = |text: &str| match text {
        "+" | "" => Some(1.0),
        "-" => Some(-1.0),
        _ => text.parse::<f64>().ok(),
    };
    // An `i` ends `1+2i` but is also within `inf`.
    let Some(body) = text.strip_suffix(['j', 'i']) else {
        return text.parse().ok().map(|re| [re, 0.0]);
    };
    let split = body
        .char_indices()
        .rev()
        .find(|(at, c)| matches!(c, '+' | '-') && *at > 0 && !body[..*at].ends_with('e'));
    match split {
        Some((at, _)) => Some([body[..at].parse().ok()?, part(&body[at..])?]),
        None => Some([0.0, part(body)?]),
    }
}
