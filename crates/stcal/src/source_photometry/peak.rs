//! Sharpness and roundness of a peak, as DAOFIND has them.

use ndarray::{Array2, ArrayView2};

use crate::source_finding::{cutout, gaussian_kernel, quadrant_roundness};

/// Measures peaks with a Gaussian of zero sum, truncated at 1.5 standard deviations but no nearer than 2 pixels.
///
/// # Source
/// jwst 3.0.0 `source_catalog/source_catalog.py::JWSTSourceCatalog.sharpness` and `roundness`; the image is convolved only
/// where a source needs it.
#[derive(Debug, Clone)]
pub struct PeakShape {
    radius: usize,
    /// Offsets along rows and columns, and weights.
    weights: Vec<(isize, isize, f64)>,
    inside: Array2<bool>,
}

impl PeakShape {
    /// A kernel of this standard deviation [pixel].
    #[must_use]
    pub fn new(sigma: f64) -> Self {
        let limit = (1.5 * sigma).max(2.0);
        let radius = limit as usize;
        let size = 2 * radius + 1;
        let offset = |index: usize| index as f64 - radius as f64;
        let inside = Array2::from_shape_fn((size, size), |(row, column)| {
            (offset(row).powi(2) + offset(column).powi(2)).sqrt() <= limit
        });
        let mut kernel = gaussian_kernel(sigma, Some(size));
        let highest = kernel[[radius, radius]];
        kernel.zip_mut_with(&inside, |value, inside| {
            *value = if *inside { *value / highest } else { 0.0 };
        });
        let count = inside.iter().filter(|inside| **inside).count() as f64;
        let (sum, squares) = (kernel.sum(), kernel.mapv(|value| value * value).sum());
        let scale = squares - sum * sum / count;
        let weights = kernel
            .indexed_iter()
            .filter(|(at, _)| inside[*at])
            .map(|((row, column), value)| {
                let place = |index: usize| index as isize - radius as isize;
                (place(row), place(column), (value - sum / count) / scale)
            })
            .filter(|(_, _, weight)| weight.abs() > f64::EPSILON)
            .collect();
        Self {
            radius,
            weights,
            inside,
        }
    }

    /// Sharpness and roundness at a position `(x, y)`.
    ///
    /// Sharpness is the height of the peak above the mean around it over that in the convolved image; roundness compares
    /// quadrants of the convolved image, in 32 bits. NaN spreads from the image.
    #[must_use]
    pub fn measure(&self, data: ArrayView2<'_, f32>, position: (f64, f64)) -> (f64, f32) {
        let half = self.radius as f64 + 0.5;
        let first = |at: f64| (at - half).ceil() as i64;
        let (y, x) = (first(position.1), first(position.0));
        let size = self.inside.nrows() as i64;
        let misses = |first: i64, len: usize| first + size <= 0 || first >= len as i64;
        if misses(y, data.nrows()) || misses(x, data.ncols()) {
            return (f64::NAN, f32::NAN);
        }
        let margin = self.radius;
        let centre = (y + margin as i64, x + margin as i64);
        let around = cutout(data, centre, 2 * margin);
        let convolved = Array2::from_shape_fn(self.inside.dim(), |(row, column)| {
            let is_on_image = |at: i64, len: usize| at >= 0 && at < len as i64;
            let is_on_image = is_on_image(y + row as i64, data.nrows())
                && is_on_image(x + column as i64, data.ncols());
            if is_on_image {
                self.convolved(&around, (row + margin, column + margin))
            } else {
                0.0
            }
        });
        let peak = f64::from(around[[2 * margin, 2 * margin]]);
        let (mut sum, mut count) = (0.0, 0.0);
        for ((row, column), inside) in self.inside.indexed_iter() {
            // A pixel outside the kernel counts zero times, so that its NaN counts.
            let weight = f64::from(u8::from(*inside));
            sum += f64::from(around[[row + margin, column + margin]]) * weight;
            count += weight;
        }
        let mean = (sum - peak) / (count - 1.0);
        let sharpness = (peak - mean) / f64::from(convolved[[margin, margin]]);
        (sharpness, quadrant_roundness(&convolved, margin))
    }

    fn convolved(&self, data: &Array2<f32>, at: (usize, usize)) -> f32 {
        let mut sum = 0.0;
        for (dy, dx, weight) in &self.weights {
            let row = at.0.wrapping_add_signed(*dy);
            let column = at.1.wrapping_add_signed(*dx);
            sum += f64::from(data[[row, column]]) * weight;
        }
        sum as f32
    }
}
