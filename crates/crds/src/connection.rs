//! What is known of the server: asked now, or remembered from the last time.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
};

use crate::{
    cache::Cache,
    config::{Config, Mode},
    context::{self, ContextError, Known, Question},
    error::Error,
    server_config::ServerConfig,
};

#[cfg(feature = "remote")]
use crate::{
    network::{NetworkError, is_serverless},
    remote::Server,
};

/// The name of the file that remembers contexts that only a server can tell.
const ANSWERS: &str = "contexts.json";

/// The server, if it can be reached, and what it said.
#[derive(Debug)]
pub(crate) struct Connection {
    #[cfg(feature = "remote")]
    pub(crate) server: Option<Server>,
    /// Why there is no connection.
    pub(crate) reason: String,
    /// What the server says now, or said when the cache was last updated.
    pub(crate) info: Option<ServerConfig>,
    /// References are to be selected by the server.
    pub(crate) selects_remotely: bool,
    /// What was learnt from the server just now.
    pub(crate) is_news: bool,
    /// Answers to questions that only a server can answer.
    answers: Mutex<BTreeMap<String, String>>,
}

impl Connection {
    /// Asks the server about itself, or else reads what the cache keeps.
    pub(crate) fn open(config: &Config, cache: &Cache) -> Result<Self, Error> {
        let kept = ServerConfig::read(&cache.server_config_path());
        let mut connection = Self::connect(config)?;
        if connection.info.is_none() || cache.is_readonly() {
            // Parity: crds/core/heavy_client.py `get_config_info`: a read-only cache is the truth about itself.
            if let Some(kept) = kept? {
                connection.info = Some(kept);
                connection.is_news = false;
            }
        }
        let forced = connection.is_connected()
            && connection
                .info
                .as_ref()
                .is_some_and(ServerConfig::forces_remote_mode);
        connection.selects_remotely = match config.mode {
            Mode::Auto => forced,
            Mode::Local => false,
            Mode::Remote if connection.is_connected() => true,
            Mode::Remote => {
                return Err(Error::NotConnected {
                    what: "CRDS_MODE=remote".into(),
                    reason: connection.reason,
                });
            }
        };
        for directory in cache.config_dirs() {
            let text = std::fs::read(directory.join(ANSWERS)).unwrap_or_default();
            let read = serde_json::from_slice::<BTreeMap<String, String>>(&text);
            let mut answers = connection.lock();
            answers.extend(read.unwrap_or_default());
        }
        Ok(connection)
    }

    fn offline(reason: &str) -> Self {
        Self {
            #[cfg(feature = "remote")]
            server: None,
            reason: reason.to_owned(),
            info: None,
            selects_remotely: false,
            is_news: false,
            answers: Mutex::default(),
        }
    }

    #[cfg(not(feature = "remote"))]
    fn connect(_: &Config) -> Result<Self, Error> {
        Ok(Self::offline("this program was built without networking"))
    }

    #[cfg(feature = "remote")]
    fn connect(config: &Config) -> Result<Self, Error> {
        let Some(url) = config.server_url.as_deref().filter(|url| !url.is_empty()) else {
            return Ok(Self::offline("CRDS_SERVER_URL is not set"));
        };
        if is_serverless(url) {
            return Ok(Self::offline(&format!("{url} stands for no server")));
        }
        let server = Server::new(url, &config.network)?;
        let info = match server.info() {
            Ok(info) => info,
            Err(error) => {
                tracing::warn!("working without the server {url}: {error}");
                return Ok(Self::offline(&error.to_string()));
            }
        };
        let own = config.observatory.name();
        match info.text("observatory") {
            Some(name) if name != own => {
                return Err(Error::OtherObservatory {
                    url: url.to_owned(),
                    expected: own.to_owned(),
                    found: name,
                });
            }
            _ => {}
        }
        Ok(Self {
            server: Some(server),
            info: Some(info),
            is_news: true,
            ..Self::offline("")
        })
    }

    #[cfg(feature = "remote")]
    pub(crate) fn is_connected(&self) -> bool {
        self.server.is_some()
    }

    #[cfg(not(feature = "remote"))]
    pub(crate) fn is_connected(&self) -> bool {
        false
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The context that the settings mean.
    pub(crate) fn context(&self, config: &Config, server_file: &Path) -> Result<String, Error> {
        let ask = |question: Question<'_>| self.ask(config, question);
        let known = Known {
            observatory: &config.observatory,
            server: self.info.as_ref(),
            server_file: &server_file.display().to_string(),
            ask: &ask,
        };
        match context::resolve(config.context.as_deref(), &known) {
            Err(error @ (ContextError::NotConfigured { .. } | ContextError::NeedsServer(_)))
                if !self.is_connected() =>
            {
                let reason = self.reason.clone();
                Err(Error::NoContext { error, reason })
            }
            done => Ok(done?),
        }
    }

    /// Asks the server; remembers its answers, and answers from memory without it.
    fn ask(&self, config: &Config, question: Question<'_>) -> Option<String> {
        let key = match question {
            Question::Build => format!("build {}", config.calibration_version.as_deref()?),
            Question::Date(date) => date.to_owned(),
        };
        #[cfg(feature = "remote")]
        if let Some(server) = &self.server {
            let answer = match question {
                Question::Build => {
                    let version = config.calibration_version.as_deref()?;
                    server.build_context(config.observatory.name(), version)
                }
                Question::Date(date) => server.context_by_date(date, config.observatory.name()),
            };
            match answer {
                Ok(context) => {
                    self.lock().insert(key, context.clone());
                    return Some(context);
                }
                // Parity: crds/client/api.py `get_build_context`: the latest, if the server has none for the version.
                Err(NetworkError::Service { message, .. }) if question == Question::Build => {
                    tracing::info!("no context for {key}: the latest is used: {message}");
                    return self.info.as_ref()?.latest_context();
                }
                Err(error) => tracing::warn!("{error}"),
            }
        }
        let known = self.lock().get(&key).cloned();
        known.filter(|name| crate::mapping::is_file_name(name))
    }

    /// Writes down what was learnt.
    pub(crate) fn remember(&self, cache: &Cache) -> Result<(), Error> {
        if cache.is_readonly() || !self.is_connected() {
            return Ok(());
        }
        let answers = self.lock().clone();
        if answers.is_empty() {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(&answers).unwrap_or_default() + "\n";
        crate::store::replace(&cache.front().config_dir.join(ANSWERS), &text)
    }
}
