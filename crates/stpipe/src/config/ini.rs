//! INI parameter files (`.cfg`) with nested sections, as `ConfigObj` reads them.

use super::ConfigTree;
use crate::{ParamValue, TextError};

/// A `.cfg` text that cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct IniError {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Problem {
    /// Neither section nor value.
    #[error("expected `[section]` or `key = value`, found {0:?}")]
    Line(String),
    /// The brackets of a section are unequal.
    #[error("the section marker {0:?} has unequal brackets")]
    Brackets(String),
    /// A section without its parent.
    #[error("the section {0:?} is nested too deeply: its parent section is missing")]
    Nesting(String),
    /// A key or section that was there before.
    #[error("{0:?} is given twice")]
    Duplicate(String),
    /// A triple quote that is not closed.
    #[error("the triple quote is not closed")]
    TripleQuote,
    /// A bad value.
    #[error(transparent)]
    Value(#[from] TextError),
    /// A section that is no step.
    #[error("expected the section [steps] with one sub-section for each step, found [{0}]")]
    Section(String),
}

/// Reads INI text: `key = value` lines, `[steps]`, and `[[step]]` sections below it.
///
/// Values keep to [`ParamValue::from_text`]. Quoted text may span lines between triple quotes. There
/// is no interpolation: `%(name)s` stays as it is.
///
/// # Errors
/// `IniError` with the line.
///
/// ```
/// let text = "class = 'jwst.pipeline.Detector1Pipeline'\n[steps]\n  [[jump]]\n  skip = True  # why\n";
/// let tree = stpipe::config::from_ini(text).unwrap();
/// assert_eq!(tree.class.as_deref(), Some("jwst.pipeline.Detector1Pipeline"));
/// assert_eq!(tree.steps[0].1.values.get("skip"), Some(&"True".into()));
/// ```
pub fn from_ini(text: &str) -> Result<ConfigTree, IniError> {
    let mut root = Section::default();
    // Names of the sections that lead to the current one.
    let mut place: Vec<String> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let line_number = index + 1;
        let error = |problem| IniError {
            line: line_number,
            problem,
        };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('[') {
            let (depth, name) = section_marker(line).map_err(error)?;
            if depth > place.len() + 1 {
                return Err(error(Problem::Nesting(name)));
            }
            place.truncate(depth - 1);
            let parent = root.at(&place);
            if parent.has(&name) {
                return Err(error(Problem::Duplicate(name)));
            }
            parent.sections.push((name.clone(), Section::default()));
            place.push(name);
            continue;
        }
        let (key, value) = split_key(line).ok_or_else(|| error(Problem::Line(line.to_owned())))?;
        let value = match triple_quote(value) {
            Some(quote) => {
                let more = lines.by_ref().map(|(_, line)| line);
                ParamValue::String(triple_quoted(value, quote, more).map_err(error)?)
            }
            None => ParamValue::from_text(value).map_err(|e| error(e.into()))?,
        };
        let section = root.at(&place);
        if section.has(&key) {
            return Err(error(Problem::Duplicate(key)));
        }
        section.values.push((key, value));
    }
    root.into_tree().map_err(|problem| IniError {
        line: text.lines().count(),
        problem,
    })
}

/// One section as written.
#[derive(Default)]
struct Section {
    values: Vec<(String, ParamValue)>,
    sections: Vec<(String, Section)>,
}

impl Section {
    /// The section at `place`, whose sections are all the newest of their parents.
    fn at(&mut self, place: &[String]) -> &mut Self {
        let mut section = self;
        for _ in place {
            let newest = section.sections.last_mut();
            section = &mut newest.expect("an open section is in its parent").1;
        }
        section
    }

    fn has(&self, name: &str) -> bool {
        self.values.iter().any(|(key, _)| key == name)
            || self.sections.iter().any(|(key, _)| key == name)
    }

    fn into_tree(self) -> Result<ConfigTree, Problem> {
        let mut tree = ConfigTree::default();
        for (key, value) in self.values {
            tree.set_own(&key, value);
        }
        for (name, section) in self.sections {
            if name != "steps" || !section.values.is_empty() {
                return Err(Problem::Section(name));
            }
            for (step, section) in section.sections {
                tree.steps.push((step, section.into_tree()?));
            }
        }
        Ok(tree)
    }
}

fn section_marker(line: &str) -> Result<(usize, String), Problem> {
    let bad = || Problem::Brackets(line.to_owned());
    let close = line.rfind(']').ok_or_else(bad)?;
    let after = line[close + 1..].trim();
    if !after.is_empty() && !after.starts_with('#') {
        return Err(bad());
    }
    let mut name = line[..=close].trim();
    let mut depth = 0;
    while let Some(inner) = name.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or_else(bad)?;
        name = inner.trim();
        depth += 1;
    }
    if name.is_empty() || name.ends_with(']') {
        return Err(bad());
    }
    Ok((depth, unquoted(name).to_owned()))
}

fn split_key(line: &str) -> Option<(String, &str)> {
    if let Some(quote) = line.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let (key, rest) = line[1..].split_once(quote)?;
        let value = rest.trim_start().strip_prefix('=')?;
        return Some((key.to_owned(), value.trim()));
    }
    let (key, value) = line.split_once('=')?;
    let key = key.trim();
    (!key.is_empty()).then(|| (key.to_owned(), value.trim()))
}

fn unquoted(text: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(text)
}

fn triple_quote(value: &str) -> Option<&'static str> {
    ["\"\"\"", "'''"]
        .into_iter()
        .find(|quote| value.starts_with(quote))
}

/// Text up to the closing triple quote, which may be lines further on.
fn triple_quoted<'a>(
    first: &str,
    quote: &str,
    mut more: impl Iterator<Item = &'a str>,
) -> Result<String, Problem> {
    let mut rest = first[quote.len()..].to_owned();
    let mut text = String::new();
    loop {
        if let Some(end) = rest.find(quote) {
            text += &rest[..end];
            let after = rest[end + quote.len()..].trim();
            if after.is_empty() || after.starts_with('#') {
                return Ok(text);
            }
            return Err(Problem::Line(after.to_owned()));
        }
        text += &rest;
        text.push('\n');
        more.next()
            .ok_or(Problem::TripleQuote)?
            .clone_into(&mut rest);
    }
}
