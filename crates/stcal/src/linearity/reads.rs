//! The polynomial applied to the single reads that were averaged into a group.
//!
//! The corrected first and last good group give a count rate per read. From it, each read of a group is predicted in
//! linear counts and bent back by the inverse polynomial; the predictions are shifted so that their mean is the group
//! that was measured; each is then corrected, and the mean of the corrected reads replaces the group:
//!
//! ```text
//! rate = (P(last) - P(first)) / (mean read of last - mean read of first)
//! bent[r] = Q(P(first) + rate (r - mean read of first)),   P corrects, Q is its inverse
//! corrected = mean over r of P(bent[r] + group - mean(bent))
//! ```
//!
//! The last good group is the one before the last that is not saturated, since the last may be half saturated.

use ndarray::{
    Array2, ArrayView1, ArrayView2, ArrayView3, ArrayView4, ArrayViewMut1, ArrayViewMut4, Zip, s,
};

use super::CoefficientError;
use super::polynomial::{check_linear_term, evaluate};
use crate::flags::GroupFlags;
use crate::read_pattern::ReadPattern;
use crate::shape::{ShapeError, check_shape};

/// Why reads cannot be corrected one by one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadLevelError {
    /// The coefficients or the shapes are wrong.
    #[error(transparent)]
    Coefficients(#[from] CoefficientError),
    /// A count rate needs two groups.
    #[error("correcting the reads of a group needs ramps of at least 2 groups, found {0}")]
    TooFewGroups(usize),
}

impl From<ShapeError> for ReadLevelError {
    fn from(error: ShapeError) -> Self {
        Self::Coefficients(error.into())
    }
}

/// Corrects every sample that is not saturated through the reads that it averages, in place.
///
/// Shapes as in [`linearize`](super::linearize); `inverse` holds the coefficients of the inverse polynomial, also
/// without bad pixels. A band of rows will do.
///
/// # Errors
/// [`ReadLevelError`] if the shapes differ, a linear term is missing, the pattern has another number of groups than
/// the ramp, or there is only one group; nothing has been modified then.
///
/// ```
/// use ndarray::{Array4, arr3};
/// use stcal::{flags::GroupFlags, linearity::linearize_reads, read_pattern::ReadPattern};
/// let mut ramp = Array4::from_shape_fn((1, 3, 1, 1), |(_, g, ..)| 10.0 * g as f32);
/// let dq = Array4::zeros((1, 3, 1, 1));
/// let identity = arr3(&[[[0.0_f32]], [[1.0]]]);
/// let pattern = ReadPattern::contiguous(3, 4);
/// let c = identity.view();
/// linearize_reads(ramp.view_mut(), dq.view(), c, c, &pattern, &GroupFlags::default())?;
/// assert_eq!(ramp.as_slice(), Some([0.0, 10.0, 20.0].as_slice()));
/// # Ok::<(), stcal::linearity::ReadLevelError>(())
/// ```
pub fn linearize_reads(
    mut ramp_dn: ArrayViewMut4<'_, f32>,
    group_dq: ArrayView4<'_, u8>,
    coefficients: ArrayView3<'_, f32>,
    inverse: ArrayView3<'_, f32>,
    pattern: &ReadPattern,
    flags: &GroupFlags,
) -> Result<(), ReadLevelError> {
    let (_, n_groups, rows, columns) = ramp_dn.dim();
    check_shape("group quality", ramp_dn.shape(), group_dq.shape())?;
    check_shape("coefficients", &[rows, columns], &coefficients.shape()[1..])?;
    check_shape(
        "inverse coefficients",
        &[rows, columns],
        &inverse.shape()[1..],
    )?;
    check_shape(
        "groups of the read pattern",
        &[n_groups],
        &[pattern.n_groups()],
    )?;
    check_linear_term(coefficients)?;
    check_linear_term(inverse)?;
    if n_groups < 2 {
        return Err(ReadLevelError::TooFewGroups(n_groups));
    }
    let mut work = Work::new(pattern, flags.saturated);
    for row in 0..rows {
        for start in (0..columns).step_by(BLOCK) {
            let block = start..columns.min(start + BLOCK);
            work.load(
                coefficients.slice(s![.., row, block.clone()]),
                inverse.slice(s![.., row, block.clone()]),
            );
            let mut samples = ramp_dn.slice_mut(s![.., .., row, block.clone()]);
            let dq = group_dq.slice(s![.., .., row, block]);
            for (mut signal, dq) in samples.outer_iter_mut().zip(dq.outer_iter()) {
                work.estimate_rate(signal.view(), dq);
                for group in 0..n_groups {
                    work.correct_group(signal.row_mut(group), dq.row(group), group);
                }
            }
        }
    }
    Ok(())
}

