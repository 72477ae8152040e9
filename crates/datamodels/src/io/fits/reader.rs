//! Reading: the list of HDUs, their headers, images of any element type, tables.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{ArrayD, Ix4, IxDyn};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::card::{Card, cards_from_raw};
use super::cfitsio::{self, RawHdu};
use super::element::Element;
use super::kept::KeptImage;
use super::source::Source;
use super::table::Table;
use crate::error::{DataModelError, Result};

/// The cards of one HDU, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Header {
    /// All cards, structural ones included.
    pub cards: Vec<Card>,
}

impl Header {
    /// The first card with a keyword.
    pub fn get(&self, keyword: &str) -> Option<&Card> {
        self.cards.iter().find(|card| card.keyword == keyword)
    }

    fn integer(&self, keyword: &str) -> Option<i64> {
        self.get(keyword).and_then(Card::as_i64)
    }
}

/// How the elements of an image are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredType {
    /// 8-bit unsigned.
    U8,
    /// 16-bit signed.
    I16,
    /// 16-bit unsigned, stored with BZERO 32768.
    U16,
    /// 32-bit signed.
    I32,
    /// 32-bit unsigned, stored with BZERO 2147483648.
    U32,
    /// 64-bit signed.
    I64,
    /// 32-bit real.
    F32,
    /// 64-bit real.
    F64,
}

impl StoredType {
    /// BITPIX of the type.
    pub fn bitpix(self) -> i64 {
        match self {
            Self::U8 => 8,
            Self::I16 | Self::U16 => 16,
            Self::I32 | Self::U32 => 32,
            Self::I64 => 64,
            Self::F32 => -32,
            Self::F64 => -64,
        }
    }

    /// Bytes of one element.
    pub fn size(self) -> usize {
        self.bitpix().unsigned_abs() as usize / 8
    }

    /// BZERO of the unsigned types.
    pub fn zero(self) -> Option<i64> {
        match self {
            Self::U16 => Some(1 << 15),
            Self::U32 => Some(1 << 31),
            _ => None,
        }
    }

    /// The name that ASDF and numpy give the type.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "uint8",
            Self::I16 => "int16",
            Self::U16 => "uint16",
            Self::I32 => "int32",
            Self::U32 => "uint32",
            Self::I64 => "int64",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    /// Whether the type holds integers.
    pub fn is_integer(self) -> bool {
        !matches!(self, Self::F32 | Self::F64)
    }
}

/// What an HDU holds.
#[derive(Debug, Clone, PartialEq)]
pub enum HduKind {
    /// Nothing but a header.
    Empty,
    /// An image.
    Image {
        /// Element type.
        stored: StoredType,
        /// Dimensions, slowest first.
        shape: Vec<usize>,
        /// `(BSCALE, BZERO)` where they do more than make the type unsigned.
        scaling: Option<(f64, f64)>,
    },
    /// A binary table.
    Table,
    /// Anything else; copied as bytes.
    Other,
}

/// One HDU of an open file.
#[derive(Debug, Clone)]
pub struct HduInfo {
    /// EXTNAME, or `PRIMARY` for the first HDU.
    pub name: String,
    /// EXTVER, 1 where absent.
    pub version: i64,
    /// The header.
    pub header: Header,
    /// What it holds.
    pub kind: HduKind,
    data_start: u64,
    data_len: u64,
}

impl HduInfo {
    /// The dimensions of an image, slowest first; empty for anything else.
    pub fn shape(&self) -> &[usize] {
        match &self.kind {
            HduKind::Image { shape, .. } => shape,
            _ => &[],
        }
    }

    fn describe(&self) -> String {
        match &self.kind {
            HduKind::Empty => "no data".to_string(),
            HduKind::Image { stored, shape, .. } => {
                format!("{} image of shape {shape:?}", stored.name())
            }
            HduKind::Table => "a binary table".to_string(),
            HduKind::Other => "an HDU of another kind".to_string(),
        }
    }
}

/// An open FITS file. Clones share it.
#[derive(Debug, Clone)]
pub struct FitsReader {
    path: PathBuf,
    source: Arc<Source>,
    hdus: Vec<HduInfo>,
    header_hash: String,
}

