//! Versions of the ASDF standard.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A version of the ASDF standard or of the file format, such as `1.6.0`.
///
/// ```
/// use asdf::Version;
///
/// assert!("1.5.0".parse::<Version>()? < Version::LATEST);
/// assert_eq!(Version::LATEST.to_string(), "1.6.0");
/// # Ok::<(), asdf::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Major part.
    pub major: u32,
    /// Minor part.
    pub minor: u32,
    /// Patch.
    pub patch: u32,
}

impl Version {
    /// The newest standard that this crate writes, and its default.
    pub const LATEST: Self = Self::new(1, 6, 0);
    /// The oldest standard.
    pub const OLDEST: Self = Self::new(1, 0, 0);

    /// The version `major.minor.patch`.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::LATEST
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = || Error::Header {
            expected: "a version such as 1.6.0",
            found: text.chars().take(40).collect(),
        };
        // What follows a hyphen marks a development version.
        let number = text.split('-').next().unwrap_or(text);
        let parts: Result<Vec<u32>, _> = number.split('.').map(str::parse).collect();
        match parts.map_err(|_| refuse())?.as_slice() {
            [major, minor, patch] => Ok(Self::new(*major, *minor, *patch)),
            _ => Err(refuse()),
        }
    }
}

/// Whether `tag` is `name`, a hyphen and a version: `integer-1-0.0` would be version 0.0 of something else.
pub(crate) fn is_version_of(tag: &str, name: &str) -> bool {
    let rest = tag.strip_prefix(name);
    let version = rest.and_then(|rest| rest.strip_prefix('-'));
    version.is_some_and(|version| !version.contains('-'))
}
