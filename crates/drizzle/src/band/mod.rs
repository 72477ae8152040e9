//! A band of output rows, and how contributions are added to it.

mod cells;
mod means;
mod target;

use ndarray::ArrayViewMut2;

pub(crate) use target::Target;

/// Rows of the output to which an exposure is added: views of the same rows of all output images, each
/// `(row, column)` and stored row after row.
#[derive(Debug)]
pub struct Band<'a> {
    /// Output row of the band's first row.
    pub first_row: usize,
    /// Whether no exposure has been added yet: what its images hold then counts for nothing.
    pub is_new: bool,
    /// Weighted mean of the data, those of [`Exposure::along`], and the sum of weights.
    pub main: Images<'a>,
    /// Means with squared weights, one for each of [`Exposure::squared`].
    pub squared: Vec<ArrayViewMut2<'a, f32>>,
    /// Plane of the context, and the bit of this exposure (0 to 31).
    pub context: Option<(ArrayViewMut2<'a, i32>, u8)>,
    /// Quality bits of all pixels that contributed.
    pub dq: Option<ArrayViewMut2<'a, u32>>,
    /// Means of [`Exposure::separate`] with their own sum of weights.
    pub separate: Option<Images<'a>>,
}

impl Band<'_> {
    /// Sets all output images to zero if nothing has been added to them.
    ///
    /// Even where they are zero: a page of new memory that is read before anything has been written to it costs a second
    /// fault, and an interrupt of all other processors.
    pub(crate) fn clear_if_new(&mut self) {
        if !std::mem::take(&mut self.is_new) {
            return;
        }
        let separate = self.separate.iter_mut();
        for images in std::iter::once(&mut self.main).chain(separate) {
            images.weight.fill(0.0);
            images.means.iter_mut().for_each(|mean| mean.fill(0.0));
        }
        self.squared.iter_mut().for_each(|mean| mean.fill(0.0));
        if let Some((plane, _)) = &mut self.context {
            plane.fill(0);
        }
        if let Some(dq) = &mut self.dq {
            dq.fill(0);
        }
    }
}

/// Weighted means that share their weights.
#[derive(Debug)]
pub struct Images<'a> {
    /// Sum of the weights.
    pub weight: ArrayViewMut2<'a, f32>,
    /// The means.
    pub means: Vec<ArrayViewMut2<'a, f32>>,
}

/// Input pixels and rows that gave nothing, counted as the reference does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Pixels of the section that hit no output pixel.
    pub missed: i64,
    /// Rows of the section that do not meet the output.
    pub skipped: i64,
}
