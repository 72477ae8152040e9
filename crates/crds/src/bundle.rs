//! Bundles: one archive with all that some exposures need, for a machine without a network or for a paper.
//!
//! A bundle is a tar archive of a part of a cache. Its first member is `manifest.json`, which lists the others with sizes
//! and SHA-1 sums; it can be unpacked by [`unpack`], which checks everything, or by any tar program into an empty directory that
//! is then a cache.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha1::{Digest, Sha1};

use crate::{
    error::Error,
    mapping::is_file_name,
    server_config::ServerConfig,
    store::{Store, hexadecimal, is_mapping, sum_of_file},
};

const MANIFEST: &str = "manifest.json";
const FORMAT: &str = "crds bundle 1";
/// Longest manifest [bytes]; a whole mission has some 20 MB.
const MANIFEST_LIMIT: u64 = 256 << 20;

/// What a bundle holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// `crds bundle 1`.
    pub format: String,
    /// The mission.
    pub observatory: String,
    /// The context whose rules were applied.
    pub context: String,
    /// The program that made it.
    pub made_by: String,
    /// What it was made for: names of exposures, for people.
    pub made_for: Vec<String>,
    /// The files.
    pub files: Vec<Member>,
}

/// A file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The mapping or reference.
    pub name: String,
    /// The instrument's directory that it belongs to; none for mappings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrument: Option<String>,
    /// Size [bytes].
    pub size: u64,
    /// SHA-1 sum.
    pub sha1: String,
}

impl Manifest {
    fn path_of(&self, member: &Member) -> String {
        let observatory = &self.observatory;
        match &member.instrument {
            None => format!("mappings/{observatory}/{}", member.name),
            Some(instrument) => format!("references/{observatory}/{instrument}/{}", member.name),
        }
    }
}

fn wrong(archive: &Path, expected: impl Into<String>, found: impl Into<String>) -> Error {
    Error::Archive {
        archive: archive.to_owned(),
        expected: expected.into(),
        found: found.into(),
    }
}

/// Packs files of a cache, each with the instrument that a reference belongs to. The archive appears when it is complete.
///
/// # Errors
/// If a file is missing or cannot be read, or the archive cannot be written.
pub fn pack(
    store: &Store,
    archive: &Path,
    context: &str,
    made_for: &[String],
    files: &[(String, Option<String>)],
) -> Result<Manifest, Error> {
    let mut manifest = Manifest {
        format: FORMAT.into(),
        observatory: store.observatory().name().to_owned(),
        context: context.to_owned(),
        made_by: concat!("crds-rs ", env!("CARGO_PKG_VERSION")).into(),
        made_for: made_for.to_vec(),
        files: Vec::new(),
    };
    let mut paths = Vec::new();
    for (name, instrument) in files {
        let path = located(store, name, instrument.as_deref())?;
        let read = |error| Error::Read {
            path: path.clone(),
            error,
        };
        manifest.files.push(Member {
            name: name.clone(),
            instrument: instrument.clone().filter(|_| !is_mapping(name)),
            size: path.metadata().map_err(read)?.len(),
            sha1: sum_of_file(&path).map_err(read)?,
        });
        paths.push(path);
    }
    let temporary = crate::store::temporary(archive);
    let written = write(&temporary, &manifest, &paths, store);
    let done = written.and_then(|()| crate::store::publish(&temporary, archive));
    if done.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    done.map(|()| manifest)
}

fn located(store: &Store, name: &str, instrument: Option<&str>) -> Result<PathBuf, Error> {
    if !is_mapping(name) {
        return store
            .cache()
            .locate_reference(name, instrument.unwrap_or_default());
    }
    store.find(name, "").ok_or_else(|| Error::MissingMapping {
        name: name.to_owned(),
        looked: "the cache".into(),
        fetch: None,
    })
}

