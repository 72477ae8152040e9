//! Arrays of an exposure that are read some rows at a time, where not all of them are needed at once.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, s};

use super::check_shape;
use crate::error::{DataModelError, Result};
use crate::io::fits::{Element, FitsReader, HduInfo, ImagePart, ImageRows};
use crate::io::scratch::ScratchArray;

/// An array of an exposure; several threads may read rows of it at a time.
#[derive(Debug, Clone)]
pub struct PlaneRows<'a, T> {
    origin: Origin<'a, T>,
    shape: (usize, usize),
    changes: &'a [(usize, T)],
    hidden: Option<Hidden<'a, T>>,
}

/// Where the rows come from.
#[derive(Debug, Clone)]
enum Origin<'a, T> {
    File(&'a FitsReader, &'a HduInfo),
    Memory(ArrayView2<'a, T>),
    Scratch(&'a ScratchArray<T>),
    /// The file does not have the array.
    Zeros,
}

/// Pixels that have another value: those with any of some bits in their quality.
#[derive(Debug, Clone)]
struct Hidden<'a, T> {
    dq: ArrayView2<'a, u32>,
    bits: u32,
    value: T,
}

/// Memory that is used again from rows to rows.
#[derive(Debug, Default)]
pub struct Room<T> {
    bytes: Vec<u8>,
    values: Vec<T>,
}

impl<'a, T: Element> PlaneRows<'a, T> {
    fn new(origin: Origin<'a, T>, shape: (usize, usize)) -> Self {
        Self {
            origin,
            shape,
            changes: &[],
            hidden: None,
        }
    }

    /// The rows of an array in memory.
    pub fn of(array: &ArrayView2<'a, T>) -> Self {
        Self::new(Origin::Memory(*array), array.dim())
    }

    /// The rows of an array in a temporary file.
    pub(super) fn stored(array: &'a ScratchArray<T>, shape: (usize, usize)) -> Self {
        Self::new(Origin::Scratch(array), shape)
    }

    /// Rows of zeros.
    pub(super) fn zeros(shape: (usize, usize)) -> Self {
        Self::new(Origin::Zeros, shape)
    }

    /// The rows of an image of a file, which has to have the shape of the exposure.
    pub(super) fn of_file(
        reader: &'a FitsReader,
        hdu: &'a HduInfo,
        shape: (usize, usize),
    ) -> Result<Self> {
        check_shape(reader, hdu, shape)?;
        Ok(Self::new(Origin::File(reader, hdu), shape))
    }

    /// The same with other values for some pixels, counted along the rows, in rising order.
    pub(super) fn with_changes(mut self, changes: &'a [(usize, T)]) -> Self {
        self.changes = changes;
        self
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// Reads some rows, one after the other.
    ///
    /// # Errors
    /// They are not there, or cannot be read.
    pub fn read<'r>(&self, rows: Range<usize>, room: &'r mut Room<T>) -> Result<&'r [T]> {
        let Room { bytes, values } = room;
        values.resize(rows.len() * self.shape.1, T::default());
        self.fill(rows, bytes, values)?;
        Ok(values)
    }

    fn fill(&self, rows: Range<usize>, bytes: &mut Vec<u8>, out: &mut [T]) -> Result<()> {
        let width = self.shape.1;
        match &self.origin {
            Origin::Zeros => out.fill(T::default()),
            Origin::Scratch(array) => array.read_into(rows.start * width, out)?,
            Origin::Memory(array) => {
                let shape = (rows.len(), width);
                if let Ok(mut out) = ArrayViewMut2::from_shape(shape, &mut *out) {
                    out.assign(&array.slice(s![rows.clone(), ..]));
                }
            }
            Origin::File(reader, hdu) => {
                let part = ImagePart {
                    plane: 0,
                    rows: rows.clone(),
                    columns: 0..width,
                };
                reader.image_part(hdu, &part, bytes, out)?;
            }
        }
        let (first, end) = (rows.start * width, rows.end * width);
        let from = self.changes.partition_point(|(pixel, _)| *pixel < first);
        let changes = self.changes[from..].iter();
        for &(pixel, value) in changes.take_while(|(pixel, _)| *pixel < end) {
            out[pixel - first] = value;
        }
        if let Some(Hidden { dq, bits, value }) = &self.hidden {
            let dq = dq.slice(s![rows, ..]);
            let dq = dq.as_standard_layout();
            for (out, dq) in out.iter_mut().zip(dq.as_slice().unwrap_or_default()) {
                *out = if dq & bits == 0 { *out } else { *value };
            }
        }
        Ok(())
    }
}

impl<'a> PlaneRows<'a, f32> {
    /// The same with NaN for pixels that have any of these bits in their quality, which has the same shape.
    #[must_use]
    pub fn hiding(mut self, dq: &ArrayView2<'a, u32>, bits: u32) -> Self {
        let is_used = bits != 0 && dq.dim() == self.shape;
        self.hidden = is_used.then_some(Hidden {
            dq: *dq,
            bits,
            value: f32::NAN,
        });
        self
    }
}

/// Rows to be written.
impl ImageRows for PlaneRows<'_, f32> {
    fn shape(&self) -> Vec<usize> {
        vec![self.shape.0, self.shape.1]
    }

    fn fill(
        &self,
        rows: Range<usize>,
        bytes: &mut Vec<u8>,
        out: &mut [f32],
    ) -> Result<(), DataModelError> {
        PlaneRows::fill(self, rows, bytes, out)
    }
}
