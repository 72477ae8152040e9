//! Locks of single files that hold between threads, processes and machines.
//!
//! A lock is a file that is created only if it is not there, which every file system can do. It names its holder, and the
//! holder keeps changing it: who waits sees that the holder lives, and waits as long as it does. A lock is
//! broken only if its holder ran on this machine and is gone, or if the file has not changed for a long time on the
//! waiting process's own clock; so neither clocks that differ nor process numbers that mean something else in another
//! container matter.
//!
//! Locks only save work: what is under a file's final name is right without them, because files are checked and renamed.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{Error, ErrorKind, Read, Result, Write},
    path::{Path, PathBuf},
    sync::{
        LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{Builder, sleep},
    time::{Duration, Instant, SystemTime},
};

use serde::{Deserialize, Serialize};

/// How often a holder changes its locks.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long a lock without a holder's name may stand: between its creation and its first content.
const NAMELESS: Duration = Duration::from_secs(10);

/// What a lock says about its holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    /// For people.
    host: String,
    /// Machine and name space in which the number of the process has a meaning; empty if that cannot be told.
    machine: String,
    pid: u32,
    /// When the process started, in the system's own measure: numbers of processes are used again.
    started: u64,
    /// Different for every lock ever taken.
    token: String,
    /// Counts up while the holder lives.
    beat: u64,
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct FileLock {
    path: PathBuf,
    token: String,
}

/// Locks of this process by token.
static HELD: LazyLock<Mutex<HashMap<String, (PathBuf, Holder)>>> = LazyLock::new(Mutex::default);

fn held() -> MutexGuard<'static, HashMap<String, (PathBuf, Holder)>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FileLock {
    /// Takes the lock at `path`; waits as long as another holder lives. A holder that shows no sign of life for `patience`
    /// has lost it.
    pub(crate) fn acquire(path: &Path, patience: Duration) -> Result<Self> {
        let mut watched: Option<(Vec<u8>, Instant)> = None;
        let mut pause = Duration::from_millis(5);
        let begun = Instant::now();
        let mut told = false;
        loop {
            if let Some(lock) = Self::create(path)? {
                return Ok(lock);
            }
            let Some(content) = content_of(path)? else {
                continue;
            };
            let unchanged = match &watched {
                Some((seen, since)) if *seen == content => since.elapsed(),
                _ => {
                    watched = Some((content.clone(), Instant::now()));
                    Duration::ZERO
                }
            };
            let holder = serde_json::from_slice::<Holder>(&content).ok();
            let abandoned = match &holder {
                Some(holder) => is_gone(holder) || unchanged >= patience,
                None => unchanged >= NAMELESS.min(patience),
            };
            if abandoned {
                break_lock(path, &content)?;
                continue;
            }
            if !told && begun.elapsed() > Duration::from_secs(5) {
                told = true;
                let by = holder.map_or("another process".to_owned(), |holder| {
                    format!("process {} on {}", holder.pid, holder.host)
                });
                tracing::info!("waiting for {by}, which works on {}", path.display());
            }
            sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(250));
        }
    }

    /// Takes the lock if nobody has it.
    fn create(path: &Path) -> Result<Option<Self>> {
        let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
            Err(error) => return Err(error),
        };
        let holder = Holder::new();
        let token = holder.token.clone();
        held().insert(token.clone(), (path.to_owned(), holder.clone()));
        let lock = Self {
            path: path.to_owned(),
            token,
        };
        file.write_all(&holder.text())?;
        start_heart();
        Ok(Some(lock))
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        let mut held = held();
        held.remove(&self.token);
        // Another may have broken this lock and taken its own.
        if holder_at(&self.path).is_none_or(|holder| holder.token == self.token) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Holder {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default().as_nanos();
        let pid = std::process::id();
        Self {
            host: host(),
            machine: MACHINE.clone(),
            pid,
            started: start_of(pid).unwrap_or_default(),
            token: format!("{now:x}-{pid:x}-{count:x}"),
            beat: 0,
        }
    }

    /// Always the same length, so that a change replaces the whole content.
    fn text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).unwrap_or_default();
        text.resize(text.len().max(511), b' ');
        text.push(b'\n');
        text
    }
}

fn holder_at(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&content_of(path).ok()??).ok()
}

/// The first part of a lock; `None` if it is gone.
fn content_of(path: &Path) -> Result<Option<Vec<u8>>> {
    let mut content = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(4096).read_to_end(&mut content)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(content))
}

