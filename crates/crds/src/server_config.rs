//! The configuration of the server, as it says itself and as the cache keeps it: a Python dictionary as `repr()` writes it.

use std::{collections::HashMap, path::Path};

use serde_json::Value as Json;

use crate::{
    encoding::payload,
    error::Error,
    literal::{Kind, Limits, Literal, SyntaxError, parse_literal},
};

/// What a server knows about a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileInfo {
    /// Size [bytes].
    pub size: Option<u64>,
    /// SHA-1 sum, 40 hexadecimal digits in lower case.
    pub sha1: Option<String>,
}

/// Longest list of files that is unpacked from a configuration [bytes].
const CATALOG_LIMIT: u64 = 1 << 30;

/// Limits of a configuration: the list of all files that is in it grows with the mission.
const LIMITS: Limits = Limits {
    bytes: 256 << 20,
    depth: 64,
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
        let literal = parse_literal(text, &LIMITS)?;
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

    /// Takes over what a server said. `None` if it is no dictionary.
    pub fn from_json(json: &Json) -> Option<Self> {
        json.is_object().then(|| Self(literal_of(json)))
    }

    pub(crate) fn empty() -> Self {
        Self(Kind::Dict(Vec::new()).into())
    }

    /// The text of the file, one entry a line, that the reference client reads.
    ///
    /// ```
    /// let said = serde_json::json!({"observatory": "jwst", "force_remote_mode": 0, "connected": true, "pickle_url": null});
    /// let config = crds::ServerConfig::from_json(&said).unwrap();
    /// let text = "{'observatory': 'jwst',\n 'force_remote_mode': 0,\n 'connected': True,\n 'pickle_url': None}\n";
    /// assert_eq!(config.file_text(), text);
    /// ```
    pub fn file_text(&self) -> String {
        let entries = self.0.entries().unwrap_or_default();
        let lines: Vec<String> = entries
            .iter()
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        format!("{{{}}}\n", lines.join(",\n "))
    }

    /// Sizes and sums of all files, where the server gives them with its configuration; empty if it does not.
    ///
    /// Source: crds 14.0.3 `client.api.get_download_metadata`.
    pub fn catalog(&self) -> HashMap<String, FileInfo> {
        let Some(list) = self.0.get("download_metadata") else {
            return HashMap::new();
        };
        let infos = match list.get("crds_payload").and_then(text_of) {
            Some(text) => match payload("download_metadata", &text, CATALOG_LIMIT) {
                Ok(json) => file_infos(&json),
                Err(error) => {
                    tracing::warn!("{error}");
                    None
                }
            },
            None => json_of(list).as_ref().and_then(file_infos),
        };
        infos.unwrap_or_default()
    }

    /// The address of a file of the observatory: `mapping_url` or `reference_url` and its name.
    pub fn address(&self, observatory: &str, name: &str) -> Option<String> {
        let mapping = [".pmap", ".imap", ".rmap"]
            .iter()
            .any(|ending| name.ends_with(ending));
        let key = if mapping {
            "mapping_url"
        } else {
            "reference_url"
        };
        let addresses = self.0.get(key)?;
        let addresses = addresses.get("unchecked").unwrap_or(addresses);
        let directory = text_of(addresses.get(observatory).unwrap_or(addresses))?;
        Some(joined(&directory, name))
    }

    /// True if the server wants to select references itself.
    pub fn forces_remote_mode(&self) -> bool {
        let forced = self.0.get("force_remote_mode").map(|value| &value.kind);
        matches!(forced, Some(Kind::Bool(true)))
            || matches!(forced, Some(Kind::Int(number)) if *number != 0)
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

/// A directory's address and a name, with the blanks that a name may have encoded.
pub(crate) fn joined(directory: &str, name: &str) -> String {
    let slash = if directory.ends_with('/') { "" } else { "/" };
    format!("{directory}{slash}{}", name.replace(' ', "%20"))
}

/// The files of a dictionary by name; those that the server does not know are left out. `None` if it is no dictionary.
pub(crate) fn file_infos(json: &Json) -> Option<HashMap<String, FileInfo>> {
    let entries = json.as_object()?.iter();
    let infos = entries.filter_map(|(name, info)| {
        let info = info.as_object()?;
        let size = info.get("size").and_then(|size| match size {
            Json::String(text) => text.trim().parse().ok(),
            number => number.as_u64(),
        });
        let sha1 = info.get("sha1sum").and_then(Json::as_str).and_then(digits);
        Some((name.clone(), FileInfo { size, sha1 }))
    });
    Some(infos.collect())
}

fn digits(text: &str) -> Option<String> {
    let sum = text.trim().to_ascii_lowercase();
    (sum.len() == 40 && sum.bytes().all(|c| c.is_ascii_hexdigit())).then_some(sum)
}

fn literal_of(json: &Json) -> Literal {
    let kind = match json {
        Json::Null => Kind::None,
        Json::Bool(flag) => Kind::Bool(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Kind::Int(value),
            None => Kind::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Kind::Str(text.clone()),
        Json::Array(items) => Kind::List(items.iter().map(literal_of).collect()),
        Json::Object(entries) => {
            let entry =
                |(key, value): (&String, &Json)| (Kind::Str(key.clone()).into(), literal_of(value));
            Kind::Dict(entries.iter().map(entry).collect())
        }
    };
    kind.into()
}

/// Dictionaries, texts and numbers only; that is what a list of files consists of.
fn json_of(literal: &Literal) -> Option<Json> {
    Some(match &literal.kind {
        Kind::Str(text) => text.clone().into(),
        Kind::Int(value) => (*value).into(),
        Kind::Dict(_) => {
            let entries = literal.entries()?;
            let entry = |(key, value): (&Literal, &Literal)| {
                Some((
                    key.as_str()?.to_owned(),
                    json_of(value).unwrap_or(Json::Null),
                ))
            };
            Json::Object(entries.into_iter().filter_map(entry).collect())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_comes_back_from_the_file() {
        let said = serde_json::json!({
            "observatory": "jwst", "force_remote_mode": false, "bad_files_list": ["a.fits", "it's.fits"],
            "mapping_url": {"jwst": "https://x/m/"}, "reference_url": {"unchecked": {"jwst": "https://x/r"}},
            "download_metadata": {"a.fits": {"size": "12", "sha1sum": "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"},
                                  "b.fits": {"size": 3, "sha1sum": "none"}, "c.fits": "NOT FOUND unknown"},
        });
        let config = ServerConfig::from_json(&said).expect("a dictionary");
        let back = ServerConfig::parse(&config.file_text()).expect("a configuration");
        assert_eq!(back, config);
        assert_eq!(back.bad_files(), ["a.fits", "it's.fits"]);
        let catalog = back.catalog();
        assert_eq!(catalog.len(), 2);
        assert_eq!(catalog["a.fits"].size, Some(12));
        let sum = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        assert_eq!(catalog["a.fits"].sha1.as_deref(), Some(sum));
        assert_eq!(catalog["b.fits"].sha1, None);
        let address = |name| back.address("jwst", name);
        assert_eq!(address("a.rmap").as_deref(), Some("https://x/m/a.rmap"));
        assert_eq!(
            address("a b.fits").as_deref(),
            Some("https://x/r/a%20b.fits")
        );
        assert!(!back.forces_remote_mode());
    }

    #[test]
    fn sizes_that_are_none_are_unknown() {
        let said = serde_json::json!({"a": {"size": "-1"}, "b": {"size": 1e30}, "c": {"size": "99999999999999999999"}});
        let infos = file_infos(&said).expect("a dictionary");
        assert!(infos.values().all(|info| info.size.is_none()));
    }
}
