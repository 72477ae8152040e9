//! A whole file: header, tree, blocks, index.

mod read;
mod tags;
mod write;

#[cfg(test)]
mod tests;

use crate::{Block, Mapping, Node, Source, Version};

pub use write::WriteOptions;

/// Prefix of the tags of the core.
const CORE: &str = "tag:stsci.edu:asdf/core/";
/// What the index of the blocks starts with.
const INDEX_HEADER: &[u8] = b"#ASDF BLOCK INDEX";

/// An ASDF file in memory: its tree and its blocks.
///
/// ```
/// use asdf::{AsdfFile, Software, Version};
///
/// let text = "#ASDF 1.0.0\n#ASDF_STANDARD 1.5.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\na: 1\n...\n";
/// let mut file = AsdfFile::from_bytes(text.as_bytes())?;
/// assert_eq!(file.standard, Version::new(1, 5, 0));
/// file.set_library(&Software::new("my-tool", "0.1.0"));
/// assert_eq!(file.tree.get_path("asdf_library.name").and_then(asdf::Node::as_str), Some("my-tool"));
/// # Ok::<(), asdf::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct AsdfFile {
    /// The tree, a mapping. The tag `core/asdf` of the file's root is not part of it.
    pub tree: Node,
    /// The blocks that arrays of the tree point to by number.
    pub blocks: Vec<Block>,
    /// The version of the standard that the file follows.
    pub standard: Version,
}

/// A program, as `core/software` describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Software {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who made it.
    pub author: Option<String>,
    /// Where it is found.
    pub homepage: Option<String>,
}

impl Software {
    /// A program by name and version.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            author: None,
            homepage: None,
        }
    }

    /// The tagged node.
    pub fn to_node(&self) -> Node {
        let mut map = Mapping::new();
        if let Some(author) = &self.author {
            map.insert("author", author.as_str());
        }
        if let Some(homepage) = &self.homepage {
            map.insert("homepage", homepage.as_str());
        }
        map.insert("name", self.name.as_str());
        map.insert("version", self.version.as_str());
        Node::tagged(format!("{CORE}software-1.0.0"), map)
    }
}

impl AsdfFile {
    /// An empty file of the newest standard.
    pub fn new() -> Self {
        Self::default()
    }

    /// A file of the newest standard with `tree` and no blocks.
    pub fn from_tree(tree: impl Into<Node>) -> Self {
        Self {
            tree: tree.into(),
            ..Self::default()
        }
    }

    /// States the program that writes the file (`asdf_library`), first in the tree.
    pub fn set_library(&mut self, software: &Software) {
        let stamp = software.to_node();
        if let Some(map) = self.tree.as_mapping_mut() {
            if let Some(known) = map.get_mut("asdf_library") {
                *known = stamp;
                return;
            }
            let rest = std::mem::take(map);
            map.insert("asdf_library", stamp);
            map.extend(rest);
        }
    }

    /// Forgets the blocks that no array of the tree points to, and numbers the others anew.
    pub fn drop_unused_blocks(&mut self) {
        let mut places: Vec<Option<usize>> = vec![None; self.blocks.len()];
        let mut kept = Vec::new();
        let blocks = &self.blocks;
        self.tree.walk_mut(&mut |node| {
            let Node::NdArray(array) = node else { return };
            let Source::Block(index) = &mut array.source else {
                return;
            };
            let Some(place) = places.get_mut(*index) else {
                return;
            };
            *index = *place.get_or_insert_with(|| {
                kept.push(blocks[*index].clone());
                kept.len() - 1
            });
        });
        self.blocks = kept;
    }
}
