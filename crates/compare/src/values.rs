//! Comparison of arrays: real values with tolerances, quality bit by bit.

use std::fmt;

use serde::Serialize;

use super::tolerance::Tolerance;

/// Outliers that a report names.
const NAMED: usize = 10;

/// One value that is not as the reference has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outlier {
    /// Position, slowest axis first.
    pub index: Vec<usize>,
    /// Our value.
    #[serde(rename = "a")]
    pub ours: f64,
    /// The reference's.
    #[serde(rename = "b")]
    pub reference: f64,
}

impl fmt::Display for Outlier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            index,
            ours,
            reference,
        } = self;
        write!(f, "{index:?}: A {ours:?}, B {reference:?}")
    }
}

/// The difference of two arrays of equal shape.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ValueDifference {
    /// Number of values.
    pub count: usize,
    /// Values outside the tolerance, those with a NaN or an infinity on one side included.
    pub outside: usize,
    /// Values of which one side only is NaN.
    pub nan_mismatch: usize,
    /// Values of which one side is infinite and the other is not equal.
    pub infinity_mismatch: usize,
    /// The largest difference of two finite values.
    pub largest_absolute: f64,
    /// The largest difference in units of the reference's value.
    pub largest_relative: f64,
    /// The value farthest outside its tolerance; a NaN or an infinity on one side comes first.
    pub worst: Option<Outlier>,
    /// The first values outside the tolerance.
    pub first: Vec<Outlier>,
}

impl ValueDifference {
    /// Compares arrays of equal length and the shape given.
    pub(super) fn of<T: Copy + Into<f64>>(
        ours: &[T],
        reference: &[T],
        shape: &[usize],
        tolerance: Tolerance,
    ) -> Self {
        let mut difference = Self {
            count: reference.len(),
            ..Self::default()
        };
        let mut worst = (0.0, 0);
        for (position, (a, b)) in ours.iter().zip(reference).enumerate() {
            let (a, b): (f64, f64) = ((*a).into(), (*b).into());
            let excess = difference.add(a, b, tolerance);
            if excess > 1.0 {
                difference.outside += 1;
                if difference.first.len() < NAMED {
                    difference.first.push(outlier(position, a, b, shape));
                }
                if excess > worst.0 {
                    worst = (excess, position);
                    difference.worst = Some(outlier(position, a, b, shape));
                }
            }
        }
        difference
    }

    /// Counts one pair; its difference in units of what is allowed.
    fn add(&mut self, a: f64, b: f64, tolerance: Tolerance) -> f64 {
        if a == b || (a.is_nan() && b.is_nan()) {
            return 0.0;
        }
        if a.is_nan() != b.is_nan() {
            self.nan_mismatch += 1;
            return f64::INFINITY;
        }
        if a.is_infinite() || b.is_infinite() {
            self.infinity_mismatch += 1;
            return f64::INFINITY;
        }
        let distance = (a - b).abs();
        self.largest_absolute = self.largest_absolute.max(distance);
        if b != 0.0 {
            self.largest_relative = self.largest_relative.max(distance / b.abs());
        }
        // Nothing is allowed beside a zero without absolute tolerance: the quotient is infinite then.
        distance / tolerance.allowed(b)
    }
}

impl fmt::Display for ValueDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} values outside the tolerance (NaN on one side {}, infinity {}), largest difference {:.3e}, \
             relative {:.3e}",
            self.outside,
            self.count,
            self.nan_mismatch,
            self.infinity_mismatch,
            self.largest_absolute,
            self.largest_relative
        )?;
        if let Some(worst) = &self.worst {
            write!(f, "; worst at {worst}")?;
        }
        for outlier in &self.first {
            write!(f, "\n        {outlier}")?;
        }
        Ok(())
    }
}

/// One bit that is not set alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BitDifference {
    /// The bit, from 0.
    pub bit: u32,
    /// Elements where only ours is set.
    #[serde(rename = "only_a")]
    pub only_ours: usize,
    /// Elements where only the reference's is set.
    #[serde(rename = "only_b")]
    pub only_reference: usize,
    /// Elements where the reference's is set.
    #[serde(rename = "set_in_b")]
    pub set_in_reference: usize,
}

/// The difference of two arrays of bits.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BitsDifference {
    /// Number of elements.
    pub count: usize,
    /// Elements that differ.
    pub different: usize,
    /// The bits that differ.
    pub bits: Vec<BitDifference>,
    /// The first elements that differ.
    pub first: Vec<Outlier>,
}

impl BitsDifference {
    /// Compares arrays of equal length and the shape given.
    pub(super) fn of<T: Copy + Into<u64>>(ours: &[T], reference: &[T], shape: &[usize]) -> Self {
        let mut difference = Self {
            count: reference.len(),
            ..Self::default()
        };
        let (mut only_ours, mut only_reference, mut set) = ([0; 64], [0; 64], [0; 64]);
        for (position, (a, b)) in ours.iter().zip(reference).enumerate() {
            let (a, b): (u64, u64) = ((*a).into(), (*b).into());
            count_bits(b, &mut set);
            if a != b {
                difference.different += 1;
                count_bits(a & !b, &mut only_ours);
                count_bits(b & !a, &mut only_reference);
                if difference.first.len() < NAMED {
                    difference
                        .first
                        .push(outlier(position, a as f64, b as f64, shape));
                }
            }
        }
        difference.bits = (0..64_u32)
            .map(|bit| BitDifference {
                bit,
                only_ours: only_ours[bit as usize],
                only_reference: only_reference[bit as usize],
                set_in_reference: set[bit as usize],
            })
            .filter(|bit| bit.only_ours + bit.only_reference > 0)
            .collect();
        difference
    }
}

fn count_bits(mut value: u64, counts: &mut [usize; 64]) {
    while value != 0 {
        counts[value.trailing_zeros() as usize] += 1;
        value &= value - 1;
    }
}

impl fmt::Display for BitsDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} elements differ", self.different, self.count)?;
        for bit in &self.bits {
            let BitDifference {
                bit,
                only_ours,
                only_reference,
                set_in_reference,
            } = bit;
            write!(
                f,
                "\n        bit {bit}: only A {only_ours}, only B {only_reference} (B sets {set_in_reference})"
            )?;
        }
        for outlier in &self.first {
            write!(f, "\n        {outlier}")?;
        }
        Ok(())
    }
}

fn outlier(position: usize, ours: f64, reference: f64, shape: &[usize]) -> Outlier {
    let mut rest = position;
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|length| {
            let along = rest % length;
            rest /= length;
            along
        })
        .collect();
    index.reverse();
    Outlier {
        index,
        ours,
        reference,
    }
}
