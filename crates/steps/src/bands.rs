//! Bands of rows: what one task of the thread pool works on.

use datamodels::io::fits::Element;
use datamodels::library::{PlaneRows, Room};
use ndarray::Array2;
use rayon::prelude::*;
use stpipe::StepError;

/// Rows of a band. A band of a full frame with ten groups fits into the second-level cache of one core.
///
/// No result depends on it: kernels see whole ramps, or are given whole images.
pub(crate) const ROWS: usize = 8;

/// Rows of one array that one task reads from a file and works on at once; values and bytes fit into the second-level cache.
pub(crate) const LINES: usize = 16;

/// Changes each element of an array by the one of an exposure's array, of the same shape, that belongs to it. The latter is
/// read for this only.
pub(crate) fn change_by_rows<A: Send + Sync, T: Element>(
    array: &mut Array2<A>,
    rows: &PlaneRows<'_, T>,
    change: impl Fn(&mut A, T) + Sync,
) -> Result<(), StepError> {
    if array.dim() != rows.shape() {
        let (expected, found) = (format!("{:?}", array.dim()), format!("{:?}", rows.shape()));
        return Err(StepError::input("shape of an array", expected, found));
    }
    let width = rows.shape().1.max(1);
    let Some(elements) = array.as_slice_mut() else {
        return Err(StepError::input(
            "order of an array",
            "row after row",
            "another",
        ));
    };
    let bands = elements.par_chunks_mut(LINES * width);
    bands
        .enumerate()
        .try_for_each_init(Room::default, |room, (number, band)| {
            let first = number * LINES;
            let values = rows.read(first..first + band.len() / width, room);
            let values = values.map_err(StepError::algorithm)?;
            for (element, value) in band.iter_mut().zip(values) {
                change(element, *value);
            }
            Ok(())
        })
}
