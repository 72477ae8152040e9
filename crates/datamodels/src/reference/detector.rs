//! The references of stage 1, typed and cut to the exposure.

use std::path::Path;

use ndarray::{Array2, Array3, Array4, ArrayD, Axis};

use super::{ReferenceFile, Science, StreamedImage, Window};
use crate::error::Result;
use crate::io::fits::Table;

/// Bad pixels.
#[derive(Debug, Clone)]
pub struct MaskReference {
    /// Quality of each pixel.
    pub dq: Array2<u32>,
}

impl MaskReference {
    /// Reads the part of the file that covers an exposure.
    ///
    /// # Errors
    /// The file cannot be read or does not fit the exposure.
    pub fn load(path: &Path, science: &Science<'_>) -> Result<Self> {
        let file = ReferenceFile::open(path)?;
        let window = file.window("DQ", science)?;
        Ok(Self {
            dq: file.quality(&window)?,
        })
    }
}

/// Saturation thresholds.
#[derive(Debug, Clone)]
pub struct SaturationReference {
    /// Threshold of each pixel [DN].
    pub threshold: Array2<f32>,
    /// Quality of each pixel.
    pub dq: Array2<u32>,
}

impl SaturationReference {
    /// Reads the part of the file that covers an exposure.
    ///
    /// # Errors
    /// The file cannot be read or does not fit the exposure.
    pub fn load(path: &Path, science: &Science<'_>) -> Result<Self> {
        let (file, window) = open(path, "SCI", science)?;
        Ok(Self {
            threshold: file.image("SCI", &window)?,
            dq: file.quality(&window)?,
        })
    }
}

/// Bias of the detector after a reset.
#[derive(Debug, Clone)]
pub struct SuperbiasReference {
    /// Bias of each pixel [DN].
    pub bias: Array2<f32>,
    /// Quality of each pixel.
    pub dq: Array2<u32>,
}

impl SuperbiasReference {
    /// Reads the part of the file that covers an exposure.
    ///
    /// # Errors
    /// The file cannot be read or does not fit the exposure.
    pub fn load(path: &Path, science: &Science<'_>) -> Result<Self> {
        let (file, window) = open(path, "SCI", science)?;
        Ok(Self {
            bias: file.image("SCI", &window)?,
            dq: file.quality(&window)?,
        })
    }
}

/// Polynomials that straighten ramps.
#[derive(Debug, Clone)]
pub struct LinearityReference {
    /// Coefficients from the constant on, `(1, order, row, column)`. They stay in their file.
    pub coefficients: StreamedImage,
    /// Coefficients of the inverse, where the file has them.
    pub inverse: Option<StreamedImage>,
    /// Quality of each pixel.
    pub dq: Array2<u32>,
}

impl LinearityReference {
    /// Reads the part of the file that covers an exposure.
    ///
    /// # Errors
    /// The file cannot be read or does not fit the exposure.
    pub fn load(path: &Path, science: &Science<'_>) -> Result<Self> {
        let (file, window) = open(path, "COEFFS", science)?;
        // Parity: jwst lib/reffile_utils.py, get_multistripe_subarray_model leaves the inverse behind.
        let inverse = if file.has("INV_COEFFS") && window.stripes.is_none() {
            Some(StreamedImage::open(&file, "INV_COEFFS", &window)?)
        } else {
            None
        };
        Ok(Self {
            coefficients: StreamedImage::open(&file, "COEFFS", &window)?,
            inverse,
            dq: file.quality(&window)?,
        })
    }
}

/// Dark ramps.
#[derive(Debug, Clone)]
pub struct DarkReference {
    /// Signal, `(integration, group, row, column)` [DN]; one integration where the file does not tell them apart. It
    /// has many more groups than the exposure: it stays in its file.
    pub signal: StreamedImage,
    /// Whether the file tells integrations apart.
    pub by_integration: bool,
    /// Quality of each pixel, `(integration, row, column)`; one integration where the file does not tell them apart.
    pub dq: Array3<u32>,
    /// NFRAMES of the dark.
    pub frames_per_group: usize,
    /// GROUPGAP of the dark.
    pub group_gap: usize,
    /// Average dark current [e-/s], where the header names one.
    pub average_dark_current: Option<f64>,
}

impl DarkReference {
    /// Opens the part of the file that covers an exposure.
    ///
    /// # Errors
    /// The file cannot be read, lacks NFRAMES or GROUPGAP, or does not fit the exposure.
    pub fn load(path: &Path, science: &Science<'_>) -> Result<Self> {
        let (file, window) = open(path, "SCI", science)?;
        let by_integration = file.shape("SCI")?.len() == 4;
        let exposure = file.meta.exposure();
        Ok(Self {
            dq: dark_quality(&file, &window)?,
            frames_per_group: exposure.frames_per_group()?,
            group_gap: exposure.group_gap()?,
            average_dark_current: file.meta.number("meta.exposure.average_dark_current"),
            by_integration,
            signal: StreamedImage::open(&file, "SCI", &window)?,
        })
    }
}

