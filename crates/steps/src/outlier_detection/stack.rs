//! Images of one shape in a temporary file, and their median.

use datamodels::io::scratch::{Scratch, ScratchArray};
use ndarray::Array2;
use rayon::prelude::*;
use stcal::outlier_detection::nan_median;
use stpipe::StepError;

/// Pixels of all images that one task holds.
const PART: usize = 1 << 19;

/// Images that wait for their median.
pub(super) struct Stack {
    file: ScratchArray<f32>,
    shape: (usize, usize),
    images: usize,
    added: usize,
}

impl Stack {
    /// Room for `images` images of `(rows, columns)`.
    pub(super) fn new(
        scratch: &Scratch,
        images: usize,
        shape: (usize, usize),
    ) -> Result<Self, StepError> {
        let file = scratch.zeros(images * shape.0 * shape.1);
        Ok(Self {
            file: file.map_err(StepError::algorithm)?,
            shape,
            images,
            added: 0,
        })
    }

    /// Adds an image.
    pub(super) fn push(&mut self, image: &Array2<f32>) -> Result<(), StepError> {
        if image.dim() != self.shape || self.added == self.images {
            let found = format!("{:?}, number {}", image.dim(), self.added + 1);
            let expected = format!("{:?}, {} in all", self.shape, self.images);
            return Err(StepError::input("shape of an image", expected, found));
        }
        let image = image.as_standard_layout();
        let pixels = self.shape.0 * self.shape.1;
        let values = image.as_slice().unwrap_or_default();
        let written = self.file.write(self.added * pixels, values);
        self.added += 1;
        written.map_err(StepError::algorithm)
    }

    /// The median of the images, without NaN.
    pub(super) fn median(&self) -> Result<Array2<f32>, StepError> {
        let mut median = Array2::zeros(self.shape);
        let pixels = self.shape.0 * self.shape.1;
        let part = (PART / self.added.max(1)).max(1);
        let parts = median
            .as_slice_mut()
            .unwrap_or_default()
            .par_chunks_mut(part);
        parts
            .enumerate()
            .try_for_each_init(Vec::new, |buffer, (number, median)| {
                buffer.resize(self.added * median.len(), 0.0);
                for (image, values) in buffer.chunks_exact_mut(median.len()).enumerate() {
                    let start = image * pixels + number * part;
                    self.file
                        .read_into(start, values)
                        .map_err(StepError::algorithm)?;
                }
                let planes: Vec<&[f32]> = buffer.chunks_exact(median.len()).collect();
                nan_median(&planes, median).map_err(StepError::algorithm)
            })?;
        Ok(median)
    }
}