fn write(path: &Path, manifest: &Manifest, paths: &[PathBuf], store: &Store) -> Result<(), Error> {
    let failed = |error| Error::Write {
        path: path.to_owned(),
        error,
    };
    let file = File::create_new(path).map_err(failed)?;
    let mut archive = tar::Builder::new(BufWriter::with_capacity(1 << 20, file));
    let text = serde_json::to_vec_pretty(manifest).unwrap_or_default();
    let mut add = |name: &str, size: u64, content: &mut dyn Read| {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o644);
        // The same files give the same archive.
        header.set_mtime(0);
        header.set_cksum();
        archive.append_data(&mut header, name, content)
    };
    add(MANIFEST, text.len() as u64, &mut text.as_slice()).map_err(failed)?;
    let config = config_of(manifest, store);
    let directory = format!("config/{}", manifest.observatory);
    for (name, text) in [
        ("server_config", config.file_text()),
        ("bad_files.txt", config.bad_files().join("\n")),
        ("ref_cache_subdir_mode", "instrument".to_owned()),
    ] {
        let name = format!("{directory}/{name}");
        add(&name, text.len() as u64, &mut text.as_bytes()).map_err(failed)?;
    }
    for (member, source) in manifest.files.iter().zip(paths) {
        let mut content = File::open(source).map_err(|error| Error::Read {
            path: source.clone(),
            error,
        })?;
        add(&manifest.path_of(member), member.size, &mut content).map_err(failed)?;
    }
    let mut writer = archive.into_inner().map_err(failed)?;
    writer.flush().map_err(failed)?;
    writer.get_ref().sync_all().map_err(failed)
}

/// A configuration with which the bundle's context is the default.
fn config_of(manifest: &Manifest, store: &Store) -> ServerConfig {
    let bad = store
        .server_config()
        .map(ServerConfig::bad_files)
        .unwrap_or_default();
    let info = |member: &Member| {
        let info = json!({"size": member.size.to_string(), "sha1sum": member.sha1});
        (member.name.clone(), info)
    };
    let infos: serde_json::Map<_, _> = manifest.files.iter().map(info).collect();
    let config = json!({
        "observatory": manifest.observatory,
        "latest_context": manifest.context,
        "operational_context": manifest.context,
        "edit_context": manifest.context,
        "bad_files_list": bad,
        "force_remote_mode": false,
        "crds_version": {"str": "14.0.3"},
        "last_synced": "from a bundle",
        "download_metadata": infos,
    });
    ServerConfig::from_json(&config).unwrap_or_else(ServerConfig::empty)
}

/// Reads what a bundle holds.
///
/// # Errors
/// [`Error::Read`], [`Error::Archive`].
pub fn manifest_of(archive: &Path) -> Result<Manifest, Error> {
    let mut tar = opened(archive)?;
    let mut entries = tar.entries().map_err(|error| unreadable(archive, error))?;
    read_manifest(archive, &mut entries)
}

fn opened(archive: &Path) -> Result<tar::Archive<BufReader<File>>, Error> {
    let file = File::open(archive).map_err(|error| unreadable(archive, error))?;
    Ok(tar::Archive::new(BufReader::with_capacity(1 << 20, file)))
}

fn unreadable(archive: &Path, error: std::io::Error) -> Error {
    Error::Read {
        path: archive.to_owned(),
        error,
    }
}

fn read_manifest<R: Read>(
    archive: &Path,
    entries: &mut tar::Entries<'_, R>,
) -> Result<Manifest, Error> {
    let first = entries
        .next()
        .ok_or_else(|| wrong(archive, "a bundle", "an empty archive"))?;
    let mut entry = first.map_err(|error| unreadable(archive, error))?;
    let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    if name != MANIFEST || entry.size() > MANIFEST_LIMIT {
        return Err(wrong(archive, format!("{MANIFEST} as first member"), name));
    }
    let mut text = Vec::new();
    entry
        .read_to_end(&mut text)
        .map_err(|error| unreadable(archive, error))?;
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|error| wrong(archive, "a manifest", error.to_string()))?;
    if manifest.format != FORMAT {
        return Err(wrong(archive, FORMAT, manifest.format));
    }
    for member in &manifest.files {
        let names = [Some(&member.name), member.instrument.as_ref()];
        if let Some(name) = names.into_iter().flatten().find(|name| !is_file_name(name)) {
            return Err(wrong(archive, "names of files", name));
        }
    }
    Ok(manifest)
}

