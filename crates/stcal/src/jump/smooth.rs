//! Smoothing of a plane with a ring, NaN left out, to see where it exceeds a threshold.

/// Columns whose sums are made together, so that they stay in the nearest cache.
const PIECE: usize = 128;

/// Columns whose means are taken side by side.
const STEP: usize = 8;

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

/// A row of the plane with a margin on either side.
#[derive(Debug, Clone)]
struct PaddedRow {
    /// Values; zeros in the margins.
    value: Vec<f32>,
    /// How far each value is above the threshold, as [`Screen::excess`].
    excess: Vec<f32>,
}

/// Tells in single precision which pixels may exceed the threshold, for a closer look.
///
/// The mean over a ring exceeds the threshold if what its values have above it sums up to more than zero: there is no need
/// to count the values. A value that suffices for that whatever the others are is cut down to `most`, so that the
/// errors of the sums have a bound.
#[derive(Debug, Clone, Copy)]
struct Screen {
    threshold: f32,
    most: f32,
    /// Means whose sum is not above this do not exceed the threshold; NaN if that cannot be told.
    least: f32,
}

impl Screen {
    fn new(threshold: f64, taps: usize) -> Self {
        let (threshold, taps) = (threshold as f32, taps as f32);
        let most = taps * threshold;
        // At most two additions for each pixel of the ring, of sums of at most `taps * most`; doubled to be safe.
        let error = 2.0 * (2.0 * taps) * (taps * most) * f32::EPSILON;
        let valid = threshold > 0.0 && error.is_finite();
        Self {
            threshold,
            most,
            least: if valid { -error } else { f32::NAN },
        }
    }

    /// How far a value is above the threshold, at most `most`; zero if it is not finite.
    #[inline(always)]
    fn excess(&self, value: f32) -> f32 {
        let excess = value - self.threshold;
        let excess = if excess > self.most {
            self.most
        } else {
            excess
        };
        if value.is_finite() { excess } else { 0.0 }
    }
}

/// Marks where a plane, smoothed, exceeds a threshold. Its rows come one after another.
///
/// The smoothed value of a pixel is the mean of the values in the ring around it, without those that are not finite; pixels
/// outside of the plane count as zeros. It is NaN where there is none, and where the pixel is not finite itself.
#[derive(Debug)]
pub(super) struct Smoother {
    ring: Ring,
    threshold: f64,
    screen: Screen,
    columns: usize,
    /// The rows in reach, each written over when it no longer is.
    window: Vec<PaddedRow>,
    /// Sums of `excess` over rows, of a piece of the plane: for each distance in columns, of those in the ring.
    sums: Vec<Vec<f32>>,
    /// The same of all rows near enough.
    total: Vec<f32>,
    /// Rows that have come.
    loaded: usize,
}

impl Smoother {
    /// For planes of `columns` columns.
    pub(super) fn new(ring: Ring, threshold: f64, columns: usize) -> Self {
        let screen = Screen::new(threshold, ring.taps);
        let reach = ring.reach();
        // The last step may reach beyond the margin.
        let width = columns + 2 * reach + STEP;
        let row = PaddedRow {
            value: vec![0.0; width],
            excess: vec![screen.excess(0.0); width],
        };
        let piece = vec![0.0; PIECE + 2 * reach];
        Self {
            threshold,
            screen,
            columns,
            window: vec![row; 2 * reach + 1],
            sums: vec![piece.clone(); reach + 1],
            total: piece,
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
            into.value.fill(0.0);
            into.excess.fill(self.screen.excess(0.0));
            return;
        };
        let margin = self.ring.reach();
        let inner = margin..margin + self.columns;
        into.value[inner.clone()].copy_from_slice(row);
        for (excess, value) in into.excess[inner].iter_mut().zip(row) {
            *excess = self.screen.excess(*value);
        }
    }

    /// Marks with 1 where the row that came [`Self::delay`] rows before the last exceeds the threshold, with 0 elsewhere.
    #[inline(always)]
    pub(super) fn mark(&mut self, above: &mut [u8]) {
        for (index, above) in above[..self.columns].chunks_mut(PIECE).enumerate() {
            self.screen(index * PIECE, above);
            if above.iter().fold(0, |any, maybe| any | maybe) == 0 {
                continue;
            }
            for (step, above) in above.chunks_mut(STEP).enumerate() {
                if above.iter().fold(0, |any, maybe| any | maybe) != 0 {
                    let means = self.means(index * PIECE + step * STEP);
                    for (above, mean) in above.iter_mut().zip(means) {
                        *above &= u8::from(mean > self.threshold);
                    }
                }
            }
        }
    }

    /// The window's row in the middle, and a whole number of turns, so that rows before it have a place as well.
    #[inline(always)]
    fn middle(&self) -> usize {
        // The window is full of zeros where no row has been yet.
        self.loaded + self.window.len() - 1 - self.ring.reach()
    }

