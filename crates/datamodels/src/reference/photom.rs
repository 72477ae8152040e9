//! Photometric conversion factors and the areas of pixels.

use std::path::Path;

use ndarray::Array2;

use super::ReferenceFile;
use crate::error::Result;
use crate::io::fits::Table;
use crate::metadata::{Metadata, SubarrayFrame};

/// Area of a pixel in the sky, as headers give it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PixelArea {
    /// `PIXAR_SR` [sr].
    pub steradians: Option<f64>,
    /// `PIXAR_A2` [arcsec²].
    pub square_arcseconds: Option<f64>,
}

impl PixelArea {
    /// Path of `PIXAR_SR` in the metadata.
    pub const STERADIANS: &'static str = "meta.photometry.pixelarea_steradians";
    /// Path of `PIXAR_A2` in the metadata.
    pub const SQUARE_ARCSECONDS: &'static str = "meta.photometry.pixelarea_arcsecsq";

    fn of(meta: &Metadata) -> Self {
        Self {
            steradians: meta.number(Self::STERADIANS),
            square_arcseconds: meta.number(Self::SQUARE_ARCSECONDS),
        }
    }
}

/// How the throughput changes with time, by a table with a row for each configuration.
#[derive(Debug, Clone)]
pub struct TimeCoefficients {
    /// `TIMECOEFF_LINEAR`: columns `t0`, `lossperyear`.
    pub linear: Option<Table>,
    /// `TIMECOEFF_EXPONENTIAL`: columns `t0`, `amplitude`, `tau`, `const`.
    pub exponential: Option<Table>,
    /// `TIMECOEFF_POWERLAW`: columns `t0`, `year1value`, `tsoft`, `alpha`.
    pub power_law: Option<Table>,
}

/// Conversion factors of the configurations of an instrument.
#[derive(Debug, Clone)]
pub struct PhotomReference {
    /// FILENAME of the file.
    pub file_name: Option<String>,
    /// A row for each configuration.
    pub table: Table,
    /// Changes with time.
    pub time: TimeCoefficients,
    /// Area of a pixel.
    pub area: PixelArea,
}

impl PhotomReference {
    /// Reads the file.
    ///
    /// # Errors
    /// The file cannot be read, has no table of conversion factors, or tables of time coefficients that do not belong to
    /// it.
    pub fn load(path: &Path) -> Result<Self> {
        let file = ReferenceFile::open(path)?;
        let table = file.table("PHOTOM")?;
        let coefficients = |hdu: &str| -> Result<Option<Table>> {
            if file.reader.find(hdu, 1).is_none() {
                return Ok(None);
            }
            let found = file.table(hdu)?;
            check_rows(&file, hdu, &table, &found)?;
            Ok(Some(found))
        };
        let time = TimeCoefficients {
            linear: coefficients("TIMECOEFF_LINEAR")?,
            exponential: coefficients("TIMECOEFF_EXPONENTIAL")?,
            power_law: coefficients("TIMECOEFF_POWERLAW")?,
        };
        Ok(Self {
            file_name: file.meta.text("meta.filename").map(str::to_string),
            table,
            time,
            area: PixelArea::of(&file.meta),
        })
    }
}

/// A table of time coefficients has the rows of the table of factors.
fn check_rows(file: &ReferenceFile, hdu: &str, factors: &Table, found: &Table) -> Result<()> {
    if factors.rows() != found.rows() {
        return Err(file.error(format!(
            "HDU {hdu}: expected {} rows, as PHOTOM has, found {}",
            factors.rows(),
            found.rows()
        )));
    }
    for column in ["filter", "pupil", "subarray"] {
        if let (Some(expected), Some(found)) = (factors.strings(column), found.strings(column))
            && expected != found
        {
            return Err(file.error(format!(
                "HDU {hdu}: expected the values of PHOTOM in column {column}, {expected:?}, found {found:?}"
            )));
        }
    }
    Ok(())
}

/// A map of the areas of pixels.
#[derive(Debug, Clone)]
pub struct AreaReference {
    /// Area of each pixel of the exposure, relative to the nominal one.
    pub map: Array2<f32>,
    /// Nominal area of a pixel.
    pub area: PixelArea,
}

impl AreaReference {
    /// Reads the part of the map that belongs to a subarray of the detector.
    ///
    /// # Errors
    /// The file cannot be read, or shows nothing of the subarray.
    pub fn load(path: &Path, frame: SubarrayFrame) -> Result<Self> {
        let file = ReferenceFile::open(path)?;
        let hdu = file.reader.require("SCI")?;
        let &[height, width] = hdu.shape() else {
            return Err(file.reader.shape_error(hdu, "an image of 2 dimensions"));
        };
        // Parity: jwst/photom/photom.py `save_area_info` counts rows and columns of the detector, wherever the subarray
        // of the map begins, and is content with less than the exposure shows.
        let rows = clipped(frame.y_start, frame.y_size, height);
        let columns = clipped(frame.x_start, frame.x_size, width);
        if rows.is_empty() || columns.is_empty() {
            return Err(file.error(format!(
                "HDU SCI of {height} x {width} pixels shows nothing of the exposure's {frame:?}"
            )));
        }
        let map = file.reader.image_window(hdu, rows, columns)?;
        let map = map
            .into_dimensionality()
            .map_err(|_| file.reader.shape_error(hdu, "an image of 2 dimensions"))?;
        Ok(Self {
            map,
            area: PixelArea::of(&file.meta),
        })
    }
}

/// Indices of an axis from a start counted from 1, as far as there are any.
fn clipped(start: i64, size: i64, available: usize) -> std::ops::Range<usize> {
    let index = |value: i64| usize::try_from(value).unwrap_or(0).min(available);
    index(start - 1)..index((start - 1).saturating_add(size))
}
