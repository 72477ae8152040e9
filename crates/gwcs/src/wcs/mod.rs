//! World coordinate systems: frames and the transforms between them.

mod error;
mod footprint;
mod invert;
#[cfg(test)]
mod tests;

use crate::bounding_box::BoundingBox;
use crate::frame::Frame;
use crate::transform::{Transform, TransformError};

pub use error::WcsError;
pub use footprint::Footprint;
pub use invert::InvertOptions;

/// A frame, and the way from it to the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The frame.
    pub frame: Frame,
    /// The transform to the frame of the next step; none in the last one.
    pub transform: Option<Transform>,
}

/// A chain of frames and transforms, from the pixels to the world.
///
/// ```
/// use gwcs::frame::{CoordinateFrame, Frame};
/// use gwcs::model::{Scale, Shift};
/// use gwcs::{BoundingBox, Step, Transform, Wcs};
///
/// let transform = Transform::from(Scale(0.1)).join(Shift(-4.0).into())
///     .with_bounding_box(Some(BoundingBox::new(&[(-0.5, 9.5), (-0.5, 9.5)])))?;
/// let wcs = Wcs::new("", vec![
///     Step { frame: Frame::Single(CoordinateFrame::pixels("detector")), transform: Some(transform) },
///     Step { frame: Frame::Single(CoordinateFrame::icrs("world")), transform: None },
/// ])?;
/// assert_eq!(wcs.evaluate(&[&[1.0, 20.0], &[5.0, 5.0]])?[0][0], 0.1);
/// assert!(wcs.evaluate(&[&[1.0, 20.0], &[5.0, 5.0]])?[0][1].is_nan());
/// assert_eq!(wcs.invert(&[&[0.1], &[1.0]])?, [[1.0], [5.0]]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Wcs {
    /// Its name.
    pub name: String,
    /// Lengths of the pixel axes, the first input first.
    pub pixel_shape: Option<Vec<usize>>,
    steps: Vec<Step>,
}

impl Wcs {
    /// A chain of steps.
    ///
    /// # Errors
    /// There are no two steps, a transform is missing before the last step or there after it, transforms do not fit
    /// together, or a frame comes twice.
    pub fn new(name: impl Into<String>, steps: Vec<Step>) -> Result<Self, WcsError> {
        let wcs = Self {
            name: name.into(),
            pixel_shape: None,
            steps,
        };
        wcs.check()?;
        Ok(wcs)
    }

    fn check(&self) -> Result<(), WcsError> {
        let [inner @ .., last] = self.steps.as_slice() else {
            return Err(WcsError::Steps("it has no steps".to_string()));
        };
        if let Some(step) = inner.iter().find(|step| step.transform.is_none()) {
            let name = step.frame.name();
            return Err(WcsError::Steps(format!("no transform from frame {name}")));
        }
        if last.transform.is_some() {
            let name = last.frame.name();
            return Err(WcsError::Steps(format!(
                "the last frame, {name}, has a transform"
            )));
        }
        for (index, step) in self.steps.iter().enumerate() {
            let name = step.frame.name();
            if self.steps[..index]
                .iter()
                .any(|other| other.frame.name() == name)
            {
                return Err(WcsError::Steps(format!("frame {name} comes twice")));
            }
        }
        if self.steps.len() > 1 {
            self.forward()?;
        }
        Ok(())
    }

