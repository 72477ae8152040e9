//! How an exposure is spread over the output.

use crate::{DrizzleError, Section};

/// The shape in which the flux of an input pixel is spread over the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kernel {
    /// Evenly over the shrunken pixel, mapped corner by corner: exact overlaps. Conserves flux.
    #[default]
    Square,
    /// All at the centre. Conserves flux.
    Point,
    /// Evenly over a square that is aligned with the output: quick, approximate. Conserves flux.
    Turbo,
    /// A Gaussian with the full width at half maximum of the shrunken pixel. Does not conserve flux.
    Gaussian,
    /// A Lanczos function of order 2; the pixel fraction is ignored. Does not conserve flux.
    Lanczos2,
    /// A Lanczos function of order 3; the pixel fraction is ignored. Does not conserve flux.
    Lanczos3,
}

impl Kernel {
    /// The kernel of this name, as used by the parameters of drizzle everywhere.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "square" => Self::Square,
            "point" => Self::Point,
            "turbo" => Self::Turbo,
            "gaussian" => Self::Gaussian,
            "lanczos2" => Self::Lanczos2,
            "lanczos3" => Self::Lanczos3,
            _ => return None,
        })
    }

    /// Whether the sum of weighted data is the same in the output as in the input.
    pub fn conserves_flux(self) -> bool {
        matches!(self, Self::Square | Self::Point | Self::Turbo)
    }
}

/// Units of the input.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Units {
    /// Per second, or surface brightness: used as it is.
    #[default]
    Rate,
    /// Counts: divided by the exposure time.
    Counts {
        /// Exposure time [s], positive.
        exposure_time: f32,
    },
}

/// How one exposure is drizzled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Shape of the kernel.
    pub kernel: Kernel,
    /// Side of the shrunken pixel in units of the pixel, 0 to 1. At 0.001 and below the kernel is [`Kernel::Point`].
    pub pixfrac: f64,
    /// Factor on the data; its square is the factor on the images that are combined with squared weights.
    pub intensity_scale: f32,
    /// Side of an output pixel in units of an input pixel: sets the size of all kernels but square and point. `None`: the
    /// ratio at the centre of the overlap, estimated from the pixel map.
    pub pixel_scale_ratio: Option<f32>,
    /// Factor on the weights.
    pub weight_scale: f32,
    /// Units of the data.
    pub units: Units,
    /// Part of the exposure to use; all of it when `None`.
    pub section: Option<Section>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kernel: Kernel::Square,
            pixfrac: 1.0,
            intensity_scale: 1.0,
            pixel_scale_ratio: Some(1.0),
            weight_scale: 1.0,
            units: Units::Rate,
            section: None,
        }
    }
}

/// Below this pixel fraction there is nothing left to spread.
const SMALLEST_PIXFRAC: f64 = 0.001;

impl Settings {
    /// The kernel that is really used.
    pub(crate) fn effective_kernel(&self) -> Kernel {
        if self.pixfrac <= SMALLEST_PIXFRAC {
            Kernel::Point
        } else {
            self.kernel
        }
    }

    /// Factor on the data with the units taken into account.
    pub(crate) fn data_scale(&self) -> f32 {
        match self.units {
            Units::Rate => self.intensity_scale,
            Units::Counts { exposure_time } => self.intensity_scale / exposure_time,
        }
    }

    /// Refuses values that make no sense.
    pub(crate) fn check(&self) -> Result<(), DrizzleError> {
        let positive = |name, value: f32| {
            if value.is_finite() && value > 0.0 {
                Ok(())
            } else {
                Err(DrizzleError::Setting {
                    name,
                    value: f64::from(value),
                    expected: "a positive finite number",
                })
            }
        };
        positive("the intensity scale", self.intensity_scale)?;
        positive("the scale of the weights", self.weight_scale)?;
        if let Some(ratio) = self.pixel_scale_ratio {
            positive("the pixel scale ratio", ratio)?;
        }
        if let Units::Counts { exposure_time } = self.units {
            positive("the exposure time", exposure_time)?;
        }
        if !(0.0..=1.0).contains(&self.pixfrac) {
            return Err(DrizzleError::Setting {
                name: "the pixel fraction",
                value: self.pixfrac,
                expected: "0 to 1",
            });
        }
        Ok(())
    }
}
