//! Mapping files: the pipeline's (`.pmap`), an instrument's (`.imap`) and the rules of one type of reference (`.rmap`).
//!
//! A mapping is three assignments of Python literals, `header`, optionally `comment`, and `selector`. It is parsed, never
//! executed, and its own SHA-1 sum is checked. Source: crds 14.0.3 `core.rmap`, `core.mapping_verifier`.

mod checksum;
mod context;
mod rules;

pub(crate) use checksum::sum_of;
pub(crate) use context::Entry;
pub use context::{InstrumentMapping, PipelineMapping};
pub use rules::RuleFile;
pub(crate) use rules::{Outcome, Scope};

use thiserror::Error;

use crate::literal::{EMPTY, Kind, Limits, Literal, Parser, SyntaxError, TokenKind};

/// What to do about a mapping whose text does not have the SHA-1 sum that its header states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChecksumPolicy {
    /// Refuse it.
    #[default]
    Verify,
    /// Use it and say so.
    Warn,
    /// Use it.
    Ignore,
}

/// A mapping that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MappingError {
    /// Not the grammar, or not the meaning, of a mapping.
    #[error("{file}, {error}")]
    Syntax {
        /// The mapping.
        file: String,
        /// Where, what was expected and what was found.
        error: SyntaxError,
    },
    /// A header without a key that it needs.
    #[error("{file}: expected the key `{key}` in the header, found none")]
    MissingKey {
        /// The mapping.
        file: String,
        /// The key.
        key: &'static str,
    },
    /// A text that was changed, or a header without a sum.
    #[error(
        "{file}: expected sha1sum {stated}, found {found}: the file is damaged or was edited by hand"
    )]
    Checksum {
        /// The mapping.
        file: String,
        /// What the header states.
        stated: String,
        /// What the text has.
        found: String,
    },
    /// A name that could lead out of the cache.
    #[error("{file}: expected the name of a file, found {name:?}")]
    Name {
        /// The mapping that holds the name.
        file: String,
        /// The name.
        name: String,
    },
}

impl MappingError {
    /// The mapping.
    pub fn file(&self) -> &str {
        match self {
            Self::Syntax { file, .. }
            | Self::MissingKey { file, .. }
            | Self::Checksum { file, .. }
            | Self::Name { file, .. } => file,
        }
    }
}

/// True for a name of letters, digits, `.`, `_`, `-` and blanks, up to 128 characters, that is no path and not hidden.
///
/// Source: crds 14.0.3 `core.config.FILE_RE`, and no leading point.
pub fn is_file_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && !name.starts_with('.')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ' '))
}

/// A mapping as written: a checked text, not yet given meaning.
///
/// ```
/// use crds::{ChecksumPolicy, Mapping};
/// let text = "header = {'mapping': 'PIPELINE', 'name': 'my.pmap', 'parkey': ('INSTRUME',), 'derived_from': ''}\n\
///             selector = {'CAMERA': 'my_camera.imap'}\n";
/// let mapping = Mapping::parse("my.pmap", text, ChecksumPolicy::Ignore)?;
/// assert_eq!(mapping.header_text("mapping").as_deref(), Some("pipeline"));
/// # Ok::<(), crds::MappingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Mapping {
    file: String,
    header: Literal,
    comment: Option<String>,
    selector: Literal,
}

impl Mapping {
    /// Parses the text of the mapping `file` and checks its sum.
    ///
    /// # Errors
    /// [`MappingError`] with file, line and column.
    pub fn parse(file: &str, text: &str, policy: ChecksumPolicy) -> Result<Self, MappingError> {
        let text = checksum::universal_newlines(text);
        let syntax = |error| MappingError::Syntax {
            file: file.to_owned(),
            error,
        };
        let mapping = Self::read(file, &text).map_err(syntax)?;
        mapping.require(&["mapping", "parkey", "name", "derived_from"])?;
        if policy != ChecksumPolicy::Ignore
            && let Err(error) = mapping.verify(&text)
        {
            if policy == ChecksumPolicy::Verify {
                return Err(error);
            }
            tracing::warn!("{error}");
        }
        Ok(mapping)
    }

