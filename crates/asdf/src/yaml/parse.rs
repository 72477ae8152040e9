//! From YAML text to a tree.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use crate::array::NdArray;
use crate::{Error, Mapping, Node, Result};

use super::YAML_TAG;
use super::scalar::{self, Meaning};

/// How far a tree may go.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Deepest nesting, aliases expanded.
    pub depth: usize,
    /// How many values the expansion of aliases may add; never less than sixteen times what the text itself holds.
    pub alias_values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 256,
            alias_values: 1_000_000,
        }
    }
}

/// Reads the first document of `text` as YAML 1.1, in the sense of Python's `asdf`: tags are kept in full, aliases are
/// expanded, a repeated key counts with its last value, `<<` merges.
///
/// ```
/// use asdf::{Node, yaml};
///
/// let tree = yaml::parse("a: 1\nb: yes\nc: [1e5, 1.0e+5]\n", &yaml::Limits::default())?;
/// assert_eq!(tree.get_path("b"), Some(&Node::Bool(true)));
/// assert_eq!(tree.get_path("c.0"), Some(&Node::from("1e5")));
/// assert_eq!(tree.get_path("c.1"), Some(&Node::Float(1e5)));
/// # Ok::<(), asdf::Error>(())
/// ```
///
/// # Errors
/// [`Error::Yaml`] with the line, for malformed YAML, an alias within its own anchor, or a limit that is passed.
pub fn parse(text: &str, limits: &Limits) -> Result<Node> {
    let mut builder = Builder::new(*limits);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| problem(*error.marker(), error.info()))?;
        if matches!(event, Event::DocumentEnd | Event::StreamEnd) {
            break;
        }
        builder.event(event, span.start)?;
    }
    Ok(builder.root.unwrap_or(Node::Null))
}

fn problem(at: Marker, problem: impl Into<String>) -> Error {
    Error::Yaml {
        line: at.line(),
        column: at.col() + 1,
        problem: problem.into(),
    }
}

/// A value with what it costs to copy it.
#[derive(Clone)]
struct Built {
    node: Node,
    /// Number of values, long strings counting for more.
    weight: usize,
    /// Levels of collections, 0 for a scalar.
    height: usize,
}

enum Items {
    Sequence(Vec<Node>),
    Mapping {
        map: Mapping,
        merged: Vec<Mapping>,
        key: Option<Key>,
    },
}

enum Key {
    Node(Node),
    Merge,
}

/// A collection that is still open.
struct Frame {
    items: Items,
    tag: Option<String>,
    anchor: usize,
    weight: usize,
    height: usize,
}

struct Builder {
    limits: Limits,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Built>,
    /// Weight of the text itself, and of what aliases have added.
    written: usize,
    expanded: usize,
    root: Option<Node>,
}

