//! A mapping that keeps the order of the file.

use std::collections::HashMap;

use super::Node;

/// From how many entries on a hash index is kept beside the list.
const INDEX_FROM: usize = 16;

/// A mapping in insertion order. Keys are nearly always strings; any other key is kept as it is.
///
/// Equality looks at the order, too: a file written from an equal tree has the same bytes.
///
/// ```
/// use asdf::{Mapping, Node};
///
/// let mut meta = Mapping::new();
/// meta.insert("telescope", Node::from("JWST"));
/// meta.get_or_insert_with("ngroups", || Node::from(5));
/// assert_eq!(meta.get("telescope").and_then(Node::as_str), Some("JWST"));
/// assert_eq!(meta.keys().collect::<Vec<_>>(), ["telescope", "ngroups"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    entries: Vec<(Node, Node)>,
    /// Places of the keys, once there are many of them.
    index: Option<Box<Index>>,
}

#[derive(Clone, Debug)]
struct Index {
    places: HashMap<String, usize>,
}

impl PartialEq for Mapping {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

/// A key as the index knows it. String keys are marked so that `"1"` and `1` stay apart.
fn fingerprint(key: &Node) -> String {
    match key {
        Node::String(text) => string_fingerprint(text),
        other => format!("{other:?}"),
    }
}

fn string_fingerprint(key: &str) -> String {
    let mut marked = String::with_capacity(key.len() + 1);
    marked.push('"');
    marked.push_str(key);
    marked
}

impl Mapping {
    /// An empty mapping.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.places.get(&string_fingerprint(key)).copied(),
            None => self
                .entries
                .iter()
                .position(|(known, _)| matches!(known, Node::String(text) if text == key)),
        }
    }

    fn position_node(&self, key: &Node) -> Option<usize> {
        match (key, &self.index) {
            (Node::String(text), _) => self.position(text),
            (_, Some(index)) => index.places.get(&fingerprint(key)).copied(),
            (_, None) => self.entries.iter().position(|(known, _)| known == key),
        }
    }

    fn rebuild_index(&mut self) {
        self.index = (self.entries.len() >= INDEX_FROM).then(|| {
            let entries = self.entries.iter().enumerate();
            let places = entries.map(|(i, (key, _))| (fingerprint(key), i)).collect();
            Box::new(Index { places })
        });
    }

    fn push(&mut self, key: Node, value: Node) {
        if let Some(index) = &mut self.index {
            index.places.insert(fingerprint(&key), self.entries.len());
        }
        self.entries.push((key, value));
        if self.index.is_none() && self.entries.len() >= INDEX_FROM {
            self.rebuild_index();
        }
    }

    /// Whether there is a string key `key`.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// The value of a string key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.position(key).map(|i| &self.entries[i].1)
    }

    /// The value of a string key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.position(key).map(|i| &mut self.entries[i].1)
    }

    /// The value of a key of any kind.
    pub fn get_node(&self, key: &Node) -> Option<&Node> {
        self.position_node(key).map(|i| &self.entries[i].1)
    }

    /// Sets a string key and returns what it held before. A known key keeps its place, a new one comes last.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Node>) -> Option<Node> {
        self.insert_node(Node::String(key.into()), value.into())
    }

    /// Sets a key of any kind; otherwise like [`Mapping::insert`].
    pub fn insert_node(&mut self, key: Node, value: Node) -> Option<Node> {
        if let Some(i) = self.position_node(&key) {
            return Some(std::mem::replace(&mut self.entries[i].1, value));
        }
        self.push(key, value);
        None
    }

    /// The value of a string key, made by `make` if there is none.
    pub fn get_or_insert_with(&mut self, key: &str, make: impl FnOnce() -> Node) -> &mut Node {
        let place = self.position(key).unwrap_or_else(|| {
            self.push(Node::from(key), make());
            self.entries.len() - 1
        });
        &mut self.entries[place].1
    }

    /// Takes a string key out; the order of the others stays.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let place = self.position(key)?;
        let (_, value) = self.entries.remove(place);
        self.rebuild_index();
        Some(value)
    }

    /// Keeps the entries for which `keep` is true.
    pub fn retain(&mut self, mut keep: impl FnMut(&Node, &mut Node) -> bool) {
        self.entries.retain_mut(|(key, value)| keep(key, value));
        self.rebuild_index();
    }

    /// The entries in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.entries.iter())
    }

    /// The entries in order, values to change.
    pub fn iter_mut(&mut self) -> IterMut<'_> {
        IterMut(self.entries.iter_mut())
    }

    /// The string keys in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|(key, _)| match key {
            Node::String(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The values in order.
    pub fn values(&self) -> impl Iterator<Item = &Node> {
        self.entries.iter().map(|(_, value)| value)
    }
}

/// Iterator over the entries of a [`Mapping`].
#[derive(Debug, Clone)]
pub struct Iter<'a>(std::slice::Iter<'a, (Node, Node)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a Node, &'a Node);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

/// Iterator over the entries of a [`Mapping`], values to change.
#[derive(Debug)]
pub struct IterMut<'a>(std::slice::IterMut<'a, (Node, Node)>);

impl<'a> Iterator for IterMut<'a> {
    type Item = (&'a Node, &'a mut Node);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (&*key, value))
    }
}

/// Iterator that takes a [`Mapping`] apart.
#[derive(Debug)]
pub struct IntoIter(std::vec::IntoIter<(Node, Node)>);

impl Iterator for IntoIter {
    type Item = (Node, Node);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

impl IntoIterator for Mapping {
    type Item = (Node, Node);
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter(self.entries.into_iter())
    }
}

impl<'a> IntoIterator for &'a Mapping {
    type Item = (&'a Node, &'a Node);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Mapping {
    type Item = (&'a Node, &'a mut Node);
    type IntoIter = IterMut<'a>;

    fn into_iter(self) -> IterMut<'a> {
        self.iter_mut()
    }
}

impl FromIterator<(Node, Node)> for Mapping {
    fn from_iter<I: IntoIterator<Item = (Node, Node)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl FromIterator<(String, Node)> for Mapping {
    fn from_iter<I: IntoIterator<Item = (String, Node)>>(entries: I) -> Self {
        entries
            .into_iter()
            .map(|(key, value)| (Node::String(key), value))
            .collect()
    }
}

impl<'a> FromIterator<(&'a str, Node)> for Mapping {
    fn from_iter<I: IntoIterator<Item = (&'a str, Node)>>(entries: I) -> Self {
        entries
            .into_iter()
            .map(|(key, value)| (Node::from(key), value))
            .collect()
    }
}

impl Extend<(Node, Node)> for Mapping {
    fn extend<I: IntoIterator<Item = (Node, Node)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert_node(key, value);
        }
    }
}
