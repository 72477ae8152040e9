//! The parts that members play.

use std::fmt;

/// The part that a member plays in its product (`exptype`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Role {
    /// What the product is made of.
    Science,
    /// A background of it.
    Background,
    /// An exposure of the light that leaks in.
    Imprint,
    /// An exposure of a point source.
    Psf,
    /// A catalog of sources.
    SourceCatalog,
    /// A map of the pixels of sources.
    SegmentationMap,
    /// An image of the field of slitless spectra.
    DirectImage,
    /// An exposure that found the target.
    TargetAcquisition,
    /// An exposure that shows bad pixels.
    SelfCalibration,
    /// A dark exposure.
    Dark,
    /// A flat exposure.
    Flat,
    /// An exposure of engineers.
    Engineering,
    /// A flat of the instrument's lamps that belongs to an exposure.
    AutoFlat,
    /// Arc lines that belong to an exposure.
    AutoWave,
    /// Anything else, in lower case.
    Other(String),
}

/// Names in files.
const NAMES: [(&str, Role); 14] = [
    ("science", Role::Science),
    ("background", Role::Background),
    ("imprint", Role::Imprint),
    ("psf", Role::Psf),
    ("sourcecat", Role::SourceCatalog),
    ("segmap", Role::SegmentationMap),
    ("direct_image", Role::DirectImage),
    ("target_acquisition", Role::TargetAcquisition),
    ("selfcal", Role::SelfCalibration),
    ("dark", Role::Dark),
    ("flat", Role::Flat),
    ("engineering", Role::Engineering),
    ("autoflat", Role::AutoFlat),
    ("autowave", Role::AutoWave),
];

impl Role {
    /// The role that a file names, in any case.
    ///
    /// ```
    /// use associations::Role;
    /// assert_eq!(Role::from_name("Science"), Role::Science);
    /// assert_eq!(Role::from_name("X"), Role::Other("x".to_string()));
    /// ```
    pub fn from_name(name: &str) -> Self {
        let name = name.to_lowercase();
        let known = NAMES.iter().find(|(known, _)| *known == name);
        known.map_or(Self::Other(name), |(_, role)| role.clone())
    }

    /// The name in files.
    pub fn name(&self) -> &str {
        if let Self::Other(name) = self {
            return name;
        }
        let known = NAMES.iter().find(|(_, role)| role == self);
        known.map_or("", |(name, _)| name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
