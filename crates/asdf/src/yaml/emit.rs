//! From a tree to YAML text.

use std::fmt::Write;

use crate::{Error, Mapping, Node, Result};

use super::YAML_TAG;
use super::scalar;

/// Column at which lists within brackets are wrapped.
const WIDTH: usize = 80;
/// Longest text of a key that is written without `?`.
const LONGEST_SIMPLE_KEY: usize = 100;

/// How tags are shortened.
#[derive(Clone, Debug)]
pub struct EmitOptions {
    /// Handle and prefix pairs that the document's `%TAG` lines declare, such as `("!", "tag:stsci.edu:asdf/")`.
    pub handles: Vec<(String, String)>,
}

impl Default for EmitOptions {
    fn default() -> Self {
        Self {
            handles: vec![("!".to_owned(), "tag:stsci.edu:asdf/".to_owned())],
        }
    }
}

/// Writes a tree as the body of a YAML 1.1 document, from `---` to `...`, such that `PyYAML` reads the same values of the
/// same types. Collections of scalars are written within brackets, all others as blocks, as Python's `asdf` does.
///
/// ```
/// use asdf::{Mapping, Node, yaml};
///
/// let tree = Node::from(Mapping::from_iter([("date", Node::from("2023-06-10")), ("gain", Node::from(1e20))]));
/// let text = yaml::emit(&tree, &yaml::EmitOptions::default())?;
/// assert_eq!(text, "---\ndate: '2023-06-10'\ngain: 1.0e+20\n...\n");
/// # Ok::<(), asdf::Error>(())
/// ```
///
/// # Errors
/// [`Error::Unwritable`] for what YAML has no form for: a tag on a tagged value.
pub fn emit(node: &Node, options: &EmitOptions) -> Result<String> {
    let mut emitter = Emitter {
        out: "---".to_owned(),
        line_start: 0,
        options,
    };
    emitter.value(node, 0, Place::Root)?;
    emitter.out.push_str("...\n");
    Ok(emitter.out)
}

/// Where a value stands; it decides how a block collection begins.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// After `---`.
    Root,
    /// After `key:`.
    MappingValue,
    /// After `-`.
    Item,
}

struct Emitter<'a> {
    out: String,
    line_start: usize,
    options: &'a EmitOptions,
}

/// A value apart from its tag.
fn split_tag(node: &Node) -> Result<(Option<&str>, &Node)> {
    let Node::Tagged(tagged) = node else {
        return Ok((None, node));
    };
    if matches!(tagged.node, Node::Tagged(_) | Node::NdArray(_)) {
        let inner = tagged.node.tag().unwrap_or_default();
        return Err(Error::Unwritable(format!(
            "the tags {:?} and {inner:?} are on one value",
            tagged.tag
        )));
    }
    if tagged.tag.is_empty() || !tagged.tag.is_ascii() {
        return Err(Error::Unwritable(format!(
            "the tag {:?} is no URI",
            tagged.tag
        )));
    }
    Ok((Some(&tagged.tag), &tagged.node))
}

fn is_scalar(node: &Node) -> bool {
    match node {
        Node::Tagged(tagged) => is_scalar(&tagged.node),
        Node::Sequence(_) | Node::Mapping(_) | Node::NdArray(_) => false,
        _ => true,
    }
}

fn is_simple_key(key: &Node) -> bool {
    let length = key.as_str().map_or(0, str::len) + key.tag().map_or(0, str::len);
    is_scalar(key) && length <= LONGEST_SIMPLE_KEY
}

/// Whether a collection is written within brackets.
fn is_flow(node: &Node) -> bool {
    match node {
        Node::Sequence(items) => items.iter().all(is_scalar),
        Node::Mapping(map) => map
            .iter()
            .all(|(key, value)| is_simple_key(key) && is_scalar(value)),
        _ => false,
    }
}

