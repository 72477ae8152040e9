//! The part of a reference image that belongs to an exposure.

use std::ops::Range;

use ndarray::{ArrayD, Axis};

use super::ReferenceFile;
use crate::error::{DataModelError, Result};
use crate::metadata::{Metadata, SubarrayFrame};
use crate::stripes::{DETECTOR_LINES, StripeLayout};

/// What a reference has to fit: the exposure's metadata and the size of its images.
#[derive(Debug, Clone, Copy)]
pub struct Science<'a> {
    /// Metadata of the exposure.
    pub meta: &'a Metadata,
    /// Rows of its images.
    pub rows: usize,
    /// Columns of its images.
    pub columns: usize,
}

/// Rows and columns of a reference image, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Rows.
    pub rows: Range<usize>,
    /// Columns.
    pub columns: Range<usize>,
    /// Which of these rows or columns the exposure reads, if it reads stripes.
    pub stripes: Option<StripeLayout>,
}

impl Window {
    /// Rows and columns of what the window shows: of superstripes, the images of all one below the other.
    pub fn shape(&self) -> (usize, usize) {
        let (rows, columns) = (self.rows.len(), self.columns.len());
        match &self.stripes {
            None => (rows, columns),
            Some(layout) if layout.slow.columns => (layout.n_superstripes() * rows, layout.lines),
            Some(layout) => (layout.n_superstripes() * layout.lines, columns),
        }
    }

    /// Picks the lines that stripes show out of the rows and columns of the window.
    ///
    /// `None` where an image of more than two dimensions is to show several stripes.
    pub(super) fn pick<T: Clone>(&self, image: ArrayD<T>) -> Option<ArrayD<T>> {
        let Some(layout) = &self.stripes else {
            return Some(image);
        };
        if layout.superstripes && image.ndim() > 2 {
            return None;
        }
        let dimensions = image.ndim();
        let axis = Axis(layout.slow.of(dimensions));
        let stripes: Vec<ArrayD<T>> = layout
            .stripes
            .iter()
            .map(|stripe| image.select(axis, &layout.full_frame_lines(stripe)))
            .collect();
        let views: Vec<_> = stripes.iter().map(|stripe| stripe.view()).collect();
        ndarray::concatenate(Axis(dimensions - 2), &views).ok()
    }
}

impl ReferenceFile {
    /// The window of the images of this reference that covers an exposure.
    ///
    /// `hdu` names the image whose size counts. References of exposures that read stripes are whole along the slow axis,
    /// or of the same substripes. Where subarray keywords are missing, an image of full-frame size
    /// starts at (1, 1).
    ///
    /// # Errors
    /// The reference is of another instrument, its subarray is not known, or it does not cover the exposure's.
    ///
    /// # Source
    /// jwst 3.0.0 `lib/reffile_utils.py`, `ref_matches_sci` and `get_subarray_model`; `lib/stripe_utils.py`, `stripe_read`.
    pub fn window(&self, hdu: &str, science: &Science<'_>) -> Result<Window> {
        self.check_instrument(science.meta)?;
        let [.., height, width] = *self.shape(hdu)? else {
            return Err(self.error(format!(
                "HDU {hdu}: expected an image of at least two dimensions"
            )));
        };
        let (x_ref, y_ref) = self.start(height, width)?;
        let frame = science.meta.subarray().frame()?;
        let mut rows = axis(frame.y_start - y_ref, science.rows, height);
        let mut columns = axis(frame.x_start - x_ref, science.columns, width);
        let is_of_same_frame = (frame.x_start, frame.y_start) == (x_ref, y_ref)
            && (science.columns, science.rows) == (width, height);
        let stripes = StripeLayout::of(science.meta, (science.rows, science.columns))?
            // A reference that was made of the same substripes is taken as it is.
            .filter(|layout| layout.superstripes || !is_of_same_frame);
        if let Some(layout) = &stripes {
            let (slow, length) = if layout.slow.columns {
                (&mut columns, width)
            } else {
                (&mut rows, height)
            };
            *slow = Some(0..DETECTOR_LINES);
            if length != DETECTOR_LINES {
                return Err(self.error(format!(
                    "HDU {hdu}: references of striped exposures need all {DETECTOR_LINES} lines of the detector, \
                     found {length}"
                )));
            }
        }
        match (rows, columns) {
            (Some(rows), Some(columns)) => Ok(Window {
                rows,
                columns,
                stripes,
            }),
            _ => Err(self.does_not_cover(hdu, [(x_ref, width), (y_ref, height)], frame, science)),
        }
    }

    fn check_instrument(&self, science: &Metadata) -> Result<()> {
        let name = |meta: &Metadata| meta.instrument().name().ok();
        match (name(&self.meta), name(science)) {
            (Some(found), Some(expected)) if found != expected => {
                Err(self.error(format!("expected INSTRUME {expected}, found {found}")))
            }
            _ => Ok(()),
        }
    }

    /// First column and row of the reference, counted from 1.
    fn start(&self, height: usize, width: usize) -> Result<(i64, i64)> {
        let start = |path: &str| self.meta.integer(path);
        match (start("meta.subarray.xstart"), start("meta.subarray.ystart")) {
            (Some(x), Some(y)) if x >= 1 && y >= 1 => Ok((x, y)),
            (Some(x), Some(y)) => Err(self.error(format!(
                "SUBSTRT1 and SUBSTRT2 must be at least 1, found {x}, {y}"
            ))),
            _ if matches!((height, width), (2048, 2048) | (1024, 1032)) => Ok((1, 1)),
            _ => Err(self.error(format!(
                "no SUBSTRT1 and SUBSTRT2, and its images of {height} x {width} are not full frames"
            ))),
        }
    }

    fn does_not_cover(
        &self,
        hdu: &str,
        [(x, width), (y, height)]: [(i64, usize); 2],
        frame: SubarrayFrame,
        science: &Science<'_>,
    ) -> DataModelError {
        self.error(format!(
            "HDU {hdu} covers columns {x}..={} and rows {y}..={} of the detector; the exposure has columns {}..={} \
             and rows {}..={}",
            x + width as i64 - 1,
            y + height as i64 - 1,
            frame.x_start,
            frame.x_start + science.columns as i64 - 1,
            frame.y_start,
            frame.y_start + science.rows as i64 - 1,
        ))
    }
}

fn axis(offset: i64, length: usize, available: usize) -> Option<Range<usize>> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(length)?;
    (end <= available).then_some(start..end)
}
