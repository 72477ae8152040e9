//! Smoothing of a plane with a ring, NaN left out.

use std::ops::Range;

/// Columns whose sums are made together.
const PIECE: usize = 128;

/// Columns whose sums are kept in registers.
const STEP: usize = 16;

/// A ring of pixels around each pixel.
#[derive(Debug, Clone)]
pub(super) struct Ring {
    /// For each distance in columns: the distances in rows that are in the ring.
    spans: Vec<std::ops::Range<usize>>,
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
        let spans = (0..=reach)
            .map(|dx| {
                let in_ring = |dy: &usize| within((dx * dx + dy * dy) as f64);
                let last = (0..=reach).rev().find(in_ring);
                let first = (0..=reach).find(in_ring);
                let span = first
                    .zip(last)
                    .map_or(0..0, |(first, last)| first..last + 1);
                let across = 2 * span.len() - usize::from(span.contains(&0));
                taps += across * if dx == 0 { 1 } else { 2 };
                span
            })
            .collect();
        Self { spans, taps }
    }

    /// How far the ring reaches.
    fn reach(&self) -> usize {
        self.spans.len() - 1
    }
}

/// Values of a row with a margin of zeros on either side; what is not finite is zero as well, and counted.
#[derive(Debug, Clone)]
struct PaddedRow {
    value: Vec<f64>,
    bad: Vec<u32>,
}

impl PaddedRow {
    /// Room for a number of places and one step more.
    fn new(length: usize) -> Self {
        Self {
            value: vec![0.0; length + STEP],
            bad: vec![0; length + STEP],
        }
    }

    #[inline(always)]
    fn clear(&mut self) {
        self.value.fill(0.0);
        self.bad.fill(0);
    }

    /// Puts the sums of some of the `rows` over the places `here` into the first places; the rest of the last step is
    /// overwritten.
    #[inline(always)]
    fn sum(&mut self, rows: &[Self], which: &[usize], here: Range<usize>) {
        let steps = self.value.chunks_exact_mut(STEP);
        let steps = steps.zip(self.bad.chunks_exact_mut(STEP));
        for ((sums, counts), start) in steps.zip(here.step_by(STEP)) {
            let (mut value, mut bad) = ([0.0; STEP], [0; STEP]);
            for &row in which {
                let row = &rows[row];
                let values = row.value[start..].first_chunk::<STEP>();
                let (Some(values), Some(bads)) = (values, row.bad[start..].first_chunk::<STEP>())
                else {
                    continue;
                };
                for place in 0..STEP {
                    value[place] += values[place];
                }
                for place in 0..STEP {
                    bad[place] += bads[place];
                }
            }
            sums.copy_from_slice(&value);
            counts.copy_from_slice(&bad);
        }
    }
}

/// Smooths a plane whose rows come one after another.
///
/// A pixel's value is the mean of the values in the ring around it, without those that are not finite; pixels outside
/// of the plane count as zeros. It is NaN where there is none, and where the pixel is not finite itself.
#[derive(Debug)]
pub(super) struct Smoother {
    ring: Ring,
    columns: usize,
    /// The rows in reach, each written over when it no longer is.
    window: Vec<PaddedRow>,
    /// Sums along columns, of a piece of a row.
    sums: PaddedRow,
    /// For each distance in columns: where in the window the rows are that are in the ring.
    places: Vec<Vec<usize>>,
    /// Rows that have come.
    loaded: usize,
}

impl Smoother {
    /// For planes of `columns` columns.
    pub(super) fn new(ring: Ring, columns: usize) -> Self {
        let reach = ring.reach();
        let row = PaddedRow::new(columns + 2 * reach);
        Self {
            columns,
            window: vec![row.clone(); 2 * reach + 1],
            sums: PaddedRow::new(PIECE + 2 * reach),
            places: vec![Vec::new(); reach + 1],
            loaded: 0,
            ring,
        }
    }

    /// How many rows have to follow before a row can be smoothed.
    pub(super) fn delay(&self) -> usize {
        self.ring.reach()
    }

    /// Takes the next row, of `columns` values; `None` after the last row of the plane.
    #[inline(always)]
    pub(super) fn push(&mut self, row: Option<&[f32]>) {
        let count = self.window.len();
        let into = &mut self.window[self.loaded % count];
        self.loaded += 1;
        let Some(row) = row else {
            into.clear();
            return;
        };
        let margin = self.ring.reach();
        let inner = margin..margin + self.columns;
        let values = into.value[inner.clone()].iter_mut();
        for ((value, bad), sample) in values.zip(&mut into.bad[inner]).zip(row) {
            *value = if sample.is_finite() {
                f64::from(*sample)
            } else {
                0.0
            };
            *bad = u32::from(!sample.is_finite());
        }
    }

    /// Smooths the row that came [`Self::delay`] rows before the last.
    #[inline(always)]
    pub(super) fn smooth(&mut self, smoothed: &mut [f64]) {
        let reach = self.ring.reach();
        let count = self.window.len();
        // The window is full of zeros where no row has been yet.
        let row = self.loaded + count - 1 - reach;
        let taps = self.ring.taps as i32;
        for (places, span) in self.places.iter_mut().zip(&self.ring.spans) {
            places.clear();
            for away in span.clone() {
                places.push((row + away) % count);
                if away > 0 {
                    places.push((row - away) % count);
                }
            }
        }
        // Piece by piece, so that sums stay in the nearest cache.
        for (index, smoothed) in smoothed[..self.columns].chunks_mut(PIECE).enumerate() {
            let start = index * PIECE;
            smoothed.fill(0.0);
            let mut bad = [0_u32; PIECE];
            let bad = &mut bad[..smoothed.len()];
            for (distance, places) in self.places.iter().enumerate() {
                let first = start + reach - distance;
                let here = first..first + smoothed.len() + 2 * distance;
                self.sums.sum(&self.window, places, here);
                // Columns to the left, then to the right.
                let shifts = [0, 2 * distance];
                for shift in &shifts[..if distance == 0 { 1 } else { 2 }] {
                    let values = &self.sums.value[*shift..];
                    smoothed.iter_mut().zip(values).for_each(|(a, b)| *a += b);
                    let counts = &self.sums.bad[*shift..];
                    bad.iter_mut().zip(counts).for_each(|(a, b)| *a += b);
                }
            }
            let centre = &self.window[row % count].bad[reach + start..];
            for ((value, bad), centre) in smoothed.iter_mut().zip(bad).zip(centre) {
                let good = taps - *bad as i32;
                let known = (*centre == 0) & (good > 0);
                *value = if known {
                    *value / f64::from(good)
                } else {
                    f64::NAN
                };
            }
        }
    }
}
