//! The server: calls, and files.
//!
//! A call is a POST of JSON to `URL/json/METHOD/ID/`, its reply a dictionary with `result` and `error`. Whatever a
//! server says is checked before anyone sees it: sizes and nesting have limits, names are plain file names.
//! Source: crds 14.0.3 `client.proxy` and `client.api`.

mod transport;

use std::{
    collections::{BTreeMap, HashMap},
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::{Value as Json, json};

pub(crate) use transport::Incoming;
use transport::{Transport, jittered};

use crate::{
    encoding::{encoded, payload, unescaped},
    engine::BestReference,
    mapping::is_file_name,
    network::{Network, NetworkError},
    server_config::{FileInfo, ServerConfig, file_infos},
    store::is_mapping,
    value::{Parameters, Value},
};

/// A connection to a server. Sharing between threads is safe.
///
/// ```no_run
/// let server = crds::Server::new("https://jwst-crds.stsci.edu", &crds::Network::default())?;
/// println!("{:?}", server.info()?.latest_context());
/// # Ok::<(), crds::NetworkError>(())
/// ```
#[derive(Debug)]
pub struct Server {
    url: String,
    transport: Transport,
    payload_limit: u64,
    calls: AtomicU64,
}

impl Server {
    /// A server at `url`; nothing is sent yet.
    ///
    /// # Errors
    /// [`NetworkError::Setting`] if the URL or the proxy is none.
    pub fn new(url: &str, network: &Network) -> Result<Self, NetworkError> {
        if !(url.starts_with("https://") || url.starts_with("http://")) {
            return Err(NetworkError::Setting {
                expected: "the URL of a server (https://...)",
                found: url.to_owned(),
            });
        }
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            transport: Transport::new(network)?,
            payload_limit: network.payload_limit,
            calls: AtomicU64::new(0),
        })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes a call and gives its result, unpacked.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn call(&self, method: &str, parameters: &Json) -> Result<Json, NetworkError> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let id = format!("crds-rs-{}-{number:08x}", std::process::id());
        let request = json!({"jsonrpc": "1.0", "method": method, "params": parameters, "id": id});
        let url = format!("{}/json/{method}/{id}/", self.url);
        let mut reply = self.transport.post(&url, &request.to_string(), method)?;
        let error = reply.get("error").unwrap_or(&Json::Null);
        if !is_nothing(error) {
            let words = error.get("message").unwrap_or(error);
            let words = words
                .as_str()
                .map_or_else(|| words.to_string(), str::to_owned);
            return Err(NetworkError::Service {
                method: method.to_owned(),
                message: unescaped(&words).chars().take(2000).collect(),
            });
        }
        let result = reply
            .get_mut("result")
            .map(Json::take)
            .ok_or_else(|| wrong(method, "a reply with `result`", &reply))?;
        match encoded(&result) {
            Some(text) => payload(method, text, self.payload_limit),
            None => Ok(result),
        }
    }

    /// What the server says about itself: contexts, addresses of files, files marked as bad, sizes and sums of all files.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn info(&self) -> Result<ServerConfig, NetworkError> {
        let method = "get_server_info";
        // The payload in here stays packed: it is large and seldom needed.
        let mut info = self.call(method, &json!([]))?;
        let Json::Object(entries) = &mut info else {
            return Err(wrong(method, "a dictionary", &info));
        };
        for key in ["reference_url", "mapping_url", "config_url", "pickle_url"] {
            if let Some(addresses) = entries.get_mut(key)
                && let Some(unchecked) = addresses.get_mut("unchecked")
            {
                *addresses = unchecked.take();
            }
        }
        entries.insert("server".into(), self.url.clone().into());
        entries.insert("status".into(), "server".into());
        entries.insert("connected".into(), true.into());
        ServerConfig::from_json(&info).ok_or_else(|| wrong(method, "a dictionary", &info))
    }

    /// The context for a version of the calibration program.
    ///
    /// # Errors
    /// [`NetworkError`]; `Service` if the server knows none.
    pub fn build_context(&self, observatory: &str, version: &str) -> Result<String, NetworkError> {
        self.context("get_build_context", &json!([observatory, version]))
    }

    /// The context that was in use at a date, `OBSERVATORY-YYYY-MM-DDThh:mm:ss`.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn context_by_date(&self, date: &str, observatory: &str) -> Result<String, NetworkError> {
        self.context("get_context_by_date", &json!([date, observatory]))
    }

    fn context(&self, method: &str, parameters: &Json) -> Result<String, NetworkError> {
        let reply = self.call(method, parameters)?;
        match reply.as_str() {
            Some(name) if is_file_name(name) && is_mapping(name) => Ok(name.to_owned()),
            _ => Err(wrong(method, "the name of a context", &reply)),
        }
    }

    /// All mappings of a context.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn mapping_names(&self, context: &str) -> Result<Vec<String>, NetworkError> {
        self.names("get_mapping_names", context)
    }

    /// All references that the rules of a context name.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn reference_names(&self, context: &str) -> Result<Vec<String>, NetworkError> {
        let mut names = self.names("get_reference_names", context)?;
        names.retain(|name| !matches!(name.to_lowercase().as_str(), "undefined"));
        Ok(names)
    }

    fn names(&self, method: &str, context: &str) -> Result<Vec<String>, NetworkError> {
        let reply = self.call(method, &json!([context]))?;
        let items = reply
            .as_array()
            .ok_or_else(|| wrong(method, "a list of names", &reply))?;
        let names = items.iter().map(|item| plain_name(method, item)).collect();
        // Parity: crds/client/api.py: entries such as "NOT FOUND n/a" are passed over.
        let special = |name: &Result<String, _>| !matches!(name, Ok(name) if name == "N/A");
        let names: Vec<Result<String, NetworkError>> = names;
        names.into_iter().filter(special).collect()
    }

    /// Sizes and sums of files; without `files` of all that the server has.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn file_infos(
        &self,
        observatory: &str,
        files: Option<&[&str]>,
    ) -> Result<HashMap<String, FileInfo>, NetworkError> {
        let method = "get_file_info_map";
        let parameters = json!([observatory, files, ["sha1sum", "size"]]);
        let reply = self.call(method, &parameters)?;
        file_infos(&reply).ok_or_else(|| wrong(method, "a dictionary of files", &reply))
    }

    /// What the server's own rules say.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn best_references(
        &self,
        context: &str,
        parameters: &Parameters,
        types: Option<&[&str]>,
    ) -> Result<BTreeMap<String, BestReference>, NetworkError> {
        let method = "get_best_references";
        let header: serde_json::Map<String, Json> = parameters
            .iter()
            .filter_map(|(key, value)| Some((key.to_owned(), python_text(value)?.into())))
            .collect();
        let reply = self.call(method, &json!([context, header, types]))?;
        let answers = reply
            .as_object()
            .ok_or_else(|| wrong(method, "a dictionary of answers", &reply))?;
        let answer = |(kind, answer): (&String, &Json)| {
            let found = answer_of(method, answer).transpose()?;
            Some(found.map(|found| (kind.to_lowercase(), found)))
        };
        answers.iter().filter_map(answer).collect()
    }

    /// A file from its `offset` on.
    pub(crate) fn file(&self, url: &str, offset: u64) -> Result<Incoming, NetworkError> {
        self.transport.get(url, offset)
    }
}

