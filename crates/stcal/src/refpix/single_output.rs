//! Parts of a detector that one amplifier reads.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::apply::Drift;
use super::clip::clipped_mean;
use super::{Arithmetic, Positions, RefpixError, gather};
use crate::flags::PixelFlags;
use crate::shape::check_shape;

/// Correction of images of one shape and quality: the reference pixels have been looked up.
///
/// Images and quality are in the frame of the detector; see [`ReadoutAxes`](super::ReadoutAxes). Pixels count if they
/// are flagged as reference pixels and may be used.
pub struct SingleOutputCorrection {
    shape: (usize, usize),
    /// One set, or two: even and odd columns of the detector, counted from 0.
    sets: Vec<Positions>,
    /// Whether the image's first column is odd on the detector, counted from 0.
    first_column_odd: bool,
    sigma_limit: f64,
}

impl SingleOutputCorrection {
    /// Looks up the reference pixels that may be used.
    ///
    /// `first_column` is the place of the image's first column on the detector. With `odd_even_columns`, odd and even
    /// columns have levels of their own. Values further from the mean than `sigma_limit` standard deviations are left
    /// out.
    pub fn new(
        pixel_dq: ArrayView2<'_, u32>,
        first_column: usize,
        odd_even_columns: bool,
        sigma_limit: f64,
        flags: &PixelFlags,
    ) -> Self {
        let mut sets = vec![Positions::new(); if odd_even_columns { 2 } else { 1 }];
        let n_sets = sets.len();
        for (position, &dq) in pixel_dq.indexed_iter() {
            if dq & flags.reference_pixel != 0 && dq & flags.do_not_use == 0 {
                sets[(first_column + position.1) % n_sets].push(position);
            }
        }
        Self {
            shape: pixel_dq.dim(),
            sets,
            first_column_odd: first_column % 2 == 1,
            sigma_limit,
        }
    }

    /// Number of reference pixels that may be used; without any, images stay as they are.
    pub fn n_usable(&self) -> usize {
        self.sets.iter().map(Vec::len).sum()
    }

    /// Corrects one image, in place. Columns of a parity without reference pixels stay as they are.
    ///
    /// # Errors
    /// [`RefpixError::Shape`] if the image has another shape than the quality.
    ///
    /// ```
    /// use ndarray::{Array2, arr2};
    /// use stcal::{flags::PixelFlags, refpix::SingleOutputCorrection};
    /// let flags = PixelFlags::default();
    /// let reference = flags.reference_pixel;
    /// let dq = arr2(&[[reference, reference, 0], [reference, reference | 1, 0]]);
    /// let correction = SingleOutputCorrection::new(dq.view(), 0, true, 3.0, &flags);
    /// let mut image = arr2(&[[1.0_f32, 4.0, 10.0], [3.0, 900.0, 11.0]]);
    /// correction.correct(image.view_mut())?;
    /// assert_eq!(image, arr2(&[[-1.0, 0.0, 8.0], [1.0, 896.0, 9.0]]));
    /// # Ok::<(), stcal::refpix::RefpixError>(())
    /// ```
    pub fn correct(&self, image_dn: ArrayViewMut2<'_, f32>) -> Result<(), RefpixError> {
        self.run(image_dn, false)
    }

    /// Corrects a zero frame, in place: samples that are 0 are bad and stay 0.
    ///
    /// # Errors
    /// [`RefpixError::Shape`] if the image has another shape than the quality.
    pub fn correct_zero_frame(&self, image_dn: ArrayViewMut2<'_, f32>) -> Result<(), RefpixError> {
        self.run(image_dn, true)
    }

    fn run(&self, image_dn: ArrayViewMut2<'_, f32>, keep_zeros: bool) -> Result<(), RefpixError> {
        let shape = [self.shape.0, self.shape.1];
        check_shape("image with reference pixels", &shape, image_dn.shape())?;
        if self.n_usable() == 0 {
            return Ok(());
        }
        let levels: Vec<f64> = self
            .sets
            .iter()
            .map(|set| {
                let values = gather(image_dn.view(), set);
                let level = clipped_mean(values, self.sigma_limit, Arithmetic::Single);
                level.map_or(0.0, |level| level.value)
            })
            .collect();
        let first = usize::from(self.first_column_odd);
        let drift = Drift {
            by_column: (0..shape[1])
                .map(|column| levels[(first + column) % levels.len()])
                .collect(),
            by_row: None,
            arithmetic: Arithmetic::Single,
            keep_zeros,
        };
        drift.subtract(image_dn);
        Ok(())
    }
}
