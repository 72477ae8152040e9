//! Detectors whose amplifiers read a block of columns each.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use super::apply::Drift;
use super::clip::{Level, clipped_mean};
use super::side::{Side, SideOptions, join};
use super::sirs::SirsKernels;
use super::{Arithmetic, Positions, RefpixError, gather, usable};
use crate::flags::PixelFlags;
use crate::shape::check_shape;

/// Where amplifiers and reference pixels lie, in the frame of the detector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmplifierGeometry {
    /// Rows and columns of the whole detector.
    pub detector: (usize, usize),
    /// First column of each amplifier, and the end of the last; ascending.
    pub amplifier_edges: Vec<usize>,
    /// Width of the border of reference pixels.
    pub border: usize,
    /// Row and column of the image's first pixel on the detector.
    pub origin: (usize, usize),
}

/// How the reference pixels are used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AmplifierOptions {
    /// Odd and even columns have levels of their own.
    pub odd_even_columns: bool,
    /// Use of the reference columns at the sides, if any.
    pub side: Option<SideOptions>,
    /// Values further from the mean than this many standard deviations are left out.
    pub sigma_limit: f64,
}

/// The reference pixels of one amplifier and one parity.
struct Section {
    top: Positions,
    bottom: Positions,
    /// Columns of the image that they correct.
    columns: Vec<usize>,
}

/// Correction of images of one shape and quality: the reference pixels have been looked up.
///
/// Images and quality are in the frame of the detector; see [`ReadoutAxes`](super::ReadoutAxes). Reference pixels
/// outside the image do not exist.
pub struct AmplifierCorrection {
    shape: (usize, usize),
    /// One per amplifier, or two: even and odd columns, counted from 0.
    amplifiers: Vec<Vec<Section>>,
    sides: Option<[Side; 2]>,
    rows_on_detector: (usize, usize),
    options: AmplifierOptions,
}

impl AmplifierCorrection {
    /// Looks up the reference pixels that may be used.
    ///
    /// # Errors
    /// [`RefpixError::Outside`] if the image does not lie on the detector.
    pub fn new(
        pixel_dq: ArrayView2<'_, u32>,
        geometry: &AmplifierGeometry,
        options: AmplifierOptions,
        flags: &PixelFlags,
    ) -> Result<Self, RefpixError> {
        Self::with_parities(pixel_dq, geometry, options, flags, |column| column % 2 == 0)
    }

