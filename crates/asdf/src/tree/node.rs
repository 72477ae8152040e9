//! One value of the tree.

use crate::array::NdArray;

use super::Mapping;

/// One value of an ASDF tree.
///
/// Equality is that of a round trip: two NaN are equal, and so are `0.0` and `-0.0`; integers and floats never are.
///
/// What has no variant of its own is a [`Tagged`] string: timestamps (`tag:yaml.org,2002:timestamp`), binary scalars
/// (`…:binary`) and integers beyond 64 bits (`…:int`).
///
/// ```
/// use asdf::Node;
///
/// let mut tree = Node::default();
/// tree.set_path("meta.exposure.ngroups", Node::from(5))?;
/// assert_eq!(tree.get_path("meta.exposure.ngroups").and_then(Node::as_i64), Some(5));
/// assert_eq!(Node::from(f64::NAN), Node::from(f64::NAN));
/// # Ok::<(), asdf::Error>(())
/// ```
#[derive(Clone, Debug)]
pub enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A string.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// A map that keeps its order.
    Mapping(Mapping),
    /// A value with a tag that this crate gives no meaning.
    Tagged(Box<Tagged>),
    /// An array (`core/ndarray`), inline, in a block or elsewhere.
    NdArray(Box<NdArray>),
}

/// A value and its full tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Tagged {
    /// The tag with its handle resolved, such as `tag:stsci.edu:asdf/core/software-1.0.0` or `asdf://…`.
    pub tag: String,
    /// What it tags. A scalar below a tag is always a string when read from a file.
    pub node: Node,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Sequence(a), Self::Sequence(b)) => a == b,
            (Self::Mapping(a), Self::Mapping(b)) => a == b,
            (Self::Tagged(a), Self::Tagged(b)) => a == b,
            (Self::NdArray(a), Self::NdArray(b)) => a == b,
            _ => false,
        }
    }
}

impl Default for Node {
    /// An empty mapping, which is what an empty file holds.
    fn default() -> Self {
        Self::Mapping(Mapping::new())
    }
}

impl Node {
    /// The value with `tag`.
    pub fn tagged(tag: impl Into<String>, node: impl Into<Self>) -> Self {
        Self::Tagged(Box::new(Tagged {
            tag: tag.into(),
            node: node.into(),
        }))
    }

    /// The full tag of a tagged value or an array.
    pub fn tag(&self) -> Option<&str> {
        match self {
            Self::Tagged(tagged) => Some(&tagged.tag),
            Self::NdArray(array) => Some(array.tag()),
            _ => None,
        }
    }

    /// The value below any tags.
    pub fn untagged(&self) -> &Self {
        let mut node = self;
        while let Self::Tagged(tagged) = node {
            node = &tagged.node;
        }
        node
    }

    /// The value below any tags, to change it.
    pub fn untagged_mut(&mut self) -> &mut Self {
        let mut node = self;
        while let Self::Tagged(tagged) = node {
            node = &mut tagged.node;
        }
        node
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.untagged(), Self::Null)
    }

    /// The string, if this is one (below any tag).
    pub fn as_str(&self) -> Option<&str> {
        match self.untagged() {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.untagged() {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if this is one.
    pub fn as_i64(&self) -> Option<i64> {
        match self.untagged() {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, be it written as an integer or as a float.
    pub fn as_f64(&self) -> Option<f64> {
        match self.untagged() {
            Self::Float(value) => Some(*value),
            Self::Int(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// The list, if this is one.
    pub fn as_sequence(&self) -> Option<&[Self]> {
        match self.untagged() {
            Self::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The list to change, if this is one.
    pub fn as_sequence_mut(&mut self) -> Option<&mut Vec<Self>> {
        match self.untagged_mut() {
            Self::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The mapping, if this is one.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match self.untagged() {
            Self::Mapping(map) => Some(map),
            _ => None,
        }
    }

    /// The mapping to change, if this is one.
    pub fn as_mapping_mut(&mut self) -> Option<&mut Mapping> {
        match self.untagged_mut() {
            Self::Mapping(map) => Some(map),
            _ => None,
        }
    }

    /// The array, if this is one.
    pub fn as_ndarray(&self) -> Option<&NdArray> {
        match self.untagged() {
            Self::NdArray(array) => Some(array),
            _ => None,
        }
    }

    /// The value of `key`, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_mapping()?.get(key)
    }

    /// The value of `key` to change, if this is a mapping that has it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        self.as_mapping_mut()?.get_mut(key)
    }

    /// Calls `visit` for this value and for every value below it, parents first; mapping keys and the parts of arrays
    /// other than masks are left out.
    pub fn walk_mut(&mut self, visit: &mut impl FnMut(&mut Self)) {
        visit(self);
        match self {
            Self::Sequence(items) => items.iter_mut().for_each(|item| item.walk_mut(visit)),
            Self::Mapping(map) => map.iter_mut().for_each(|(_, value)| value.walk_mut(visit)),
            Self::Tagged(tagged) => tagged.node.walk_mut(visit),
            Self::NdArray(array) => {
                if let Some(mask) = &mut array.mask {
                    mask.walk_mut(visit);
                }
            }
            _ => {}
        }
    }
}

impl From<bool> for Node {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

macro_rules! from_integers {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Node {
            fn from(value: $kind) -> Self {
                Self::Int(i64::from(value))
            }
        }
    )*};
}
from_integers!(i8, i16, i32, i64, u8, u16, u32);

impl From<f64> for Node {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<f32> for Node {
    /// The same number; its text has the digits of the 64-bit float.
    fn from(value: f32) -> Self {
        Self::Float(f64::from(value))
    }
}

impl From<&str> for Node {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Node {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<Mapping> for Node {
    fn from(value: Mapping) -> Self {
        Self::Mapping(value)
    }
}

impl From<NdArray> for Node {
    fn from(value: NdArray) -> Self {
        Self::NdArray(Box::new(value))
    }
}

impl<T: Into<Node>> From<Vec<T>> for Node {
    fn from(values: Vec<T>) -> Self {
        Self::Sequence(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Node>> From<Option<T>> for Node {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
