//! Parameters: declared once as a Rust struct, known everywhere.
//!
//! [`params!`](crate::params!) declares a step's parameter struct. Its default values, help texts
//! and limits are written there and nowhere else: command line, help, parameter files, validation
//! and documentation are made from [`Parameters::specs`].
//!
//! ```
//! stpipe::choices! {
//!     /// How groups are weighted.
//!     pub enum Weighting {
//!         /// By the noise.
//!         Optimal = "optimal",
//!         /// Equally.
//!         Unweighted = "unweighted",
//!     }
//! }
//!
//! stpipe::params! {
//!     /// Parameters of the ramp fit.
//!     pub struct FitParams {
//!         /// Rejection threshold [sigma]
//!         pub threshold: f64 = 4.0, min(0.0);
//!         /// Weighting of the groups
//!         pub weighting: Weighting = Weighting::Optimal;
//!         /// Upper limit of the signal [DN]
//!         pub limit_dn: Option<f64> = None;
//!         /// First and last group to use
//!         pub range: Option<Vec<i64>> = None, items(2..=2);
//!         /// How many processes to use
//!         pub maximum_cores: String = "1";
//!     }
//! }
//!
//! use stpipe::{ParamValue, Parameters, Values};
//! let given = Values::from_iter([("threshold", "5"), ("weighting", "unweighted")]);
//! let params = FitParams::from_values(&given).unwrap();
//! assert_eq!(params.threshold, 5.0);
//! assert_eq!(params, FitParams { threshold: 5.0, weighting: Weighting::Unweighted, ..FitParams::default() });
//!
//! let error = FitParams::from_values(&Values::from_iter([("threshold", -1.0)])).unwrap_err();
//! assert_eq!(error.to_string(), "parameter `threshold`: expected a number >= 0, found -1.0");
//! ```

mod field;
mod spec;
#[cfg(test)]
mod tests;

pub use field::Field;
pub use spec::{Kind, ParamError, ParamSpec, PathRole};

use crate::Values;

/// A parameter struct made by [`params!`](crate::params!).
pub trait Parameters:
    Default + Clone + std::fmt::Debug + PartialEq + Send + Sync + 'static
{
    /// Every parameter, in the order of declaration.
    fn specs() -> &'static [ParamSpec];

    /// The struct with the values given, defaults for the others.
    ///
    /// # Errors
    /// [`ParamError`] for an unknown name, a wrong type or a value out of range.
    fn from_values(values: &Values) -> Result<Self, ParamError>;

    /// Every parameter with its value.
    fn to_values(&self) -> Values;

    /// Checks the limits of a struct whose fields were set by hand.
    ///
    /// # Errors
    /// [`ParamError`] for the first value out of range.
    fn validate(&self) -> Result<(), ParamError> {
        Self::from_values(&self.to_values()).map(drop)
    }
}

/// Refuses names that no specification has.
#[doc(hidden)]
pub fn refuse_unknown(specs: &[ParamSpec], values: &Values) -> Result<(), ParamError> {
    for (name, _) in values.iter() {
        if !specs.iter().any(|spec| spec.name == name) {
            return Err(ParamError::unknown(
                name,
                specs.iter().map(|s| s.name.as_ref()),
            ));
        }
    }
    Ok(())
}

/// Declares a parameter struct: fields with help text, type, default value and limits.
///
/// Each field reads `/// help` `pub name: Type = default, limit(..);`. The doc comment is the help
/// text (unit in brackets). Limits are methods of [`ParamSpec`]: `min(x)`, `max(x)`, `items(a..=b)`,
/// `choices(&["a", "b"])`, `input_path()`, `output_path()`. Types are those of [`Field`]: `bool`, `i64`, `u32`, `usize`, `f64`,
/// `String` (default written `"text"`), `Option<T>`, `Vec<T>` (default written `&[a, b]`), enums made
/// by [`choices!`](crate::choices!). See [`params`](mod@crate::params) for an example.
#[macro_export]
macro_rules! params {
    (
        $(#[$struct_attribute:meta])*
        $struct_visibility:vis struct $name:ident {
            $(
                $(#[doc = $help:literal])*
                $visibility:vis $field:ident : $type:ty = $default:expr $(, $limit:ident ( $($argument:expr),* $(,)? ))* ;
            )*
        }
    ) => {
        $(#[$struct_attribute])*
        #[derive(Debug, Clone, PartialEq)]
        $struct_visibility struct $name {
            $(
                $(#[doc = $help])*
                $visibility $field: $type,
            )*
        }

        impl ::std::default::Default for $name {
            fn default() -> Self {
                Self {
                    $($field: <$type as $crate::Field>::from_literal($default),)*
                }
            }
        }

        impl $crate::Parameters for $name {
            fn specs() -> &'static [$crate::ParamSpec] {
                static SPECS: ::std::sync::LazyLock<::std::vec::Vec<$crate::ParamSpec>> =
                    ::std::sync::LazyLock::new(|| ::std::vec![
                        $(
                            $crate::ParamSpec::of::<$type>(
                                ::std::stringify!($field),
                                $default,
                                ::std::concat!($($help),*),
                            )
                            $(.$limit($($argument),*))*,
                        )*
                    ]);
                &SPECS
            }

            fn from_values(values: &$crate::Values) -> ::std::result::Result<Self, $crate::ParamError> {
                let specs = Self::specs();
                $crate::params::refuse_unknown(specs, values)?;
                #[allow(unused_mut, unused_variables)]
                let mut specs = specs.iter();
                ::std::result::Result::Ok(Self {
                    $($field: $crate::ParamSpec::field(specs.next(), values)?,)*
                })
            }

            fn to_values(&self) -> $crate::Values {
                #[allow(unused_mut)]
                let mut values = $crate::Values::new();
                $(values.set(::std::stringify!($field), $crate::Field::to_value(&self.$field));)*
                values
            }
        }
    };
}

/// Declares an enum whose variants are the allowed texts of a parameter.
///
/// See [`params`](mod@crate::params) for an example.
#[macro_export]
macro_rules! choices {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident {
            $( $(#[$variant_attribute:meta])* $variant:ident = $text:literal ),* $(,)?
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        $visibility enum $name {
            $( $(#[$variant_attribute])* $variant, )*
        }

        impl $name {
            /// The text that stands for this choice.
            $visibility fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::Field for $name {
            type Literal = Self;
            const KIND: $crate::Kind = $crate::Kind::Choice(&[$($text),*]);

            fn from_literal(literal: Self) -> Self {
                literal
            }

            fn from_value(value: &$crate::ParamValue) -> ::std::option::Option<Self> {
                match value.as_str()? {
                    $($text => ::std::option::Option::Some(Self::$variant),)*
                    _ => ::std::option::Option::None,
                }
            }

            fn to_value(&self) -> $crate::ParamValue {
                $crate::ParamValue::from(self.as_str())
            }
        }
    };
}
