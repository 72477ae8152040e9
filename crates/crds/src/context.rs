//! Which context is meant.
//!
//! Source: crds 14.0.3 `core.heavy_client.get_final_context` and `translate_date_based_context`.

use thiserror::Error;

use crate::{mapping::is_file_name, observatory::Observatory, server_config::ServerConfig};

/// A context that cannot be determined.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ContextError {
    /// Not the form of a context.
    #[error(
        "expected a context (a mapping such as {observatory}_0001.pmap, latest, build, {observatory}-latest, {observatory}-edit, {observatory}-versions or a date such as {observatory}-2024-01-01T00:00:00), found {found:?}"
    )]
    Form {
        /// The mission.
        observatory: String,
        /// What was given.
        found: String,
    },
    /// A context that only the server can tell.
    #[error(
        "the context {0:?} has to be asked from the server, and there is no connection: give the name of a mapping"
    )]
    NeedsServer(String),
    /// No configuration in the cache, and no context given.
    #[error(
        "no context is given and the cache has none: expected {key} in {file}; set CRDS_CONTEXT, CRDS_PATH or CRDS_SERVER_URL"
    )]
    NotConfigured {
        /// The key that is missing.
        key: String,
        /// The server's configuration in the cache.
        file: String,
    },
}

/// What only a server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question<'a> {
    /// The context for our version of the calibration program.
    Build,
    /// The context that was in use at a date, as the user wrote it.
    Date(&'a str),
}

/// Where the answer is looked for, apart from what the user says.
pub(crate) struct Known<'a> {
    pub(crate) observatory: &'a Observatory,
    /// What the server said about itself.
    pub(crate) server: Option<&'a ServerConfig>,
    /// Where that is kept.
    pub(crate) server_file: &'a str,
    /// Asks the server, or remembers what it said; `None` if there is no answer.
    pub(crate) ask: &'a dyn Fn(Question<'_>) -> Option<String>,
}

/// Determines a mapping from what the user chose and what is known.
pub(crate) fn resolve(chosen: Option<&str>, known: &Known<'_>) -> Result<String, ContextError> {
    let configured = |key: &str, value: Option<String>| {
        value
            .filter(|name| is_file_name(name))
            .ok_or_else(|| ContextError::NotConfigured {
                key: key.to_owned(),
                file: known.server_file.to_owned(),
            })
    };
    let latest = || {
        configured(
            "latest_context",
            known.server.and_then(ServerConfig::latest_context),
        )
    };
    let Some(chosen) = chosen else {
        return (known.ask)(Question::Build).map_or_else(latest, Ok);
    };
    if is_mapping(chosen) && is_file_name(chosen) {
        return Ok(chosen.to_owned());
    }
    let form = || ContextError::Form {
        observatory: known.observatory.name().to_owned(),
        found: chosen.to_owned(),
    };
    let asked = |question| {
        (known.ask)(question).ok_or_else(|| ContextError::NeedsServer(chosen.to_owned()))
    };
    let symbol = match chosen {
        "latest" | "build" => chosen,
        _ if is_date(chosen) => return asked(Question::Date(chosen)),
        _ => {
            let of_mission = chosen
                .strip_prefix(known.observatory.name())
                .and_then(|rest| rest.strip_prefix('-'));
            of_mission.ok_or_else(form)?
        }
    };
    match symbol {
        "latest" | "operational" => latest(),
        "edit" | "versions" => {
            let key = format!("{symbol}_context");
            configured(&key, known.server.and_then(|server| server.text(&key)))
        }
        "build" => asked(Question::Build),
        _ if is_date(symbol) => asked(Question::Date(chosen)),
        _ => Err(form()),
    }
}

fn is_mapping(name: &str) -> bool {
    [".pmap", ".imap", ".rmap"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// True for `YYYY-MM-DD`, with `Thh:mm:ss` and a fraction if wanted.
fn is_date(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '9' } else { c })
        .collect();
    let Some(rest) = shape.strip_prefix("9999-99-99") else {
        return false;
    };
    let fraction = |rest: &str| {
        rest.is_empty()
            || rest
                .strip_prefix('.')
                .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|c| c == b'9'))
    };
    rest.is_empty() || rest.strip_prefix("T99:99:99").is_some_and(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(chosen: Option<&str>) -> Result<String, ContextError> {
        let text = "{'latest_context': 'jwst_0003.pmap', 'edit_context': 'jwst_0004.pmap', 'operational_context': 'jwst_0002.pmap'}";
        let server = ServerConfig::parse(text).expect("a configuration");
        resolve(
            chosen,
            &Known {
                observatory: &Observatory::jwst(),
                server: Some(&server),
                server_file: "server_config",
                ask: &|_| None,
            },
        )
    }

    #[test]
    fn a_server_is_asked_for_what_it_alone_knows() {
        let asked = |chosen| {
            let ask = |question: Question<'_>| match question {
                Question::Build => Some("jwst_0007.pmap".to_owned()),
                Question::Date(date) => Some(format!("{date}.pmap")),
            };
            let known = Known {
                observatory: &Observatory::jwst(),
                server: None,
                server_file: "server_config",
                ask: &ask,
            };
            resolve(chosen, &known)
        };
        for chosen in [None, Some("build"), Some("jwst-build")] {
            assert_eq!(asked(chosen).as_deref(), Ok("jwst_0007.pmap"));
        }
        let date = "jwst-2024-01-01T00:00:00";
        assert_eq!(asked(Some(date)), Ok(format!("{date}.pmap")));
        assert!(asked(Some("latest")).is_err());
    }

    /// Expected values from crds 14.0.3 `get_final_context` without a server.
    #[test]
    fn symbols_stand_for_what_the_server_said() {
        for chosen in [
            None,
            Some("latest"),
            Some("jwst-latest"),
            Some("jwst-operational"),
        ] {
            assert_eq!(
                resolved(chosen).as_deref(),
                Ok("jwst_0003.pmap"),
                "{chosen:?}"
            );
        }
        assert_eq!(resolved(Some("jwst-edit")).as_deref(), Ok("jwst_0004.pmap"));
        assert_eq!(
            resolved(Some("jwst_0001.pmap")).as_deref(),
            Ok("jwst_0001.pmap")
        );
        for chosen in [
            "build",
            "jwst-build",
            "jwst-2024-01-01T00:00:00",
            "2024-01-01",
            "jwst-2024-01-01T00:00:00.5",
        ] {
            assert_eq!(
                resolved(Some(chosen)),
                Err(ContextError::NeedsServer(chosen.into()))
            );
        }
        for chosen in [
            "hst-latest",
            "jwst",
            "jwst-",
            "../jwst_0001.pmap",
            "jwst-2024",
            "",
        ] {
            assert!(
                matches!(resolved(Some(chosen)), Err(ContextError::Form { .. })),
                "{chosen}"
            );
        }
        assert!(matches!(
            resolved(Some("jwst-versions")),
            Err(ContextError::NotConfigured { .. })
        ));
    }

    #[test]
    fn without_a_cache_there_is_no_default() {
        let error = resolve(
            None,
            &Known {
                observatory: &Observatory::jwst(),
                server: None,
                server_file: "/c/config/jwst/server_config",
                ask: &|_| None,
            },
        )
        .expect_err("no context");
        assert!(error.to_string().contains("/c/config/jwst/server_config"));
    }
}
