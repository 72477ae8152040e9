//! The table of errors: codes and hints of the programs' catalogue, messages and meanings of the libraries' sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use jwst::catalogue;

use super::{cell, read, sources, workspace};

/// Error types that no program can show by themselves: private ones, whose text stands in another, and those of tests.
const INSIDE: [&str; 5] = [
    "crds::EvaluationError",
    "crds::PatternError",
    "stpipe::Problem",
    "steps::BandError",
    "steps::ErrorKind",
];

/// A variant of an error type, or an error that is a struct.
#[derive(Debug, Clone)]
struct Declared {
    /// `crate::Type` or `crate::Type::Variant`.
    name: String,
    meaning: String,
    message: String,
}

pub(super) fn table() -> Result<String> {
    let declared: BTreeMap<String, Declared> = declared()?
        .into_iter()
        .map(|found| (found.name.clone(), found))
        .collect();
    let mut text =
        "| code | what it says | what it means | what to do |\n|---|---|---|---|\n".to_owned();
    for known in catalogue::all() {
        let name = short(known.kind);
        let found = declared
            .get(&name)
            .with_context(|| format!("{}: the sources declare no error {name}", known.code))?;
        let line = format!(
            "| <a id=\"{code}\"></a>`{code}` | {} | {} | {} |\n",
            cell(&found.message),
            cell(&found.meaning),
            cell(known.hint),
            code = known.code
        );
        let written = text.write_str(&line);
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }
    text += "| <a id=\"other\"></a>`other` | a sentence of the program itself | something that has no kind of its own | \
             `PROGRAM --help` says what is expected. |\n";
    Ok(text)
}

/// Errors that the sources declare and the catalogue does not know.
pub(super) fn missing() -> Result<Vec<String>> {
    let known: BTreeSet<String> = catalogue::all()
        .iter()
        .map(|known| known.kind)
        .chain(catalogue::transparent().iter().copied())
        .map(short)
        .collect();
    let inside = |name: &str| {
        INSIDE
            .iter()
            .any(|kind| name == *kind || name.starts_with(&format!("{kind}::")))
    };
    let declared = declared()?.into_iter().map(|found| found.name);
    Ok(declared
        .filter(|name| !known.contains(name) && !inside(name))
        .collect())
}

/// Crate, type and variant of a path, without modules.
fn short(path: &str) -> String {
    let parts: Vec<&str> = path.split("::").collect();
    let types = parts
        .iter()
        .filter(|part| part.starts_with(char::is_uppercase));
    std::iter::once(&parts[0])
        .chain(types)
        .copied()
        .collect::<Vec<_>>()
        .join("::")
}

/// All errors of the libraries, as `thiserror` declares them.
fn declared() -> Result<Vec<Declared>> {
    let mut found = Vec::new();
    for library in [
        "asdf",
        "associations",
        "crds",
        "datamodels",
        "drizzle",
        "gwcs",
        "pipelines",
        "quicklook",
        "stcal",
        "steps",
        "stpipe",
    ] {
        for file in sources::files(&workspace().join("crates").join(library).join("src"), "rs")? {
            found.extend(declared_in(library, &file)?);
        }
    }
    Ok(found)
}

fn declared_in(library: &str, file: &Path) -> Result<Vec<Declared>> {
    let mut scanner = Scanner {
        library,
        ..Scanner::default()
    };
    read(file)?.lines().for_each(|line| scanner.line(line));
    Ok(scanner.found)
}

/// Reads a source line by line: attributes and comments, then what they belong to.
#[derive(Default)]
struct Scanner<'a> {
    library: &'a str,
    /// The comment so far.
    doc: String,
    /// The attributes so far.
    attributes: String,
    /// The enum of errors whose variants are being read.
    of: Option<String>,
    found: Vec<Declared>,
}

impl Scanner<'_> {
    fn line(&mut self, line: &str) {
        let text = line.trim();
        if let Some(doc) = text.strip_prefix("///") {
            self.doc += doc;
        } else if text.starts_with("#[") || is_open(&self.attributes) {
            self.attributes += text;
            self.attributes.push(' ');
        } else if line == "}" {
            self.of = None;
        } else {
            self.item(line, text);
            self.doc.clear();
            self.attributes.clear();
        }
    }

    fn item(&mut self, line: &str, text: &str) {
        let is_error = self.attributes.contains("derive(") && self.attributes.contains("Error");
        let word_after = |word: &str| {
            let (_, rest) = text.split_once(word)?;
            rest.split(|c: char| !c.is_alphanumeric()).next()
        };
        let message = message_of(&self.attributes);
        if let Some(name) = word_after("enum ").filter(|_| is_error) {
            self.of = Some(name.to_owned());
        } else if let Some(name) = word_after("struct ").filter(|_| is_error) {
            self.add(name, message);
        } else if let (Some(of), Some(message), true) = (&self.of, message, is_variant(line)) {
            let variant = text
                .split(|c: char| !c.is_alphanumeric())
                .next()
                .unwrap_or_default();
            self.add(&format!("{of}::{variant}"), Some(message));
        }
    }

    fn add(&mut self, name: &str, message: Option<String>) {
        self.found.push(Declared {
            name: format!("{}::{name}", self.library),
            meaning: self.doc.trim().to_owned(),
            message: message.unwrap_or_default(),
        });
    }
}

/// Whether brackets of attributes are still open.
fn is_open(attributes: &str) -> bool {
    attributes.matches('[').count() > attributes.matches(']').count()
}

/// Variants are indented once.
fn is_variant(line: &str) -> bool {
    line.starts_with("    ") && line[4..].starts_with(char::is_uppercase)
}

/// The text of `#[error("text", ..)]`, or that of the cause.
fn message_of(attributes: &str) -> Option<String> {
    let (_, rest) = attributes.split_once("#[error(")?;
    let rest = rest.trim_start();
    if rest.starts_with("transparent") {
        return Some("as its cause".to_owned());
    }
    let mut text = String::new();
    let mut letters = rest.strip_prefix('"')?.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Some(text.split_whitespace().collect::<Vec<_>>().join(" ")),
            '\\' => text.extend(letters.next()),
            other => text.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Scanner;

    #[test]
    fn enums_and_structs_are_found_with_their_texts() {
        let source = "/// Why.\n#[derive(Debug, thiserror::Error)]\npub enum MyError {\n    /// It is\n    /// late.\n    \
                      #[error(\n        \"late by {by}, \\\"x\\\"\", by = .0\n    )]\n    Late {\n        /// Days.\n        by: u8,\n    },\n    \
                      /// A cause.\n    #[error(transparent)]\n    Cause(#[from] Other),\n}\n/// Alone.\n#[derive(Error)]\n\
                      #[error(\"alone\")]\nstruct Alone;\n/// No error.\n#[derive(Debug)]\nenum Plain {\n    A,\n}\n";
        let mut scanner = Scanner {
            library: "toy",
            ..Scanner::default()
        };
        source.lines().for_each(|line| scanner.line(line));
        let found: Vec<_> = scanner
            .found
            .iter()
            .map(|f| (f.name.as_str(), f.message.as_str(), f.meaning.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("toy::MyError::Late", "late by {by}, \"x\"", "It is late."),
                ("toy::MyError::Cause", "as its cause", "A cause."),
                ("toy::Alone", "alone", "Alone."),
            ]
        );
    }
}
