//! Noise as one level for each line of the readout.

use ndarray::{ArrayView2, ArrayViewMut2, Axis, s};

use crate::median::median_f32;

/// Which pixels share a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Across {
    /// Those of a row.
    Rows,
    /// Those of a column.
    Columns,
}

/// A level for each line, the median of its background pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineMedians {
    /// The direction of the lines.
    pub across: Across,
    /// Number of equal parts of a line (amplifiers) that have levels of their own; 1 for whole lines. A line that it
    /// does not divide counts as a whole.
    pub channels: usize,
}

/// Columns that are worked on together.
const COLUMNS: usize = 16;

impl LineMedians {
    /// Subtracts the levels; lines without background pixels stay as they are.
    ///
    /// # Source
    /// jwst 3.0.0 `clean_flicker_noise.py::median_clean`.
    ///
    /// ```
    /// use ndarray::{Array2, array};
    /// use stcal::clean_flicker_noise::{Across, LineMedians};
    /// let mut image = array![[1.0_f32, 2.0, 9.0], [5.0, 5.0, 8.0]];
    /// let mask = array![[true, true, false], [true, true, true]];
    /// let levels = LineMedians { across: Across::Rows, channels: 1 };
    /// levels.subtract(image.view_mut(), mask.view());
    /// assert_eq!(image, array![[-0.5, 0.5, 7.5], [0.0, 0.0, 3.0]]);
    /// ```
    pub fn subtract(&self, mut image: ArrayViewMut2<'_, f32>, mask: ArrayView2<'_, bool>) {
        let axis = match self.across {
            Across::Rows => Axis(1),
            Across::Columns => Axis(0),
        };
        let length = image.len_of(axis);
        let channels = match self.channels {
            n if n > 1 && length.is_multiple_of(n) => n,
            _ => 1,
        };
        let size = (length / channels).max(1);
        let parts = image.axis_chunks_iter_mut(axis, size);
        for (part, mask) in parts.zip(mask.axis_chunks_iter(axis, size)) {
            match self.across {
                Across::Rows => subtract_rows(part, mask),
                Across::Columns => subtract_columns(part, mask),
            }
        }
    }
}

fn subtract_rows(mut image: ArrayViewMut2<'_, f32>, mask: ArrayView2<'_, bool>) {
    let mut used = Vec::with_capacity(image.ncols());
    for (mut row, mask) in image.rows_mut().into_iter().zip(mask.rows()) {
        used.clear();
        used.extend(
            row.iter()
                .zip(mask)
                .filter(|(_, mask)| **mask)
                .map(|(value, _)| *value),
        );
        if !used.is_empty() {
            let level = median_f32(&mut used);
            row.mapv_inplace(|value| value - level);
        }
    }
}

fn subtract_columns(mut image: ArrayViewMut2<'_, f32>, mask: ArrayView2<'_, bool>) {
    let (rows, columns) = image.dim();
    let mut lists: [Vec<f32>; COLUMNS] = std::array::from_fn(|_| Vec::with_capacity(rows));
    for start in (0..columns).step_by(COLUMNS) {
        let part = s![.., start..(start + COLUMNS).min(columns)];
        let mut image = image.slice_mut(part);
        for (row, mask) in image.rows().into_iter().zip(mask.slice(part).rows()) {
            for ((&value, &mask), list) in row.iter().zip(mask).zip(&mut lists) {
                if mask {
                    list.push(value);
                }
            }
        }
        let levels = lists.each_mut().map(|list| {
            let level = if list.is_empty() {
                0.0
            } else {
                median_f32(list)
            };
            list.clear();
            level
        });
        for mut row in image.rows_mut() {
            row.iter_mut()
                .zip(levels)
                .for_each(|(value, level)| *value -= level);
        }
    }
}
