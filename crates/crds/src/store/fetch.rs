//! Files brought from the server.

use std::{
    collections::{HashMap, VecDeque},
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use sha1::{Digest, Sha1};

use super::{
    FileState, Store, atomic, hexadecimal, is_mapping, lock::FileLock, verified::Record,
    write_error,
};
use crate::{
    error::Error,
    mapping::is_file_name,
    network::NetworkError,
    remote::{Incoming, Server, pause_before},
    server_config::{FileInfo, joined},
};

/// What happens while files are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A file begins.
    Started {
        /// The file.
        name: &'a str,
        /// Its size [bytes].
        size: u64,
        /// What an earlier attempt has left of it [bytes].
        done: u64,
    },
    /// More of a file is there.
    Received {
        /// How much more [bytes].
        bytes: u64,
    },
    /// An attempt failed, and what it brought is thrown away.
    Lost {
        /// How much [bytes].
        bytes: u64,
    },
    /// A file is complete, whoever fetched it.
    Finished {
        /// The file.
        name: &'a str,
    },
}

/// Someone who wants to know how far it is. Called by several threads.
pub type Progress<'a> = &'a (dyn Fn(&Event<'_>) + Sync);

/// What was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fetched {
    /// Number of files.
    pub files: usize,
    /// Their size [bytes].
    pub bytes: u64,
}

/// Bytes read at a time. Large, so that threads seldom wait for each other: with 128 KiB, two processors reach two thirds of the rate.
const PIECE: usize = 2 << 20;

/// Files above this are received, written and summed by a thread each [bytes].
const LARGE: u64 = 4 << 20;

/// Pieces that wait for the next thread, at most.
const WAITING: usize = 2;

/// Bytes on their way through the threads.
struct Piece {
    octets: Vec<u8>,
    count: usize,
}

impl Piece {
    fn new() -> Self {
        Self {
            octets: vec![0; PIECE],
            count: 0,
        }
    }

    fn filled(&self) -> &[u8] {
        &self.octets[..self.count]
    }
}

impl Store {
    /// What the server states of files, from its configuration or, where that says nothing, asked for.
    ///
    /// # Errors
    /// [`Error::Network`].
    pub fn infos(
        &self,
        server: &Server,
        names: &[String],
    ) -> Result<HashMap<String, FileInfo>, Error> {
        let known = |name: &String| Some((name.clone(), self.info(name)?.clone()));
        let mut infos: HashMap<_, _> = names.iter().filter_map(known).collect();
        let rest = names.iter().filter(|name| !infos.contains_key(*name));
        let rest: Vec<&str> = rest.map(String::as_str).collect();
        if !rest.is_empty() {
            infos.extend(server.file_infos(self.observatory.name(), Some(&rest))?);
        }
        Ok(infos)
    }

    /// Fetches files that are missing or damaged, several at a time. `instrument` tells where references go whose names do not
    /// tell it. If some fail, the others are fetched nevertheless.
    ///
    /// # Errors
    /// The first error that is met: [`Error::ReadOnly`], [`Error::Network`], [`Error::Fetch`], [`Error::Write`], [`Error::Name`].
    pub fn fetch(
        &self,
        server: &Server,
        names: &[String],
        instrument: &str,
        progress: Progress<'_>,
    ) -> Result<Fetched, Error> {
        let Some(first) = names.first() else {
            return Ok(Fetched::default());
        };
        if self.cache.is_readonly() {
            let name = first.clone();
            return Err(Error::ReadOnly { name });
        }
        let infos = self.infos(server, names)?;
        let mut jobs = VecDeque::new();
        for name in names {
            jobs.push_back(self.job(server, name, instrument, infos.get(name), progress)?);
        }
        let count = jobs.len().min(self.network.connections.max(1));
        let (jobs, done) = (Mutex::new(jobs), Mutex::new((Fetched::default(), None)));
        let work = || {
            while let Some(job) = next(&jobs) {
                let result = job.run();
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                match result {
                    Ok(bytes) => {
                        done.0.files += usize::from(bytes.is_some());
                        done.0.bytes += bytes.unwrap_or(0);
                    }
                    Err(error) => {
                        tracing::error!("{error}");
                        done.1.get_or_insert(error);
                    }
                }
            }
        };
        // The log of who asked may be known to this thread only.
        let log = tracing::dispatcher::get_default(Clone::clone);
        thread::scope(|scope| {
            for _ in 0..count {
                scope.spawn(|| tracing::dispatcher::with_default(&log, work));
            }
        });
        match done.into_inner().unwrap_or_else(PoisonError::into_inner) {
            (_, Some(error)) => Err(error),
            (fetched, None) => Ok(fetched),
        }
    }

    fn job<'a>(
        &'a self,
        server: &'a Server,
        name: &'a str,
        instrument: &str,
        info: Option<&FileInfo>,
        progress: Progress<'a>,
    ) -> Result<Job<'a>, Error> {
        if !is_file_name(name) {
            return Err(Error::Name(name.to_owned()));
        }
        let failed = |expected: &str, found: &str| Error::Fetch {
            name: name.to_owned(),
            error: NetworkError::Reply {
                what: server.url().to_owned(),
                expected: expected.to_owned(),
                found: found.to_owned(),
            },
        };
        let Some(info) = info else {
            return Err(failed("a file that the server knows", "no such file"));
        };
        let Some(size) = info.size else {
            return Err(failed("the size of the file", "none"));
        };
        if size > self.network.file_limit {
            let error = NetworkError::TooLarge {
                what: server.url().to_owned(),
                limit: self.network.file_limit,
                found: size.to_string(),
            };
            let name = name.to_owned();
            return Err(Error::Fetch { name, error });
        }
        let chosen = self.addresses[usize::from(!is_mapping(name))].as_deref();
        let url = chosen.map(|directory| joined(directory, name)).or_else(|| {
            let config = self.server.as_ref()?;
            config.address(self.observatory.name(), name)
        });
        Ok(Job {
            store: self,
            server,
            name,
            url: url.ok_or_else(|| failed("the address of its files", "none"))?,
            path: self.place(name, instrument)?,
            size,
            sha1: info.sha1.clone().filter(|_| self.verify_sums),
            info: info.clone(),
            progress,
        })
    }
}

