//! The reference files of a run: who selects them, where they are, and which were used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::{BoxError, ParamValue, StepError, Values};

/// What selection or an override gave for a reference type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A file of the reference system, in the cache.
    Cached {
        /// Where it is.
        path: PathBuf,
        /// Its name in the reference system.
        name: String,
    },
    /// A file that the user chose.
    Override(PathBuf),
    /// None is needed: the reference system, or the user, says `N/A`.
    NotApplicable,
    /// There should be one but there is none.
    Missing {
        /// The context that was asked, or what could not be asked.
        context: String,
        /// Why there is none.
        reason: String,
    },
}

impl Reference {
    /// What a product says: `crds://name`, an absolute path or `N/A`.
    pub fn record(&self) -> String {
        match self {
            Self::Cached { name, .. } => format!("crds://{name}"),
            Self::Override(path) => path.display().to_string(),
            Self::NotApplicable | Self::Missing { .. } => "N/A".to_owned(),
        }
    }
}

/// The references that a run may use, by type.
///
/// It notes which ones a step asks for: those are recorded in its product.
#[derive(Debug, Default)]
pub struct ReferenceFiles {
    known: BTreeMap<String, Reference>,
    used: Mutex<Vec<String>>,
}

impl ReferenceFiles {
    /// References by type.
    pub fn new(known: BTreeMap<String, Reference>) -> Self {
        Self {
            known,
            used: Mutex::default(),
        }
    }

    /// The file of the reference type `kind`; `None` if there is none for this exposure (`N/A`).
    ///
    /// # Errors
    /// [`StepError::Reference`] if there should be one but there is none, or nobody resolved the type.
    pub fn path(&self, kind: &str) -> Result<Option<&Path>, StepError> {
        let reference = self.known.get(kind).ok_or_else(|| {
            StepError::reference(
                kind,
                "(not resolved)",
                "the step does not declare this type",
            )
        })?;
        let path = match reference {
            Reference::Cached { path, .. } | Reference::Override(path) => Some(path.as_path()),
            Reference::NotApplicable => None,
            Reference::Missing { context, reason } => {
                return Err(StepError::reference(
                    kind,
                    format!("(context {context})"),
                    reason.clone(),
                ));
            }
        };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if !used.iter().any(|name| name == kind) {
            used.push(kind.to_owned());
        }
        Ok(path)
    }

    /// What a type resolved to, without noting it as used.
    pub fn get(&self, kind: &str) -> Option<&Reference> {
        self.known.get(kind)
    }

    /// Types asked for so far and what a product says about them, in the order of asking.
    pub fn used(&self) -> Vec<(String, String)> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.iter()
            .filter_map(|kind| Some((kind.clone(), self.known.get(kind)?.record())))
            .collect()
    }
}

/// A reference system that selects files for an exposure.
pub trait ReferenceSource {
    /// The references of these types for an exposure with this metadata.
    ///
    /// A type for which selection fails is [`Reference::Missing`], but a file of parameters that is named and not there is an
    /// error; another file that is named but absent may
    /// be `Cached` all the same, for the caller opens it.
    ///
    /// # Errors
    /// If nothing can be selected at all: no cache, no context.
    fn best_references(
        &self,
        selection: &Values,
        types: &[&str],
    ) -> Result<BTreeMap<String, Reference>, BoxError>;

    /// The context in use, such as `jwst_1234.pmap`.
    ///
    /// # Errors
    /// If it cannot be determined.
    fn context(&self) -> Result<String, BoxError>;

    /// The version of the rules' interpreter, recorded in products.
    fn version(&self) -> &str;

    /// Tells someone how far it is whenever files are fetched, if this system fetches files.
    fn watch(&mut self, _watcher: Watcher) {}
}

/// Someone who is told how far fetching is; called by several threads.
pub type Watcher = Box<dyn Fn(&crds::Event<'_>) + Send + Sync>;

/// A reference system that knows no file; for runs with overrides only, and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoReferenceSource;

impl ReferenceSource for NoReferenceSource {
    fn best_references(
        &self,
        _selection: &Values,
        types: &[&str],
    ) -> Result<BTreeMap<String, Reference>, BoxError> {
        let missing = Reference::Missing {
            context: "none".to_owned(),
            reason: "no reference system is set up".to_owned(),
        };
        let pair = |kind: &&str| ((*kind).to_owned(), missing.clone());
        Ok(types.iter().map(pair).collect())
    }

    fn context(&self) -> Result<String, BoxError> {
        Err("no reference system is set up".into())
    }

    fn version(&self) -> &'static str {
        "none"
    }
}

/// Selection by the rules of a local cache.
impl ReferenceSource for crds::Client {
    fn best_references(
        &self,
        selection: &Values,
        types: &[&str],
    ) -> Result<BTreeMap<String, Reference>, BoxError> {
        let parameters: crds::Parameters = selection
            .iter()
            .map(|(key, value)| (key, rule_value(value)))
            .collect();
        let mut answers = self.references_of_each(&parameters, types)?;
        let mut found = BTreeMap::new();
        for kind in types {
            if found.contains_key(*kind) {
                continue;
            }
            let reference = match answers.remove(*kind) {
                // A type that the rules omit has no entry.
                None | Some(Ok(crds::Reference::NotApplicable)) => Reference::NotApplicable,
                Some(Ok(crds::Reference::Path(path))) => cached(path),
                Some(Ok(crds::Reference::Paths(paths))) => Reference::Missing {
                    context: self.context().to_owned(),
                    reason: format!("expected one file, found {} of them", paths.len()),
                },
                Some(Err(error))
                    if concerns_one_type(&error) && !lacks_parameters(kind, &error) =>
                {
                    Reference::Missing {
                        context: self.context().to_owned(),
                        reason: error.to_string(),
                    }
                }
                Some(Err(error)) => return Err(error.into()),
            };
            found.insert((*kind).to_owned(), reference);
        }
        Ok(found)
    }

