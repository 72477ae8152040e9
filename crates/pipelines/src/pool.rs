//! Exposures as rows of a pool.

use std::collections::BTreeMap;
use std::path::Path;

use crds::literal::python_float;
use datamodels::Result;
use datamodels::io::fits::{CardValue, FitsReader};

/// The keywords of an exposure's primary header and their values as text, with names in lower case; `filename` is the path
/// as given.
///
/// # Errors
/// The file cannot be read.
pub fn pool_keywords(path: &Path) -> Result<BTreeMap<String, String>> {
    let reader = FitsReader::open(path)?;
    let cards = reader.hdus().first().into_iter();
    let cards = cards.flat_map(|hdu| &hdu.header.cards);
    let mut keywords: BTreeMap<String, String> = cards
        .filter_map(|card| Some((card.keyword.to_lowercase(), text_of(&card.value)?)))
        .collect();
    keywords.insert("filename".to_owned(), path.display().to_string());
    Ok(keywords)
}

/// A value as Python writes it; `None` for comments.
fn text_of(value: &CardValue) -> Option<String> {
    match value {
        CardValue::Commentary => None,
        CardValue::Undefined => Some("null".to_owned()),
        CardValue::Logical(true) => Some("True".to_owned()),
        CardValue::Logical(false) => Some("False".to_owned()),
        CardValue::Integer(number) => Some(number.to_string()),
        CardValue::Real(number) => Some(python_float(*number)),
        CardValue::Text(text) | CardValue::Verbatim(text) => Some(text.clone()),
    }
}
