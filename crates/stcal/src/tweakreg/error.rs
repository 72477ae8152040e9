//! Why images are not aligned.

/// Any error of the code behind [`super::TangentPlane`].
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why images are not aligned.
#[derive(Debug, thiserror::Error)]
pub enum TweakregError {
    /// A length has to be positive.
    #[error("'{name}' must be a positive number, found {value}")]
    NotPositive {
        /// Name of the parameter.
        name: &'static str,
        /// What was found.
        value: f64,
    },
    /// Sources would be confused.
    #[error(
        "Parameter '{prefix}separation' must be larger than '{prefix}tolerance' by at least a factor of sqrt(2) to avoid source confusion."
    )]
    Separation {
        /// What the names of the parameters begin with.
        prefix: &'static str,
    },
    /// The histogram of offsets would not fit into memory.
    #[error(
        "a search radius of {search_radius} with pixels of {pixel_scale} asks for a histogram of more than 20000 bins along an axis"
    )]
    SearchRadius {
        /// The radius.
        search_radius: f64,
        /// Side of a bin.
        pixel_scale: f64,
    },
    /// Several sources of the reference matched one of the image.
    #[error(
        "Number of output coordinates exceeded allocation ({allowed})Multiple sources within specified tolerance matched to a single reference source. Try to adjust 'tolerance' and/or 'separation' parameters."
    )]
    Confusion {
        /// Sources of the image.
        allowed: usize,
    },
    /// Lists of positions or weights differ in length.
    #[error("{expected} positions of the reference, but {found} of the image or weights")]
    Lengths {
        /// Positions of the reference.
        expected: usize,
        /// The other length.
        found: usize,
    },
    /// Too few positions for a fit.
    #[error("a fit needs at least {needed} positions, found {found}")]
    TooFewPositions {
        /// What the geometry needs.
        needed: usize,
        /// What there is.
        found: usize,
    },
    /// The positions do not determine the matrix.
    #[error("Singular matrix: suspected colinear points.")]
    OnALine,
    /// Some catalogues of a group have weights and some do not.
    #[error(
        "Non-empty catalogs in a group must all either have or not have 'weight' column (group {group})."
    )]
    SomeWeights {
        /// The group.
        group: String,
    },
    /// There is nothing to align, or nothing to align with.
    #[error("Too few input images (or groups of images) with non-empty catalogs.{what}")]
    TooFewGroups {
        /// What is not done therefore.
        what: &'static str,
    },
    /// The catalogue of the reference has too few sources.
    #[error(
        "Not enough sources ({found}) in the reference catalog for the single-group alignment step to perform a fit. Skipping alignment to the input reference catalog!"
    )]
    TooFewReferences {
        /// Its sources.
        found: usize,
    },
    /// No source of the reference has a position.
    #[error("Reference catalog must contain at least one valid source.")]
    NoValidReference,
    /// An image moved farther than sources were matched over.
    #[error("WCS has been tweaked by more than {limit:?} arcsec Skipping relative alignment...")]
    LargeCorrection {
        /// The limit as it is told \[arcsec\].
        limit: f64,
    },
    /// A world coordinate system fails.
    #[error("a world coordinate system cannot be evaluated")]
    Wcs(#[source] BoxError),
}

impl TweakregError {
    /// Whether the images are of a kind that cannot be aligned; other errors come from parameters that make no sense, from
    /// files or from bugs.
    pub fn is_expected(&self) -> bool {
        matches!(
            self,
            Self::Separation { .. }
                | Self::Confusion { .. }
                | Self::TooFewGroups { .. }
                | Self::TooFewReferences { .. }
                | Self::LargeCorrection { .. }
        )
    }
}
