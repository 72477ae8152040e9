//! Tables as text: ECSV as astropy writes it, and the plainer forms that users hand in.
//!
//! A table has named columns of one type each, with unit, description and metadata. Columns with a unit that are
//! quantities, and positions on the sky, are written so that `astropy.table.QTable.read` gives such columns again.
//!
//! # Source
//! The format: astropy APE 6, ECSV 1.0 <https://github.com/astropy/astropy-APEs/blob/main/APE6.rst>; the form of its
//! header as astropy 8.0.2 writes it.

mod header;
mod number;
mod read;
mod write;

#[cfg(test)]
mod tests;

pub use header::{Meta, MetaArray};

use std::path::Path;

use crate::error::{DataModelError, Result};

use super::atomic::write_atomically;

/// A table of named columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Metadata, in order.
    pub meta: Vec<(String, Meta)>,
    /// The columns, in order. All have the same length.
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its unit, as astropy spells it.
    pub unit: Option<String>,
    /// Whether values and unit form a quantity; a quantity without unit has the unit "".
    pub is_quantity: bool,
    /// How values should be shown, such as ".4f"; files hold them in full.
    pub format: Option<String>,
    /// What the column is.
    pub description: Option<String>,
    /// Its values.
    pub values: Values,
}

/// The values of a column. A float that is missing in a file is NaN.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Truth values.
    Bool(Vec<bool>),
    /// Integers of 32 bits.
    I32(Vec<i32>),
    /// Integers of 64 bits.
    I64(Vec<i64>),
    /// Floats of 32 bits.
    F32(Vec<f32>),
    /// Floats of 64 bits.
    F64(Vec<f64>),
    /// Text.
    Text(Vec<String>),
    /// ICRS positions: right ascension and declination [degree].
    Sky(Vec<(f64, f64)>),
}

impl Values {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bool(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Sky(values) => values.len(),
        }
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values as 64-bit floats; none if they are not numbers.
    #[must_use]
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        match self {
            Self::I32(values) => Some(values.iter().map(|value| f64::from(*value)).collect()),
            Self::I64(values) => Some(values.iter().map(|value| *value as f64).collect()),
            Self::F32(values) => Some(values.iter().map(|value| f64::from(*value)).collect()),
            Self::F64(values) => Some(values.clone()),
            Self::Bool(_) | Self::Text(_) | Self::Sky(_) => None,
        }
    }
}

impl Column {
    /// A column without unit, format and description.
    #[must_use]
    pub fn new(name: impl Into<String>, values: Values) -> Self {
        Self {
            name: name.into(),
            unit: None,
            is_quantity: false,
            format: None,
            description: None,
            values,
        }
    }

    /// The column with a unit that makes it a quantity.
    #[must_use]
    pub fn quantity(mut self, unit: &str) -> Self {
        self.unit = Some(unit.to_owned());
        self.is_quantity = true;
        self
    }

    /// The column with a description.
    #[must_use]
    pub fn described(mut self, description: &str) -> Self {
        self.description = Some(description.to_owned());
        self
    }
}

impl Table {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// Whether the table has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The numbers of the column of this name; none if there is no such column or it holds no numbers.
    #[must_use]
    pub fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        self.column(name)?.values.to_f64()
    }

    /// Reads a table from text: ECSV, comma-separated values, or columns separated by blanks, with names in the first line.
    ///
    /// The metadata of an ECSV table are not read; a position on the sky becomes two columns, `name.ra` and `name.dec`.
    ///
    /// # Errors
    /// A message that names line and column.
    ///
    /// ```
    /// let text = "# comment\nid RA DEC\n1 80.5 -69.5\n2 80.6 -69.4\n";
    /// let table = datamodels::io::ecsv::Table::parse(text).unwrap();
    /// assert_eq!(table.numbers("DEC"), Some(vec![-69.5, -69.4]));
    /// ```
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        read::parse(text)
    }

    /// Reads a table from a file, see [`Self::parse`].
    ///
    /// # Errors
    /// [`DataModelError::Io`] if the file cannot be read, [`DataModelError::NotATable`] if it is no table.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| DataModelError::Io {
            action: "read",
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&text).map_err(|message| DataModelError::NotATable {
            path: path.to_path_buf(),
            message,
        })
    }

    /// The table as ECSV, its values separated by blanks.
    #[must_use]
    pub fn to_ecsv(&self) -> String {
        write::ecsv(self)
    }

    /// Writes the table as ECSV, whole or not at all.
    ///
    /// # Errors
    /// [`DataModelError::Io`] if the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_atomically(path, |temporary| {
            std::fs::write(temporary, self.to_ecsv()).map_err(|source| DataModelError::Io {
                action: "write",
                path: path.to_path_buf(),
                source,
            })
        })
    }
}
