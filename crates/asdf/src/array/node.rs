//! The description of an array in the tree.

use crate::version::is_version_of;
use crate::{Error, Mapping, Node, Result};

use super::datatype::{lengths, lengths_node};
use super::{ByteOrder, DataType, Scalar};

/// Tag of arrays without the version.
const TAG: &str = "tag:stsci.edu:asdf/core/ndarray";

/// Where the elements of an array are.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// In a block of the same file, counted from 0.
    Block(usize),
    /// In the file's last block, of which the first dimension takes all that is there (`source: -1`).
    Streamed,
    /// In the tree, as nested lists.
    Inline(Node),
    /// Elsewhere: the address of another file, or `fits:SCI,1` in a tree that is embedded in FITS.
    External(String),
}

/// An array: where its elements are and how to read them.
#[derive(Clone, Debug, PartialEq)]
pub struct NdArray {
    /// Where the elements are.
    pub source: Source,
    /// What an element is. Inline arrays without a stated type have the one that their elements suggest.
    pub datatype: DataType,
    /// Order of bytes, unless a field has its own.
    pub byteorder: ByteOrder,
    /// Lengths, slowest axis first. With [`Source::Streamed`] the first one counts what is in the file.
    pub shape: Vec<usize>,
    /// Bytes before the first element in the block.
    pub offset: usize,
    /// Bytes from one element to the next along each axis; `None` if the elements follow each other.
    pub strides: Option<Vec<i64>>,
    /// What is not valid: a boolean array, or the value that marks it.
    pub mask: Option<Node>,
    /// Properties that this crate does not know.
    pub extra: Mapping,
    tag: String,
    form: Form,
}

/// What the file stated, so that it is written again in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A mapping, with or without its type and shape.
    Mapping { datatype: bool, shape: bool },
    /// The nested lists alone.
    List,
}

impl NdArray {
    /// An array with elements in C order from the start of `source`.
    pub fn new(
        source: Source,
        datatype: impl Into<DataType>,
        byteorder: ByteOrder,
        shape: &[usize],
    ) -> Self {
        Self {
            source,
            datatype: datatype.into(),
            byteorder,
            shape: shape.to_vec(),
            offset: 0,
            strides: None,
            mask: None,
            extra: Mapping::new(),
            tag: format!("{TAG}-1.1.0"),
            form: Form::Mapping {
                datatype: true,
                shape: true,
            },
        }
    }

    /// Whether `tag` is that of arrays, in any version.
    pub fn is_tag(tag: &str) -> bool {
        is_version_of(tag, TAG)
    }

    /// The tag with the version.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Sets the version of the tag, such as `1.1.0`.
    pub(crate) fn set_tag_version(&mut self, version: &str) {
        self.tag = format!("{TAG}-{version}");
    }

