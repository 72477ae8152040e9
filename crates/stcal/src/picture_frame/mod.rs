//! A thermal pattern that is brighter or fainter along the frame of a detector than in its middle.
//!
//! An image `d` is corrected with a pattern `p` that is scaled to its own contrast:
//! `d - (s (p - p_e) + d_e)` with `s = (d_c - d_e) / (p_c - p_e)`, where indices `c` and `e` stand for the medians of
//! background pixels in the centre and near the edges.
//!
//! # Source
//! jwst 3.0.0 `picture_frame/picture_frame.py`.

#[cfg(test)]
mod tests;

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Zip};

use crate::median::median_f32;
use crate::shape::{ShapeError, check_shape};

/// Rows and columns of the centre.
const CENTRE: Range<usize> = 76..1984;
/// Rows and columns near the lower and the left edge.
const LOW_EDGE: Range<usize> = 4..75;
/// Rows and columns near the upper and the right edge.
const HIGH_EDGE: Range<usize> = 1985..2043;

/// Why there is no correction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureFrameError {
    /// Arrays do not fit each other.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The mask leaves nothing of a region.
    #[error("no background pixels in the centre, or none near the edges")]
    NoBackground,
}

/// A pattern, and where its contrast is measured.
#[derive(Debug, Clone)]
pub struct PictureFrame {
    /// The pattern less its level near the edges, `(row, column)`.
    pattern: Array2<f32>,
    contrast: f32,
    centre: Array2<bool>,
    edge: Array2<bool>,
}

impl PictureFrame {
    /// Measures a pattern in the background pixels of an exposure; `mask` is true for those, `(row, column)` as the
    /// pattern.
    ///
    /// # Errors
    /// [`PictureFrameError`] if shapes differ, or a region has no background pixel.
    pub fn new(
        pattern: ArrayView2<'_, f32>,
        mask: ArrayView2<'_, bool>,
    ) -> Result<Self, PictureFrameError> {
        check_shape("mask", pattern.shape(), mask.shape())?;
        let region = |belongs: &dyn Fn(usize, usize) -> bool| {
            Array2::from_shape_fn(mask.dim(), |(y, x)| mask[(y, x)] && belongs(y, x))
        };
        let whole = LOW_EDGE.start..HIGH_EDGE.end;
        let near = |at: usize| LOW_EDGE.contains(&at) || HIGH_EDGE.contains(&at);
        let centre = region(&|y, x| CENTRE.contains(&y) && CENTRE.contains(&x));
        let edge = region(&|y, x| whole.contains(&y) && whole.contains(&x) && (near(y) || near(x)));
        let empty = |region: &Array2<bool>| !region.iter().any(|&used| used);
        if empty(&centre) || empty(&edge) {
            return Err(PictureFrameError::NoBackground);
        }
        let level = median(pattern, &edge);
        Ok(Self {
            contrast: median(pattern, &centre) - level,
            pattern: pattern.mapv(|value| value - level),
            centre,
            edge,
        })
    }

    /// Subtracts the pattern from an image, scaled to it, in place. `base` is added to the result: the first group,
    /// where the image is the difference from it.
    ///
    /// # Errors
    /// [`PictureFrameError::Shape`] if the image does not have the pattern's shape; it is unchanged then.
    pub fn subtract(
        &self,
        mut image: ArrayViewMut2<'_, f32>,
        base: Option<ArrayView2<'_, f32>>,
    ) -> Result<(), PictureFrameError> {
        check_shape("image", self.pattern.shape(), image.shape())?;
        let level = median(image.view(), &self.edge);
        let scale = (median(image.view(), &self.centre) - level) / self.contrast;
        let correct = |value: &mut f32, base: f32, pattern: f32| {
            *value += base - (scale * pattern + level);
        };
        match base {
            Some(base) => {
                check_shape("first group", self.pattern.shape(), base.shape())?;
                Zip::from(&mut image)
                    .and(&base)
                    .and(&self.pattern)
                    .for_each(|value, &base, &pattern| correct(value, base, pattern));
            }
            None => Zip::from(&mut image)
                .and(&self.pattern)
                .for_each(|value, &pattern| correct(value, 0.0, pattern)),
        }
        Ok(())
    }
}

/// The median of the values in a region, NaN left out.
fn median(image: ArrayView2<'_, f32>, region: &Array2<bool>) -> f32 {
    let used = image
        .iter()
        .zip(region)
        .filter(|(value, used)| **used && !value.is_nan());
    let mut values: Vec<f32> = used.map(|(value, _)| *value).collect();
    median_f32(&mut values)
}
