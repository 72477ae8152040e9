//! The cache as something that is written to: files fetched, verified, repaired and removed.
//!
//! The layout is that of the reference client, which can use the result, as this one can use its. A file appears under its
//! name only when it is complete and has the size and the SHA-1 sum that the server states: it is written under a temporary name
//! in the same directory, brought to the disk and renamed.
//!
//! | name beside a file | is |
//! |---|---|
//! | `.lock_NAME` | held by the process that fetches it |
//! | `.tmp_NAME_..._....part` | a part of it, from which the next attempt goes on |

mod atomic;
#[cfg(feature = "remote")]
mod fetch;
#[cfg(feature = "remote")]
mod lock;
mod verified;

use std::{
    collections::HashMap,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use sha1::{Digest, Sha1};

#[cfg(feature = "remote")]
pub use fetch::{Event, Fetched, Progress};
use verified::{Record, Verified};

use crate::{
    cache::{Cache, LAYOUT_FILE, Layout},
    config::Config,
    error::Error,
    mapping::is_file_name,
    network::{Network, is_serverless},
    observatory::Observatory,
    server_config::{FileInfo, ServerConfig},
};

pub use atomic::write_file;
pub(crate) use atomic::{publish, temporary, write_error};

/// How a file compares with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// It has the size and the sum that it should have.
    Verified,
    /// Nothing is known that it could be compared with.
    Unknown,
    /// It is not there.
    Missing,
    /// It is another file, or a part of one.
    Damaged {
        /// Its size or sum as it should be.
        expected: String,
        /// Its size or sum as it is.
        found: String,
    },
}

/// A cache with what is known of its files.
#[derive(Debug)]
pub struct Store {
    cache: Cache,
    observatory: Observatory,
    verified: Verified,
    /// Sizes and sums of all files as the server last said.
    catalog: OnceLock<HashMap<String, FileInfo>>,
    server: Option<ServerConfig>,
    verify_sizes: bool,
    verify_sums: bool,
    #[cfg_attr(
        not(feature = "remote"),
        expect(dead_code, reason = "nothing is fetched")
    )]
    network: Network,
    #[cfg_attr(
        not(feature = "remote"),
        expect(dead_code, reason = "nothing is fetched")
    )]
    addresses: [Option<String>; 2],
}

impl Store {
    /// The cache that `config` names. `server` is what the server said, now or when the cache was last updated.
    ///
    /// # Errors
    /// As for [`Cache::open`].
    pub fn open(config: &Config, server: Option<ServerConfig>) -> Result<Self, Error> {
        let cache = Cache::open(config)?;
        let url = config.server_url.as_deref().unwrap_or_default();
        let url = if is_serverless(url) { "" } else { url };
        Ok(Self {
            verified: Verified::open(&cache, url.trim_end_matches('/')),
            cache,
            observatory: config.observatory.clone(),
            catalog: OnceLock::new(),
            server,
            verify_sizes: config.verify_sizes,
            verify_sums: config.verify_sums,
            network: config.network.clone(),
            addresses: [config.mapping_url.clone(), config.reference_url.clone()],
        })
    }

    /// The cache.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The mission.
    pub fn observatory(&self) -> &Observatory {
        &self.observatory
    }

    /// Takes a file for verified.
    pub(crate) fn remember(&self, name: &str, facts: &fs::Metadata, sha1: &str) {
        self.verified.add(Record::new(name, facts, sha1));
    }

    /// What the server said, if anything is known.
    pub fn server_config(&self) -> Option<&ServerConfig> {
        self.server.as_ref()
    }

    /// What the server said of a file.
    pub fn info(&self, name: &str) -> Option<&FileInfo> {
        let read = || self.server.as_ref().map(ServerConfig::catalog);
        self.catalog
            .get_or_init(|| read().unwrap_or_default())
            .get(name)
    }

    /// Where a file lies, if it is there; an instrument may help to find a reference.
    pub fn find(&self, name: &str, instrument: &str) -> Option<PathBuf> {
        let path = if is_mapping(name) {
            self.cache.mapping_path(name).ok()?
        } else {
            self.cache.locate_reference(name, instrument).ok()?
        };
        path.exists().then_some(path)
    }

    /// Where a new file is written to. The instrument of a reference is taken from its name where it is not given.
    ///
    /// # Errors
    /// As for [`Cache::new_reference_path`].
    pub fn place(&self, name: &str, instrument: &str) -> Result<PathBuf, Error> {
        if is_mapping(name) {
            if !is_file_name(name) {
                return Err(Error::Name(name.to_owned()));
            }
            return Ok(self.cache.front().mapping_dir.join(name));
        }
        let named = self.observatory.instrument_of_file(name);
        let instrument = named.unwrap_or(instrument);
        self.cache.new_reference_path(name, instrument)
    }

