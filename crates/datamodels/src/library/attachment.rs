//! Tables that a step leaves beside its results, such as catalogues of sources.

use std::path::{Path, PathBuf};

use crate::error::{DataModelError, Result};
use crate::io::ecsv::{Meta, Table, Values};
use crate::io::fits::{self, Card, CardValue, ColumnValues, HduSpec, Payload};

/// The form of a file that holds a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// ECSV.
    Ecsv,
    /// A binary table in a FITS file.
    Fits,
}

/// A table to be saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Attachment {
    /// The name of its file.
    pub name: String,
    /// The form of its file.
    pub format: TableFormat,
    /// The table.
    pub table: Table,
}

impl Attachment {
    /// Saves the table in a directory, whole or not at all, and gives back the path.
    ///
    /// # Errors
    /// The file cannot be written, or the table has no form in FITS.
    pub fn save(&self, directory: &Path) -> Result<PathBuf> {
        let path = directory.join(&self.name);
        match self.format {
            TableFormat::Ecsv => self.table.write(&path)?,
            TableFormat::Fits => self.write_fits(&path)?,
        }
        Ok(path)
    }

    fn write_fits(&self, path: &Path) -> Result<()> {
        let unwritable = |message: &str| DataModelError::Unwritable {
            path: path.to_path_buf(),
            what: "the table".to_string(),
            message: message.to_string(),
        };
        let columns = self.table.columns.iter().map(|column| {
            let values = match &column.values {
                Values::Bool(values) => ColumnValues::Bool(values.clone()),
                Values::I32(values) => ColumnValues::I32(values.clone()),
                Values::I64(values) => ColumnValues::I64(values.clone()),
                Values::F64(values) => ColumnValues::F64(values.clone()),
                Values::F32(values) => {
                    ColumnValues::F64(values.iter().map(|v| f64::from(*v)).collect())
                }
                Values::Text(values) => ColumnValues::Text {
                    width: values.iter().map(String::len).max().unwrap_or(1),
                    values: values.clone(),
                },
                Values::Sky(_) => return Err(unwritable("FITS has no columns of positions")),
            };
            Ok((column.name.as_str(), values))
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let table =
            fits::Table::new(&columns).ok_or_else(|| unwritable("columns differ in length"))?;
        let cards = self.table.meta.iter().filter_map(|(name, value)| {
            let value = match value {
                Meta::Text(text) => CardValue::Text(text.clone()),
                Meta::Int(value) => CardValue::Integer(*value),
                Meta::Float(value) => CardValue::Real(*value),
                Meta::Bool(value) => CardValue::Logical(*value),
                _ => return None,
            };
            Some(Card::new(&name.to_uppercase(), value, ""))
        });
        let hdu = |name: &str, cards: Vec<Card>, payload| HduSpec {
            name: name.to_string(),
            version: 1,
            cards,
            payload,
        };
        let hdus = [
            hdu("PRIMARY", Vec::new(), Payload::Empty),
            hdu("CATALOG", cards.collect(), Payload::Table(&table)),
        ];
        fits::write_plain_fits(path, &hdus)
    }
}
