//! Metadata: one ordered tree, with a table from its paths to FITS keywords.
//!
//! The tree is the one of the ASDF extension. Where the headers of a file were edited since the extension was
//! written, the headers win, keyword by keyword. Nodes, keywords and comments that no table knows are kept and written
//! again.

mod blend;
mod headers;
pub mod keywords;
mod views;

use std::path::{Path, PathBuf};

use asdf::{AsdfFile, Mapping, Node};

use crate::error::{DataModelError, Result};
use crate::io::fits::{FitsReader, Header};
use keywords::{KeywordEntry, KeywordTable};

pub use blend::Blender;
pub use views::{Exposure, Instrument, Subarray, SubarrayFrame};

/// Key of the hash of the headers in the tree.
const FITS_HASH: &str = "_fits_hash";

/// The metadata of a model.
#[derive(Debug, Clone)]
pub struct Metadata {
    asdf: AsdfFile,
    model_type: String,
    /// The model that the file held.
    source_type: String,
    /// Headers of the file that the metadata came from, for the order of keywords, comments and unknown cards.
    headers: Vec<(String, Header)>,
    source: Option<PathBuf>,
}

impl Metadata {
    /// Empty metadata of a model, named as DATAMODL does.
    pub fn new(model_type: &str) -> Self {
        let mut metadata = Self {
            asdf: AsdfFile::new(),
            model_type: String::new(),
            source_type: model_type.to_string(),
            headers: Vec::new(),
            source: None,
        };
        metadata.set_model_type(model_type);
        metadata
    }

    /// Reads the metadata of an open file.
    ///
    /// # Errors
    /// The ASDF extension is damaged.
    pub fn read(reader: &FitsReader) -> Result<Self> {
        let damaged = |message: String| DataModelError::Asdf {
            path: reader.path().to_path_buf(),
            message,
        };
        let mut asdf = match reader.find("ASDF", 1) {
            None => AsdfFile::new(),
            Some(hdu) => {
                AsdfFile::from_bytes(&reader.bytes(hdu)?).map_err(|e| damaged(e.to_string()))?
            }
        };
        let stored_hash = asdf
            .tree
            .get(FITS_HASH)
            .and_then(Node::as_str)
            .map(str::to_string);
        let primary = reader
            .hdus()
            .first()
            .and_then(|hdu| hdu.header.get("DATAMODL"));
        let model_type = primary
            .and_then(|card| card.as_str())
            .unwrap_or("JwstDataModel")
            .to_string();
        drop_array_links(&mut asdf.tree);
        let headers = reader.hdus().iter().filter(|hdu| hdu.name != "ASDF");
        let headers = headers
            .map(|hdu| (hdu.name.clone(), hdu.header.clone()))
            .collect();
        let mut metadata = Self {
            asdf,
            source_type: model_type.clone(),
            model_type,
            headers,
            source: Some(reader.path().to_path_buf()),
        };
        let edited = stored_hash.as_deref() != Some(reader.header_hash());
        // Parity: the reference package makes a ramp of an uncalibrated file through its headers, whose real numbers
        // have a digit less than those of the tree.
        if edited || metadata.model_type == "Level1bModel" {
            metadata.update_from_headers(edited);
        }
        metadata.take_history_from_headers();
        Ok(metadata)
    }

    /// The model's name, as DATAMODL holds it.
    pub fn model_type(&self) -> &str {
        &self.model_type
    }

    /// Changes the model's name, and with it the table of keywords.
    pub fn set_model_type(&mut self, model_type: &str) {
        self.model_type = model_type.to_string();
        self.set("meta.model_type", model_type);
    }

    /// Metadata for a product of another model that is made from this one.
    ///
    /// Groups of keywords that the other model does not have at all, such as the pointing in a table of fits, stay
    /// behind; everything else comes along, unknown nodes included.
    #[must_use]
    pub fn derive(&self, model_type: &str) -> Self {
        let mut derived = self.clone();
        derived.set_model_type(model_type);
        let table = KeywordTable::of(model_type);
        for entry in KeywordTable::of(&self.model_type).entries() {
            let Some((group, _)) = entry.path.rsplit_once('.') else {
                continue;
            };
            let in_group = |other: &str| {
                other
                    .strip_prefix(group)
                    .is_some_and(|rest| rest.starts_with('.'))
            };
            if !table.entries().iter().any(|other| in_group(&other.path)) {
                derived.remove(group);
            }
        }
        derived
    }

