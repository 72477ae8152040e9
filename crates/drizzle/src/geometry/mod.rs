//! Where input pixels lie in the output, and which of them meet it.

mod overlap;
mod pixmap;
mod polygon;
mod scan;

pub use pixmap::{PixelMap, Section};

pub(crate) use overlap::Overlap;
pub(crate) use polygon::Point;
pub(crate) use scan::{RowSpan, Scan};

/// The largest number below one half: adding one half itself would carry this number to 1.
pub(crate) const BELOW_HALF: f64 = 0.499_999_999_999_999_94;

/// Rounds to the nearest whole number, halves away from zero.
#[inline(always)]
pub(crate) fn nearest(x: f64) -> i64 {
    (x + BELOW_HALF.copysign(x)) as i64
}
