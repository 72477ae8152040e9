//! What can be wrong with a world coordinate system.

use crate::transform::TransformError;

/// A world coordinate system cannot be made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WcsError {
    /// The steps do not make a chain.
    #[error("the steps make no chain of frames: {0}")]
    Steps(String),
    /// A frame that does not exist.
    #[error("no frame {name}; there are {}", known.join(", "))]
    NoFrame {
        /// What was asked for.
        name: String,
        /// Those that exist.
        known: Vec<String>,
    },
    /// A transform does not fit or has no inverse.
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// A footprint without bounds.
    #[error("a bounding box of all inputs is needed for a footprint")]
    NoBoundingBox,
    /// Numbers that do not allow a numerical inverse.
    #[error("no numerical inverse of {inputs} pixel and {outputs} world coordinates")]
    NotSquare {
        /// Pixel coordinates.
        inputs: usize,
        /// World coordinates.
        outputs: usize,
    },
}

impl WcsError {
    pub(super) fn no_transform() -> Self {
        Self::Steps("there is no transform there".to_string())
    }
}