    /// Metadata for a product of another model that takes over the primary header and nothing else.
    #[must_use]
    pub fn derive_primary(&self, model_type: &str) -> Self {
        self.derive_entries(model_type, |entry| entry.hdu == "PRIMARY")
    }

    /// Metadata for a product of another model that takes over what has a keyword: nodes that are in the tree alone,
    /// the WCS among them, stay behind.
    #[must_use]
    pub fn derive_keywords(&self, model_type: &str) -> Self {
        self.derive_entries(model_type, |_| true)
    }

    fn derive_entries(&self, model_type: &str, is_taken: impl Fn(&KeywordEntry) -> bool) -> Self {
        let mut derived = Self::new(model_type);
        for entry in KeywordTable::of(&self.model_type).entries() {
            let is_taken = is_taken(entry) && entry.path != "meta.model_type";
            if let Some(node) = self.get(&entry.path).filter(|_| is_taken) {
                derived.set(&entry.path, node.clone());
            }
        }
        derived
    }

    /// The file that the metadata came from.
    pub fn source(&self) -> Option<&Path> {
        self.source.as_deref()
    }

    /// The whole tree.
    pub fn tree(&self) -> &Node {
        &self.asdf.tree
    }

    /// The whole tree, to be changed.
    pub fn tree_mut(&mut self) -> &mut Node {
        &mut self.asdf.tree
    }

