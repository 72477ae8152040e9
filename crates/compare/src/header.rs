//! Comparison of headers and of metadata trees.

use asdf::{Mapping, Node};
use datamodels::io::fits::{Card, CardValue, Header};

use super::report::Finding;
use super::tolerance::{Tolerance, ToleranceSpec};

/// Compares the first card of every keyword.
pub(super) fn headers(
    hdu: &str,
    ours: &Header,
    reference: &Header,
    spec: &ToleranceSpec,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for card in first_cards(reference, spec) {
        let found = ours.get(&card.keyword);
        let tolerance = spec.of_number(&card.keyword);
        if !found.is_some_and(|found| same_value(&found.value, &card.value, tolerance)) {
            findings.push(Finding::Keyword {
                hdu: hdu.to_string(),
                keyword: card.keyword.clone(),
                ours: found.map(|card| text_of(&card.value)),
                reference: Some(text_of(&card.value)),
            });
        }
    }
    for card in first_cards(ours, spec) {
        if reference.get(&card.keyword).is_none() {
            findings.push(Finding::Keyword {
                hdu: hdu.to_string(),
                keyword: card.keyword.clone(),
                ours: Some(text_of(&card.value)),
                reference: None,
            });
        }
    }
    findings
}

/// A value as a header shows it.
fn text_of(value: &CardValue) -> String {
    match value {
        CardValue::Commentary | CardValue::Undefined => "no value".to_owned(),
        CardValue::Logical(flag) => if *flag { "T" } else { "F" }.to_owned(),
        CardValue::Integer(number) => number.to_string(),
        CardValue::Real(number) => format!("{number:?}"),
        CardValue::Text(text) => format!("{:?}", text.trim_end()),
        CardValue::Verbatim(text) => text.clone(),
    }
}

fn first_cards<'a>(header: &'a Header, spec: &'a ToleranceSpec) -> impl Iterator<Item = &'a Card> {
    header.cards.iter().filter(|card| {
        !spec.ignores_keyword(&card.keyword)
            && header
                .get(&card.keyword)
                .is_some_and(|first| std::ptr::eq(first, *card))
    })
}

fn same_value(ours: &CardValue, reference: &CardValue, tolerance: Tolerance) -> bool {
    let number = |value: &CardValue| match value {
        CardValue::Integer(v) => Some(*v as f64),
        CardValue::Real(v) => Some(*v),
        _ => None,
    };
    match (ours, reference) {
        (CardValue::Integer(a), CardValue::Integer(b)) => a == b,
        (CardValue::Text(a), CardValue::Text(b)) => a.trim() == b.trim(),
        _ => match (number(ours), number(reference)) {
            (Some(a), Some(b)) => a == b || (a - b).abs() <= tolerance.allowed(b),
            _ => ours == reference,
        },
    }
}

/// Compares the trees of two files below `meta`, leaf by leaf; a null counts as absent.
pub(super) fn trees(ours: &Node, reference: &Node, spec: &ToleranceSpec) -> Vec<Finding> {
    let mut findings = Vec::new();
    let meta = |tree: &Node| tree.get("meta").cloned().unwrap_or(Node::Null);
    nodes("meta", &meta(ours), &meta(reference), spec, &mut findings);
    findings
}

fn nodes(
    path: &str,
    ours: &Node,
    reference: &Node,
    spec: &ToleranceSpec,
    findings: &mut Vec<Finding>,
) {
    // World coordinate systems are compared by what they give.
    if spec.ignores_path(path) || path == "meta.wcs" {
        return;
    }
    let (a, b) = (ours.untagged(), reference.untagged());
    // An absent mapping is one without entries, so that each missing leaf is named.
    let none = Mapping::new();
    let pair = match (a, b) {
        (Node::Mapping(a), Node::Mapping(b)) => Some((a, b)),
        (Node::Mapping(a), Node::Null) => Some((a, &none)),
        (Node::Null, Node::Mapping(b)) => Some((&none, b)),
        _ => None,
    };
    if let Some((a, b)) = pair {
        for (key, node) in b {
            let ours = a.get_node(key).unwrap_or(&Node::Null);
            nodes(&child(path, key), ours, node, spec, findings);
        }
        for (key, node) in a.iter().filter(|(key, _)| b.get_node(key).is_none()) {
            nodes(&child(path, key), node, &Node::Null, spec, findings);
        }
        return;
    }
    let name = path.rsplit_once('.').map_or(path, |(_, name)| name);
    if !same_leaf(a, b, spec.of_number(name)) {
        findings.push(Finding::Node {
            path: path.to_string(),
            ours: describe(a),
            reference: describe(b),
        });
    }
}

pub(super) fn child(path: &str, key: &Node) -> String {
    match key.as_str() {
        Some(key) => format!("{path}.{key}"),
        None => format!("{path}.{key:?}"),
    }
}

pub(super) fn same_leaf(ours: &Node, reference: &Node, tolerance: Tolerance) -> bool {
    match (ours.as_f64(), reference.as_f64()) {
        (Some(a), Some(b)) => a == b || (a - b).abs() <= tolerance.allowed(b),
        _ => ours == reference || (says_nothing(ours) && says_nothing(reference)),
    }
}

/// The reference package makes empty lists where a list was looked at and there was none.
fn says_nothing(node: &Node) -> bool {
    node.is_null() || node.as_sequence().is_some_and(<[Node]>::is_empty)
}

/// A leaf as text; a list or a mapping in the notation of the code, cut.
pub(super) fn describe(node: &Node) -> String {
    let text = match node.untagged() {
        Node::Null => "nothing".to_owned(),
        Node::Bool(flag) => flag.to_string(),
        Node::Int(number) => number.to_string(),
        Node::Float(number) => format!("{number:?}"),
        Node::String(text) => format!("{text:?}"),
        other => format!("{other:?}"),
    };
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text,
    }
}
