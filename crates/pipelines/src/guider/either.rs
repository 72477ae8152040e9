//! Steps on their own that have a form for guide star exposures besides the one for others.

use std::path::{Path, PathBuf};

use datamodels::io::fits::FitsReader;
use datamodels::metadata::Metadata;
use datamodels::models::GuiderModel;
use stpipe::run::{Context, Run, RunError};
use stpipe::{BoxError, Products, Settings, Step};

use super::{EXPOSURE_TYPES, open_guider};

/// Runs the step `G` on a guide star exposure, or `S` on another one that `open` reads.
pub(crate) fn either<S, G>(
    context: &Context<'_>,
    settings: Settings,
    inputs: &[PathBuf],
    open: fn(&Path) -> Result<S::Input, BoxError>,
) -> Result<Vec<PathBuf>, RunError>
where
    S: Step<Input: Products, Output: Products>,
    G: Step<Input = GuiderModel, Output: Products>,
{
    // A file that cannot be read is reported by the step that opens it.
    let kind = inputs.first().and_then(|path| {
        let meta = Metadata::read(&FitsReader::open(path).ok()?).ok()?;
        meta.exposure().kind().ok()
    });
    if kind.is_some_and(|kind| EXPOSURE_TYPES.contains(&kind.as_str())) {
        let (run, input) = Run::on_file(context, settings, inputs, open_guider)?;
        run.alone::<G>(input).map(|(_, saved)| saved)
    } else {
        let (run, input) = Run::on_file(context, settings, inputs, open)?;
        run.alone::<S>(input).map(|(_, saved)| saved)
    }
}