    /// The node at a path, such as `meta.exposure.type`; nulls count as absent.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.asdf.tree.get_path(path).filter(|node| !node.is_null())
    }

    /// The string at a path.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.get(path).and_then(Node::as_str)
    }

    /// The number at a path.
    pub fn number(&self, path: &str) -> Option<f64> {
        self.get(path).and_then(Node::as_f64)
    }

    /// The integer at a path; a real number without fraction counts.
    pub fn integer(&self, path: &str) -> Option<i64> {
        let node = self.get(path)?;
        node.as_i64().or_else(|| {
            node.as_f64()
                .filter(|v| v.fract() == 0.0 && v.abs() < 9e15)
                .map(|v| v as i64)
        })
    }

    /// The truth value at a path.
    pub fn flag(&self, path: &str) -> Option<bool> {
        self.get(path).and_then(Node::as_bool)
    }

    /// The string at a path.
    ///
    /// # Errors
    /// [`DataModelError::Keyword`] where it is absent or no string.
    pub fn require_text(&self, path: &str) -> Result<&str> {
        self.text(path)
            .ok_or_else(|| self.keyword_error(path, "a string"))
    }

    /// The number at a path.
    ///
    /// # Errors
    /// [`DataModelError::Keyword`] where it is absent, no number or not finite.
    pub fn require_number(&self, path: &str) -> Result<f64> {
        self.number(path)
            .filter(|v| v.is_finite())
            .ok_or_else(|| self.keyword_error(path, "a number"))
    }

    /// The integer at a path, at least `least`.
    ///
    /// # Errors
    /// [`DataModelError::Keyword`] where it is absent, no integer or smaller.
    pub fn require_integer(&self, path: &str, least: i64) -> Result<i64> {
        let value = self.integer(path).filter(|v| *v >= least);
        value.ok_or_else(|| self.keyword_error(path, &format!("an integer of at least {least}")))
    }

    /// An error about the value at a path.
    pub fn keyword_error(&self, path: &str, expected: &str) -> DataModelError {
        let found = match self.get(path) {
            None => "nothing".to_string(),
            Some(Node::String(v)) => format!("'{v}'"),
            Some(Node::Int(v)) => v.to_string(),
            Some(Node::Float(v)) => v.to_string(),
            Some(Node::Bool(v)) => v.to_string(),
            Some(_) => "a value of another kind".to_string(),
        };
        let keyword = KeywordTable::of(&self.model_type)
            .path(path)
            .map_or("none", |e| e.keyword.as_str());
        DataModelError::Keyword {
            file: self
                .source
                .as_ref()
                .map_or("model in memory".to_string(), |p| p.display().to_string()),
            keyword: keyword.to_string(),
            path: path.to_string(),
            expected: expected.to_string(),
            found,
        }
    }

    /// Sets the node at a path; mappings on the way are made.
    pub fn set(&mut self, path: &str, value: impl Into<Node>) {
        let value = value.into();
        // A path that runs through a scalar replaces it: the tables know no such paths.
        if self.asdf.tree.set_path(path, value.clone()).is_err()
            && let Some((parent, key)) = path.rsplit_once('.')
        {
            let group: Mapping = [(key, value)].into_iter().collect();
            self.set(parent, group);
        }
    }

    /// Notes a number or word that a step found, such as how many pixels it flagged, under the step's key in
    /// `cal_summaries`. Programs show it, and the product keeps it.
    ///
    /// `name` is in lower case, and ends in the unit where the value has one.
    pub fn note(&mut self, step: &str, name: &str, value: impl Into<Node>) {
        self.set(&format!("cal_summaries.{step}.{name}"), value);
    }

    /// Keeps an array in the tree, which no HDU holds.
    ///
    /// # Errors
    /// [`DataModelError::Asdf`] if `shape` asks for another number of elements than there are.
    pub fn set_array<T: asdf::Element>(
        &mut self,
        path: &str,
        shape: &[usize],
        elements: &[T],
    ) -> Result<()> {
        let array = self.asdf.push_array(shape, elements);
        let array = array.map_err(|error| DataModelError::Asdf {
            path: self.source.clone().unwrap_or_default(),
            message: error.to_string(),
        })?;
        self.set(path, array);
        Ok(())
    }

    /// Forgets a card of the file that no table knows, such as one that describes the file and not the exposure.
    pub fn forget_card(&mut self, hdu: &str, keyword: &str) {
        for (name, header) in &mut self.headers {
            if name == hdu {
                header.cards.retain(|card| card.keyword != keyword);
            }
        }
    }

    /// Removes the node at a path.
    pub fn remove(&mut self, path: &str) -> Option<Node> {
        self.asdf.tree.remove_path(path)
    }

    /// All scalars below `meta` by their path, as best-reference selection takes them.
    pub fn scalars(&self) -> Vec<(String, Node)> {
        let mut found = Vec::new();
        if let Some(meta) = self.get("meta") {
            collect_scalars("meta", meta, &mut found);
        }
        found
    }

    /// The exposure's parameters.
    pub fn exposure(&self) -> Exposure<'_> {
        Exposure(self)
    }

    /// The instrument's configuration.
    pub fn instrument(&self) -> Instrument<'_> {
        Instrument(self)
    }

    /// The subarray that was read out.
    pub fn subarray(&self) -> Subarray<'_> {
        Subarray(self)
    }

    pub(crate) fn asdf(&self) -> &AsdfFile {
        &self.asdf
    }

    pub(crate) fn asdf_mut(&mut self) -> &mut AsdfFile {
        &mut self.asdf
    }

    pub(crate) fn header(&self, hdu: &str) -> Option<&Header> {
        self.headers
            .iter()
            .find(|(name, _)| name == hdu)
            .map(|(_, header)| header)
    }
}

fn collect_scalars(path: &str, node: &Node, found: &mut Vec<(String, Node)>) {
    match node.untagged() {
        Node::Mapping(mapping) => {
            for (key, value) in mapping {
                if let Some(key) = key.as_str() {
                    collect_scalars(&format!("{path}.{key}"), value, found);
                }
            }
        }
        Node::Sequence(_) | Node::NdArray(_) | Node::Null => {}
        scalar => found.push((path.to_string(), scalar.clone())),
    }
}

/// Removes the nodes that stand for HDUs; they are made anew when the model is written.
fn drop_array_links(tree: &mut Node) {
    let is_link = |node: &Node| match node.as_ndarray().map(|array| &array.source) {
        Some(asdf::Source::External(source)) => source.starts_with("fits:"),
        _ => false,
    };
    if let Some(root) = tree.as_mapping_mut() {
        root.retain(|_, node| !is_link(node));
        root.remove("extra_fits");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_through_a_scalar_replaces_it() {
        let mut meta = Metadata::new("RampModel");
        meta.set("meta.rscd", "text");
        meta.set("meta.rscd.ngroups_skip_int1", 2);
        assert_eq!(meta.integer("meta.rscd.ngroups_skip_int1"), Some(2));
        assert_eq!(meta.model_type(), "RampModel");
    }
}
