//! Requests over HTTP: limits of time and size, repetition.

use std::{
    io::{Read, Result as IoResult},
    thread::sleep,
    time::Duration,
};

use serde_json::Value as Json;
use ureq::{Agent, Body, Error as HttpError, Proxy, http::Response};

use crate::network::{Network, NetworkError, Proxies};

/// A file on its way.
pub(crate) struct Incoming {
    /// The place in the file of the first byte: the one asked for, or 0 if the server sends all of it.
    pub(crate) offset: u64,
    body: ureq::BodyReader<'static>,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        self.body.read(buffer)
    }
}

/// How calls and files are asked for by one way.
#[derive(Debug)]
struct Agents {
    /// The URL of the proxy, if there is one.
    proxy: Option<String>,
    calls: Agent,
    files: Agent,
}

#[derive(Debug)]
pub(crate) struct Transport {
    /// The direct way first.
    ways: Vec<Agents>,
    network: Network,
}

/// Bytes read from a connection at a time.
const BUFFER: usize = 2 << 20;

impl Agents {
    fn new(network: &Network, proxy: Option<&str>) -> Result<Self, NetworkError> {
        let url = proxy.map(str::to_owned);
        let proxy = proxy
            .map(|url| {
                Proxy::new(url).map_err(|_| NetworkError::Setting {
                    expected: "the URL of a proxy",
                    found: url.to_owned(),
                })
            })
            .transpose()?;
        let builder = || {
            Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(8)
                .user_agent(concat!("crds-rs/", env!("CARGO_PKG_VERSION")))
                .timeout_resolve(Some(network.connect_timeout))
                .timeout_connect(Some(network.connect_timeout))
                .max_idle_connections_per_host(network.connections.max(1))
                // Without one, too: the library would look into the environment.
                .proxy(proxy.clone())
        };
        let calls = builder().timeout_global(Some(network.call_timeout));
        let files = builder()
            .accept_encoding("identity")
            .input_buffer_size(BUFFER)
            .timeout_recv_response(Some(network.idle_timeout))
            .timeout_per_read(Some(network.idle_timeout))
            .timeout_per_write(Some(network.idle_timeout));
        Ok(Self {
            proxy: url,
            calls: calls.build().new_agent(),
            files: files.build().new_agent(),
        })
    }
}

impl Transport {
    pub(crate) fn new(network: &Network) -> Result<Self, NetworkError> {
        let Proxies { http, https, .. } = &network.proxies;
        let mut ways = vec![Agents::new(network, None)?];
        for proxy in [http, https].into_iter().flatten() {
            ways.push(Agents::new(network, Some(proxy))?);
        }
        Ok(Self {
            ways,
            network: network.clone(),
        })
    }

    /// The way to a URL: through the proxy that is for it, or directly.
    fn way(&self, url: &str) -> &Agents {
        let proxy = self.network.proxies.of(url);
        let mut ways = self.ways.iter();
        let found = ways.find(|way| way.proxy.as_deref() == proxy);
        found.unwrap_or(&self.ways[0])
    }

    /// Posts a text of JSON and reads JSON, with repetition.
    pub(crate) fn post(&self, url: &str, text: &str, what: &str) -> Result<Json, NetworkError> {
        let mut attempt = 0;
        loop {
            let error = match self.post_once(url, text, what) {
                Err(error) if error.is_transient() => error,
                done => return done,
            };
            attempt += 1;
            if attempt >= self.network.attempts {
                return Err(error);
            }
            tracing::debug!("attempt {attempt}: {error}");
            sleep(jittered(self.network.pause(attempt)));
        }
    }

    fn post_once(&self, url: &str, text: &str, what: &str) -> Result<Json, NetworkError> {
        let request = self
            .way(url)
            .calls
            .post(url)
            .content_type("application/json")
            .send(text);
        let response = accepted(url, request)?;
        let limit = self.network.reply_limit;
        let mut reply = Vec::new();
        response
            .into_body()
            .into_reader()
            .take(limit + 1)
            .read_to_end(&mut reply)
            .map_err(|error| NetworkError::Unreachable {
                url: url.to_owned(),
                reason: error.to_string(),
            })?;
        if reply.len() as u64 > limit {
            return Err(NetworkError::TooLarge {
                what: what.to_owned(),
                limit,
                found: "a longer reply".into(),
            });
        }
        // The parser refuses more than 128 levels of nesting.
        serde_json::from_slice(&reply).map_err(|error| NetworkError::Reply {
            what: what.to_owned(),
            expected: "JSON".into(),
            found: error.to_string(),
        })
    }

    /// Asks once for a file from `offset` on.
    pub(crate) fn get(&self, url: &str, offset: u64) -> Result<Incoming, NetworkError> {
        let files = &self.way(url).files;
        let mut request = files.get(url);
        if offset > 0 {
            request = request.header("Range", format!("bytes={offset}-"));
        }
        let response = request.call();
        let response = match response {
            // Nothing is left from there on: begin anew.
            Ok(response) if offset > 0 && response.status() == 416 => {
                accepted(url, files.get(url).call())?
            }
            response => accepted(url, response)?,
        };
        let offset = if response.status() == 206 {
            let range = response.headers().get("content-range");
            range
                .and_then(|range| first_byte(range.to_str().ok()?))
                .ok_or_else(|| NetworkError::Reply {
                    what: url.to_owned(),
                    expected: "the range that was asked for".into(),
                    found: format!("{range:?}"),
                })?
        } else {
            0
        };
        let body = response.into_body().into_reader();
        Ok(Incoming { offset, body })
    }
}

/// The first byte of `bytes FIRST-LAST/SIZE`.
fn first_byte(range: &str) -> Option<u64> {
    let range = range.trim().strip_prefix("bytes")?.trim_start();
    range.split('-').next()?.trim().parse().ok()
}

fn accepted(
    url: &str,
    response: Result<Response<Body>, HttpError>,
) -> Result<Response<Body>, NetworkError> {
    match response {
        Ok(response) if response.status().is_success() => Ok(response),
        Ok(response) => Err(NetworkError::Status {
            url: url.to_owned(),
            status: response.status().as_u16(),
        }),
        Err(error) => Err(NetworkError::Unreachable {
            url: url.to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// Spreads the attempts of many processes: between half of the pause and all of it.
pub(super) fn jittered(pause: Duration) -> Duration {
    let clock = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |time| time.subsec_nanos());
    let part = f64::from(clock.wrapping_mul(2_654_435_761) >> 16) / 65536.0;
    pause.mul_f64(0.5 + part / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_replies() {
        assert_eq!(first_byte("bytes 10-19/20"), Some(10));
        assert_eq!(first_byte("bytes */20"), None);
        assert_eq!(first_byte("lines 1-2/3"), None);
    }

    #[test]
    fn pauses_are_spread_within_bounds() {
        for _ in 0..100 {
            let pause = jittered(Duration::from_secs(2));
            assert!(pause >= Duration::from_secs(1) && pause <= Duration::from_secs(2));
        }
    }
}
