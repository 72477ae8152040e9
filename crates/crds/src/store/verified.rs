//! Which files were verified, so that it is done once.
//!
//! `verified.jsonl` in the directory of the configuration has a line for each file: name, size, time of modification and sum
//! at the time, and the server that stated it. A file that has changed since, or that another server is asked about, is verified
//! again. The reference client ignores it.

use std::{
    collections::HashMap,
    fs::{self, Metadata, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};

use super::atomic;
use crate::cache::Cache;

const FILE: &str = "verified.jsonl";

/// A file as it was when it was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) size: u64,
    /// Time of modification since 1970 [ns].
    pub(crate) modified: u64,
    pub(crate) sha1: String,
    /// URL of the server that was asked then; empty if none was.
    #[serde(default)]
    pub(crate) server: String,
}

impl Record {
    pub(crate) fn new(name: &str, facts: &Metadata, sha1: &str) -> Self {
        Self {
            name: name.to_owned(),
            size: facts.len(),
            modified: modified(facts),
            sha1: sha1.to_owned(),
            server: String::new(),
        }
    }

    /// True if the file looks as it did then.
    pub(crate) fn is_of(&self, facts: &Metadata) -> bool {
        self.size == facts.len() && self.modified == modified(facts)
    }
}

fn modified(facts: &Metadata) -> u64 {
    let time = facts.modified().ok();
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_nanos() as u64)
}

/// The records of a cache.
#[derive(Debug)]
pub(crate) struct Verified {
    /// Where new records go; `None` if nothing may be written.
    file: Option<PathBuf>,
    /// URL of the server that is asked now; empty without one.
    server: String,
    records: Mutex<HashMap<String, Record>>,
}

impl Verified {
    pub(crate) fn open(cache: &Cache, server: &str) -> Self {
        let mut records = HashMap::new();
        let mut count = 0;
        for directory in cache.config_dirs() {
            let text = fs::read(directory.join(FILE)).unwrap_or_default();
            count = 0;
            for record in lines(&text) {
                count += 1;
                records.insert(record.name.clone(), record);
            }
        }
        let file = (!cache.is_readonly()).then(|| cache.front().config_dir.join(FILE));
        if let Some(file) = &file
            && count > 1000
            && count > 3 * records.len()
        {
            shorten(file, &records);
        }
        Self {
            file,
            server: server.to_owned(),
            records: Mutex::new(records),
        }
    }

    fn records(&self) -> MutexGuard<'_, HashMap<String, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, name: &str) -> Option<Record> {
        self.records().get(name).cloned()
    }

    /// True if a record holds for the server that is asked now. Without one, whatever was verified is good enough.
    pub(crate) fn is_current(&self, record: &Record) -> bool {
        self.server.is_empty() || self.server == record.server
    }

    /// Reads what other processes have added.
    #[cfg(feature = "remote")]
    pub(crate) fn refresh(&self) {
        let Some(text) = self.file.as_ref().and_then(|file| fs::read(file).ok()) else {
            return;
        };
        let mut records = self.records();
        for record in lines(&text) {
            records.insert(record.name.clone(), record);
        }
    }

    /// Adds a record. That it cannot be written costs another verification, no more.
    pub(crate) fn add(&self, mut record: Record) {
        record.server.clone_from(&self.server);
        let mut line = serde_json::to_vec(&record).unwrap_or_default();
        line.push(b'\n');
        self.records().insert(record.name.clone(), record);
        let Some(file) = &self.file else {
            return;
        };
        // One write of a short line at the end is not mixed with another's on a local file system.
        let append = |path: &Path| {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            let mut file = OpenOptions::new().append(true).create(true).open(path)?;
            file.write_all(&line)
        };
        if let Err(error) = append(file) {
            tracing::debug!("cannot write {}: {error}", file.display());
        }
    }
}

/// A line that was cut or mixed with another's is a file that is verified again.
fn lines(text: &[u8]) -> impl Iterator<Item = Record> + '_ {
    let lines = text.split(|octet| *octet == b'\n');
    lines.filter_map(|line| serde_json::from_slice(line).ok())
}

fn shorten(file: &Path, records: &HashMap<String, Record>) {
    let mut text = Vec::new();
    for record in records.values() {
        text.extend(serde_json::to_vec(record).unwrap_or_default());
        text.push(b'\n');
    }
    if let Err(error) = atomic::write_file(file, &text) {
        tracing::debug!("{error}");
    }
}
