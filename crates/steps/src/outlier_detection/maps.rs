//! Where the pixels of exposures lie on the common grid.

use datamodels::library::Library;
use gwcs::Wcs;
use stpipe::StepError;

use crate::resample::{MapOptions, PixelMapper, Planes};

/// The one place that is asked for the pixel map of an exposure.
pub(super) trait Maps {
    /// The map of exposure `index`; NaN where a pixel is not mapped.
    fn map_of(&self, index: usize) -> Result<Planes, StepError>;
}

/// Maps that are computed when they are asked for.
pub(super) struct Computed<'a> {
    pub(super) library: &'a Library,
    pub(super) grid: &'a Wcs,
    pub(super) options: MapOptions,
}

impl Maps for Computed<'_> {
    fn map_of(&self, index: usize) -> Result<Planes, StepError> {
        let exposure = &self.library.exposures()[index];
        let wcs = exposure.meta.require_wcs().map_err(StepError::algorithm)?;
        PixelMapper::new(&wcs, self.grid, exposure.shape())?.map(&self.options)
    }
}
