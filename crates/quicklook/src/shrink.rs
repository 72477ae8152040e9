//! Large images as blocks of pixels: means of values, bits of quality, labels.
//!
//! Everything takes the image band of rows by band of rows, so that only the blocks are in memory.

use ndarray::{Array2, ArrayView2};

/// An image of `rows` by `columns` and the square blocks that it is shown as; the last ones may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blocks {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Rows and columns of a block, at least 1.
    pub(crate) factor: usize,
}

impl Blocks {
    /// The smallest blocks with which neither side has more than `longest` of them.
    pub(crate) fn fitting(rows: usize, columns: usize, longest: usize) -> Self {
        let factor = rows.max(columns).div_ceil(longest.max(1)).max(1);
        Self {
            rows,
            columns,
            factor,
        }
    }

    /// Rows and columns of blocks.
    pub(crate) fn dim(self) -> (usize, usize) {
        (
            self.rows.div_ceil(self.factor),
            self.columns.div_ceil(self.factor),
        )
    }

    fn count(self) -> usize {
        self.dim().0 * self.dim().1
    }

    /// The first block of a row of pixels.
    fn start(self, row: usize) -> usize {
        row / self.factor * self.dim().1
    }

    /// The rows of a band and the first block of each.
    fn rows_of<T>(
        self,
        first_row: usize,
        band: &[T],
    ) -> impl Iterator<Item = (usize, &[T])> + use<'_, T> {
        let rows = band.chunks_exact(self.columns.max(1));
        rows.enumerate()
            .map(move |(row, values)| (self.start(first_row + row), values))
    }
}

/// Numbers about all values of an image.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Statistics {
    /// Pixels.
    pub pixels: u64,
    /// Pixels with a finite value.
    pub finite: u64,
    /// Mean of the finite values, 0 if there are none.
    pub mean: f64,
    /// Standard deviation of the finite values.
    pub deviation: f64,
    /// The smallest finite value, infinite if there are none.
    pub min: f64,
    /// The largest finite value, minus infinite if there are none.
    pub max: f64,
}

/// Means of the finite values of each block.
#[derive(Debug, Clone)]
pub(crate) struct Means {
    blocks: Blocks,
    sums: Vec<f64>,
    counts: Vec<u32>,
    pixels: u64,
    squares: f64,
    /// A value near all others, which keeps the squares small.
    pivot: Option<f64>,
    ends: (f32, f32),
}

impl Means {
    pub(crate) fn new(blocks: Blocks) -> Self {
        Self {
            blocks,
            sums: vec![0.0; blocks.count()],
            counts: vec![0; blocks.count()],
            pixels: 0,
            squares: 0.0,
            pivot: None,
            ends: (f32::INFINITY, f32::NEG_INFINITY),
        }
    }

    /// Adds whole rows, the first of which is `first_row` of the image.
    pub(crate) fn add(&mut self, first_row: usize, band: &[f32]) {
        self.pixels += band.len() as u64;
        let pivot = *self.pivot.get_or_insert_with(|| {
            let first = band.iter().find(|value| value.is_finite());
            first.map_or(0.0, |value| f64::from(*value))
        });
        for (start, row) in self.blocks.rows_of(first_row, band) {
            let parts = row.chunks(self.blocks.factor);
            let targets = self.sums[start..].iter_mut().zip(&mut self.counts[start..]);
            for ((sum, count), part) in targets.zip(parts) {
                for value in part.iter().filter(|value| value.is_finite()) {
                    let wide = f64::from(*value);
                    *sum += wide;
                    *count += 1;
                    self.squares += (wide - pivot).powi(2);
                    self.ends = (self.ends.0.min(*value), self.ends.1.max(*value));
                }
            }
        }
    }

