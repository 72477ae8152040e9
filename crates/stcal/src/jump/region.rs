//! Connected regions of a plane and the ellipses that stand for them.
//!
//! A plane is read once, as runs of pixels along its rows. Everything else costs time for the pixels of regions only.

use ndarray::ArrayView1;

use super::ellipse::Ellipse;
use crate::simd::{pack_bits, vectorised};

/// Pixels `start..end` of a row.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    row: u32,
    start: u32,
    end: u32,
}

/// Collects the runs of a plane, row after row, and joins those that touch, diagonals included.
#[derive(Debug, Default)]
pub(super) struct Regions {
    runs: Vec<Run>,
    /// For each run one that came before it and touches it, or itself.
    parents: Vec<u32>,
    previous_row: std::ops::Range<usize>,
    /// Room for the bits of a row.
    words: Vec<u64>,
}

const WORD: usize = u64::BITS as usize;

/// Packs the pixels of a row that have one of some flags into words.
#[inline(always)]
fn pack_flagged(words: &mut [u64], pixels: &[u8], flags: u8) {
    for (word, pixels) in words.iter_mut().zip(pixels.chunks(WORD)) {
        let mut set = [false; WORD];
        for (set, pixel) in set.iter_mut().zip(pixels) {
            *set = pixel & flags != 0;
        }
        *word = pack_bits(set);
    }
}

impl Regions {
    /// Adds the pixels of the next row that have one of some flags.
    pub(super) fn add_row(&mut self, row: usize, pixels: &[u8], flags: u8) {
        let mut words = std::mem::take(&mut self.words);
        words.resize(pixels.len().div_ceil(WORD), 0);
        vectorised(|| pack_flagged(&mut words, pixels, flags));
        self.add_words(row, pixels.len(), &words);
        self.words = words;
    }

    /// Adds the pixels of the next row that are set in words; bit `k` of word `w` is column `64 w + k`.
    pub(super) fn add_words(&mut self, row: usize, columns: usize, words: &[u64]) {
        let first = self.runs.len();
        self.add_runs(row as u32, columns as u32, words);
        let this_row = first..self.runs.len();
        let mut above = self.previous_row.clone();
        for index in this_row.clone() {
            let run = self.runs[index];
            while above.start < above.end && self.runs[above.start].end < run.start {
                above.start += 1;
            }
            // The first region that it touches takes it in; further ones are joined.
            let mut root = index;
            self.parents.push(root as u32);
            for other in above.clone() {
                if self.runs[other].start > run.end {
                    break;
                }
                let next = self.root(other);
                let (low, high) = (root.min(next), root.max(next));
                self.parents[high] = low as u32;
                root = low;
            }
        }
        self.previous_row = this_row;
    }

    /// Adds the runs of a row, found as changes between neighbouring bits of words.
    fn add_runs(&mut self, row: u32, columns: u32, words: &[u64]) {
        let mut open = self.runs.len();
        let mut carry = 0;
        for (number, &word) in words.iter().enumerate() {
            if word == 0 && carry == 0 {
                continue;
            }
            let before = word << 1 | carry;
            carry = word >> (WORD - 1);
            let place = |bits: u64| (number * WORD) as u32 + bits.trailing_zeros();
            let mut starts = word & !before;
            while starts != 0 {
                let (start, end) = (place(starts), columns);
                self.runs.push(Run { row, start, end });
                starts &= starts - 1;
            }
            let mut ends = before & !word;
            while ends != 0 {
                // Beyond the last pixel there may be an end as well: that of the row.
                self.runs[open].end = place(ends).min(columns);
                open += 1;
                ends &= ends - 1;
            }
        }
    }

    fn root(&mut self, mut index: usize) -> usize {
        while self.parents[index] as usize != index {
            // Halve the path on the way.
            self.parents[index] = self.parents[self.parents[index] as usize];
            index = self.parents[index] as usize;
        }
        index
    }

