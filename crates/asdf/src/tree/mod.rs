//! The tree: tagged values in insertion order, and dotted paths into it.

mod mapping;
mod node;
mod path;

#[cfg(test)]
mod tests;

pub use mapping::{IntoIter, Iter, IterMut, Mapping};
pub use node::{Node, Tagged};
