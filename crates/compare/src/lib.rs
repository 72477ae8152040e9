//! Comparison of two products: arrays, quality bits, tables, headers, metadata trees.
//!
//! Two files are compared, A with the reference B. Every HDU of the reference but the ASDF extension has to be in A, with the same type and shape. Real values are
//! held to a [`Tolerance`] and must be NaN in the same places; quality arrays are compared bit by bit; tables by
//! column; headers by keyword. The ASDF extensions are compared as trees of metadata, world
//! coordinate systems on a grid of pixels. Catalogues in ECSV are compared by column, ASDF files node by node.
//!
//! ```no_run
//! use compare::{ToleranceSpec, compare_files};
//! let report = compare_files("a_rate.fits".as_ref(), "b_rate.fits".as_ref(), &ToleranceSpec::exposures())?;
//! assert!(report.is_equal(), "{report}");
//! # Ok::<(), datamodels::DataModelError>(())
//! ```

mod catalog;
mod header;
mod report;
mod table;
#[cfg(test)]
mod tests;
mod tolerance;
mod tree;
mod values;
mod wcs;

use std::path::Path;

use asdf::AsdfFile;
use datamodels::io::ecsv;
use datamodels::io::fits::{Element, FitsReader, HduInfo, HduKind, StoredType};
use datamodels::metadata::Metadata;
use datamodels::{DataModelError, Result};

pub use report::{Finding, Measured, Report};
pub use tolerance::{Tolerance, ToleranceSpec};
pub use values::{BitDifference, BitsDifference, Outlier, ValueDifference};

/// Compares two files by what their names say they are: `.ecsv` catalogues, `.asdf` files, everything else FITS.
///
/// # Errors
/// One of the files cannot be read.
pub fn compare_files(ours: &Path, reference: &Path, spec: &ToleranceSpec) -> Result<Report> {
    let has_ending = |ending: &str| {
        let of_reference = reference.extension();
        of_reference.is_some_and(|found| found.eq_ignore_ascii_case(ending))
    };
    if has_ending("ecsv") {
        compare_catalogs(ours, reference, spec)
    } else if has_ending("asdf") {
        compare_trees(ours, reference, spec)
    } else {
        compare_products(ours, reference, spec)
    }
}

/// Compares two catalogues, column by column.
///
/// # Errors
/// One of the files cannot be read.
pub fn compare_catalogs(ours: &Path, reference: &Path, spec: &ToleranceSpec) -> Result<Report> {
    let (a, b) = (ecsv::Table::read(ours)?, ecsv::Table::read(reference)?);
    let mut report = Report::new(ours, reference);
    catalog::compare(&a, &b, spec, &mut report);
    Ok(report)
}

/// Compares two ASDF files, node by node; what records how the file was written is left out.
///
/// # Errors
/// One of the files, or one of its arrays, cannot be read.
pub fn compare_trees(ours: &Path, reference: &Path, spec: &ToleranceSpec) -> Result<Report> {
    let open = |path: &Path| {
        AsdfFile::open(path).map_err(|error| DataModelError::Asdf {
            path: path.to_path_buf(),
            message: error.to_string(),
        })
    };
    let (a, b) = (open(ours)?, open(reference)?);
    let mut report = Report::new(ours, reference);
    tree::compare(&a, &b, spec, &mut report);
    Ok(report)
}

/// Compares our product with the reference's.
///
/// # Errors
/// One of the files cannot be read.
pub fn compare_products(ours: &Path, reference: &Path, spec: &ToleranceSpec) -> Result<Report> {
    let (a, b) = (FitsReader::open(ours)?, FitsReader::open(reference)?);
    let comparison = Comparison {
        ours: &a,
        reference: &b,
        spec,
    };
    let mut report = Report::new(ours, reference);
    for hdu in b.hdus().iter().filter(|hdu| hdu.name != "ASDF") {
        report.compared += 1;
        match a.find(&hdu.name, hdu.version) {
            None => report
                .findings
                .push(Finding::MissingHdu { hdu: label(hdu) }),
            Some(own) => comparison.hdus(own, hdu, &mut report)?,
        }
    }
    let extra = a
        .hdus()
        .iter()
        .filter(|hdu| hdu.name != "ASDF" && b.find(&hdu.name, hdu.version).is_none());
    let extra = extra.map(|hdu| Finding::ExtraHdu { hdu: label(hdu) });
    report.findings.extend(extra);
    let (meta_a, meta_b) = (Metadata::read(&a)?, Metadata::read(&b)?);
    if !spec.only_data {
        let trees = header::trees(meta_a.tree(), meta_b.tree(), spec);
        report.findings.extend(trees);
    }
    report
        .findings
        .extend(wcs::compare(&meta_a, &meta_b, spec)?);
    Ok(report)
}

