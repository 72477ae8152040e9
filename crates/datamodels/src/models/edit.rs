//! Changes of metadata in a file whose arrays stay as they are.

use std::path::Path;

use asdf::{AsdfFile, Node, Source};

use super::writing::{set_name_and_date, write_hdus};
use crate::error::{DataModelError, Result};
use crate::io::fits::{Card, FitsReader, HduSpec, Payload};
use crate::metadata::Metadata;

/// Changes the metadata of a file in place. The file is replaced when the new one is complete; data units are copied
/// byte by byte. Returns what `edit` returns.
///
/// # Errors
/// As [`FitsReader::open`]; `edit` refuses; the file cannot be written. It is unchanged then.
pub fn edit_metadata<T>(path: &Path, edit: impl FnOnce(&mut Metadata) -> Result<T>) -> Result<T> {
    let reader = FitsReader::open(path)?;
    let mut meta = Metadata::read(&reader)?;
    let result = edit(&mut meta)?;
    set_name_and_date(&mut meta, path);
    let links = array_links(&reader)?;
    let mut units = Vec::new();
    for hdu in reader.hdus().iter().filter(|hdu| hdu.name != "ASDF") {
        units.push(reader.bytes(hdu)?);
    }
    let kept = reader.hdus().iter().filter(|hdu| hdu.name != "ASDF");
    let hdus = kept.zip(&units).map(|(hdu, bytes)| {
        let mut cards = hdu.header.cards.clone();
        // Keywords of the tables are numbered by name only: those of further versions stay as they are.
        if hdu.version == 1 {
            update(&mut cards, meta.cards_for(&hdu.name));
        }
        HduSpec {
            name: hdu.name.clone(),
            version: hdu.version,
            cards,
            payload: Payload::Verbatim(bytes),
        }
    });
    write_hdus(path, &meta, &hdus.collect::<Vec<_>>(), links)?;
    Ok(result)
}

/// Gives cards the values of others, and adds those that are not there.
fn update(cards: &mut Vec<Card>, newer: Vec<Card>) {
    for card in newer {
        let named = !matches!(card.keyword.as_str(), "" | "COMMENT" | "HISTORY");
        match cards.iter_mut().find(|known| known.keyword == card.keyword) {
            Some(known) if named => known.value = card.value,
            None if named => cards.push(card),
            _ => {}
        }
    }
}

/// The nodes of the ASDF extension that stand for HDUs.
fn array_links(reader: &FitsReader) -> Result<Vec<(String, Node)>> {
    let Some(hdu) = reader.find("ASDF", 1) else {
        return Ok(Vec::new());
    };
    let file = AsdfFile::from_bytes(&reader.bytes(hdu)?);
    let file = file.map_err(|error| DataModelError::Asdf {
        path: reader.path().to_path_buf(),
        message: error.to_string(),
    })?;
    let is_link = |node: &Node| match node.as_ndarray().map(|array| &array.source) {
        Some(Source::External(source)) => source.starts_with("fits:"),
        _ => false,
    };
    let root = file.tree.as_mapping();
    let entries = root.into_iter().flatten().filter(|(_, node)| is_link(node));
    Ok(entries
        .filter_map(|(key, node)| Some((key.as_str()?.to_string(), node.clone())))
        .collect())
}
