//! Comparison with the median.

use std::borrow::Cow;
use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, Axis, Zip};

use super::derivative::largest_differences;
use crate::shape::{ShapeError, check_shape};

/// An exposure and the median as that would have seen it, `(row, column)`.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// The exposure [BUNIT].
    pub data: ArrayView2<'a, f32>,
    /// Its standard deviations [BUNIT]; NaN counts as 0.
    pub err: ArrayView2<'a, f32>,
    /// The median, interpolated at the exposure's pixels [BUNIT]; NaN where it is not known.
    pub blot: ArrayView2<'a, f32>,
}

/// How much a pixel may differ, in the first pass, which finds regions, and in the second, which finds pixels in them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Factors of the standard deviation.
    pub snr: [f32; 2],
    /// Factors of the derivative.
    pub scale: [f32; 2],
    /// What the exposure has and the median has not [BUNIT].
    pub background: f32,
}

/// Marks the outliers in a band of rows, `rows` of the exposure. Returns how many there are.
///
/// Where a threshold or the difference is NaN, there is no outlier.
///
/// # Errors
/// [`ShapeError`]; nothing has been marked then.
///
/// ```
/// use ndarray::Array2;
/// use stcal::outlier_detection::{Compared, Thresholds, flag_resampled};
/// let (blot, err) = (Array2::from_elem((5, 5), 1.0), Array2::from_elem((5, 5), 0.1));
/// let mut data = blot.clone();
/// data[[2, 2]] = 9.0;
/// data[[2, 3]] = 1.45; // 4.5 standard deviations, beside an outlier.
/// let compared = Compared { data: data.view(), err: err.view(), blot: blot.view() };
/// let thresholds = Thresholds { snr: [5.0, 4.0], scale: [1.2, 0.7], background: 0.0 };
/// let mut outliers = Array2::from_elem((5, 5), false);
/// assert_eq!(flag_resampled(&compared, &thresholds, 0..5, outliers.view_mut())?, 2);
/// # Ok::<(), stcal::shape::ShapeError>(())
/// ```
///
/// # Source
/// stcal 1.20.0 `outlier_detection.utils::flag_resampled_crs`. Exact.
pub fn flag_resampled(
    compared: &Compared<'_>,
    thresholds: &Thresholds,
    rows: Range<usize>,
    mut outliers: ArrayViewMut2<'_, bool>,
) -> Result<usize, ShapeError> {
    let Compared { data, err, blot } = compared;
    let (height, width) = data.dim();
    check_shape("err", data.shape(), err.shape())?;
    check_shape("blot", data.shape(), blot.shape())?;
    check_shape("outliers", &[rows.len(), width], outliers.shape())?;
    // The first pass spreads to the neighbours.
    let first_row = rows.start.saturating_sub(1);
    let around = first_row..(rows.end + 1).min(height);
    let mut first = vec![false; around.len() * width];
    let mut second = vec![false; width];
    let mut derivative = vec![0.0; width];
    let lines = first.chunks_exact_mut(width.max(1));
    for (row, first) in around.clone().zip(lines) {
        let line = |row: usize| (row < height).then(|| line(*blot, row));
        let (before, own, after) = (row.checked_sub(1).and_then(line), line(row), line(row + 1));
        let own = own.unwrap_or_default();
        largest_differences(before.as_deref(), &own, after.as_deref(), &mut derivative);
        let pixels = Line {
            data: &self::line(*data, row),
            err: &self::line(*err, row),
            blot: &own,
            derivative: &derivative,
        };
        pixels.exceed(thresholds, 0, first);
        if rows.contains(&row) {
            pixels.exceed(thresholds, 1, &mut second);
            let own = outliers.row_mut(row - rows.start);
            own.into_iter()
                .zip(&second)
                .for_each(|(own, second)| *own = *second);
        }
    }
    let mut count = 0;
    for (row, mut line) in rows.zip(outliers.rows_mut()) {
        let near = row.saturating_sub(1)..(row + 2).min(around.end);
        for (column, second) in line.iter_mut().enumerate().filter(|(_, second)| **second) {
            let columns = column.saturating_sub(1)..(column + 2).min(width);
            *second = near.clone().any(|row| {
                let start = (row - first_row) * width;
                first[start + columns.start..start + columns.end].contains(&true)
            });
            count += usize::from(*second);
        }
    }
    Ok(count)
}

/// A row of an image, in one piece.
fn line(image: ArrayView2<'_, f32>, row: usize) -> Cow<'_, [f32]> {
    let line = image.index_axis_move(Axis(0), row);
    match line.to_slice() {
        Some(line) => Cow::Borrowed(line),
        None => Cow::Owned(line.to_vec()),
    }
}

/// A row of all that is compared.
struct Line<'a> {
    data: &'a [f32],
    err: &'a [f32],
    blot: &'a [f32],
    derivative: &'a [f32],
}

impl Line<'_> {
    /// Which pixels differ by more than the threshold of a pass.
    fn exceed(&self, thresholds: &Thresholds, pass: usize, exceed: &mut [bool]) {
        let (snr, scale) = (thresholds.snr[pass], thresholds.scale[pass]);
        let pixels = self
            .data
            .iter()
            .zip(self.blot)
            .zip(self.err.iter().zip(self.derivative));
        for (exceeds, ((data, blot), (err, derivative))) in exceed.iter_mut().zip(pixels) {
            let difference = (data - blot - thresholds.background).abs();
            *exceeds = difference > scale * derivative + snr * finite(*err);
        }
    }
}

/// A median that pixels are compared with: 32 bits, or 64 where it was averaged with so many.
pub trait Median: Copy {
    /// The distance of a pixel.
    fn distance(self, value: f32) -> f64;
}

impl Median for f32 {
    fn distance(self, value: f32) -> f64 {
        f64::from((value - self).abs())
    }
}

impl Median for f64 {
    fn distance(self, value: f32) -> f64 {
        (Self::from(value) - self).abs()
    }
}

/// Sets `bits` in the quality of pixels that differ from the median by more than `snr` standard deviations. Returns how many
/// there are.
///
/// # Errors
/// [`ShapeError`]; nothing has been set then.
///
/// # Source
/// stcal 1.20.0 `outlier_detection.utils::flag_crs`. Exact.
pub fn flag_aligned<M: Median>(
    data: ArrayView2<'_, f32>,
    err: ArrayView2<'_, f32>,
    median: ArrayView2<'_, M>,
    snr: f32,
    bits: u32,
    mut dq: ArrayViewMut2<'_, u32>,
) -> Result<usize, ShapeError> {
    check_shape("err", data.shape(), err.shape())?;
    check_shape("median", data.shape(), median.shape())?;
    check_shape("dq", data.shape(), dq.shape())?;
    let mut count = 0;
    Zip::from(&mut dq)
        .and(&data)
        .and(&err)
        .and(&median)
        .for_each(|dq, data, err, median| {
            if median.distance(*data) > f64::from(snr * finite(*err)) {
                *dq |= bits;
                count += 1;
            }
        });
    Ok(count)
}

/// 0 for NaN, the largest number for infinity.
fn finite(value: f32) -> f32 {
    if value.is_nan() {
        0.0
    } else {
        value.clamp(f32::MIN, f32::MAX)
    }
}
