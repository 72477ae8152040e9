//! How to talk to a server, and what can go wrong with it.

use std::{collections::BTreeMap, time::Duration};

use thiserror::Error;

/// Settings of the connection to a server. The limits hold for what a server says, which is never trusted.
///
/// ```
/// let network = crds::Network::default();
/// assert!(network.attempts > 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// How often a request is made before it counts as failed; at least once.
    pub attempts: u32,
    /// Pause before the second attempt; it doubles with every further one, up to 30 s.
    pub delay: Duration,
    /// Longest time to connect.
    pub connect_timeout: Duration,
    /// Longest time for a call with its reply.
    pub call_timeout: Duration,
    /// Longest time without a byte of a file that is being fetched.
    pub idle_timeout: Duration,
    /// How many files are fetched at a time; at least one.
    pub connections: usize,
    /// The proxies that lie between.
    pub proxies: Proxies,
    /// Longest reply to a call [bytes].
    pub reply_limit: u64,
    /// Longest reply after decompression [bytes].
    pub payload_limit: u64,
    /// Largest file that is fetched [bytes].
    pub file_limit: u64,
    /// How long a lock may show no sign of life before it counts as left behind.
    pub lock_patience: Duration,
}

/// Proxies by the scheme of what is asked for, and hosts that are asked without one.
///
/// ```
/// let variables = [("HTTPS_PROXY", "http://gate:3128"), ("NO_PROXY", "localhost, .example.org")];
/// let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
/// let proxies = crds::Proxies::from_map(&variables);
/// assert_eq!(proxies.of("https://jwst-crds.stsci.edu/json/"), Some("http://gate:3128"));
/// assert_eq!(proxies.of("https://crds.example.org/"), None);
/// assert_eq!(proxies.of("http://jwst-crds.stsci.edu/"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxies {
    /// URL of the proxy for `http:`.
    pub http: Option<String>,
    /// URL of the proxy for `https:`.
    pub https: Option<String>,
    /// Hosts, domains or `HOST:PORT` that are asked directly; `*` for all.
    pub except: Vec<String>,
}

impl Proxies {
    /// The proxies of `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; a name in lower case comes before one in upper case.
    pub fn from_map(variables: &BTreeMap<String, String>) -> Self {
        let get = |name: &str| {
            let names = [name.to_owned(), name.to_uppercase()];
            let values = names.iter().filter_map(|name| variables.get(name));
            let mut values = values.map(|value| value.trim());
            values.find(|value| !value.is_empty()).map(str::to_owned)
        };
        let all = get("all_proxy");
        let except = get("no_proxy").unwrap_or_default();
        let except = except.split(',').map(str::trim);
        Self {
            http: get("http_proxy").or_else(|| all.clone()),
            https: get("https_proxy").or(all),
            except: except
                .filter(|host| !host.is_empty())
                .map(str::to_lowercase)
                .collect(),
        }
    }

