//! A catalogue of sources.

use std::path::Path;

use jiff::Timestamp;

use crate::error::Result;
use crate::io::ecsv::{Meta, Table};

/// A catalogue of sources as a text table; `_cat` products.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceCatalogModel {
    /// Name of the image's file, and of its own when it has been saved.
    pub file_name: Option<String>,
    /// The sources.
    pub table: Table,
}

impl SourceCatalogModel {
    /// Writes the catalogue as ECSV; its metadata begin with the time and this software's version.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let now = Timestamp::now()
            .strftime("%Y-%m-%d %H:%M:%S UTC")
            .to_string();
        let version = Meta::Text(env!("CARGO_PKG_VERSION").to_owned());
        let mut table = self.table.clone();
        let made = [
            ("date".to_owned(), Meta::Text(now)),
            (
                "version".to_owned(),
                Meta::Map(vec![("jwst".to_owned(), version)]),
            ),
        ];
        table.meta.splice(0..0, made);
        table.write(path)
    }
}
