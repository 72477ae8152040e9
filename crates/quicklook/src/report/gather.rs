//! The files of a run.

use std::path::{Path, PathBuf};

use datamodels::DataModelError;
use datamodels::io::ecsv::Table;

use super::survey::{Survey, parts_of};
use crate::error::{QuicklookError, Result};
use crate::product::{Product, file_name};

/// A product and what it says about itself.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) path: PathBuf,
    pub(super) survey: Survey,
}

/// A catalogue of sources.
#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) path: PathBuf,
    /// The name without `_cat.ecsv`.
    pub(super) root: String,
    pub(super) table: Table,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) products: Vec<Item>,
    pub(super) catalogs: Vec<Catalog>,
}

/// Reads what files say about themselves; a file comes once, however often it is named.
pub(super) fn gather(inputs: &[PathBuf], warnings: &mut Vec<String>) -> Result<Found> {
    let mut found = Found::default();
    let mut seen: Vec<PathBuf> = Vec::new();
    for input in inputs {
        if input.is_dir() {
            for path in products_in(input)? {
                if is_new(&path, &mut seen)
                    && let Err(error) = found.add(&path)
                {
                    warnings.push(error.to_string());
                }
            }
        } else if is_new(input, &mut seen) {
            found.add(input)?;
        }
    }
    if found.products.is_empty() && found.catalogs.is_empty() && warnings.is_empty() {
        let inputs: Vec<String> = inputs
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        return Err(QuicklookError::NoProducts {
            inputs: inputs.join(", "),
        });
    }
    Ok(found)
}

fn is_new(path: &Path, seen: &mut Vec<PathBuf>) -> bool {
    let place = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let is_new = !seen.contains(&place);
    if is_new {
        seen.push(place);
    }
    is_new
}

fn is_catalog(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".ecsv")
}

fn is_product(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ends = [".fits", ".fits.gz", "_cat.ecsv"];
    ends.iter().any(|end| name.ends_with(end))
}

/// The products directly in a folder, by name; hidden files are parts of other programs' work.
fn products_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let io = |source| DataModelError::Io {
        action: "list",
        path: folder.to_path_buf(),
        source,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = file_name(&path);
        if is_product(&name) && !name.starts_with('.') && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

impl Found {
    fn add(&mut self, path: &Path) -> Result<()> {
        let name = file_name(path);
        if is_catalog(&name) {
            let table = Table::read(path)?;
            let (root, _) = parts_of(&name, None);
            self.catalogs.push(Catalog {
                path: path.to_path_buf(),
                root,
                table,
            });
        } else {
            let survey = Survey::of(&Product::open(path)?)?;
            self.products.push(Item {
                path: path.to_path_buf(),
                survey,
            });
        }
        Ok(())
    }
}
