//! The table of metadata paths and the FITS keywords that hold them, for every model.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde::Deserialize;

/// One metadata path and the keyword that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "(String, String, String, String)")]
pub struct KeywordEntry {
    /// Path in the metadata tree, such as `meta.exposure.type`.
    pub path: String,
    /// FITS keyword.
    pub keyword: String,
    /// HDU of the keyword; `PRIMARY` for the first.
    pub hdu: String,
    /// Type that the schema names: `string`, `number`, `integer`, `boolean` or `any`.
    pub kind: String,
}

impl From<(String, String, String, String)> for KeywordEntry {
    fn from((path, keyword, hdu, kind): (String, String, String, String)) -> Self {
        Self {
            path,
            keyword,
            hdu,
            kind,
        }
    }
}

#[derive(Deserialize)]
struct Data {
    core: Vec<KeywordEntry>,
    extra: Vec<KeywordEntry>,
    models: HashMap<String, Vec<(usize, usize)>>,
}

static DATA: LazyLock<Data> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/keywords.json"))
        .expect("the table is part of this crate and valid")
});

/// The keywords of one model.
#[derive(Debug)]
pub struct KeywordTable {
    entries: Vec<&'static KeywordEntry>,
    by_path: HashMap<&'static str, &'static KeywordEntry>,
    by_keyword: HashMap<(&'static str, &'static str), &'static KeywordEntry>,
}

impl KeywordTable {
    /// The table of a model, named as DATAMODL does; a model that is not known has the core keywords.
    pub fn of(model_type: &str) -> &'static Self {
        static TABLES: LazyLock<Mutex<HashMap<String, &'static KeywordTable>>> =
            LazyLock::new(Mutex::default);
        let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = tables.get(model_type) {
            return table;
        }
        // At most one table for each model that the data name, kept for the life of the program.
        let known = if DATA.models.contains_key(model_type) {
            model_type
        } else {
            "JwstDataModel"
        };
        let table: &'static Self = match tables.get(known) {
            Some(table) => table,
            None => Box::leak(Box::new(Self::build(known))),
        };
        tables.insert(known.to_string(), table);
        table
    }

    fn build(model_type: &str) -> Self {
        let extra = DATA
            .models
            .get(model_type)
            .into_iter()
            .flatten()
            .flat_map(|(start, end)| &DATA.extra[*start..*end]);
        // Paths inside lists belong to HDUs with an EXTVER each and are read by the models that have such lists.
        let entries: Vec<_> = DATA
            .core
            .iter()
            .chain(extra)
            .filter(|entry| !entry.path.contains('['))
            .collect();
        let mut by_keyword = HashMap::new();
        for entry in &entries {
            by_keyword
                .entry((entry.hdu.as_str(), entry.keyword.as_str()))
                .or_insert(*entry);
        }
        Self {
            by_path: entries.iter().map(|e| (e.path.as_str(), *e)).collect(),
            by_keyword,
            entries,
        }
    }

    /// All entries.
    pub fn entries(&self) -> &[&'static KeywordEntry] {
        &self.entries
    }

    /// The entry of a path.
    pub fn path(&self, path: &str) -> Option<&'static KeywordEntry> {
        self.by_path.get(path).copied()
    }

    /// The entry of a keyword in an HDU.
    pub fn keyword(&self, hdu: &str, keyword: &str) -> Option<&'static KeywordEntry> {
        // The map's key borrows for 'static; a look-up does not have to.
        self.by_keyword
            .get(&(hdu, keyword) as &(&str, &str))
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_share_the_core_and_add_their_own() {
        let image = KeywordTable::of("ImageModel");
        assert_eq!(
            image.path("meta.exposure.type").map(|e| e.keyword.as_str()),
            Some("EXP_TYPE")
        );
        assert_eq!(
            image.keyword("SCI", "BUNIT").map(|e| e.path.as_str()),
            Some("meta.bunit_data")
        );
        assert_eq!(
            KeywordTable::of("RampFitOutputModel").keyword("SCI", "BUNIT"),
            None
        );
        assert!(std::ptr::eq(
            KeywordTable::of("no such model"),
            KeywordTable::of("JwstDataModel")
        ));
    }
}
