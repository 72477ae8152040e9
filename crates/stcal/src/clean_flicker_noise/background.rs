//! The background under the noise: a level, or an image that varies slowly.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Zip};

use super::mesh::{self, MeshSize};
use super::scene::{CLIP_SIGMA, clip_sorted, values_in};
use super::sorted::SortedValues;

/// What is removed before the noise is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// Nothing.
    None,
    /// The median of the background pixels.
    Level,
    /// The medians of boxes, joined by a smooth surface.
    Mesh(MeshSize),
}

/// A background that was found.
#[derive(Debug, Clone, PartialEq)]
pub enum BackgroundImage {
    /// The same everywhere.
    Level(f32),
    /// `(row, column)`.
    Image(Array2<f32>),
}

impl BackgroundImage {
    /// Writes the background into an image of its shape.
    pub fn fill(&self, mut image: ArrayViewMut2<'_, f32>) {
        match self {
            Self::Level(level) => image.fill(*level),
            Self::Image(background) => image.assign(background),
        }
    }

    /// Adds the background to an image.
    pub fn add_to(&self, mut image: ArrayViewMut2<'_, f32>) {
        match self {
            Self::Level(level) => image.mapv_inplace(|value| value + level),
            Self::Image(background) => image += background,
        }
    }

    /// Subtracts the background from an image.
    pub fn subtract_from(&self, mut image: ArrayViewMut2<'_, f32>) {
        match self {
            Self::Level(level) => image.mapv_inplace(|value| value - level),
            Self::Image(background) => image -= background,
        }
    }
}

/// Finds the background of an image and takes outliers out of its mask.
///
/// `mask` is true for background pixels, `(row, column)` as the image. Where a mesh cannot be made, because no box has
/// enough pixels, the level is found instead.
///
/// # Source
/// jwst 3.0.0 `background_level.py::background_level`.
///
/// ```
/// use ndarray::{Array2, array};
/// use stcal::clean_flicker_noise::{Background, BackgroundImage, background_of};
/// let image = array![[1.0_f32, 2.0, 3.0], [2.0, 90.0, 2.0]];
/// let mut mask = image.mapv(|value| value < 50.0);
/// assert_eq!(background_of(image.view(), mask.view_mut(), Background::Level), BackgroundImage::Level(2.0));
/// ```
pub fn background_of(
    image: ArrayView2<'_, f32>,
    mask: ArrayViewMut2<'_, bool>,
    method: Background,
) -> BackgroundImage {
    find(image, mask, method).0
}

/// The background, and the values that are in the mask afterwards.
pub(super) fn find(
    image: ArrayView2<'_, f32>,
    mut mask: ArrayViewMut2<'_, bool>,
    method: Background,
) -> (BackgroundImage, SortedValues) {
    let mut values = values_in(image, mask.view());
    if method == Background::None {
        return (BackgroundImage::Level(0.0), values);
    }
    clip_sorted(
        image,
        mask.view_mut(),
        &mut values,
        (CLIP_SIGMA, CLIP_SIGMA),
    );
    let level = BackgroundImage::Level(values.median());
    let found = match method {
        Background::Mesh(size) => {
            mesh::surface(image, mask.view(), size).map_or(level, BackgroundImage::Image)
        }
        _ => level,
    };
    (found, values)
}

/// Replaces pixels by the smooth background of the others; `bad` says which.
///
/// # Source
/// jwst 3.0.0 `clean_flicker_noise.py::read_flat_file`.
pub fn fill_from_background(mut image: ArrayViewMut2<'_, f32>, bad: ArrayView2<'_, bool>) {
    if !bad.iter().any(|&bad| bad) {
        return;
    }
    let mut mask = bad.mapv(|bad| !bad);
    let size = MeshSize::dividing(image.dim());
    match background_of(image.view(), mask.view_mut(), Background::Mesh(size)) {
        BackgroundImage::Level(level) => {
            Zip::from(&mut image).and(&bad).for_each(|value, &bad| {
                *value = if bad { level } else { *value };
            });
        }
        BackgroundImage::Image(smooth) => {
            Zip::from(&mut image)
                .and(&bad)
                .and(&smooth)
                .for_each(|value, &bad, &smooth| {
                    *value = if bad { smooth } else { *value };
                });
        }
    }
}
