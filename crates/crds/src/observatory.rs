//! What differs between missions: names, keys and the translation of FITS keywords.

use std::{collections::HashMap, sync::OnceLock};

use serde::Deserialize;

/// The facts of a mission that rules depend on.
///
/// ```
/// let jwst = crds::Observatory::jwst();
/// assert_eq!(jwst.path_of("EXP_TYPE"), "META.EXPOSURE.TYPE");
/// let mine = crds::Observatory::new("mine", &["camera"]);
/// assert_eq!(mine.path_of("EXP_TYPE"), "EXP_TYPE");
/// ```
#[derive(Debug, Clone, Deserialize)]
pub struct Observatory {
    name: String,
    instruments: Vec<String>,
    /// Keys that may hold the instrument's name, tried after the pipeline mapping's own.
    #[serde(default)]
    instrument_keys: Vec<String>,
    /// Keys that expressions of every rule file may name, besides its own.
    #[serde(default)]
    extra_keys: Vec<String>,
    /// FITS keyword to upper-case path.
    #[serde(default)]
    keyword_paths: HashMap<String, String>,
    /// The version of the calibration program whose context is used by default; without it, the latest context is.
    #[serde(default)]
    calibration_version: Option<String>,
}

/// A description of an observatory that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected an observatory as JSON (name, instruments, instrument_keys, extra_keys, keyword_paths)"
)]
pub struct ObservatoryError(#[from] serde_json::Error);

impl Observatory {
    /// The James Webb Space Telescope, as crds 14.0.3 and the core schema of its data models describe it.
    ///
    /// # Panics
    /// Never: the description is part of the crate, and a test reads it.
    pub fn jwst() -> Self {
        static JWST: OnceLock<Observatory> = OnceLock::new();
        let read = || {
            Self::from_json(include_str!("../data/jwst.json")).expect("the built-in description")
        };
        JWST.get_or_init(read).clone()
    }

    /// A mission whose parameters have the same names in files and in rules.
    pub fn new(name: &str, instruments: &[&str]) -> Self {
        Self {
            name: name.to_lowercase(),
            instruments: instruments.iter().map(|name| name.to_lowercase()).collect(),
            instrument_keys: vec![
                "INSTRUME".into(),
                "META.INSTRUMENT.NAME".into(),
                "INSTRUMENT".into(),
            ],
            extra_keys: Vec::new(),
            keyword_paths: HashMap::new(),
            calibration_version: None,
        }
    }

    /// Reads a description in the form of `data/jwst.json`.
    ///
    /// # Errors
    /// If the text is not such a description.
    pub fn from_json(text: &str) -> Result<Self, ObservatoryError> {
        Ok(serde_json::from_str(text)?)
    }

    /// The name in lower case, as it starts the names of files.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instruments in lower case, as sub-directories of a cache are named.
    pub fn instruments(&self) -> &[String] {
        &self.instruments
    }

    /// The version of the calibration program whose context is used by default, if the mission has such contexts.
    pub fn calibration_version(&self) -> Option<&str> {
        self.calibration_version.as_deref()
    }

    /// The instrument that a file's name tells: its second word in names such as `jwst_miri_dark_0001.fits`.
    pub fn instrument_of_file(&self, file: &str) -> Option<&str> {
        let rest = file.strip_prefix(&self.name)?.strip_prefix('_')?;
        let word = rest.split(['_', '.']).next()?;
        let mut instruments = self.instruments.iter();
        instruments.find(|name| *name == word).map(String::as_str)
    }

    pub(crate) fn instrument_keys(&self) -> &[String] {
        &self.instrument_keys
    }

    pub(crate) fn extra_keys(&self) -> &[String] {
        &self.extra_keys
    }

    /// The path of an upper-case FITS keyword; any other key stays as it is.
    pub fn path_of<'a>(&'a self, key: &'a str) -> &'a str {
        self.keyword_paths.get(key).map_or(key, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_description_is_complete() {
        let jwst = Observatory::jwst();
        assert_eq!(jwst.name(), "jwst");
        assert_eq!(jwst.instruments().len(), 6);
        assert_eq!(jwst.path_of("INSTRUME"), "META.INSTRUMENT.NAME");
        assert_eq!(jwst.path_of("META.X"), "META.X");
        assert_eq!(jwst.extra_keys().len(), 2);
        assert_eq!(jwst.calibration_version(), Some("3.0.0"));
        let instrument = |file| jwst.instrument_of_file(file);
        assert_eq!(instrument("jwst_miri_dark_0001.fits"), Some("miri"));
        assert_eq!(instrument("jwst_0001.pmap"), None);
        assert_eq!(instrument("hst_acs_0001.imap"), None);
    }

    #[test]
    fn a_broken_description_is_refused() {
        assert!(Observatory::from_json("{}").is_err());
    }
}
