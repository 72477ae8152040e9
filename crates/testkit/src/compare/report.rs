//! What a comparison found.

use std::fmt;
use std::path::PathBuf;

use super::values::{BitsDifference, ValueDifference};

/// One thing in which a product is not as the reference.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// The reference has an HDU that ours lacks.
    MissingHdu {
        /// Name and version.
        hdu: String,
    },
    /// Ours has an HDU that the reference lacks.
    ExtraHdu {
        /// Name and version.
        hdu: String,
    },
    /// An HDU or column has another type, shape or number of rows.
    Layout {
        /// The HDU, with the column's name where it is one.
        hdu: String,
        /// What ours is.
        ours: String,
        /// What the reference's is.
        reference: String,
    },
    /// Values outside the tolerance.
    Values {
        /// The HDU, with the column's name where it is one.
        hdu: String,
        /// How they differ.
        difference: ValueDifference,
    },
    /// Bits that differ.
    Bits {
        /// The HDU.
        hdu: String,
        /// How they differ.
        difference: BitsDifference,
    },
    /// Strings of a column that differ.
    Strings {
        /// HDU and column.
        hdu: String,
        /// The first row that differs.
        row: usize,
        /// Ours.
        ours: String,
        /// The reference's.
        reference: String,
    },
    /// A keyword that is missing, extra or has another value.
    Keyword {
        /// The HDU.
        hdu: String,
        /// The keyword.
        keyword: String,
        /// Our value.
        ours: Option<String>,
        /// The reference's.
        reference: Option<String>,
    },
    /// A node of the metadata tree that is missing, extra or has another value.
    Node {
        /// Its path.
        path: String,
        /// Ours.
        ours: String,
        /// The reference's.
        reference: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |v: &Option<String>| v.clone().unwrap_or_else(|| "nothing".to_string());
        match self {
            Self::MissingHdu { hdu } => write!(f, "{hdu}: missing"),
            Self::ExtraHdu { hdu } => write!(f, "{hdu}: the reference has no such HDU"),
            Self::Layout {
                hdu,
                ours,
                reference,
            } => write!(f, "{hdu}: ours {ours}, reference {reference}"),
            Self::Values { hdu, difference } => write!(f, "{hdu}: {difference}"),
            Self::Bits { hdu, difference } => write!(f, "{hdu}: {difference}"),
            Self::Strings {
                hdu,
                row,
                ours,
                reference,
            } => write!(
                f,
                "{hdu}: row {row}: ours '{ours}', reference '{reference}'"
            ),
            Self::Keyword {
                hdu,
                keyword,
                ours,
                reference,
            } => write!(
                f,
                "{hdu}: keyword {keyword}: ours {}, reference {}",
                value(ours),
                value(reference)
            ),
            Self::Node {
                path,
                ours,
                reference,
            } => write!(f, "node {path}: ours {ours}, reference {reference}"),
        }
    }
}

/// All differences of two products.
#[derive(Debug, Clone)]
pub struct Report {
    /// Our product.
    pub ours: PathBuf,
    /// The reference's.
    pub reference: PathBuf,
    /// Arrays, columns, keywords and nodes that were compared.
    pub compared: usize,
    /// What differs, in the order of the reference's file.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing differs, and something was compared.
    pub fn is_equal(&self) -> bool {
        self.findings.is_empty() && self.compared > 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ours, reference) = (self.ours.display(), self.reference.display());
        if self.is_equal() {
            return write!(f, "{ours}: as {reference} ({} HDUs)", self.compared);
        }
        write!(
            f,
            "{ours} differs from {reference} in {} of its parts:",
            self.findings.len()
        )?;
        for finding in &self.findings {
            write!(f, "\n    {finding}")?;
        }
        Ok(())
    }
}
