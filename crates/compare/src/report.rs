//! What a comparison found.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::tolerance::ToleranceSpec;
use super::values::{BitsDifference, ValueDifference};

/// One thing in which a product is not as the reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
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
        #[serde(rename = "a")]
        ours: String,
        /// What the reference's is.
        #[serde(rename = "b")]
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
        #[serde(rename = "a")]
        ours: String,
        /// The reference's.
        #[serde(rename = "b")]
        reference: String,
    },
    /// A keyword that is missing, extra or has another value.
    Keyword {
        /// The HDU.
        hdu: String,
        /// The keyword.
        keyword: String,
        /// Our value.
        #[serde(rename = "a")]
        ours: Option<String>,
        /// The reference's.
        #[serde(rename = "b")]
        reference: Option<String>,
    },
    /// A node of the metadata tree that is missing, extra or has another value.
    Node {
        /// Its path.
        path: String,
        /// Ours.
        #[serde(rename = "a")]
        ours: String,
        /// The reference's.
        #[serde(rename = "b")]
        reference: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = |v: &Option<String>| v.clone().unwrap_or_else(|| "nothing".to_string());
        match self {
            Self::MissingHdu { hdu } => write!(f, "{hdu}: A has no such HDU"),
            Self::ExtraHdu { hdu } => write!(f, "{hdu}: B has no such HDU"),
            Self::Layout {
                hdu,
                ours,
                reference,
            } => write!(f, "{hdu}: A {ours}, B {reference}"),
            Self::Values { hdu, difference } => write!(f, "{hdu}: {difference}"),
            Self::Bits { hdu, difference } => write!(f, "{hdu}: {difference}"),
            Self::Strings {
                hdu,
                row,
                ours,
                reference,
            } => write!(f, "{hdu}: row {row}: A '{ours}', B '{reference}'"),
            Self::Keyword {
                hdu,
                keyword,
                ours,
                reference,
            } => write!(
                f,
                "{hdu}: keyword {keyword}: A {}, B {}",
                value(ours),
                value(reference)
            ),
            Self::Node {
                path,
                ours,
                reference,
            } => write!(f, "node {path}: A {ours}, B {reference}"),
        }
    }
}

/// An array or a column of numbers that was compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The HDU, with the column's name where it is one, or the path of a node.
    pub part: String,
    /// Number of values.
    pub count: usize,
    /// Values that are not as they should be.
    pub outside: usize,
    /// The largest difference of two finite values; of bits nothing.
    pub largest_absolute: Option<f64>,
    /// The largest difference in units of the reference's value.
    pub largest_relative: Option<f64>,
}

/// All differences of two products.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Our product, A.
    #[serde(rename = "a")]
    pub ours: PathBuf,
    /// The reference's, B.
    #[serde(rename = "b")]
    pub reference: PathBuf,
    /// HDUs, columns of catalogues or nodes that were compared.
    pub compared: usize,
    /// Arrays and columns that were compared, whether they differ or not.
    pub measured: Vec<Measured>,
    /// What differs, in the order of the reference's file.
    pub findings: Vec<Finding>,
}

impl Report {
    /// A comparison that has not begun.
    pub(super) fn new(ours: &Path, reference: &Path) -> Self {
        Self {
            ours: ours.to_path_buf(),
            reference: reference.to_path_buf(),
            compared: 0,
            measured: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Notes a comparison of numbers; more outliers than are allowed are a finding.
    pub(super) fn values(&mut self, part: String, found: ValueDifference, spec: &ToleranceSpec) {
        self.measured.push(Measured {
            part: part.clone(),
            count: found.count,
            outside: found.outside,
            largest_absolute: Some(found.largest_absolute),
            largest_relative: Some(found.largest_relative),
        });
        if found.outside as f64 > spec.allowed_fraction * found.count as f64 {
            let (hdu, difference) = (part, found);
            self.findings.push(Finding::Values { hdu, difference });
        }
    }

    /// Notes a comparison of bits.
    pub(super) fn bits(&mut self, part: String, found: BitsDifference, spec: &ToleranceSpec) {
        self.measured.push(Measured {
            part: part.clone(),
            count: found.count,
            outside: found.different,
            largest_absolute: None,
            largest_relative: None,
        });
        if found.different as f64 > spec.allowed_fraction * found.count as f64 {
            let (hdu, difference) = (part, found);
            self.findings.push(Finding::Bits { hdu, difference });
        }
    }

    /// Whether nothing differs, and something was compared.
    pub fn is_equal(&self) -> bool {
        self.findings.is_empty() && self.compared > 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ours, reference) = (self.ours.display(), self.reference.display());
        if self.is_equal() {
            return write!(f, "{ours}: as {reference} ({} parts)", self.compared);
        }
        write!(
            f,
            "A {ours} differs from B {reference} in {} of its parts:",
            self.findings.len()
        )?;
        for finding in &self.findings {
            write!(f, "\n    {finding}")?;
        }
        Ok(())
    }
}
