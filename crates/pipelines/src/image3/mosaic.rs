//! The last steps of the pipeline, from exposures to one image.

use datamodels::library::Library;
use steps::resample::Resample;
use steps::source_catalog::SourceCatalog;
use stpipe::run::{Run, RunError};
use stpipe::{Outcome, Step};

/// Makes the mosaic, and its catalogue if there is one image.
pub(super) fn make(run: &mut Run<'_>, library: Library) -> Result<(), RunError> {
    let Outcome::Complete(mut images) = run.outcome::<Resample>(Resample::NAME, library)? else {
        return Ok(());
    };
    if let (Some(mut image), true) = (images.pop(), images.is_empty()) {
        // It has been saved, and the catalogue does not ask for these.
        image.con = None;
        (image.var_poisson, image.var_rnoise, image.var_flat) = (None, None, None);
        run.outcome::<SourceCatalog>(SourceCatalog::NAME, image)?;
    }
    Ok(())
}
