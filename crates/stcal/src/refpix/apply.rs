//! Levels of columns and rows are taken from an image.

use ndarray::{ArrayViewMut2, Axis};

use super::Arithmetic;
use crate::simd::{Kernel, run_vectorised};

/// What is to be subtracted from an image, per column and per row.
pub(super) struct Drift {
    pub(super) by_column: Vec<f64>,
    /// Absent if there is no correction of rows.
    pub(super) by_row: Option<Vec<f64>>,
    pub(super) arithmetic: Arithmetic,
    /// Samples that are 0 stay so.
    pub(super) keep_zeros: bool,
}

impl Drift {
    /// Subtracts in the order of memory, whatever the orientation of the view.
    pub(super) fn subtract(mut self, mut image: ArrayViewMut2<'_, f32>) {
        for (axis, levels) in [
            (Axis(0), self.by_row.as_mut()),
            (Axis(1), Some(&mut self.by_column)),
        ] {
            if image.stride_of(axis) < 0 {
                image.invert_axis(axis);
                if let Some(levels) = levels {
                    levels.reverse();
                }
            }
        }
        let transposed = image.stride_of(Axis(0)) < image.stride_of(Axis(1));
        if transposed {
            image.swap_axes(0, 1);
        }
        let twice = self.by_row.is_some();
        let by_row = self
            .by_row
            .take()
            .unwrap_or_else(|| vec![0.0; image.len_of(Axis(usize::from(transposed)))]);
        let correct = Correct {
            single: self.arithmetic == Arithmetic::Single || !twice,
            keep_zeros: self.keep_zeros,
        };
        let (outer, inner) = if transposed {
            (&self.by_column, &by_row)
        } else {
            (&by_row, &self.by_column)
        };
        for (mut line, &outer) in image.outer_iter_mut().zip(outer) {
            if let Some(line) = line.as_slice_mut() {
                run_vectorised(SubtractLine {
                    line,
                    inner,
                    outer,
                    transposed,
                    correct,
                });
                continue;
            }
            for (sample, &inner) in line.iter_mut().zip(inner) {
                let (column, row) = if transposed {
                    (outer, inner)
                } else {
                    (inner, outer)
                };
                *sample = correct.sample(*sample, column, row);
            }
        }
    }
}

/// A line of pixels and its levels.
struct SubtractLine<'a> {
    line: &'a mut [f32],
    inner: &'a [f64],
    outer: f64,
    /// The line is a column.
    transposed: bool,
    correct: Correct,
}

impl Kernel for SubtractLine<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { outer, correct, .. } = self;
        let samples = self.line.iter_mut().zip(self.inner);
        if self.transposed {
            for (sample, &row) in samples {
                *sample = correct.sample(*sample, outer, row);
            }
        } else {
            for (sample, &column) in samples {
                *sample = correct.sample(*sample, column, outer);
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Correct {
    single: bool,
    keep_zeros: bool,
}

impl Correct {
    #[inline(always)]
    fn sample(self, sample: f32, column: f64, row: f64) -> f32 {
        let by_column = f64::from(sample) - column;
        let by_column = if self.single {
            f64::from(by_column as f32)
        } else {
            by_column
        };
        let corrected = (by_column - row) as f32;
        if self.keep_zeros && sample == 0.0 {
            0.0
        } else {
            corrected
        }
    }
}
