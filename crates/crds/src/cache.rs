//! The files of a cache on disk.

use std::path::{Path, PathBuf};

use crate::{config::Config, engine::MappingSource, error::Error, mapping::is_file_name};

/// How references lie below their directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A directory for each instrument.
    Instrument,
    /// All in one directory.
    Flat,
    /// Old caches: a directory for each instrument, or all in one.
    Legacy,
}

/// The directories of a cache. Nothing is written.
#[derive(Debug, Clone)]
pub struct Cache {
    mapping_dir: PathBuf,
    reference_dir: PathBuf,
    config_dir: PathBuf,
    instruments: Vec<String>,
    layout: Layout,
}

/// The name of the file that tells the layout.
const LAYOUT_FILE: &str = "ref_cache_subdir_mode";

impl Cache {
    /// The cache that `config` names.
    ///
    /// # Errors
    /// [`Error::CacheFile`] for a layout that is not known, [`Error::Read`] if the file that tells it cannot be read.
    pub fn open(config: &Config) -> Result<Self, Error> {
        Ok(Self {
            layout: layout(config)?,
            mapping_dir: config.mapping_dir.clone(),
            reference_dir: config.reference_dir.clone(),
            config_dir: config.config_dir.clone(),
            instruments: config.observatory.instruments().to_vec(),
        })
    }

    /// How references lie in it.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The file of the server's configuration.
    pub fn server_config_path(&self) -> PathBuf {
        self.config_dir.join("server_config")
    }

    /// The file that lists bad files.
    pub fn bad_files_path(&self) -> PathBuf {
        self.config_dir.join("bad_files.txt")
    }

    /// Where a mapping lies, or would lie.
    ///
    /// # Errors
    /// [`Error::Name`] if the name is not a plain file name.
    pub fn mapping_path(&self, name: &str) -> Result<PathBuf, Error> {
        if is_file_name(name) {
            Ok(self.mapping_dir.join(name))
        } else {
            Err(Error::Name(name.to_owned()))
        }
    }

    /// Finds a reference; the instrument's directory is tried first, then those of the other instruments, as the
    /// reference client does. Symbolic links are followed.
    ///
    /// # Errors
    /// [`Error::Name`] if the name is not a plain file name, [`Error::MissingReference`] with all places that were looked at.
    pub fn locate_reference(&self, name: &str, instrument: &str) -> Result<PathBuf, Error> {
        if !is_file_name(name) || !(instrument.is_empty() || is_file_name(instrument)) {
            return Err(Error::Name(name.to_owned()));
        }
        let instrument = instrument.to_lowercase();
        let mut directories = Vec::new();
        if self.layout != Layout::Flat {
            let first = std::iter::once(&instrument).filter(|name| !name.is_empty());
            let others = self.instruments.iter().filter(|name| **name != instrument);
            directories.extend(
                first
                    .chain(others)
                    .map(|name| self.reference_dir.join(name)),
            );
        }
        if self.layout != Layout::Instrument {
            directories.push(self.reference_dir.clone());
        }
        let mut looked = Vec::new();
        for directory in directories {
            let path = directory.join(name);
            if path.exists() {
                return Ok(path);
            }
            looked.push(describe(&path));
        }
        Err(Error::MissingReference {
            name: name.to_owned(),
            context: None,
            looked,
        })
    }
}

/// A path, and where it leads to if it is a broken link.
fn describe(path: &Path) -> String {
    match std::fs::read_link(path) {
        Ok(target) => format!(
            "{} (a link to {}, which is missing)",
            path.display(),
            target.display()
        ),
        Err(_) => path.display().to_string(),
    }
}

/// Source: crds 14.0.3 `core.config.get_crds_ref_subdir_mode`: without the file, more than 20 entries mean a flat cache.
fn layout(config: &Config) -> Result<Layout, Error> {
    let path = config.config_dir.join(LAYOUT_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let count = std::fs::read_dir(&config.reference_dir).map_or(0, Iterator::count);
            return Ok(if count > 20 {
                Layout::Flat
            } else {
                Layout::Instrument
            });
        }
        Err(error) => return Err(Error::Read { path, error }),
    };
    match text.trim() {
        "instrument" => Ok(Layout::Instrument),
        "flat" => Ok(Layout::Flat),
        "legacy" => Ok(Layout::Legacy),
        found => Err(Error::CacheFile {
            path,
            expected: "instrument, flat or legacy",
            found: found.chars().take(40).collect(),
        }),
    }
}

impl MappingSource for Cache {
    fn read_mapping(&self, name: &str) -> Result<String, Error> {
        let path = self.mapping_path(name)?;
        match std::fs::read(&path) {
            Ok(text) => String::from_utf8(text).map_err(|_| Error::CacheFile {
                path,
                expected: "text in UTF-8",
                found: "other bytes".into(),
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(Error::MissingMapping {
                    name: name.to_owned(),
                    looked: describe(&path),
                })
            }
            Err(error) => Err(Error::Read { path, error }),
        }
    }
}