/// Unpacks a bundle into a cache; what is there already and verified stays. Every file is checked before it gets its name. The
/// bundle's context becomes the cache's default if the cache has none yet.
///
/// # Errors
/// [`Error::Archive`] if a member is not what the manifest says, [`Error::ReadOnly`], [`Error::Write`].
pub fn unpack(store: &Store, archive: &Path) -> Result<Manifest, Error> {
    if store.cache().is_readonly() {
        let name = archive.display().to_string();
        return Err(Error::ReadOnly { name });
    }
    let mut tar = opened(archive)?;
    let mut entries = tar.entries().map_err(|error| unreadable(archive, error))?;
    let manifest = read_manifest(archive, &mut entries)?;
    let own = store.observatory().name();
    if manifest.observatory != own {
        return Err(wrong(
            archive,
            format!("files of {own}"),
            manifest.observatory,
        ));
    }
    let members = manifest.files.iter();
    let mut members: HashMap<String, &Member> = members
        .map(|member| (manifest.path_of(member), member))
        .collect();
    for entry in entries {
        let mut entry = entry.map_err(|error| unreadable(archive, error))?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if path.starts_with("config/") {
            continue;
        }
        let Some(member) = members.remove(&path) else {
            return Err(wrong(archive, "the members of the manifest", path));
        };
        if entry.size() != member.size || !entry.header().entry_type().is_file() {
            return Err(wrong(
                archive,
                format!("{path} of {} bytes", member.size),
                format!("{} bytes", entry.size()),
            ));
        }
        extract(store, archive, member, &mut entry)?;
    }
    if let Some(path) = members.keys().next() {
        return Err(wrong(archive, path, "no such member"));
    }
    if !store.cache().server_config_path().exists() {
        store.write_server_config(&config_of(&manifest, store))?;
    }
    Ok(manifest)
}

fn extract(
    store: &Store,
    archive: &Path,
    member: &Member,
    content: &mut dyn Read,
) -> Result<(), Error> {
    let instrument = member.instrument.as_deref().unwrap_or_default();
    let path = store.place(&member.name, instrument)?;
    if path
        .metadata()
        .is_ok_and(|facts| facts.len() == member.size)
        && sum_of_file(&path).is_ok_and(|sum| sum == member.sha1)
    {
        return Ok(());
    }
    let directory = path.parent().unwrap_or(&path);
    let temporary = crate::store::temporary(&path);
    let failed = |error| Error::Write {
        path: temporary.clone(),
        error,
    };
    fs::create_dir_all(directory).map_err(failed)?;
    let copied = File::create_new(&temporary).and_then(|mut file| {
        let mut sum = Sha1::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            match content.read(&mut buffer)? {
                0 => break,
                count => {
                    sum.update(&buffer[..count]);
                    file.write_all(&buffer[..count])?;
                }
            }
        }
        file.sync_all()?;
        Ok(hexadecimal(sum))
    });
    let done = match copied {
        Ok(sum) if sum == member.sha1 => {
            let facts = temporary.metadata().map_err(failed);
            facts.and_then(|facts| {
                crate::store::publish(&temporary, &path)?;
                store.remember(&member.name, &facts, &sum);
                Ok(())
            })
        }
        Ok(sum) => Err(wrong(
            archive,
            format!("{} with SHA-1 {}", member.name, member.sha1),
            format!("SHA-1 {sum}"),
        )),
        Err(error) => Err(failed(error)),
    };
    if done.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    done
}
