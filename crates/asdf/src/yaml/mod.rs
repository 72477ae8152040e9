//! The YAML of a tree: YAML 1.1 as `PyYAML` reads and writes it.

mod emit;
mod parse;
mod scalar;

#[cfg(test)]
mod tests;

pub use emit::{EmitOptions, emit};
pub use parse::{Limits, parse};

/// Prefix of the tags of YAML itself.
pub(crate) const YAML_TAG: &str = "tag:yaml.org,2002:";
