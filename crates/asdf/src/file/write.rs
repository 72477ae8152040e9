//! Writing.

use std::fmt::Write as _;
use std::io::Write;

use crate::block::{self, Header};
use crate::version::is_version_of;
use crate::{Compression, DataType, Error, Node, Result, Scalar, Source, Version, yaml};

use super::{AsdfFile, CORE, INDEX_HEADER, tags};

/// The first standard whose `history` names extensions.
const FIRST_WITH_EXTENSIONS: Version = Version::new(1, 2, 0);
/// The first standard that knows `float16`, and with it another version of arrays and integers.
const FIRST_WITH_HALF_FLOATS: Version = Version::new(1, 6, 0);

/// How a file is written.
///
/// Tags of the core, and those of the usual extensions (transforms, units, times, gwcs and astropy), get the versions that
/// belong to the standard; all others stay as they are.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// The version of the standard; `None` keeps that of the file.
    pub standard: Option<Version>,
    /// Compression of all blocks; `None` keeps that of each block.
    pub compression: Option<Compression>,
    /// Whether blocks carry a checksum.
    pub checksums: bool,
    /// Whether the places of the blocks are listed at the end.
    pub block_index: bool,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            standard: None,
            compression: None,
            checksums: true,
            block_index: true,
        }
    }
}

impl AsdfFile {
    /// The bytes of the file.
    ///
    /// # Errors
    /// [`Error::Unwritable`] if the root is no mapping or a value has no form in YAML; [`Error::Array`] if an array
    /// points to a block that is not there; the errors of reading a block that is still on disk.
    pub fn to_bytes(&self, options: &WriteOptions) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        self.write_to(&mut out, options)?;
        Ok(out)
    }

    /// Writes the file to `writer`; otherwise like [`AsdfFile::to_bytes`].
    ///
    /// # Errors
    /// Those of [`AsdfFile::to_bytes`], and [`Error::Io`].
    pub fn write_to(&self, mut writer: impl Write, options: &WriteOptions) -> Result<()> {
        let standard = options.standard.unwrap_or(self.standard);
        let tree = self.tree_to_write(standard)?;
        let mut text = String::new();
        // The file format has been 1.0.0 throughout.
        let _ = write!(
            text,
            "#ASDF 1.0.0\n#ASDF_STANDARD {standard}\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n"
        );
        text.push_str(&yaml::emit(&tree, &yaml::EmitOptions::default())?);
        writer.write_all(text.as_bytes())?;
        self.write_blocks(&mut writer, text.len() as u64, options)?;
        writer.flush()?;
        Ok(())
    }

    fn tree_to_write(&self, standard: Version) -> Result<Node> {
        let mut tree = self.tree.clone();
        let mut problem = None;
        let count = self.blocks.len();
        tree.walk_mut(&mut |node| {
            let Node::NdArray(array) = node else { return };
            if let Source::Block(index) = array.source
                && index >= count
            {
                problem = Some(Error::Array(format!(
                    "its source is block {index}, but there are {count} blocks"
                )));
            }
            if standard < FIRST_WITH_HALF_FLOATS && has_half_floats(&array.datatype) {
                problem = Some(Error::Unwritable(format!(
                    "float16 is not part of standard {standard}"
                )));
            }
        });
        if let Some(problem) = problem {
            return Err(problem);
        }
        retag(&mut tree, standard);
        tags::retag(&mut tree, self.standard, standard);
        if standard < FIRST_WITH_EXTENSIONS {
            flatten_history(&mut tree);
        }
        match tree {
            Node::Mapping(_) => Ok(Node::tagged(
                format!("{CORE}asdf-{}", root_version(standard)),
                tree,
            )),
            Node::Tagged(_) => Ok(tree),
            other => Err(Error::Unwritable(format!(
                "the root must be a mapping, found {other:?}"
            ))),
        }
    }

    fn write_blocks(
        &self,
        writer: &mut impl Write,
        tree_end: u64,
        options: &WriteOptions,
    ) -> Result<()> {
        let mut at = tree_end;
        let mut places = Vec::with_capacity(self.blocks.len());
        let mut streamed = false;
        for (index, block) in self.blocks.iter().enumerate() {
            let data = block.data()?;
            // Only the last block may go on to the end of the file.
            streamed = block.is_streamed() && index + 1 == self.blocks.len();
            let compression = if streamed {
                Compression::None
            } else {
                options.compression.unwrap_or(block.compression)
            };
            let packed;
            let bytes: &[u8] = if compression == Compression::None {
                &data
            } else {
                packed = compression
                    .compress(&data)
                    .map_err(|problem| Error::Block { index, problem })?;
                &packed
            };
            let stated = if streamed { 0 } else { bytes.len() as u64 };
            let header = Header {
                streamed,
                compression,
                allocated: stated,
                used: stated,
                data: if streamed { 0 } else { data.len() as u64 },
                checksum: if options.checksums && !streamed {
                    block::checksum(bytes)
                } else {
                    [0; 16]
                },
            };
            writer.write_all(&header.to_bytes())?;
            writer.write_all(bytes)?;
            places.push(at);
            at += (Header::WRITTEN + bytes.len()) as u64;
        }
        // Nothing may follow a streamed block.
        if options.block_index && !places.is_empty() && !streamed {
            let mut index = String::from_utf8_lossy(INDEX_HEADER).into_owned();
            index.push_str("\n%YAML 1.1\n---\n");
            for place in places {
                let _ = writeln!(index, "- {place}");
            }
            index.push_str("...\n");
            writer.write_all(index.as_bytes())?;
        }
        Ok(())
    }
}

/// The version of the root's tag in a standard.
fn root_version(standard: Version) -> &'static str {
    if standard < Version::new(1, 2, 0) {
        "1.0.0"
    } else {
        "1.1.0"
    }
}

/// Gives the tags of the core whose version depends on the standard the one that belongs to it.
fn retag(tree: &mut Node, standard: Version) {
    if standard > Version::LATEST {
        return;
    }
    let version = if standard < FIRST_WITH_HALF_FLOATS {
        "1.0.0"
    } else {
        "1.1.0"
    };
    let integer = format!("{CORE}integer");
    tree.walk_mut(&mut |node| match node {
        Node::NdArray(array) => array.set_tag_version(version),
        Node::Tagged(tagged) if is_version_of(&tagged.tag, &integer) => {
            tagged.tag = format!("{integer}-{version}");
        }
        _ => {}
    });
}

fn has_half_floats(datatype: &DataType) -> bool {
    match datatype {
        DataType::Scalar(kind) => *kind == Scalar::Float16,
        DataType::Structured(fields) => fields.iter().any(|field| has_half_floats(&field.datatype)),
    }
}

/// Turns the history into the list of entries that the oldest standards have; they have no place for extensions. One that is
/// not built as the newer standards have it stays as it is.
fn flatten_history(tree: &mut Node) {
    let Some(map) = tree.as_mapping_mut() else {
        return;
    };
    let Some(parts) = map.get("history").and_then(Node::as_mapping) else {
        return;
    };
    let is_part = |key: &Node| match key {
        Node::String(key) => key == "entries" || key == "extensions",
        _ => false,
    };
    if parts.is_empty() || !parts.iter().all(|(key, _)| is_part(key)) {
        return;
    }
    match parts.get("entries").cloned() {
        None => drop(map.remove("history")),
        Some(list) if list.as_sequence().is_some() => drop(map.insert("history", list)),
        Some(_) => {}
    }
}