    /// Marks with 1 which pixels from `start` on may exceed the threshold.
    #[inline(always)]
    fn screen(&mut self, start: usize, maybe: &mut [u8]) {
        let (middle, reach) = (self.middle(), self.ring.reach());
        let here = start..start + maybe.len() + 2 * reach;
        let row = |place: usize| &self.window[place % self.window.len()];
        let total = &mut self.total[..here.len()];
        for away in 0..=reach {
            let after = &row(middle + away).excess[here.clone()];
            if away == 0 {
                total.copy_from_slice(after);
            } else {
                let before = &row(middle - away).excess[here.clone()];
                for ((total, before), after) in total.iter_mut().zip(before).zip(after) {
                    *total += before + after;
                }
            }
            for (span, sums) in self.ring.spans.iter().zip(&mut self.sums) {
                // What is in the ring: all rows as near as its last, without those nearer than its first.
                let sums = sums.iter_mut().zip(&*total);
                let is_last = span.end == away + 1;
                if is_last && span.start > 0 {
                    sums.for_each(|(sum, total)| *sum = total - *sum);
                } else if is_last || span.start == away + 1 {
                    sums.for_each(|(sum, total)| *sum = *total);
                }
            }
        }
        let mut ring = [0.0; PIECE];
        let ring = &mut ring[..maybe.len()];
        for (distance, (span, sums)) in self.ring.spans.iter().zip(&self.sums).enumerate() {
            let sides = [reach - distance, reach + distance];
            let sides = match (span.is_empty(), distance) {
                (true, _) => &sides[..0],
                (false, 0) => &sides[..1],
                (false, _) => &sides[..],
            };
            for &side in sides {
                let sums = ring.iter_mut().zip(&sums[side..]);
                sums.for_each(|(ring, sum)| *ring += sum);
            }
        }
        let centre = &row(middle).value[start + reach..];
        for ((maybe, sum), centre) in maybe.iter_mut().zip(ring).zip(centre) {
            let below = *sum <= self.screen.least;
            *maybe = u8::from(!below & centre.is_finite());
        }
    }

    /// The smoothed values of some pixels of the row in the middle; NaN where there is no value in the ring.
    #[inline(always)]
    fn means(&self, column: usize) -> [f64; STEP] {
        let (middle, reach) = (self.middle(), self.ring.reach());
        let (mut sums, mut counts) = ([0.0; STEP], [0_u32; STEP]);
        for (distance, span) in self.ring.spans.iter().enumerate() {
            let sides = [column + reach - distance, column + reach + distance];
            for &place in &sides[..if distance == 0 { 1 } else { 2 }] {
                let mut along = [0.0; STEP];
                for away in span.clone() {
                    let rows = [middle + away, middle - away];
                    for row in &rows[..if away == 0 { 1 } else { 2 }] {
                        let row = &self.window[row % self.window.len()].value[place..];
                        let Some(values) = row.first_chunk::<STEP>() else {
                            continue;
                        };
                        for lane in 0..STEP {
                            let good = values[lane].is_finite();
                            along[lane] += f64::from(if good { values[lane] } else { 0.0 });
                            counts[lane] += u32::from(good);
                        }
                    }
                }
                for lane in 0..STEP {
                    sums[lane] += along[lane];
                }
            }
        }
        let mut means = [f64::NAN; STEP];
        for lane in 0..STEP {
            means[lane] = sums[lane] / f64::from(counts[lane]);
        }
        means
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    /// The definition, pixel by pixel.
    fn expected(plane: &Array2<f32>, (inner, width): (f64, f64), threshold: f64) -> Array2<u8> {
        let value = |row: i64, column: i64| {
            let inside = usize::try_from(row).ok().zip(usize::try_from(column).ok());
            inside.and_then(|at| plane.get(at)).copied().unwrap_or(0.0)
        };
        let reach = (inner + width) as i64;
        Array2::from_shape_fn(plane.dim(), |(row, column)| {
            let (mut sum, mut good) = (0.0, 0.0);
            for dy in -reach..=reach {
                for dx in -reach..=reach {
                    let distance = ((dx * dx + dy * dy) as f64).sqrt();
                    let value = value(row as i64 + dy, column as i64 + dx);
                    if (inner..=inner + width).contains(&distance) && value.is_finite() {
                        sum += f64::from(value);
                        good += 1.0;
                    }
                }
            }
            u8::from(plane[[row, column]].is_finite() && sum / good > threshold)
        })
    }

    fn marked(plane: &Array2<f32>, (inner, width): (f64, f64), threshold: f64) -> Array2<u8> {
        let (rows, columns) = plane.dim();
        let mut smoother = Smoother::new(Ring::new(inner, width), threshold, columns);
        let mut marked = Array2::from_elem((rows, columns), 9);
        for row in 0..rows + smoother.delay() {
            smoother.push((row < rows).then(|| plane.row(row).to_slice().unwrap()));
            if let Some(row) = row.checked_sub(smoother.delay()) {
                smoother.mark(marked.row_mut(row).as_slice_mut().unwrap());
            }
        }
        marked
    }

    fn values() -> impl Strategy<Value = f32> {
        prop_oneof![
            12 => 0.0_f32..6.0,
            2 => Just(f32::NAN),
            1 => Just(f32::INFINITY),
            1 => 0.0_f32..1e30,
        ]
    }

    proptest! {
        #[test]
        fn marks_are_those_of_the_definition(
            rows in 1_usize..9,
            columns in 1_usize..300,
            inner in 0.0_f64..3.0,
            width in 0.0_f64..3.0,
            threshold in prop_oneof![0.5_f64..5.0, Just(0.0), Just(-1.0), Just(f64::INFINITY)],
            pool in prop::collection::vec(values(), 1..400),
        ) {
            let plane = Array2::from_shape_fn((rows, columns), |(row, column)| {
                pool[(row * columns + column) % pool.len()]
            });
            let ring = (inner, width);
            prop_assert_eq!(marked(&plane, ring, threshold), expected(&plane, ring, threshold));
        }
    }
}
