//! A cache, its settings and its rules together.

use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
};

use crate::{
    cache::Cache,
    config::Config,
    connection::Connection,
    engine::{BestReference, Rules},
    error::Error,
    observatory::Observatory,
    store::{FileState, Store},
    value::Parameters,
};

#[cfg(feature = "remote")]
use crate::{remote::Server, store::Event};

/// A reference that a step may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A file.
    Path(PathBuf),
    /// Several files, where the rules name several.
    Paths(Vec<PathBuf>),
    /// None is needed.
    NotApplicable,
}

/// A client of a cache and, if there is one, of its server: one context chosen, its rules read when they are needed, files that
/// are missing or damaged fetched.
#[derive(Debug)]
pub struct Client {
    store: Store,
    connection: Connection,
    observatory: Observatory,
    rules: Rules,
    context: String,
    bad_files: HashSet<String>,
    allow_bad_references: bool,
    allow_bad_rules: bool,
    #[cfg(feature = "remote")]
    progress: Watcher,
}

/// Someone who is told how far it is.
#[cfg(feature = "remote")]
struct Watcher(Box<dyn Fn(&Event<'_>) + Send + Sync>);

#[cfg(feature = "remote")]
impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watcher")
    }
}

impl Client {
    /// Opens a cache, asks the server about itself if the settings name one, and determines the context. If the server does not
    /// answer, what it said the last time holds. The server's configuration may be missing if the settings name a mapping.
    ///
    /// # Errors
    /// If no context can be determined, if a file of the cache's configuration cannot be read or written, and if the settings want
    /// references to be selected by a server that does not answer.
    pub fn open(config: Config) -> Result<Self, Error> {
        let cache = Cache::open(&config)?;
        let connection = Connection::open(&config, &cache)?;
        let context = connection.context(&config, &cache.server_config_path())?;
        let store = Store::open(&config, connection.info.clone())?;
        if let Some(info) = connection.info.as_ref().filter(|_| connection.is_news)
            && !connection.selects_remotely
        {
            // A cache that cannot be written may still hold all that is needed.
            let kept = store.write_server_config(info);
            if let Err(error) = kept.and_then(|()| connection.remember(&cache)) {
                tracing::warn!("{error}");
            }
        }
        let bad_files = match &connection.info {
            Some(server) => server.bad_files().into_iter().collect(),
            None => listed_bad_files(&cache)?,
        };
        Ok(Self {
            observatory: config.observatory.clone(),
            rules: Rules::new(cache, config.observatory).with_checksums(config.checksums),
            store,
            connection,
            context,
            bad_files,
            allow_bad_references: config.allow_bad_references,
            allow_bad_rules: config.allow_bad_rules,
            #[cfg(feature = "remote")]
            progress: Watcher(Box::new(|_| {})),
        })
    }

