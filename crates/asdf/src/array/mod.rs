//! Arrays: the `core/ndarray` node.

mod access;
mod datatype;
mod element;
mod layout;
mod node;

pub use datatype::{ByteOrder, DataType, Field, Scalar};
pub use element::Element;
pub use node::{NdArray, Source};

#[cfg(test)]
mod tests;
