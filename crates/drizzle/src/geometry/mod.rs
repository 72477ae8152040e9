//! Where input pixels lie in the output, and which of them meet it.

mod overlap;
mod pixmap;
mod polygon;
mod scan;

pub use pixmap::{PixelMap, Section};

pub(crate) use overlap::Overlap;
pub(crate) use polygon::Point;
pub(crate) use scan::{RowSpan, Scan};

/// Rounds to the nearest whole number, halves away from zero.
#[inline(always)]
pub(crate) fn nearest(x: f64) -> i64 {
    // The largest number below one half: adding one half itself would carry 0.49999999999999994 to 1.
    const BELOW_HALF: f64 = 0.499_999_999_999_999_94;
    (x + BELOW_HALF.copysign(x)) as i64
}
