//! Images with reference pixels anywhere, read by several amplifiers.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};

use super::apply::Drift;
use super::clip::{Level, clipped_mean};
use super::{Arithmetic, Positions, RefpixError, gather};
use crate::flags::PixelFlags;
use crate::shape::check_shape;

/// Where amplifiers lie in the frame of the detector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScatteredGeometry {
    /// First column of each amplifier, and the end of the last; ascending.
    pub amplifier_edges: Vec<usize>,
    /// The image's first column on the detector.
    pub first_column: usize,
}

/// One amplifier: the columns of the image that it reads, and its reference pixels.
struct Amplifier {
    columns: Range<usize>,
    /// One set, or two: even and odd columns of the image, counted from 0.
    sets: Vec<Positions>,
}

/// Correction of images of one shape and quality: the reference pixels have been looked up.
///
/// Images and quality are in the frame of the detector; see [`ReadoutAxes`](super::ReadoutAxes). Pixels count if they
/// are flagged as reference pixels and may be used. An amplifier that lacks them, in even or odd columns if these are
/// apart, does not correct its columns; columns beyond all amplifiers stay as they are, too.
pub struct ScatteredCorrection {
    shape: (usize, usize),
    amplifiers: Vec<Amplifier>,
    sigma_limit: f64,
}

impl ScatteredCorrection {
    /// Looks up the reference pixels that may be used.
    ///
    /// With `odd_even_columns`, odd and even columns have levels of their own. Values further from the mean than
    /// `sigma_limit` standard deviations are left out.
    pub fn new(
        pixel_dq: ArrayView2<'_, u32>,
        geometry: &ScatteredGeometry,
        odd_even_columns: bool,
        sigma_limit: f64,
        flags: &PixelFlags,
    ) -> Self {
        let n_sets = if odd_even_columns { 2 } else { 1 };
        let width = pixel_dq.ncols();
        let in_image = |column: usize| column.saturating_sub(geometry.first_column).min(width);
        let amplifiers = geometry.amplifier_edges.windows(2).map(|edges| {
            let columns = in_image(edges[0])..in_image(edges[1]);
            let mut sets = vec![Positions::new(); n_sets];
            for row in 0..pixel_dq.nrows() {
                for column in columns.clone() {
                    let dq = pixel_dq[[row, column]];
                    if dq & flags.reference_pixel != 0 && dq & flags.do_not_use == 0 {
                        sets[column % n_sets].push((row, column));
                    }
                }
            }
            Amplifier { columns, sets }
        });
        Self {
            shape: pixel_dq.dim(),
            amplifiers: amplifiers.collect(),
            sigma_limit,
        }
    }

    /// Number of reference pixels that may be used.
    pub fn n_usable(&self) -> usize {
        let sets = self.amplifiers.iter().flat_map(|amplifier| &amplifier.sets);
        sets.map(Vec::len).sum()
    }

    /// Corrects one image, in place.
    ///
    /// # Errors
    /// [`RefpixError::Shape`] if the image has another shape than the quality.
    ///
    /// ```
    /// use ndarray::{Array2, arr2};
    /// use stcal::{flags::PixelFlags, refpix::{ScatteredCorrection, ScatteredGeometry}};
    /// let flags = PixelFlags::default();
    /// // Two amplifiers meet in the middle; the second line is one of reference pixels.
    /// let geometry = ScatteredGeometry { amplifier_edges: vec![0, 512, 1024], first_column: 510 };
    /// let mut dq = Array2::zeros((2, 4));
    /// dq.row_mut(1).fill(flags.reference_pixel);
    /// let correction = ScatteredCorrection::new(dq.view(), &geometry, true, 3.0, &flags);
    /// let mut image = arr2(&[[11.0_f32, 12.0, 13.0, 14.0], [1.0, 2.0, 3.0, 4.0]]);
    /// correction.correct(image.view_mut())?;
    /// assert_eq!(image, arr2(&[[10.0, 10.0, 10.0, 10.0], [0.0, 0.0, 0.0, 0.0]]));
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
        let mut by_column = vec![0.0; shape[1]];
        for amplifier in &self.amplifiers {
            let found: Option<Vec<Level>> = amplifier
                .sets
                .iter()
                .map(|set| {
                    let values = gather(image_dn.view(), set);
                    clipped_mean(values, self.sigma_limit, Arithmetic::Single)
                })
                .collect();
            let Some(levels) = found else { continue };
            for column in amplifier.columns.clone() {
                by_column[column] = levels[column % levels.len()].value;
            }
        }
        let drift = Drift {
            by_column,
            by_row: None,
            arithmetic: Arithmetic::Single,
            keep_zeros,
        };
        drift.subtract(image_dn);
        Ok(())
    }
}
