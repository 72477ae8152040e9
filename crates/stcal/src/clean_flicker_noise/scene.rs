//! Which pixels show background.

use ndarray::{ArrayView2, ArrayViewMut2, Zip};

use super::histogram;
use super::sorted::SortedValues;

/// Limit of the clipping that finds the level of the background [sigma].
pub(super) const CLIP_SIGMA: f64 = 3.0;

/// How the scene is told from the background.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SceneLimits {
    /// Pixels more than this above the background are sources [sigma].
    pub n_sigma: f64,
    /// Whether level and width of the background come from a Gaussian that is fitted to the histogram of values.
    pub fit_histogram: bool,
}

/// Takes out of `mask` what is no background on a count-rate image: pixels that are NaN or exactly zero, sources, and
/// pixels more than three standard deviations below the background.
///
/// `mask` is true for pixels that may be used, `(row, column)` as the image. `limits` is `None` if nothing is to be
/// clipped.
///
/// # Source
/// jwst 3.0.0 `clean_flicker_noise.py::create_mask`.
///
/// ```
/// use ndarray::{Array2, array};
/// use stcal::clean_flicker_noise::scene::{SceneLimits, mask_scene};
/// let rate = array![[1.0_f32, 1.1, 0.9, 1.0], [0.9, 50.0, f32::NAN, 0.0], [1.0, 1.1, 1.0, 0.9]];
/// let mut mask = Array2::from_elem((3, 4), true);
/// mask_scene(rate.view(), mask.view_mut(), Some(SceneLimits { n_sigma: 3.0, fit_histogram: false }));
/// assert_eq!(mask.row(1), array![true, false, false, false]);
/// ```
pub fn mask_scene(
    rate: ArrayView2<'_, f32>,
    mut mask: ArrayViewMut2<'_, bool>,
    limits: Option<SceneLimits>,
) {
    Zip::from(&mut mask).and(&rate).for_each(|mask, &value| {
        *mask &= !(value.is_nan() || value == 0.0);
    });
    let Some(SceneLimits {
        n_sigma,
        fit_histogram,
    }) = limits
    else {
        return;
    };
    clip_scene(rate, mask, n_sigma, fit_histogram);
}

/// Takes sources, and pixels far below the background, out of a mask.
pub fn clip_scene(
    image: ArrayView2<'_, f32>,
    mask: ArrayViewMut2<'_, bool>,
    n_sigma: f64,
    fit_histogram: bool,
) {
    let values = values_in(image, mask.view());
    if values.is_empty() {
        return;
    }
    let stats = values.clipped(CLIP_SIGMA);
    let (mut centre, mut sigma) = (stats.median, stats.sigma);
    if fit_histogram {
        (centre, sigma) = histogram::fit(&values, stats.mean, stats.sigma);
    }
    apply(
        image,
        mask,
        (centre - CLIP_SIGMA * sigma, centre + n_sigma * sigma),
    );
}

/// Takes out of a mask what is further below or above the background than `n_sigma`; its width is that of the lower
/// half of the distribution.
///
/// # Source
/// jwst 3.0.0 `background_level.py::clip_to_background` with `lower_half_only`.
pub fn clip_by_lower_half(
    image: ArrayView2<'_, f32>,
    mut mask: ArrayViewMut2<'_, bool>,
    n_sigma: (f64, f64),
) {
    let mut values = values_in(image, mask.view());
    clip_sorted(image, mask.view_mut(), &mut values, n_sigma);
}

/// The same where the values in the mask are sorted already; those that are taken out leave them, too.
pub(super) fn clip_sorted(
    image: ArrayView2<'_, f32>,
    mask: ArrayViewMut2<'_, bool>,
    values: &mut SortedValues,
    (below, above): (f64, f64),
) {
    if let Some((centre, sigma)) = values.lower_half(CLIP_SIGMA) {
        let (low, high) = (centre - below * sigma, centre + above * sigma);
        values.keep(low, high);
        apply(image, mask, (low, high));
    }
}

/// The values in a mask.
pub(super) fn values_in(
    image: ArrayView2<'_, f32>,
    mask: ndarray::ArrayView2<'_, bool>,
) -> SortedValues {
    let used = image.iter().zip(&mask).filter(|(_, mask)| **mask);
    SortedValues::new(used.map(|(value, _)| *value))
}

fn apply(image: ArrayView2<'_, f32>, mut mask: ArrayViewMut2<'_, bool>, (low, high): (f64, f64)) {
    Zip::from(&mut mask).and(&image).for_each(|mask, &value| {
        let value = f64::from(value);
        // A value that is not a number is neither below nor above.
        *mask &= !(value < low || value > high);
    });
}
