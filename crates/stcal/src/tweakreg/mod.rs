//! Alignment of images with each other and with a catalogue of positions.
//!
//! Sources found in images are matched in a plane tangent to the sky: the histogram of the differences of all pairs
//! gives the offset ([`estimate_offset`]), sources within a tolerance of each other are matched ([`Matching`]), and a linear
//! transform is fitted to the matches ([`fit`]), which corrects the world coordinates of the image ([`TangentPlane`]).
//! Images of one group were taken at the same time and move together.
//!
//! [`align_relative`] aligns groups one after the other with the sources of a first one, [`align_absolute`] all images
//! together with a catalogue. Both tell what they find by [`Event`]s.
//!
//! # Source
//! stcal 1.20.0 `tweakreg.tweakreg`, tweakwcs 0.9.3 (`imalign`, `wcsimage`, `matchutils`, `linearfit`, `correctors`) and
//! stsci.stimage 0.3.2 `xyxymatch`. The hull of sources is Andrew's monotone chain (1979,
//! doi:10.1016/0020-0190(79)90072-3).

mod align;
mod checks;
mod error;
mod event;
mod fit;
mod footprint;
mod group;
mod least_squares;
mod matching;
mod offset;
mod plane;
#[cfg(test)]
mod tests;

pub use align::{Alignment, Image, ImageFit, Outcome, ReferenceSources, Sources};
pub use checks::{align_absolute, align_relative};
pub use error::{BoxError, TweakregError};
pub use event::Event;
pub use fit::{
    Clipping, Decomposition, Geometry, LinearFit, MatchedPositions, Scatter, Statistic, fit,
};
pub use matching::{Matches, Matching};
pub use offset::{Offset, OffsetBasis, estimate_offset};
pub use plane::TangentPlane;
