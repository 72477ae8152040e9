//! Flat fields.

use std::path::Path;

use ndarray::{Array2, Ix2};

use super::{ReferenceFile, Science};
use crate::error::Result;

/// Response of the pixels.
#[derive(Debug, Clone)]
pub struct FlatReference {
    /// Response of each pixel, about 1.
    pub response: Array2<f32>,
    /// Its standard deviation; zeros where the file has none.
    pub err: Array2<f32>,
    /// Quality of each pixel.
    pub dq: Array2<u32>,
    /// The file, without directory.
    pub file_name: Option<String>,
}

impl FlatReference {
    /// Reads the part of the file that covers an exposure; `None` if its image is smaller than the exposure's.
    ///
    /// # Errors
    /// The file cannot be read, or does not fit the exposure.
    pub fn load(path: &Path, science: &Science<'_>) -> Result<Option<Self>> {
        let file = ReferenceFile::open(path)?;
        let smaller = match file.shape("SCI")? {
            [.., rows, columns] => *rows < science.rows || *columns < science.columns,
            _ => false,
        };
        if smaller {
            return Ok(None);
        }
        let window = file.window("SCI", science)?;
        let response: Array2<f32> = file.image::<f32, Ix2>("SCI", &window)?;
        let err = if file.has("ERR") {
            file.image("ERR", &window)?
        } else {
            Array2::zeros(response.raw_dim())
        };
        let file_name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        Ok(Some(Self {
            response,
            err,
            dq: file.quality(&window)?,
            file_name,
        }))
    }
}