    /// The steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Names of the frames, in order.
    pub fn frames(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.frame.name())
    }

    /// The frame of the pixels.
    pub fn input_frame(&self) -> &Frame {
        &self.steps[0].frame
    }

    /// The frame of the world.
    pub fn output_frame(&self) -> &Frame {
        &self.steps[self.steps.len() - 1].frame
    }

    /// Where the pixels are valid: the bounding box of the first transform.
    pub fn bounding_box(&self) -> Option<&BoundingBox> {
        let first = self.steps[0].transform.as_ref()?;
        first.properties().bounding_box.as_ref()
    }

    /// Sets where the pixels are valid; `None` for everywhere.
    ///
    /// # Errors
    /// The box has not as many intervals as there are inputs, or there is no transform.
    pub fn set_bounding_box(&mut self, bounding_box: Option<BoundingBox>) -> Result<(), WcsError> {
        let first = &mut self.steps[0].transform;
        let transform = first.take().ok_or_else(WcsError::no_transform)?;
        *first = Some(transform.with_bounding_box(bounding_box)?);
        Ok(())
    }

    /// All transforms in one, with the bounding box of the first.
    ///
    /// # Errors
    /// There is none, or they do not fit together.
    pub fn forward(&self) -> Result<Transform, WcsError> {
        let whole = self.between(0, self.steps.len() - 1)?;
        Ok(whole.with_bounding_box(self.bounding_box().cloned())?)
    }

    /// The way from the world to the pixels. It has no bounding box.
    ///
    /// # Errors
    /// A transform has no inverse.
    pub fn backward(&self) -> Result<Transform, WcsError> {
        self.between(self.steps.len() - 1, 0)
    }

    /// The transform between two frames, in either direction.
    ///
    /// # Errors
    /// There is no frame of that name, or an inverse is needed and not known.
    pub fn transform(&self, from: &str, to: &str) -> Result<Transform, WcsError> {
        let (start, end) = (self.position(from)?, self.position(to)?);
        let whole = self.between(start, end)?;
        if start < end {
            let first = self.steps[start].transform.as_ref();
            let bounding_box = first.and_then(|first| first.properties().bounding_box.clone());
            return Ok(whole.with_bounding_box(bounding_box)?);
        }
        Ok(whole)
    }

    fn position(&self, name: &str) -> Result<usize, WcsError> {
        self.frames()
            .position(|frame| frame == name)
            .ok_or_else(|| WcsError::NoFrame {
                name: name.to_string(),
                known: self.frames().map(ToString::to_string).collect(),
            })
    }

    fn between(&self, start: usize, end: usize) -> Result<Transform, WcsError> {
        let mut whole: Option<Transform> = None;
        let mut append = |next: Transform| -> Result<(), TransformError> {
            whole = Some(match whole.take() {
                Some(before) => before.then(next)?,
                None => next,
            });
            Ok(())
        };
        if start <= end {
            for step in &self.steps[start..end] {
                append(step.transform.clone().ok_or_else(WcsError::no_transform)?)?;
            }
        } else {
            for step in self.steps[end..start].iter().rev() {
                let transform = step.transform.as_ref().ok_or_else(WcsError::no_transform)?;
                append(transform.inverse()?)?;
            }
        }
        whole.ok_or_else(WcsError::no_transform)
    }

    /// World coordinates of pixels; NaN outside of the bounding box.
    ///
    /// # Errors
    /// There are not as many lists as inputs, or they differ in length.
    pub fn evaluate(&self, pixels: &[&[f64]]) -> Result<Vec<Vec<f64>>, WcsError> {
        Ok(self.forward()?.evaluate(pixels)?)
    }

    /// Puts a transform before (or, with `after`, behind) a frame into the transform that is there already.
    ///
    /// # Errors
    /// There is no such frame, no transform on that side of it, or they do not fit together; nothing is changed then.
    pub fn insert_transform(
        &mut self,
        frame: &str,
        transform: Transform,
        after: bool,
    ) -> Result<(), WcsError> {
        let position = self.position(frame)?;
        let index = if after {
            Some(position)
        } else {
            position.checked_sub(1)
        };
        let present = index.and_then(|index| self.steps[index].transform.clone());
        let (Some(index), Some(present)) = (index, present) else {
            return Err(WcsError::no_transform());
        };
        let bounding_box = present.properties().bounding_box.clone();
        let joined = if after {
            transform.then(present)?
        } else {
            present.then(transform)?
        };
        let joined = joined.with_bounding_box(bounding_box)?;
        let before = self.steps[index].transform.replace(joined);
        if let Err(error) = self.check() {
            self.steps[index].transform = before;
            return Err(error);
        }
        Ok(())
    }

    /// Replaces the transform from a frame to the next one.
    ///
    /// # Errors
    /// There is no such frame, it is the last one, or the transform does not fit; nothing is changed then.
    pub fn set_transform(&mut self, from: &str, transform: Transform) -> Result<(), WcsError> {
        let index = self.position(from)?;
        let before = self.steps[index].transform.replace(transform);
        if let Err(error) = self.check() {
            self.steps[index].transform = before;
            return Err(error);
        }
        Ok(())
    }

    /// Adds a frame behind another one; `transform` leads to it, and what followed follows on it.
    ///
    /// # Errors
    /// There is no such frame, the new one exists, or the transforms do not fit; nothing is changed then.
    pub fn insert_frame(
        &mut self,
        from: &str,
        transform: Transform,
        frame: Frame,
    ) -> Result<(), WcsError> {
        let index = self.position(from)?;
        let steps = self.steps.clone();
        let next = self.steps[index].transform.replace(transform);
        let step = Step {
            frame,
            transform: next,
        };
        self.steps.insert(index + 1, step);
        if let Err(error) = self.check() {
            self.steps = steps;
            return Err(error);
        }
        Ok(())
    }
}
