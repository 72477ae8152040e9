//! Smoothing of a plane with a ring, NaN left out, to see where it exceeds a threshold.

/// Columns whose sums are made together, so that they stay in registers.
const PIECE: usize = 16;

/// Columns whose means are taken side by side.
const STEP: usize = 8;

/// A ring of pixels around each pixel.
#[derive(Debug, Clone)]
pub(super) struct Ring {
    /// For each distance in rows: the distances in columns that are in the ring; and the other way round, as the ring has
    /// no preference.
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
            .map(|dy| {
                let in_ring = |dx: &usize| within((dx * dx + dy * dy) as f64);
                let last = (0..=reach).rev().find(in_ring);
                let first = (0..=reach).find(in_ring);
                let span = first
                    .zip(last)
                    .map_or(0..0, |(first, last)| first..last + 1);
                let across = 2 * span.len() - usize::from(span.contains(&0));
                taps += across * if dy == 0 { 1 } else { 2 };
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
    /// Sums of `excess` over the columns that are at most so far away, `(distance, column)`.
    within: Vec<Vec<f32>>,
}

impl PaddedRow {
    /// Takes the values of a row, or zeros.
    #[inline(always)]
    fn load(&mut self, row: Option<&[f32]>, screen: &Screen) {
        let margin = self.within.len() - 1;
        if let Some(row) = row {
            let inner = margin..margin + row.len();
            self.value[inner.clone()].copy_from_slice(row);
            for (excess, value) in self.excess[inner].iter_mut().zip(row) {
                *excess = screen.excess(*value);
            }
        } else {
            self.value.fill(0.0);
            self.excess.fill(screen.excess(0.0));
        }
        let Self { excess, within, .. } = self;
        for start in (0..within[0].len()).step_by(PIECE) {
            let mut sums = [0.0; PIECE];
            sums.copy_from_slice(&excess[start + margin..][..PIECE]);
            for (distance, within) in within.iter_mut().enumerate() {
                if distance > 0 {
                    let left = &excess[start + margin - distance..][..PIECE];
                    let right = &excess[start + margin + distance..][..PIECE];
                    for (sum, (left, right)) in sums.iter_mut().zip(left.iter().zip(right)) {
                        *sum += left + right;
                    }
                }
                within[start..start + PIECE].copy_from_slice(&sums);
            }
        }
    }
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
    fn new(threshold: f64, ring: &Ring) -> Self {
        let threshold = threshold as f32;
        let most = ring.taps as f32 * threshold;
        let side = 2.0 * ring.reach() as f32 + 1.0;
        let pixels = side * side;
        // At most two additions for each pixel of the box, of sums of at most `pixels * most`; doubled to be safe.
        let error = 2.0 * (2.0 * pixels) * (pixels * most) * f32::EPSILON;
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

    /// Marks with 1 which pixels from column `start` on may exceed the threshold; `centre` holds the values of their row.
    #[inline(always)]
    fn of_piece(
        &self,
        [plus, minus]: &[Vec<&[f32]>; 2],
        start: usize,
        centre: &[f32],
    ) -> [u8; PIECE] {
        let mut ring = [0.0; PIECE];
        for sums in plus {
            for (ring, sum) in ring.iter_mut().zip(&sums[start..start + PIECE]) {
                *ring += sum;
            }
        }
        for sums in minus {
            for (ring, sum) in ring.iter_mut().zip(&sums[start..start + PIECE]) {
                *ring -= sum;
            }
        }
        let centre = &centre[start..start + PIECE];
        let mut maybe = [0; PIECE];
        for lane in 0..PIECE {
            let below = ring[lane] <= self.least;
            maybe[lane] = u8::from(!below & centre[lane].is_finite());
        }
        maybe
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
    /// Rows that have come.
    loaded: usize,
}

impl Smoother {
    /// For planes of `columns` columns.
    pub(super) fn new(ring: Ring, threshold: f64, columns: usize) -> Self {
        let screen = Screen::new(threshold, &ring);
        let reach = ring.reach();
        let whole = columns.next_multiple_of(PIECE);
        let mut row = PaddedRow {
            value: vec![0.0; whole + 2 * reach],
            excess: vec![screen.excess(0.0); whole + 2 * reach],
            within: vec![vec![0.0; whole]; reach + 1],
        };
        row.load(None, &screen);
        Self {
            threshold,
            screen,
            columns,
            window: vec![row; 2 * reach + 1],
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
        self.window[self.loaded % count].load(row, &self.screen);
        self.loaded += 1;
    }

    /// Marks with 1 where the row that came [`Self::delay`] rows before the last exceeds the threshold, with 0 elsewhere.
    #[inline(always)]
    pub(super) fn mark(&mut self, above: &mut [u8]) {
        let above = &mut above[..self.columns];
        above.fill(0);
        let sums = self.sums();
        let centre = &self.window[self.middle() % self.window.len()].value[self.ring.reach()..];
        for (index, above) in above.chunks_mut(PIECE).enumerate() {
            let start = index * PIECE;
            let maybe = self.screen.of_piece(&sums, start, centre);
            if maybe.iter().fold(0, |any, maybe| any | maybe) == 0 {
                continue;
            }
            let steps = above.chunks_mut(STEP).zip(maybe.as_chunks::<STEP>().0);
            for (step, (above, maybe)) in steps.enumerate() {
                if maybe.iter().fold(0, |any, maybe| any | maybe) != 0 {
                    let means = self.means(start + step * STEP);
                    for ((above, mean), maybe) in above.iter_mut().zip(means).zip(maybe) {
                        *above = maybe & u8::from(mean > self.threshold);
                    }
                }
            }
        }
    }

    /// The sums along rows that make up the sums over the ring: what is added, and what is taken away.
    #[inline(always)]
    fn sums(&self) -> [Vec<&[f32]>; 2] {
        let (middle, count) = (self.middle(), self.window.len());
        let (mut plus, mut minus) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for (away, span) in self.ring.spans.iter().enumerate() {
            let rows = [middle - away, middle + away];
            let rows = &rows[usize::from(away == 0)..];
            for row in rows.iter().map(|row| &self.window[row % count]) {
                if let Some(last) = span.end.checked_sub(1) {
                    plus.push(&*row.within[last]);
                }
                if let Some(inner) = span.start.checked_sub(1) {
                    minus.push(&*row.within[inner]);
                }
            }
        }
        [plus, minus]
    }

    /// The window's row in the middle, and a whole number of turns, so that rows before it have a place as well.
    #[inline(always)]
    fn middle(&self) -> usize {
        // The window is full of zeros where no row has been yet.
        self.loaded + self.window.len() - 1 - self.ring.reach()
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
