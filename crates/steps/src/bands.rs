//! Bands of rows: what one task of the thread pool works on.

/// Rows of a band. A band of a full frame with ten groups fits into the second-level cache of one core.
///
/// No result depends on it: kernels see whole ramps, or are given whole images.
pub(crate) const ROWS: usize = 8;
