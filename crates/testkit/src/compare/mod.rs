//! Comparison of two products: arrays, quality bits, tables, headers, metadata trees.
//!
//! Every HDU of the reference but the ASDF extension has to be in ours, with the same type and shape. Real values are
//! held to a [`Tolerance`] and must be NaN in the same places; quality arrays are compared bit by bit; tables by
//! column; headers by keyword. The ASDF extensions are compared as trees of metadata, world
//! coordinate systems on a grid of pixels.

mod header;
mod report;
mod table;
#[cfg(test)]
mod tests;
mod tolerance;
mod values;
mod wcs;

use std::path::Path;

use datamodels::Result;
use datamodels::io::fits::{Element, FitsReader, HduInfo, HduKind, StoredType};
use datamodels::metadata::Metadata;

pub use report::{Finding, Report};
pub use tolerance::{Tolerance, ToleranceSpec};
pub use values::{BitDifference, BitsDifference, Outlier, ValueDifference};

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
    let mut findings = Vec::new();
    let mut compared = 0;
    for hdu in b.hdus().iter().filter(|hdu| hdu.name != "ASDF") {
        compared += 1;
        match a.find(&hdu.name, hdu.version) {
            None => findings.push(Finding::MissingHdu { hdu: label(hdu) }),
            Some(own) => findings.extend(comparison.hdus(own, hdu)?),
        }
    }
    let extra = a
        .hdus()
        .iter()
        .filter(|hdu| hdu.name != "ASDF" && b.find(&hdu.name, hdu.version).is_none());
    findings.extend(extra.map(|hdu| Finding::ExtraHdu { hdu: label(hdu) }));
    let (meta_a, meta_b) = (Metadata::read(&a)?, Metadata::read(&b)?);
    findings.extend(header::trees(meta_a.tree(), meta_b.tree(), spec));
    findings.extend(wcs::compare(&meta_a, &meta_b, spec)?);
    Ok(Report {
        ours: ours.to_path_buf(),
        reference: reference.to_path_buf(),
        compared,
        findings,
    })
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
    fn hdus(&self, ours: &HduInfo, reference: &HduInfo) -> Result<Vec<Finding>> {
        let name = label(reference);
        let mut findings = header::headers(&name, &ours.header, &reference.header, self.spec);
        if describe(ours) != describe(reference) {
            findings.push(Finding::Layout {
                hdu: name,
                ours: describe(ours),
                reference: describe(reference),
            });
            return Ok(findings);
        }
        match &reference.kind {
            HduKind::Empty => {}
            HduKind::Table => {
                let (a, b) = (self.ours.table(ours)?, self.reference.table(reference)?);
                findings.extend(table::tables(&name, &a, &b, self.spec));
            }
            HduKind::Image { stored, .. } => {
                findings.extend(self.images(*stored, ours, reference)?);
            }
            HduKind::Other => {
                if self.ours.bytes(ours)? != self.reference.bytes(reference)? {
                    findings.push(Finding::Layout {
                        hdu: name,
                        ours: "other bytes".into(),
                        reference: "bytes of an unknown kind".into(),
                    });
                }
            }
        }
        Ok(findings)
    }

    fn images(
        &self,
        stored: StoredType,
        ours: &HduInfo,
        reference: &HduInfo,
    ) -> Result<Option<Finding>> {
        if self.spec.is_bits(&reference.name) {
            return match stored {
                StoredType::U8 => self.bits::<u8>(ours, reference),
                _ => self.bits::<u32>(ours, reference),
            };
        }
        match stored {
            StoredType::U8 => self.values::<u8>(ours, reference),
            StoredType::I16 => self.values::<i16>(ours, reference),
            StoredType::U16 => self.values::<u16>(ours, reference),
            StoredType::I32 => self.values::<i32>(ours, reference),
            StoredType::U32 => self.values::<u32>(ours, reference),
            StoredType::F32 => self.values::<f32>(ours, reference),
            StoredType::I64 | StoredType::F64 => self.values::<f64>(ours, reference),
        }
    }

    fn values<T: Element + Into<f64>>(
        &self,
        ours: &HduInfo,
        reference: &HduInfo,
    ) -> Result<Option<Finding>> {
        let (a, b) = (
            self.ours.image::<T>(ours)?,
            self.reference.image::<T>(reference)?,
        );
        let (a, b, shape) = (
            a.as_standard_layout(),
            b.as_standard_layout(),
            reference.shape(),
        );
        let tolerance = self.spec.of(&reference.name);
        let difference = ValueDifference::of(
            a.as_slice().unwrap_or_default(),
            b.as_slice().unwrap_or_default(),
            shape,
            tolerance,
        );
        let allowed = self.spec.allowed_fraction * difference.count as f64;
        let hdu = label(reference);
        Ok((difference.outside as f64 > allowed).then_some(Finding::Values { hdu, difference }))
    }

    fn bits<T: Element + Into<u64>>(
        &self,
        ours: &HduInfo,
        reference: &HduInfo,
    ) -> Result<Option<Finding>> {
        let (a, b) = (
            self.ours.image::<T>(ours)?,
            self.reference.image::<T>(reference)?,
        );
        let (a, b, shape) = (
            a.as_standard_layout(),
            b.as_standard_layout(),
            reference.shape(),
        );
        let difference = BitsDifference::of(
            a.as_slice().unwrap_or_default(),
            b.as_slice().unwrap_or_default(),
            shape,
        );
        let allowed = self.spec.allowed_fraction * difference.count as f64;
        let hdu = label(reference);
        Ok((difference.different as f64 > allowed).then_some(Finding::Bits { hdu, difference }))
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