    /// The proxy by which a URL is asked for.
    pub fn of(&self, url: &str) -> Option<&str> {
        let (scheme, rest) = url.split_once("://")?;
        let proxy = match scheme {
            "http" => &self.http,
            "https" => &self.https,
            _ => &None,
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let address = authority.rsplit('@').next().unwrap_or(authority);
        let address = address.to_lowercase();
        proxy.as_deref().filter(|_| !self.excepts(&address))
    }

    fn excepts(&self, address: &str) -> bool {
        // The colons of an address of the sixth version are in brackets.
        let is_port = |port: &str| port.bytes().all(|octet| octet.is_ascii_digit());
        let parts = address.rsplit_once(':').filter(|(_, port)| is_port(port));
        let host = parts.map_or(address, |(host, _)| host);
        self.except.iter().any(|entry| {
            let domain = entry.strip_prefix('*').unwrap_or(entry);
            let domain = domain.strip_prefix('.').unwrap_or(domain);
            let is_inside = |host: &str| {
                let rest = host.strip_suffix(domain);
                rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            entry == "*" || (!domain.is_empty() && (is_inside(host) || is_inside(address)))
        })
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            attempts: 4,
            delay: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_mins(2),
            idle_timeout: Duration::from_mins(1),
            connections: 6,
            proxies: Proxies::default(),
            reply_limit: 64 << 20,
            payload_limit: 256 << 20,
            file_limit: 1 << 40,
            lock_patience: Duration::from_mins(1),
        }
    }
}

impl Network {
    /// The pause before attempt `attempt`, counted from 0.
    pub(crate) fn pause(&self, attempt: u32) -> Duration {
        if attempt == 0 {
            return Duration::ZERO;
        }
        let doubled = self.delay.saturating_mul(1 << (attempt - 1).min(16));
        doubled.min(Duration::from_secs(30))
    }
}

/// True if the URL says that there is no server, in the way that the reference client understands.
///
/// Source: crds 14.0.3 `client.proxy.ServiceCallBinding._call`.
pub(crate) fn is_serverless(url: &str) -> bool {
    url.is_empty() || url.contains("serverless") || url.contains("server-less")
}

/// A server that could not be asked, or that gave an answer that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// No answer.
    #[error("no answer from {url}: {reason}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        reason: String,
    },
    /// An answer with a status other than success.
    #[error("{url}: expected a file or a reply, found HTTP status {status}")]
    Status {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
    },
    /// The server understood the call and refuses it.
    #[error("the server answers the call {method}: {message}")]
    Service {
        /// The call.
        method: String,
        /// Its words.
        message: String,
    },
    /// A reply that does not say what it has to.
    #[error("{what}: expected {expected}, found {found}")]
    Reply {
        /// The call or the file.
        what: String,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A reply or a file beyond the limits.
    #[error("{what}: expected at most {limit} bytes, found {found}")]
    TooLarge {
        /// The call or the file.
        what: String,
        /// The limit.
        limit: u64,
        /// What was found.
        found: String,
    },
    /// A setting of the connection that cannot be used.
    #[error("expected {expected}, found {found:?}")]
    Setting {
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
}

impl NetworkError {
    /// True if asking again may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Reply { .. } => true,
            Self::Status { status, .. } => *status >= 500 || matches!(status, 408 | 425 | 429),
            Self::Service { .. } | Self::TooLarge { .. } | Self::Setting { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        let network = Network::default();
        let pauses: Vec<u64> = [0, 1, 2, 3, 40]
            .map(|attempt| network.pause(attempt).as_millis() as u64)
            .to_vec();
        assert_eq!(pauses, [0, 500, 1000, 2000, 30_000]);
    }

    #[test]
    fn proxies_are_by_scheme_and_host() {
        let of = |items: &[(&str, &str)], url: &str| {
            let pairs = items
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let proxies = Proxies::from_map(&pairs.collect());
            proxies.of(url).map(str::to_owned)
        };
        let all = [("ALL_PROXY", "a"), ("http_proxy", "h"), ("HTTP_PROXY", "H")];
        assert_eq!(of(&all, "https://x/"), Some("a".to_owned()));
        assert_eq!(of(&all, "http://x/"), Some("h".to_owned()));
        assert_eq!(of(&[("HTTP_PROXY", " ")], "http://x/"), None);
        for (except, url, direct) in [
            ("*", "http://x/", true),
            ("a.org", "http://a.org:8080/b", true),
            ("a.org", "http://crds.A.org/", true),
            ("a.org", "http://ba.org/", false),
            (".a.org,c", "http://c/", true),
            ("*.a.org", "http://b.a.org?x", true),
            ("a:81", "http://user:word@a:81/", true),
            ("a:81", "http://a/", false),
            ("[::1]", "http://[::1]:80/", true),
            ("", "http://x/", false),
        ] {
            let found = of(&[("HTTP_PROXY", "p"), ("NO_PROXY", except)], url);
            assert_eq!(found.is_none(), direct, "{except} {url}");
        }
    }

    #[test]
    fn serverless_urls() {
        assert!(is_serverless("https://jwst-serverless.stsci.edu"));
        assert!(is_serverless("https://crds-serverless-mode.stsci.edu"));
        assert!(!is_serverless("https://jwst-crds.stsci.edu"));
    }
}