/// The name of an HDU, with its version where it is not the first.
fn label(hdu: &HduInfo) -> String {
    match hdu.version {
        1 => hdu.name.clone(),
        version => format!("{},{version}", hdu.name),
    }
}

struct Comparison<'a> {
    ours: &'a FitsReader,
    reference: &'a FitsReader,
    spec: &'a ToleranceSpec,
}

impl Comparison<'_> {
    fn hdus(&self, ours: &HduInfo, reference: &HduInfo, report: &mut Report) -> Result<()> {
        let name = label(reference);
        if !self.spec.only_data {
            let cards = header::headers(&name, &ours.header, &reference.header, self.spec);
            report.findings.extend(cards);
        }
        if describe(ours) != describe(reference) {
            report.findings.push(Finding::Layout {
                hdu: name,
                ours: describe(ours),
                reference: describe(reference),
            });
            return Ok(());
        }
        match &reference.kind {
            HduKind::Empty => {}
            HduKind::Table => {
                let (a, b) = (self.ours.table(ours)?, self.reference.table(reference)?);
                table::tables(&name, &a, &b, self.spec, report);
            }
            HduKind::Image { stored, .. } => self.images(*stored, ours, reference, report)?,
            HduKind::Other => {
                if self.ours.bytes(ours)? != self.reference.bytes(reference)? {
                    report.findings.push(Finding::Layout {
                        hdu: name,
                        ours: "other bytes".into(),
                        reference: "bytes of an unknown kind".into(),
                    });
                }
            }
        }
        Ok(())
    }

    /// Integers that are no bits count something or number it: they are compared exactly.
    fn images(
        &self,
        stored: StoredType,
        ours: &HduInfo,
        reference: &HduInfo,
        report: &mut Report,
    ) -> Result<()> {
        if self.spec.is_bits(&reference.name) {
            let difference = match stored {
                StoredType::U8 => self.bits::<u8>(ours, reference)?,
                _ => self.bits::<u32>(ours, reference)?,
            };
            report.bits(label(reference), difference, self.spec);
            return Ok(());
        }
        let tolerance = if stored.is_integer() {
            Tolerance::relative(0.0)
        } else {
            self.spec.of(&reference.name)
        };
        let difference = match stored {
            StoredType::U8 => self.values::<u8>(ours, reference, tolerance)?,
            StoredType::I16 => self.values::<i16>(ours, reference, tolerance)?,
            StoredType::U16 => self.values::<u16>(ours, reference, tolerance)?,
            StoredType::I32 => self.values::<i32>(ours, reference, tolerance)?,
            StoredType::U32 => self.values::<u32>(ours, reference, tolerance)?,
            StoredType::F32 => self.values::<f32>(ours, reference, tolerance)?,
            StoredType::I64 | StoredType::F64 => self.values::<f64>(ours, reference, tolerance)?,
        };
        report.values(label(reference), difference, self.spec);
        Ok(())
    }

    fn values<T: Element + Into<f64>>(
        &self,
        ours: &HduInfo,
        reference: &HduInfo,
        tolerance: Tolerance,
    ) -> Result<ValueDifference> {
        self.both(ours, reference, |a: &[T], b: &[T]| {
            ValueDifference::of(a, b, reference.shape(), tolerance)
        })
    }

    fn bits<T: Element + Into<u64>>(
        &self,
        ours: &HduInfo,
        reference: &HduInfo,
    ) -> Result<BitsDifference> {
        self.both(ours, reference, |a: &[T], b: &[T]| {
            BitsDifference::of(a, b, reference.shape())
        })
    }

    /// Reads both images and compares their values in the order of the file.
    fn both<T: Element, D>(
        &self,
        ours: &HduInfo,
        reference: &HduInfo,
        compare: impl FnOnce(&[T], &[T]) -> D,
    ) -> Result<D> {
        let (a, b) = (
            self.ours.image::<T>(ours)?,
            self.reference.image::<T>(reference)?,
        );
        let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
        Ok(compare(
            a.as_slice().unwrap_or_default(),
            b.as_slice().unwrap_or_default(),
        ))
    }
}

/// Type and shape of an HDU's data.
fn describe(hdu: &HduInfo) -> String {
    match &hdu.kind {
        HduKind::Empty => "no data".to_string(),
        HduKind::Table => "a table".to_string(),
        HduKind::Other => "an HDU of another kind".to_string(),
        HduKind::Image {
            stored,
            shape,
            scaling,
        } => match scaling {
            None => format!("{} of shape {shape:?}", stored.name()),
            Some((scale, zero)) => format!(
                "{} of shape {shape:?}, scaled by {scale} and {zero}",
                stored.name()
            ),
        },
    }
}
