//! Arrays: the `core/ndarray` node.

mod datatype;
mod node;

pub use datatype::{ByteOrder, DataType, Field, Scalar};
pub use node::{NdArray, Source};
