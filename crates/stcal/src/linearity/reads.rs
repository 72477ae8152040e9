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

use ndarray::{ArrayView2, ArrayView3, ArrayView4, ArrayViewMut2, ArrayViewMut4, Axis};

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
    let mut work = Work::new(columns, pattern, flags.saturated);
    for row in 0..rows {
        let coefficients = coefficients.index_axis(Axis(1), row);
        let inverse = inverse.index_axis(Axis(1), row);
        let mut samples = ramp_dn.index_axis_mut(Axis(2), row);
        let dq = group_dq.index_axis(Axis(2), row);
        for (mut signal, dq) in samples.outer_iter_mut().zip(dq.outer_iter()) {
            work.estimate_rate(signal.view(), dq, coefficients);
            for group in 0..n_groups {
                work.correct_group(&mut signal, dq, group, (coefficients, inverse));
            }
        }
    }
    Ok(())
}

/// Buffers for one row of pixels.
struct Work<'a> {
    pattern: &'a ReadPattern,
    saturated: u8,
    /// Mean read of every group.
    mean_read: Vec<f64>,
    /// The group before the last good one, per column.
    last_group: Vec<usize>,
    /// A group gathered from different groups, and its correction.
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
    fn new(columns: usize, pattern: &'a ReadPattern, saturated: u8) -> Self {
        let most_reads = (0..pattern.n_groups())
            .map(|group| pattern.reads(group).len())
            .max()
            .unwrap_or(0);
        Self {
            pattern,
            saturated,
            mean_read: (0..pattern.n_groups()).map(|g| pattern.mean(g)).collect(),
            last_group: vec![0; columns],
            gathered: vec![0.0; columns],
            last_linear: vec![0.0; columns],
            first_linear: vec![0.0; columns],
            rate: vec![0.0; columns],
            reads: vec![0.0; columns * most_reads],
            polynomial: vec![0.0; columns],
            mean: vec![0.0; columns],
        }
    }

    /// The count rate per read of every column, from `(group, column)`.
    fn estimate_rate(
        &mut self,
        signal: ArrayView2<'_, f32>,
        dq: ArrayView2<'_, u8>,
        coefficients: ArrayView2<'_, f32>,
    ) {
        for (column, dq) in dq.axis_iter(Axis(1)).enumerate() {
            let n_good = dq.iter().filter(|&&dq| dq & self.saturated == 0).count();
            // One good group less for safety, but two at least.
            let last = n_good.saturating_sub(1).max(2) - 1;
            self.last_group[column] = last;
            self.gathered[column] = signal[[last, column]];
        }
        evaluate(coefficients, signal.row(0), &mut self.first_linear);
        evaluate(
            coefficients,
            ndarray::ArrayView1::from(&self.gathered),
            &mut self.last_linear,
        );
        for (column, &last) in self.last_group.iter().enumerate() {
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
        signal: &mut ArrayViewMut2<'_, f32>,
        dq: ArrayView2<'_, u8>,
        group: usize,
        (coefficients, inverse): (ArrayView2<'_, f32>, ArrayView2<'_, f32>),
    ) {
        let columns = self.rate.len();
        let numbers = self.pattern.reads(group);
        let n_reads = numbers.len() as f64;
        let mut measured = signal.row_mut(group);

        self.mean.fill(0.0);
        for (&number, read) in numbers.iter().zip(self.reads.chunks_exact_mut(columns)) {
            let since_first = f64::from(number) - self.mean_read[0];
            for ((read, &first), &rate) in read.iter_mut().zip(&self.first_linear).zip(&self.rate) {
                *read = f64::from(first) + rate * since_first;
            }
            apply(inverse, read, &mut self.polynomial);
            for ((mean, read), &bent) in self.mean.iter_mut().zip(read).zip(&self.polynomial) {
                *read = bent;
                *mean += bent;
            }
        }
        // From here on `mean` holds the shift that makes the mean of the reads the measured group.
        for (mean, &measured) in self.mean.iter_mut().zip(&measured) {
            *mean = f64::from(measured) - *mean / n_reads;
        }
        for read in self.reads.chunks_exact_mut(columns).take(numbers.len()) {
            for (read, &shift) in read.iter_mut().zip(&self.mean) {
                *read += shift;
            }
        }
        self.mean.fill(0.0);
        for read in self.reads.chunks_exact(columns).take(numbers.len()) {
            apply(coefficients, read, &mut self.polynomial);
            for (mean, &corrected) in self.mean.iter_mut().zip(&self.polynomial) {
                *mean += corrected;
            }
        }
        for ((measured, &dq), &sum) in measured.iter_mut().zip(dq.row(group)).zip(&self.mean) {
            if dq & self.saturated == 0 {
                *measured = (sum / n_reads) as f32;
            }
        }
    }
}

/// Horner's rule for one row in double precision.
fn apply(coefficients: ArrayView2<'_, f32>, values: &[f64], result: &mut [f64]) {
    let highest = coefficients.len_of(Axis(0)) - 1;
    for ((result, &c), &value) in result.iter_mut().zip(coefficients.row(highest)).zip(values) {
        *result = f64::from(c) * value;
    }
    for power in (1..highest).rev() {
        for ((result, &c), &value) in result.iter_mut().zip(coefficients.row(power)).zip(values) {
            *result = (*result + f64::from(c)) * value;
        }
    }
    for (result, &c) in result.iter_mut().zip(coefficients.row(0)) {
        *result += f64::from(c);
    }
}
