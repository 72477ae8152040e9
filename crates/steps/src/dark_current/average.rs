//! The average dark current, whose noise the ramp fit adds.

use std::path::Path;

use datamodels::reference::ReferenceFile;
use datamodels::{DataModelError, RampModel};
use ndarray::{Array2, ArrayD};

/// What a dark reference says about the average dark current [e-/s].
#[derive(Debug, Clone, PartialEq)]
pub enum ReferenceAverage {
    /// One number for all pixels; 0 where the reference has none.
    Number(f64),
    /// An image of the whole reference, not all 0.
    Image(ArrayD<f32>),
}

impl ReferenceAverage {
    /// The image of a reference if it has one; otherwise `number`, that of its header.
    pub(super) fn load(path: &Path, number: Option<f64>) -> Result<Self, DataModelError> {
        let file = ReferenceFile::open(path)?;
        if file.has("AVDRKCUR") {
            let image = file.whole_image::<f32>("AVDRKCUR")?;
            // An image that is not a number somewhere has such a sum: it is an image all the same.
            if image.iter().map(|&value| f64::from(value)).sum::<f64>() != 0.0 {
                return Ok(Self::Image(image));
            }
        }
        Ok(Self::Number(number.unwrap_or(0.0)))
    }
}

/// Sets the average dark current of a ramp; a `parameter` goes before the reference.
///
/// Parity: `jwst dark_current/dark_current_step.py::set_average_dark_current` compares the shape of the reference's
/// image with that of the image which the ramp has already. A ramp that comes to the step has none, so the image of the
/// reference is never used, and neither is the reference's number.
pub(super) fn set(ramp: &mut RampModel, parameter: Option<f64>, reference: ReferenceAverage) {
    let everywhere = |value: f64| Some(Array2::from_elem(ramp.pixeldq.dim(), value as f32));
    match (parameter, reference) {
        (Some(value), _) => {
            tracing::info!("Using Poisson noise from average dark current {value} e-/sec");
            ramp.average_dark_current = everywhere(value);
        }
        (None, ReferenceAverage::Number(value)) => ramp.average_dark_current = everywhere(value),
        (None, ReferenceAverage::Image(image)) => {
            let present = ramp.average_dark_current.as_mut();
            let image = image.into_dimensionality().ok();
            let same_shape = present
                .zip(image)
                .filter(|(present, image)| present.dim() == image.dim());
            if let Some((present, image)) = same_shape {
                *present = image;
            } else {
                tracing::warn!(
                    "DarkModel average_dark_current does not match the data and is not applied"
                );
            }
        }
    }
}
