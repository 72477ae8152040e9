//! Between the tree and the cards of FITS headers.

use std::collections::HashSet;

use asdf::{Mapping, Node};

use super::Metadata;
use super::keywords::{KeywordEntry, KeywordTable};
use crate::io::fits::{Card, CardValue, is_structural};

const HISTORY_ENTRY: &str = "tag:stsci.edu:asdf/core/history_entry-1.0.0";

impl Metadata {
    /// Takes the value of every keyword of the model's table from the headers.
    ///
    /// Keywords that the headers do not have lose their value where the headers were `edited`.
    pub(super) fn update_from_headers(&mut self, edited: bool) {
        let table = KeywordTable::of(&self.model_type);
        for entry in table.entries() {
            let card = self
                .header(&entry.hdu)
                .and_then(|header| header.get(&entry.keyword));
            match card.and_then(|card| node_from_card(&card.value)) {
                Some(value) => self.set(&entry.path, value),
                None if edited => {
                    self.remove(&entry.path);
                }
                None => {}
            }
        }
    }

    /// HISTORY cards become history entries; the tree keeps what else it says of its history.
    pub(super) fn take_history_from_headers(&mut self) {
        let Some(primary) = self.headers.first().map(|(_, header)| header) else {
            return;
        };
        let entries: Vec<Node> = primary
            .cards
            .iter()
            .filter(|card| card.keyword == "HISTORY")
            .map(|card| {
                let entry: Mapping = [("description", Node::from(card.comment.as_str()))]
                    .into_iter()
                    .collect();
                Node::tagged(HISTORY_ENTRY, entry)
            })
            .collect();
        if !entries.is_empty() {
            if self
                .get("history")
                .is_some_and(|node| node.as_mapping().is_none())
            {
                self.set("history", Mapping::new());
            }
            self.set("history.entries", entries);
        }
    }

    /// The cards of an HDU: those of the file that the metadata came from in their order, with today's values, and
    /// the keywords that came since.
    pub(crate) fn cards_for(&self, hdu: &str) -> Vec<Card> {
        let (table, source) = (
            KeywordTable::of(&self.model_type),
            KeywordTable::of(&self.source_type),
        );
        let mut cards = Vec::new();
        let mut written: HashSet<&str> = HashSet::new();
        for card in self.header(hdu).map_or(&[][..], |header| &header.cards) {
            if is_structural(&card.keyword) || card.keyword == "HISTORY" {
                continue;
            }
            match table.keyword(hdu, &card.keyword) {
                // A keyword of the model that the file held belongs to the tree, not to the unknown cards.
                None if source.keyword(hdu, &card.keyword).is_some() => {}
                None => cards.push(card.clone()),
                Some(entry) if written.contains(entry.keyword.as_str()) => {}
                Some(entry) => {
                    if let Some(value) = self.card_value(entry) {
                        cards.push(Card {
                            value,
                            ..card.clone()
                        });
                        written.insert(&entry.keyword);
                    }
                }
            }
        }
        self.append_new_cards(hdu, table, &written, &mut cards);
        if hdu == "PRIMARY" {
            cards.extend(self.history_cards());
        }
        cards
    }

