//! Convolution with a small symmetric kernel.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use crate::simd::{Kernel, run_vectorised};

/// What stands for pixels without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Border {
    /// 0 beyond the edge; NaN spreads, as in scipy's `ndimage.convolve(mode="constant")`.
    Zero,
    /// 0 beyond the edge; NaN and masked pixels take no part, as in astropy's `convolve`.
    Interpolate,
}

/// A convolution of 32-bit images, summed in 64 bits in the order of the kernel's rows.
#[derive(Debug, Clone)]
pub struct Convolution {
    /// Offset along rows, offset along columns, weight.
    weights: Vec<(isize, isize, f64)>,
    sum: f64,
    radius: (usize, usize),
    border: Border,
}

impl Convolution {
    /// A convolution with a kernel that has odd numbers of rows and columns and is the same upside down.
    #[must_use]
    pub fn new(kernel: ArrayView2<'_, f64>, border: Border) -> Self {
        let radius = (kernel.nrows() / 2, kernel.ncols() / 2);
        let offset = |index: usize, radius: usize| index as isize - radius as isize;
        // scipy leaves out weights that are as good as zero, astropy does not.
        let least = match border {
            Border::Zero => f64::EPSILON,
            Border::Interpolate => -1.0,
        };
        let weights: Vec<_> = kernel
            .indexed_iter()
            .filter(|(_, weight)| weight.abs() > least)
            .map(|((row, column), weight)| {
                (offset(row, radius.0), offset(column, radius.1), *weight)
            })
            .collect();
        Self {
            sum: weights.iter().map(|(_, _, weight)| weight).sum(),
            weights,
            radius,
            border,
        }
    }

    /// Convolves the whole image. A masked pixel is without a value, if a mask is given.
    #[must_use]
    pub fn convolve(
        &self,
        data: ArrayView2<'_, f32>,
        mask: Option<ArrayView2<'_, bool>>,
    ) -> Array2<f32> {
        let mut out = Array2::zeros(data.dim());
        self.write_rows(data, mask, 0, out.view_mut());
        out
    }

    /// Writes the rows of the convolved image from `first_row` on. Bands of rows have the same bits as the whole.
    ///
    /// # Panics
    /// If `out` reaches beyond the image.
    pub fn write_rows(
        &self,
        data: ArrayView2<'_, f32>,
        mask: Option<ArrayView2<'_, bool>>,
        first_row: usize,
        mut out: ArrayViewMut2<'_, f32>,
    ) {
        let (rows, columns) = data.dim();
        assert!(
            first_row + out.nrows() <= rows && out.ncols() == columns,
            "rows to convolve are not in the image"
        );
        let mut lines = Lines::new(self.radius, columns, self.border);
        let mut sums = vec![0.0_f64; columns];
        let mut norms = vec![0.0_f64; columns];
        for (offset, mut row) in out.outer_iter_mut().enumerate() {
            let centre = first_row + offset;
            lines.read(data, mask, centre);
            self.sum_row(&lines, centre, &mut sums);
            if !lines.has_unknown(centre) {
                let norm = match self.border {
                    Border::Zero => 1.0,
                    Border::Interpolate => self.sum,
                };
                for (value, sum) in row.iter_mut().zip(&sums) {
                    *value = (sum / norm) as f32;
                }
                continue;
            }
            self.norm_row(&lines, centre, &mut norms);
            for ((value, sum), norm) in row.iter_mut().zip(&sums).zip(&norms) {
                *value = if *norm == 0.0 {
                    f32::NAN
                } else {
                    (sum / norm) as f32
                };
            }
        }
    }

    fn sum_row(&self, lines: &Lines, centre: usize, sums: &mut [f64]) {
        let terms = self.weights.iter().map(|&(dy, dx, weight)| {
            let values = lines.shifted(centre, dy, dx);
            (values, weight)
        });
        let terms = &terms.collect::<Vec<_>>();
        run_vectorised(WeightedSums { terms, sums });
    }

    /// The sum of weights over pixels that have a value.
    fn norm_row(&self, lines: &Lines, centre: usize, norms: &mut [f64]) {
        let terms = self.weights.iter().map(|&(dy, dx, weight)| {
            let known = lines.known(centre, dy, dx);
            (known, weight)
        });
        let terms = &terms.collect::<Vec<_>>();
        run_vectorised(WeightedSums { terms, sums: norms });
    }
}

/// Columns whose sums stay in registers while the weights are gone through.
const TOGETHER: usize = 16;

/// Sums of rows with weights, column by column, in the order of the weights.
struct WeightedSums<'a> {
    terms: &'a [(&'a [f64], f64)],
    sums: &'a mut [f64],
}

