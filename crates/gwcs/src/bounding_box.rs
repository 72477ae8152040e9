//! Where a transform is valid.

/// A closed interval of one input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Least value.
    pub low: f64,
    /// Greatest value.
    pub high: f64,
}

impl Interval {
    /// Whether a value lies inside. Nothing that is not a number does.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// The order in which a file lists the intervals of a bounding box. It has no effect on what the box contains: intervals
/// are kept by input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Last input first.
    #[default]
    C,
    /// First input first.
    F,
}

/// The inputs for which a transform is valid; outside, its outputs are not a number.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BoundingBox {
    /// An interval for each input; `None` for an input that is ignored.
    pub intervals: Vec<Option<Interval>>,
    /// The order of a file.
    pub order: Order,
}

impl BoundingBox {
    /// A box of `(low, high)` for each input, the first one first.
    ///
    /// ```
    /// let image = gwcs::BoundingBox::new(&[(-0.5, 2047.5), (-0.5, 1023.5)]);
    /// assert!(image.contains(&[2047.5, 0.0]));
    /// assert!(!image.contains(&[0.0, 1024.0]) && !image.contains(&[f64::NAN, 0.0]));
    /// ```
    pub fn new(intervals: &[(f64, f64)]) -> Self {
        Self {
            intervals: intervals
                .iter()
                .map(|&(low, high)| Some(Interval { low, high }))
                .collect(),
            order: Order::F,
        }
    }

    /// Whether a point lies inside.
    pub fn contains(&self, point: &[f64]) -> bool {
        self.intervals
            .iter()
            .zip(point)
            .all(|(interval, value)| interval.is_none_or(|interval| interval.contains(*value)))
    }

    /// Marks the points outside; `inputs` has one list for each input.
    pub(crate) fn outside(&self, inputs: &[&[f64]]) -> Vec<bool> {
        let count = inputs.first().map_or(0, |values| values.len());
        let mut outside = vec![false; count];
        for (interval, values) in self.intervals.iter().zip(inputs) {
            if let Some(interval) = interval {
                for (outside, value) in outside.iter_mut().zip(*values) {
                    *outside |= !interval.contains(*value);
                }
            }
        }
        outside
    }
}