    /// The HDUs that have to exist because a keyword with a value belongs there.
    pub(crate) fn hdus_with_keywords(&self) -> Vec<&'static str> {
        let mut hdus: Vec<&str> = Vec::new();
        for entry in KeywordTable::of(&self.model_type).entries() {
            if !hdus.contains(&entry.hdu.as_str()) && self.card_value(entry).is_some() {
                hdus.push(&entry.hdu);
            }
        }
        hdus
    }

    fn append_new_cards(
        &self,
        hdu: &str,
        table: &KeywordTable,
        written: &HashSet<&str>,
        cards: &mut Vec<Card>,
    ) {
        let mut sections: [(&str, Vec<Card>); 3] = [
            ("", Vec::new()),
            ("Reference files", Vec::new()),
            ("Calibration steps", Vec::new()),
        ];
        let mut added = HashSet::new();
        for entry in table
            .entries()
            .iter()
            .filter(|entry| entry.hdu == hdu && !written.contains(entry.keyword.as_str()))
        {
            let Some(value) = self.card_value(entry) else {
                continue;
            };
            if !added.insert(&entry.keyword) {
                continue;
            }
            let (section, comment) = describe(&entry.path);
            sections[section].1.push(Card {
                keyword: entry.keyword.clone(),
                value,
                comment,
            });
        }
        for (title, new) in sections.into_iter().filter(|(_, new)| !new.is_empty()) {
            if !title.is_empty() {
                cards.extend(["", title, ""].map(blank));
            }
            cards.extend(new);
        }
    }

    fn card_value(&self, entry: &KeywordEntry) -> Option<CardValue> {
        match self.get(&entry.path)?.untagged() {
            Node::Bool(v) => Some(CardValue::Logical(*v)),
            Node::Int(v) => Some(CardValue::Integer(*v)),
            // FITS has no NaN or infinity in headers; the ASDF extension keeps them.
            Node::Float(v) => v.is_finite().then_some(CardValue::Real(*v)),
            Node::String(v) => Some(CardValue::Text(v.clone())),
            _ => None,
        }
    }

    fn history_cards(&self) -> Vec<Card> {
        let entries = match self.get("history").map(Node::untagged) {
            Some(Node::Sequence(entries)) => entries.as_slice(),
            Some(history) => history
                .get("entries")
                .and_then(Node::as_sequence)
                .unwrap_or_default(),
            None => &[],
        };
        let description = |entry: &Node| {
            entry
                .get("description")
                .and_then(Node::as_str)
                .map(str::to_string)
        };
        let card = |text| Card {
            keyword: "HISTORY".to_string(),
            value: CardValue::Commentary,
            comment: text,
        };
        entries.iter().filter_map(description).map(card).collect()
    }

    /// Cards that no table knows, by HDU, as the tree's `extra_fits` holds them.
    pub(crate) fn extra_fits(&self, hdus: &[(&str, &[Card])]) -> Mapping {
        let table = KeywordTable::of(&self.model_type);
        let mut extra = Mapping::new();
        for (hdu, cards) in hdus {
            let unknown: Vec<Node> = cards
                .iter()
                .filter(|card| !card.keyword.is_empty() && card.keyword != "HISTORY")
                .filter(|card| {
                    !is_structural(&card.keyword) && table.keyword(hdu, &card.keyword).is_none()
                })
                .map(extra_card)
                .collect();
            if !unknown.is_empty() {
                let entry: Mapping = [("header", Node::Sequence(unknown))].into_iter().collect();
                extra.insert(*hdu, entry);
            }
        }
        extra
    }
}

fn extra_card(card: &Card) -> Node {
    let (value, comment) = match &card.value {
        CardValue::Commentary => (Node::from(card.comment.as_str()), ""),
        CardValue::Undefined => (Node::Null, card.comment.as_str()),
        CardValue::Verbatim(text) => (Node::from(text.as_str()), card.comment.as_str()),
        other => (
            node_from_card(other).unwrap_or(Node::Null),
            card.comment.as_str(),
        ),
    };
    Node::Sequence(vec![
        Node::from(card.keyword.as_str()),
        value,
        Node::from(comment),
    ])
}

fn node_from_card(value: &CardValue) -> Option<Node> {
    match value {
        CardValue::Logical(v) => Some(Node::Bool(*v)),
        CardValue::Integer(v) => Some(Node::Int(*v)),
        CardValue::Real(v) => Some(Node::Float(*v)),
        CardValue::Text(v) | CardValue::Verbatim(v) => Some(Node::String(v.clone())),
        CardValue::Commentary | CardValue::Undefined => None,
    }
}

fn blank(text: &str) -> Card {
    let comment = if text.is_empty() {
        String::new()
    } else {
        format!("        {text}")
    };
    Card {
        keyword: String::new(),
        value: CardValue::Commentary,
        comment,
    }
}

/// The section and comment of a keyword that the input did not have.
fn describe(path: &str) -> (usize, String) {
    let words = |name: &str| name.replace('_', " ");
    if let Some(step) = path.strip_prefix("meta.cal_step.") {
        (2, format!("status of step {step}"))
    } else if let Some(name) = path
        .strip_prefix("meta.ref_file.")
        .and_then(|rest| rest.strip_suffix(".name"))
    {
        (1, format!("reference file of type {name}"))
    } else if path.starts_with("meta.ref_file.") {
        (1, words(path.rsplit('.').next().unwrap_or(path)))
    } else {
        (0, words(path.rsplit('.').next().unwrap_or(path)))
    }
}