/// Columns that are treated together: few enough for all buffers to stay in the fastest cache.
const BLOCK: usize = 128;

/// Buffers for a block of columns in one row.
struct Work<'a> {
    pattern: &'a ReadPattern,
    saturated: u8,
    /// Mean read of every group.
    mean_read: Vec<f64>,
    /// Coefficients in single and double precision, all columns of one power after all columns of the other.
    single: Array2<f32>,
    coefficients: Vec<f64>,
    inverse: Vec<f64>,
    /// Number of good groups.
    good: Vec<usize>,
    /// The last good group but one, gathered from different groups, and its correction.
    gathered: Vec<f32>,
    last_linear: Vec<f32>,
    /// Corrected first group, and the rate per read.
    first_linear: Vec<f32>,
    rate: Vec<f64>,
    /// Read by read, all columns of one after all columns of the other.
    reads: Vec<f64>,
    polynomial: Vec<f64>,
    mean: Vec<f64>,
}

impl<'a> Work<'a> {
    fn new(pattern: &'a ReadPattern, saturated: u8) -> Self {
        Self {
            pattern,
            saturated,
            mean_read: (0..pattern.n_groups()).map(|g| pattern.mean(g)).collect(),
            single: Array2::zeros((0, 0)),
            coefficients: Vec::new(),
            inverse: Vec::new(),
            good: Vec::new(),
            gathered: Vec::new(),
            last_linear: Vec::new(),
            first_linear: Vec::new(),
            rate: Vec::new(),
            reads: Vec::new(),
            polynomial: Vec::new(),
            mean: Vec::new(),
        }
    }

    /// Takes the coefficients of a block, `(power, column)`, and makes room for its columns.
    fn load(&mut self, coefficients: ArrayView2<'_, f32>, inverse: ArrayView2<'_, f32>) {
        let columns = coefficients.ncols();
        let n_reads = |group| self.pattern.reads(group).len();
        let most_reads = (0..self.pattern.n_groups()).map(n_reads).max();
        self.single = coefficients.to_owned();
        self.coefficients.clear();
        self.coefficients
            .extend(coefficients.iter().map(|&c| f64::from(c)));
        self.inverse.clear();
        self.inverse.extend(inverse.iter().map(|&c| f64::from(c)));
        self.good.resize(columns, 0);
        for buffer in [
            &mut self.gathered,
            &mut self.last_linear,
            &mut self.first_linear,
        ] {
            buffer.resize(columns, 0.0);
        }
        for buffer in [&mut self.rate, &mut self.polynomial, &mut self.mean] {
            buffer.resize(columns, 0.0);
        }
        self.reads.resize(columns * most_reads.unwrap_or(0), 0.0);
    }

