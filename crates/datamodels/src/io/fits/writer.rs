//! Writing: headers, and images in parallel at their byte offsets.
//!
//! The library would fill the room for images with zeros first, and so write everything twice.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use ndarray::{ArrayViewD, CowArray, IxDyn};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::card::{Card, CardValue};
use super::element::Element;
use super::layout::{Extent, NewHdu, write_headers};
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
    /// A binary table.
    Table(&'a Table),
    /// A data unit as it stood in another file; the cards describe it, structural ones included.
    Verbatim(&'a [u8]),
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

const BLOCK: usize = 2880;
/// Elements encoded by one task.
const CHUNK: usize = 1 << 18;

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
    let extension_records = metadata.map(|metadata| {
        let mut records = table_records(metadata);
        records.push(name_record("ASDF"));
        records
    });
    write_atomically(path, |temporary| {
        let unwritable = |what: &str| {
            let what = what.to_string();
            move |message: String| DataModelError::Unwritable {
                path: path.to_path_buf(),
                what,
                message,
            }
        };
        let metadata = metadata.map(Payload::Table);
        let mut layout: Vec<NewHdu<'_>> = records
            .iter()
            .zip(hdus)
            .map(|(records, hdu)| NewHdu {
                records,
                size: size_of_data(&hdu.payload),
            })
            .collect();
        if let (Some(records), Some(metadata)) = (&extension_records, &metadata) {
            layout.push(NewHdu {
                records,
                size: size_of_data(metadata),
            });
        }
        let file = OpenOptions::new()
            .write(true)
            .open(temporary)
            .map_err(|e| unwritable("the data")(e.to_string()))?;
        let extents = write_headers(&file, &layout).map_err(unwritable("the headers"))?;
        for (hdu, extent) in hdus.iter().zip(&extents) {
            write_payload(&file, extent, &hdu.payload)
                .map_err(|e| unwritable(&hdu.name)(e.to_string()))?;
        }
        if let (Some(extent), Some(metadata)) = (extents.last(), &metadata) {
            write_payload(&file, extent, metadata)
                .map_err(|e| unwritable("ASDF")(e.to_string()))?;
        }
        let end = extents.last().map_or(0, |extent| extent.data_end);
        file.set_len(end)
            .map_err(|e| unwritable("the end of the file")(e.to_string()))
    })
}

/// Bytes of the data.
fn size_of_data(payload: &Payload<'_>) -> u64 {
    let bytes = match payload {
        Payload::Empty => 0,
        Payload::U8(a) => a.len(),
        Payload::U16(a) => 2 * a.len(),
        Payload::I32(a) => 4 * a.len(),
        Payload::U32(a) => 4 * a.len(),
        Payload::F32(a) => 4 * a.len(),
        Payload::F64(a) => 8 * a.len(),
        Payload::Table(table) => table.row_bytes().len() + table.heap().len(),
        Payload::Verbatim(bytes) => bytes.len(),
    };
    bytes as u64
}

/// SHA-256 of the header blocks, as [`super::FitsReader::header_hash`] finds it in the file.
fn hash_records(headers: &[Vec<String>]) -> String {
    let mut hash = Sha256::new();
    for records in headers {
        let mut block: String = records.concat();
        block.push_str("END");
        let padded = block.len().div_ceil(BLOCK) * BLOCK;
        hash.update(format!("{block:<padded$}").as_bytes());
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

fn write_payload(file: &File, extent: &Extent, payload: &Payload<'_>) -> io::Result<()> {
    let start = extent.data_start;
    match payload {
        Payload::Empty => Ok(()),
        Payload::U8(a) => write_image(file, start, a),
        Payload::U16(a) => write_image(file, start, a),
        Payload::I32(a) => write_image(file, start, a),
        Payload::U32(a) => write_image(file, start, a),
        Payload::F32(a) => write_image(file, start, a),
        Payload::F64(a) => write_image(file, start, a),
        Payload::Table(table) => {
            let rows = table.row_bytes();
            positional::write_at(file, start, rows)?;
            positional::write_at(file, start + rows.len() as u64, table.heap())
        }
        Payload::Verbatim(bytes) => positional::write_at(file, start, bytes),
    }
}

fn write_image<T: Element>(file: &File, start: u64, array: &ArrayViewD<'_, T>) -> io::Result<()> {
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
        })
}
