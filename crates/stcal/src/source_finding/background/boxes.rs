//! The boxes of a mesh and their statistics.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Zip, s};

use crate::median::{median_f32, median_f64};
use crate::sigma_clip::{clipped_bounds_of, keep_within};
use crate::source_finding::summation::{by_count, pairwise_sum};

/// Limit of clipping [standard deviations].
const SIGMA: f64 = 3.0;
/// Iterations of clipping.
const ITERATIONS: usize = 5;
/// Boxes that are clipped side by side.
const TOGETHER: usize = 4;

/// An image cut into boxes, row by row; those at the upper and right edge may be smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boxes {
    shape: (usize, usize),
    size: (usize, usize),
}

/// What is known of one box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoxStatistics {
    /// Median of the values that were not clipped; NaN if there are none.
    pub median: f32,
    /// Standard deviation of the values that were not clipped; NaN if there are none.
    pub deviation: f32,
    /// Number of values that were not clipped.
    pub pixels: usize,
}

/// In what order the reference package comes by the pixels of a box, which settles the last bit of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// A box of full size: row by row.
    Rows,
    /// A box that the upper or right edge cuts: column by column.
    Columns,
    /// The box in the corner: row by row, and clipped without the library's fast path.
    Corner,
}

impl Boxes {
    /// Cuts an image of `shape` into boxes of `size`, at most the image's.
    #[must_use]
    pub fn new(shape: (usize, usize), size: (usize, usize)) -> Self {
        let size = (size.0.min(shape.0).max(1), size.1.min(shape.1).max(1));
        Self { shape, size }
    }

    /// Shape of the image.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// Shape of a whole box.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Rows and columns of boxes.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        (
            self.shape.0.div_ceil(self.size.0),
            self.shape.1.div_ceil(self.size.1),
        )
    }

    /// Number of boxes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count().0 * self.count().1
    }

    /// Whether there is no box, because the image is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of pixels of a whole box.
    #[must_use]
    pub fn pixels(&self) -> usize {
        self.size.0 * self.size.1
    }

    /// Measures boxes, counted row by row; several in a call take less time.
    ///
    /// # Panics
    /// If there are no such boxes or the arrays do not have the shape that the boxes were made for.
    #[must_use]
    pub fn statistics(
        &self,
        data: ArrayView2<'_, f32>,
        mask: ArrayView2<'_, bool>,
        boxes: Range<usize>,
    ) -> Vec<BoxStatistics> {
        let mut found = Vec::with_capacity(boxes.len());
        for first in boxes.clone().step_by(TOGETHER) {
            let indices = first..(first + TOGETHER).min(boxes.end);
            let mut corner = None;
            let mut all: [Vec<f32>; TOGETHER] = Default::default();
            for (values, index) in all.iter_mut().zip(indices.clone()) {
                let (order, of_box) = self.values(data, mask, index);
                match order {
                    Order::Corner => corner = Some((index - first, of_corner(of_box))),
                    Order::Rows | Order::Columns => *values = of_box,
                }
            }
            let mut statistics = of_boxes(all);
            if let Some((place, corner)) = corner {
                statistics[place] = corner;
            }
            found.extend(&statistics[..indices.len()]);
        }
        found
    }

    /// The values of a box, NaN for those that are masked or not finite, in their order.
    fn values(
        &self,
        data: ArrayView2<'_, f32>,
        mask: ArrayView2<'_, bool>,
        index: usize,
    ) -> (Order, Vec<f32>) {
        let (row, column) = (index / self.count().1, index % self.count().1);
        let (y, x) = (row * self.size.0, column * self.size.1);
        let (y_end, x_end) = (
            (y + self.size.0).min(self.shape.0),
            (x + self.size.1).min(self.shape.1),
        );
        let data = data.slice(s![y..y_end, x..x_end]);
        let mask = mask.slice(s![y..y_end, x..x_end]);
        let is_cut = (y_end - y < self.size.0, x_end - x < self.size.1);
        let order = match is_cut {
            (false, false) => Order::Rows,
            (true, true) => Order::Corner,
            _ => Order::Columns,
        };
        let (data, mask) = match order {
            Order::Columns => (data.reversed_axes(), mask.reversed_axes()),
            Order::Rows | Order::Corner => (data, mask),
        };
        let mut values = Array2::zeros(data.dim());
        Zip::from(&mut values)
            .and(data)
            .and(mask)
            .for_each(|value, pixel, masked| {
                let is_good = pixel.is_finite() && !masked;
                *value = if is_good { *pixel } else { f32::NAN };
            });
        (order, values.into_raw_vec_and_offset().0)
    }
}

fn of_boxes(boxes: [Vec<f32>; TOGETHER]) -> [BoxStatistics; TOGETHER] {
    let mut finite = boxes.clone();
    for values in &mut finite {
        keep_within(values, f64::MIN, f64::MAX);
    }
    let bounds = clipped_bounds_of(finite.each_mut(), SIGMA, Some(ITERATIONS));
    let mut bounds = bounds.into_iter();
    boxes.map(|values| of_box(values, bounds.next().unwrap_or((f64::NAN, f64::NAN))))
}

/// The statistics of values within limits.
fn of_box(mut values: Vec<f32>, (low, high): (f64, f64)) -> BoxStatistics {
    for value in &mut values {
        let wide = f64::from(*value);
        if wide < low || wide > high {
            *value = f32::NAN;
        }
    }
    let deviation = deviation(&values);
    values.retain(|value| !value.is_nan());
    BoxStatistics {
        deviation,
        pixels: values.len(),
        median: median_f32(&mut values),
    }
}

/// Clipping with 32-bit medians and deviations.
fn of_corner(mut values: Vec<f32>) -> BoxStatistics {
    values.retain(|value| !value.is_nan());
    for _ in 0..ITERATIONS {
        let before = values.len();
        let centre = median_f32(&mut values.clone());
        let reach = deviation(&values) * SIGMA as f32;
        values.retain(|value| *value >= centre - reach && *value <= centre + reach);
        if values.len() == before {
            break;
        }
    }
    BoxStatistics {
        deviation: deviation(&values),
        pixels: values.len(),
        median: median_f32(&mut values),
    }
}

/// Standard deviation of the values that are not NaN, in 32 bits.
fn deviation(values: &[f32]) -> f32 {
    let count = values.iter().filter(|value| !value.is_nan()).count();
    let known: Vec<f32> = values
        .iter()
        .map(|value| if value.is_nan() { 0.0 } else { *value })
        .collect();
    let mean = by_count(pairwise_sum(&known), count);
    let squares: Vec<f32> = values
        .iter()
        .map(|value| {
            let residual = if value.is_nan() { 0.0 } else { value - mean };
            residual * residual
        })
        .collect();
    by_count(pairwise_sum(&squares), count).sqrt()
}

/// Median over 3 x 3 boxes, fewer at the edges.
pub(super) fn median_filter(mesh: ArrayView2<'_, f32>) -> Array2<f32> {
    let (rows, columns) = mesh.dim();
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let window = mesh.slice(s![
            row.saturating_sub(1)..(row + 2).min(rows),
            column.saturating_sub(1)..(column + 2).min(columns)
        ]);
        let mut values: Vec<f64> = window.iter().map(|value| f64::from(*value)).collect();
        median_f64(&mut values) as f32
    })
}
