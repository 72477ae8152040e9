//! Smoothing of a plane with a ring, NaN left out.

use ndarray::{Array2, ArrayView2};

/// A ring of pixels around each pixel.
#[derive(Debug, Clone)]
pub(super) struct Ring {
    /// For each distance in rows: columns up to the first distance, without those up to the second if there is one.
    spans: Vec<Option<(usize, Option<usize>)>>,
    /// Pixels of the ring.
    taps: usize,
}

impl Ring {
    /// The pixels whose distance is at least `inner` and at most `inner + width`.
    ///
    /// Source: astropy 8.0.2 `convolution/kernels.py::Ring2DKernel`.
    pub(super) fn new(inner: f64, width: f64) -> Self {
        let outer = inner + width;
        let within = |squared: f64| squared >= inner * inner && squared <= outer * outer;
        let reach = outer.max(0.0) as usize;
        let mut taps = 0;
        let spans: Vec<_> = (0..=reach)
            .map(|dy| {
                let in_ring = |dx: &usize| within((dx * dx + dy * dy) as f64);
                let last = (0..=reach).rev().find(in_ring)?;
                let first = (0..=reach).find(in_ring)?;
                let across = 2 * (last - first + 1) - usize::from(first == 0);
                taps += across * if dy == 0 { 1 } else { 2 };
                Some((last, first.checked_sub(1)))
            })
            .collect();
        Self { spans, taps }
    }

    /// Mean of the values in the ring around each pixel that is finite itself, without those that are not finite;
    /// pixels outside of the plane count as zeros. NaN where there is none, and where the pixel is not finite.
    pub(super) fn mean(&self, plane: ArrayView2<'_, f32>) -> Array2<f64> {
        let (rows, columns) = plane.dim();
        let mut smoothed = Array2::from_elem((rows, columns), f64::NAN);
        if self.taps == 0 {
            return smoothed;
        }
        let kept = self.spans.len();
        // The sums along the rows that are in reach, each written over when it is no longer.
        let mut window: Vec<Vec<RowSums>> = (0..2 * kept)
            .map(|_| vec![RowSums::new(columns); kept])
            .collect();
        let mut prefix = RowSums::new(columns + 1);
        let mut loaded = 0;
        for row in 0..rows {
            while loaded < rows.min(row + kept) {
                prefix.accumulate(plane.row(loaded));
                for (span, sums) in self.spans.iter().zip(&mut window[loaded % (2 * kept)]) {
                    sums.across(&prefix, *span);
                }
                loaded += 1;
            }
            let mut sums = RowSums::new(columns);
            let first = row.saturating_sub(kept - 1);
            for near in first..rows.min(row + kept) {
                sums.add(&window[near % (2 * kept)][near.abs_diff(row)]);
            }
            for (column, value) in plane.row(row).iter().enumerate() {
                let good = self.taps as i64 - i64::from(sums.bad[column]);
                if value.is_finite() && good > 0 {
                    smoothed[[row, column]] = sums.value[column] / good as f64;
                }
            }
        }
        smoothed
    }
}

/// Sums of finite values, and numbers of others.
#[derive(Debug, Clone)]
struct RowSums {
    value: Vec<f64>,
    bad: Vec<i32>,
}

impl RowSums {
    fn new(length: usize) -> Self {
        Self {
            value: vec![0.0; length],
            bad: vec![0; length],
        }
    }

    /// The sums of everything before each column.
    fn accumulate(&mut self, row: ndarray::ArrayView1<'_, f32>) {
        let (mut value, mut bad) = (0.0, 0);
        for (column, sample) in row.iter().enumerate() {
            if sample.is_finite() {
                value += f64::from(*sample);
            } else {
                bad += 1;
            }
            self.value[column + 1] = value;
            self.bad[column + 1] = bad;
        }
    }

    /// The sums over a span around each column.
    fn across(&mut self, prefix: &Self, span: Option<(usize, Option<usize>)>) {
        self.value.fill(0.0);
        self.bad.fill(0);
        let Some((outer, inner)) = span else {
            return;
        };
        let columns = self.value.len();
        for column in 0..columns {
            let ends = |half: usize| {
                (
                    column.saturating_sub(half),
                    (column + half + 1).min(columns),
                )
            };
            let (first, last) = ends(outer);
            self.value[column] = prefix.value[last] - prefix.value[first];
            self.bad[column] = prefix.bad[last] - prefix.bad[first];
            if let Some((first, last)) = inner.map(ends) {
                self.value[column] -= prefix.value[last] - prefix.value[first];
                self.bad[column] -= prefix.bad[last] - prefix.bad[first];
            }
        }
    }

    fn add(&mut self, other: &Self) {
        for (sum, value) in self.value.iter_mut().zip(&other.value) {
            *sum += value;
        }
        for (sum, bad) in self.bad.iter_mut().zip(&other.bad) {
            *sum += bad;
        }
    }
}