    fn read(file: &str, text: &str) -> Result<Self, SyntaxError> {
        let mut parser = Parser::new(text, &Limits::default())?;
        let (mut header, mut comment, mut selector) = (None, None, None);
        loop {
            parser.skip_newlines()?;
            match parser.peek().kind.clone() {
                TokenKind::End => break,
                // A text that stands alone says something to people only.
                TokenKind::Value(Kind::Str(_)) => {
                    parser.constant()?;
                }
                TokenKind::Name(name)
                    if ["header", "comment", "selector"].contains(&name.as_str()) =>
                {
                    parser.take()?;
                    parser.expect("=")?;
                    let value = parser.literal()?;
                    match name.as_str() {
                        "header" => {
                            header = Some(expect_kind(value, "a dictionary", |k| {
                                matches!(k, Kind::Dict(_))
                            })?);
                        }
                        "comment" => {
                            comment = Some(expect_kind(value, "a string", |k| {
                                matches!(k, Kind::Str(_))
                            })?);
                        }
                        _ => selector = Some(value),
                    }
                }
                _ => return Err(parser.error("`header`, `comment` or `selector`")),
            }
            if !matches!(
                parser.peek().kind,
                TokenKind::Newline | TokenKind::End | TokenKind::Mark(";")
            ) {
                return Err(parser.error("the end of the line"));
            }
        }
        Ok(Self {
            file: file.to_owned(),
            header: header.ok_or_else(|| parser.error("`header = {...}`"))?,
            comment: comment.and_then(|comment| comment.as_str().map(str::to_owned)),
            selector: selector.ok_or_else(|| parser.error("`selector = ...`"))?,
        })
    }

    fn require(&self, keys: &[&'static str]) -> Result<(), MappingError> {
        for key in keys {
            if self.header.get(key).is_none() {
                let file = self.file.clone();
                return Err(MappingError::MissingKey { file, key });
            }
        }
        Ok(())
    }

    fn verify(&self, text: &str) -> Result<(), MappingError> {
        let stated = self
            .header_text("sha1sum")
            .unwrap_or_else(|| "in the header".into());
        let found = sum_of(text);
        if stated == found {
            return Ok(());
        }
        let file = self.file.clone();
        Err(MappingError::Checksum {
            file,
            stated,
            found,
        })
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The comment, if there is one.
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// A value of the header as written.
    pub fn header(&self, key: &str) -> Option<&Literal> {
        self.header.get(key)
    }

    /// A text of the header in lower case, unless it is an expression in parentheses.
    pub fn header_text(&self, key: &str) -> Option<String> {
        let text = self.header.get(key)?.as_str()?;
        if text.starts_with('(') && text.ends_with(')') {
            Some(text.to_owned())
        } else {
            Some(text.to_lowercase())
        }
    }

    /// The rules as written.
    pub fn selector(&self) -> &Literal {
        &self.selector
    }

    /// A list of texts of the header; empty if the key is missing.
    fn header_texts(&self, key: &str) -> Result<Vec<String>, MappingError> {
        let value = self.header.get(key).unwrap_or(&EMPTY);
        let expected = || self.wrong(value, "a tuple of strings", value.describe());
        let items = value.as_sequence().ok_or_else(expected)?;
        let texts: Option<Vec<String>> = items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect();
        texts.ok_or_else(expected)
    }

    fn wrong(
        &self,
        at: &Literal,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> MappingError {
        MappingError::Syntax {
            file: self.file.clone(),
            error: SyntaxError {
                position: at.position,
                expected: expected.into(),
                found: found.into(),
            },
        }
    }
}

fn expect_kind(
    value: Literal,
    expected: &str,
    fits: impl Fn(&Kind) -> bool,
) -> Result<Literal, SyntaxError> {
    if fits(&value.kind) {
        return Ok(value);
    }
    Err(SyntaxError {
        position: value.position,
        expected: expected.into(),
        found: value.describe().into(),
    })
}