/// The pause before attempt `attempt`, counted from 0, different for every process.
pub(crate) fn pause_before(network: &Network, attempt: u32) -> std::time::Duration {
    jittered(network.pause(attempt))
}

/// True for what Python holds to be false.
fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(flag) => !flag,
        Json::String(text) => text.is_empty(),
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
    }
}

fn wrong(what: &str, expected: &str, found: &Json) -> NetworkError {
    NetworkError::Reply {
        what: what.to_owned(),
        expected: expected.to_owned(),
        found: found.to_string().chars().take(80).collect(),
    }
}

/// A name that cannot lead out of a cache.
fn plain_name(what: &str, value: &Json) -> Result<String, NetworkError> {
    match value.as_str() {
        Some(name) if is_file_name(name) => Ok(name.to_owned()),
        Some(name) if is_special(name) => Ok("N/A".to_owned()),
        _ => Err(wrong(what, "the name of a file", value)),
    }
}

fn is_special(name: &str) -> bool {
    name.starts_with("NOT FOUND") || name.eq_ignore_ascii_case("n/a")
}

/// `None` for a type that the rules omit.
fn answer_of(what: &str, answer: &Json) -> Result<Option<BestReference>, NetworkError> {
    Ok(Some(match answer {
        Json::Array(items) => {
            let names: Result<Vec<_>, _> =
                items.iter().map(|item| plain_name(what, item)).collect();
            BestReference::Files(names?)
        }
        Json::String(text) if text.to_lowercase().contains("n/a") => BestReference::NotApplicable,
        Json::String(text) if text.starts_with("NOT FOUND") => {
            let reason = text["NOT FOUND".len()..].trim_start_matches([' ', ':']);
            BestReference::NotFound(reason.to_owned())
        }
        Json::String(text) if text.eq_ignore_ascii_case("omit") => return Ok(None),
        answer => BestReference::File(plain_name(what, answer)?),
    }))
}

/// The value as Python's `str()` writes it.
fn python_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Number(number) => Some(crate::literal::python_float(*number)),
        Value::Flag(true) => Some("True".into()),
        Value::Flag(false) => Some("False".into()),
        Value::Missing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_a_server() {
        let of = |json: Json| answer_of("x", &json);
        assert_eq!(
            of("a.fits".into()),
            Ok(Some(BestReference::File("a.fits".into())))
        );
        assert_eq!(
            of("NOT FOUND n/a".into()),
            Ok(Some(BestReference::NotApplicable))
        );
        assert_eq!(
            of("NOT FOUND No match found.".into()),
            Ok(Some(BestReference::NotFound("No match found.".into())))
        );
        assert_eq!(
            of(json!(["a.fits", "b.fits"])),
            Ok(Some(BestReference::Files(vec![
                "a.fits".into(),
                "b.fits".into()
            ])))
        );
        assert!(of("../a.fits".into()).is_err());
        assert!(of(json!(["/etc/a.fits"])).is_err());
        assert!(of(json!(1)).is_err());
    }

    #[test]
    fn a_url_is_needed() {
        assert!(Server::new("ftp://somewhere", &Network::default()).is_err());
        let server =
            Server::new("https://somewhere/", &Network::default()).expect("a good address");
        assert_eq!(server.url(), "https://somewhere");
    }
}
