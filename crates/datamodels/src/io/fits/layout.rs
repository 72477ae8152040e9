//! Where the HDUs of a new file lie, and their headers.

use std::fs::File;

use crate::io::positional;

/// Bytes of a block: headers and data fill whole ones.
const BLOCK: usize = 2880;
/// Bytes of a header record.
const RECORD: usize = 80;
/// Bytes of a keyword.
const KEYWORD: usize = 8;

/// An HDU to be written: complete records without END, and the bytes of its data.
pub(super) struct NewHdu<'a> {
    pub(super) records: &'a [String],
    pub(super) size: u64,
}

/// Where an HDU lies in its file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) data_start: u64,
    /// Where the last block of the data ends.
    pub(super) data_end: u64,
}

/// Writes the headers of an empty file, and what fills the last blocks of data that are not filled with zeros. The length
/// of the file has to be set to the end of the last HDU once the data are written.
pub(super) fn write_headers(file: &File, hdus: &[NewHdu<'_>]) -> Result<Vec<Extent>, String> {
    let mut start = 0;
    let mut extents = Vec::with_capacity(hdus.len());
    for hdu in hdus {
        let header = header(hdu.records)?;
        let data_start = start + header.len() as u64;
        let data_end = data_start + hdu.size.next_multiple_of(BLOCK as u64);
        let write = |at, bytes: &[u8]| positional::write_at(file, at, bytes);
        write(start, &header).map_err(|e| e.to_string())?;
        // Tables of text are filled with blanks.
        if hdu
            .records
            .first()
            .is_some_and(|first| first.contains("'TABLE   '"))
        {
            let rest = vec![b' '; (data_end - data_start - hdu.size) as usize];
            write(data_start + hdu.size, &rest).map_err(|e| e.to_string())?;
        }
        extents.push(Extent {
            data_start,
            data_end,
        });
        start = data_end;
    }
    Ok(extents)
}

/// The blocks of a header.
fn header(records: &[String]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity((records.len() + 1) * RECORD + BLOCK);
    for text in records {
        bytes.extend(record(text)?);
    }
    bytes.extend(b"END");
    bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
    Ok(bytes)
}

/// A record as it stands in a file: with the keyword in capitals, and blanks for what is not printable ASCII.
fn record(text: &str) -> Result<[u8; RECORD], String> {
    let mut record = [b' '; RECORD];
    for (byte, &given) in record.iter_mut().zip(text.as_bytes()) {
        *byte = if (b' '..=b'~').contains(&given) {
            given
        } else {
            b' '
        };
    }
    let is_commentary = [&b"COMMENT "[..], b"HISTORY ", b"        ", b"CONTINUE"]
        .iter()
        .any(|keyword| record.starts_with(keyword));
    let value = record.iter().position(|&byte| byte == b'=');
    let name = value.filter(|_| !is_commentary).unwrap_or(KEYWORD);
    record[..name].make_ascii_uppercase();
    let keyword = record[..KEYWORD].trim_ascii_end();
    let is_legal =
        |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_".contains(byte);
    if keyword.iter().all(is_legal) {
        return Ok(record);
    }
    Err(format!(
        "header record `{}`: a keyword is made of capital letters, digits, - and _",
        text.trim_end()
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{BLOCK, Extent, NewHdu, record, write_headers};

    #[test]
    fn records_are_made_fit_for_a_file() {
        let text =
            |given: &str| record(given).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let padded = |text: &str| Ok(format!("{text:<80}"));
        assert_eq!(
            text("simple  =                    T / a\tb"),
            padded("SIMPLE  =                    T / a b")
        );
        assert_eq!(text("COMMENT a = b"), padded("COMMENT a = b"));
        assert_eq!(text("HIERARCH a b = 1"), padded("HIERARCH A B = 1"));
        assert_eq!(text(&"X".repeat(8).repeat(20)), padded(&"X".repeat(80)));
        assert!(text("A B     = 1").is_err());
        assert!(text("A.B     = 1").is_err());
    }

    #[test]
    fn data_begin_and_end_with_blocks() {
        let mut file = tempfile::tempfile().unwrap();
        let image = ["XTENSION= 'IMAGE   '".to_owned()];
        let table = ["XTENSION= 'TABLE   '".to_owned()];
        let hdus = [
            NewHdu {
                records: &image,
                size: 0,
            },
            NewHdu {
                records: &image,
                size: 2881,
            },
            NewHdu {
                records: &table,
                size: 10,
            },
        ];
        let extents = write_headers(&file, &hdus).unwrap();
        let block = |count: u64| count * BLOCK as u64;
        let extent = |start, end| Extent {
            data_start: block(start),
            data_end: block(end),
        };
        assert_eq!(extents, [extent(1, 1), extent(2, 4), extent(5, 6)]);
        let mut bytes = Vec::new();
        std::io::Seek::rewind(&mut file).unwrap();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len(), 6 * BLOCK);
        assert!(bytes[..BLOCK].starts_with(b"XTENSION= 'IMAGE   '"));
        assert!(bytes[80..BLOCK].starts_with(b"END   ") && bytes[BLOCK - 1] == b' ');
        assert!(bytes[2 * BLOCK..4 * BLOCK].iter().all(|byte| *byte == 0));
        assert!(bytes[5 * BLOCK + 10..].iter().all(|byte| *byte == b' '));
    }
}
