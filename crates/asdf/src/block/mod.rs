//! Blocks: bytes after the tree.

mod compression;
mod header;

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use md5::{Digest, Md5};

use crate::{Error, Result};

pub use compression::Compression;
pub(crate) use header::{Header, MAGIC};

/// The bytes of a block. Those of a file that was opened by name are read when they are asked for.
#[derive(Clone, Debug)]
pub struct Block {
    /// How the block is compressed when written, unless the write options say otherwise.
    pub compression: Compression,
    storage: Storage,
}

#[derive(Clone, Debug)]
enum Storage {
    /// Data as they are.
    Data(Arc<[u8]>),
    /// What a file holds, perhaps compressed.
    Stored {
        bytes: Stored,
        header: Header,
        index: usize,
    },
    /// Known to be damaged when the file was opened.
    Damaged { index: usize, problem: String },
}

#[derive(Clone, Debug)]
pub(crate) enum Stored {
    Memory(Arc<[u8]>),
    File { file: Arc<Mutex<File>>, start: u64 },
}

impl Block {
    /// A block of `data`, to be written uncompressed.
    pub fn new(data: impl Into<Arc<[u8]>>) -> Self {
        Self {
            compression: Compression::None,
            storage: Storage::Data(data.into()),
        }
    }

    pub(crate) fn stored(index: usize, header: Header, bytes: Stored) -> Self {
        Self {
            compression: header.compression,
            storage: Storage::Stored {
                bytes,
                header,
                index,
            },
        }
    }

    pub(crate) fn damaged(index: usize, problem: String) -> Self {
        Self {
            compression: Compression::None,
            storage: Storage::Damaged { index, problem },
        }
    }

    /// Whether the file has it as a block that goes on to the end of the file.
    pub fn is_streamed(&self) -> bool {
        matches!(&self.storage, Storage::Stored { header, .. } if header.streamed)
    }

    /// How many bytes of data there are, as far as the header tells.
    pub fn len(&self) -> u64 {
        match &self.storage {
            Storage::Data(data) => data.len() as u64,
            Storage::Stored { header, .. } => header.data,
            Storage::Damaged { .. } => 0,
        }
    }

    /// Whether there are no data.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads and decompresses the data now and keeps them. Worth it before several arrays of one compressed block are
    /// read, and to let go of the file.
    ///
    /// # Errors
    /// Those of [`Block::data`].
    pub fn load(&mut self) -> Result<()> {
        if let Storage::Stored { .. } = self.storage {
            self.storage = Storage::Data(self.data()?.into_owned().into());
        }
        Ok(())
    }

    /// The data: read, checked against the checksum if there is one, and decompressed.
    ///
    /// # Errors
    /// [`Error::Block`] with the block's number if it is damaged, [`Error::Io`] if the file cannot be read.
    pub fn data(&self) -> Result<Cow<'_, [u8]>> {
        let (bytes, header, index) = match &self.storage {
            Storage::Data(data) => return Ok(Cow::Borrowed(data)),
            Storage::Damaged { index, problem } => {
                return Err(Error::Block {
                    index: *index,
                    problem: problem.clone(),
                });
            }
            Storage::Stored {
                bytes,
                header,
                index,
            } => (bytes, header, *index),
        };
        let raw = bytes.read(header.used)?;
        let failed = |problem| Error::Block { index, problem };
        let data = match header.compression {
            Compression::None => raw,
            kind => {
                let data = kind.decompress(&raw, header.data).map_err(failed)?;
                // Versions of Python's asdf before 3 took the checksum of the data before compression.
                if checksum_fits(header, &data) {
                    return Ok(Cow::Owned(data));
                }
                check(header, &raw).map_err(failed)?;
                return Ok(Cow::Owned(data));
            }
        };
        check(header, &data).map_err(failed)?;
        Ok(data)
    }
}

impl Stored {
    fn read(&self, used: u64) -> Result<Cow<'_, [u8]>> {
        match self {
            Self::Memory(bytes) => Ok(Cow::Borrowed(bytes)),
            Self::File { file, start } => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(*start))?;
                let mut bytes = Vec::new();
                let found = Read::by_ref(&mut *file)
                    .take(used)
                    .read_to_end(&mut bytes)?;
                if found as u64 == used {
                    Ok(Cow::Owned(bytes))
                } else {
                    Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into())
                }
            }
        }
    }
}

pub(crate) fn checksum(data: &[u8]) -> [u8; 16] {
    Md5::digest(data).into()
}

fn checksum_fits(header: &Header, data: &[u8]) -> bool {
    header.checksum == [0; 16] || header.checksum == checksum(data)
}

fn check(header: &Header, data: &[u8]) -> Result<(), String> {
    if checksum_fits(header, data) {
        return Ok(());
    }
    Err("its data do not fit its checksum".to_owned())
}
