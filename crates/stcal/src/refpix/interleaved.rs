//! Detectors whose amplifiers read every n-th column.

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2, ArrayViewMut3, Axis, Zip};

use super::clip::{Level, clipped_mean};
use super::{Arithmetic, Positions, RefpixError, usable};
use crate::flags::PixelFlags;
use crate::shape::check_shape;
use crate::simd::vectorised;

/// Where amplifiers and reference pixels lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterleavedGeometry {
    /// Number of amplifiers: amplifier `a` reads the columns `a`, `a + n` and so on. Each has one reference column at
    /// the left, column `a`, and one at the right.
    pub n_amplifiers: usize,
    /// The reference column at the right of the first amplifier.
    pub right: usize,
}

/// The reference pixels of one amplifier and one parity of rows.
struct Section {
    left: Positions,
    right: Positions,
}

/// Correction of integrations of one shape and quality: the reference pixels have been looked up.
///
/// Whole images of the detector are needed.
pub struct InterleavedCorrection {
    shape: (usize, usize),
    n_amplifiers: usize,
    /// First all amplifiers of even rows, counted from 0, then those of odd rows; or of all rows.
    sections: Vec<Section>,
    sigma_limit: f64,
}

impl InterleavedCorrection {
    /// Looks up the reference pixels that may be used.
    ///
    /// With `odd_even_rows`, odd and even rows have levels of their own. Values further from the mean than
    /// `sigma_limit` standard deviations are left out.
    ///
    /// # Errors
    /// [`RefpixError::Outside`] if there is no amplifier, or the image lacks a reference column.
    pub fn new(
        pixel_dq: ArrayView2<'_, u32>,
        geometry: InterleavedGeometry,
        odd_even_rows: bool,
        sigma_limit: f64,
        flags: &PixelFlags,
    ) -> Result<Self, RefpixError> {
        let (rows, columns) = pixel_dq.dim();
        let n = geometry.n_amplifiers;
        if n == 0 || geometry.right + n > columns {
            return Err(RefpixError::Outside {
                image: (rows, geometry.right + n),
                origin: (0, 0),
                detector: (rows, columns),
            });
        }
        let parities = if odd_even_rows { 2 } else { 1 };
        let find = |parity: usize, column: usize| {
            let rows = (parity..rows).step_by(parities);
            usable(pixel_dq, rows, column..=column, flags)
        };
        let sections = (0..parities)
            .flat_map(|parity| (0..n).map(move |amplifier| (parity, amplifier)))
            .map(|(parity, amplifier)| Section {
                left: find(parity, amplifier),
                right: find(parity, geometry.right + amplifier),
            })
            .collect();
        Ok(Self {
            shape: (rows, columns),
            n_amplifiers: n,
            sections,
            sigma_limit,
        })
    }

    /// Whether every amplifier has usable reference pixels at both sides, in odd and even rows if these are apart.
    ///
    /// Otherwise nothing can be corrected.
    pub fn is_complete(&self) -> bool {
        let missing = |section: &Section| section.left.is_empty() || section.right.is_empty();
        !self.sections.iter().any(missing)
    }

