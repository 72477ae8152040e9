//! Large images of references, of which a band of rows is read when it is needed.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array3, Array4, ArrayD, ArrayViewMut3, Axis, Ix4};

use super::{ReferenceFile, Window};
use crate::error::Result;
use crate::io::fits::{FitsReader, HduInfo, ImagePart};

/// Signals `(integration, group, row, column)` of a reference, in memory or in its file.
///
/// A file stays open for as long as this exists; only bands of rows that are asked for are ever in memory.
#[derive(Debug, Clone)]
pub struct StreamedImage {
    shape: [usize; 4],
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Memory(Arc<Array4<f32>>),
    File {
        reader: Arc<FitsReader>,
        hdu: HduInfo,
        window: Window,
    },
}

impl From<Array4<f32>> for StreamedImage {
    fn from(array: Array4<f32>) -> Self {
        let (integrations, groups, rows, columns) = array.dim();
        Self {
            shape: [integrations, groups, rows, columns],
            source: Source::Memory(Arc::new(array)),
        }
    }
}

impl StreamedImage {
    /// The window of an image of three or four dimensions. One of three has one integration.
    ///
    /// # Errors
    /// The HDU is missing, has other dimensions, or does not cover the window.
    pub fn open(file: &ReferenceFile, hdu: &str, window: &Window) -> Result<Self> {
        if window.stripes.is_some() {
            // What stripes show lies scattered over the file, and is a small part of it.
            let image: ArrayD<f32> = file.image(hdu, window)?;
            let image = if image.ndim() == 3 {
                image.insert_axis(Axis(0))
            } else {
                image
            };
            let expected = "an image of 3 or 4 dimensions";
            let image = image
                .into_dimensionality::<Ix4>()
                .map_err(|_| file.error(format!("HDU {hdu}: expected {expected}")))?;
            return Ok(image.into());
        }
        let hdu = file.reader.require(hdu)?.clone();
        let shape = match *hdu.shape() {
            [groups, height, width] => [1, groups, height, width],
            [integrations, groups, height, width] => [integrations, groups, height, width],
            _ => {
                return Err(file
                    .reader
                    .shape_error(&hdu, "an image of 3 or 4 dimensions"));
            }
        };
        let [integrations, groups, height, width] = shape;
        if window.rows.end > height || window.columns.end > width {
            let expected = format!("an image that contains {window:?}");
            return Err(file.reader.shape_error(&hdu, &expected));
        }
        Ok(Self {
            shape: [
                integrations,
                groups,
                window.rows.len(),
                window.columns.len(),
            ],
            source: Source::File {
                reader: Arc::clone(&file.reader),
                hdu,
                window: window.clone(),
            },
        })
    }

    /// Reads a band of rows of all groups of the first integration, `(group, row, column)`.
    ///
    /// `bytes` is room that is used again from call to call.
    ///
    /// # Errors
    /// The file cannot be read any more.
    pub fn read_band(&self, rows: Range<usize>, bytes: &mut Vec<u8>) -> Result<Array3<f32>> {
        let [_, groups, _, columns] = self.shape;
        let mut band = Array3::zeros((groups, rows.len(), columns));
        self.read_groups(0, 0..groups, rows, bytes, band.view_mut())?;
        Ok(band)
    }

    /// Integrations, groups, rows and columns.
    pub fn dim(&self) -> (usize, usize, usize, usize) {
        let [integrations, groups, rows, columns] = self.shape;
        (integrations, groups, rows, columns)
    }

    /// Reads a band of rows of some groups of an integration into `band`, `(group, row, column)`.
    ///
    /// `bytes` is room that is used again from call to call. Several threads may read at once.
    ///
    /// # Errors
    /// The file cannot be read any more.
    ///
    /// # Panics
    /// If `band` does not have the groups and rows asked for, all columns, and the standard memory order.
    pub fn read_groups(
        &self,
        integration: usize,
        wanted: Range<usize>,
        rows: Range<usize>,
        bytes: &mut Vec<u8>,
        mut band: ArrayViewMut3<'_, f32>,
    ) -> Result<()> {
        let [_, groups, _, columns] = self.shape;
        assert_eq!(band.dim(), (wanted.len(), rows.len(), columns));
        for (group, mut plane) in wanted.zip(band.outer_iter_mut()) {
            match &self.source {
                Source::Memory(array) => {
                    plane.assign(&array.slice(ndarray::s![integration, group, rows.clone(), ..]));
                }
                Source::File {
                    reader,
                    hdu,
                    window,
                } => {
                    let first = window.rows.start;
                    let part = ImagePart {
                        plane: integration * groups + group,
                        rows: first + rows.start..first + rows.end,
                        columns: window.columns.clone(),
                    };
                    let out = plane
                        .as_slice_mut()
                        .expect("the band has the standard memory order");
                    reader.image_part(hdu, &part, bytes, out)?;
                }
            }
        }
        Ok(())
    }
}
