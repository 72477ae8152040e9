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
/// An exposure that is resampled: its map (16), its data, weights and two variances (4 each), and some more.
///
/// Measured with this: 314 MiB of 343 for four full frames, 126 of 135 for twelve of 1024 x 1024.
const RESAMPLED: u64 = 36;
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
    threads: usize,
) -> Result<(), TooLittleMemory> {
    let exposures = library.exposures().iter();
    let pixels = exposures.map(|exposure| (exposure.shape().0 * exposure.shape().1) as u64);
    let pixels = pixels.max().unwrap_or(0);
    let (rows, columns) = shape(library, settings).unwrap_or((0, 0));
    let mosaic = (rows * columns) as u64;
    let needed = |at_once: usize| needed(pixels, mosaic, at_once.min(threads) as u64);
    let mut counts = (1..=library.at_once()).rev();
    let Some(at_once) = counts.find(|at_once| needed(*at_once) <= limit) else {
        return Err(TooLittleMemory {
            rows,
            columns,
            needed: needed(1),
            limit,
        });
    };
    library.set_at_once(at_once);
    Ok(())
}

/// Memory that is needed for exposures of so many pixels and a mosaic, if so many threads work on an exposure each [byte].
fn needed(pixels: u64, mosaic: u64, threads: u64) -> u64 {
    let steps = [
        SOURCES * pixels * threads,
        SUMS * mosaic + RESAMPLED * pixels,
        CATALOG * mosaic,
        SAVING * pixels,
    ];
    PROGRAM + steps.into_iter().max().unwrap_or(0)
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

    use super::{heed, needed};

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
        heed(&mut library, &settings, 1 << 40, 8).unwrap();
        assert_eq!(library.at_once(), usual);
        // Two threads do not work on more than two exposures.
        heed(&mut library, &settings, needed(pixels, 0, 2), 2).unwrap();
        assert_eq!(library.at_once(), usual);
        heed(&mut library, &settings, needed(pixels, 0, 3), 8).unwrap();
        assert_eq!(library.at_once(), 3);
        let too_low = needed(pixels, 0, 1) - 1;
        let error = heed(&mut library, &settings, too_low, 8).unwrap_err();
        assert!(error.to_string().contains("limit of 48 MiB"), "{error}");
    }
}