    /// Corrects all groups of one integration but the first, in place; `ramp_dn` is `(group, row, column)`.
    ///
    /// The first group is subtracted beforehand and added again, in single precision: without usable reference pixels,
    /// samples still change in their last bits, and those that are infinite cease to be numbers.
    ///
    /// # Errors
    /// [`RefpixError::Shape`] if the images have another shape than the quality.
    ///
    /// ```
    /// use ndarray::{Array2, Array3};
    /// use stcal::{flags::PixelFlags, refpix::{InterleavedCorrection, InterleavedGeometry}};
    /// let dq = Array2::zeros((4, 6));
    /// let geometry = InterleavedGeometry { n_amplifiers: 2, right: 4 };
    /// let correction = InterleavedCorrection::new(dq.view(), geometry, true, 3.0, &PixelFlags::default())?;
    /// // The second group is 5 higher, and 2 more in odd rows of the second amplifier.
    /// let mut ramp = Array3::from_elem((2, 4, 6), 100.0_f32);
    /// ramp.slice_mut(ndarray::s![1, .., ..]).map_inplace(|value| *value += 5.0);
    /// ramp.slice_mut(ndarray::s![1, 1..;2, 1..;2]).map_inplace(|value| *value += 2.0);
    /// correction.correct(ramp.view_mut())?;
    /// assert!(ramp.iter().all(|&value| value == 100.0));
    /// # Ok::<(), stcal::refpix::RefpixError>(())
    /// ```
    pub fn correct(&self, mut ramp_dn: ArrayViewMut3<'_, f32>) -> Result<(), RefpixError> {
        let shape = [self.shape.0, self.shape.1];
        check_shape("images of the ramp", &shape, &ramp_dn.shape()[1..])?;
        if ramp_dn.is_empty() {
            return Ok(());
        }
        let (mut first, mut others) = ramp_dn.view_mut().split_at(Axis(0), 1);
        for group in others.outer_iter_mut() {
            self.correct_group(group, first.index_axis(Axis(0), 0))?;
        }
        self.settle_first(first.index_axis_mut(Axis(0), 0));
        Ok(())
    }

    /// Corrects a group that is not the first of its integration, in place; both are `(row, column)`.
    ///
    /// # Errors
    /// [`RefpixError::Shape`] if an image has another shape than the quality.
    pub fn correct_group(
        &self,
        mut group_dn: ArrayViewMut2<'_, f32>,
        first_dn: ArrayView2<'_, f32>,
    ) -> Result<(), RefpixError> {
        let shape = [self.shape.0, self.shape.1];
        check_shape("images of the ramp", &shape, group_dn.shape())?;
        check_shape("first image of the ramp", &shape, first_dn.shape())?;
        let levels = if self.is_complete() {
            self.levels(group_dn.view(), first_dn)
        } else {
            vec![0.0; self.sections.len()]
        };
        // The levels of a row, column by column, for each parity of rows.
        let of_columns: Vec<Vec<f64>> = levels
            .chunks_exact(self.n_amplifiers)
            .map(|levels| levels.iter().copied().cycle().take(shape[1]).collect())
            .collect();
        let rows = group_dn.outer_iter_mut().zip(first_dn.outer_iter());
        for (row, (mut line, first)) in rows.enumerate() {
            let levels = &of_columns[row % of_columns.len()];
            let correct = |sample: &mut f32, first: f32, level: f64| {
                *sample = (f64::from(*sample - first) - level) as f32 + first;
            };
            if let (Some(line), Some(first)) = (line.as_slice_mut(), first.as_slice()) {
                vectorised(|| {
                    for ((sample, first), level) in line.iter_mut().zip(first).zip(levels) {
                        correct(sample, *first, *level);
                    }
                });
            } else {
                Zip::from(line)
                    .and(first)
                    .and(ArrayView1::from(levels))
                    .for_each(|sample, &first, &level| correct(sample, first, level));
            }
        }
        Ok(())
    }

    /// What becomes of the first group when the others have been corrected.
    pub fn settle_first(&self, mut first_dn: ArrayViewMut2<'_, f32>) {
        first_dn.map_inplace(|sample| {
            let (left, first) = (*sample, *sample);
            *sample = (left - first) + first;
        });
    }

    /// The level of every section above the first group.
    fn levels(&self, image: ArrayView2<'_, f32>, first: ArrayView2<'_, f32>) -> Vec<f64> {
        let mean = |positions: &Positions| {
            let above = |&position: &(usize, usize)| f64::from(image[position] - first[position]);
            let values = positions.iter().map(above).collect();
            clipped_mean(values, self.sigma_limit, Arithmetic::Single)
        };
        self.sections
            .iter()
            .map(|section| {
                let level = Level::average(mean(&section.left), mean(&section.right));
                level.map_or(0.0, |level| level.value)
            })
            .collect()
    }
}
