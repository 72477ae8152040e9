//! Local maxima.

use ndarray::{Array2, ArrayView2};

/// The neighbourhood in which a peak has no higher pixel.
#[derive(Debug)]
pub(super) struct Neighbourhood {
    /// Offsets along rows and columns in which a peak must be the highest.
    offsets: Vec<(isize, isize)>,
    /// Offsets that suffice where they are all lower, whatever is at the others.
    sufficient: Vec<(isize, isize)>,
}

impl Neighbourhood {
    /// The pixels where a kernel counts.
    pub(super) fn of_kernel(is_inside: &Array2<bool>) -> Self {
        let centre = (is_inside.nrows() / 2, is_inside.ncols() / 2);
        let offset = |index: usize, centre: usize| index as isize - centre as isize;
        let offsets: Vec<_> = is_inside
            .indexed_iter()
            .filter(|(_, inside)| **inside)
            .map(|((row, column), _)| (offset(row, centre.0), offset(column, centre.1)))
            .collect();
        Self {
            sufficient: offsets.clone(),
            offsets,
        }
    }

    /// A circle.
    ///
    /// Parity: photutils 3.0.0 `detection/peakfinder.py::_fast_circular_peaks`. The circle of a radius that is not whole
    /// has its centre half a pixel off; a pixel that is not the highest of the square inside the circle, at least 3 x 3,
    /// is none, unless it is the highest of the square around the circle.
    pub(super) fn circle(radius: f64) -> Self {
        let size = (2.0 * radius + 1.0).ceil() as isize;
        let half = size / 2;
        let limit = radius * radius;
        let square = |low: isize, high: isize| {
            (low..high).flat_map(move |dy| (low..high).map(move |dx| (dy, dx)))
        };
        let position = |offset: isize| (offset + half) as f64 - radius;
        let mut offsets: Vec<_> = square(-half, size - half)
            .filter(|(dy, dx)| position(*dy).powi(2) + position(*dx).powi(2) <= limit)
            .collect();
        let shift = if size % 2 == 0 { 0.5 } else { 0.0 };
        let inner = (radius / std::f64::consts::SQRT_2 - shift).floor() as isize;
        let side = inner.max(1);
        offsets.extend(square(-side, side + 1));
        offsets.sort_unstable();
        offsets.dedup();
        Self {
            offsets,
            sufficient: square(-half, size - half).collect(),
        }
    }

    fn is_peak(&self, data: ArrayView2<'_, f32>, at: (usize, usize)) -> bool {
        let value = data[at];
        let (rows, columns) = data.dim();
        let is_highest = |offsets: &[(isize, isize)]| {
            offsets.iter().all(|(dy, dx)| {
                let row = at.0.checked_add_signed(*dy).filter(|row| *row < rows);
                let column = at.1.checked_add_signed(*dx).filter(|x| *x < columns);
                let other = match (row, column) {
                    (Some(row), Some(column)) => data[[row, column]],
                    _ => 0.0,
                };
                // A comparison with NaN is false: such a pixel counts as the lowest of the image.
                let is_higher = other > value;
                !is_higher
            })
        };
        is_highest(&self.offsets) || is_highest(&self.sufficient)
    }
}

/// Pixels `(row, column)` above the threshold and as high as their neighbourhood, row by row.
///
/// There are none in an image that has the same value everywhere.
pub(super) fn find_peaks(
    data: ArrayView2<'_, f32>,
    mask: ArrayView2<'_, bool>,
    threshold: f64,
    neighbourhood: &Neighbourhood,
) -> Vec<(usize, usize)> {
    let Some(first) = data.first() else {
        return Vec::new();
    };
    if data.iter().all(|value| value == first) {
        return Vec::new();
    }
    let mut peaks = Vec::new();
    for (row, (values, masked)) in data.outer_iter().zip(mask.outer_iter()).enumerate() {
        for (column, (value, masked)) in values.iter().zip(masked).enumerate() {
            let is_bright = f64::from(*value) > threshold && !masked;
            if is_bright && neighbourhood.is_peak(data, (row, column)) {
                peaks.push((row, column));
            }
        }
    }
    peaks
}
