//! A smooth surface through the medians of boxes.
//!
//! Each box gives the median of its pixels after clipping; boxes with too few pixels are filled from their neighbours,
//! a median filter of 5 x 5 boxes takes out the rest of the sources, and cubic splines lead back to pixels.
//!
//! # Source
//! photutils 3.0.0 `background/background_2d.py` and `interpolators.py`, with the choices of jwst 3.0.0
//! `background_level.py`.

use ndarray::{Array2, ArrayView2, s};

use super::sorted::SortedValues;
use super::spline::zoom_cubic;
use crate::box_mesh::fill_unknown;

/// Limit of the clipping in a box [sigma].
const CLIP_SIGMA: f64 = 3.0;
/// Share of a box that may be missing.
const MISSING: f64 = 0.1;
/// Boxes on either side in the median filter.
const REACH: usize = 2;
/// Longest side of a box that is chosen without being asked for.
const LONGEST: usize = 32;

/// Size of the boxes [pixel].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeshSize {
    /// Rows of a box.
    pub rows: usize,
    /// Columns of a box.
    pub columns: usize,
}

/// A mesh needs boxes of at least one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a box needs at least one row and one column, found {rows} x {columns}")]
pub struct NoMesh {
    rows: usize,
    columns: usize,
}

impl MeshSize {
    /// Boxes of a given size.
    ///
    /// # Errors
    /// [`NoMesh`] if they are empty.
    pub fn new(rows: usize, columns: usize) -> Result<Self, NoMesh> {
        if rows == 0 || columns == 0 {
            return Err(NoMesh { rows, columns });
        }
        Ok(Self { rows, columns })
    }

    /// The largest boxes of up to 32 pixels a side that divide an image evenly.
    ///
    /// ```
    /// use stcal::clean_flicker_noise::MeshSize;
    /// assert_eq!(MeshSize::dividing((2048, 68)), MeshSize { rows: 32, columns: 17 });
    /// ```
    pub fn dividing((rows, columns): (usize, usize)) -> Self {
        let side = |length: usize| {
            let divides = |side: &usize| length.is_multiple_of(*side);
            (1..=LONGEST).rev().find(divides).unwrap_or(1)
        };
        Self {
            rows: side(rows),
            columns: side(columns),
        }
    }

    /// Whether no pixel of an image is left over.
    pub fn divides(self, (rows, columns): (usize, usize)) -> bool {
        rows.is_multiple_of(self.rows) && columns.is_multiple_of(self.columns)
    }
}

/// The surface; `None` if no box has enough pixels.
pub(super) fn surface(
    image: ArrayView2<'_, f32>,
    mask: ArrayView2<'_, bool>,
    size: MeshSize,
) -> Option<Array2<f32>> {
    let (rows, columns) = image.dim();
    let size = MeshSize {
        rows: size.rows.min(rows),
        columns: size.columns.min(columns),
    };
    let medians = box_medians(image, mask, size);
    let mesh = filter(&fill_unknown(medians)?);
    let (low, high) = mesh
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| {
            (low.min(value), high.max(value))
        });
    if low == high {
        return Some(Array2::from_elem((rows, columns), low));
    }
    let mut surface = zoom_cubic(mesh.view(), (size.rows, size.columns), (rows, columns));
    surface.mapv_inplace(|value| value.clamp(low, high));
    Some(surface)
}

/// The median of each box, NaN where too few pixels are left; boxes at the far edges may be cut.
fn box_medians(
    image: ArrayView2<'_, f32>,
    mask: ArrayView2<'_, bool>,
    size: MeshSize,
) -> Array2<f32> {
    let (rows, columns) = image.dim();
    // Parity: the threshold of a box that is cut is that of a whole one.
    let least = (1.0 - MISSING) * (size.rows * size.columns) as f64;
    let boxes = (rows.div_ceil(size.rows), columns.div_ceil(size.columns));
    Array2::from_shape_fn(boxes, |(i, j)| {
        let (top, left) = (i * size.rows, j * size.columns);
        let window = s![
            top..(top + size.rows).min(rows),
            left..(left + size.columns).min(columns)
        ];
        let used = image.slice_move(window);
        let used = used.iter().zip(mask.slice(window));
        let values = SortedValues::new(used.filter(|(_, mask)| **mask).map(|(value, _)| *value));
        let (_, (low, high)) = values.clip(CLIP_SIGMA);
        let mut values = values;
        // Parity: the last limits are applied to all values, not to those that were left before.
        values.keep(low, high);
        if values.len() as f64 <= least {
            f32::NAN
        } else {
            values.median()
        }
    })
}

/// The median of 5 x 5 boxes; fewer at the edges.
fn filter(mesh: &Array2<f32>) -> Array2<f32> {
    let (rows, columns) = mesh.dim();
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        let window = s![
            i.saturating_sub(REACH)..(i + REACH + 1).min(rows),
            j.saturating_sub(REACH)..(j + REACH + 1).min(columns)
        ];
        let mut values: Vec<f64> = mesh.slice(window).iter().map(|&v| f64::from(v)).collect();
        values.sort_unstable_by(f64::total_cmp);
        let n = values.len();
        f64::midpoint(values[(n - 1) / 2], values[n / 2]) as f32
    })
}
