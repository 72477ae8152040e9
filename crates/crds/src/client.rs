//! A cache, its settings and its rules together.

use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
};

use crate::{
    cache::Cache,
    config::Config,
    context,
    engine::{BestReference, Rules},
    error::Error,
    server_config::ServerConfig,
    value::Parameters,
};

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

/// A client of a cache: one context chosen, its rules read when they are needed.
#[derive(Debug)]
pub struct Client {
    cache: Cache,
    rules: Rules,
    context: String,
    bad_files: HashSet<String>,
    allow_bad_references: bool,
    allow_bad_rules: bool,
}

impl Client {
    /// Opens a cache and determines the context. The server's configuration may be missing if the settings name a mapping.
    ///
    /// # Errors
    /// If no context can be determined or a file of the cache's configuration cannot be read.
    pub fn open(config: Config) -> Result<Self, Error> {
        let cache = Cache::open(&config)?;
        let path = cache.server_config_path();
        let server = ServerConfig::read(&path)?;
        let chosen = config.context.as_deref();
        let context = context::resolve(
            chosen,
            &config.observatory,
            server.as_ref(),
            &path.display().to_string(),
        )?;
        let bad_files = match &server {
            Some(server) => server.bad_files().into_iter().collect(),
            None => listed_bad_files(&cache)?,
        };
        Ok(Self {
            rules: Rules::new(cache.clone(), config.observatory).with_checksums(config.checksums),
            cache,
            context,
            bad_files,
            allow_bad_references: config.allow_bad_references,
            allow_bad_rules: config.allow_bad_rules,
        })
    }

    /// The mapping that answers come from.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// The cache.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What the rules of a context (by default the client's) say, whether the files exist or not and whether they are bad or
    /// not; see [`Rules::best_references`].
    ///
    /// # Errors
    /// As for [`Rules::best_references`].
    pub fn best_references(
        &self,
        context: Option<&str>,
        parameters: &Parameters,
        types: Option<&[&str]>,
    ) -> Result<BTreeMap<String, BestReference>, Error> {
        self.rules
            .best_references(context.unwrap_or(&self.context), parameters, types)
    }

    /// The references that an exposure is to be calibrated with, as paths of files that exist.
    ///
    /// Source: crds 14.0.3 `core.heavy_client.getreferences`.
    ///
    /// # Errors
    /// If the rules find none for a type that needs one, if a file is missing, and if rules or a reference are marked as
    /// bad and the settings do not allow them.
    pub fn references(
        &self,
        parameters: &Parameters,
        types: &[&str],
    ) -> Result<BTreeMap<String, Reference>, Error> {
        if types.is_empty() {
            return Ok(BTreeMap::new());
        }
        let answers = self.best_references(None, parameters, Some(types))?;
        self.check_rules(parameters)?;
        let instrument = self.rules.instrument(&self.context, parameters)?;
        let mut references = BTreeMap::new();
        for (kind, answer) in answers {
            for name in answer.names() {
                self.check_reference(&kind, name)?;
            }
            let reference = self.located(&kind, &answer, &instrument)?;
            references.insert(kind, reference);
        }
        Ok(references)
    }

    fn located(
        &self,
        kind: &str,
        answer: &BestReference,
        instrument: &str,
    ) -> Result<Reference, Error> {
        let locate = |name: &String| match self.cache.locate_reference(name, instrument) {
            Err(Error::MissingReference { name, looked, .. }) => Err(Error::MissingReference {
                name,
                looked,
                context: Some(self.context.clone()),
            }),
            other => other,
        };
        match answer {
            BestReference::File(name) => Ok(Reference::Path(locate(name)?)),
            BestReference::Files(names) => Ok(Reference::Paths(
                names.iter().map(locate).collect::<Result<_, _>>()?,
            )),
            BestReference::NotApplicable => Ok(Reference::NotApplicable),
            BestReference::NotFound(reason) => Err(Error::NotFound {
                kind: kind.to_owned(),
                context: self.context.clone(),
                reason: reason.clone(),
            }),
        }
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