    /// The means, NaN where a block has no finite value, and numbers about all values.
    pub(crate) fn finish(self) -> (Array2<f32>, Statistics) {
        let finite: u64 = self.counts.iter().map(|count| u64::from(*count)).sum();
        let n = (finite as f64).max(1.0);
        let mean = self.sums.iter().sum::<f64>() / n;
        let from_pivot = mean - self.pivot.unwrap_or(0.0);
        let variance = if finite == 0 {
            0.0
        } else {
            self.squares / n - from_pivot * from_pivot
        };
        let statistics = Statistics {
            pixels: self.pixels,
            finite,
            mean,
            deviation: variance.max(0.0).sqrt(),
            min: f64::from(self.ends.0),
            max: f64::from(self.ends.1),
        };
        let means = self.sums.iter().zip(&self.counts);
        let means = means.map(|(sum, count)| (sum / f64::from(*count)) as f32);
        (grid(self.blocks, means.collect()), statistics)
    }
}

fn grid<T>(blocks: Blocks, values: Vec<T>) -> Array2<T> {
    Array2::from_shape_vec(blocks.dim(), values).expect("one value for each block")
}

/// Means of square blocks of `factor` by `factor` pixels, `(row, column)`. Values that are not finite do not count; a block
/// without others is NaN. The last blocks may be cut; a factor of 0 counts as 1.
///
/// ```
/// use ndarray::array;
/// let image = array![[1.0, 3.0, f32::NAN], [5.0, f32::NAN, f32::NAN]];
/// let means = quicklook::block_means(image.view(), 2);
/// assert_eq!(means[[0, 0]], 3.0);
/// assert!(means[[0, 1]].is_nan());
/// ```
#[expect(clippy::needless_pass_by_value, reason = "a view is passed as one")]
pub fn block_means(image: ArrayView2<'_, f32>, factor: usize) -> Array2<f32> {
    let (rows, columns) = image.dim();
    let mut means = Means::new(Blocks {
        rows,
        columns,
        factor: factor.max(1),
    });
    for (index, row) in image.rows().into_iter().enumerate() {
        means.add(index, &row.to_vec());
    }
    means.finish().0
}

/// Bits of quality: how many pixels of the image have each, and how many of each block have those that are shown.
#[derive(Debug, Clone)]
pub(crate) struct Flags {
    blocks: Blocks,
    /// Values of the bits that are shown.
    shown: Vec<u32>,
    /// Pixels of a block with each of these bits.
    in_block: Vec<Vec<u32>>,
    /// Pixels of the image with each bit.
    totals: [u64; 32],
}

impl Flags {
    pub(crate) fn new(blocks: Blocks, shown: &[u32]) -> Self {
        Self {
            blocks,
            shown: shown.to_vec(),
            in_block: vec![vec![0; blocks.count()]; shown.len()],
            totals: [0; 32],
        }
    }

    /// Adds whole rows, the first of which is `first_row` of the image.
    pub(crate) fn add(&mut self, first_row: usize, band: &[u32]) {
        for (start, row) in self.blocks.rows_of(first_row, band) {
            let flagged = row.iter().enumerate().filter(|(_, bits)| **bits != 0);
            for (column, bits) in flagged {
                let mut rest = *bits;
                while rest != 0 {
                    self.totals[rest.trailing_zeros() as usize] += 1;
                    rest &= rest - 1;
                }
                let block = start + column / self.blocks.factor;
                for (counts, shown) in self.in_block.iter_mut().zip(&self.shown) {
                    counts[block] += u32::from(bits & shown != 0);
                }
            }
        }
    }

    /// Pixels of the image with each bit.
    pub(crate) fn totals(&self) -> &[u64; 32] {
        &self.totals
    }

    /// The first of the bits shown that pixels of a block have, by its place, and the share of the block.
    pub(crate) fn of_block(&self, row: usize, column: usize) -> Option<(usize, f64)> {
        let block = row * self.blocks.dim().1 + column;
        let factor = self.blocks.factor;
        let height = factor.min(self.blocks.rows - row * factor);
        let width = factor.min(self.blocks.columns - column * factor);
        let counts = self.in_block.iter().map(|counts| counts[block]);
        let (place, count) = counts.enumerate().find(|(_, count)| *count > 0)?;
        Some((place, f64::from(count) / (height * width) as f64))
    }
}

/// One label for each block: the first that is not 0.
#[derive(Debug, Clone)]
pub(crate) struct Labels {
    blocks: Blocks,
    values: Vec<u32>,
    largest: u32,
}

impl Labels {
    pub(crate) fn new(blocks: Blocks) -> Self {
        Self {
            blocks,
            values: vec![0; blocks.count()],
            largest: 0,
        }
    }

