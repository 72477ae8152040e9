//! Images that stay in their file until somebody wants them.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array4, ArrayD};

use super::reader::{FitsReader, HduInfo};
use super::writer::ImageRows;
use crate::error::Result;

/// A four-dimensional image that is carried from one file to another and not worked on.
///
/// In memory, or in the file that it was read from, which stays open for as long as this exists.
///
/// ```
/// use datamodels::io::fits::KeptImage;
/// let image = KeptImage::from(ndarray::Array4::<f32>::zeros((1, 2, 3, 4)));
/// assert_eq!(image.shape(), [1, 2, 3, 4]);
/// assert_eq!(image.read()?.len(), 24);
/// # Ok::<(), datamodels::DataModelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct KeptImage(Place);

#[derive(Debug, Clone)]
enum Place {
    Memory(Array4<f32>),
    File {
        reader: Arc<FitsReader>,
        hdu: HduInfo,
    },
}

impl From<Array4<f32>> for KeptImage {
    fn from(array: Array4<f32>) -> Self {
        let standard = if array.is_standard_layout() {
            array
        } else {
            array.as_standard_layout().into_owned()
        };
        Self(Place::Memory(standard))
    }
}

impl KeptImage {
    /// The image of an HDU, which has four dimensions.
    pub(super) fn in_file(reader: Arc<FitsReader>, hdu: HduInfo) -> Self {
        Self(Place::File { reader, hdu })
    }

    /// The dimensions, slowest first.
    pub fn shape(&self) -> &[usize] {
        match &self.0 {
            Place::Memory(array) => array.shape(),
            Place::File { hdu, .. } => hdu.shape(),
        }
    }

    /// The values.
    ///
    /// # Errors
    /// The file cannot be read any more.
    pub fn read(&self) -> Result<ArrayD<f32>> {
        match &self.0 {
            Place::Memory(array) => Ok(array.clone().into_dyn()),
            Place::File { reader, hdu } => reader.image(hdu),
        }
    }
}

impl ImageRows for KeptImage {
    fn shape(&self) -> Vec<usize> {
        KeptImage::shape(self).to_vec()
    }

    fn fill(&self, rows: Range<usize>, bytes: &mut Vec<u8>, out: &mut [f32]) -> Result<()> {
        let width = KeptImage::shape(self).last().copied().unwrap_or(0);
        let start = rows.start * width;
        match &self.0 {
            Place::Memory(array) => {
                let values = array.as_slice().unwrap_or_default();
                out.copy_from_slice(&values[start..start + out.len()]);
                Ok(())
            }
            Place::File { reader, hdu } => reader.image_elements(hdu, start, bytes, out),
        }
    }
}
