//! Pools: tables of exposures from which associations are made.
//!
//! A pool is text: a line of column names, a line for each exposure, the fields between bars. Fields that hold a bar, a
//! quote or a line break stand in quotes.

use std::collections::{BTreeMap, BTreeSet};

/// What stands for a value that an exposure does not have.
const NULL: &str = "null";

/// A table of exposures; all values are texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pool {
    /// The exposures: values by the names of columns in lower case.
    pub exposures: Vec<BTreeMap<String, String>>,
}

/// What is said of all exposures beside their keywords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolNotes {
    /// Further candidates, as a list in Python's notation.
    pub asn_candidate: Option<String>,
    /// Notes.
    pub dms_note: String,
    /// `t` for exposures of the light that leaks in.
    pub is_imprt: String,
    /// The class of the exposures.
    pub pntgtype: String,
}

impl Default for PoolNotes {
    fn default() -> Self {
        Self {
            asn_candidate: None,
            dms_note: String::new(),
            is_imprt: "f".to_owned(),
            pntgtype: "science".to_owned(),
        }
    }
}

impl Pool {
    /// Adds an exposure with the keywords of its primary header, in lower case; targets are numbered as they come.
    ///
    /// # Source
    /// jwst 3.0.0 `associations.mkpool`.
    pub fn add(&mut self, keywords: BTreeMap<String, String>, notes: &PoolNotes) {
        let mut row = keywords;
        let observation = row.get("observtn").map_or(NULL, String::as_str);
        let own = format!("('o{observation}', 'observation')");
        let candidates = match &notes.asn_candidate {
            Some(more) => format!("[{own}, {}", more.get(1..).unwrap_or_default()),
            None => format!("[{own}]"),
        };
        let mut names = BTreeSet::new();
        names.extend(self.exposures.iter().map(|row| row.get("targname")));
        let known = names.len();
        names.insert(row.get("targname"));
        // Parity: the number is that of targets so far, also for an exposure of an earlier one.
        let target = names.len().max(known);
        for (name, value) in [
            ("asn_candidate", candidates),
            ("dms_note", notes.dms_note.clone()),
            ("is_imprt", notes.is_imprt.clone()),
            ("pntgtype", notes.pntgtype.clone()),
            ("mostilno", "1".to_owned()),
            ("dithptin", "1".to_owned()),
            ("targetid", target.to_string()),
        ] {
            row.insert(name.to_owned(), value);
        }
        self.exposures.push(row);
    }

    /// The text of the table; columns in alphabetical order.
    ///
    /// ```
    /// use associations::{Pool, PoolNotes};
    /// let mut pool = Pool::default();
    /// let keywords = [("observtn", "001"), ("targname", "M 31")].map(|(k, v)| (k.into(), v.into()));
    /// pool.add(keywords.into_iter().collect(), &PoolNotes::default());
    /// assert_eq!(pool.to_text(), "\
    /// asn_candidate|dithptin|dms_note|is_imprt|mostilno|observtn|pntgtype|targetid|targname\n\
    /// [('o001', 'observation')]|1||f|1|001|science|1|M 31\n");
    /// ```
    pub fn to_text(&self) -> String {
        let columns: BTreeSet<&str> = self
            .exposures
            .iter()
            .flat_map(|row| row.keys().map(String::as_str))
            .collect();
        let line = |fields: Vec<&str>| {
            let fields: Vec<String> = fields.into_iter().map(quoted).collect();
            fields.join("|") + "\n"
        };
        let mut text = line(columns.iter().copied().collect());
        for row in &self.exposures {
            let values = columns.iter();
            let values = values.map(|column| row.get(*column).map_or(NULL, String::as_str));
            text += &line(values.collect());
        }
        text
    }
}

fn quoted(field: &str) -> String {
    if field.contains(['|', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
