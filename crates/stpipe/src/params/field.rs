//! The Rust types that a parameter can have.

use super::Kind;
use crate::ParamValue;

/// A type of parameter.
pub trait Field: Sized {
    /// How a default is written: `&'static str` for a `String`, `&'static [..]` for a `Vec`.
    type Literal;
    /// The kind of value, without `None`.
    const KIND: Kind;
    /// Whether `None` is a value.
    const OPTIONAL: bool = false;

    /// The value of a default.
    fn from_literal(literal: Self::Literal) -> Self;
    /// The typed value; `None` if `value` has another type.
    fn from_value(value: &ParamValue) -> Option<Self>;
    /// The untyped value.
    fn to_value(&self) -> ParamValue;
}

impl Field for bool {
    type Literal = Self;
    const KIND: Kind = Kind::Bool;

    fn from_literal(literal: Self) -> Self {
        literal
    }

    fn from_value(value: &ParamValue) -> Option<Self> {
        value.as_bool()
    }

    fn to_value(&self) -> ParamValue {
        ParamValue::Bool(*self)
    }
}

impl Field for f64 {
    type Literal = Self;
    const KIND: Kind = Kind::Float;

    fn from_literal(literal: Self) -> Self {
        literal
    }

    fn from_value(value: &ParamValue) -> Option<Self> {
        match value {
            ParamValue::Float(value) => Some(*value),
            ParamValue::Int(value) => Some(*value as Self),
            _ => None,
        }
    }

    fn to_value(&self) -> ParamValue {
        ParamValue::Float(*self)
    }
}

/// Whole numbers; the unsigned ones refuse what is negative.
macro_rules! integer_field {
    ($($type:ty: $kind:expr),*) => {$(
        impl Field for $type {
            type Literal = Self;
            const KIND: Kind = $kind;

            fn from_literal(literal: Self) -> Self {
                literal
            }

            fn from_value(value: &ParamValue) -> Option<Self> {
                match value {
                    ParamValue::Int(value) => Self::try_from(*value).ok(),
                    _ => None,
                }
            }

            fn to_value(&self) -> ParamValue {
                ParamValue::Int(i64::try_from(*self).unwrap_or(i64::MAX))
            }
        }
    )*};
}

integer_field!(i32: Kind::Int, i64: Kind::Int, u32: Kind::Count, u64: Kind::Count, usize: Kind::Count);

impl Field for String {
    type Literal = &'static str;
    const KIND: Kind = Kind::String;

    fn from_literal(literal: &'static str) -> Self {
        literal.to_owned()
    }

    fn from_value(value: &ParamValue) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }

    fn to_value(&self) -> ParamValue {
        ParamValue::String(self.clone())
    }
}

impl Field for ParamValue {
    type Literal = Self;
    const KIND: Kind = Kind::Any;

    fn from_literal(literal: Self) -> Self {
        literal
    }

    fn from_value(value: &ParamValue) -> Option<Self> {
        Some(value.clone())
    }

    fn to_value(&self) -> ParamValue {
        self.clone()
    }
}

impl<T: Field> Field for Option<T> {
    type Literal = Option<T::Literal>;
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;

    fn from_literal(literal: Self::Literal) -> Self {
        literal.map(T::from_literal)
    }

    fn from_value(value: &ParamValue) -> Option<Self> {
        match value {
            ParamValue::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }

    fn to_value(&self) -> ParamValue {
        self.as_ref().map_or(ParamValue::Null, T::to_value)
    }
}

impl<T: Field> Field for Vec<T>
where
    T::Literal: Clone + 'static,
{
    type Literal = &'static [T::Literal];
    const KIND: Kind = Kind::List(&T::KIND);

    fn from_literal(literal: Self::Literal) -> Self {
        literal.iter().cloned().map(T::from_literal).collect()
    }

    fn from_value(value: &ParamValue) -> Option<Self> {
        match value {
            ParamValue::List(items) => items.iter().map(T::from_value).collect(),
            _ => None,
        }
    }

    fn to_value(&self) -> ParamValue {
        ParamValue::List(self.iter().map(T::to_value).collect())
    }
}
