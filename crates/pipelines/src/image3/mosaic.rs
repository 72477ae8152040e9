//! The last steps of the pipeline, from exposures to one image.

use datamodels::library::Library;
use steps::resample::Resample;
use stpipe::run::{Run, RunError};
use stpipe::{Outcome, Step};

/// Makes the mosaic, and its catalogue if there is one image.
pub(super) fn make(run: &mut Run<'_>, library: Library) -> Result<(), RunError> {
    let Outcome::Complete(_images) = run.outcome::<Resample>(Resample::NAME, library)? else {
        return Ok(());
    };
    Ok(())
}
