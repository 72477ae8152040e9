//! Background levels that make overlapping images agree.
//!
//! The level of an image is a [statistic](SkyStatistics) of its good pixels. For each pair of overlapping images, the
//! statistic of both in their common part of the sky is an equation for the difference of their levels; the
//! [levels](match_levels) are the least-squares solution of all of them, weighted by numbers of pixels. Which pixels belong to
//! an overlap follows from the intersection of the images' [borders](border) on the sky, a
//! [`SphericalPolygon`](crate::spherical_polygon::SphericalPolygon), as [spans](Spans) of rows.
//!
//! # Source
//! stcal 1.20.0 `skymatch`, stsci.imagestats 1.8.4, gwcs 0.26 `region.Polygon`. Pixel sets exact, levels to the rounding of
//! 32-bit numbers.

mod border;
mod equations;
mod moments;
mod spans;
mod statistics;
#[cfg(test)]
mod tests;

pub use border::border;
pub use equations::{Direction, Levels, Overlap, match_levels};
pub use spans::Spans;
pub use statistics::{Level, SkyStatistics, Statistic};