    fn context(&self) -> Result<String, BoxError> {
        Ok(self.context().to_owned())
    }

    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    fn watch(&mut self, watcher: Watcher) {
        crds::Client::watch(self, watcher);
    }
}

fn cached(path: PathBuf) -> Reference {
    let name = path.file_name().unwrap_or_default();
    Reference::Cached {
        name: name.to_string_lossy().into_owned(),
        path,
    }
}

/// Whether another type may have an answer all the same.
fn concerns_one_type(error: &crds::Error) -> bool {
    matches!(
        error,
        crds::Error::NotFound { .. }
            | crds::Error::MissingReference { .. }
            | crds::Error::MissingMapping { .. }
    )
}

/// Whether parameters are named that are not there. A run without them would go on with others.
fn lacks_parameters(kind: &str, error: &crds::Error) -> bool {
    kind.starts_with("pars-") && matches!(error, crds::Error::MissingReference { .. })
}

fn rule_value(value: &ParamValue) -> crds::Value {
    match value {
        ParamValue::Null | ParamValue::List(_) => crds::Value::Missing,
        ParamValue::Bool(value) => (*value).into(),
        ParamValue::Int(value) => (*value).into(),
        ParamValue::Float(value) => (*value).into(),
        ParamValue::String(text) => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const CONTEXT: &str = "header = {'derived_from': 'none', 'mapping': 'PIPELINE', 'name': 'jwst_0001.pmap', 'observatory': 'JWST', \
        'parkey': ('META.INSTRUMENT.NAME',), 'sha1sum': 'x'}\n\
        selector = {'NIRCAM': 'jwst_nircam_0001.imap'}\n";
    const INSTRUMENT: &str = "header = {'derived_from': 'none', 'mapping': 'INSTRUMENT', 'name': 'jwst_nircam_0001.imap', \
        'observatory': 'JWST', 'instrument': 'NIRCAM', 'parkey': ('REFTYPE',), 'sha1sum': 'x'}\n\
        selector = {'GAIN': 'jwst_nircam_gain_0001.rmap', 'RESET': 'N/A'}\n";
    const RULES: &str = "header = {'derived_from': 'none', 'mapping': 'REFERENCE', 'name': 'jwst_nircam_gain_0001.rmap', \
        'observatory': 'JWST', 'instrument': 'NIRCAM', 'filekind': 'GAIN', 'sha1sum': 'x', 'parkey': \
        (('META.INSTRUMENT.DETECTOR',), ('META.OBSERVATION.DATE', 'META.OBSERVATION.TIME'))}\n\
        selector = Match({\n    ('NRCB1',): UseAfter({\n        '2022-01-01 00:00:00': 'jwst_nircam_gain_0001.fits',\n    }),\n})\n";

    #[test]
    fn a_cache_answers_type_by_type() {
        let directory = tempfile::tempdir().unwrap();
        let mappings = directory.path().join("mappings/jwst");
        let references = directory.path().join("references/jwst/nircam");
        fs::create_dir_all(&mappings).unwrap();
        fs::create_dir_all(&references).unwrap();
        fs::write(mappings.join("jwst_0001.pmap"), CONTEXT).unwrap();
        fs::write(mappings.join("jwst_nircam_0001.imap"), INSTRUMENT).unwrap();
        fs::write(mappings.join("jwst_nircam_gain_0001.rmap"), RULES).unwrap();
        let gain = references.join("jwst_nircam_gain_0001.fits");
        fs::write(&gain, "").unwrap();
        let mut config = crds::Config::new(directory.path(), crds::Observatory::jwst());
        config.context = Some("jwst_0001.pmap".to_owned());
        config.checksums = crds::ChecksumPolicy::Ignore;
        let client = crds::Client::open(config).unwrap();
        let source: &dyn ReferenceSource = &client;

        let ask = |detector: &str| {
            let selection = Values::from_iter([
                ("meta.instrument.name", "NIRCAM"),
                ("meta.instrument.detector", detector),
                ("meta.observation.date", "2024-01-01"),
                ("meta.observation.time", "00:00:00"),
            ]);
            source
                .best_references(&selection, &["gain", "reset", "nonsense"])
                .unwrap()
        };
        let found = ask("NRCB1");
        let name = "jwst_nircam_gain_0001.fits".to_owned();
        assert_eq!(
            found["gain"],
            Reference::Cached {
                path: gain.clone(),
                name
            }
        );
        assert_eq!(found["gain"].record(), "crds://jwst_nircam_gain_0001.fits");
        assert_eq!(found["reset"], Reference::NotApplicable);
        assert!(
            matches!(found["nonsense"], Reference::Missing { .. }),
            "{found:?}"
        );
        assert!(matches!(ask("NRCB2")["gain"], Reference::Missing { .. }));
        fs::remove_file(gain).unwrap();
        assert!(matches!(ask("NRCB1")["gain"], Reference::Missing { .. }));
        assert!(source.best_references(&Values::new(), &["gain"]).is_err());
        assert_eq!(source.context().unwrap(), "jwst_0001.pmap");
    }
}