    /// Compares the file at `path` with what is known of the file `name`. Sums are computed once for a server: a file that has not
    /// changed since is taken for what it was. With `again` it is read in any case.
    ///
    /// # Errors
    /// [`Error::Read`] if it cannot be read.
    pub fn state(&self, name: &str, path: &Path, again: bool) -> Result<FileState, Error> {
        let record = self.verified.get(name);
        // A whole catalog need not be unpacked for a file that was verified.
        if let Some(record) = &record
            && !again
            && self.verified.is_current(record)
            && let Ok(facts) = path.metadata()
            && record.is_of(&facts)
        {
            return Ok(FileState::Verified);
        }
        let mut info = self.info(name).cloned().unwrap_or_default();
        if info.size.is_none()
            && info.sha1.is_none()
            && let Some(record) = record
        {
            info.size = Some(record.size);
            info.sha1 = Some(record.sha1);
        }
        self.compare(name, path, &info)
    }

    /// Compares a file with what it should be, and remembers it if it is.
    fn compare(&self, name: &str, path: &Path, info: &FileInfo) -> Result<FileState, Error> {
        let read = |error| Error::Read {
            path: path.to_owned(),
            error,
        };
        let facts = match path.metadata() {
            Ok(facts) => facts,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(FileState::Missing);
            }
            Err(error) => return Err(read(error)),
        };
        if let Some(size) = info.size.filter(|_| self.verify_sizes)
            && size != facts.len()
        {
            return Ok(FileState::Damaged {
                expected: format!("{size} bytes"),
                found: format!("{} bytes", facts.len()),
            });
        }
        let Some(sum) = info.sha1.as_ref().filter(|_| self.verify_sums) else {
            return Ok(FileState::Unknown);
        };
        let found = sum_of_file(path).map_err(read)?;
        if found != *sum {
            // Whatever was known of it: it is not verified any more.
            self.verified.add(Record {
                modified: 0,
                ..Record::new(name, &facts, sum)
            });
            return Ok(FileState::Damaged {
                expected: format!("SHA-1 {sum}"),
                found: format!("SHA-1 {found}"),
            });
        }
        self.verified.add(Record::new(name, &facts, sum));
        Ok(FileState::Verified)
    }

    /// Writes what the server says about itself in the way of the reference client: `server_config`, `bad_files.txt` and, if the
    /// cache is new, `ref_cache_subdir_mode`. Nothing happens if nothing may be written.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write_server_config(&self, server: &ServerConfig) -> Result<(), Error> {
        if self.cache.is_readonly() {
            return Ok(());
        }
        let directory = &self.cache.front().config_dir;
        fs::create_dir_all(directory).map_err(write_error(directory))?;
        let layout = directory.join(LAYOUT_FILE);
        if !layout.exists() {
            let name = match self.cache.layout() {
                Layout::Instrument => "instrument",
                Layout::Flat => "flat",
                Layout::Legacy => "legacy",
            };
            write_file(&layout, name.as_bytes())?;
        }
        replace(&directory.join("server_config"), &server.file_text())?;
        replace(
            &directory.join("bad_files.txt"),
            &server.bad_files().join("\n"),
        )
    }

    /// All files of the cache by name: mappings and references, without what is hidden.
    ///
    /// # Errors
    /// [`Error::Read`] if a directory cannot be read.
    pub fn files(&self) -> Result<Vec<(String, PathBuf)>, Error> {
        let mut files = Vec::new();
        for directory in self.cache.file_dirs() {
            let entries = match fs::read_dir(&directory) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(unreadable(&directory, error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| unreadable(&directory, error))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if is_file_name(&name) && entry.path().is_file() {
                    files.push((name, entry.path()));
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// Parts of files and locks that processes left behind. Those of processes that work now are among them.
    ///
    /// # Errors
    /// [`Error::Read`] if a directory cannot be read.
    pub fn leftovers(&self) -> Result<Vec<PathBuf>, Error> {
        let mut files = Vec::new();
        for directory in self.cache.file_dirs() {
            let Ok(entries) = fs::read_dir(&directory) else {
                continue;
            };
            for entry in entries {
                let entry = entry.map_err(|error| unreadable(&directory, error))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with(".tmp_") || name.starts_with(".lock_") {
                    files.push(entry.path());
                }
            }
        }
        files.sort();
        Ok(files)
    }
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let path = path.to_owned();
    Error::Read { path, error }
}

/// Replaces a file if it says something else.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Error> {
    let same = fs::metadata(path).is_ok_and(|facts| facts.len() == text.len() as u64)
        && fs::read(path).is_ok_and(|found| found == text.as_bytes());
    if same {
        return Ok(());
    }
    write_file(path, text.as_bytes())
}

/// True for the name of a mapping.
pub(crate) fn is_mapping(name: &str) -> bool {
    [".pmap", ".imap", ".rmap"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// The SHA-1 sum of a file as hexadecimal digits.
///
/// # Errors
/// If it cannot be read.
pub fn sum_of_file(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut sum = Sha1::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(sum)),
            count => sum.update(&buffer[..count]),
        }
    }
}

pub(crate) fn hexadecimal(sum: Sha1) -> String {
    let digits = |octet: u8| [octet >> 4, octet & 15].map(|half| char::from_digit(half.into(), 16));
    sum.finalize()
        .into_iter()
        .flat_map(digits)
        .flatten()
        .collect()
}
