//! Catalogues of astrometric services, asked over the network.
//!
//! Source: stcal 1.20.0 `tweakreg.astrometric_utils`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Catalogues that the service of the Space Telescope Science Institute has.
pub const SERVICE_CATALOGS: [&str; 4] = ["GAIAREFCAT", "GAIADR3", "GAIADR2", "GAIADR1"];

/// The service, unless the environment variable `ASTROMETRIC_CATALOG_URL` names another.
const SERVICE: &str = "https://gsss.stsci.edu/webservices";
/// Longest time for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longest answer \[bytes\].
const LIMIT: u64 = 256 << 20;
/// How long an answer is good for.
const FRESH: Duration = Duration::from_hours(30 * 24);

/// What is asked for: sources around a direction, at their places at an epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct ConeSearch {
    /// The catalogue.
    pub catalog: String,
    /// Right ascension and declination of the middle \[deg\].
    pub center_deg: [f64; 2],
    /// Radius \[deg\].
    pub radius_deg: f64,
    /// Decimal year.
    pub epoch: f64,
}

impl ConeSearch {
    /// The part of a URL behind the question mark.
    fn query(&self) -> String {
        let [ra, dec] = self.center_deg;
        format!(
            "RA={ra}&DEC={dec}&EPOCH={}&SR={}&FORMAT=CSV&CAT={}",
            self.epoch, self.radius_deg, self.catalog
        )
    }
}

/// The service cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// No answer.
    #[error(
        "Could not connect to the VO API server. Try again later, or give a file to abs_refcat. No answer from {url}: {reason}"
    )]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        reason: String,
    },
    /// An answer that is no catalogue.
    #[error("{url}: expected a catalogue, found {found}")]
    Answer {
        /// What was asked.
        url: String,
        /// What came.
        found: String,
    },
}

/// A service that knows sources and their places on the sky.
pub trait AstrometricService: fmt::Debug + Send + Sync {
    /// The sources of a part of the sky, as comma-separated values.
    ///
    /// # Errors
    /// There is no answer, or none that can be used.
    fn search(&self, search: &ConeSearch) -> Result<String, ServiceError>;
}

/// The service on the network. It keeps answers in a directory and asks again after a month; if it cannot be reached, the
/// old answer serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebService {
    /// What the URL begins with.
    pub url: String,
    /// Where answers are kept.
    pub cache: Option<PathBuf>,
    /// Longest time for an answer.
    pub timeout: Duration,
}

impl WebService {
    /// The service that the environment names. Answers are kept below `ASTROMETRIC_CATALOG_CACHE`, or `XDG_CACHE_HOME`, or
    /// the directory `.cache` of the user.
    pub fn from_env() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let path = |name: &str| text(name).map(PathBuf::from);
        let users =
            || path("XDG_CACHE_HOME").or_else(|| path("HOME").map(|home| home.join(".cache")));
        Self {
            url: text("ASTROMETRIC_CATALOG_URL").unwrap_or_else(|| SERVICE.to_string()),
            cache: path("ASTROMETRIC_CATALOG_CACHE")
                .or_else(|| users().map(|cache| cache.join("jwst").join("astrometric"))),
            timeout: TIMEOUT,
        }
    }

    fn fetch(&self, url: &str) -> Result<String, ServiceError> {
        let unreachable = |error: ureq::Error| ServiceError::Unreachable {
            url: url.to_string(),
            reason: error.to_string(),
        };
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(self.timeout))
            .build()
            .new_agent();
        let mut response = agent
            .get(url)
            .header("Content-Type", "text/csv")
            .call()
            .map_err(unreachable)?;
        response
            .body_mut()
            .with_config()
            .limit(LIMIT)
            .read_to_string()
            .map_err(unreachable)
    }

    /// Where the answer to a query is kept, and whether it is still good.
    fn kept(&self, query: &str) -> Option<(PathBuf, bool)> {
        let name: String = query
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() || ".=-".contains(letter) {
                    letter
                } else {
                    '_'
                }
            })
            .collect();
        let path = self.cache.as_ref()?.join(format!("{name}.csv"));
        let modified = path.metadata().and_then(|metadata| metadata.modified());
        // A file from the future is as new as can be.
        let fresh = modified.is_ok_and(|modified| modified.elapsed().unwrap_or_default() < FRESH);
        Some((path, fresh))
    }
}

