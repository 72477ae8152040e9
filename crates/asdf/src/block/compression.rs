//! How the bytes of a block are compressed.

use std::io::{Read, Write};

use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

/// How the bytes of a block are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// `zlib`.
    Zlib,
    /// `bzp2`, which is bzip2.
    Bzp2,
    /// `lz4`, in pieces that each state their length.
    Lz4,
}

/// Bytes that one piece of `lz4` holds, as Python's `asdf` writes them.
const LZ4_PIECE: usize = 1 << 22;

impl Compression {
    /// The four bytes in a block's header.
    pub(crate) fn label(self) -> [u8; 4] {
        match self {
            Self::None => [0; 4],
            Self::Zlib => *b"zlib",
            Self::Bzp2 => *b"bzp2",
            Self::Lz4 => *b"lz4\0",
        }
    }

    /// The compression that a header names.
    pub(crate) fn from_label(label: [u8; 4]) -> Option<Self> {
        [Self::None, Self::Zlib, Self::Bzp2, Self::Lz4]
            .into_iter()
            .find(|kind| kind.label() == label)
    }

    /// Compresses `data`.
    pub(crate) fn compress(self, data: &[u8]) -> Result<Vec<u8>, String> {
        let failed = |error: std::io::Error| error.to_string();
        match self {
            Self::None => Ok(data.to_vec()),
            Self::Zlib => {
                let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(data).map_err(failed)?;
                encoder.finish().map_err(failed)
            }
            Self::Bzp2 => {
                let mut encoder =
                    bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
                encoder.write_all(data).map_err(failed)?;
                encoder.finish().map_err(failed)
            }
            Self::Lz4 => {
                let mut out = Vec::new();
                for piece in data.chunks(LZ4_PIECE) {
                    let packed = lz4_flex::block::compress_prepend_size(piece);
                    out.extend_from_slice(&(packed.len() as u32).to_be_bytes());
                    out.extend_from_slice(&packed);
                }
                Ok(out)
            }
        }
    }

    /// The `size` bytes that `data` holds. Memory grows with what is really there, never with what `size` claims.
    pub(crate) fn decompress(self, data: &[u8], size: u64) -> Result<Vec<u8>, String> {
        let out = match self {
            Self::None => data.to_vec(),
            Self::Zlib => inflate(ZlibDecoder::new(data), size)?,
            Self::Bzp2 => inflate(bzip2::read::BzDecoder::new(data), size)?,
            Self::Lz4 => unpack_lz4(data, size)?,
        };
        if out.len() as u64 == size {
            Ok(out)
        } else {
            Err(format!(
                "expected {size} bytes after decompression, found {}",
                out.len()
            ))
        }
    }
}

fn inflate(decoder: impl Read, size: u64) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    // One byte more shows that there is too much.
    let mut bounded = decoder.take(size.saturating_add(1));
    bounded
        .read_to_end(&mut out)
        .map_err(|error| format!("cannot be decompressed: {error}"))?;
    Ok(out)
}

fn unpack_lz4(data: &[u8], size: u64) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut rest = data;
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((packed, tail)) = tail.split_at_checked(length) else {
            return Err(format!(
                "an lz4 piece of {length} bytes, but {} are left",
                tail.len()
            ));
        };
        rest = tail;
        let Some((unpacked, packed)) = packed.split_first_chunk::<4>() else {
            return Err("an lz4 piece without its length".to_owned());
        };
        let unpacked = u32::from_le_bytes(*unpacked) as usize;
        // A byte of lz4 stands for at most 255, so a larger claim cannot be true.
        if unpacked as u64 > size - out.len() as u64 || unpacked / 255 > packed.len() {
            return Err(format!("an lz4 piece claims {unpacked} bytes"));
        }
        let piece =
            lz4_flex::block::decompress(packed, unpacked).map_err(|error| error.to_string())?;
        if piece.len() as u64 > size - out.len() as u64 {
            return Err(format!("an lz4 piece holds {} bytes", piece.len()));
        }
        out.extend_from_slice(&piece);
    }
    if rest.is_empty() {
        Ok(out)
    } else {
        Err("an lz4 piece is cut".to_owned())
    }
}
