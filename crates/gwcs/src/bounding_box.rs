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

/// A bounding box that depends on the values of some inputs, such as the number of a spectral order.
///
/// ```
/// use gwcs::{BoundingBox, CompoundBox, Selector};
///
/// let orders = CompoundBox {
///     selectors: vec![Selector { input: 1, ignore: true }],
///     boxes: vec![(vec![1.0], BoundingBox::new(&[(0.0, 5.0), (0.0, 0.0)])), (vec![2.0], BoundingBox::new(&[(3.0, 9.0), (0.0, 0.0)]))],
///     ignored: vec![],
///     order: gwcs::Order::C,
/// };
/// assert!(orders.contains(&[4.0, 1.0]) && orders.contains(&[8.0, 2.0]));
/// assert!(!orders.contains(&[8.0, 1.0]) && !orders.contains(&[4.0, 3.0]));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CompoundBox {
    /// The inputs that choose a box.
    pub selectors: Vec<Selector>,
    /// Values of those inputs, and the box that goes with them. Points with other values lie outside.
    pub boxes: Vec<(Vec<f64>, BoundingBox)>,
    /// Inputs, counted from 0, that no box looks at.
    pub ignored: Vec<usize>,
    /// The order of a file.
    pub order: Order,
}

/// An input that chooses a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selector {
    /// The input, counted from 0.
    pub input: usize,
    /// Whether the boxes do not look at it themselves.
    pub ignore: bool,
}

impl CompoundBox {
    /// Numbers of intervals of the boxes.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = usize> {
        self.boxes.iter().map(|(_, of_key)| of_key.intervals.len())
    }

    /// The box for a point.
    pub fn select(&self, point: &[f64]) -> Option<&BoundingBox> {
        let chosen = |key: &[f64]| {
            let pairs = self.selectors.iter().zip(key);
            key.len() == self.selectors.len()
                && pairs.fold(true, |all, (selector, value)| {
                    all && point.get(selector.input) == Some(value)
                })
        };
        let found = self.boxes.iter().find(|(key, _)| chosen(key));
        found.map(|(_, of_key)| of_key)
    }

    /// Whether a box looks at an input.
    fn counts(&self, input: usize) -> bool {
        let by_selector = self
            .selectors
            .iter()
            .any(|selector| selector.ignore && selector.input == input);
        !by_selector && !self.ignored.contains(&input)
    }

    /// Whether a point lies inside the box that goes with it.
    pub fn contains(&self, point: &[f64]) -> bool {
        self.select(point).is_some_and(|of_key| {
            let mut pairs = of_key.intervals.iter().zip(point).enumerate();
            pairs.all(|(input, (interval, value))| {
                !self.counts(input) || interval.is_none_or(|interval| interval.contains(*value))
            })
        })
    }

    /// Marks the points outside; `inputs` has one list for each input.
    pub(crate) fn outside(&self, inputs: &[&[f64]]) -> Vec<bool> {
        let count = inputs.first().map_or(0, |values| values.len());
        let mut point = vec![0.0; inputs.len()];
        (0..count)
            .map(|index| {
                for (value, input) in point.iter_mut().zip(inputs) {
                    *value = input[index];
                }
                !self.contains(&point)
            })
            .collect()
    }
}
