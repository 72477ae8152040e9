//! Reading.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::block::{Header, MAGIC, Stored};
use crate::version::is_version_of;
use crate::{Block, Error, Node, Result, Source, Version, yaml};

use super::{AsdfFile, CORE, INDEX_HEADER};

/// Bytes that are read at once while looking for the end of the tree.
const PIECE: usize = 1 << 16;

/// What a file is read from: the whole in memory, or a file in pieces.
trait Input {
    fn len(&self) -> u64;
    /// Up to `length` bytes from `start` on; fewer only at the end.
    fn read(&mut self, start: u64, length: usize) -> Result<Vec<u8>>;
    fn store(&mut self, start: u64, length: u64) -> Result<Stored>;
}

struct Memory<'a>(&'a [u8]);

impl Input for Memory<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&mut self, start: u64, length: usize) -> Result<Vec<u8>> {
        let start = (start.min(self.len())) as usize;
        let end = start.saturating_add(length).min(self.0.len());
        Ok(self.0[start..end].to_vec())
    }

    fn store(&mut self, start: u64, length: u64) -> Result<Stored> {
        Ok(Stored::Memory(self.read(start, length as usize)?.into()))
    }
}

struct OnDisk {
    file: Arc<Mutex<File>>,
    len: u64,
}

impl Input for OnDisk {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&mut self, start: u64, length: usize) -> Result<Vec<u8>> {
        let mut file = self
            .file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut *file)
            .take(length as u64)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn store(&mut self, start: u64, _length: u64) -> Result<Stored> {
        Ok(Stored::File {
            file: Arc::clone(&self.file),
            start,
        })
    }
}

impl AsdfFile {
    /// Reads a file that is in memory, or the part of one that holds ASDF, such as a cell of a FITS table.
    ///
    /// # Errors
    /// [`Error::NotAsdf`], [`Error::Header`], [`Error::Yaml`] or [`Error::Block`], each saying where the damage is.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        read(&mut Memory(bytes))
    }

    /// Reads all of `reader`; otherwise like [`AsdfFile::from_bytes`].
    ///
    /// # Errors
    /// Those of [`AsdfFile::from_bytes`], and [`Error::Io`].
    pub fn from_reader(mut reader: impl Read) -> Result<Self> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        Self::from_bytes(&bytes)
    }

    /// Opens a file. Its blocks stay on disk until their data are asked for.
    ///
    /// # Errors
    /// Those of [`AsdfFile::from_bytes`], and [`Error::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        read(&mut OnDisk {
            file: Arc::new(Mutex::new(file)),
            len,
        })
    }
}

fn read(input: &mut dyn Input) -> Result<AsdfFile> {
    let (head, end) = read_head(input)?;
    let text = std::str::from_utf8(&head).map_err(|error| {
        let line = head[..error.valid_up_to()].split(|b| *b == b'\n').count();
        Error::Yaml {
            line,
            column: 1,
            problem: "not UTF-8".to_owned(),
        }
    })?;
    let standard = header(text)?;
    let blocks = read_blocks(input, end)?;
    let has_tree = text
        .lines()
        .any(|line| !line.is_empty() && !line.starts_with('#'));
    let root = if has_tree {
        yaml::parse(text, &yaml::Limits::default())?
    } else {
        Node::default()
    };
    let mut tree = match root {
        Node::Tagged(tagged) if is_version_of(&tagged.tag, &format!("{CORE}asdf")) => tagged.node,
        Node::Null => Node::default(),
        other => other,
    };
    resolve_streamed(&mut tree, &blocks);
    Ok(AsdfFile {
        tree,
        blocks,
        standard,
    })
}

/// The text of the file up to the end of its tree, and where that is.
fn read_head(input: &mut dyn Input) -> Result<(Vec<u8>, u64)> {
    let mut head = Vec::new();
    loop {
        let piece = input.read(head.len() as u64, PIECE)?;
        let finished = piece.len() < PIECE;
        // The marks are a few bytes long and may lie across two pieces.
        let from = head.len().saturating_sub(8);
        head.extend_from_slice(&piece);
        if head.len() == piece.len() && !head.starts_with(b"#ASDF ") {
            let found = String::from_utf8_lossy(&head[..head.len().min(20)]).into_owned();
            return Err(Error::NotAsdf { found });
        }
        if let Some(end) = tree_end(&head, from, finished) {
            head.truncate(end);
            return Ok((head, end as u64));
        }
        if finished {
            let end = head.len() as u64;
            return Ok((head, end));
        }
    }
}

/// Where the tree ends: behind a line of `...`, or at the first block if there is no tree.
fn tree_end(head: &[u8], from: usize, finished: bool) -> Option<usize> {
    for at in from..head.len() {
        let rest = &head[at..];
        if let Some(tail) = rest.strip_prefix(b"\n...") {
            let length = match tail {
                [b'\n', ..] => 5,
                [b'\r', b'\n', ..] => 6,
                [] if finished => 4,
                _ => continue,
            };
            return Some(at + length);
        }
        if rest.starts_with(&MAGIC) {
            return Some(at);
        }
    }
    None
}

