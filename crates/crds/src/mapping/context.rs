//! The mappings above the rules: instrument to mapping, and type of reference to rule file.

use std::collections::HashMap;

use super::{Mapping, MappingError, is_file_name};

/// Where a type of reference or an instrument leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Nowhere: it has no meaning here.
    NotApplicable,
    /// Nowhere: it is left out of answers.
    Omitted,
    /// To another mapping.
    File(String),
}

impl Entry {
    /// The meaning of a word in place of a file.
    ///
    /// Parity: crds/core/rmap.py `MappingSelectionsDict`: `temp_omit` in lower case is no special word.
    pub(crate) fn special(word: &str) -> Option<Self> {
        match word {
            "N/A" | "TEMP_N/A" | "n/a" | "temp_n/a" => Some(Self::NotApplicable),
            "OMIT" | "TEMP_OMIT" | "omit" => Some(Self::Omitted),
            _ => None,
        }
    }
}

/// Entries in order, with lower-case keys.
fn entries(mapping: &Mapping) -> Result<Vec<(String, Entry)>, MappingError> {
    let selector = mapping.selector();
    let expected = "a dictionary of names";
    let Some(written) = selector.entries() else {
        return Err(mapping.wrong(selector, expected, selector.describe()));
    };
    let mut entries: Vec<(String, Entry)> = Vec::with_capacity(written.len());
    let mut places: HashMap<String, usize> = HashMap::new();
    for (key, value) in written {
        let (Some(key), Some(name)) = (key.as_str(), value.as_str()) else {
            return Err(mapping.wrong(value, expected, value.describe()));
        };
        let entry = match Entry::special(name) {
            Some(entry) => entry,
            None if is_file_name(name) => Entry::File(name.to_owned()),
            None => {
                let (file, name) = (mapping.file().to_owned(), name.to_owned());
                return Err(MappingError::Name { file, name });
            }
        };
        let key = key.to_lowercase();
        if let Some(place) = places.get(&key) {
            entries[*place].1 = entry;
        } else {
            places.insert(key.clone(), entries.len());
            entries.push((key, entry));
        }
    }
    Ok(entries)
}

/// A pipeline mapping: which mapping each instrument has.
#[derive(Debug, Clone)]
pub struct PipelineMapping {
    file: String,
    instrument_key: String,
    instruments: Vec<(String, Entry)>,
}

impl PipelineMapping {
    /// Gives a mapping its meaning.
    ///
    /// # Errors
    /// [`MappingError`] if the header or the selector is not one of a pipeline mapping.
    pub fn new(mapping: &Mapping) -> Result<Self, MappingError> {
        mapping.require(&["observatory"])?;
        let keys = mapping.header_texts("parkey")?;
        let Some(key) = keys.first() else {
            let at = mapping.header("parkey").unwrap_or(mapping.selector());
            return Err(mapping.wrong(at, "the key of the instrument", "none"));
        };
        Ok(Self {
            file: mapping.file().to_owned(),
            instrument_key: key.to_uppercase(),
            instruments: entries(mapping)?,
        })
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The key of the instrument's name, in upper case.
    pub fn instrument_key(&self) -> &str {
        &self.instrument_key
    }

    /// The instruments in lower case.
    pub fn instruments(&self) -> impl Iterator<Item = &str> {
        self.instruments.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn entry(&self, instrument: &str) -> Option<&Entry> {
        let found = self.instruments.iter().find(|(name, _)| name == instrument);
        found.map(|(_, entry)| entry)
    }
}

/// An instrument mapping: which rules each type of reference has.
#[derive(Debug, Clone)]
pub struct InstrumentMapping {
    file: String,
    instrument: String,
    types: Vec<(String, Entry)>,
    places: HashMap<String, usize>,
}

impl InstrumentMapping {
    /// Gives a mapping its meaning.
    ///
    /// # Errors
    /// [`MappingError`] if the header or the selector is not one of an instrument mapping.
    pub fn new(mapping: &Mapping) -> Result<Self, MappingError> {
        mapping.require(&["observatory", "instrument"])?;
        let types = entries(mapping)?;
        let places = types
            .iter()
            .enumerate()
            .map(|(place, (name, _))| (name.clone(), place))
            .collect();
        Ok(Self {
            file: mapping.file().to_owned(),
            instrument: mapping.header_text("instrument").unwrap_or_default(),
            types,
            places,
        })
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The instrument in lower case.
    pub fn instrument(&self) -> &str {
        &self.instrument
    }

    /// The types of reference in lower case.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn entry(&self, kind: &str) -> Option<(usize, &Entry)> {
        let place = *self.places.get(kind)?;
        Some((place, &self.types[place].1))
    }

    /// The names of the rule files.
    pub fn rule_files(&self) -> impl Iterator<Item = &str> {
        self.types.iter().filter_map(|(_, entry)| match entry {
            Entry::File(name) => Some(name.as_str()),
            _ => None,
        })
    }
}
