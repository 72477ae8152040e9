//! The world coordinate system of an exposure: `meta.wcs`.

#[cfg(test)]
mod tests;
pub mod transforms;

use gwcs::Wcs;
use gwcs::convert::{read_wcs, write_wcs};

use crate::error::{DataModelError, Result};
use crate::metadata::Metadata;

pub use transforms::registry;

const WCS: &str = "meta.wcs";

impl Metadata {
    /// The world coordinate system; `None` before `assign_wcs`.
    ///
    /// # Errors
    /// The file holds one that cannot be read.
    pub fn wcs(&self) -> Result<Option<Wcs>> {
        let Some(node) = self.get(WCS) else {
            return Ok(None);
        };
        let wcs = read_wcs(node, self.asdf(), &registry());
        wcs.map(Some).map_err(|error| self.wcs_error(&error))
    }

    /// The world coordinate system.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn require_wcs(&self) -> Result<Wcs> {
        let expected = "a world coordinate system, as assign_wcs makes it";
        self.wcs()?.ok_or_else(|| self.keyword_error(WCS, expected))
    }

    /// Stores a world coordinate system in place of the one that may be there.
    ///
    /// # Errors
    /// A transform has no form in a file.
    pub fn set_wcs(&mut self, wcs: &Wcs) -> Result<()> {
        self.remove(WCS);
        self.asdf_mut().drop_unused_blocks();
        let node = write_wcs(wcs, self.asdf_mut(), &registry());
        let node = node.map_err(|error| self.wcs_error(&error))?;
        self.set(WCS, node);
        // The tags of the transforms are those of this standard.
        self.asdf_mut().standard = asdf::Version::default();
        Ok(())
    }

    fn wcs_error(&self, error: &gwcs::convert::ConvertError) -> DataModelError {
        DataModelError::Asdf {
            path: self.source().map(Into::into).unwrap_or_default(),
            message: format!("{WCS}: {error}"),
        }
    }
}
