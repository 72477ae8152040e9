//! What happens during an alignment.

use super::fit::{Geometry, LinearFit};
use super::offset::Offset;

/// What happens during an alignment, for logs.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A group has no sources.
    EmptyGroup {
        /// The group.
        group: &'a str,
    },
    /// The sources of a group are the reference.
    ReferenceSelected {
        /// The group.
        group: &'a str,
    },
    /// A group is being aligned.
    Aligning {
        /// The group.
        group: &'a str,
    },
    /// Sources are being matched.
    Matching {
        /// Name of the catalogue of the images.
        image: &'a str,
        /// Name of the catalogue of the reference.
        reference: &'a str,
    },
    /// The offset was searched for.
    OffsetFound {
        /// What was found.
        offset: Offset,
        /// How far it was searched.
        search_radius: f64,
    },
    /// Sources are matched.
    Matched {
        /// Number of matches.
        count: usize,
        /// The group.
        group: &'a str,
    },
    /// There are too few matches for a fit.
    TooFewMatches {
        /// Number of matches.
        count: usize,
        /// The group.
        group: &'a str,
        /// How many are needed.
        needed: usize,
    },
    /// There are as many matches as the geometry needs, none to leave out.
    ClippingOff,
    /// A fit begins.
    Fitting {
        /// What it adjusts.
        geometry: Geometry,
    },
    /// A fit is done.
    Fitted {
        /// The group.
        group: &'a str,
        /// The fit.
        fit: &'a LinearFit,
    },
    /// Sources of a group that were not matched joined the reference.
    Expanded {
        /// Number of sources.
        count: usize,
        /// The group.
        group: &'a str,
    },
    /// The sources of a group do not join the reference, as it is not aligned.
    NotExpanded {
        /// The group.
        group: &'a str,
        /// Why it is not aligned.
        reason: &'a str,
    },
}
