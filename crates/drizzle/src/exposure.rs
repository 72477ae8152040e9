//! The images of one exposure.

use ndarray::ArrayView2;

use crate::DrizzleError;

/// The images of one exposure, all `(row, column)` of the same shape and stored row after row.
///
/// The images in [`separate`](Self::separate) are drizzled with the same geometry and weights, but into means of their
/// own ([`Band::separate`](crate::Band)): for quantities that must not be mixed with what earlier exposures left, such as
/// the standard deviations of one exposure.
#[derive(Debug, Clone)]
pub struct Exposure<'a> {
    /// The data, in the units of [`Settings::units`](crate::Settings).
    pub data: ArrayView2<'a, f32>,
    /// What is subtracted from the data before they are used.
    pub background: f32,
    /// Weight of each pixel; 1 when `None`.
    pub weight: Option<ArrayView2<'a, f32>>,
    /// Quality bits, gathered with "or" in the output.
    pub dq: Option<ArrayView2<'a, u32>>,
    /// Images combined with squared weights, such as variances. `None` counts as zeros.
    pub squared: Vec<Option<ArrayView2<'a, f32>>>,
    /// Images averaged like the data, with the same sums of weights.
    pub along: Vec<Layer<'a>>,
    /// Images averaged on their own.
    pub separate: Vec<Layer<'a>>,
}

/// An image that is averaged beside the data.
#[derive(Debug, Clone)]
pub enum Layer<'a> {
    /// As it is.
    Values(ArrayView2<'a, f32>),
    /// The square roots of its values: standard deviations of which the variances are at hand.
    Roots(ArrayView2<'a, f32>),
    /// The square roots of the inverse of its values: standard deviations of which the weights are at hand.
    InverseRoots(ArrayView2<'a, f32>),
}

impl<'a> From<ArrayView2<'a, f32>> for Layer<'a> {
    fn from(values: ArrayView2<'a, f32>) -> Self {
        Self::Values(values)
    }
}

impl<'a> Layer<'a> {
    /// The image, as it is.
    pub(crate) fn image(&self) -> &ArrayView2<'a, f32> {
        match self {
            Self::Values(image) | Self::Roots(image) | Self::InverseRoots(image) => image,
        }
    }
}

impl<'a> Exposure<'a> {
    /// An exposure of this data with equal weights.
    pub fn new(data: ArrayView2<'a, f32>) -> Self {
        Self {
            data,
            background: 0.0,
            weight: None,
            dq: None,
            squared: Vec::new(),
            along: Vec::new(),
            separate: Vec::new(),
        }
    }

    /// The same with these weights.
    #[must_use]
    pub fn with_weight(mut self, weight: ArrayView2<'a, f32>) -> Self {
        self.weight = Some(weight);
        self
    }

    /// The same with these quality bits.
    #[must_use]
    pub fn with_dq(mut self, dq: ArrayView2<'a, u32>) -> Self {
        self.dq = Some(dq);
        self
    }

    /// Number of rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        self.data.dim()
    }

    /// Refuses images of other shapes than `expected`.
    pub(crate) fn check(&self, expected: (usize, usize)) -> Result<(), DrizzleError> {
        let same = |what, found| {
            if found == expected {
                Ok(())
            } else {
                Err(DrizzleError::Shape {
                    what,
                    expected,
                    found,
                })
            }
        };
        same("the data", self.data.dim())?;
        if let Some(weight) = &self.weight {
            same("the weights", weight.dim())?;
        }
        if let Some(dq) = &self.dq {
            same("the quality bits", dq.dim())?;
        }
        for image in self.squared.iter().flatten() {
            same("an image with squared weights", image.dim())?;
        }
        for image in &self.along {
            same("an image averaged like the data", image.image().dim())?;
        }
        for image in &self.separate {
            same("an image averaged separately", image.image().dim())?;
        }
        Ok(())
    }
}

/// The pixels of an image that must be stored row after row.
pub(crate) fn pixels<'v, T>(
    view: &'v ArrayView2<'_, T>,
    what: &'static str,
) -> Result<&'v [T], DrizzleError> {
    view.as_slice().ok_or(DrizzleError::Layout { what })
}