impl Kernel for WeightedSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (chunks, rest) = self.sums.as_chunks_mut::<TOGETHER>();
        let end = chunks.len() * TOGETHER;
        for (number, sums) in chunks.iter_mut().enumerate() {
            let start = number * TOGETHER;
            let mut together = [0.0; TOGETHER];
            for (values, weight) in self.terms {
                let values = &values[start..start + TOGETHER];
                for (sum, value) in together.iter_mut().zip(values) {
                    *sum += value * weight;
                }
            }
            *sums = together;
        }
        for (offset, sum) in rest.iter_mut().enumerate() {
            let terms = self.terms.iter();
            *sum = terms.fold(0.0, |sum, (values, weight)| {
                sum + values[end + offset] * weight
            });
        }
    }
}

/// The rows around the one at work, widened to 64 bits, with a border of zeros.
struct Lines {
    radius: (usize, usize),
    columns: usize,
    border: Border,
    /// One more than the last row that has been read.
    end: Option<usize>,
    values: Vec<Vec<f64>>,
    known: Vec<Vec<f64>>,
    has_unknown: Vec<bool>,
}

impl Lines {
    fn new(radius: (usize, usize), columns: usize, border: Border) -> Self {
        let count = 2 * radius.0 + 1;
        let line = vec![0.0; columns + 2 * radius.1];
        Self {
            radius,
            columns,
            border,
            end: None,
            values: vec![line.clone(); count],
            known: vec![line; count],
            has_unknown: vec![false; count],
        }
    }

    fn slot(&self, row: isize) -> usize {
        row.rem_euclid(self.values.len() as isize).unsigned_abs()
    }

    /// Reads the rows that the row `centre` needs and that are not there yet.
    fn read(
        &mut self,
        data: ArrayView2<'_, f32>,
        mask: Option<ArrayView2<'_, bool>>,
        centre: usize,
    ) {
        let reach = self.radius.0 as isize;
        let centre = centre as isize;
        let first = match self.end {
            Some(end) => end as isize,
            None => centre - reach,
        };
        for row in first..=centre + reach {
            let slot = self.slot(row);
            self.has_unknown[slot] = false;
            let Some(index) = usize::try_from(row).ok().filter(|row| *row < data.nrows()) else {
                self.values[slot].fill(0.0);
                self.known[slot].fill(1.0);
                continue;
            };
            let inner = self.radius.1..self.radius.1 + self.columns;
            let values = &mut self.values[slot];
            for (value, wide) in data.row(index).iter().zip(&mut values[inner.clone()]) {
                *wide = f64::from(*value);
            }
            if self.border == Border::Zero {
                continue;
            }
            if let Some(mask) = mask {
                for (masked, wide) in mask.row(index).iter().zip(&mut values[inner.clone()]) {
                    if *masked {
                        *wide = f64::NAN;
                    }
                }
            }
            let known = &mut self.known[slot];
            known.fill(1.0);
            for (value, known) in values[inner.clone()].iter_mut().zip(&mut known[inner]) {
                if value.is_nan() {
                    *value = 0.0;
                    *known = 0.0;
                    self.has_unknown[slot] = true;
                }
            }
        }
        self.end = usize::try_from(centre + reach + 1).ok();
    }

    fn has_unknown(&self, centre: usize) -> bool {
        let reach = self.radius.0 as isize;
        (-reach..=reach).any(|dy| self.has_unknown[self.slot(centre as isize + dy)])
    }

    fn shifted(&self, centre: usize, dy: isize, dx: isize) -> &[f64] {
        self.window(&self.values, centre, dy, dx)
    }

    fn known(&self, centre: usize, dy: isize, dx: isize) -> &[f64] {
        self.window(&self.known, centre, dy, dx)
    }

    fn window<'a>(&self, lines: &'a [Vec<f64>], centre: usize, dy: isize, dx: isize) -> &'a [f64] {
        let start = self.radius.1.saturating_add_signed(dx);
        &lines[self.slot(centre as isize + dy)][start..start + self.columns]
    }
}

/// A pixel of an image as a place that need not be one.
pub(super) fn signed(pixel: (usize, usize)) -> (i64, i64) {
    (pixel.0 as i64, pixel.1 as i64)
}

/// The part of an image around a place, 0 beyond the edge.
pub(crate) fn cutout(data: ArrayView2<'_, f32>, centre: (i64, i64), radius: usize) -> Array2<f32> {
    let size = 2 * radius + 1;
    // Where the cutout and the image overlap: first in the image, first in the cutout, how many.
    let overlap = |centre: i64, len: usize| {
        let first = centre - radius as i64;
        let from = first.clamp(0, len as i64);
        let to = (first + size as i64).clamp(0, len as i64);
        (from as usize, (from - first) as usize, (to - from) as usize)
    };
    let (row, column) = (
        overlap(centre.0, data.nrows()),
        overlap(centre.1, data.ncols()),
    );
    let mut cutout = Array2::zeros((size, size));
    if row.2 > 0 && column.2 > 0 {
        cutout
            .slice_mut(s![row.1..row.1 + row.2, column.1..column.1 + column.2])
            .assign(&data.slice(s![row.0..row.0 + row.2, column.0..column.0 + column.2]));
    }
    cutout
}
