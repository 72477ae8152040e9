//! Reference files: opened, checked against the exposure, cut to its subarray, their quality bits translated.

mod background;
mod detector;
mod distortion;
mod emicorr;
mod flat;
mod pattern;
mod persistence;
mod photom;
mod quality;
mod refpix;
mod source_catalog;
mod streamed;
mod window;

use std::path::Path;
use std::sync::Arc;

use ndarray::{Array, Dimension};

use crate::error::{DataModelError, Result};
use crate::io::fits::{Element, FitsReader, Table};
use crate::metadata::Metadata;

pub use background::{BackgroundExposure, Overlap};
pub use detector::{
    DarkReference, GainReference, IpcReference, LinearityReference, MaskReference,
    ReadNoiseReference, ResetReference, RscdReference, SaturationReference, SuperbiasReference,
};
pub use distortion::{DistortionReference, FilterOffset, FilterOffsetReference};
pub use emicorr::{EmiCase, EmiReference, EmiWave, EmiWaves};
pub use flat::FlatReference;
pub use pattern::{PictureFrameReference, SossTrace, SossTraceReference};
pub use persistence::PersistenceWindows;
pub use photom::{AreaReference, PhotomReference, PixelArea, TimeCoefficients};
pub use refpix::{Irs2BadPixels, Irs2Reference, SirsReference};
pub use source_catalog::{ApertureCorrections, VegaOffsets};
pub use streamed::StreamedImage;
pub use window::{Science, Window};

/// An open reference file.
#[derive(Debug)]
pub struct ReferenceFile {
    reader: Arc<FitsReader>,
    /// Its metadata.
    pub meta: Metadata,
}

impl ReferenceFile {
    /// Opens a reference file.
    ///
    /// # Errors
    /// As [`FitsReader::open`].
    pub fn open(path: &Path) -> Result<Self> {
        let reader = FitsReader::open(path)?;
        let meta = Metadata::read(&reader)?;
        Ok(Self {
            reader: Arc::new(reader),
            meta,
        })
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        self.reader.path()
    }

    /// The dimensions of an image, slowest first.
    ///
    /// # Errors
    /// The HDU is missing.
    pub fn shape(&self, hdu: &str) -> Result<&[usize]> {
        Ok(self.reader.require(hdu)?.shape())
    }

    /// Whether the file has an HDU with data.
    pub fn has(&self, hdu: &str) -> bool {
        self.reader
            .find(hdu, 1)
            .is_some_and(|hdu| !hdu.shape().is_empty())
    }

    /// Reads the window of an image of `D` dimensions.
    ///
    /// # Errors
    /// The HDU is missing, has other dimensions, or does not cover the window.
    pub fn image<T: Element, D: Dimension>(
        &self,
        hdu: &str,
        window: &Window,
    ) -> Result<Array<T, D>> {
        let info = self.reader.require(hdu)?;
        let image = self
            .reader
            .image_window(info, window.rows.clone(), window.columns.clone())?;
        let image = window.pick(image).ok_or_else(|| {
            self.error(format!(
                "HDU {hdu}: expected an image of 2 dimensions, as references of superstripes are"
            ))
        })?;
        let expected = || format!("an image of {} dimensions", D::NDIM.unwrap_or_default());
        image
            .into_dimensionality()
            .map_err(|_| self.reader.shape_error(info, &expected()))
    }

    /// Reads a whole image of any dimensions.
    ///
    /// # Errors
    /// The HDU is missing or no image.
    pub fn whole_image<T: Element>(&self, hdu: &str) -> Result<ndarray::ArrayD<T>> {
        self.reader.image(self.reader.require(hdu)?)
    }

    /// Reads a table.
    ///
    /// # Errors
    /// The HDU is missing or no table.
    pub fn table(&self, hdu: &str) -> Result<Table> {
        self.reader.table(self.reader.require(hdu)?)
    }

    /// An error about this file.
    pub fn error(&self, message: impl Into<String>) -> DataModelError {
        DataModelError::Reference {
            path: self.path().to_path_buf(),
            message: message.into(),
        }
    }
}
