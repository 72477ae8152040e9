//! A page about a run: what was made, what each step flagged and changed, with pictures and numbers.

mod gather;
mod page;
mod samples;
mod section;
mod survey;
mod timing;

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::options::ReportOptions;
use crate::preview::write_whole;

/// A page about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The page: one HTML document that needs nothing else, neither network nor scripts.
    pub html: String,
    /// Products that it tells of.
    pub products: usize,
    /// What could not be read or drawn, and why; the page says it, too.
    pub warnings: Vec<String>,
}

impl Report {
    /// Writes the page, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_whole(path, self.html.as_bytes())
    }
}

/// Reports on products: files, or the products (`*.fits`, `*.fits.gz`, `*_cat.ecsv`) directly in folders.
///
/// Products of the same exposure belong together whatever their names; where two that follow each other have the same
/// shape, the page shows what the steps between them flagged and changed. Files are read in bands, one or two at a time.
/// All texts of files are escaped.
///
/// # Errors
/// A file that is named cannot be read; a file of a folder that cannot be read is a warning. There are no products.
///
/// ```
/// use quicklook::{ReportOptions, report};
/// # use datamodels::Model as _;
/// # let folder = tempfile::tempdir()?;
/// # let ramp = testkit::ramp::Builder::new([1, 3, 16, 16]).rate_dn_per_s(2.0).build();
/// # ramp.save(&folder.path().join("jw01_nrcb1_uncal.fits"))?;
/// let page = report(&[folder.path().to_path_buf()], &ReportOptions::default())?;
/// assert_eq!((page.products, page.warnings.len()), (1, 0));
/// assert!(page.html.starts_with("<!DOCTYPE html>") && page.html.contains("jw01_nrcb1_uncal.fits"));
/// page.save(&folder.path().join("report.html"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn report(inputs: &[PathBuf], options: &ReportOptions) -> Result<Report> {
    let mut warnings = Vec::new();
    let found = gather::gather(inputs, &mut warnings)?;
    let products = found.products.len() + found.catalogs.len();
    let times = match &options.log {
        Some(path) => timing::read(path)?,
        None => Vec::new(),
    };
    let sections = section::sections(found, options, &mut warnings)?;
    let html = page::page(&sections, &times, options, &warnings)?.into_string();
    Ok(Report {
        html,
        products,
        warnings,
    })
}