impl AstrometricService for WebService {
    fn search(&self, search: &ConeSearch) -> Result<String, ServiceError> {
        let query = search.query();
        let url = format!("{}/vo/CatalogSearch.aspx?{query}", self.url);
        let kept = self.kept(&query);
        let read = |path: &PathBuf| std::fs::read_to_string(path).ok();
        if let Some((path, true)) = &kept
            && let Some(answer) = read(path)
        {
            tracing::info!(
                "Using the answer of {url} that is kept in {}",
                path.display()
            );
            return Ok(answer);
        }
        match self.fetch(&url) {
            Ok(answer) => {
                check(&answer, &url)?;
                if let Some((path, _)) = &kept {
                    keep(path, &answer);
                }
                Ok(answer)
            }
            Err(error) => match kept.and_then(|(path, _)| read(&path).map(|answer| (path, answer)))
            {
                Some((path, answer)) => {
                    tracing::warn!("{error}. Using the old answer in {}", path.display());
                    Ok(answer)
                }
                None => Err(error),
            },
        }
    }
}

/// An answer that is a page and no catalogue must not be kept.
fn check(answer: &str, url: &str) -> Result<(), ServiceError> {
    let first = answer
        .lines()
        .find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    match first {
        Some(line) if line.trim_start().starts_with('<') => Err(ServiceError::Answer {
            url: url.to_string(),
            found: line.trim().chars().take(60).collect(),
        }),
        _ => Ok(()),
    }
}

/// Keeps an answer; without a place for it, it is asked for again the next time.
fn keep(path: &std::path::Path, answer: &str) {
    let written = path
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| {
            let temporary = path.with_extension(format!("{}.part", std::process::id()));
            std::fs::write(&temporary, answer)?;
            std::fs::rename(&temporary, path)
        });
    if let Err(error) = written {
        tracing::warn!(
            "The catalogue cannot be kept in {}: {error}",
            path.display()
        );
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    const ANSWER: &str = "ra,dec,mag,objID,epoch,pmra,pmdec\n80.5,-69.5,18.0,7,2016.0,1.0,2.0\n";

    fn search() -> ConeSearch {
        ConeSearch {
            catalog: "GAIADR3".to_string(),
            center_deg: [80.5, -69.5],
            radius_deg: 0.0125,
            epoch: 2023.5,
        }
    }

    /// Answers so many requests, and gives back the first lines of what was asked.
    fn serve(count: usize, body: &'static str) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            (0..count)
                .map(|_| {
                    let (mut stream, _) = listener.accept().unwrap();
                    let mut request = vec![0; 4096];
                    let length = stream.read(&mut request).unwrap();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                        body.len()
                    );
                    stream.write_all(head.as_bytes()).unwrap();
                    stream.write_all(body.as_bytes()).unwrap();
                    let request = String::from_utf8_lossy(&request[..length]).into_owned();
                    request.lines().next().unwrap_or_default().to_string()
                })
                .collect()
        });
        (url, thread)
    }

    #[test]
    fn an_answer_is_asked_for_once_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let (url, server) = serve(1, ANSWER);
        let service = WebService {
            url,
            cache: Some(directory.path().join("new")),
            timeout: Duration::from_secs(5),
        };
        assert_eq!(service.search(&search()).unwrap(), ANSWER);
        let asked = server.join().unwrap();
        assert_eq!(
            asked,
            [
                "GET /vo/CatalogSearch.aspx?RA=80.5&DEC=-69.5&EPOCH=2023.5&SR=0.0125&FORMAT=CSV&CAT=GAIADR3 HTTP/1.1"
            ]
        );
        // Nobody answers any more.
        assert_eq!(service.search(&search()).unwrap(), ANSWER);
    }

    #[test]
    fn without_a_server_the_error_names_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let service = WebService {
            url: url.clone(),
            cache: None,
            timeout: Duration::from_secs(5),
        };
        let error = service.search(&search()).unwrap_err().to_string();
        assert!(
            error.contains(&url) && error.contains("Could not connect"),
            "{error}"
        );
    }

    #[test]
    fn a_page_is_no_catalogue() {
        let (url, server) = serve(1, "<html>sorry</html>");
        let service = WebService {
            url,
            cache: None,
            timeout: Duration::from_secs(5),
        };
        let error = service.search(&search()).unwrap_err();
        assert!(matches!(error, ServiceError::Answer { .. }), "{error}");
        server.join().unwrap();
    }
}
