//! Writing: each byte once, images in parallel at their offsets.
//!
//! cfitsio would fill the room for images with zeros first, and so write everything twice.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::path::Path;

use ndarray::{ArrayViewD, CowArray, IxDyn};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::card::{Card, CardValue};
use super::element::Element;
use super::header_block::{BLOCK, header_block};
use super::reader::{StoredType, hexadecimal};
use super::table::Table;
use crate::error::{DataModelError, Result};
use crate::io::atomic::write_atomically;
use crate::io::positional;

/// The data of an HDU to be written.
#[derive(Debug, Clone)]
pub enum Payload<'a> {
    /// A header without data.
    Empty,
    /// An image of bytes.
    U8(ArrayViewD<'a, u8>),
    /// An image of 16-bit unsigned integers.
    U16(ArrayViewD<'a, u16>),
    /// An image of 32-bit signed integers.
    I32(ArrayViewD<'a, i32>),
    /// An image of 32-bit unsigned integers.
    U32(ArrayViewD<'a, u32>),
    /// An image of 32-bit reals.
    F32(ArrayViewD<'a, f32>),
    /// An image of 64-bit reals.
    F64(ArrayViewD<'a, f64>),
    /// An image of 32-bit reals that is made while it is written.
    F32Rows(&'a dyn ImageRows),
    /// A binary table.
    Table(&'a Table),
    /// A data unit as it stood in another file; the cards describe it, structural ones included.
    Verbatim(&'a [u8]),
}

/// An image that is made some rows at a time, by several threads.
pub trait ImageRows: std::fmt::Debug + Sync {
    /// The dimensions, slowest first.
    fn shape(&self) -> Vec<usize>;

    /// Fills `out` with rows, one after the other and counted over all planes; `bytes` is room that is used again from
    /// call to call.
    ///
    /// # Errors
    /// Whatever keeps the rows from being made.
    fn fill(&self, rows: Range<usize>, bytes: &mut Vec<u8>, out: &mut [f32]) -> Result<()>;
}

/// An HDU to be written.
#[derive(Debug, Clone)]
pub struct HduSpec<'a> {
    /// EXTNAME; `PRIMARY` for the first.
    pub name: String,
    /// EXTVER.
    pub version: i64,
    /// The cards that are not structural.
    pub cards: Vec<Card>,
    /// The data.
    pub payload: Payload<'a>,
}

/// Elements encoded by one task: values and bytes together fit into the second-level cache of one core.
const CHUNK: usize = 1 << 15;

/// Writes a FITS file atomically; `asdf` makes the bytes of the ASDF extension from the hash of the headers.
///
/// # Errors
/// The file cannot be written; nothing is left then.
pub fn write_fits(
    path: &Path,
    hdus: &[HduSpec<'_>],
    asdf: impl FnOnce(&str) -> Result<Vec<u8>>,
) -> Result<()> {
    let records: Vec<Vec<String>> = hdus
        .iter()
        .enumerate()
        .map(|(n, hdu)| header_records(n, hdu))
        .collect();
    let metadata = Table::of_bytes("ASDF_METADATA", asdf(&hash_records(&records))?);
    write_with(path, hdus, &records, Some(&metadata))
}

/// Writes a FITS file atomically, without an ASDF extension.
///
/// # Errors
/// The file cannot be written; nothing is left then.
pub fn write_plain_fits(path: &Path, hdus: &[HduSpec<'_>]) -> Result<()> {
    let hdus_with_numbers = hdus.iter().enumerate();
    let records: Vec<Vec<String>> = hdus_with_numbers
        .map(|(n, hdu)| header_records(n, hdu))
        .collect();
    write_with(path, hdus, &records, None)
}

fn write_with(
    path: &Path,
    hdus: &[HduSpec<'_>],
    records: &[Vec<String>],
    metadata: Option<&Table>,
) -> Result<()> {
    write_atomically(path, |temporary| {
        let unwritable = |what: &str, message: String| DataModelError::Unwritable {
            path: path.to_path_buf(),
            what: what.to_string(),
            message,
        };
        let file = OpenOptions::new()
            .write(true)
            .open(temporary)
            .map_err(|e| unwritable("the data", e.to_string()))?;
        let mut end = 0;
        for (hdu, records) in hdus.iter().zip(records) {
            end =
                append(&file, end, records, &hdu.payload).map_err(|e| unwritable(&hdu.name, e))?;
        }
        if let Some(table) = metadata {
            let mut records = table_records(table);
            records.push(name_record("ASDF"));
            append(&file, end, &records, &Payload::Table(table))
                .map_err(|e| unwritable("the ASDF extension", e))?;
        }
        Ok(())
    })
}

/// Writes an HDU at the end of a file; returns where the file ends then.
fn append(
    file: &File,
    end: u64,
    records: &[String],
    payload: &Payload<'_>,
) -> std::result::Result<u64, String> {
    let header = header_block(records)?;
    positional::write_at(file, end, &header).map_err(|e| e.to_string())?;
    let start = end + header.len() as u64;
    let length = write_payload(file, start, payload).map_err(|e| e.to_string())?;
    let end = (start + length).next_multiple_of(BLOCK as u64);
    // The last block of a table of text is filled with blanks.
    let fill = match records.first() {
        Some(first) if first.starts_with("XTENSION= 'TABLE") => b' ',
        _ => 0,
    };
    let rest = vec![fill; (end - start - length) as usize];
    positional::write_at(file, start + length, &rest).map_err(|e| e.to_string())?;
    Ok(end)
}

/// SHA-256 of the header blocks, as [`super::FitsReader::header_hash`] finds it in the file.
fn hash_records(headers: &[Vec<String>]) -> String {
    let mut hash = Sha256::new();
    // Headers that cannot be written have no hash that matters.
    for block in headers.iter().flat_map(|records| header_block(records)) {
        hash.update(block);
    }
    hexadecimal(&hash.finalize())
}

fn integer(keyword: &str, value: impl TryInto<i64>, comment: &str) -> Vec<String> {
    Card::new(
        keyword,
        CardValue::Integer(value.try_into().unwrap_or(i64::MAX)),
        comment,
    )
    .records()
}

fn name_record(name: &str) -> String {
    Card::new(
        "EXTNAME",
        CardValue::Text(name.to_string()),
        "extension name",
    )
    .records()
    .concat()
}

fn header_records(index: usize, hdu: &HduSpec<'_>) -> Vec<String> {
    if let Payload::Verbatim(_) = hdu.payload {
        return hdu.cards.iter().flat_map(Card::records).collect();
    }
    let mut records = match &hdu.payload {
        Payload::Empty => image_records(index, StoredType::U8, &[]),
        Payload::U8(a) => image_records(index, StoredType::U8, a.shape()),
        Payload::U16(a) => image_records(index, StoredType::U16, a.shape()),
        Payload::I32(a) => image_records(index, StoredType::I32, a.shape()),
        Payload::U32(a) => image_records(index, StoredType::U32, a.shape()),
        Payload::F32(a) => image_records(index, StoredType::F32, a.shape()),
        Payload::F64(a) => image_records(index, StoredType::F64, a.shape()),
        Payload::F32Rows(rows) => image_records(index, StoredType::F32, &rows.shape()),
        Payload::Table(table) => table_records(table),
        Payload::Verbatim(_) => Vec::new(),
    };
    if index > 0 {
        records.push(name_record(&hdu.name));
    }
    records.extend(hdu.cards.iter().flat_map(Card::records));
    // Parity: stdatamodels numbers the HDUs that hold data, not those that hold keywords alone.
    let numbered = hdu.version != 1 || !matches!(hdu.payload, Payload::Empty);
    if index > 0 && numbered {
        records.extend(integer("EXTVER", hdu.version, "extension value"));
    }
    records
}

fn image_records(index: usize, stored: StoredType, shape: &[usize]) -> Vec<String> {
    let text = |value: &str| CardValue::Text(value.to_string());
    let mut records = if index == 0 {
        Card::new(
            "SIMPLE",
            CardValue::Logical(true),
            "conforms to FITS standard",
        )
        .records()
    } else {
        Card::new("XTENSION", text("IMAGE"), "Image extension").records()
    };
    records.extend(integer("BITPIX", stored.bitpix(), "array data type"));
    records.extend(integer("NAXIS", shape.len(), "number of array dimensions"));
    for (number, length) in shape.iter().rev().enumerate() {
        records.extend(integer(&format!("NAXIS{}", number + 1), *length, ""));
    }
    if index == 0 {
        records.extend(Card::new("EXTEND", CardValue::Logical(true), "").records());
    } else {
        records.extend(integer("PCOUNT", 0, "number of parameters"));
        records.extend(integer("GCOUNT", 1, "number of groups"));
    }
    if let Some(zero) = stored.zero() {
        records.extend(integer("BSCALE", 1, ""));
        records.extend(integer("BZERO", zero, ""));
    }
    records
}

fn table_records(table: &Table) -> Vec<String> {
    let mut records = Card::new(
        "XTENSION",
        CardValue::Text("BINTABLE".into()),
        "binary table extension",
    )
    .records();
    records.extend(integer("BITPIX", 8, "array data type"));
    records.extend(integer("NAXIS", 2, "number of array dimensions"));
    records.extend(integer("NAXIS1", table.row_len(), "length of dimension 1"));
    records.extend(integer("NAXIS2", table.rows(), "length of dimension 2"));
    records.extend(integer(
        "PCOUNT",
        table.heap().len(),
        "number of group parameters",
    ));
    records.extend(integer("GCOUNT", 1, "number of groups"));
    records.extend(integer(
        "TFIELDS",
        table.columns().len(),
        "number of table fields",
    ));
    records.extend(table.layout().iter().flat_map(Card::records));
    records
}

/// Writes the data of an HDU; returns how many bytes they take.
fn write_payload(file: &File, start: u64, payload: &Payload<'_>) -> io::Result<u64> {
    match payload {
        Payload::Empty => Ok(0),
        Payload::U8(a) => write_image(file, start, a),
        Payload::U16(a) => write_image(file, start, a),
        Payload::I32(a) => write_image(file, start, a),
        Payload::U32(a) => write_image(file, start, a),
        Payload::F32(a) => write_image(file, start, a),
        Payload::F64(a) => write_image(file, start, a),
        Payload::F32Rows(rows) => write_rows(file, start, *rows),
        Payload::Table(table) => {
            let (rows, heap) = (table.row_bytes(), table.heap());
            positional::write_at(file, start, rows)?;
            positional::write_at(file, start + rows.len() as u64, heap)?;
            Ok((rows.len() + heap.len()) as u64)
        }
        Payload::Verbatim(bytes) => {
            positional::write_at(file, start, bytes)?;
            Ok(bytes.len() as u64)
        }
    }
}

/// Writes an image; returns how many bytes it takes.
fn write_image<T: Element>(file: &File, start: u64, array: &ArrayViewD<'_, T>) -> io::Result<u64> {
    let standard: CowArray<'_, T, IxDyn> = array.as_standard_layout();
    let values = standard.as_slice().ok_or(io::ErrorKind::InvalidData)?;
    let size = T::STORED.size();
    values
        .par_chunks(CHUNK)
        .enumerate()
        .try_for_each_init(Vec::new, |bytes, (index, part)| {
            bytes.resize(part.len() * size, 0);
            T::encode(part, bytes);
            positional::write_at(file, start + (index * CHUNK * size) as u64, bytes)
        })?;
    Ok((values.len() * size) as u64)
}

/// Writes an image that is made row by row; returns how many bytes it takes.
fn write_rows(file: &File, start: u64, image: &dyn ImageRows) -> io::Result<u64> {
    let shape = image.shape();
    let width = shape.last().copied().unwrap_or(0);
    let height = shape.iter().product::<usize>() / width.max(1);
    let size = <f32 as Element>::STORED.size();
    let band = (CHUNK / width.max(1)).max(1);
    let bands = (0..height.div_ceil(band)).into_par_iter();
    bands.try_for_each_init(
        || (Vec::new(), Vec::new()),
        |(values, bytes), number| {
            let rows = number * band..height.min((number + 1) * band);
            let offset = start + (rows.start * width * size) as u64;
            values.resize(rows.len() * width, 0.0);
            image.fill(rows, bytes, values).map_err(io::Error::other)?;
            bytes.resize(values.len() * size, 0);
            f32::encode(values, bytes);
            positional::write_at(file, offset, bytes)
        },
    )?;
    Ok((height * width * size) as u64)
}
