//! HDUs of a FITS file.

use datamodels::io::fits::{Column, FitsReader, HduInfo, HduKind};
use serde::Serialize;

/// One HDU.
#[derive(Debug, Serialize)]
pub(super) struct Hdu {
    pub(super) name: String,
    pub(super) version: i64,
    /// `empty`, `image`, `table` or `other`.
    pub(super) kind: &'static str,
    /// Element type of an image.
    pub(super) datatype: Option<String>,
    /// Dimensions of an image, slowest first; rows of a table.
    pub(super) shape: Vec<usize>,
    pub(super) unit: Option<String>,
    /// Columns of a table: name and type.
    pub(super) columns: Vec<(String, String)>,
}

pub(super) fn hdus(reader: &FitsReader) -> anyhow::Result<Vec<Hdu>> {
    reader
        .hdus()
        .iter()
        .map(|hdu| described(reader, hdu))
        .collect()
}

fn described(reader: &FitsReader, hdu: &HduInfo) -> anyhow::Result<Hdu> {
    let unit = hdu.header.get("BUNIT").and_then(|card| card.as_str());
    let described = Hdu {
        name: hdu.name.clone(),
        version: hdu.version,
        kind: "empty",
        datatype: None,
        shape: Vec::new(),
        unit: unit.map(|unit| unit.trim().to_owned()),
        columns: Vec::new(),
    };
    Ok(match &hdu.kind {
        HduKind::Empty => described,
        HduKind::Other => Hdu {
            kind: "other",
            ..described
        },
        HduKind::Image { stored, shape, .. } => Hdu {
            kind: "image",
            datatype: Some(stored.name().to_owned()),
            shape: shape.clone(),
            ..described
        },
        HduKind::Table => {
            let table = reader.table(hdu)?;
            Hdu {
                kind: "table",
                shape: vec![table.rows()],
                columns: table.columns().iter().map(column).collect(),
                ..described
            }
        }
    })
}

fn column(column: &Column) -> (String, String) {
    let kind = match column.datatype() {
        Some((name, None)) if column.repeat == 1 => name.to_owned(),
        Some((name, None)) => format!("{name}[{}]", column.repeat),
        Some((name, Some(length))) => format!("{name}[{length}]"),
        None => format!("{}{}", column.repeat, column.code),
    };
    (column.name.clone(), kind)
}