    /// The count rate per read of every column, from `(group, column)`.
    fn estimate_rate(&mut self, signal: ArrayView2<'_, f32>, dq: ArrayView2<'_, u8>) {
        self.good.fill(0);
        for dq in dq.outer_iter() {
            Zip::from(ArrayViewMut1::from(&mut self.good))
                .and(dq)
                .for_each(|good, &dq| *good += usize::from(dq & self.saturated == 0));
        }
        // One good group less for safety, but two at least.
        let last_of = |good: usize| good.saturating_sub(1).max(2) - 1;
        for (column, &good) in self.good.iter().enumerate() {
            self.gathered[column] = signal[[last_of(good), column]];
        }
        let gathered = ArrayView1::from(&self.gathered);
        evaluate(self.single.view(), signal.row(0), &mut self.first_linear);
        evaluate(self.single.view(), gathered, &mut self.last_linear);
        for (column, &good) in self.good.iter().enumerate() {
            let last = last_of(good);
            if dq[[0, column]] & self.saturated != 0 {
                self.first_linear[column] = signal[[0, column]];
            }
            if dq[[last, column]] & self.saturated != 0 {
                self.last_linear[column] = signal[[last, column]];
            }
            let n_reads = self.mean_read[last] - self.mean_read[0];
            let rise = self.last_linear[column] - self.first_linear[column];
            self.rate[column] = f64::from(rise) / n_reads;
        }
    }

    /// Replaces one group by the mean of its corrected reads, where it is not saturated.
    fn correct_group(
        &mut self,
        mut measured: ArrayViewMut1<'_, f32>,
        dq: ArrayView1<'_, u8>,
        group: usize,
    ) {
        let columns = self.rate.len();
        let numbers = self.pattern.reads(group);
        let n_reads = numbers.len() as f64;

        self.mean.fill(0.0);
        for (&number, read) in numbers.iter().zip(self.reads.chunks_exact_mut(columns)) {
            let since_first = f64::from(number) - self.mean_read[0];
            let lines = self.first_linear.iter().zip(&self.rate);
            for (read, (&first, &rate)) in read.iter_mut().zip(lines) {
                *read = f64::from(first) + rate * since_first;
            }
            apply(&self.inverse, read, &mut self.polynomial);
            let bent = read.iter_mut().zip(&self.polynomial);
            for (mean, (read, &bent)) in self.mean.iter_mut().zip(bent) {
                *read = bent;
                *mean += bent;
            }
        }
        // From here on `mean` holds the shift that makes the mean of the reads the measured group.
        Zip::from(ArrayViewMut1::from(&mut self.mean))
            .and(&measured)
            .for_each(|mean, &measured| *mean = f64::from(measured) - *mean / n_reads);
        for read in self.reads.chunks_exact_mut(columns).take(numbers.len()) {
            for (read, &shift) in read.iter_mut().zip(&self.mean) {
                *read += shift;
            }
        }
        self.mean.fill(0.0);
        for read in self.reads.chunks_exact(columns).take(numbers.len()) {
            apply(&self.coefficients, read, &mut self.polynomial);
            for (mean, &corrected) in self.mean.iter_mut().zip(&self.polynomial) {
                *mean += corrected;
            }
        }
        Zip::from(&mut measured)
            .and(dq)
            .and(ArrayView1::from(&self.mean))
            .for_each(|measured, &dq, &sum| {
                if dq & self.saturated == 0 {
                    *measured = (sum / n_reads) as f32;
                }
            });
    }
}

/// Horner's rule in double precision; the coefficients of all columns for one power after those of the other.
fn apply(coefficients: &[f64], values: &[f64], result: &mut [f64]) {
    let n = values.len();
    let powers = coefficients.len() / n;
    let of_power = |power: usize| &coefficients[power * n..(power + 1) * n];
    for ((result, &c), &value) in result.iter_mut().zip(of_power(powers - 1)).zip(values) {
        *result = c * value;
    }
    for power in (1..powers - 1).rev() {
        for ((result, &c), &value) in result.iter_mut().zip(of_power(power)).zip(values) {
            *result = (*result + c) * value;
        }
    }
    for (result, &c) in result.iter_mut().zip(of_power(0)) {
        *result += c;
    }
}