impl Builder {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            stack: Vec::new(),
            anchors: HashMap::new(),
            written: 0,
            expanded: 0,
            root: None,
        }
    }

    fn event(&mut self, event: Event<'_>, at: Marker) -> Result<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let merges = style == ScalarStyle::Plain
                    && tag.is_none()
                    && self.expects_key()
                    && text == "<<";
                if merges {
                    self.merge_key();
                    return Ok(());
                }
                let weight = 1 + text.len() / 32;
                self.written += weight;
                let node = scalar_node(&text, style, tag.as_deref(), at)?;
                self.finish(
                    Built {
                        node,
                        weight,
                        height: 0,
                    },
                    anchor,
                    at,
                )
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(Items::Sequence(Vec::new()), anchor, tag.as_deref(), at)
            }
            Event::MappingStart(anchor, tag) => {
                let items = Items::Mapping {
                    map: Mapping::new(),
                    merged: Vec::new(),
                    key: None,
                };
                self.open(items, anchor, tag.as_deref(), at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(at),
            Event::Alias(id) => self.alias(id, at),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn expects_key(&self) -> bool {
        matches!(
            self.stack.last().map(|frame| &frame.items),
            Some(Items::Mapping { key: None, .. })
        )
    }

    fn merge_key(&mut self) {
        if let Some(Items::Mapping { key, .. }) =
            self.stack.last_mut().map(|frame| &mut frame.items)
        {
            *key = Some(Key::Merge);
        }
    }

    fn open(&mut self, items: Items, anchor: usize, tag: Option<&Tag>, at: Marker) -> Result<()> {
        if self.stack.len() >= self.limits.depth {
            return Err(problem(
                at,
                format!("nested deeper than {} levels", self.limits.depth),
            ));
        }
        self.written += 1;
        self.stack.push(Frame {
            items,
            tag: full_tag(tag, at)?,
            anchor,
            weight: 1,
            height: 1,
        });
        Ok(())
    }

    fn close(&mut self, at: Marker) -> Result<()> {
        let Some(frame) = self.stack.pop() else {
            return Err(problem(at, "a collection ends that never began"));
        };
        let plain = match frame.items {
            Items::Sequence(items) => Node::Sequence(items),
            Items::Mapping { map, merged, .. } => Node::Mapping(with_merged(map, merged)),
        };
        let built = Built {
            node: tagged_collection(frame.tag, plain, at)?,
            weight: frame.weight,
            height: frame.height,
        };
        self.finish(built, frame.anchor, at)
    }

    fn alias(&mut self, id: usize, at: Marker) -> Result<()> {
        let Some(built) = self.anchors.get(&id) else {
            return Err(problem(
                at,
                "an alias stands within the value that it refers to",
            ));
        };
        self.charge(built.weight, at)?;
        let built = self.anchors[&id].clone();
        self.finish(built, 0, at)
    }

    /// Accounts for a copy, before it is made.
    fn charge(&mut self, weight: usize, at: Marker) -> Result<()> {
        self.expanded = self.expanded.saturating_add(weight);
        if self.expanded
            > self
                .limits
                .alias_values
                .max(self.written.saturating_mul(16))
        {
            return Err(problem(
                at,
                format!(
                    "aliases expand to more than {} values",
                    self.limits.alias_values
                ),
            ));
        }
        Ok(())
    }

    /// Hands a finished value to the collection around it.
    fn finish(&mut self, built: Built, anchor: usize, at: Marker) -> Result<()> {
        if self.stack.len() + built.height > self.limits.depth {
            return Err(problem(
                at,
                format!("nested deeper than {} levels", self.limits.depth),
            ));
        }
        if anchor != 0 {
            self.charge(built.weight, at)?;
            self.anchors.insert(anchor, built.clone());
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(built.node);
            return Ok(());
        };
        frame.weight += built.weight;
        frame.height = frame.height.max(built.height + 1);
        match &mut frame.items {
            Items::Sequence(items) => items.push(built.node),
            Items::Mapping { map, merged, key } => match key.take() {
                None => *key = Some(Key::Node(built.node)),
                Some(Key::Node(key)) => {
                    map.insert_node(key, built.node);
                }
                Some(Key::Merge) => merge_sources(&built.node, merged, at)?,
            },
        }
        Ok(())
    }
}

/// The mappings that `<<` names, the ones of lower rank first.
fn merge_sources(node: &Node, merged: &mut Vec<Mapping>, at: Marker) -> Result<()> {
    let refuse = || problem(at, "`<<` merges mappings only");
    match node.untagged() {
        Node::Mapping(map) => merged.push(map.clone()),
        Node::Sequence(items) => {
            for item in items.iter().rev() {
                merged.push(item.as_mapping().ok_or_else(refuse)?.clone());
            }
        }
        _ => return Err(refuse()),
    }
    Ok(())
}

fn with_merged(own: Mapping, merged: Vec<Mapping>) -> Mapping {
    if merged.is_empty() {
        return own;
    }
    merged.into_iter().flatten().chain(own).collect()
}

/// The tag with its handle resolved; `None` for none and for `!`, which stands for none.
fn full_tag(tag: Option<&Tag>, at: Marker) -> Result<Option<String>> {
    let Some(tag) = tag else { return Ok(None) };
    let full = format!("{}{}", tag.handle, tag.suffix);
    // A tag is a URI. What the scanner makes of other escaped characters is not to be trusted.
    if !full.is_ascii() {
        return Err(problem(at, format!("the tag {full:?} is not ASCII")));
    }
    Ok((full != "!").then_some(full))
}

fn scalar_node(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Marker) -> Result<Node> {
    let Some(full) = full_tag(tag, at)? else {
        let text = &*without_indent(text, style);
        // Parity: libyaml takes `! 'text'` for a plain scalar, and older versions of asdf write times like that.
        let plain = style == ScalarStyle::Plain || tag.is_some();
        return Ok(match scalar::resolve(text) {
            Meaning::Value(node) if plain => node,
            _ => Node::from(text),
        });
    };
    let Some(suffix) = full.strip_prefix(YAML_TAG) else {
        return Ok(Node::tagged(full, text));
    };
    if let Some(node) = scalar::construct(suffix, text) {
        return Ok(node);
    }
    if matches!(suffix, "bool" | "int" | "float") {
        return Err(problem(at, format!("{text:?} is no !!{suffix}")));
    }
    Ok(Node::tagged(full, text))
}

fn tagged_collection(tag: Option<String>, plain: Node, at: Marker) -> Result<Node> {
    let Some(tag) = tag else {
        return Ok(plain);
    };
    if NdArray::is_tag(&tag) {
        let array =
            NdArray::from_node(&tag, plain).map_err(|error| problem(at, error.to_string()))?;
        return Ok(Node::from(array));
    }
    match tag.strip_prefix(YAML_TAG) {
        Some("map" | "seq") => Ok(plain),
        _ => Ok(Node::tagged(tag, plain)),
    }
}

/// The text without the indent behind characters that YAML 1.1, unlike 1.2, takes for the end of a line: the scanner
/// leaves it in. Only in double quotes may such blanks be meant.
fn without_indent(text: &str, style: ScalarStyle) -> Cow<'_, str> {
    let folded = matches!(style, ScalarStyle::Plain | ScalarStyle::SingleQuoted);
    if !folded || !text.contains(['\u{2028}', '\u{2029}']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let after_break = out.ends_with(['\u{2028}', '\u{2029}']);
        match c {
            '\u{2028}' | '\u{2029}' => {
                out.truncate(out.trim_end_matches([' ', '\t']).len());
                out.push(c);
            }
            ' ' | '\t' if after_break => {}
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}
