//! FITS files: read with the help of cfitsio, image data in parallel from and to their byte offsets.

mod card;
mod cfitsio;
mod element;
mod header_block;
mod kept;
mod reader;
mod source;
mod table;
mod writer;

pub use card::{Card, CardValue};
pub use element::Element;
pub use kept::KeptImage;
pub use reader::{FitsReader, HduInfo, HduKind, Header, ImagePart, StoredType};
pub use table::{Column, ColumnValues, Table};
pub use writer::{HduSpec, ImageRows, Payload, write_fits, write_plain_fits};

/// Whether a keyword describes the layout of its HDU and is written by the writer itself.
pub fn is_structural(keyword: &str) -> bool {
    const EXACT: [&str; 16] = [
        "SIMPLE", "XTENSION", "BITPIX", "NAXIS", "EXTEND", "PCOUNT", "GCOUNT", "GROUPS", "BSCALE",
        "BZERO", "BLANK", "EXTNAME", "EXTVER", "EXTLEVEL", "TFIELDS", "THEAP",
    ];
    const NUMBERED: [&str; 10] = [
        "NAXIS", "TTYPE", "TFORM", "TUNIT", "TDIM", "TNULL", "TSCAL", "TZERO", "TDISP", "TBCOL",
    ];
    EXACT.contains(&keyword)
        || NUMBERED.iter().any(|stem| {
            keyword
                .strip_prefix(stem)
                .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        })
}
