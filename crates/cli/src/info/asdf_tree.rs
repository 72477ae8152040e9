//! The tree of an ASDF file, leaf by leaf.

use asdf::{DataType, Node};
use serde::Serialize;

/// A leaf: where it is, and what it is in a few words.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Leaf {
    pub(super) path: String,
    pub(super) value: String,
}

/// Longest text that is shown of a leaf.
const LONGEST: usize = 100;

/// Lists up to this length are shown as a whole if they are of plain values.
const SHORT_LIST: usize = 8;

/// All leaves, in the order of the file. Transforms, which are trees of their own, are named by their tags.
pub(super) fn leaves(tree: &Node) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    add(tree, String::new(), &mut leaves);
    leaves
}

fn add(node: &Node, path: String, leaves: &mut Vec<Leaf>) {
    let value = match node {
        Node::Mapping(mapping) if !mapping.is_empty() => {
            for (key, value) in mapping {
                let key = key
                    .as_str()
                    .map_or_else(|| format!("{key:?}"), str::to_owned);
                let dot = if path.is_empty() { "" } else { "." };
                add(value, format!("{path}{dot}{key}"), leaves);
            }
            return;
        }
        Node::Sequence(items) if !is_short(items) => {
            for (number, item) in items.iter().enumerate() {
                add(item, format!("{path}[{number}]"), leaves);
            }
            return;
        }
        Node::Tagged(tagged) if path.is_empty() => return add(&tagged.node, path, leaves),
        Node::Tagged(tagged) => {
            let tag = tagged.tag.rsplit(['/', ':']).next().unwrap_or_default();
            match &tagged.node {
                Node::Mapping(_) | Node::Sequence(_) => format!("<{tag}>"),
                scalar => format!("<{tag}> {}", plain(scalar)),
            }
        }
        Node::NdArray(array) => {
            let kind = match &array.datatype {
                DataType::Scalar(kind) => kind.name().to_owned(),
                other @ DataType::Structured(_) => format!("{other:?}"),
            };
            format!("array of {kind}, shape {:?}", array.shape)
        }
        node => plain(node),
    };
    leaves.push(Leaf { path, value });
}

fn is_short(items: &[Node]) -> bool {
    let is_plain = |item: &Node| {
        !matches!(
            item,
            Node::Mapping(_) | Node::Sequence(_) | Node::Tagged(_) | Node::NdArray(_)
        )
    };
    items.len() <= SHORT_LIST && items.iter().all(is_plain)
}

fn plain(node: &Node) -> String {
    let text = match node {
        Node::Null => "none".to_owned(),
        Node::Bool(value) => value.to_string(),
        Node::Int(value) => value.to_string(),
        Node::Float(value) => value.to_string(),
        Node::String(text) => text.clone(),
        Node::Sequence(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            format!("[{}]", items.join(", "))
        }
        Node::Mapping(_) => "{}".to_owned(),
        Node::Tagged(tagged) => plain(&tagged.node),
        Node::NdArray(_) => "an array".to_owned(),
    };
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", &line[..end]),
        None if line.len() < text.trim_end().len() => format!("{line} ..."),
        None => line.to_owned(),
    }
}