    /// The ellipses of the regions with at least `min_area` pixels, holes included, in the order of their first pixels.
    pub(super) fn ellipses(self, min_area: f64) -> Vec<Ellipse> {
        let (regions, bounds) = self.numbered();
        // Only what can be large enough is looked at: the runs of each such region are brought together, rows in order.
        let is_large = |bounds: &Bounds| bounds.box_area() as f64 >= min_area;
        let mut ends = Vec::with_capacity(bounds.len());
        let mut count = 0;
        for bounds in &bounds {
            ends.push(count);
            count += if is_large(bounds) { bounds.runs } else { 0 };
        }
        let mut members = vec![Run::default(); count];
        for (run, region) in self.runs.iter().zip(regions) {
            let region = region as usize;
            if is_large(&bounds[region]) {
                members[ends[region]] = *run;
                ends[region] += 1;
            }
        }
        let mut rest = &members[..];
        let mut ellipses = Vec::new();
        for bounds in bounds.iter().filter(|bounds| is_large(bounds)) {
            let (runs, others) = rest.split_at(bounds.runs);
            rest = others;
            if reaches(min_area, runs, bounds) {
                ellipses.push(ellipse(runs, bounds));
            }
        }
        ellipses
    }

    /// The number of the region that each run belongs to, in the order of their first pixels, and the bounds of each.
    fn numbered(&self) -> (Vec<u32>, Vec<Bounds>) {
        let mut regions: Vec<u32> = Vec::with_capacity(self.runs.len());
        let mut bounds: Vec<Bounds> = Vec::new();
        for (index, (run, parent)) in self.runs.iter().zip(&self.parents).enumerate() {
            let parent = *parent as usize;
            if parent == index {
                regions.push(bounds.len() as u32);
                bounds.push(Bounds::of(run));
            } else {
                // A parent comes first, and has its number.
                let region = regions[parent];
                regions.push(region);
                bounds[region as usize].add(run);
            }
        }
        (regions, bounds)
    }
}

/// Whether a region has so many pixels, holes included.
fn reaches(min_area: f64, runs: &[Run], bounds: &Bounds) -> bool {
    if bounds.area as f64 >= min_area {
        return true;
    }
    // A hole lies between runs of a row.
    let between = runs.windows(2).filter(|pair| pair[0].row == pair[1].row);
    let gaps: u32 = between.map(|pair| pair[1].start - pair[0].end).sum();
    gaps > 0
        && (bounds.area + gaps as usize) as f64 >= min_area
        && filled_area(runs, bounds) as f64 >= min_area
}

/// Bounding box, the ends excluded, number of pixels and of runs.
#[derive(Debug, Clone)]
struct Bounds {
    rows: (u32, u32),
    columns: (u32, u32),
    area: usize,
    runs: usize,
}

impl Bounds {
    fn of(run: &Run) -> Self {
        Self {
            rows: (run.row, run.row + 1),
            columns: (run.start, run.end),
            area: (run.end - run.start) as usize,
            runs: 1,
        }
    }

    fn add(&mut self, run: &Run) {
        self.rows.1 = run.row + 1;
        self.columns = (self.columns.0.min(run.start), self.columns.1.max(run.end));
        self.area += (run.end - run.start) as usize;
        self.runs += 1;
    }

    fn height(&self) -> usize {
        (self.rows.1 - self.rows.0) as usize
    }

    fn width(&self) -> usize {
        (self.columns.1 - self.columns.0) as usize
    }

    fn box_area(&self) -> usize {
        self.height() * self.width()
    }
}

/// Number of pixels of a region with its holes; a hole does not touch the outside, not even at a corner.
fn filled_area(runs: &[Run], bounds: &Bounds) -> usize {
    // A margin of one pixel joins everything outside.
    let (height, width) = (bounds.height() + 2, bounds.width() + 2);
    let mut blocked = vec![false; height * width];
    for run in runs {
        let first = (run.row - bounds.rows.0 + 1) as usize * width
            + (run.start - bounds.columns.0 + 1) as usize;
        blocked[first..first + (run.end - run.start) as usize].fill(true);
    }
    let mut outside = 0;
    let mut stack = vec![(0, 0)];
    blocked[0] = true;
    while let Some((row, column)) = stack.pop() {
        outside += 1;
        for near_row in row.max(1) - 1..(row + 2).min(height) {
            for near_column in column.max(1) - 1..(column + 2).min(width) {
                let blocked = &mut blocked[near_row * width + near_column];
                if !std::mem::replace(blocked, true) {
                    stack.push((near_row, near_column));
                }
            }
        }
    }
    height * width - outside
}