/// A part of one plane of an image; all counted from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePart {
    /// The plane, over all leading axes.
    pub plane: usize,
    /// Its rows.
    pub rows: Range<usize>,
    /// Its columns.
    pub columns: Range<usize>,
}

/// Elements decoded by one task: bytes and values together fit into the second-level cache of one core.
const CHUNK: usize = 1 << 16;

impl FitsReader {
    /// Opens a FITS file, plain or gzipped, and reads all headers.
    ///
    /// # Errors
    /// The file cannot be opened, is not FITS, or ends before its HDUs do.
    pub fn open(path: &Path) -> Result<Self> {
        let io = |source| DataModelError::Io {
            action: "open",
            path: path.to_path_buf(),
            source,
        };
        let not_fits = |message: String| DataModelError::NotFits {
            path: path.to_path_buf(),
            message,
        };
        let source = Source::open(path).map_err(io)?;
        check_magic(&source).map_err(not_fits)?;
        let raw = match &source {
            Source::File(_) => cfitsio::read_layout(&cfitsio::Input::File(path)),
            Source::Memory(bytes) => cfitsio::read_layout(&cfitsio::Input::Memory(bytes)),
        }
        .map_err(not_fits)?;
        let length = source.len().map_err(io)?;
        let mut hdus = Vec::with_capacity(raw.len());
        for (index, hdu) in raw.iter().enumerate() {
            let info = describe_hdu(index, hdu).map_err(not_fits)?;
            // Whole blocks: a file that ends in the padding has lost the HDUs that followed.
            let end = info
                .data_start
                .saturating_add(info.data_len)
                .checked_next_multiple_of(2880)
                .unwrap_or(u64::MAX);
            if end > length {
                let (path, hdu) = (path.to_path_buf(), info.name);
                return Err(DataModelError::Truncated {
                    path,
                    hdu,
                    expected: end,
                    found: length,
                });
            }
            hdus.push(info);
        }
        check_tail(&source, raw.last().map_or(0, |hdu| hdu.data_end), length).map_err(not_fits)?;
        let header_hash = hash_headers(&source, &raw, &hdus).map_err(io)?;
        Ok(Self {
            path: path.to_path_buf(),
            source: Arc::new(source),
            hdus,
            header_hash,
        })
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All HDUs in order.
    pub fn hdus(&self) -> &[HduInfo] {
        &self.hdus
    }

    /// Memory that the file's contents take as long as it is open: gzipped files are unpacked.
    pub fn bytes_in_memory(&self) -> u64 {
        match &*self.source {
            Source::File(_) => 0,
            Source::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// SHA-256 of all header blocks but the ASDF extension's, in hexadecimal.
    ///
    /// The ASDF extension of a product stores the value; where it still holds, no header was edited since.
    pub fn header_hash(&self) -> &str {
        &self.header_hash
    }

    /// The HDU with a name and version, if there is one. Names compare without regard to case.
    pub fn find(&self, name: &str, version: i64) -> Option<&HduInfo> {
        self.hdus
            .iter()
            .find(|hdu| hdu.name.eq_ignore_ascii_case(name) && hdu.version == version)
    }

    /// The first version of an HDU.
    ///
    /// # Errors
    /// [`DataModelError::MissingHdu`] with the names that exist.
    pub fn require(&self, name: &str) -> Result<&HduInfo> {
        self.find(name, 1)
            .ok_or_else(|| DataModelError::MissingHdu {
                path: self.path.clone(),
                hdu: name.to_string(),
                found: self
                    .hdus
                    .iter()
                    .map(|hdu| hdu.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    /// Reads an image as elements of type `T`, decoding in parallel.
    ///
    /// # Errors
    /// The HDU is no image, or the file cannot be read.
    pub fn image<T: Element>(&self, hdu: &HduInfo) -> Result<ArrayD<T>> {
        let HduKind::Image { shape, .. } = &hdu.kind else {
            return Err(self.shape_error(hdu, "an image"));
        };
        let mut values = vec![T::default(); shape.iter().product()];
        self.image_into(hdu, &mut values)?;
        ArrayD::from_shape_vec(IxDyn(shape), values)
            .map_err(|_| self.shape_error(hdu, "consistent dimensions"))
    }

    /// As [`Self::image`], into memory that is there already: the elements in the order of the file.
    ///
    /// # Errors
    /// The HDU is no image, has another number of elements, or the file cannot be read.
    pub fn image_into<T: Element>(&self, hdu: &HduInfo, values: &mut [T]) -> Result<()> {
        if hdu.shape().iter().product::<usize>() != values.len() {
            return Err(self.shape_error(hdu, &format!("an image of {} elements", values.len())));
        }
        values
            .par_chunks_mut(CHUNK)
            .enumerate()
            .try_for_each_init(Vec::new, |bytes, (index, part)| {
                self.image_elements(hdu, index * CHUNK, bytes, part)
            })
    }

    /// An image of four dimensions that is not read before it is wanted; of a gzipped file, which lies in memory as a
    /// whole, it is read at once.
    ///
    /// # Errors
    /// The HDU is no image of four dimensions, or the file cannot be read.
    pub fn kept_image(&self, hdu: &HduInfo) -> Result<KeptImage> {
        let wrong = || self.shape_error(hdu, "an image of 4 dimensions");
        if hdu.shape().len() != 4 {
            return Err(wrong());
        }
        match *self.source {
            Source::File(_) => Ok(KeptImage::in_file(Arc::new(self.clone()), hdu.clone())),
            Source::Memory(_) => {
                let image = self.image(hdu)?.into_dimensionality::<Ix4>();
                Ok(image.map_err(|_| wrong())?.into())
            }
        }
    }

    /// Reads the elements of an image from number `start` on into `out`; `bytes` is room that is used again from call to
    /// call.
    ///
    /// # Errors
    /// The HDU is no image, `out` reaches beyond its end, or the file cannot be read.
    pub(super) fn image_elements<T: Element>(
        &self,
        hdu: &HduInfo,
        start: usize,
        bytes: &mut Vec<u8>,
        out: &mut [T],
    ) -> Result<()> {
        let HduKind::Image {
            stored,
            shape,
            scaling,
        } = &hdu.kind
        else {
            return Err(self.shape_error(hdu, "an image"));
        };
        let end = start + out.len();
        if end > shape.iter().product() {
            return Err(self.shape_error(hdu, &format!("an image of at least {end} elements")));
        }
        bytes.resize(out.len() * stored.size(), 0);
        let offset = hdu.data_start + (start * stored.size()) as u64;
        self.source
            .read_at(offset, bytes)
            .map_err(|e| self.read_error(e))?;
        T::decode(*stored, *scaling, bytes, out);
        Ok(())
    }

    /// Reads the rows and columns of a window from every plane of an image.
    ///
    /// # Errors
    /// The HDU is no image of two or more dimensions, the window leaves it, or the file cannot be read.
    pub fn image_window<T: Element>(
        &self,
        hdu: &HduInfo,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> Result<ArrayD<T>> {
        let HduKind::Image { shape, .. } = &hdu.kind else {
            return Err(self.shape_error(hdu, "an image"));
        };
        let [leading @ .., height, width] = shape.as_slice() else {
            return Err(self.shape_error(hdu, "an image of at least two dimensions"));
        };
        if rows.end > *height || columns.end > *width {
            return Err(self.shape_error(
                hdu,
                &format!("an image with rows {rows:?} and columns {columns:?}"),
            ));
        }
        if rows.len() == *height && columns.len() == *width {
            return self.image(hdu);
        }
        let plane_out = (rows.len() * columns.len()).max(1);
        let mut values =
            vec![T::default(); leading.iter().product::<usize>() * rows.len() * columns.len()];
        values
            .par_chunks_mut(plane_out)
            .enumerate()
            .try_for_each_init(Vec::new, |bytes, (plane, out)| {
                let part = ImagePart {
                    plane,
                    rows: rows.clone(),
                    columns: columns.clone(),
                };
                self.image_part(hdu, &part, bytes, out)
            })?;
        let mut shape_out = leading.to_vec();
        shape_out.extend([rows.len(), columns.len()]);
        ArrayD::from_shape_vec(shape_out, values)
            .map_err(|_| self.shape_error(hdu, "consistent dimensions"))
    }

    /// Reads a part of one plane of an image into `out`; `bytes` is room that is used again from call to call.
    ///
    /// # Errors
    /// The HDU is no image, the part leaves it, `out` does not have the size of the part, or the file cannot be read.
    pub fn image_part<T: Element>(
        &self,
        hdu: &HduInfo,
        part: &ImagePart,
        bytes: &mut Vec<u8>,
        out: &mut [T],
    ) -> Result<()> {
        let HduKind::Image {
            stored,
            shape,
            scaling,
        } = &hdu.kind
        else {
            return Err(self.shape_error(hdu, "an image"));
        };
        let [leading @ .., height, width] = shape.as_slice() else {
            return Err(self.shape_error(hdu, "an image of at least two dimensions"));
        };
        let ImagePart {
            plane,
            rows,
            columns,
        } = part;
        let planes: usize = leading.iter().product();
        let inside = *plane < planes && rows.end <= *height && columns.end <= *width;
        if !inside || out.len() != rows.len() * columns.len() {
            return Err(self.shape_error(hdu, &format!("an image that contains {part:?}")));
        }
        let (size, row_bytes) = (stored.size(), width * stored.size());
        bytes.resize(rows.len() * row_bytes, 0);
        let offset = hdu.data_start + ((plane * height + rows.start) * row_bytes) as u64;
        self.source
            .read_at(offset, bytes)
            .map_err(|e| self.read_error(e))?;
        if columns.len() == *width {
            T::decode(*stored, *scaling, bytes, out);
            return Ok(());
        }
        let inner = columns.start * size..columns.end * size;
        let rows_in = bytes.chunks_exact(row_bytes.max(1));
        for (row_in, row_out) in rows_in.zip(out.chunks_exact_mut(columns.len().max(1))) {
            T::decode(*stored, *scaling, &row_in[inner.clone()], row_out);
        }
        Ok(())
    }

    /// Reads a table.
    ///
    /// # Errors
    /// The HDU is no binary table, or its columns do not add up to its row length.
    pub fn table(&self, hdu: &HduInfo) -> Result<Table> {
        if hdu.kind != HduKind::Table {
            return Err(self.shape_error(hdu, "a binary table"));
        }
        let bytes = self.bytes(hdu)?;
        Table::from_parts(&hdu.header, bytes).map_err(|message| self.shape_error(hdu, &message))
    }

    /// The data unit of an HDU as it stands in the file, without padding.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn bytes(&self, hdu: &HduInfo) -> Result<Vec<u8>> {
        // The length was checked against the file's when it was opened.
        let mut bytes = vec![0; hdu.data_len as usize];
        self.source
            .read_at(hdu.data_start, &mut bytes)
            .map_err(|e| self.read_error(e))?;
        Ok(bytes)
    }

    /// An error that says what an HDU should have been.
    pub fn shape_error(&self, hdu: &HduInfo, expected: &str) -> DataModelError {
        DataModelError::Shape {
            path: self.path.clone(),
            hdu: hdu.name.clone(),
            expected: expected.to_string(),
            found: hdu.describe(),
        }
    }

    fn read_error(&self, source: std::io::Error) -> DataModelError {
        DataModelError::Io {
            action: "read",
            path: self.path.clone(),
            source,
        }
    }
}

fn check_magic(source: &Source) -> std::result::Result<(), String> {
    let mut start = [0; 9];
    let known = source.read_at(0, &mut start).is_ok() && start == *b"SIMPLE  =";
    if known {
        Ok(())
    } else {
        Err("it does not begin with `SIMPLE  =`".to_string())
    }
}

/// Bytes after the last HDU are allowed by the standard unless they are the start of one that cannot be read.
fn check_tail(source: &Source, end: u64, length: u64) -> std::result::Result<(), String> {
    let mut start = [0; 8];
    if length >= end + 8 && source.read_at(end, &mut start).is_ok() && start == *b"XTENSION" {
        return Err(format!(
            "the HDU that starts at byte {end} has an incomplete header"
        ));
    }
    Ok(())
}

fn describe_hdu(index: usize, raw: &RawHdu) -> std::result::Result<HduInfo, String> {
    let header = Header {
        cards: cards_from_raw(&raw.cards),
    };
    let name = header
        .get("EXTNAME")
        .and_then(Card::as_str)
        .map(str::to_string);
    let name = name.unwrap_or_else(|| {
        if index == 0 {
            "PRIMARY".to_string()
        } else {
            String::new()
        }
    });
    let axes = axes(&header).map_err(|e| format!("HDU {name}: {e}"))?;
    let bitpix = header
        .integer("BITPIX")
        .ok_or_else(|| format!("HDU {name}: no BITPIX"))?;
    let elements = axes
        .iter()
        .try_fold(1_u64, |n, axis| n.checked_mul(*axis as u64));
    let parameters = header.integer("PCOUNT").unwrap_or(0).max(0) as u64;
    let data_len = elements
        .filter(|_| !axes.is_empty())
        .unwrap_or(if axes.is_empty() { 0 } else { u64::MAX })
        .saturating_add(if axes.is_empty() { 0 } else { parameters })
        .saturating_mul(bitpix.unsigned_abs() / 8);
    let kind = match header.get("XTENSION").and_then(Card::as_str) {
        _ if axes.is_empty() => HduKind::Empty,
        None | Some("IMAGE") => image_kind(&header, bitpix, &axes)?,
        Some("BINTABLE") => HduKind::Table,
        Some(_) => HduKind::Other,
    };
    let version = header.integer("EXTVER").unwrap_or(1);
    Ok(HduInfo {
        name,
        version,
        header,
        kind,
        data_start: raw.data_start,
        data_len,
    })
}

/// The axes, slowest first.
fn axes(header: &Header) -> std::result::Result<Vec<usize>, String> {
    let count = header.integer("NAXIS").unwrap_or(0);
    (1..=count)
        .rev()
        .map(|n| {
            let keyword = format!("NAXIS{n}");
            let length = header
                .integer(&keyword)
                .ok_or_else(|| format!("no {keyword}"))?;
            usize::try_from(length).map_err(|_| format!("{keyword} is {length}"))
        })
        .collect()
}

fn image_kind(
    header: &Header,
    bitpix: i64,
    shape: &[usize],
) -> std::result::Result<HduKind, String> {
    let scale = header.get("BSCALE").and_then(Card::as_f64).unwrap_or(1.0);
    let zero = header.get("BZERO").and_then(Card::as_f64).unwrap_or(0.0);
    let plain = match bitpix {
        8 => StoredType::U8,
        16 => StoredType::I16,
        32 => StoredType::I32,
        64 => StoredType::I64,
        -32 => StoredType::F32,
        -64 => StoredType::F64,
        other => return Err(format!("BITPIX is {other}")),
    };
    let (stored, scaling) = match plain {
        _ if scale == 1.0 && zero == 0.0 => (plain, None),
        StoredType::I16 if scale == 1.0 && zero == 32_768.0 => (StoredType::U16, None),
        StoredType::I32 if scale == 1.0 && zero == 2_147_483_648.0 => (StoredType::U32, None),
        _ => (plain, Some((scale, zero))),
    };
    Ok(HduKind::Image {
        stored,
        shape: shape.to_vec(),
        scaling,
    })
}

fn hash_headers(source: &Source, raw: &[RawHdu], hdus: &[HduInfo]) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    for (raw, hdu) in raw.iter().zip(hdus) {
        if hdu.name != "ASDF" {
            let mut block = vec![0; (raw.data_start - raw.header_start) as usize];
            source.read_at(raw.header_start, &mut block)?;
            hash.update(&block);
        }
    }
    Ok(hexadecimal(&hash.finalize()))
}

/// Lower-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
