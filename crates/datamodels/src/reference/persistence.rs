//! Windows of persistence, which one exposure hands on to the next: an ASDF file with an entry for each detector.

use std::path::{Path, PathBuf};

use asdf::{AsdfFile, Mapping, Node, Software, Source, WriteOptions};

use crate::error::{DataModelError, Result};
use crate::io::atomic::write_atomically;

/// Pixels of one detector that hold charge of bright light, and until when.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PersistenceWindows {
    /// File name of the exposure that they come from.
    pub file_name: Option<String>,
    /// Row of each pixel, counted from 0.
    pub rows: Vec<i64>,
    /// Column of each pixel, counted from 0.
    pub columns: Vec<i64>,
    /// End of its window [s since 1970].
    pub ends_s: Vec<f64>,
    /// Length of the windows [s].
    pub window_s: i64,
}

impl PersistenceWindows {
    /// Reads the entry of a detector; `None` if the file has none.
    ///
    /// # Errors
    /// The file cannot be read, or its entry is damaged.
    pub fn read(path: &Path, detector: &str) -> Result<Option<Self>> {
        let file = open(path)?;
        let Some(entry) = file.tree.get(detector) else {
            return Ok(None);
        };
        let damaged = |key: &str| {
            error(
                path,
                format!("{detector}.{key}: expected numbers, one for each pixel"),
            )
        };
        let integers = |key: &str| integers(&file, entry.get(key)?);
        let rows = integers("rows").ok_or_else(|| damaged("rows"))?;
        let columns = integers("cols").ok_or_else(|| damaged("cols"))?;
        let ends_s = entry
            .get("vals")
            .and_then(|node| numbers(&file, node))
            .ok_or_else(|| damaged("vals"))?;
        let window_s = entry.get("pers_time").and_then(Node::as_i64);
        let window_s = window_s
            .ok_or_else(|| error(path, format!("{detector}.pers_time: expected an integer")))?;
        if rows.len() != columns.len() || rows.len() != ends_s.len() {
            return Err(damaged("rows, cols, vals"));
        }
        let file_name = entry
            .get("filename")
            .and_then(Node::as_str)
            .map(str::to_string);
        Ok(Some(Self {
            file_name,
            rows,
            columns,
            ends_s,
            window_s,
        }))
    }

    /// Writes the entry of a detector; those of others stay, if there is a file. Whole or not at all.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn write(&self, path: &Path, detector: &str) -> Result<()> {
        let mut old = if path.exists() {
            open(path)?
        } else {
            AsdfFile::from_tree(Mapping::new())
        };
        if let Some(root) = old.tree.as_mapping_mut() {
            root.remove(detector);
        }
        let mut file = with_used_blocks(old);
        let failed = |message: String| DataModelError::Unwritable {
            path: path.to_path_buf(),
            what: "the windows of persistence".to_string(),
            message,
        };
        let bytes = self
            .add_to(&mut file, detector)
            .map_err(|error| failed(error.to_string()))?;
        write_atomically(path, |path| {
            std::fs::write(path, &bytes).map_err(|error| failed(error.to_string()))
        })
    }

    fn add_to(&self, file: &mut AsdfFile, detector: &str) -> asdf::Result<Vec<u8>> {
        file.set_library(&Software::new("asdf (Rust)", env!("CARGO_PKG_VERSION")));
        let entry: Mapping = [
            ("filename", Node::from(self.file_name.clone())),
            (
                "rows",
                Node::from(file.push_array(&[self.rows.len()], &self.rows)?),
            ),
            (
                "cols",
                Node::from(file.push_array(&[self.columns.len()], &self.columns)?),
            ),
            (
                "vals",
                Node::from(file.push_array(&[self.ends_s.len()], &self.ends_s)?),
            ),
            ("pers_time", Node::Int(self.window_s)),
        ]
        .into_iter()
        .collect();
        if let Some(root) = file.tree.as_mapping_mut() {
            root.insert(detector, entry);
        }
        file.to_bytes(&WriteOptions::default())
    }

    /// The path that is written for a name: its extension is `.asdf`.
    pub fn path(name: &str) -> PathBuf {
        Path::new(name).with_extension("asdf")
    }
}

/// The file with the blocks that its tree points to and no others.
fn with_used_blocks(mut file: AsdfFile) -> AsdfFile {
    let blocks = std::mem::take(&mut file.blocks);
    let mut kept: Vec<usize> = Vec::new();
    file.tree.walk_mut(&mut |node: &mut Node| {
        if let Node::NdArray(array) = node
            && let Source::Block(old) = &mut array.source
        {
            let new = kept
                .iter()
                .position(|index| index == old)
                .unwrap_or_else(|| {
                    kept.push(*old);
                    kept.len() - 1
                });
            *old = new;
        }
    });
    file.blocks = kept
        .iter()
        .filter_map(|&index| blocks.get(index).cloned())
        .collect();
    file
}

fn open(path: &Path) -> Result<AsdfFile> {
    AsdfFile::open(path).map_err(|e| error(path, format!("not a readable ASDF file: {e}")))
}

fn error(path: &Path, message: String) -> DataModelError {
    DataModelError::Reference {
        path: path.to_path_buf(),
        message,
    }
}

fn integers(file: &AsdfFile, node: &Node) -> Option<Vec<i64>> {
    match node.as_ndarray() {
        Some(array) => file.array_i64(array).ok().map(|(values, _)| values),
        None => node.as_sequence()?.iter().map(Node::as_i64).collect(),
    }
}

fn numbers(file: &AsdfFile, node: &Node) -> Option<Vec<f64>> {
    match node.as_ndarray() {
        Some(array) => file.array_f64(array).ok().map(|(values, _)| values),
        None => node.as_sequence()?.iter().map(Node::as_f64).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(end: f64) -> PersistenceWindows {
        PersistenceWindows {
            file_name: Some("a_ramp.fits".to_string()),
            rows: vec![1, 2],
            columns: vec![3, 0],
            ends_s: vec![end, 2.5],
            window_s: 100,
        }
    }

    #[test]
    fn detectors_share_a_file_and_replace_their_own_windows() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("carry.asdf");
        windows(1.0).write(&path, "NRCA1").expect("written");
        windows(2.0).write(&path, "NRCB1").expect("written");
        windows(3.0).write(&path, "NRCA1").expect("written");
        let read = |detector| PersistenceWindows::read(&path, detector).expect("read");
        assert_eq!(read("NRCA1"), Some(windows(3.0)));
        assert_eq!(read("NRCB1"), Some(windows(2.0)));
        assert_eq!(read("NIS"), None);
        // Three arrays for each detector: what was replaced is gone.
        assert_eq!(open(&path).expect("opened").blocks.len(), 6);
    }

    #[test]
    fn a_damaged_entry_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("carry.asdf");
        let mut short = windows(1.0);
        short.columns.pop();
        short.write(&path, "NRCA1").expect("written");
        let error = PersistenceWindows::read(&path, "NRCA1").expect_err("an error");
        assert!(
            error.to_string().contains("NRCA1.rows, cols, vals"),
            "{error}"
        );
    }

    #[test]
    fn names_get_the_extension_of_the_format() {
        assert_eq!(PersistenceWindows::path("a/b.fits"), Path::new("a/b.asdf"));
        assert_eq!(PersistenceWindows::path("b"), Path::new("b.asdf"));
    }
}
