//! One image, from its mask to its cleaned values.

use ndarray::{ArrayView2, ArrayViewMut2, Zip};

use super::CleanError;
use super::background::{self, Background, BackgroundImage};
use super::fourier::{FrameFit, SubarrayFit};
use super::lines::LineMedians;
use super::scene::clip_sorted;
use crate::shape::check_shape;

/// How the noise is fitted.
#[derive(Debug, Clone, PartialEq)]
pub enum NoiseFit {
    /// A median for each line.
    Lines(LineMedians),
    /// Low frequencies of each line of a full frame.
    Frame(FrameFit),
    /// Frequencies of the readout of a subarray.
    Subarray(SubarrayFit),
}

/// Removes noise from images of a kind.
#[derive(Debug, Clone)]
pub struct Cleaner<'a> {
    /// What is removed before the fit and restored after it.
    pub background: Background,
    /// Pixels further than this from the background take no part in the fit [sigma]; 0 for no limit.
    pub n_sigma: f64,
    /// The fit.
    pub fit: NoiseFit,
    /// Flat field by which images are divided for the fit, `(row, column)`.
    pub flat: Option<ArrayView2<'a, f32>>,
}

/// What became of an image.
#[derive(Debug, Clone, PartialEq)]
pub enum Cleaned {
    /// The noise was removed; this was the background.
    Done(BackgroundImage),
    /// No pixel is fit for use: the image is as it was.
    NoData,
}

impl Cleaner<'_> {
    /// Removes noise from an image, in place.
    ///
    /// `mask` is true for background pixels, shaped as the image; outliers are taken out of it. NaN stays NaN.
    ///
    /// # Errors
    /// [`CleanError`]; the image is to be thrown away then.
    ///
    /// # Source
    /// jwst 3.0.0 `clean_flicker_noise.py::_clean_one_image`.
    ///
    /// ```
    /// use ndarray::{Array2, array};
    /// use stcal::clean_flicker_noise::{Across, Background, Cleaner, LineMedians, NoiseFit};
    /// let lines = LineMedians { across: Across::Rows, channels: 1 };
    /// let cleaner = Cleaner { background: Background::Level, n_sigma: 0.0, fit: NoiseFit::Lines(lines), flat: None };
    /// let mut image = array![[9.0_f32, 9.0, 9.0], [10.0, 10.0, 10.0], [11.0, 11.0, 11.0]];
    /// let mut mask = Array2::from_elem((3, 3), true);
    /// cleaner.clean(image.view_mut(), mask.view_mut())?;
    /// assert_eq!(image, Array2::from_elem((3, 3), 10.0));
    /// # Ok::<(), stcal::clean_flicker_noise::CleanError>(())
    /// ```
    pub fn clean(
        &self,
        mut image: ArrayViewMut2<'_, f32>,
        mut mask: ArrayViewMut2<'_, bool>,
    ) -> Result<Cleaned, CleanError> {
        check_shape("mask", image.shape(), mask.shape())?;
        if let Some(flat) = &self.flat {
            check_shape("flat field", image.shape(), flat.shape())?;
        }
        if !self.has_data(image.view(), mask.view()) {
            return Ok(Cleaned::NoData);
        }
        if let Some(flat) = &self.flat {
            image /= flat;
        }
        let mut unknown = Vec::new();
        for ((place, value), mask) in image.indexed_iter_mut().zip(&mut mask) {
            if value.is_nan() {
                unknown.push(place);
                *value = 0.0;
                *mask = false;
            }
        }
        let background = self.subtract_background(image.view_mut(), mask.view_mut());
        match &self.fit {
            NoiseFit::Lines(lines) => lines.subtract(image.view_mut(), mask.view()),
            NoiseFit::Frame(fit) => fit.subtract(image.view_mut(), mask.view()),
            NoiseFit::Subarray(fit) => fit.subtract(image.view_mut(), mask.view())?,
        }
        background.add_to(image.view_mut());
        if let Some(flat) = &self.flat {
            image *= flat;
        }
        for place in unknown {
            image[place] = f32::NAN;
        }
        Ok(Cleaned::Done(background))
    }

    /// Whether a background pixel has a value.
    fn has_data(&self, image: ArrayView2<'_, f32>, mask: ArrayView2<'_, bool>) -> bool {
        let is_nan = |place, value: f32| {
            let flat = self.flat.as_ref().map_or(1.0, |flat| flat[place]);
            (value / flat).is_nan()
        };
        let mut used = image.indexed_iter().zip(&mask).filter(|(_, mask)| **mask);
        used.any(|((place, &value), _)| !is_nan(place, value))
    }

    fn subtract_background(
        &self,
        mut image: ArrayViewMut2<'_, f32>,
        mut mask: ArrayViewMut2<'_, bool>,
    ) -> BackgroundImage {
        if self.background == Background::None {
            return BackgroundImage::Level(0.0);
        }
        let (background, mut values) =
            background::find(image.view(), mask.view_mut(), self.background);
        background.subtract_from(image.view_mut());
        if self.n_sigma > 0.0 {
            match &background {
                BackgroundImage::Level(level) => values.subtract(*level),
                BackgroundImage::Image(_) => {
                    values = super::scene::values_in(image.view(), mask.view());
                }
            }
            clip_sorted(
                image.view(),
                mask,
                &mut values,
                (self.n_sigma, self.n_sigma),
            );
        }
        background
    }
}

/// Takes samples that no fit may use out of a mask: `bits` are the flags of such samples.
///
/// Shapes are `(row, column)`.
pub fn mask_flagged(mut mask: ArrayViewMut2<'_, bool>, dq: ArrayView2<'_, u8>, bits: u8) {
    Zip::from(&mut mask)
        .and(&dq)
        .for_each(|mask, &dq| *mask &= dq & bits == 0);
}
