//! Random access to the bytes of a FITS stream, in a file or unpacked in memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::io::positional;

/// More than any product; a small damaged or hostile gzip file must not fill the memory.
const MAX_UNPACKED_BYTES: u64 = 64 << 30;

/// Bytes that can be read at any offset from several threads.
#[derive(Debug)]
pub(super) enum Source {
    File(File),
    Memory(Vec<u8>),
}

impl Source {
    /// Opens a file; a gzip stream, known by its first bytes, is unpacked.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "it is a directory",
            ));
        }
        let mut magic = [0; 2];
        let gzip = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
        if !gzip {
            return Ok(Self::File(file));
        }
        let mut bytes = Vec::new();
        let packed = io::BufReader::new(File::open(path)?);
        flate2::read::MultiGzDecoder::new(packed)
            .take(MAX_UNPACKED_BYTES)
            .read_to_end(&mut bytes)?;
        Ok(Self::Memory(bytes))
    }

    pub(super) fn len(&self) -> io::Result<u64> {
        match self {
            Self::File(file) => Ok(file.metadata()?.len()),
            Self::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }

    /// Fills `out` from `offset` on.
    pub(super) fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match self {
            Self::File(file) => positional::read_at(file, offset, out),
            Self::Memory(bytes) => {
                let part = usize::try_from(offset)
                    .ok()
                    .and_then(|o| bytes.get(o..o.checked_add(out.len())?));
                out.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }
}