    /// As [`Self::new`] for detectors whose odd and even columns do not alternate: `is_odd` tells for each column of the
    /// detector, counted from 0, whether it is odd, counted from 1.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_parities(
        pixel_dq: ArrayView2<'_, u32>,
        geometry: &AmplifierGeometry,
        options: AmplifierOptions,
        flags: &PixelFlags,
        is_odd: impl Fn(usize) -> bool,
    ) -> Result<Self, RefpixError> {
        let shape = pixel_dq.dim();
        let (origin, detector) = (geometry.origin, geometry.detector);
        if origin.0 + shape.0 > detector.0 || origin.1 + shape.1 > detector.1 {
            return Err(RefpixError::Outside {
                image: shape,
                origin,
                detector,
            });
        }
        let amplifiers = geometry
            .amplifier_edges
            .windows(2)
            .map(|edges| {
                let parities: &[bool] = if options.odd_even_columns {
                    &[true, false]
                } else {
                    &[true]
                };
                let of_parity = |&odd: &bool| {
                    let both = parities.len() == 1;
                    let columns = (edges[0]..edges[1]).filter(|&c| both || is_odd(c) == odd);
                    Section::new(pixel_dq, geometry, columns, flags)
                };
                parities.iter().map(of_parity).collect()
            })
            .collect();
        let sides = options
            .side
            .is_some()
            .then(|| side_pixels(pixel_dq, geometry, flags));
        Ok(Self {
            shape,
            amplifiers,
            sides,
            rows_on_detector: (origin.0, detector.0),
            options,
        })
    }

    /// Number of reference pixels that may be used at top and bottom, and at the sides.
    pub fn n_usable(&self) -> (usize, usize) {
        let sections = self.amplifiers.iter().flatten();
        let rows = sections.map(|section| section.top.len() + section.bottom.len());
        let sides = self.sides.iter().flatten();
        let columns = sides.map(|side| side.usable.iter().filter(|&&usable| usable).count());
        (rows.sum(), columns.sum())
    }

    /// Corrects one image, in place.
    ///
    /// # Errors
    /// [`RefpixError::Shape`] if the image has another shape than the quality.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use stcal::{flags::PixelFlags, refpix::*};
    /// // A detector of 6 x 8 pixels, two amplifiers, one layer of reference pixels.
    /// let geometry = AmplifierGeometry {
    ///     detector: (6, 8), amplifier_edges: vec![0, 4, 8], border: 1, origin: (0, 0),
    /// };
    /// let options = AmplifierOptions { odd_even_columns: true, side: None, sigma_limit: 3.0 };
    /// let dq = Array2::zeros((6, 8));
    /// let correction = AmplifierCorrection::new(dq.view(), &geometry, options, &PixelFlags::default())?;
    /// // Each amplifier and each parity has a level of its own.
    /// let mut image = Array2::from_shape_fn((6, 8), |(_, x)| (10 * (x / 4) + x % 2) as f32);
    /// correction.correct(image.view_mut(), Arithmetic::Single)?;
    /// assert!(image.iter().all(|&value| value == 0.0));
    /// # Ok::<(), RefpixError>(())
    /// ```
    pub fn correct(
        &self,
        image_dn: ArrayViewMut2<'_, f32>,
        arithmetic: Arithmetic,
    ) -> Result<(), RefpixError> {
        self.run(image_dn, arithmetic, false)
    }

    /// Corrects a zero frame, in place: samples that are 0 are bad and stay 0.
    ///
    /// # Errors
    /// [`RefpixError::Shape`] if the image has another shape than the quality.
    pub fn correct_zero_frame(
        &self,
        image_dn: ArrayViewMut2<'_, f32>,
        arithmetic: Arithmetic,
    ) -> Result<(), RefpixError> {
        self.run(image_dn, arithmetic, true)
    }

    /// Corrects one image, in place, with kernels instead of the running median at the sides; `keep_zeros` as for
    /// [`Self::correct_zero_frame`].
    ///
    /// Each amplifier has kernels of its own. All reference pixels at the sides count, whatever their quality.
    ///
    /// # Errors
    /// [`RefpixError::Shape`] if the image has another shape than the quality, or the kernels are longer than it.
    /// [`RefpixError::Outside`] if the image does not reach both sides of the detector.
    pub fn correct_with_kernels(
        &self,
        mut image_dn: ArrayViewMut2<'_, f32>,
        kernels: &SirsKernels,
        arithmetic: Arithmetic,
        keep_zeros: bool,
    ) -> Result<(), RefpixError> {
        let (rows, columns) = self.shape;
        check_shape(
            "image with reference pixels",
            &[rows, columns],
            image_dn.shape(),
        )?;
        let longest = [kernels.length().max(rows)];
        check_shape("rows of kernels and of the image", &longest, &[rows])?;
        let Some(sides) = self.sides.as_ref().filter(|[left, right]| {
            left.usable.ncols() == right.usable.ncols() && left.usable.ncols() > 0
        }) else {
            return Err(RefpixError::Outside {
                image: self.shape,
                origin: (self.rows_on_detector.0, 0),
                detector: self.shape,
            });
        };
        let by_column = self.column_levels(image_dn.view(), arithmetic);
        let [left, right] = sides
            .each_ref()
            .map(|side| side_values(side, image_dn.view(), &by_column, arithmetic));
        let drifts = kernels.drifts([left.view(), right.view()]);
        let n = drifts.len().max(1);
        for (amplifier, by_row) in drifts.into_iter().enumerate() {
            let (first, end) = (amplifier * columns / n, (amplifier + 1) * columns / n);
            let drift = Drift {
                by_column: by_column[first..end].to_vec(),
                by_row: Some(by_row),
                arithmetic,
                keep_zeros,
            };
            drift.subtract(image_dn.slice_mut(s![.., first..end]));
        }
        Ok(())
    }

    fn run(
        &self,
        image_dn: ArrayViewMut2<'_, f32>,
        arithmetic: Arithmetic,
        keep_zeros: bool,
    ) -> Result<(), RefpixError> {
        let shape = [self.shape.0, self.shape.1];
        check_shape("image with reference pixels", &shape, image_dn.shape())?;
        let arithmetic = match self.sides {
            Some(_) => arithmetic,
            None => Arithmetic::Single,
        };
        let by_column = self.column_levels(image_dn.view(), arithmetic);
        let by_row = self.row_levels(image_dn.view(), &by_column, arithmetic);
        let drift = Drift {
            by_column,
            by_row,
            arithmetic,
            keep_zeros,
        };
        drift.subtract(image_dn);
        Ok(())
    }

    /// The level of every column, 0 where an amplifier has none.
    fn column_levels(&self, image: ArrayView2<'_, f32>, arithmetic: Arithmetic) -> Vec<f64> {
        let limit = self.options.sigma_limit;
        let mut levels = vec![0.0; self.shape.1];
        for sections in &self.amplifiers {
            let found: Option<Vec<Level>> = sections
                .iter()
                .map(|section| {
                    let top = clipped_mean(gather(image, &section.top), limit, arithmetic);
                    let bottom = clipped_mean(gather(image, &section.bottom), limit, arithmetic);
                    Level::average(top, bottom)
                })
                .collect();
            // An amplifier that has no level for one parity is not corrected at all.
            for (section, level) in sections.iter().zip(found.into_iter().flatten()) {
                for &column in &section.columns {
                    levels[column] = level.value;
                }
            }
        }
        levels
    }

    /// The level of every row, from the sides after the correction of their columns.
    fn row_levels(
        &self,
        image: ArrayView2<'_, f32>,
        by_column: &[f64],
        arithmetic: Arithmetic,
    ) -> Option<Vec<f64>> {
        let (sides, options) = (self.sides.as_ref()?, self.options.side?);
        let [left, right] = sides.each_ref().map(|side| {
            let block = side_values(side, image, by_column, arithmetic);
            let rows = self.rows_on_detector;
            side.running_median(block.view(), rows, options.smoothing_length, arithmetic)
        });
        let mut levels = join(&left, &right);
        for level in &mut levels {
            *level *= options.gain;
        }
        Some(levels)
    }
}

