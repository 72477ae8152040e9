//! Quality bits of reference files, which each file numbers as its `DQ_DEF` table says.

use ndarray::{Array, Array2, Array4, Dimension, Ix2, Ix4};
use rayon::prelude::*;

use super::{ReferenceFile, Window};
use crate::dq::pixel_bit;
use crate::error::Result;

/// Pixels of one task.
const CHUNK: usize = 1 << 16;

impl ReferenceFile {
    /// The quality of each pixel of a window in standard bits; zeros where the file has none.
    ///
    /// Names in the table that are no standard names are ignored, as the reference package does.
    ///
    /// # Errors
    /// The quality image does not cover the window, or the table lacks a column.
    ///
    /// # Source
    /// stdatamodels 6.0.0 `dynamicdq.py`, `dynamic_mask`.
    pub fn quality(&self, window: &Window) -> Result<Array2<u32>> {
        if !self.has("DQ") {
            return Ok(Array2::zeros(window.shape()));
        }
        let mut dq = self.image::<u32, Ix2>("DQ", window)?;
        self.translate(&mut dq)?;
        Ok(dq)
    }

    /// The quality of a reference whose quality image has four dimensions, as MIRI darks have.
    ///
    /// # Errors
    /// As [`Self::quality`].
    pub fn quality_4d(&self, window: &Window) -> Result<Array4<u32>> {
        let mut dq = self.image::<u32, Ix4>("DQ", window)?;
        self.translate(&mut dq)?;
        Ok(dq)
    }

    fn translate<D: Dimension>(&self, dq: &mut Array<u32, D>) -> Result<()> {
        let Some(bits) = self.bit_table()? else {
            return Ok(());
        };
        let translate = |value: &mut u32| {
            let stored = *value;
            if stored != 0 {
                *value = bits
                    .iter()
                    .filter(|(own, _)| stored & own != 0)
                    .fold(0, |dq, (_, bit)| dq | bit);
            }
        };
        match dq.as_slice_memory_order_mut() {
            Some(values) => values.par_chunks_mut(CHUNK).for_each(|values| {
                // Most pixels are good: pieces without any flag are skipped at one look.
                for piece in values.chunks_mut(64) {
                    if piece.iter().fold(0, |any, value| any | *value) != 0 {
                        piece.iter_mut().for_each(translate);
                    }
                }
            }),
            None => dq.iter_mut().for_each(translate),
        }
        Ok(())
    }

    /// Pairs of the file's value and the standard bit; `None` where the file has no table and uses standard bits.
    fn bit_table(&self) -> Result<Option<Vec<(u32, u32)>>> {
        if self.reader.find("DQ_DEF", 1).is_none() {
            return Ok(None);
        }
        let table = self.table("DQ_DEF")?;
        if table.rows() == 0 {
            return Ok(None);
        }
        let (Some(values), Some(names)) = (table.numbers("VALUE"), table.strings("NAME")) else {
            return Err(
                self.error("HDU DQ_DEF: expected columns VALUE (numbers) and NAME (strings)")
            );
        };
        let pairs = values.iter().zip(&names);
        Ok(Some(
            pairs
                .filter_map(|(value, name)| Some((*value as i64 as u32, pixel_bit(name.trim())?)))
                .collect(),
        ))
    }
}