    pub(crate) fn add(&mut self, first_row: usize, band: &[u32]) {
        for (start, row) in self.blocks.rows_of(first_row, band) {
            for (column, label) in row.iter().enumerate().filter(|(_, label)| **label != 0) {
                let value = &mut self.values[start + column / self.blocks.factor];
                if *value == 0 {
                    *value = *label;
                }
                self.largest = self.largest.max(*label);
            }
        }
    }

    /// The labels, and the largest of all.
    pub(crate) fn finish(self) -> (Array2<u32>, u32) {
        (grid(self.blocks, self.values), self.largest)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blocks_fit_into_the_picture() {
        let blocks = |rows, columns| Blocks::fitting(rows, columns, 1024);
        assert_eq!(blocks(2048, 2048).factor, 2);
        assert_eq!(blocks(2048, 2049).factor, 3);
        assert_eq!(blocks(2048, 2049).dim(), (683, 683));
        assert_eq!(blocks(64, 1024).factor, 1);
        assert_eq!(blocks(0, 0).dim(), (0, 0));
    }

    #[test]
    fn means_ignore_what_is_not_finite() {
        let image = array![
            [1.0_f32, 2.0, 3.0, 10.0, f32::NAN],
            [3.0, f32::INFINITY, 5.0, 10.0, f32::NAN],
            [-1.0, -3.0, f32::NAN, f32::NAN, 7.0],
        ];
        let means = block_means(image.view(), 2);
        assert_eq!(means.dim(), (2, 3));
        assert_eq!(means[[0, 0]], 2.0);
        assert_eq!(means[[0, 1]], 7.0);
        assert!(means[[0, 2]].is_nan() && means[[1, 1]].is_nan());
        assert_eq!((means[[1, 0]], means[[1, 2]]), (-2.0, 7.0));
        assert_eq!(block_means(Array2::zeros((0, 4)).view(), 3).dim(), (0, 2));
    }

    #[test]
    fn statistics_are_of_all_pixels() {
        let mut means = Means::new(Blocks::fitting(2, 3, 1));
        means.add(0, &[1000.0, 1001.0, f32::NAN]);
        means.add(1, &[1002.0, 1003.0, 1004.0]);
        let (blocks, statistics) = means.finish();
        assert_eq!(blocks, array![[1002.0]]);
        let expected = Statistics {
            pixels: 6,
            finite: 5,
            mean: 1002.0,
            deviation: 2.0_f64.sqrt(),
            min: 1000.0,
            max: 1004.0,
        };
        assert!((statistics.deviation - expected.deviation).abs() < 1e-12);
        assert_eq!(
            Statistics {
                deviation: expected.deviation,
                ..statistics
            },
            expected
        );
    }

    #[test]
    fn bits_are_counted_in_blocks_and_in_all() {
        let mut flags = Flags::new(Blocks::fitting(3, 3, 2), &[4, 1]);
        flags.add(0, &[1, 4, 0, 5, 0, 0]);
        flags.add(2, &[0, 0, 1 << 31]);
        assert_eq!(
            (flags.totals()[0], flags.totals()[2], flags.totals()[31]),
            (2, 2, 1)
        );
        // Two of four pixels have the bit that is shown first.
        assert_eq!(flags.of_block(0, 0), Some((0, 0.5)));
        assert_eq!(flags.of_block(1, 1), None);
    }

    #[test]
    fn a_block_has_the_first_label() {
        let mut labels = Labels::new(Blocks::fitting(2, 4, 2));
        labels.add(0, &[0, 7, 0, 0, 3, 0, 0, 0]);
        assert_eq!(labels.finish(), (array![[7, 0]], 7));
    }

    proptest! {
        /// The mean of blocks of equal size is the mean of all.
        #[test]
        fn the_mean_stays(values in proptest::collection::vec(-1e3_f32..1e3, 64), factor in 1_usize..3) {
            let image = Array2::from_shape_vec((8, 8), values).unwrap();
            let means = block_means(image.view(), 2 * factor);
            let (all, blocks) = (image.mean().unwrap(), means.mean().unwrap());
            prop_assert!((all - blocks).abs() < 1e-2);
        }
    }
}
