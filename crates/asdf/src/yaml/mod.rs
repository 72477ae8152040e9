//! The YAML of a tree: YAML 1.1 as `PyYAML` reads and writes it.
//!
//! The scanner below follows YAML 1.2 in how text is laid out. What differs in files that occur is made good here; left
//! are a next-line character (U+0085) and a byte order mark that stand unescaped within a text: the first is kept where
//! `PyYAML` folds the line, the second is an error. Neither is ever written like that.

mod emit;
mod parse;
mod scalar;

#[cfg(test)]
mod tests;

pub use emit::{EmitOptions, emit};
pub use parse::{Limits, parse};

/// Prefix of the tags of YAML itself.
pub(crate) const YAML_TAG: &str = "tag:yaml.org,2002:";
