//! Arrays of a file as vectors of Rust values.

use std::borrow::Cow;

use crate::{AsdfFile, Block, Error, Node, Result};

use super::element::{self, Element};
use super::layout::contiguous;
use super::{ByteOrder, DataType, NdArray, Scalar, Source};

impl AsdfFile {
    /// The elements of an array in C order, and its shape. Masked elements have whatever value the file gives them;
    /// see [`AsdfFile::array_mask`].
    ///
    /// ```
    /// use asdf::AsdfFile;
    ///
    /// let mut file = AsdfFile::new();
    /// let array = file.push_array(&[2, 2], &[1.0_f32, 2.0, 3.0, 4.0])?;
    /// file.tree.set_path("roman.data", array)?;
    /// let array = file.tree.get_path("roman.data").and_then(asdf::Node::as_ndarray).unwrap();
    /// assert_eq!(file.array::<f64>(array)?, (vec![1.0, 2.0, 3.0, 4.0], vec![2, 2]));
    /// # Ok::<(), asdf::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Array`] if the elements do not convert to `T` (see [`Element`]), lie outside their block, or are in
    /// another file; [`Error::Block`] if the block is damaged.
    pub fn array<T: Element>(&self, array: &NdArray) -> Result<(Vec<T>, Vec<usize>)> {
        let elements = match &array.source {
            Source::Inline(data) => element::from_inline(array, data)?,
            Source::Block(_) | Source::Streamed => {
                element::from_block(array, &self.source_bytes(array)?)?
            }
            Source::External(address) => {
                return Err(Error::Array(format!(
                    "its elements are in another place: {address}"
                )));
            }
        };
        Ok((elements, array.shape.clone()))
    }

    /// [`AsdfFile::array`] as 64-bit floats.
    ///
    /// # Errors
    /// Those of [`AsdfFile::array`].
    pub fn array_f64(&self, array: &NdArray) -> Result<(Vec<f64>, Vec<usize>)> {
        self.array(array)
    }

    /// [`AsdfFile::array`] as 32-bit floats.
    ///
    /// # Errors
    /// Those of [`AsdfFile::array`].
    pub fn array_f32(&self, array: &NdArray) -> Result<(Vec<f32>, Vec<usize>)> {
        self.array(array)
    }

    /// [`AsdfFile::array`] as integers.
    ///
    /// # Errors
    /// Those of [`AsdfFile::array`].
    pub fn array_i64(&self, array: &NdArray) -> Result<(Vec<i64>, Vec<usize>)> {
        self.array(array)
    }

    /// Which elements are invalid, in C order; `None` if the array has no mask. A mask that is a number marks the
    /// elements of that value, NaN all NaN; `null` marks an element of nested lists.
    ///
    /// # Errors
    /// Those of [`AsdfFile::array`], and [`Error::Array`] if the mask's shape cannot be spread over the array's.
    pub fn array_mask(&self, array: &NdArray) -> Result<Option<Vec<bool>>> {
        match array.mask.as_ref().map(Node::untagged) {
            None | Some(Node::Null) => inline_nulls(array),
            Some(Node::NdArray(mask)) => {
                let (flags, shape) = self.array::<bool>(mask)?;
                spread(&flags, &shape, &array.shape).map(Some)
            }
            Some(list @ Node::Sequence(_)) => {
                let mask = NdArray::from_node(array.tag(), list.clone())?;
                let (flags, shape) = self.array::<bool>(&mask)?;
                spread(&flags, &shape, &array.shape).map(Some)
            }
            Some(Node::Bool(flag)) => Ok(Some(vec![*flag; self.array::<f64>(array)?.0.len()])),
            Some(value) => {
                let value = value
                    .as_f64()
                    .ok_or_else(|| Error::Array(format!("{value:?} is no mask")))?;
                let (elements, _) = self.array::<f64>(array)?;
                Ok(Some(
                    elements
                        .iter()
                        .map(|x| *x == value || (x.is_nan() && value.is_nan()))
                        .collect(),
                ))
            }
        }
    }

    fn source_bytes(&self, array: &NdArray) -> Result<Cow<'_, [u8]>> {
        let count = self.blocks.len();
        let block = match array.source {
            Source::Block(index) => self.blocks.get(index),
            _ => self.blocks.last(),
        };
        let missing = || {
            Error::Array(format!(
                "its source is {:?}, but there are {count} blocks",
                array.source
            ))
        };
        block.ok_or_else(missing)?.data()
    }

    /// Adds a block with `data` in C order and returns the array that points to it, for the tree.
    ///
    /// # Errors
    /// [`Error::Array`] if `shape` asks for another number of elements than there are.
    pub fn push_array<T: Element>(&mut self, shape: &[usize], data: &[T]) -> Result<NdArray> {
        let mut bytes = Vec::with_capacity(data.len() * T::SCALAR.size());
        let scalar = if let Scalar::Ucs4(_) = T::SCALAR {
            push_texts(data, &mut bytes)
        } else {
            for element in data {
                element.push_le(&mut bytes);
            }
            T::SCALAR
        };
        let array = NdArray::new(
            Source::Block(self.blocks.len()),
            scalar,
            ByteOrder::Little,
            shape,
        );
        if array.len() != Some(data.len()) {
            return Err(Error::Array(format!(
                "shape {shape:?} for {} elements",
                data.len()
            )));
        }
        self.blocks.push(Block::new(bytes));
        Ok(array)
    }
}