    /// How many elements there are, `None` if that is more than a number can hold.
    pub fn len(&self) -> Option<usize> {
        self.shape
            .iter()
            .try_fold(1_usize, |product, n| product.checked_mul(*n))
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    /// Reads the description below `tag`: a mapping, or nested lists.
    ///
    /// # Errors
    /// [`Error::Array`] naming the property that is malformed.
    pub fn from_node(tag: &str, node: Node) -> Result<Self> {
        let mut map = match node {
            Node::Mapping(map) => map,
            Node::Sequence(_) => return Ok(Self::from_list(tag, node)),
            other => {
                return Err(Error::Array(format!(
                    "expected a mapping or a list, found {other:?}"
                )));
            }
        };
        let (source, byteorder) = source(&mut map)?;
        let datatype = map
            .remove("datatype")
            .map(|node| DataType::from_node(&node))
            .transpose()?;
        let shape = map
            .remove("shape")
            .map(|node| shape(&node, &source))
            .transpose()?;
        let form = Form::Mapping {
            datatype: datatype.is_some(),
            shape: shape.is_some(),
        };
        let (datatype, shape) = match (&source, datatype, shape) {
            (_, Some(datatype), Some(shape)) => (datatype, shape),
            (Source::Inline(data), datatype, shape) => {
                let structured = matches!(datatype, Some(DataType::Structured(_)));
                let datatype = datatype.unwrap_or_else(|| infer_datatype(data));
                (
                    datatype,
                    shape.unwrap_or_else(|| infer_shape(data, structured)),
                )
            }
            _ => {
                return Err(Error::Array(
                    "datatype and shape must be given with source".to_owned(),
                ));
            }
        };
        Ok(Self {
            source,
            datatype,
            byteorder,
            shape,
            offset: map.remove("offset").map_or(Ok(0), |node| offset(&node))?,
            strides: map
                .remove("strides")
                .map(|node| strides(&node))
                .transpose()?,
            mask: map.remove("mask"),
            extra: map,
            tag: tag.to_owned(),
            form,
        })
    }

    fn from_list(tag: &str, list: Node) -> Self {
        let datatype = infer_datatype(&list);
        let shape = infer_shape(&list, false);
        let mut array = Self::new(Source::Inline(list), datatype, ByteOrder::default(), &shape);
        tag.clone_into(&mut array.tag);
        array.form = Form::List;
        array
    }

    /// The description as a tagged node, as a file holds it.
    pub fn to_node(&self) -> Node {
        if let (Source::Inline(data), Form::List, None) = (&self.source, self.form, &self.mask) {
            return Node::tagged(self.tag.as_str(), data.clone());
        }
        let inline = matches!(self.source, Source::Inline(_));
        let mut map = Mapping::new();
        match &self.source {
            Source::Block(index) => map.insert("source", Node::Int(*index as i64)),
            Source::Streamed => map.insert("source", -1),
            Source::Inline(data) => map.insert("data", data.clone()),
            Source::External(address) => map.insert("source", address.as_str()),
        };
        let states = |stated: bool| !inline || stated;
        let (datatype, shape) = match self.form {
            Form::Mapping { datatype, shape } => (states(datatype), states(shape)),
            Form::List => (true, true),
        };
        if datatype {
            map.insert("datatype", self.datatype.to_node());
        }
        if !inline {
            map.insert("byteorder", self.byteorder.name());
        }
        if shape {
            map.insert("shape", self.shape_node());
        }
        if self.offset != 0 {
            map.insert("offset", Node::Int(self.offset as i64));
        }
        if let Some(strides) = &self.strides {
            map.insert("strides", strides.clone());
        }
        if let Some(mask) = &self.mask {
            map.insert("mask", mask.clone());
        }
        map.extend(self.extra.clone());
        Node::tagged(self.tag.as_str(), map)
    }

    fn shape_node(&self) -> Node {
        let mut shape = lengths_node(&self.shape);
        if let (Source::Streamed, Node::Sequence(items)) = (&self.source, &mut shape)
            && let Some(first) = items.first_mut()
        {
            *first = Node::from("*");
        }
        shape
    }
}

/// Takes the source and the byte order that goes with it.
fn source(map: &mut Mapping) -> Result<(Source, ByteOrder)> {
    match (map.remove("source"), map.remove("data")) {
        (Some(_), Some(_)) => Err(Error::Array("both source and data are given".to_owned())),
        (None, None) => Err(Error::Array("neither source nor data is given".to_owned())),
        (None, Some(data)) => {
            let order = map
                .remove("byteorder")
                .map(|node| ByteOrder::from_node(&node))
                .transpose()?;
            Ok((Source::Inline(data), order.unwrap_or_default()))
        }
        (Some(source), None) => {
            let order = map.remove("byteorder");
            let order = order
                .ok_or_else(|| Error::Array("byteorder must be given with source".to_owned()))?;
            let source = match source.untagged() {
                Node::Int(-1) => Source::Streamed,
                Node::Int(index) if *index >= 0 => Source::Block(*index as usize),
                Node::String(address) => Source::External(address.clone()),
                other => return Err(Error::Array(format!("expected a source, found {other:?}"))),
            };
            Ok((source, ByteOrder::from_node(&order)?))
        }
    }
}

/// The shape; `*` at its start stands for what a streamed block holds and is 0 until that is known.
fn shape(node: &Node, source: &Source) -> Result<Vec<usize>> {
    let streamed = node
        .as_sequence()
        .is_some_and(|items| items.first().and_then(Node::as_str) == Some("*"));
    if !streamed {
        return lengths(node);
    }
    if *source != Source::Streamed {
        return Err(Error::Array("a shape with `*` needs source -1".to_owned()));
    }
    let tail = node.as_sequence().unwrap_or_default()[1..].to_vec();
    let mut shape = vec![0];
    shape.extend(lengths(&Node::Sequence(tail))?);
    Ok(shape)
}

fn offset(node: &Node) -> Result<usize> {
    let found = node.as_i64().and_then(|n| usize::try_from(n).ok());
    found.ok_or_else(|| Error::Array(format!("expected an offset, found {node:?}")))
}

fn strides(node: &Node) -> Result<Vec<i64>> {
    let refuse = || Error::Array(format!("expected a list of strides, found {node:?}"));
    let items = node.as_sequence().ok_or_else(refuse)?;
    items
        .iter()
        .map(|item| item.as_i64().filter(|n| *n != 0).ok_or_else(refuse))
        .collect()
}

/// The lengths of nested lists, as far as their first items tell. The innermost list of a record is no axis.
fn infer_shape(data: &Node, structured: bool) -> Vec<usize> {
    let mut shape = Vec::new();
    let mut node = data;
    while let Some(items) = node.as_sequence() {
        shape.push(items.len());
        match items.first() {
            Some(first) => node = first,
            None => break,
        }
    }
    if structured && shape.len() > 1 {
        shape.pop();
    }
    shape
}

/// The widest type among the elements, as numpy chooses it; `float64` for none.
fn infer_datatype(data: &Node) -> DataType {
    fn widest(node: &Node) -> Option<Scalar> {
        match node.untagged() {
            Node::Sequence(items) => items.iter().filter_map(widest).reduce(wider),
            Node::Bool(_) => Some(Scalar::Bool8),
            Node::Int(_) => Some(Scalar::Int64),
            Node::Float(_) => Some(Scalar::Float64),
            Node::String(_) if node.tag().is_some_and(|tag| tag.contains("core/complex-")) => {
                Some(Scalar::Complex128)
            }
            Node::String(text) => Some(Scalar::Ucs4(text.chars().count())),
            _ => None,
        }
    }
    fn wider(a: Scalar, b: Scalar) -> Scalar {
        let rank = |kind| match kind {
            Scalar::Bool8 => 0,
            Scalar::Int64 => 1,
            Scalar::Float64 => 2,
            Scalar::Complex128 => 3,
            _ => 4,
        };
        match (a, b) {
            (Scalar::Ucs4(m), Scalar::Ucs4(n)) => Scalar::Ucs4(m.max(n)),
            _ if rank(a) >= rank(b) => a,
            _ => b,
        }
    }
    DataType::Scalar(widest(data).unwrap_or(Scalar::Float64))
}
