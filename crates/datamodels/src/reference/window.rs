//! The part of a reference image that belongs to an exposure.

use std::ops::Range;

use super::ReferenceFile;
use crate::error::{DataModelError, Result};
use crate::metadata::{Metadata, SubarrayFrame};

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
}

impl ReferenceFile {
    /// The window of the images of this reference that covers an exposure.
    ///
    /// `hdu` names the image whose size counts. Where subarray keywords are missing, an image of full-frame size
    /// starts at (1, 1).
    ///
    /// # Errors
    /// The reference is of another instrument, its subarray is not known, or it does not cover the exposure's.
    ///
    /// # Source
    /// jwst 3.0.0 `lib/reffile_utils.py`, `ref_matches_sci` and `get_subarray_model`.
    pub fn window(&self, hdu: &str, science: &Science<'_>) -> Result<Window> {
        self.check_instrument(science.meta)?;
        let [.., height, width] = *self.shape(hdu)? else {
            return Err(self.error(format!(
                "HDU {hdu}: expected an image of at least two dimensions"
            )));
        };
        let (x_ref, y_ref) = self.start(height, width)?;
        let frame = science.meta.subarray().frame()?;
        let rows = axis(frame.y_start - y_ref, science.rows, height);
        let columns = axis(frame.x_start - x_ref, science.columns, width);
        match (rows, columns) {
            (Some(rows), Some(columns)) => Ok(Window { rows, columns }),
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
