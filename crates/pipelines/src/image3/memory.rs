//! How the pipeline keeps within a limit of memory.

use datamodels::library::Library;
use steps::resample::{OutputGrid, Resample, ResampleParams};
use stpipe::{Settings, Step};

/// The program itself, its libraries and metadata [byte].
const PROGRAM: u64 = 48 << 20;
/// What finding sources, or measuring the sky, takes for each pixel of an exposure [byte].
const SOURCES: u64 = 24;
/// Saving an exposure: its quality, and what was put by for the next one that is resampled.
const SAVING: u64 = 40;
/// An exposure that is resampled: its map, weights, data and variances.
const RESAMPLED: u64 = 40;
/// The sums of the mosaic, for each of its pixels.
const SUMS: u64 = 28;
/// The mosaic and what is made of it for the catalogue.
const CATALOG: u64 = 32;

/// The limit is below what the pipeline takes at least.
#[derive(Debug, thiserror::Error)]
#[error(
    "the mosaic of {rows} x {columns} pixels takes about {} MiB of memory, more than the limit of {} MiB", 
    .needed >> 20, .limit >> 20
)]
pub struct TooLittleMemory {
    rows: usize,
    columns: usize,
    needed: u64,
    limit: u64,
}

/// Has steps work on as few exposures at the same time as fit into the limit [byte].
pub(super) fn heed(
    library: &mut Library,
    settings: &Settings,
    limit: u64,
) -> Result<(), TooLittleMemory> {
    let exposures = library.exposures().iter();
    let pixels = exposures.map(|exposure| (exposure.shape().0 * exposure.shape().1) as u64);
    let pixels = pixels.max().unwrap_or(0);
    let (rows, columns) = shape(library, settings).unwrap_or((0, 0));
    let mosaic = (rows * columns) as u64;
    let at_least = [
        SUMS * mosaic + RESAMPLED * pixels,
        CATALOG * mosaic,
        SAVING * pixels,
    ];
    let needed = PROGRAM + at_least.into_iter().max().unwrap_or(0);
    if limit < needed {
        return Err(TooLittleMemory {
            rows,
            columns,
            needed,
            limit,
        });
    }
    let fit = (limit - PROGRAM) / (SOURCES * pixels).max(1);
    let at_once = library
        .at_once()
        .min(usize::try_from(fit).unwrap_or(usize::MAX));
    library.set_at_once(at_once);
    Ok(())
}

/// Rows and columns of the mosaic, if they can be told; what is wrong with the parameters is said by the step.
fn shape(library: &Library, settings: &Settings) -> Option<(usize, usize)> {
    let resample = settings.step(Resample::NAME)?;
    let params = resample.params::<ResampleParams>().ok()?;
    let grid = OutputGrid::for_library(library, &params.grid().ok()?).ok()?;
    Some(grid.shape)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datamodels::ImageModel;
    use datamodels::library::{AssociationInfo, Library};
    use datamodels::metadata::Metadata;
    use ndarray::Array2;
    use stpipe::Settings;

    use super::{PROGRAM, SAVING, SOURCES, heed};

    const SIDE: usize = 100;

    fn library(count: usize) -> Library {
        let plane = || Array2::zeros((SIDE, SIDE));
        let image = ImageModel {
            meta: Metadata::new("ImageModel"),
            data: plane(),
            err: plane(),
            dq: Array2::zeros((SIDE, SIDE)),
            var_poisson: plane(),
            var_rnoise: plane(),
            var_flat: None,
            area: None,
            extra: Vec::new(),
        };
        Library::of_images(vec![image; count], AssociationInfo::default())
    }

    #[test]
    fn fewer_exposures_are_worked_on_or_the_limit_is_refused() {
        let settings = Settings::defaults(&Arc::new(super::super::spec()));
        let pixels = (SIDE * SIDE) as u64;
        let mut library = library(6);
        let usual = library.at_once();
        heed(&mut library, &settings, 1 << 40).unwrap();
        assert_eq!(library.at_once(), usual);
        heed(&mut library, &settings, PROGRAM + 3 * SOURCES * pixels).unwrap();
        assert_eq!(library.at_once(), 3);
        let error = heed(&mut library, &settings, PROGRAM + SAVING * pixels - 1).unwrap_err();
        assert!(error.to_string().contains("limit of 48 MiB"), "{error}");
    }
}
