//! Statistics of quality arrays.

use datamodels::dq::{PIXEL_NAMES, count_bits};
use datamodels::io::fits::{FitsReader, HduInfo, HduKind, StoredType};
use serde::Serialize;

/// How often the bits of a quality array are set.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Quality {
    pub(super) hdu: String,
    pub(super) elements: usize,
    /// Elements without any bit.
    pub(super) good: usize,
    /// Bits that are set somewhere: name and number of elements.
    pub(super) bits: Vec<(&'static str, usize)>,
}

/// HDUs whose values are the bits of [`PIXEL_NAMES`]; groups have the first eight.
const ARRAYS: [&str; 3] = ["DQ", "PIXELDQ", "GROUPDQ"];

pub(super) fn of(reader: &FitsReader) -> anyhow::Result<Vec<Quality>> {
    let arrays = reader.hdus().iter();
    let arrays = arrays.filter(|hdu| ARRAYS.contains(&hdu.name.as_str()));
    let counted = arrays.filter_map(|hdu| counted(reader, hdu).transpose());
    counted.collect()
}

fn counted(reader: &FitsReader, hdu: &HduInfo) -> anyhow::Result<Option<Quality>> {
    let HduKind::Image { stored, .. } = &hdu.kind else {
        return Ok(None);
    };
    let (counts, good) = match stored {
        StoredType::U8 => count_bits(reader.image::<u8>(hdu)?.iter().map(|v| u32::from(*v))),
        _ => count_bits(reader.image::<u32>(hdu)?.iter().copied()),
    };
    let bits = PIXEL_NAMES.into_iter().zip(counts);
    Ok(Some(Quality {
        hdu: match hdu.version {
            1 => hdu.name.clone(),
            version => format!("{},{version}", hdu.name),
        },
        elements: hdu.shape().iter().product(),
        good,
        bits: bits.filter(|(_, count)| *count > 0).collect(),
    }))
}