fn next<'a>(jobs: &Mutex<VecDeque<Job<'a>>>) -> Option<Job<'a>> {
    jobs.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .pop_front()
}

/// A file to fetch.
struct Job<'a> {
    store: &'a Store,
    server: &'a Server,
    name: &'a str,
    url: String,
    path: PathBuf,
    size: u64,
    sha1: Option<String>,
    info: FileInfo,
    progress: Progress<'a>,
}

impl Job<'_> {
    /// Fetches the file unless another process has; gives its size if it was fetched.
    fn run(&self) -> Result<Option<u64>, Error> {
        let directory = self.path.parent().unwrap_or(&self.path);
        fs::create_dir_all(directory).map_err(write_error(directory))?;
        let lock = directory.join(format!(".lock_{}", self.name));
        let _lock = FileLock::acquire(&lock, self.store.network.lock_patience)
            .map_err(write_error(&lock))?;
        if self.path.exists() {
            // Another process may have fetched and verified it in the meantime.
            self.store.verified.refresh();
        }
        let state = self.state()?;
        let fetched = match state {
            FileState::Verified => None,
            // Without a sum to compare with, the size has to do.
            FileState::Unknown if self.has_size() => None,
            FileState::Unknown | FileState::Missing => Some(self.fetch()?),
            FileState::Damaged { expected, found } => {
                tracing::warn!(
                    "{} is damaged (expected {expected}, found {found}): it is fetched anew",
                    self.path.display()
                );
                Some(self.fetch()?)
            }
        };
        (self.progress)(&Event::Finished { name: self.name });
        Ok(fetched)
    }

    fn state(&self) -> Result<FileState, Error> {
        let record = self.store.verified.get(self.name);
        if let (Some(record), Ok(facts)) = (record, self.path.metadata())
            && record.is_of(&facts)
            && self.sha1.as_ref().is_none_or(|sum| *sum == record.sha1)
        {
            return Ok(FileState::Verified);
        }
        self.store.compare(self.name, &self.path, &self.info)
    }

    fn has_size(&self) -> bool {
        let facts = self.path.metadata();
        facts.is_ok_and(|facts| facts.len() == self.size)
    }

    fn fetch(&self) -> Result<u64, Error> {
        let mut part = self.resumed()?;
        (self.progress)(&Event::Started {
            name: self.name,
            size: self.size,
            done: part.length,
        });
        // Of mappings there are hundreds, and someone has said so.
        if is_mapping(self.name) {
            tracing::debug!("fetching {} ({} bytes)", self.name, self.size);
        } else {
            tracing::info!("fetching {} ({} bytes)", self.name, self.size);
        }
        let mut attempt = 0;
        let sum = loop {
            let error = match self.transfer(&mut part) {
                Ok(sum) => break sum,
                Err(Failure::Local(error)) => return Err(error),
                Err(Failure::Remote(error) | Failure::Wrong(error)) => error,
            };
            attempt += 1;
            if attempt >= self.store.network.attempts || !error.is_transient() {
                // A part can only be continued safely if the whole can be verified.
                part.keep = self.sha1.is_some() && part.length > 0;
                let name = self.name.to_owned();
                return Err(Error::Fetch { name, error });
            }
            tracing::warn!("{}: {error}: attempt {}", self.name, attempt + 1);
            thread::sleep(pause_before(&self.store.network, attempt));
        };
        part.file.sync_all().map_err(write_error(&part.path))?;
        let facts = part.file.metadata().map_err(write_error(&part.path))?;
        atomic::publish(&part.path, &self.path)?;
        part.keep = true;
        self.store
            .verified
            .add(Record::new(self.name, &facts, &sum));
        Ok(self.size)
    }

    /// A part to continue: what an earlier process has left is copied, so that nobody else can write to it.
    fn resumed(&self) -> Result<Part, Error> {
        let mut part = Part::new(&self.path)?;
        for old in atomic::leftovers(&self.path) {
            if old == part.path {
                continue;
            }
            let useful = self.sha1.is_some()
                && part.length == 0
                && old
                    .metadata()
                    .is_ok_and(|facts| facts.len() > 0 && facts.len() < self.size);
            if useful && let Ok(file) = File::open(&old) {
                let limit = self.size;
                part.take_over(file.take(limit))
                    .map_err(write_error(&part.path))?;
            }
            let _ = fs::remove_file(&old);
        }
        Ok(part)
    }

    /// Brings what is missing of a part and checks the whole; gives the sum. After an error, the part holds what may be continued.
    fn transfer(&self, part: &mut Part) -> Result<String, Failure> {
        let incoming = self.server.file(&self.url, part.length)?;
        if incoming.offset != part.length {
            self.throw_away(part)?;
            if incoming.offset != 0 {
                return Err(self.wrong("a file from its start on", "another part of it"));
            }
        }
        let received = self.receive(incoming, part);
        if let Err(Failure::Wrong(_)) = received {
            self.throw_away(part)?;
        }
        received?;
        let sum = hexadecimal(part.sum.clone());
        match &self.sha1 {
            Some(expected) if *expected != sum => {
                self.throw_away(part)?;
                Err(self.wrong(&format!("SHA-1 {expected}"), &format!("SHA-1 {sum}")))
            }
            _ => Ok(sum),
        }
    }

    fn receive(&self, incoming: Incoming, part: &mut Part) -> Result<(), Failure> {
        if self.size - part.length.min(self.size) < LARGE {
            self.receive_small(incoming, part)?;
        } else {
            self.receive_large(incoming, part)?;
        }
        if part.length < self.size {
            let found = format!("{} bytes", part.length);
            return Err(self.wrong(&format!("{} bytes", self.size), &found));
        }
        Ok(())
    }

    fn receive_small(&self, mut incoming: Incoming, part: &mut Part) -> Result<(), Failure> {
        let mut piece = vec![0; PIECE];
        loop {
            let count = self.take(&mut incoming, &mut piece, part.length)?;
            if count == 0 {
                return Ok(());
            }
            self.write(&piece[..count], part)?;
            part.sum.update(&piece[..count]);
        }
    }

    /// Receiving, writing and summing take about as long as each other: each has a thread, and pieces go from one to the next.
    fn receive_large(&self, incoming: Incoming, part: &mut Part) -> Result<(), Failure> {
        let (to_write, received) = sync_channel::<Piece>(WAITING);
        let (to_sum, written) = sync_channel::<Piece>(WAITING);
        let (give_back, spare) = sync_channel::<Piece>(2 * WAITING + 3);
        let (length, mut sum) = (part.length, part.sum.clone());
        let (result, kept, sum) = thread::scope(|scope| {
            let summing = scope.spawn(move || {
                for piece in written {
                    sum.update(piece.filled());
                    let _ = give_back.try_send(piece);
                }
                sum
            });
            let writing = scope.spawn(|| {
                // Moved here: its end tells the others that nothing more is written.
                let to_sum = to_sum;
                for piece in received {
                    self.write(piece.filled(), part)?;
                    let _ = to_sum.send(piece);
                }
                Ok::<(), Failure>(())
            });
            let result = self.hand_on(incoming, length, &spare, &to_write);
            drop(to_write);
            (result, writing.join(), summing.join())
        });
        // The length counts what was written: without its sum, none of it can be used.
        let failed = |_| self.wrong("a sum", "a failure");
        part.sum = sum.map_err(failed)?;
        kept.map_err(failed)??;
        result
    }

    /// Receives pieces of a file from `length` on, and hands them on until there are no more or nobody takes them.
    fn hand_on(
        &self,
        mut incoming: Incoming,
        mut length: u64,
        spare: &Receiver<Piece>,
        next: &SyncSender<Piece>,
    ) -> Result<(), Failure> {
        loop {
            let mut piece = spare.try_recv().unwrap_or_else(|_| Piece::new());
            piece.count = self.take(&mut incoming, &mut piece.octets, length)?;
            length += piece.count as u64;
            if piece.count == 0 || next.send(piece).is_err() {
                return Ok(());
            }
        }
    }

    /// Brings some bytes of a file from `length` on into a buffer; 0 at the end.
    fn take(
        &self,
        incoming: &mut Incoming,
        buffer: &mut [u8],
        length: u64,
    ) -> Result<usize, Failure> {
        let count = incoming
            .read(buffer)
            .map_err(|error| NetworkError::Unreachable {
                url: self.url.clone(),
                reason: error.to_string(),
            })?;
        if length + count as u64 > self.size {
            let error = self.reply(&format!("{} bytes", self.size), "more");
            return Err(Failure::Wrong(error));
        }
        Ok(count)
    }

    /// Writes some bytes at the end of a part.
    fn write(&self, octets: &[u8], part: &mut Part) -> Result<(), Failure> {
        let written = part.file.write_all(octets);
        written.map_err(|error| Failure::Local(write_error(&part.path)(error)))?;
        let bytes = octets.len() as u64;
        part.length += bytes;
        (self.progress)(&Event::Received { bytes });
        Ok(())
    }

    fn throw_away(&self, part: &mut Part) -> Result<(), Failure> {
        (self.progress)(&Event::Lost { bytes: part.length });
        let emptied = part.empty();
        emptied.map_err(|error| Failure::Local(write_error(&part.path)(error)))
    }

    fn wrong(&self, expected: &str, found: &str) -> Failure {
        Failure::Remote(self.reply(expected, found))
    }

    fn reply(&self, expected: &str, found: &str) -> NetworkError {
        NetworkError::Reply {
            what: self.url.clone(),
            expected: expected.to_owned(),
            found: found.to_owned(),
        }
    }
}

