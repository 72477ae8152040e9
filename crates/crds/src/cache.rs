//! The files of a cache on disk.

use std::path::{Path, PathBuf};

use crate::{
    config::{Config, Overlay},
    engine::MappingSource,
    error::Error,
    mapping::is_file_name,
};

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

/// The directories of a cache, and of a private one in front of it. Nothing is written; see [`crate::Store`] for that.
#[derive(Debug, Clone)]
pub struct Cache {
    /// In the order in which files are looked for.
    layers: Vec<Layer>,
    readonly: bool,
    instruments: Vec<String>,
}

#[derive(Debug, Clone)]
struct Layer {
    directories: Overlay,
    layout: Layout,
}

/// The name of the file that tells the layout.
pub(crate) const LAYOUT_FILE: &str = "ref_cache_subdir_mode";

impl Cache {
    /// The cache that `config` names.
    ///
    /// # Errors
    /// [`Error::CacheFile`] for a layout that is not known, [`Error::Read`] if the file that tells it cannot be read.
    pub fn open(config: &Config) -> Result<Self, Error> {
        let main = Overlay {
            mapping_dir: config.mapping_dir.clone(),
            reference_dir: config.reference_dir.clone(),
            config_dir: config.config_dir.clone(),
        };
        let mut layers = Vec::new();
        for directories in config.overlay.clone().into_iter().chain([main]) {
            let layout = layout(&directories)?;
            layers.push(Layer {
                directories,
                layout,
            });
        }
        Ok(Self {
            layers,
            readonly: config.readonly && config.overlay.is_none(),
            instruments: config.observatory.instruments().to_vec(),
        })
    }

    /// How references lie where new ones are written.
    pub fn layout(&self) -> Layout {
        self.layers[0].layout
    }

    /// True if nothing may be written.
    pub fn is_readonly(&self) -> bool {
        self.readonly
    }

    /// The directories that new files are written to.
    pub(crate) fn front(&self) -> &Overlay {
        &self.layers[0].directories
    }

    /// The directories of the server's configuration, the last that is looked at first.
    pub(crate) fn config_dirs(&self) -> impl Iterator<Item = &Path> {
        let layers = self.layers.iter().rev();
        layers.map(|layer| layer.directories.config_dir.as_path())
    }

    /// The file of the server's configuration: the youngest, if there are several.
    pub fn server_config_path(&self) -> PathBuf {
        self.youngest("server_config")
    }

    /// The file that lists bad files.
    pub fn bad_files_path(&self) -> PathBuf {
        self.youngest("bad_files.txt")
    }

    fn youngest(&self, name: &str) -> PathBuf {
        let paths = self.config_dirs().map(|directory| directory.join(name));
        let age = |path: &PathBuf| path.metadata().and_then(|facts| facts.modified()).ok();
        let found = paths.filter_map(|path| Some((age(&path)?, path))).max();
        found.map_or_else(|| self.front().config_dir.join(name), |(_, path)| path)
    }

    /// Where a mapping lies, or would lie.
    ///
    /// # Errors
    /// [`Error::Name`] if the name is not a plain file name.
    pub fn mapping_path(&self, name: &str) -> Result<PathBuf, Error> {
        if !is_file_name(name) {
            return Err(Error::Name(name.to_owned()));
        }
        let mut paths = self.mapping_paths(name);
        let found = paths.find(|path| path.exists());
        Ok(found.unwrap_or_else(|| self.front().mapping_dir.join(name)))
    }

    fn mapping_paths<'a>(&'a self, name: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
        let layers = self.layers.iter();
        layers.map(move |layer| layer.directories.mapping_dir.join(name))
    }

    /// Where a new reference is written to.
    ///
    /// # Errors
    /// [`Error::Name`] if the name is not a plain file name, [`Error::NoDirectory`] if the cache has a directory for each
    /// instrument and the instrument is not one of the observatory's.
    pub fn new_reference_path(&self, name: &str, instrument: &str) -> Result<PathBuf, Error> {
        if !is_file_name(name) {
            return Err(Error::Name(name.to_owned()));
        }
        let directory = &self.front().reference_dir;
        if self.layout() == Layout::Flat {
            return Ok(directory.join(name));
        }
        let instrument = instrument.to_lowercase();
        if !is_file_name(&instrument) || !self.instruments.contains(&instrument) {
            return Err(Error::NoDirectory {
                name: name.to_owned(),
                instrument,
            });
        }
        Ok(directory.join(instrument).join(name))
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
        let mut looked = Vec::new();
        for directory in self.reference_dirs(&instrument.to_lowercase()) {
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
            fetch: None,
        })
    }

    /// All directories of references, those of the instrument first.
    fn reference_dirs(&self, instrument: &str) -> Vec<PathBuf> {
        let mut directories = Vec::new();
        for layer in &self.layers {
            let root = &layer.directories.reference_dir;
            if layer.layout != Layout::Flat {
                let first = std::iter::once(instrument).filter(|name| !name.is_empty());
                let others = self.instruments.iter().map(String::as_str);
                let others = others.filter(|name| *name != instrument);
                directories.extend(first.chain(others).map(|name| root.join(name)));
            }
            if layer.layout != Layout::Instrument {
                directories.push(root.clone());
            }
        }
        directories
    }

    /// All directories that may hold files of the cache: the mappings' and the references'.
    pub(crate) fn file_dirs(&self) -> Vec<PathBuf> {
        let layers = self.layers.iter();
        let mappings = layers.map(|layer| layer.directories.mapping_dir.clone());
        mappings.chain(self.reference_dirs("")).collect()
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
fn layout(config: &Overlay) -> Result<Layout, Error> {
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
                    looked: self
                        .mapping_paths(name)
                        .map(|path| describe(&path))
                        .collect::<Vec<_>>()
                        .join(", "),
                    fetch: None,
                })
            }
            Err(error) => Err(Error::Read { path, error }),
        }
    }
}
