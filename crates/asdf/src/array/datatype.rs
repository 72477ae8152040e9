//! What one element of an array is.

use crate::{Error, Mapping, Node, Result};

/// Deepest nesting of structured types.
const DEEPEST: usize = 32;

/// Order of the bytes of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ByteOrder {
    /// Most significant byte first, as in FITS.
    Big,
    /// Least significant byte first.
    #[default]
    Little,
}

impl ByteOrder {
    /// The name in a file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Big => "big",
            Self::Little => "little",
        }
    }

    /// The order that a file names.
    ///
    /// # Errors
    /// [`Error::Array`] if it is neither `big` nor `little`.
    pub fn from_node(node: &Node) -> Result<Self> {
        match node.as_str() {
            Some("big") => Ok(Self::Big),
            Some("little") => Ok(Self::Little),
            _ => Err(Error::Array(format!(
                "expected byteorder big or little, found {node:?}"
            ))),
        }
    }
}

/// A type without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Scalar {
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float16,
    Float32,
    Float64,
    Complex64,
    Complex128,
    Bool8,
    /// Bytes of ASCII text, padded with zeros.
    Ascii(usize),
    /// Characters of four bytes, padded with zeros.
    Ucs4(usize),
}

impl Scalar {
    const NAMES: [(&'static str, Self); 14] = [
        ("int8", Self::Int8),
        ("int16", Self::Int16),
        ("int32", Self::Int32),
        ("int64", Self::Int64),
        ("uint8", Self::UInt8),
        ("uint16", Self::UInt16),
        ("uint32", Self::UInt32),
        ("uint64", Self::UInt64),
        ("float16", Self::Float16),
        ("float32", Self::Float32),
        ("float64", Self::Float64),
        ("complex64", Self::Complex64),
        ("complex128", Self::Complex128),
        ("bool8", Self::Bool8),
    ];

    fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| *kind)
    }

    /// The name in a file; `ascii` and `ucs4` without their length.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ascii(_) => "ascii",
            Self::Ucs4(_) => "ucs4",
            _ => Self::NAMES
                .iter()
                .find(|(_, kind)| *kind == self)
                .map_or("", |(name, _)| *name),
        }
    }

    /// Bytes of one element. Text of an impossible length has `usize::MAX`.
    pub fn size(self) -> usize {
        match self {
            Self::Int8 | Self::UInt8 | Self::Bool8 => 1,
            Self::Int16 | Self::UInt16 | Self::Float16 => 2,
            Self::Int32 | Self::UInt32 | Self::Float32 => 4,
            Self::Int64 | Self::UInt64 | Self::Float64 | Self::Complex64 => 8,
            Self::Complex128 => 16,
            Self::Ascii(length) => length,
            Self::Ucs4(length) => length.saturating_mul(4),
        }
    }
}

/// What one element of an array is.
#[derive(Clone, Debug, PartialEq)]
pub enum DataType {
    /// A number, a truth value or a text.
    Scalar(Scalar),
    /// A record of fields.
    Structured(Vec<Field>),
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its type.
    pub datatype: DataType,
    /// Its byte order, if it is not the array's.
    pub byteorder: Option<ByteOrder>,
    /// Its shape; empty for one value.
    pub shape: Vec<usize>,
    /// Whether the file described the field as a mapping rather than by its type alone.
    pub(crate) described: bool,
}

impl Field {
    /// A field with a name and one value.
    pub fn new(name: impl Into<String>, datatype: DataType) -> Self {
        Self {
            name: Some(name.into()),
            datatype,
            byteorder: None,
            shape: Vec::new(),
            described: true,
        }
    }

    /// Bytes of the field, `None` if that is more than a number can hold.
    pub fn size(&self) -> Option<usize> {
        self.shape
            .iter()
            .try_fold(self.datatype.size()?, |size, n| size.checked_mul(*n))
    }
}

impl From<Scalar> for DataType {
    fn from(kind: Scalar) -> Self {
        Self::Scalar(kind)
    }
}