/// Why a transfer ended.
enum Failure {
    /// The server's fault: another attempt may help.
    Remote(NetworkError),
    /// The same, and what came cannot be part of the file.
    Wrong(NetworkError),
    /// Ours: a full disk, for example.
    Local(Error),
}

impl From<NetworkError> for Failure {
    fn from(error: NetworkError) -> Self {
        Self::Remote(error)
    }
}

/// A file that is not complete. Removed when dropped, unless it is to be kept.
struct Part {
    path: PathBuf,
    file: File,
    /// Of what was written.
    sum: Sha1,
    /// Of what was written [bytes].
    length: u64,
    keep: bool,
}

impl Part {
    fn new(path: &Path) -> Result<Self, Error> {
        let path = atomic::temporary(path);
        let mut options = OpenOptions::new();
        let file = options.write(true).read(true).create_new(true).open(&path);
        Ok(Self {
            file: file.map_err(write_error(&path))?,
            path,
            sum: Sha1::new(),
            length: 0,
            keep: false,
        })
    }

    fn take_over(&mut self, mut old: impl Read) -> std::io::Result<()> {
        let mut buffer = vec![0; PIECE];
        loop {
            let count = old.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            self.file.write_all(&buffer[..count])?;
            self.sum.update(&buffer[..count]);
            self.length += count as u64;
        }
    }

    fn empty(&mut self) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.sum = Sha1::new();
        self.length = 0;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.keep {
            let _ = fs::remove_file(&self.path);
        }
    }
}