    /// Tells someone how far it is while files are fetched. Several threads call.
    #[cfg(feature = "remote")]
    pub fn watch(&mut self, progress: impl Fn(&Event<'_>) + Send + Sync + 'static) {
        self.progress = Watcher(Box::new(progress));
    }

    /// The mapping that answers come from.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// The cache.
    pub fn cache(&self) -> &Cache {
        self.store.cache()
    }

    /// The cache with what is known of its files.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// True if the server answers.
    pub fn is_connected(&self) -> bool {
        self.connection.is_connected()
    }

    /// True if the server selects references.
    pub fn selects_remotely(&self) -> bool {
        self.connection.selects_remotely
    }

    /// The server, if it answers.
    #[cfg(feature = "remote")]
    pub fn server(&self) -> Option<&Server> {
        self.connection.server.as_ref()
    }

    /// The server, or an error that says what needs it and why it is not there.
    ///
    /// # Errors
    /// [`Error::NotConnected`].
    #[cfg(feature = "remote")]
    pub fn require_server(&self, what: &str) -> Result<&Server, Error> {
        self.server().ok_or_else(|| Error::NotConnected {
            what: what.to_owned(),
            reason: self.connection.reason.clone(),
        })
    }

    /// Files that are marked as scientifically invalid.
    pub fn is_bad(&self, file: &str) -> bool {
        self.bad_files.contains(file)
    }

    /// What the rules of a context (by default the client's) say, whether the files exist or not and whether they are bad or
    /// not; see [`Rules::best_references`]. Mappings that are missing are fetched.
    ///
    /// # Errors
    /// As for [`Rules::best_references`], and [`Error::Fetch`] and [`Error::Network`].
    pub fn best_references(
        &self,
        context: Option<&str>,
        parameters: &Parameters,
        types: Option<&[&str]>,
    ) -> Result<BTreeMap<String, BestReference>, Error> {
        let context = context.unwrap_or(&self.context);
        #[cfg(feature = "remote")]
        if let Some(server) = self.server().filter(|_| self.selects_remotely()) {
            return Ok(server.best_references(context, parameters, types)?);
        }
        self.with_mappings(context, || {
            self.rules.best_references(context, parameters, types)
        })
    }

    /// Reads every mapping below a context, as [`Rules::load_all`] does. Mappings that are missing are fetched.
    ///
    /// # Errors
    /// As for [`Rules::load_all`], and [`Error::Fetch`] and [`Error::Network`].
    pub fn load_mappings(&self, context: &str) -> Result<Vec<String>, Error> {
        self.with_mappings(context, || self.rules.load_all(context))
    }

    /// Does something that needs mappings; fetches them and does it again if one is missing or damaged.
    fn with_mappings<T>(
        &self,
        context: &str,
        act: impl Fn() -> Result<T, Error>,
    ) -> Result<T, Error> {
        match act() {
            Err(Error::MissingMapping { name, looked, .. }) => {
                #[cfg(feature = "remote")]
                if self.is_connected() {
                    self.fetch_mappings(context)?;
                    return act();
                }
                Err(Error::MissingMapping {
                    name,
                    looked,
                    fetch: Some(self.fetch_command(context, None)),
                })
            }
            #[cfg(feature = "remote")]
            Err(Error::Mapping(error)) if self.is_connected() && !self.cache().is_readonly() => {
                tracing::warn!("{error}: the mapping is fetched anew");
                self.fetch_named(&[error.file().to_owned()], "")?;
                act()
            }
            done => done,
        }
    }

    /// Fetches all mappings of a context that are not in the cache; gives their names.
    ///
    /// # Errors
    /// [`Error::NotConnected`], and as for [`Store::fetch`].
    #[cfg(feature = "remote")]
    pub fn fetch_mappings(&self, context: &str) -> Result<Vec<String>, Error> {
        let server = self.require_server(&format!("fetching the mappings of {context}"))?;
        let names = server.mapping_names(context)?;
        let missing = names
            .iter()
            .filter(|name| self.store.find(name, "").is_none());
        let missing: Vec<String> = missing.cloned().collect();
        if !missing.is_empty() {
            tracing::info!("fetching {} mappings of {context}", missing.len());
        }
        self.fetch_named(&missing, "")?;
        Ok(names)
    }

    /// Fetches files, whether they are in the cache or not, unless they are there and verified.
    ///
    /// # Errors
    /// [`Error::NotConnected`], and as for [`Store::fetch`].
    #[cfg(feature = "remote")]
    pub fn fetch_named(
        &self,
        names: &[String],
        instrument: &str,
    ) -> Result<crate::store::Fetched, Error> {
        let server = self.require_server("fetching files")?;
        self.store
            .fetch(server, names, instrument, &*self.progress.0)
    }

    /// The references that an exposure is to be calibrated with, as paths of files that exist and are what the server has under
    /// their names. Missing and damaged ones are fetched if the server answers.
    ///
    /// Source: crds 14.0.3 `core.heavy_client.getreferences`.
    ///
    /// # Errors
    /// If the rules find none for a type that needs one, if a file is missing or damaged and cannot be fetched, and if rules or
    /// a reference are marked as bad and the settings do not allow them.
    pub fn references(
        &self,
        parameters: &Parameters,
        types: &[&str],
    ) -> Result<BTreeMap<String, Reference>, Error> {
        if types.is_empty() {
            return Ok(BTreeMap::new());
        }
        let answers = self.best_references(None, parameters, Some(types))?;
        self.resolved(parameters, &answers)
    }

    /// As [`Client::references`], but what fails for one type keeps no other from its reference. Types that the rules omit have no
    /// entry. The rules are asked once, and what is missing is fetched at the same time.
    ///
    /// # Errors
    /// As for [`Store::fetch`]. Whatever is wrong with rules or parameters is an error of each type that it concerns.
    pub fn references_of_each(
        &self,
        parameters: &Parameters,
        types: &[&str],
    ) -> Result<BTreeMap<String, Result<Reference, Error>>, Error> {
        let answers = self.answers_of_each(parameters, types);
        #[cfg(feature = "remote")]
        {
            let found = answers.values().filter_map(|answer| answer.as_ref().ok());
            self.fetch_wanting(parameters, found)?;
        }
        let mut references = BTreeMap::new();
        for (kind, answer) in answers {
            let one = |answer| BTreeMap::from([(kind.clone(), answer)]);
            let found = answer.and_then(|answer| self.resolved(parameters, &one(answer)));
            match found {
                Ok(found) => {
                    references.extend(found.into_iter().map(|(kind, found)| (kind, Ok(found))));
                }
                Err(error) => drop(references.insert(kind, Err(error))),
            }
        }
        Ok(references)
    }

    /// What the rules say for each type; one by one if they have no answer for all of them.
    fn answers_of_each(
        &self,
        parameters: &Parameters,
        types: &[&str],
    ) -> BTreeMap<String, Result<BestReference, Error>> {
        let ask = |types: &[&str]| self.best_references(None, parameters, Some(types));
        if let Ok(answers) = ask(types) {
            let answers = answers.into_iter();
            return answers.map(|(kind, answer)| (kind, Ok(answer))).collect();
        }
        let mut answers = BTreeMap::new();
        for kind in types {
            match ask(&[*kind]) {
                Ok(found) => {
                    answers.extend(found.into_iter().map(|(kind, found)| (kind, Ok(found))));
                }
                Err(error) => drop(answers.insert((*kind).to_owned(), Err(error))),
            }
        }
        answers
    }

    /// Checks what the rules say, and provides the files.
    fn resolved(
        &self,
        parameters: &Parameters,
        answers: &BTreeMap<String, BestReference>,
    ) -> Result<BTreeMap<String, Reference>, Error> {
        let instrument = match self.rules.instrument(&self.context, parameters) {
            Ok(instrument) => {
                self.check_rules(parameters)?;
                instrument
            }
            // The server selects by rules that need not be here.
            Err(_) if self.selects_remotely() => String::new(),
            Err(error) => return Err(error),
        };
        for (kind, answer) in answers {
            if let BestReference::NotFound(reason) = answer {
                return Err(Error::NotFound {
                    kind: kind.clone(),
                    context: self.context.clone(),
                    reason: reason.clone(),
                });
            }
            for name in answer.names() {
                self.check_reference(kind, name)?;
            }
        }
        let names: Vec<&String> = answers.values().flat_map(BestReference::names).collect();
        let paths = self.provide(&names, &instrument)?;
        let references = answers.iter().map(|(kind, answer)| {
            let mut paths = answer.names().iter().map(|name| paths[name].clone());
            let reference = match answer {
                BestReference::File(_) => paths.next().map(Reference::Path),
                BestReference::Files(_) => Some(Reference::Paths(paths.collect())),
                BestReference::NotApplicable | BestReference::NotFound(_) => None,
            };
            (kind.clone(), reference.unwrap_or(Reference::NotApplicable))
        });
        Ok(references.collect())
    }

    /// Fetches all references that are missing or damaged, several at a time. Without a server, or where nothing may be written,
    /// nothing happens.
    #[cfg(feature = "remote")]
    fn fetch_wanting<'a>(
        &self,
        parameters: &Parameters,
        answers: impl Iterator<Item = &'a BestReference>,
    ) -> Result<(), Error> {
        if !self.is_connected() || self.cache().is_readonly() {
            return Ok(());
        }
        let instrument = self.rules.instrument(&self.context, parameters);
        let instrument = instrument.unwrap_or_default();
        let mut names: Vec<&String> = answers.flat_map(BestReference::names).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| self.allow_bad_references || !self.is_bad(name));
        let is_wanting = |name: &&String| {
            matches!(
                self.checked(name, &instrument),
                Err(Error::MissingReference { .. } | Error::Damaged { .. })
            )
        };
        let wanting: Vec<String> = names.into_iter().filter(is_wanting).cloned().collect();
        if wanting.is_empty() {
            return Ok(());
        }
        self.fetch_named(&wanting, &instrument).map(|_| ())
    }

    /// Paths of references, fetched where they are missing or damaged.
    fn provide(
        &self,
        names: &[&String],
        instrument: &str,
    ) -> Result<BTreeMap<String, PathBuf>, Error> {
        let mut paths = BTreeMap::new();
        #[cfg(feature = "remote")]
        let mut wanting: Vec<String> = Vec::new();
        for name in names {
            match self.checked(name, instrument) {
                Ok(path) => {
                    paths.insert((*name).clone(), path);
                }
                #[cfg(feature = "remote")]
                Err(Error::MissingReference { .. } | Error::Damaged { .. })
                    if self.is_connected() && !self.cache().is_readonly() =>
                {
                    wanting.push((*name).clone());
                }
                Err(error) => return Err(error),
            }
        }
        #[cfg(feature = "remote")]
        if !wanting.is_empty() {
            wanting.dedup();
            self.fetch_named(&wanting, instrument)?;
            for name in wanting {
                let path = self.store.cache().locate_reference(&name, instrument)?;
                paths.insert(name, path);
            }
        }
        Ok(paths)
    }

    /// The path of a reference that is there and not damaged.
    fn checked(&self, name: &str, instrument: &str) -> Result<PathBuf, Error> {
        let command = || Some(self.fetch_command(&self.context, Some(name)));
        let path = match self.store.cache().locate_reference(name, instrument) {
            Err(Error::MissingReference { name, looked, .. }) => {
                return Err(Error::MissingReference {
                    name,
                    looked,
                    context: Some(self.context.clone()),
                    fetch: command(),
                });
            }
            other => other?,
        };
        match self.store.state(name, &path, false)? {
            FileState::Damaged { expected, found } => Err(Error::Damaged {
                path,
                expected,
                found,
                fetch: command(),
            }),
            _ => Ok(path),
        }
    }

    /// The command of our program that fetches what is missing.
    fn fetch_command(&self, context: &str, name: Option<&str>) -> String {
        let program = self.observatory.name();
        let name = name.map_or(String::new(), |name| format!(" --name {name}"));
        format!("{program} crds sync --context {context}{name}")
    }

    fn check_rules(&self, parameters: &Parameters) -> Result<(), Error> {
        if self.bad_files.is_empty() {
            return Ok(());
        }
        let mut files = self.rules.mapping_names(&self.context, parameters)?;
        files.retain(|file| self.bad_files.contains(file));
        files.sort_unstable();
        if files.is_empty() {
            return Ok(());
        }
        let context = self.context.clone();
        let error = Error::BadRules { context, files };
        if !self.allow_bad_rules {
            return Err(error);
        }
        tracing::warn!("{error}");
        Ok(())
    }

    fn check_reference(&self, kind: &str, file: &str) -> Result<(), Error> {
        if !self.bad_files.contains(file) {
            return Ok(());
        }
        let (kind, file) = (kind.to_owned(), file.to_owned());
        let error = Error::BadReference { kind, file };
        if !self.allow_bad_references {
            return Err(error);
        }
        tracing::warn!("{error}");
        Ok(())
    }
}

/// The list beside the server's configuration, one name a line.
fn listed_bad_files(cache: &Cache) -> Result<HashSet<String>, Error> {
    let path = cache.bad_files_path();
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text.split_whitespace().map(str::to_owned).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(HashSet::new()),
        Err(error) => Err(Error::Read { path, error }),
    }
}
