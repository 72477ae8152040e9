//! What differs between missions: names, keys and the translation of FITS keywords.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::OnceLock,
};

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
    /// Beginnings of keys that rules write in another way, each with the rules' own: `META.` and `ROMAN.META.`.
    #[serde(default)]
    key_roots: BTreeMap<String, String>,
    /// Functions of the reference client that change parameters for rule files, by instrument. They are not here.
    #[serde(default)]
    hooks: BTreeMap<String, Vec<String>>,
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
        JWST.get_or_init(|| Self::built_in(include_str!("../data/jwst.json")))
            .clone()
    }

    /// The Hubble Space Telescope, as crds 14.0.3 describes it.
    ///
    /// Rule files that need functions of that client (biases of ACS and WFC3, some flats of WFPC2) have no answers.
    ///
    /// # Panics
    /// Never: the description is part of the crate, and a test reads it.
    pub fn hst() -> Self {
        static HST: OnceLock<Observatory> = OnceLock::new();
        HST.get_or_init(|| Self::built_in(include_str!("../data/hst.json")))
            .clone()
    }

    /// The Nancy Grace Roman Space Telescope, as crds 14.0.3 describes it.
    ///
    /// # Panics
    /// Never: the description is part of the crate, and a test reads it.
    pub fn roman() -> Self {
        static ROMAN: OnceLock<Observatory> = OnceLock::new();
        ROMAN
            .get_or_init(|| Self::built_in(include_str!("../data/roman.json")))
            .clone()
    }

    /// A mission that is part of the crate, by its name: `jwst`, `hst` or `roman`.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_lowercase().as_str() {
            "jwst" => Some(Self::jwst()),
            "hst" => Some(Self::hst()),
            "roman" => Some(Self::roman()),
            _ => None,
        }
    }

    fn built_in(text: &str) -> Self {
        Self::from_json(text).expect("the built-in description")
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
            key_roots: BTreeMap::new(),
            hooks: BTreeMap::new(),
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

    /// The key by which rules know an upper-case key: the path of a FITS keyword, or another beginning; any other key stays as it is.
    pub fn path_of<'a>(&'a self, key: &'a str) -> Cow<'a, str> {
        if let Some(path) = self.keyword_paths.get(key) {
            return path.into();
        }
        let mut roots = self.key_roots.iter();
        let found = roots.find_map(|(root, own)| Some((own, key.strip_prefix(root.as_str())?)));
        found.map_or(Cow::Borrowed(key), |(own, rest)| {
            format!("{own}{rest}").into()
        })
    }

    /// Whether the reference client has a function of this name for rule files of an instrument.
    pub(crate) fn has_hook(&self, instrument: &str, name: &str) -> bool {
        let hooks = self.hooks.get(instrument);
        hooks.is_some_and(|hooks| hooks.iter().any(|hook| hook == name))
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
    fn other_missions_are_described() {
        for name in ["jwst", "hst", "roman"] {
            let mission = Observatory::named(name).expect("a description");
            assert_eq!(mission.name(), name);
            assert!(!mission.instruments().is_empty(), "{name}");
        }
        assert!(Observatory::named("ixpe").is_none());
        let roman = Observatory::roman();
        assert_eq!(
            roman.path_of("META.EXPOSURE.TYPE"),
            "ROMAN.META.EXPOSURE.TYPE"
        );
        assert_eq!(roman.path_of("ROMAN.META.X"), "ROMAN.META.X");
        assert_eq!(
            roman.instrument_of_file("roman_wfi_dark_0001.asdf"),
            Some("wfi")
        );
        let hst = Observatory::hst();
        assert_eq!(hst.path_of("INSTRUME"), "INSTRUME");
        assert_eq!(
            hst.instrument_of_file("hst_acs_biasfile_0001.rmap"),
            Some("acs")
        );
        assert_eq!(hst.instrument_of_file("e1b1234fj_bia.fits"), None);
        assert!(hst.has_hook("acs", "precondition_header_acs_biasfile_v2"));
        assert_eq!(hst.calibration_version(), None);
    }

    #[test]
    fn a_broken_description_is_refused() {
        assert!(Observatory::from_json("{}").is_err());
    }
}