impl Emitter<'_> {
    fn newline(&mut self, indent: usize) {
        self.out.push('\n');
        self.line_start = self.out.len();
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// A value after what introduces it, up to and with the end of its line. `indent` is that of the collection in
    /// which it stands.
    fn value(&mut self, node: &Node, indent: usize, place: Place) -> Result<()> {
        if let Node::NdArray(array) = node {
            return self.value(&array.to_node(), indent, place);
        }
        let (tag, plain) = split_tag(node)?;
        if is_scalar(plain) {
            self.out.push(' ');
            self.scalar(tag, plain, false)?;
            self.end_line();
            return Ok(());
        }
        if let Some(tag) = tag {
            self.out.push(' ');
            self.tag(tag);
        }
        // At the root only an empty mapping stands within brackets, so that keys start lines there.
        let flow = is_flow(plain) && (place != Place::Root || is_empty(plain));
        if flow {
            self.out.push(' ');
            self.flow(plain, indent + 2)?;
            self.end_line();
            return Ok(());
        }
        let nested = match (place, plain) {
            (Place::Root, _) => 0,
            // Items of a list are not indented below their key.
            (Place::MappingValue, Node::Sequence(_)) => indent,
            _ => indent + 2,
        };
        // `- key: value` starts on the line of its dash unless a tag stands between.
        let same_line = place == Place::Item && tag.is_none();
        match plain {
            Node::Sequence(items) => self.block_sequence(items, nested, same_line),
            Node::Mapping(map) => self.block_mapping(map, nested, same_line),
            _ => Ok(()),
        }
    }

    fn end_line(&mut self) {
        self.out.push('\n');
        self.line_start = self.out.len();
    }

    /// Brings the cursor to the first entry of a block, or to the next one.
    fn start_entry(&mut self, indent: usize, same_line: bool) {
        if same_line {
            self.out.push(' ');
            return;
        }
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.line_start = self.out.len();
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    fn block_sequence(&mut self, items: &[Node], indent: usize, same_line: bool) -> Result<()> {
        for (i, item) in items.iter().enumerate() {
            self.start_entry(indent, same_line && i == 0);
            self.out.push('-');
            self.value(item, indent, Place::Item)?;
        }
        Ok(())
    }

    fn block_mapping(&mut self, map: &Mapping, indent: usize, same_line: bool) -> Result<()> {
        for (i, (key, value)) in map.iter().enumerate() {
            self.start_entry(indent, same_line && i == 0);
            if is_simple_key(key) {
                let (tag, plain) = split_tag(key)?;
                self.scalar(tag, plain, true)?;
            } else {
                self.out.push_str("? ");
                self.flow_value(key, indent + 2)?;
                self.newline(indent);
            }
            self.out.push(':');
            self.value(value, indent, Place::MappingValue)?;
        }
        Ok(())
    }

    /// A collection within brackets.
    fn flow(&mut self, node: &Node, indent: usize) -> Result<()> {
        match node {
            Node::Sequence(items) => {
                self.out.push('[');
                for (i, item) in items.iter().enumerate() {
                    self.flow_entry(i, indent, |emitter| emitter.flow_value(item, indent))?;
                }
                self.out.push(']');
            }
            Node::Mapping(map) => {
                self.out.push('{');
                for (i, (key, value)) in map.iter().enumerate() {
                    self.flow_entry(i, indent, |emitter| {
                        if !is_simple_key(key) {
                            emitter.out.push_str("? ");
                        }
                        emitter.flow_value(key, indent)?;
                        emitter
                            .out
                            .push_str(if is_simple_key(key) { ": " } else { " : " });
                        emitter.flow_value(value, indent)
                    })?;
                }
                self.out.push('}');
            }
            _ => {}
        }
        Ok(())
    }

    /// One entry within brackets, moved to a new line if it passes the width.
    fn flow_entry(
        &mut self,
        i: usize,
        indent: usize,
        write: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        if i > 0 {
            self.out.push(',');
        }
        let before = self.out.len();
        if i > 0 {
            self.out.push(' ');
        }
        let start = self.out.len();
        let line_start = self.line_start;
        write(self)?;
        // Nothing to win if the entry starts its line already, or holds a line break itself.
        if i > 0 && self.line_start == line_start && self.out.len() - line_start > WIDTH {
            let entry = self.out.split_off(start);
            self.out.truncate(before);
            self.newline(indent);
            self.out.push_str(&entry);
        }
        Ok(())
    }

    fn flow_value(&mut self, node: &Node, indent: usize) -> Result<()> {
        if let Node::NdArray(array) = node {
            return self.flow_value(&array.to_node(), indent);
        }
        let (tag, plain) = split_tag(node)?;
        if is_scalar(plain) {
            return self.scalar(tag, plain, true);
        }
        if let Some(tag) = tag {
            self.tag(tag);
            self.out.push(' ');
        }
        self.flow(plain, indent)
    }

    fn scalar(&mut self, tag: Option<&str>, node: &Node, in_flow: bool) -> Result<()> {
        if let (Some(tag), Node::String(text)) = (tag, node)
            && tag.strip_prefix(YAML_TAG) == Some("int")
            && scalar::is_wide_int(text)
        {
            self.out.push_str(text);
            return Ok(());
        }
        if let Some(tag) = tag {
            self.tag(tag);
            self.out.push(' ');
        }
        match node {
            Node::Null => self.out.push_str("null"),
            Node::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Node::Int(value) => self.out.push_str(&value.to_string()),
            Node::Float(value) => self.out.push_str(&scalar::format_float(*value)),
            Node::String(text) => self.string(text, in_flow),
            _ => {
                return Err(Error::Unwritable(
                    "a collection stands where a scalar must".to_owned(),
                ));
            }
        }
        Ok(())
    }

    fn string(&mut self, text: &str, in_flow: bool) {
        if scalar::is_plain_string(text, in_flow) {
            self.out.push_str(text);
        } else if text.chars().all(scalar::is_printable) {
            self.out.push('\'');
            self.out.push_str(&text.replace('\'', "''"));
            self.out.push('\'');
        } else {
            self.double_quoted(text);
        }
    }

    fn double_quoted(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            let code = u32::from(c);
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\t' => self.out.push_str("\\t"),
                '\r' => self.out.push_str("\\r"),
                c if scalar::is_printable(c) => self.out.push(c),
                _ if code < 0x100 => write_code(&mut self.out, "x", 2, code),
                _ if code < 0x1_0000 => write_code(&mut self.out, "u", 4, code),
                _ => write_code(&mut self.out, "U", 8, code),
            }
        }
        self.out.push('"');
    }

    fn tag(&mut self, tag: &str) {
        if let Some(suffix) = tag
            .strip_prefix(YAML_TAG)
            .filter(|suffix| !suffix.is_empty())
        {
            self.out.push_str("!!");
            self.out.push_str(&escape_tag(suffix, false));
            return;
        }
        let shortened = self.options.handles.iter().find_map(|(handle, prefix)| {
            let suffix = tag
                .strip_prefix(prefix.as_str())
                .filter(|suffix| !suffix.is_empty())?;
            Some(format!("{handle}{}", escape_tag(suffix, false)))
        });
        let written = shortened.unwrap_or_else(|| format!("!<{}>", escape_tag(tag, true)));
        self.out.push_str(&written);
    }
}

/// `\x41`, `\u0041` or `\U00000041`.
fn write_code(out: &mut String, kind: &str, width: usize, code: u32) {
    // Writing to a string cannot fail.
    let _ = write!(out, "\\{kind}{code:0width$X}");
}

fn is_empty(node: &Node) -> bool {
    match node {
        Node::Sequence(items) => items.is_empty(),
        Node::Mapping(map) => map.is_empty(),
        _ => false,
    }
}

/// Percent-escapes what may not stand in a tag. `!` may stand in a verbatim one only.
fn escape_tag(tag: &str, verbatim: bool) -> String {
    let mut out = String::with_capacity(tag.len());
    for byte in tag.bytes() {
        let plain = byte.is_ascii_alphanumeric()
            || b"-;/?:@&=+$_.~*'()".contains(&byte)
            || (verbatim && byte == b'!');
        if plain {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
