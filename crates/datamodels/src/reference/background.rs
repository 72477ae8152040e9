//! Background exposures, of which a band of rows is read when it is needed.

use std::ops::Range;
use std::path::Path;

use ndarray::{Array3, ArrayD, Axis, Ix3};

use crate::error::{DataModelError, Result};
use crate::io::fits::{Element, FitsReader};
use crate::metadata::{Metadata, SubarrayFrame};

/// Count rates of a background, of an exposure or of each of its integrations. The file stays open.
#[derive(Debug)]
pub struct BackgroundExposure {
    reader: FitsReader,
    meta: Metadata,
    frame: SubarrayFrame,
    /// Dimensions of SCI, slowest first.
    shape: Vec<usize>,
}

/// The part of a background's image that an exposure sees, counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// Rows.
    pub rows: Range<usize>,
    /// Columns.
    pub columns: Range<usize>,
    /// Whether the part does not begin at the exposure's first pixel.
    pub is_displaced: bool,
}

impl BackgroundExposure {
    /// Opens a file.
    ///
    /// # Errors
    /// The file cannot be read, has no image of two or three dimensions, or does not say which part of the detector it
    /// shows.
    pub fn open(path: &Path) -> Result<Self> {
        let reader = FitsReader::open(path)?;
        let meta = Metadata::read(&reader)?;
        let hdu = reader.require("SCI")?;
        let shape = hdu.shape().to_vec();
        let (&[height, width] | &[_, height, width]) = shape.as_slice() else {
            return Err(reader.shape_error(hdu, "an image of 2 or 3 dimensions"));
        };
        let frame = Self::frame_of(&meta, (height, width))?;
        Ok(Self {
            reader,
            meta,
            frame,
            shape,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.reader.path()
    }

    /// Its metadata.
    pub fn meta(&self) -> &Metadata {
        &self.meta
    }

    /// Whether it has an image for each integration.
    pub fn is_cube(&self) -> bool {
        self.shape.len() == 3
    }

    /// Which part of the detector an exposure shows; where its keywords do not say so, it has to be a full frame.
    ///
    /// # Errors
    /// Neither is the case.
    pub fn frame_of(meta: &Metadata, (height, width): (usize, usize)) -> Result<SubarrayFrame> {
        let frame = meta.subarray().frame();
        let is_miri = meta.instrument().name().is_ok_and(|name| name == "MIRI");
        let full = if is_miri { (1024, 1032) } else { (2048, 2048) };
        let is_known = ["xstart", "ystart", "xsize", "ysize"]
            .iter()
            .all(|key| meta.get(&format!("meta.subarray.{key}")).is_some());
        if !is_known && (height, width) == full {
            return Ok(SubarrayFrame {
                x_start: 1,
                y_start: 1,
                x_size: width as i64,
                y_size: height as i64,
            });
        }
        frame
    }

    /// The part that an exposure of a frame sees, whose images have `(rows, columns)`; `None` if they have nothing in
    /// common.
    ///
    /// # Errors
    /// The part is larger than the images of the exposure.
    pub fn overlap(
        &self,
        science: SubarrayFrame,
        (rows, columns): (usize, usize),
    ) -> Result<Option<Overlap>> {
        let common = |start: i64, size: i64, own_start: i64, own_size: i64, available: usize| {
            let first = start.max(own_start);
            let end = start
                .saturating_add(size)
                .min(own_start.saturating_add(own_size));
            let index = |at: i64| (at - own_start).clamp(0, available as i64) as usize;
            (first < end).then(|| (index(first)..index(end), first != start))
        };
        let (height, width) = match *self.shape.as_slice() {
            [.., height, width] => (height, width),
            _ => (0, 0),
        };
        let own = self.frame;
        let x = common(
            science.x_start,
            science.x_size,
            own.x_start,
            own.x_size,
            width,
        );
        let y = common(
            science.y_start,
            science.y_size,
            own.y_start,
            own.y_size,
            height,
        );
        let (Some((columns_in, x_displaced)), Some((rows_in, y_displaced))) = (x, y) else {
            return Ok(None);
        };
        if rows_in.len() > rows || columns_in.len() > columns {
            return Err(DataModelError::Reference {
                path: self.path().to_path_buf(),
                message: format!(
                    "it has {} x {} pixels in common with the exposure by the SUBARRAY keywords, whose images have {rows} x {columns}",
                    rows_in.len(),
                    columns_in.len()
                ),
            });
        }
        Ok(Some(Overlap {
            rows: rows_in,
            columns: columns_in,
            is_displaced: x_displaced || y_displaced,
        }))
    }

    /// Reads a part of the images `(integration, row, column)` of an HDU; one plane where the file has a single image,
    /// `None` where it does not have the HDU.
    ///
    /// # Errors
    /// The file cannot be read, or the HDU has other dimensions than SCI.
    pub fn read<T: Element>(
        &self,
        hdu: &str,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> Result<Option<Array3<T>>> {
        let Some(info) = self
            .reader
            .find(hdu, 1)
            .filter(|hdu| !hdu.shape().is_empty())
        else {
            return Ok(None);
        };
        let expected = || format!("the shape of SCI, {:?}", self.shape);
        if info.shape() != self.shape {
            return Err(self.reader.shape_error(info, &expected()));
        }
        let images: ArrayD<T> = self.reader.image_window(info, rows, columns)?;
        let images = if self.is_cube() {
            images
        } else {
            images.insert_axis(Axis(0))
        };
        let images = images.into_dimensionality::<Ix3>();
        images
            .map(Some)
            .map_err(|_| self.reader.shape_error(info, &expected()))
    }
}