/// True if the holder is known not to live any more.
fn is_gone(holder: &Holder) -> bool {
    if holder.machine.is_empty() || holder.machine != *MACHINE {
        return false;
    }
    if holder.pid == std::process::id() {
        return !held().contains_key(&holder.token);
    }
    start_of(holder.pid) != Some(holder.started)
}

/// Removes a lock that is still what was seen. One process at a time may do so, or it could remove the lock that
/// another has taken in the meantime.
fn break_lock(path: &Path, seen: &[u8]) -> Result<()> {
    let mut guard = path.as_os_str().to_owned();
    guard.push(".break");
    let guard = PathBuf::from(guard);
    let begun = Instant::now();
    while let Err(error) = OpenOptions::new().write(true).create_new(true).open(&guard) {
        if error.kind() != ErrorKind::AlreadyExists {
            return Err(error);
        }
        if begun.elapsed() > NAMELESS {
            let _ = fs::remove_file(&guard);
        }
        sleep(Duration::from_millis(20));
    }
    let done = match content_of(path) {
        Ok(Some(content)) if content == seen => {
            tracing::debug!("removing the lock {}: its holder is gone", path.display());
            fs::remove_file(path)
        }
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    let _ = fs::remove_file(&guard);
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// One thread of the process renews all locks.
fn start_heart() {
    static STARTED: LazyLock<Result<()>> = LazyLock::new(|| {
        Builder::new().name("crds-locks".into()).spawn(|| {
            loop {
                sleep(HEARTBEAT);
                let mut held = held();
                for (path, holder) in held.values_mut() {
                    holder.beat += 1;
                    if let Err(error) = renew(path, holder) {
                        tracing::debug!("cannot renew the lock {}: {error}", path.display());
                    }
                }
            }
        })?;
        Ok(())
    });
    if let Err(error) = &*STARTED {
        tracing::debug!("locks are not renewed: {error}");
    }
}

fn renew(path: &Path, holder: &Holder) -> Result<()> {
    match holder_at(path) {
        Some(found) if found.token == holder.token => OpenOptions::new()
            .write(true)
            .open(path)?
            .write_all(&holder.text()),
        _ => Err(Error::other("it is another's now")),
    }
}

fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok());
    name.map_or("an unknown machine".to_owned(), |name| {
        name.trim().chars().take(64).collect()
    })
}

/// The running system and its name space of processes, where they can be told.
static MACHINE: LazyLock<String> = LazyLock::new(|| {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id");
    let space = fs::read_link("/proc/self/ns/pid");
    match (boot, space) {
        (Ok(boot), Ok(space)) => format!("{} {}", boot.trim(), space.display()),
        _ => String::new(),
    }
});

/// When a process started; `None` if there is no such process, or if it is dead and only its number is left.
fn start_of(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold blanks and parentheses.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock_path() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(".lock_a");
        (directory, path)
    }

    #[test]
    fn one_at_a_time() {
        let (_directory, path) = lock_path();
        let inside = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let _lock =
                            FileLock::acquire(&path, Duration::from_mins(1)).expect("a lock");
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        sleep(Duration::from_millis(2));
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(!path.exists());
    }

    #[test]
    fn a_dead_holders_lock_is_broken_at_once() {
        let (_directory, path) = lock_path();
        let mut holder = Holder::new();
        // The first process of the system did not start with ours.
        holder.pid = 1;
        holder.started = u64::MAX;
        fs::write(&path, holder.text()).expect("a lock");
        let begun = Instant::now();
        let lock = FileLock::acquire(&path, Duration::from_mins(10)).expect("a lock");
        if !MACHINE.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(5));
        }
        drop(lock);
    }

    #[test]
    fn a_silent_holder_elsewhere_loses_the_lock_in_the_end() {
        let (_directory, path) = lock_path();
        let mut holder = Holder::new();
        holder.machine = "elsewhere".into();
        fs::write(&path, holder.text()).expect("a lock");
        let begun = Instant::now();
        let patience = Duration::from_millis(300);
        let _lock = FileLock::acquire(&path, patience).expect("a lock");
        assert!(begun.elapsed() >= patience);
    }

    #[test]
    fn a_holder_elsewhere_that_beats_keeps_it() {
        let (_directory, path) = lock_path();
        let mut holder = Holder::new();
        holder.machine = "elsewhere".into();
        fs::write(&path, holder.text()).expect("a lock");
        let begun = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for beat in 0..10 {
                    sleep(Duration::from_millis(60));
                    holder.beat = beat + 1;
                    fs::write(&path, holder.text()).expect("a lock");
                }
            });
            FileLock::acquire(&path, Duration::from_millis(400)).expect("a lock");
        });
        assert!(begun.elapsed() >= Duration::from_millis(900));
    }
}
