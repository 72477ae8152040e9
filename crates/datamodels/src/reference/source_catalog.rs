//! What source photometry needs: apertures with their corrections, and offsets between magnitudes.

use std::path::Path;

use asdf::{AsdfFile, Node};

use super::ReferenceFile;
use crate::error::{DataModelError, Result};
use crate::io::fits::Table;

/// Aperture corrections of the configurations of an instrument.
#[derive(Debug, Clone)]
pub struct ApertureCorrections {
    /// A row for each configuration and encircled energy: `eefraction`, `radius`, `apcorr`, `skyin`, `skyout` and the
    /// columns that tell configurations apart.
    pub table: Table,
}

impl ApertureCorrections {
    /// Reads the file.
    ///
    /// # Errors
    /// The file cannot be read or has no table of corrections.
    pub fn load(path: &Path) -> Result<Self> {
        let file = ReferenceFile::open(path)?;
        let table = file.table("APCORR")?;
        Ok(Self { table })
    }
}

/// Differences of AB and Vega magnitudes of the configurations of an instrument.
#[derive(Debug, Clone, PartialEq)]
pub struct VegaOffsets {
    /// The columns that tell configurations apart, by name: `filter`, `pupil`, `detector`.
    pub selectors: Vec<(String, Vec<String>)>,
    /// AB minus Vega magnitude of each row.
    pub offsets: Vec<f64>,
}

impl VegaOffsets {
    /// Reads the file.
    ///
    /// # Errors
    /// The file cannot be read or has no table of offsets.
    pub fn load(path: &Path) -> Result<Self> {
        let damaged = |message: String| DataModelError::Reference {
            path: path.to_path_buf(),
            message,
        };
        let file = AsdfFile::open(path)
            .map_err(|error| damaged(format!("not a readable ASDF file: {error}")))?;
        let missing = || damaged("expected a table abvega_offset with columns".to_owned());
        let table = file.tree.get_path("abvega_offset").map(Node::untagged);
        let columns = table
            .and_then(|table| table.get_path("columns"))
            .and_then(Node::as_sequence)
            .ok_or_else(missing)?;
        let (mut selectors, mut offsets) = (Vec::new(), None);
        for column in columns {
            let column = column.untagged();
            let name = column.get_path("name").and_then(Node::as_str);
            let (Some(name), Some(data)) = (name, column.get_path("data")) else {
                return Err(missing());
            };
            let unusable = |error| damaged(format!("column {name}: {error}"));
            let Some(data) = data.as_ndarray() else {
                return Err(missing());
            };
            if name == "abvega_offset" {
                offsets = Some(file.array_f64(data).map_err(unusable)?.0);
            } else if let Ok((values, _)) = file.array::<String>(data) {
                selectors.push((name.to_owned(), values));
            }
        }
        let offsets = offsets.ok_or_else(missing)?;
        if selectors
            .iter()
            .any(|(_, values)| values.len() != offsets.len())
        {
            return Err(damaged("columns of different lengths".to_owned()));
        }
        Ok(Self { selectors, offsets })
    }
}
