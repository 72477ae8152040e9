//! What an exposure takes at least, held against a limit of memory.

use std::path::Path;

use datamodels::io::fits::{FitsReader, HduInfo};
use stpipe::BoxError;

/// The program itself, its libraries and metadata [byte].
const PROGRAM: u64 = 64 << 20;
/// Counts and quality of a sample.
const SAMPLE: u64 = 5;
/// Quality, gain and read noise of a pixel.
const PIXEL: u64 = 12;
/// Rate, error, quality and two variances of a pixel.
const RATE: u64 = 20;
/// One number of a zero frame.
const ZERO_FRAME: u64 = 4;
/// What the search for jumps remembers of a sample [bit]: whether it was usable, has neighbours to flag, is followed.
const SEARCH_BITS: u64 = 4;

/// The limit is below what the pipeline takes at least.
#[derive(Debug, thiserror::Error)]
#[error(
    "the ramp of {integrations} x {groups} x {rows} x {columns} samples takes about {} MiB of memory, more than the limit of {} MiB",
    .needed >> 20, .limit >> 20
)]
pub struct RampTooLarge {
    integrations: usize,
    groups: usize,
    rows: usize,
    columns: usize,
    needed: u64,
    limit: u64,
}

/// Refuses an exposure that cannot be done within a limit [byte], before its arrays are read.
///
/// # Errors
/// [`RampTooLarge`]; also if the file cannot be opened. What else is wrong with it is said by those who read it.
pub(super) fn check(path: &Path, limit: u64) -> Result<(), BoxError> {
    let reader = FitsReader::open(path)?;
    let Some(&[integrations, groups, rows, columns]) = reader.find("SCI", 1).map(HduInfo::shape)
    else {
        return Ok(());
    };
    let has_zero_frame = reader.find("ZEROFRAME", 1).is_some();
    let shape = [integrations, groups, rows, columns];
    let needed = needed(shape, has_zero_frame, reader.bytes_in_memory());
    if needed <= limit {
        return Ok(());
    }
    Err(Box::new(RampTooLarge {
        integrations,
        groups,
        rows,
        columns,
        needed,
        limit,
    }))
}

/// Memory at the peak [byte]: while jumps are searched, while rates are made, or while an unpacked file is read.
fn needed(shape: [usize; 4], has_zero_frame: bool, unpacked: u64) -> u64 {
    // Headers may claim anything.
    let product = |lengths: &[usize]| {
        let lengths = lengths.iter().map(|&length| length as u64);
        lengths.fold(1, u64::saturating_mul)
    };
    let [integrations, _, rows, columns] = shape;
    let (samples, pixels) = (product(&shape), product(&[rows, columns]));
    let frames = product(&[integrations, rows, columns]);
    let zero_frames = if has_zero_frame { frames } else { 0 };
    let ramp = samples
        .saturating_mul(SAMPLE)
        .saturating_add(zero_frames.saturating_mul(ZERO_FRAME));
    let images = pixels.saturating_mul(PIXEL);
    let search = samples.saturating_mul(SEARCH_BITS) / 8;
    let rates = frames.saturating_add(pixels).saturating_mul(RATE);
    let beside = images.saturating_add(search.max(rates)).max(unpacked);
    PROGRAM.saturating_add(ramp).saturating_add(beside)
}

#[cfg(test)]
mod tests {
    use super::needed;

    #[test]
    fn the_estimate_is_near_what_was_measured() {
        // Exposure, zero frames, and the largest resident memory of a run with two threads [MiB].
        let measured = [
            ([1, 10, 2048, 2048], true, 485),
            ([2, 24, 1024, 1032], false, 352),
            ([20, 45, 512, 512], false, 1290),
        ];
        for (shape, zero_frames, peak) in measured {
            let mib = needed(shape, zero_frames, 0) >> 20;
            assert!(mib.abs_diff(peak) * 10 < peak, "{shape:?}: {mib} MiB");
        }
    }

    #[test]
    fn absurd_sizes_are_beyond_every_limit() {
        let large = usize::MAX;
        assert_eq!(needed([large; 4], true, 0), u64::MAX);
    }

    #[test]
    fn an_unpacked_file_counts_while_it_is_read() {
        let shape = [1, 2, 8, 8];
        assert!(needed(shape, false, 1 << 30) > needed(shape, false, 0) + (1 << 29));
    }
}