/// Appends texts, each padded to the longest.
fn push_texts<T: Element>(data: &[T], bytes: &mut Vec<u8>) -> Scalar {
    let texts: Vec<Vec<u8>> = data
        .iter()
        .map(|element| {
            let mut text = Vec::new();
            element.push_le(&mut text);
            text
        })
        .collect();
    let longest = texts.iter().map(Vec::len).max().unwrap_or(0).max(4);
    for mut text in texts {
        text.resize(longest, 0);
        bytes.extend_from_slice(&text);
    }
    Scalar::Ucs4(longest / 4)
}

fn inline_nulls(array: &NdArray) -> Result<Option<Vec<bool>>> {
    let Source::Inline(data) = &array.source else {
        return Ok(None);
    };
    let mut flags = Vec::new();
    element::visit_inline(data, &array.shape, &mut |node| {
        flags.push(node.is_null());
        Ok(())
    })?;
    Ok(flags.contains(&true).then_some(flags))
}

/// Spreads flags over a larger shape: axes are matched from the last one, and those of length 1 repeat.
fn spread(flags: &[bool], from: &[usize], to: &[usize]) -> Result<Vec<bool>> {
    if from == to {
        return Ok(flags.to_vec());
    }
    let refuse = || {
        Error::Array(format!(
            "a mask of shape {from:?} for an array of shape {to:?}"
        ))
    };
    let missing = to.len().checked_sub(from.len()).ok_or_else(refuse)?;
    let steps = contiguous(from, 1).ok_or_else(refuse)?;
    let mut places = vec![0_usize];
    for (axis, n) in to.iter().enumerate() {
        let step = match axis.checked_sub(missing) {
            Some(own) if from[own] == *n => steps[own] as usize,
            Some(own) if from[own] != 1 => return Err(refuse()),
            _ => 0,
        };
        // The array itself is there, so its number of elements fits in memory only if it was checked; stay near it.
        if places.len().saturating_mul(*n) > flags.len().saturating_mul(1 << 16).max(1 << 20) {
            return Err(refuse());
        }
        places = places
            .iter()
            .flat_map(|at| (0..*n).map(move |i| at + i * step))
            .collect();
    }
    Ok(places.into_iter().map(|at| flags[at]).collect())
}

impl NdArray {
    /// One field of an array of records, as an array of its own that shares the elements.
    ///
    /// ```
    /// use asdf::{AsdfFile, Block, ByteOrder, DataType, Field, NdArray, Scalar, Source};
    ///
    /// let record = DataType::Structured(vec![
    ///     Field::new("id", Scalar::UInt8.into()),
    ///     Field::new("flux", Scalar::Float32.into()),
    /// ]);
    /// let mut file = AsdfFile::new();
    /// file.blocks.push(Block::new([7, 0x3f, 0x80, 0, 0, 8, 0x40, 0, 0, 0]));
    /// let table = NdArray::new(Source::Block(0), record, ByteOrder::Big, &[2]);
    /// assert_eq!(file.array::<f32>(&table.field("flux")?)?, (vec![1.0, 2.0], vec![2]));
    /// # Ok::<(), asdf::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Array`] if the elements are no records or have no such field.
    pub fn field(&self, name: &str) -> Result<Self> {
        let DataType::Structured(fields) = &self.datatype else {
            return Err(Error::Array(format!(
                "field {name:?} of elements that are no records"
            )));
        };
        let place = fields
            .iter()
            .position(|field| field.name.as_deref() == Some(name));
        let place =
            place.ok_or_else(|| Error::Array(format!("the records have no field {name:?}")))?;
        let too_large = || Error::Array("records of an impossible size".to_owned());
        let field = &fields[place];
        let mut view = self.clone();
        view.mask = None;
        view.datatype = field.datatype.clone();
        view.byteorder = field.byteorder.unwrap_or(self.byteorder);
        view.shape.extend(&field.shape);
        if let Source::Inline(data) = &self.source {
            view.source = Source::Inline(column(data, self.shape.len(), place)?);
            return Ok(view);
        }
        let before: Option<usize> = fields[..place]
            .iter()
            .try_fold(0_usize, |n, field| n.checked_add(field.size()?));
        view.offset = before
            .and_then(|n| n.checked_add(self.offset))
            .ok_or_else(too_large)?;
        let record = self.datatype.size().ok_or_else(too_large)?;
        let mut strides = match &self.strides {
            Some(strides) => strides.clone(),
            None => contiguous(&self.shape, record).ok_or_else(too_large)?,
        };
        let size = field.datatype.size().ok_or_else(too_large)?;
        strides.extend(contiguous(&field.shape, size).ok_or_else(too_large)?);
        view.strides = Some(strides);
        Ok(view)
    }
}

/// One item of each record in nested lists.
fn column(data: &Node, depth: usize, place: usize) -> Result<Node> {
    let refuse = || Error::Array("inline records do not fit their type".to_owned());
    let items = data.as_sequence().ok_or_else(refuse)?;
    if depth == 0 {
        return items.get(place).cloned().ok_or_else(refuse);
    }
    let columns: Result<Vec<Node>> = items
        .iter()
        .map(|item| column(item, depth - 1, place))
        .collect();
    columns.map(Node::Sequence)
}