/// Checks the lines of comments at the start, and returns the standard that they name.
fn header(text: &str) -> Result<Version> {
    let mut standard = Version::OLDEST;
    for (i, line) in text
        .lines()
        .take_while(|line| line.starts_with('#'))
        .enumerate()
    {
        if i == 0 {
            let version: Version = line.trim_start_matches("#ASDF ").trim().parse()?;
            if version.major != 1 {
                return Err(Error::Header {
                    expected: "a file format of version 1",
                    found: version.to_string(),
                });
            }
        } else if let Some(version) = line.strip_prefix("#ASDF_STANDARD ") {
            standard = version.trim().parse()?;
        }
    }
    Ok(standard)
}

fn read_blocks(input: &mut dyn Input, tree_end: u64) -> Result<Vec<Block>> {
    let mut blocks: Vec<Block> = Vec::new();
    let Some(mut at) = next_block(input, tree_end)? else {
        return Ok(blocks);
    };
    let mut last_data = at;
    loop {
        let index = blocks.len();
        let failed = |problem| Error::Block { index, problem };
        let start = input.read(at, INDEX_HEADER.len())?;
        if !start.starts_with(&MAGIC) {
            if INDEX_HEADER.starts_with(&start) || start.iter().all(|b| *b == 0) {
                return Ok(blocks);
            }
            // Bytes were lost or added: the blocks that follow can still be found, and this one must not be used.
            let (Some(last), Some(next)) = (blocks.last_mut(), next_block(input, last_data)?)
            else {
                return Ok(blocks);
            };
            let problem =
                format!("damaged: the next block was expected at byte {at} and is at byte {next}");
            *last = Block::damaged(index - 1, problem);
            at = next;
            continue;
        }
        let length = start
            .get(4..6)
            .ok_or_else(|| failed("its header is cut".to_owned()))?;
        let length = u16::from_be_bytes([length[0], length[1]]);
        let bytes = input.read(at + 6, usize::from(length))?;
        if bytes.len() < usize::from(length) {
            return Err(failed("its header is cut".to_owned()));
        }
        let mut header = Header::parse(&bytes).map_err(failed)?;
        last_data = at + 6 + u64::from(length);
        let left = input.len().saturating_sub(last_data);
        if header.streamed {
            (header.used, header.data, header.allocated) = (left, left, left);
        }
        if header.used > left {
            return Err(failed(format!(
                "{} bytes of data stated, {left} bytes left in the file",
                header.used
            )));
        }
        at = last_data.saturating_add(header.allocated);
        let streamed = header.streamed;
        let stored = input.store(last_data, header.used)?;
        blocks.push(Block::stored(index, header, stored));
        if streamed {
            return Ok(blocks);
        }
    }
}

/// Where the first block from `from` on is, perhaps behind padding, but before the index.
fn next_block(input: &mut dyn Input, from: u64) -> Result<Option<u64>> {
    let mut at = from;
    loop {
        let piece = input.read(at, PIECE)?;
        let found = piece
            .windows(MAGIC.len())
            .position(|window| window == MAGIC);
        let index = piece
            .windows(INDEX_HEADER.len())
            .position(|window| window == INDEX_HEADER);
        match (found, index) {
            (Some(found), None) => return Ok(Some(at + found as u64)),
            (Some(found), Some(index)) if found < index => return Ok(Some(at + found as u64)),
            (_, Some(_)) => return Ok(None),
            (None, None) if piece.len() < PIECE => return Ok(None),
            (None, None) => at += (PIECE - INDEX_HEADER.len()) as u64,
        }
    }
}

/// Gives arrays with `source: -1` the length that the last block has, or its number if it is an ordinary block.
fn resolve_streamed(tree: &mut Node, blocks: &[Block]) {
    let Some(last) = blocks.last() else { return };
    tree.walk_mut(&mut |node| {
        let Node::NdArray(array) = node else { return };
        if array.source != Source::Streamed {
            return;
        }
        if !last.is_streamed() {
            array.source = Source::Block(blocks.len() - 1);
        }
        let row = array
            .shape
            .iter()
            .skip(1)
            .try_fold(array.datatype.size().unwrap_or(0), |n, m| n.checked_mul(*m));
        let stride = array
            .strides
            .as_ref()
            .and_then(|strides| usize::try_from(*strides.first()?).ok());
        let row = stride.or(row).filter(|row| *row > 0);
        if let (Some(row), Some(first)) = (row, array.shape.first_mut())
            && *first == 0
        {
            *first = last.len().saturating_sub(array.offset as u64) as usize / row;
        }
    });
}
