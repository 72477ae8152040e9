//! Blot: samples an image at the positions of the pixels of another one.
//!
//! # Source
//! The interpolations are those of IRAF's `image.math.iminterp` that drizzle's blot took over: nearest pixel, bilinear,
//! Everett's central differences of third and fifth order, sinc with a cosine taper, and Lanczos functions from a table.
//! drizzle 2.2.0 `resample::blot_image`. Tolerance: the last bit of the 32-bit result.

mod polynomial;
mod sampling;

use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use crate::{DrizzleError, PixelMap};

use sampling::{Image, Sampler};

/// How to take a value between pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Interpolation {
    /// The nearest pixel.
    Nearest,
    /// Bilinear.
    Linear,
    /// Cubic in both directions.
    Poly3,
    /// Quintic in both directions.
    #[default]
    Poly5,
    /// Sinc over 15 x 15 pixels.
    Sinc,
    /// Lanczos function of order 3.
    Lanczos3,
    /// Lanczos function of order 5.
    Lanczos5,
}

impl Interpolation {
    /// The interpolation of this name, as used by the parameters of blot everywhere.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "nearest" => Self::Nearest,
            "linear" => Self::Linear,
            "poly3" => Self::Poly3,
            "poly5" => Self::Poly5,
            "sinc" => Self::Sinc,
            "lan3" => Self::Lanczos3,
            "lan5" => Self::Lanczos5,
            _ => return None,
        })
    }

    /// Least number of rows and columns of the image.
    fn least_side(self) -> usize {
        match self {
            Self::Poly3 => 4,
            Self::Poly5 => 6,
            _ => 1,
        }
    }
}

/// How an image is blotted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlotSettings {
    /// How to take a value between pixels.
    pub interpolation: Interpolation,
    /// Factor on the values.
    pub intensity_scale: f32,
    /// Value of pixels that lie outside of the image.
    pub fill: f32,
    /// Factor on the distances in a sinc.
    pub sinc_scale: f32,
}

impl Default for BlotSettings {
    fn default() -> Self {
        Self {
            interpolation: Interpolation::Poly5,
            intensity_scale: 1.0,
            fill: 0.0,
            sinc_scale: 1.0,
        }
    }
}

/// Samples `image` at the positions that `pixmap` gives to the pixels of `output`. Returns how many lie outside.
///
/// A pixel is inside if its coordinates are 0 or more and less than the number of columns and rows. The map of some rows
/// ([`PixelMap::rows`]) with the same rows of the output blots a band.
///
/// # Errors
/// [`DrizzleError`] if the shapes do not fit, the image is too small for the interpolation, or the map has a NaN.
///
/// ```
/// use drizzle::{BlotSettings, Interpolation, PixelMap, blot};
/// use ndarray::{Array2, arr2};
///
/// let image = arr2(&[[0.0_f32, 2.0], [4.0, 6.0]]);
/// let (x, y) = (arr2(&[[0.5, 1.5, -1.0]]), arr2(&[[0.5, 0.0, 0.0]]));
/// let mut output = Array2::zeros((1, 3));
/// let settings = BlotSettings { interpolation: Interpolation::Linear, fill: -9.0, ..BlotSettings::default() };
/// let outside = blot(image.view(), &PixelMap::new(x.view(), y.view())?, &settings, output.view_mut())?;
/// assert_eq!(output, arr2(&[[3.0, 2.0, -9.0]]));
/// assert_eq!(outside, 1);
/// # Ok::<(), drizzle::DrizzleError>(())
/// ```
pub fn blot(
    image: ArrayView2<'_, f32>,
    pixmap: &PixelMap<'_>,
    settings: &BlotSettings,
    output: ArrayViewMut2<'_, f32>,
) -> Result<usize, DrizzleError> {
    if output.dim() != pixmap.shape() {
        return Err(DrizzleError::Shape {
            what: "the blotted image",
            expected: pixmap.shape(),
            found: output.dim(),
        });
    }
    let least = settings.interpolation.least_side();
    let (rows, columns) = image.dim();
    if rows < least || columns < least {
        return Err(DrizzleError::Setting {
            name: "the least side of the image",
            value: rows.min(columns) as f64,
            expected: "the width of the interpolation or more",
        });
    }
    let image = Image::new(
        image.as_slice().ok_or(DrizzleError::Layout {
            what: "the image to blot",
        })?,
        columns,
    );
    match Sampler::new(settings.interpolation, settings.sinc_scale) {
        // The quickest one is compiled into the loop.
        Sampler::Linear => {
            let sample = |x, y| sampling::linear(&image, x, y);
            let together = |x: &_, y: &_| sampling::linear_inside(&image, x, y);
            blot_all(
                (sample, together),
                (rows, columns),
                pixmap,
                settings,
                output,
            )
        }
        sampler => {
            let sample = |x, y| sampler.sample(&image, x, y);
            blot_all(
                (sample, |_: &_, _: &_| None),
                (rows, columns),
                pixmap,
                settings,
                output,
            )
        }
    }
}

/// [`blot`] with an interpolation of an image of so many rows and columns: of single points that lie on it, and, where that is
/// possible, of several.
#[inline(always)]
fn blot_all(
    (sample, together): (
        impl Fn(f32, f32) -> f32,
        impl Fn(&Points, &Points) -> Option<Points>,
    ),
    (rows, columns): (usize, usize),
    pixmap: &PixelMap<'_>,
    settings: &BlotSettings,
    mut output: ArrayViewMut2<'_, f32>,
) -> Result<usize, DrizzleError> {
    let mut outside = 0;
    for (row, mut line) in output.rows_mut().into_iter().enumerate() {
        let (xs, ys) = pixmap.row(row);
        let parts = xs.chunks(SIDE_BY_SIDE).zip(ys.chunks(SIDE_BY_SIDE));
        for ((number, (xs, ys)), mut line) in
            (parts.enumerate()).zip(line.axis_chunks_iter_mut(Axis(0), SIDE_BY_SIDE))
        {
            if let (Some(x), Some(y)) = (xs.first_chunk(), ys.first_chunk())
                && let Some(values) = together(&rounded(x), &rounded(y))
            {
                for (value, sampled) in line.iter_mut().zip(values) {
                    *value = sampled * settings.intensity_scale;
                }
                continue;
            }
            for (k, (value, (x, y))) in line.iter_mut().zip(xs.iter().zip(ys)).enumerate() {
                let (x, y) = (*x as f32, *y as f32);
                if x.is_nan() || y.is_nan() {
                    let column = number * SIDE_BY_SIDE + k;
                    return Err(DrizzleError::UnmappedPixel { row, column });
                }
                if x >= 0.0 && x < columns as f32 && y >= 0.0 && y < rows as f32 {
                    *value = sample(x, y) * settings.intensity_scale;
                } else {
                    *value = settings.fill;
                    outside += 1;
                }
            }
        }
    }
    Ok(outside)
}

/// Points that are looked at together: so many that the compiler keeps loops over them, and makes vector instructions of these.
const SIDE_BY_SIDE: usize = 32;

/// A number for each of these points.
type Points = [f32; SIDE_BY_SIDE];

#[inline(always)]
fn rounded(numbers: &[f64; SIDE_BY_SIDE]) -> Points {
    numbers.map(|number| number as f32)
}