/// The quality image of a dark has two dimensions, or four with one group.
fn dark_quality(file: &ReferenceFile, window: &Window) -> Result<Array3<u32>> {
    if file.has("DQ") && file.shape("DQ")?.len() == 4 {
        Ok(file.quality_4d(window)?.index_axis_move(Axis(1), 0))
    } else {
        Ok(file.quality(window)?.insert_axis(Axis(0)))
    }
}

/// Gain of each pixel.
#[derive(Debug, Clone)]
pub struct GainReference {
    /// Gain [e-/DN].
    pub gain_e_per_dn: Array2<f32>,
    /// Factor to the nominal gain, where the file names one.
    pub gain_factor: Option<f64>,
}

impl GainReference {
    /// Reads the part of the file that covers an exposure.
    ///
    /// # Errors
    /// The file cannot be read or does not fit the exposure.
    pub fn load(path: &Path, science: &Science<'_>) -> Result<Self> {
        let (file, window) = open(path, "SCI", science)?;
        let gain_factor = file.meta.number("meta.exposure.gain_factor");
        Ok(Self {
            gain_e_per_dn: file.image("SCI", &window)?,
            gain_factor,
        })
    }

    /// Reads the gain factor alone.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn load_factor(path: &Path) -> Result<Option<f64>> {
        Ok(ReferenceFile::open(path)?
            .meta
            .number("meta.exposure.gain_factor"))
    }
}

/// Read noise of each pixel.
#[derive(Debug, Clone)]
pub struct ReadNoiseReference {
    /// Read noise between two frames [DN].
    pub read_noise_dn: Array2<f32>,
}

impl ReadNoiseReference {
    /// Reads the part of the file that covers an exposure.
    ///
    /// # Errors
    /// The file cannot be read or does not fit the exposure.
    pub fn load(path: &Path, science: &Science<'_>) -> Result<Self> {
        let (file, window) = open(path, "SCI", science)?;
        Ok(Self {
            read_noise_dn: file.image("SCI", &window)?,
        })
    }
}

/// Coupling between neighbouring pixels.
#[derive(Debug, Clone)]
pub struct IpcReference {
    /// Kernel, `(row, column)`, or `(row, column, y, x)` with one kernel for each pixel.
    pub kernel: ArrayD<f32>,
}

impl IpcReference {
    /// Reads the kernel.
    ///
    /// # Errors
    /// The file cannot be read, or its image has neither two nor four dimensions.
    pub fn load(path: &Path) -> Result<Self> {
        let file = ReferenceFile::open(path)?;
        let kernel = file.whole_image::<f32>("SCI")?;
        if !matches!(kernel.ndim(), 2 | 4) {
            return Err(file.error(format!(
                "HDU SCI: expected 2 or 4 dimensions, found {}",
                kernel.ndim()
            )));
        }
        Ok(Self { kernel })
    }
}

/// What a reset leaves behind.
#[derive(Debug, Clone)]
pub struct ResetReference {
    /// Signal, `(integration, group, row, column)` [DN].
    pub signal: Array4<f32>,
    /// Quality of each pixel.
    pub dq: Array2<u32>,
}

impl ResetReference {
    /// Reads the part of the file that covers an exposure.
    ///
    /// # Errors
    /// The file cannot be read or does not fit the exposure.
    pub fn load(path: &Path, science: &Science<'_>) -> Result<Self> {
        let (file, window) = open(path, "SCI", science)?;
        Ok(Self {
            signal: file.image("SCI", &window)?,
            dq: file.quality(&window)?,
        })
    }
}

/// Groups to leave out at the start of integrations.
#[derive(Debug, Clone)]
pub struct RscdReference {
    /// Table with columns `subarray`, `readpatt`, `group_skip1` and `group_skip`.
    pub table: Table,
}

impl RscdReference {
    /// Reads the table.
    ///
    /// # Errors
    /// The file cannot be read or has no such table.
    pub fn load(path: &Path) -> Result<Self> {
        Ok(Self {
            table: ReferenceFile::open(path)?.table("RSCD_GROUP_SKIP")?,
        })
    }
}

fn open(path: &Path, hdu: &str, science: &Science<'_>) -> Result<(ReferenceFile, Window)> {
    let file = ReferenceFile::open(path)?;
    let window = file.window(hdu, science)?;
    Ok((file, window))
}
