//! Files that appear whole or not at all.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::error::Error;

pub(crate) fn write_error(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
    move |error| Error::Write {
        path: path.to_owned(),
        error,
    }
}

/// A name beside `path` that no other process and no other call uses: `.tmp_NAME_PROCESS_COUNT.part`.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let time = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |time| time.as_micros() as u64);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let pid = std::process::id();
    path.with_file_name(format!(".tmp_{name}_{pid}_{time:x}{count:x}.part"))
}

/// Leftovers of earlier attempts at `path`.
pub(crate) fn leftovers(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let start = format!(".tmp_{name}_");
    let entries = path
        .parent()
        .and_then(|directory| fs::read_dir(directory).ok());
    let is_leftover = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&start) && name.ends_with(".part")
    };
    let paths = entries.into_iter().flatten().flatten();
    paths
        .map(|entry| entry.path())
        .filter(is_leftover)
        .collect()
}

/// Gives a complete file that is on the disk its final name.
pub(crate) fn publish(temporary: &Path, path: &Path) -> Result<(), Error> {
    fs::rename(temporary, path).map_err(write_error(path))?;
    // Not every system can bring a directory to the disk; the file itself is there.
    if let Some(directory) = path.parent().and_then(|path| File::open(path).ok()) {
        let _ = directory.sync_all();
    }
    Ok(())
}

/// Writes a small file, or replaces it, whole or not at all: under a temporary name, brought to the disk, renamed.
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// let path = directory.path().join("a.txt");
/// crds::write_file(&path, b"one")?;
/// assert_eq!(std::fs::read(&path)?, b"one");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::Write`]; what stood there is unchanged.
pub fn write_file(path: &Path, content: &[u8]) -> Result<(), Error> {
    let temporary = temporary(path);
    let written = File::create_new(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    let done = written
        .map_err(write_error(&temporary))
        .and_then(|()| publish(&temporary, path));
    if done.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a");
        write_file(&path, b"one").expect("a file");
        write_file(&path, b"two").expect("a file");
        assert_eq!(fs::read(&path).expect("a file"), b"two");
        assert_eq!(leftovers(&path), Vec::<PathBuf>::new());
        let part = temporary(&path);
        fs::write(&part, b"x").expect("a file");
        fs::write(directory.path().join(".tmp_a_12"), b"x").expect("a file");
        assert_eq!(leftovers(&path), [part]);
    }
}
