//! Writing of models: headers from the metadata, arrays, and the ASDF extension that names both.

use std::path::Path;

use asdf::{AsdfFile, Mapping, Node, Software, WriteOptions};

use super::{ExtraHdu, Field};
use crate::error::{DataModelError, Result};
use crate::io::fits::{Card, HduSpec, Payload, StoredType, Table, write_fits};
use crate::metadata::Metadata;

const NDARRAY: &str = "tag:stsci.edu:asdf/core/ndarray-1.1.0";

/// Writes a model; `meta.date` and `meta.filename` are set in the file.
pub(crate) fn write_model<'a>(
    path: &Path,
    meta: &Metadata,
    fields: Vec<Field<'a>>,
    extra: &'a [ExtraHdu],
) -> Result<()> {
    let mut meta = meta.clone();
    set_name_and_date(&mut meta, path);
    let mut links = Vec::new();
    let mut hdus = vec![HduSpec {
        name: "PRIMARY".into(),
        version: 1,
        cards: meta.cards_for("PRIMARY"),
        payload: Payload::Empty,
    }];
    for field in fields {
        let link = array_link(field.hdu, &field.payload);
        links.push((field.node.to_string(), link));
        hdus.push(HduSpec {
            name: field.hdu.to_string(),
            version: 1,
            cards: meta.cards_for(field.hdu),
            payload: field.payload,
        });
    }
    for name in meta.hdus_with_keywords() {
        if !hdus.iter().any(|hdu| hdu.name == name) && !extra.iter().any(|hdu| hdu.name == name) {
            let cards = meta.cards_for(name);
            hdus.push(HduSpec {
                name: name.to_string(),
                version: 1,
                cards,
                payload: Payload::Empty,
            });
        }
    }
    for hdu in extra {
        let (name, cards) = (hdu.name.clone(), hdu.cards.clone());
        hdus.push(HduSpec {
            name,
            version: hdu.version,
            cards,
            payload: Payload::Verbatim(&hdu.bytes),
        });
    }
    write_hdus(path, &meta, &hdus, links)
}

/// Sets FILENAME and DATE, which are those of the file that is written.
pub(super) fn set_name_and_date(meta: &mut Metadata, path: &Path) {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    meta.set("meta.filename", name);
    meta.set("meta.date", now());
}

/// Writes HDUs and behind them the ASDF extension with the metadata and the nodes that stand for the HDUs.
pub(super) fn write_hdus(
    path: &Path,
    meta: &Metadata,
    hdus: &[HduSpec<'_>],
    links: Vec<(String, Node)>,
) -> Result<()> {
    let cards: Vec<(&str, &[Card])> = hdus
        .iter()
        .map(|hdu| (hdu.name.as_str(), hdu.cards.as_slice()))
        .collect();
    let extra_fits = meta.extra_fits(&cards);
    write_fits(path, hdus, |hash| {
        let file = asdf_file(meta, hash, links, extra_fits);
        file.to_bytes(&WriteOptions::default())
            .map_err(|e| DataModelError::Unwritable {
                path: path.to_path_buf(),
                what: "the ASDF extension".to_string(),
                message: e.to_string(),
            })
    })
}

fn asdf_file(
    meta: &Metadata,
    hash: &str,
    links: Vec<(String, Node)>,
    extra_fits: Mapping,
) -> AsdfFile {
    let mut file = meta.asdf().clone();
    file.set_library(&Software::new("asdf (Rust)", env!("CARGO_PKG_VERSION")));
    if let Some(root) = file.tree.as_mapping_mut() {
        root.insert("_fits_hash", hash);
        for (name, link) in links {
            root.insert(name, link);
        }
        if !extra_fits.is_empty() {
            root.insert("extra_fits", extra_fits);
        }
    }
    file
}

/// The node that stands for an HDU.
fn array_link(hdu: &str, payload: &Payload<'_>) -> Node {
    let plain = |stored: StoredType, shape: &[usize]| (Node::from(stored.name()), shape.to_vec());
    let (datatype, shape) = match payload {
        Payload::U8(a) => plain(StoredType::U8, a.shape()),
        Payload::U16(a) => plain(StoredType::U16, a.shape()),
        Payload::I32(a) => plain(StoredType::I32, a.shape()),
        Payload::U32(a) => plain(StoredType::U32, a.shape()),
        Payload::F32(a) => plain(StoredType::F32, a.shape()),
        Payload::F64(a) => plain(StoredType::F64, a.shape()),
        Payload::F32Rows(rows) => plain(StoredType::F32, &rows.shape()),
        Payload::Table(table) => (table_datatype(table), vec![table.rows()]),
        Payload::Empty | Payload::Verbatim(_) => (Node::from("uint8"), vec![0]),
    };
    let shape: Vec<Node> = shape.into_iter().map(|n| Node::Int(n as i64)).collect();
    let link: Mapping = [
        ("source", Node::from(format!("fits:{hdu},1"))),
        ("datatype", datatype),
        ("byteorder", Node::from("big")),
        ("shape", Node::Sequence(shape)),
    ]
    .into_iter()
    .collect();
    Node::tagged(NDARRAY, link)
}

fn table_datatype(table: &Table) -> Node {
    let fields = table.columns().iter().filter_map(|column| {
        let (name, length) = column.datatype()?;
        let datatype = match length {
            Some(length) => Node::Sequence(vec![Node::from(name), Node::Int(length as i64)]),
            None => Node::from(name),
        };
        let mut field: Mapping = [
            ("byteorder", Node::from("big")),
            ("datatype", datatype),
            ("name", Node::from(column.name.as_str())),
        ]
        .into_iter()
        .collect();
        let shape = column
            .shape
            .clone()
            .or((length.is_none() && column.repeat != 1).then(|| vec![column.repeat]));
        if let Some(shape) = shape {
            field.insert(
                "shape",
                shape
                    .into_iter()
                    .map(|n| Node::Int(n as i64))
                    .collect::<Vec<_>>(),
            );
        }
        Some(Node::Mapping(field))
    });
    Node::Sequence(fields.collect())
}

/// The time of writing, to the millisecond, as DATE holds it.
fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%3f")
        .to_string()
}
