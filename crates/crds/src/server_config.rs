//! The cached configuration of the server: a Python dictionary as `repr()` writes it.

use std::path::Path;

use crate::{
    error::Error,
    literal::{Kind, Limits, Literal, SyntaxError, parse_literal},
};

/// What the server said about itself when the cache was last updated.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerConfig(Literal);

impl ServerConfig {
    /// Parses the text of `server_config`.
    ///
    /// ```
    /// let text = "{'latest_context': 'jwst_0001.pmap', 'bad_files_list': [b'a.fits'], 'at': datetime.datetime(2024, 1, 1)}";
    /// let config = crds::ServerConfig::parse(text)?;
    /// assert_eq!(config.latest_context(), Some("jwst_0001.pmap".into()));
    /// assert_eq!(config.bad_files(), ["a.fits"]);
    /// # Ok::<(), crds::literal::SyntaxError>(())
    /// ```
    ///
    /// # Errors
    /// [`SyntaxError`] if the text is not one dictionary.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let literal = parse_literal(text, &Limits::default())?;
        // A configuration may have been written by name: ConfigInfo({...}).
        let dictionary = match literal.kind {
            Kind::Call(_, mut arguments) if arguments.len() == 1 => arguments.remove(0),
            _ => literal,
        };
        if matches!(dictionary.kind, Kind::Dict(_)) {
            return Ok(Self(dictionary));
        }
        Err(SyntaxError {
            position: dictionary.position,
            expected: "a dictionary".into(),
            found: dictionary.describe().into(),
        })
    }

    /// Reads the file, if it exists.
    ///
    /// # Errors
    /// [`Error::Read`] and [`Error::ServerConfig`].
    pub fn read(path: &Path) -> Result<Option<Self>, Error> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let path = path.to_owned();
                return Err(Error::Read { path, error });
            }
        };
        let config = Self::parse(&text).map_err(|error| Error::ServerConfig {
            path: path.to_owned(),
            error,
        })?;
        Ok(Some(config))
    }

    /// A text under a key.
    pub fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).and_then(text_of)
    }

    /// The context in general use.
    pub fn latest_context(&self) -> Option<String> {
        self.text("latest_context")
            .or_else(|| self.text("operational_context"))
    }

    /// The names of files that are marked as scientifically invalid.
    pub fn bad_files(&self) -> Vec<String> {
        let files = self.0.get("bad_files_list").and_then(Literal::as_sequence);
        files.into_iter().flatten().filter_map(text_of).collect()
    }

    /// Everything, as a literal.
    pub fn literal(&self) -> &Literal {
        &self.0
    }
}

/// A string, or bytes of one.
fn text_of(literal: &Literal) -> Option<String> {
    match &literal.kind {
        Kind::Str(text) => Some(text.clone()),
        Kind::Bytes(octets) => String::from_utf8(octets.clone()).ok(),
        _ => None,
    }
}
