//! The header of a block.

use super::Compression;

/// What every block starts with.
pub(crate) const MAGIC: [u8; 4] = *b"\xd3BLK";
/// Bytes of a header after its length.
const SIZE: usize = 48;
/// Flag of a block that goes on to the end of the file.
const STREAMED: u32 = 1;

/// The header of a block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Header {
    pub(crate) streamed: bool,
    pub(crate) compression: Compression,
    /// Bytes that the block takes in the file, used or not.
    pub(crate) allocated: u64,
    /// Bytes in the file that hold data.
    pub(crate) used: u64,
    /// Bytes of data after decompression.
    pub(crate) data: u64,
    /// MD5 of the data, zeros for none.
    pub(crate) checksum: [u8; 16],
}

impl Header {
    /// Bytes from the magic to the data in what [`Header::to_bytes`] gives.
    pub(crate) const WRITTEN: usize = MAGIC.len() + 2 + SIZE;

    /// Reads what follows the two bytes of length.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() < SIZE {
            return Err(format!(
                "expected a header of {SIZE} bytes or more, found {}",
                bytes.len()
            ));
        }
        let number = |at: usize| {
            let mut field = [0; 8];
            field.copy_from_slice(&bytes[at..at + 8]);
            u64::from_be_bytes(field)
        };
        let flags = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let label = [bytes[4], bytes[5], bytes[6], bytes[7]];
        let compression = Compression::from_label(label)
            .ok_or_else(|| format!("unknown compression {:?}", String::from_utf8_lossy(&label)))?;
        let mut checksum = [0; 16];
        checksum.copy_from_slice(&bytes[32..48]);
        let header = Self {
            streamed: flags & STREAMED != 0,
            compression,
            allocated: number(8),
            used: number(16),
            data: number(24),
            checksum,
        };
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), String> {
        if self.streamed {
            if self.compression != Compression::None {
                return Err("a streamed block cannot be compressed".to_owned());
            }
            return Ok(());
        }
        if self.used > self.allocated {
            return Err(format!(
                "{} bytes used of {} allocated",
                self.used, self.allocated
            ));
        }
        if self.compression == Compression::None && self.used != self.data {
            return Err(format!(
                "{} bytes used for {} bytes of uncompressed data",
                self.used, self.data
            ));
        }
        Ok(())
    }

    /// The header with its magic and length.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::WRITTEN);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&(SIZE as u16).to_be_bytes());
        out.extend_from_slice(&u32::from(self.streamed).to_be_bytes());
        out.extend_from_slice(&self.compression.label());
        for number in [self.allocated, self.used, self.data] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&self.checksum);
        out
    }
}
