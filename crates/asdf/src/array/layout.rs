//! Where the elements of an array lie in the bytes of its block.

use crate::{Error, Result};

use super::{ByteOrder, NdArray};

/// Elements of no bytes (empty text) that an array may have whatever its block holds.
const MOST_EMPTY_ELEMENTS: usize = 1 << 16;

/// The places of the elements, checked to lie within the bytes.
#[derive(Debug)]
pub struct Layout {
    shape: Vec<usize>,
    strides: Vec<i64>,
    start: usize,
    /// Bytes of one element.
    pub(super) size: usize,
    /// How many elements there are.
    pub(super) count: usize,
}

impl Layout {
    /// The layout of `array` in a block of `available` bytes.
    pub(super) fn new(array: &NdArray, available: usize) -> Result<Self> {
        let shape = &array.shape;
        let refuse = |problem: String| Error::Array(format!("shape {shape:?}: {problem}"));
        let too_large = || refuse("too large".to_owned());
        let size = array.datatype.size().ok_or_else(too_large)?;
        let count = array.len().ok_or_else(too_large)?;
        // Also bounds views whose elements overlap, which could otherwise make much out of few bytes.
        if count > available.max(if size == 0 { MOST_EMPTY_ELEMENTS } else { 0 }) {
            return Err(refuse(format!(
                "{count} elements in a block of {available} bytes"
            )));
        }
        let strides = match &array.strides {
            Some(strides) if strides.len() == shape.len() => strides.clone(),
            Some(strides) => {
                return Err(refuse(format!("strides {strides:?} are of another length")));
            }
            None => contiguous(shape, size).ok_or_else(too_large)?,
        };
        let (mut low, mut high) = (array.offset as i128, array.offset as i128 + size as i128);
        for (n, stride) in shape.iter().zip(&strides) {
            let reach = (*n as i128 - 1) * i128::from(*stride);
            if reach < 0 {
                low += reach;
            } else {
                high += reach;
            }
        }
        if count > 0 && (low < 0 || high > available as i128) {
            return Err(refuse(format!(
                "bytes {low} to {high} of a block of {available} bytes"
            )));
        }
        Ok(Self {
            shape: shape.clone(),
            strides,
            start: array.offset,
            size,
            count,
        })
    }

    /// The elements in C order, each made by `read` from its bytes.
    pub(super) fn collect<T>(&self, bytes: &[u8], mut read: impl FnMut(&[u8]) -> T) -> Vec<T> {
        if self.count == 0 {
            return Vec::new();
        }
        if self.size > 0 && contiguous(&self.shape, self.size).as_ref() == Some(&self.strides) {
            let used = &bytes[self.start..self.start + self.count * self.size];
            return used.chunks_exact(self.size).map(read).collect();
        }
        let mut out = Vec::with_capacity(self.count);
        let mut place = vec![0_usize; self.shape.len()];
        let mut at = self.start as i64;
        loop {
            let from = at as usize;
            out.push(read(&bytes[from..from + self.size]));
            let mut axis = self.shape.len();
            loop {
                if axis == 0 {
                    return out;
                }
                axis -= 1;
                place[axis] += 1;
                at += self.strides[axis];
                if place[axis] < self.shape[axis] {
                    break;
                }
                at -= self.strides[axis] * self.shape[axis] as i64;
                place[axis] = 0;
            }
        }
    }
}

/// Strides of elements that follow each other, last axis fastest.
pub(super) fn contiguous(shape: &[usize], size: usize) -> Option<Vec<i64>> {
    let mut stride = i64::try_from(size).ok()?;
    let mut strides = vec![0; shape.len()];
    for (n, place) in shape.iter().zip(&mut strides).rev() {
        *place = stride;
        // An axis of length 0 or 1 is never stepped along.
        stride = stride.checked_mul(i64::try_from((*n).max(1)).ok()?)?;
    }
    Some(strides)
}

/// The bytes of a number, least significant first.
pub(super) fn little<const N: usize>(bytes: &[u8], order: ByteOrder) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[..N]);
    if order == ByteOrder::Big {
        out.reverse();
    }
    out
}
