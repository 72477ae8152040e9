//! What the tests share: a server, a proxy, an exposure of the little observatory, and a look into caches.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test program uses a part of it"
)]

pub mod proxy;
pub mod server;

use std::{fs, path::Path};

use crds::Parameters;
use server::Server;

/// An exposure of the little observatory, which has a reference of every kind.
pub fn exposure() -> Parameters {
    [
        ("meta.instrument.name", "cam"),
        ("META.DETECTOR", "A"),
        ("META.DATE", "2024-01-01"),
        ("META.TIME", "00:00:00"),
    ]
    .into_iter()
    .collect()
}

pub fn fresh() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

/// Names of mappings and references in a cache of the little observatory.
fn names(root: &Path) -> Vec<(String, std::path::PathBuf)> {
    let directories = ["mappings/tele", "references/tele/cam"];
    let entries = directories.iter().flat_map(|part| {
        let entries = fs::read_dir(root.join(part));
        entries.into_iter().flatten().flatten()
    });
    let name = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, entry.path())
    };
    entries.map(name).collect()
}

/// All files of the cache are what the server has; gives their number.
pub fn whole(server: &Server, root: &Path) -> usize {
    let mut files = names(root);
    files.retain(|(name, _)| !name.starts_with('.'));
    for (name, path) in &files {
        let content = fs::read(path).expect("a file");
        assert!(content == server.content(name), "{name} is wrong");
    }
    files.len()
}

/// What is left beside the files, of the kind that begins with `start`.
pub fn hidden(root: &Path, start: &str) -> Vec<String> {
    let names = names(root).into_iter().map(|(name, _)| name);
    names.filter(|name| name.starts_with(start)).collect()
}