impl DataType {
    /// Bytes of one element, `None` if that is more than a number can hold.
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::Scalar(kind) => Some(kind.size()).filter(|size| *size < usize::MAX),
            Self::Structured(fields) => fields
                .iter()
                .try_fold(0_usize, |sum, field| sum.checked_add(field.size()?)),
        }
    }

    /// The type that a file describes: `float32`, `[ascii, 8]` or a list of fields.
    ///
    /// # Errors
    /// [`Error::Array`] if the description is none.
    pub fn from_node(node: &Node) -> Result<Self> {
        Self::from_node_at(node, 0)
    }

    fn from_node_at(node: &Node, depth: usize) -> Result<Self> {
        let refuse = || Error::Array(format!("expected a datatype, found {node:?}"));
        if depth > DEEPEST {
            return Err(Error::Array(format!(
                "datatype nested deeper than {DEEPEST} levels"
            )));
        }
        match node.untagged() {
            Node::String(name) => Scalar::from_name(name).map(Self::Scalar).ok_or_else(refuse),
            Node::Sequence(items) => {
                if let [kind, length] = items.as_slice()
                    && let (Some(kind), Some(length)) = (kind.as_str(), length.as_i64())
                {
                    let length = usize::try_from(length).map_err(|_| refuse())?;
                    return match kind {
                        "ascii" => Ok(Self::Scalar(Scalar::Ascii(length))),
                        "ucs4" => Ok(Self::Scalar(Scalar::Ucs4(length))),
                        _ => Err(refuse()),
                    };
                }
                let fields: Result<Vec<Field>> =
                    items.iter().map(|item| field(item, depth + 1)).collect();
                fields.map(Self::Structured)
            }
            _ => Err(refuse()),
        }
    }

    /// The description of the type as a file holds it.
    pub fn to_node(&self) -> Node {
        match self {
            Self::Scalar(Scalar::Ascii(length) | Scalar::Ucs4(length)) => {
                let Self::Scalar(kind) = self else {
                    return Node::Null;
                };
                Node::Sequence(vec![Node::from(kind.name()), Node::Int(*length as i64)])
            }
            Self::Scalar(kind) => Node::from(kind.name()),
            Self::Structured(fields) => Node::Sequence(fields.iter().map(field_node).collect()),
        }
    }
}

fn field(node: &Node, depth: usize) -> Result<Field> {
    let Some(map) = node.as_mapping() else {
        return Ok(Field {
            name: None,
            datatype: DataType::from_node_at(node, depth)?,
            byteorder: None,
            shape: Vec::new(),
            described: false,
        });
    };
    let datatype = map.get("datatype");
    let datatype =
        datatype.ok_or_else(|| Error::Array(format!("a field without datatype: {node:?}")))?;
    let shape = match map.get("shape").map(Node::untagged) {
        None | Some(Node::Null) => Vec::new(),
        Some(shape) => lengths(shape)?,
    };
    Ok(Field {
        name: map.get("name").and_then(Node::as_str).map(str::to_owned),
        datatype: DataType::from_node_at(datatype, depth)?,
        byteorder: map.get("byteorder").map(ByteOrder::from_node).transpose()?,
        shape,
        described: true,
    })
}

fn field_node(field: &Field) -> Node {
    if !field.described
        && field.name.is_none()
        && field.shape.is_empty()
        && field.byteorder.is_none()
    {
        return field.datatype.to_node();
    }
    let mut map = Mapping::new();
    if let Some(name) = &field.name {
        map.insert("name", name.as_str());
    }
    map.insert("datatype", field.datatype.to_node());
    if let Some(order) = field.byteorder {
        map.insert("byteorder", order.name());
    }
    if !field.shape.is_empty() {
        map.insert("shape", lengths_node(&field.shape));
    }
    Node::Mapping(map)
}

/// A list of lengths, none negative.
pub(super) fn lengths(node: &Node) -> Result<Vec<usize>> {
    let refuse = || Error::Array(format!("expected a list of lengths, found {node:?}"));
    let items = node.as_sequence().ok_or_else(refuse)?;
    let length = |item: &Node| {
        item.as_i64()
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(refuse)
    };
    items.iter().map(length).collect()
}

pub(super) fn lengths_node(lengths: &[usize]) -> Node {
    Node::Sequence(lengths.iter().map(|n| Node::Int(*n as i64)).collect())
}
