//! What can be wrong with the arrays handed in.

/// An array that does not fit the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JumpError {
    /// Shapes that must agree do not.
    #[error("{array} has shape {found:?}, but the ramp needs {expected:?}")]
    Shape {
        /// The array that does not fit.
        array: &'static str,
        /// The shape that the ramp asks for.
        expected: Vec<usize>,
        /// The shape that was found.
        found: Vec<usize>,
    },
    /// Fewer than two groups: there is no difference to look at.
    #[error("jump detection needs at least 2 groups, the ramp has {found}")]
    TooFewGroups {
        /// Number of groups of an integration.
        found: usize,
    },
    /// Groups that an integration does not have.
    #[error("groups {}..{} are not those of an integration of {expected} groups", found.start, found.end)]
    Groups {
        /// The groups asked for.
        found: std::ops::Range<usize>,
        /// Groups of an integration.
        expected: usize,
    },
    /// Parts that were cut from different exposures, or not in order of their rows.
    #[error("band {index} does not continue the bands before it: {what}")]
    Bands {
        /// Index of the band, from 0.
        index: usize,
        /// What differs.
        what: &'static str,
    },
}

impl JumpError {
    /// `Ok` if `found` is what the ramp needs.
    pub(super) fn check(
        array: &'static str,
        expected: &[usize],
        found: &[usize],
    ) -> Result<(), Self> {
        if expected == found {
            return Ok(());
        }
        Err(Self::Shape {
            array,
            expected: expected.to_vec(),
            found: found.to_vec(),
        })
    }
}