/// The ellipse with the second moments of a region.
///
/// # Source
/// scikit-image 0.26.0 `measure/_regionprops.py` (`centroid`, `axis_major_length`, `axis_minor_length`, `orientation`),
/// `measure/_moments.py`, and the eigenvalues of a symmetric 2x2 matrix of LAPACK's `dlae2`. Sums and roundings follow
/// the order of these, because the axes are rounded to whole pixels and symmetric regions sit on the limit.
fn ellipse(runs: &[Run], bounds: &Bounds) -> Ellipse {
    let area = bounds.area as f64;
    let (mut row_sum, mut column_sum) = (0_u64, 0_u64);
    for run in runs {
        let length = u64::from(run.end - run.start);
        row_sum += length * u64::from(run.row - bounds.rows.0);
        let local = u64::from(run.start - bounds.columns.0);
        column_sum += length * local + length * (length - 1) / 2;
    }
    let centre = (row_sum as f64 / area, column_sum as f64 / area);
    let [mu20, mu11, mu02] = central_moments(runs, bounds, centre);
    let trace = mu20 + mu02;
    let (a, c, b) = ((trace - mu20) / area, (trace - mu02) / area, -mu11 / area);
    let (large, small) = eigenvalues(a, b, c);
    let axis = |eigenvalue: f64| 4.0 * eigenvalue.max(0.0).sqrt() - 1.0;
    let orientation = if a - c == 0.0 {
        if b < 0.0 {
            std::f64::consts::FRAC_PI_4
        } else {
            -std::f64::consts::FRAC_PI_4
        }
    } else {
        0.5 * (-2.0 * b).atan2(c - a)
    };
    // Centres of the image come from sums over image coordinates, not from the local centre.
    let in_image =
        |sum: u64, first: u32| (sum + u64::from(first) * bounds.area as u64) as f64 / area;
    Ellipse {
        column: in_image(column_sum, bounds.columns.0),
        row: in_image(row_sum, bounds.rows.0),
        minor: axis(small),
        major: axis(large),
        angle_deg: orientation * (180.0 / std::f64::consts::PI),
    }
}

/// Central moments of orders (2, 0), (1, 1) and (0, 2) in (row, column): first down each column, then along the row.
fn central_moments(runs: &[Run], bounds: &Bounds, centre: (f64, f64)) -> [f64; 3] {
    let mut columns = vec![[0.0; 3]; bounds.width()];
    for run in runs {
        let dy = f64::from(run.row - bounds.rows.0) - centre.0;
        let span = (run.start - bounds.columns.0) as usize..(run.end - bounds.columns.0) as usize;
        for sums in &mut columns[span] {
            sums[0] += 1.0;
            sums[1] += dy;
            sums[2] += dy * dy;
        }
    }
    let mut moments = [0.0_f64; 3];
    for (column, [count, first, second]) in columns.iter().enumerate() {
        let dx = column as f64 - centre.1;
        moments[0] += second;
        moments[1] = first.mul_add(dx, moments[1]);
        moments[2] = count.mul_add(dx * dx, moments[2]);
    }
    moments
}

/// Eigenvalues of the symmetric matrix `[[a, b], [b, c]]`, the larger one first.
///
/// Source: LAPACK `dlae2`, which is accurate to a few units in the last place.
fn eigenvalues(a: f64, b: f64, c: f64) -> (f64, f64) {
    let sum = a + c;
    let difference = (a - c).abs();
    let twice = (b + b).abs();
    let (larger, smaller) = if a.abs() > c.abs() { (a, c) } else { (c, a) };
    let root = if difference > twice {
        difference * (1.0 + (twice / difference) * (twice / difference)).sqrt()
    } else if difference < twice {
        twice * (1.0 + (difference / twice) * (difference / twice)).sqrt()
    } else {
        twice * std::f64::consts::SQRT_2
    };
    if sum > 0.0 {
        let first = 0.5 * (sum + root);
        (first, (larger / first) * smaller - (b / first) * b)
    } else {
        (0.5 * root, -0.5 * root)
    }
}

/// The samples of a row, without a copy if they lie side by side.
pub(super) fn samples<'a>(row: &'a ArrayView1<'_, u8>) -> std::borrow::Cow<'a, [u8]> {
    row.as_slice()
        .map_or_else(|| row.to_vec().into(), Into::into)
}