impl Section {
    fn new(
        pixel_dq: ArrayView2<'_, u32>,
        geometry: &AmplifierGeometry,
        columns: impl Iterator<Item = usize>,
        flags: &PixelFlags,
    ) -> Self {
        let (rows, width) = pixel_dq.dim();
        let (origin, detector) = (geometry.origin, geometry.detector);
        let columns: Vec<usize> = columns
            .filter_map(|column| column.checked_sub(origin.1))
            .filter(|&column| column < width)
            .collect();
        let find = |inside: &dyn Fn(usize) -> bool| {
            let rows = (0..rows).filter(|&row| inside(origin.0 + row));
            usable(pixel_dq, rows, columns.iter().copied(), flags)
        };
        Self {
            top: find(&|row| row + geometry.border >= detector.0),
            bottom: find(&|row| row < geometry.border),
            columns,
        }
    }
}

/// The values of one side after the correction of their columns.
fn side_values(
    side: &Side,
    image: ArrayView2<'_, f32>,
    by_column: &[f64],
    arithmetic: Arithmetic,
) -> Array2<f64> {
    Array2::from_shape_fn(side.usable.dim(), |(row, column)| {
        let column = side.first_column + column;
        let value = f64::from(image[[row, column]]) - by_column[column];
        match arithmetic {
            Arithmetic::Single => f64::from(value as f32),
            Arithmetic::Double => value,
        }
    })
}

/// The reference columns at the left and the right, as far as the image has them.
fn side_pixels(
    pixel_dq: ArrayView2<'_, u32>,
    geometry: &AmplifierGeometry,
    flags: &PixelFlags,
) -> [Side; 2] {
    let (rows, columns) = pixel_dq.dim();
    let (origin, border) = (geometry.origin.1, geometry.border);
    [
        (0, border),
        (geometry.detector.1 - border, geometry.detector.1),
    ]
    .map(|(first, end)| {
        let clip = |column: usize| column.saturating_sub(origin).min(columns);
        let (first_column, end) = (clip(first), clip(end));
        Side {
            first_column,
            usable: Array2::from_shape_fn((rows, end - first_column), |(row, column)| {
                pixel_dq[[row, first_column + column]] & flags.do_not_use == 0
            }),
        }
    })
}
