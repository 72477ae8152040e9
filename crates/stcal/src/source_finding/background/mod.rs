//! Level and noise of the sky on a mesh of boxes, as smooth surfaces.
//!
//! In each box, values further than 3 standard deviations from the median are left out, up to five times; what is left
//! gives a median and a standard deviation. Boxes that lost more than a tenth of their pixels take a mean of the nearest
//! good boxes, weighted by the inverse distance. A median over 3 x 3 boxes removes those that a bright source lifts, and
//! a cubic spline through the boxes gives the value of each pixel, no lower and no higher than any box.
//!
//! # Source
//! photutils 3.0.0 `background/background_2d.py::Background2D` with `MedianBackground` and `StdBackgroundRMS`, as called
//! by jwst 3.0.0 `tweakreg/tweakreg_catalog.py::JWSTBackground`. Exact but for the last bit of a surface.

mod boxes;
mod surface;

#[cfg(test)]
mod tests;

use ndarray::{Array2, ArrayView2};

use crate::box_mesh::fill_unknown;

pub use boxes::{BoxStatistics, Boxes};
pub use surface::Surface;

/// Share of its pixels that a box may lose [%].
const EXCLUDED_PERCENT: f64 = 10.0;

/// Why there is no background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BackgroundError {
    /// No pixel has a finite value.
    #[error(
        "Input data contains all non-finite (NaN or infinity) values. Cannot compute a background."
    )]
    NotFinite,
    /// Every pixel is masked or not finite.
    #[error("All input pixels are masked. Cannot compute a background.")]
    Masked,
}

/// Level and noise of the sky.
#[derive(Debug, Clone)]
pub struct MeshBackground {
    /// The level; to be taken as 0 where the image is masked.
    pub level: Surface,
    /// Standard deviation of a pixel; to be taken as 0 where the image is masked.
    pub noise: Surface,
    /// No box had enough pixels, so that the whole image served as one.
    pub is_of_whole_image: bool,
}

impl MeshBackground {
    /// Measures the background in boxes of `box_size` x `box_size` pixels, serially.
    ///
    /// # Errors
    /// [`BackgroundError`] if there is no pixel to measure.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use stcal::source_finding::background::MeshBackground;
    ///
    /// let data = Array2::from_shape_fn((20, 20), |(y, x)| if (x + y) % 2 == 0 { 1.0 } else { 3.0 });
    /// let mask = Array2::from_elem((20, 20), false);
    /// let background = MeshBackground::estimate(data.view(), mask.view(), 10).unwrap();
    /// assert_eq!(background.level.image()[[3, 17]], 2.0);
    /// assert_eq!(background.noise.image()[[3, 17]], 1.0);
    /// ```
    pub fn estimate(
        data: ArrayView2<'_, f32>,
        mask: ArrayView2<'_, bool>,
        box_size: usize,
    ) -> Result<Self, BackgroundError> {
        Self::estimate_by(data, mask, box_size, |boxes| {
            boxes.statistics(data, mask, 0..boxes.len())
        })
    }

    /// Measures the background; `measure` gives [`Boxes::statistics`] of each box in order.
    ///
    /// # Errors
    /// [`BackgroundError`] if there is no pixel to measure.
    pub fn estimate_by(
        data: ArrayView2<'_, f32>,
        mask: ArrayView2<'_, bool>,
        box_size: usize,
        measure: impl Fn(&Boxes) -> Vec<BoxStatistics>,
    ) -> Result<Self, BackgroundError> {
        if !data.iter().any(|value| value.is_finite()) {
            return Err(BackgroundError::NotFinite);
        }
        let is_used = |(value, masked): (&f32, &bool)| value.is_finite() && !masked;
        if !data.iter().zip(mask.iter()).any(is_used) {
            return Err(BackgroundError::Masked);
        }
        if box_size > 0 {
            let boxes = Boxes::new(data.dim(), (box_size, box_size));
            let least = (1.0 - EXCLUDED_PERCENT / 100.0) * boxes.pixels() as f64;
            if let Some(background) = Self::from_boxes(&boxes, &measure(&boxes), least) {
                return Ok(background);
            }
        }
        let whole = Boxes::new(data.dim(), data.dim());
        let background = Self::from_boxes(&whole, &measure(&whole), 0.0);
        let mut background = background.ok_or(BackgroundError::Masked)?;
        background.is_of_whole_image = true;
        Ok(background)
    }

    /// The surfaces through boxes that have more than `least` pixels; none if there is no such box.
    fn from_boxes(boxes: &Boxes, statistics: &[BoxStatistics], least: f64) -> Option<Self> {
        let mesh = |value: fn(&BoxStatistics) -> f32| {
            Array2::from_shape_fn(boxes.count(), |(row, column)| {
                let statistics = &statistics[row * boxes.count().1 + column];
                let is_good = statistics.pixels as f64 > least;
                if is_good { value(statistics) } else { f32::NAN }
            })
        };
        let surface = |mesh: Array2<f32>| {
            let filled = fill_unknown(mesh)?;
            Some(Surface::new(boxes::median_filter(filled.view()), boxes))
        };
        Some(Self {
            level: surface(mesh(|statistics| statistics.median))?,
            noise: surface(mesh(|statistics| statistics.deviation))?,
            is_of_whole_image: false,
        })
    }

    /// Median over the image of `factor` times the noise, masked pixels counting as 0.
    ///
    /// The threshold that the star finders use, which take one value for the image.
    #[must_use]
    pub fn median_threshold(&self, factor: f64, mask: ArrayView2<'_, bool>) -> f32 {
        let mut noise = self.noise.image();
        let factor = factor as f32;
        noise.zip_mut_with(&mask, |noise, masked| {
            *noise = if *masked { 0.0 } else { *noise * factor };
        });
        crate::median::median_f32(noise.as_slice_mut().unwrap_or_default())
    }
}
