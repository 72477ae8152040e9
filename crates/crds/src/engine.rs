//! Contexts loaded on demand, and their answers.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Display,
    sync::{Arc, OnceLock, RwLock},
};

use crate::{
    error::Error,
    mapping::{
        ChecksumPolicy, Entry, InstrumentMapping, Mapping, Outcome, PipelineMapping, RuleFile,
        Scope, is_file_name,
    },
    observatory::Observatory,
    select::{Reason, Terminal},
    value::{Header, Parameters, UNDEFINED},
};

/// Where the texts of mappings come from.
pub trait MappingSource: Send + Sync {
    /// The text of the mapping `name`, which is a plain file name.
    ///
    /// # Errors
    /// [`Error::MissingMapping`] or [`Error::Read`].
    fn read_mapping(&self, name: &str) -> Result<String, Error>;
}

/// Mappings held in memory.
#[derive(Debug, Clone, Default)]
pub struct MemorySource(HashMap<String, String>);

impl MemorySource {
    /// Adds a mapping.
    pub fn insert(&mut self, name: &str, text: &str) {
        self.0.insert(name.to_owned(), text.to_owned());
    }
}

impl MappingSource for MemorySource {
    fn read_mapping(&self, name: &str) -> Result<String, Error> {
        let missing = || Error::MissingMapping {
            name: name.to_owned(),
            looked: "memory".into(),
            fetch: None,
        };
        self.0.get(name).cloned().ok_or_else(missing)
    }
}

/// The answer for one type of reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BestReference {
    /// A file.
    File(String),
    /// Several files, where the rules name several.
    Files(Vec<String>),
    /// None is needed.
    NotApplicable,
    /// None was found, although one is needed; with the reason.
    NotFound(String),
}

impl BestReference {
    /// The names of files in the answer.
    pub fn names(&self) -> &[String] {
        match self {
            Self::File(name) => std::slice::from_ref(name),
            Self::Files(names) => names,
            Self::NotApplicable | Self::NotFound(_) => &[],
        }
    }
}

impl Display for BestReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(name) => f.write_str(name),
            Self::Files(names) => f.write_str(&names.join(", ")),
            Self::NotApplicable => f.write_str("N/A"),
            Self::NotFound(reason) => write!(f, "NOT FOUND: {reason}"),
        }
    }
}

/// Why an answer is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The rule file; none if the instrument's mapping itself gives the answer.
    pub rules: Option<String>,
    /// The way through its selectors; empty if the rules do not concern the exposure.
    pub reasons: Vec<Reason>,
}

/// A mapping that may be asked for answers.
#[derive(Clone)]
enum Context {
    Pipeline(Arc<PipelineMapping>),
    Instrument(Arc<Instrument>),
    Rules(Arc<RuleFile>),
}

/// An instrument mapping and those of its rule files that were needed so far.
struct Instrument {
    mapping: InstrumentMapping,
    /// By place of the type in the mapping.
    rules: Vec<OnceLock<Arc<RuleFile>>>,
    /// Names of all parameters of all rule files, as keys and as expressions write them.
    names: OnceLock<HashSet<String>>,
}

/// The rules of any number of contexts. Mappings are read when an answer needs them, once each; sharing between threads is safe.
pub struct Rules {
    source: Box<dyn MappingSource>,
    observatory: Observatory,
    policy: ChecksumPolicy,
    loaded: RwLock<HashMap<String, Context>>,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules")
            .field("observatory", &self.observatory.name())
            .finish_non_exhaustive()
    }
}

impl Rules {
    /// Rules of an observatory from a source of mappings.
    pub fn new(source: impl MappingSource + 'static, observatory: Observatory) -> Self {
        Self {
            source: Box::new(source),
            observatory,
            policy: ChecksumPolicy::default(),
            loaded: RwLock::default(),
        }
    }

    /// Sets what to do about mappings with a wrong sum.
    #[must_use]
    pub fn with_checksums(mut self, policy: ChecksumPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The observatory.
    pub fn observatory(&self) -> &Observatory {
        &self.observatory
    }

    /// The answers of the mapping `context` (of any kind) for an exposure, by lower-case type of reference.
    ///
    /// `types` limits the answers; without it there is one for every type that the instrument's mapping names. Types that the
    /// rules omit are not in the answer. Source: crds 14.0.3 `core.heavy_client.hv_best_references`.
    ///
    /// # Errors
    /// If the context, the instrument or a rule file that is needed cannot be determined or read. That no reference fits
    /// is no error but an answer.
    pub fn best_references(
        &self,
        context: &str,
        parameters: &Parameters,
        types: Option<&[&str]>,
    ) -> Result<BTreeMap<String, BestReference>, Error> {
        let header = Header::new(parameters, &self.observatory);
        match self.context(context)? {
            Context::Pipeline(pipeline) => {
                let instrument = self.instrument_of(&pipeline, &header)?;
                self.require_instrument(&pipeline, &instrument, &header)?;
                self.answers(&instrument, Some(pipeline.instrument_key()), &header, types)
            }
            Context::Instrument(instrument) => self.answers(&instrument, None, &header, types),
            Context::Rules(rules) => {
                let mut answers = BTreeMap::new();
                if types.is_none_or(|types| {
                    types.iter().any(|kind| kind.to_lowercase() == rules.kind())
                }) {
                    let scope = Scope {
                        header: &header,
                        is_known: &|_| false,
                    };
                    if let Some(answer) = answer_of(rules.choose(&scope)) {
                        answers.insert(rules.kind().to_owned(), answer);
                    }
                }
                Ok(answers)
            }
        }
    }

    /// Why the answer for one type of reference is what it is.
    ///
    /// # Errors
    /// As for [`Rules::best_references`].
    pub fn explain(
        &self,
        context: &str,
        parameters: &Parameters,
        kind: &str,
    ) -> Result<Explanation, Error> {
        let header = Header::new(parameters, &self.observatory);
        let nothing = Explanation {
            rules: None,
            reasons: Vec::new(),
        };
        let (rules, instrument) = match self.context(context)? {
            Context::Rules(rules) => (rules, None),
            other => {
                let instrument = match other {
                    Context::Pipeline(pipeline) => self.instrument_of(&pipeline, &header)?,
                    Context::Instrument(instrument) => instrument,
                    Context::Rules(_) => return Ok(nothing),
                };
                let Some((place, Entry::File(file))) = instrument.mapping.entry(kind) else {
                    return Ok(nothing);
                };
                let rules = self.rules_at(&instrument, place, file)?;
                (rules, Some(Arc::clone(&instrument)))
            }
        };
        let is_known = |name: &str| {
            instrument
                .as_ref()
                .is_some_and(|instrument| self.knows(instrument, name))
        };
        let scope = Scope {
            header: &header,
            is_known: &is_known,
        };
        let reasons = match rules.choose(&scope) {
            Outcome::Omitted => Vec::new(),
            _ => rules.explain(&scope),
        };
        Ok(Explanation {
            rules: Some(rules.file().to_owned()),
            reasons,
        })
    }

    /// All references that the rules of a context name, each with its instrument, in order of the alphabet.
    ///
    /// # Errors
    /// The first mapping that cannot be read.
    pub fn reference_names(&self, context: &str) -> Result<Vec<(String, String)>, Error> {
        let mut names = std::collections::BTreeSet::new();
        for file in self.load_all(context)? {
            if let Context::Rules(rules) = self.context(&file)? {
                let instrument = rules.instrument();
                let pair = |name: &str| (name.to_owned(), instrument.to_owned());
                names.extend(rules.references().into_iter().map(pair));
            }
        }
        Ok(names.into_iter().collect())
    }

    /// The instrument that made an exposure, in lower case, by the pipeline mapping's key or the observatory's.
    ///
    /// # Errors
    /// [`Error::NoInstrument`] if no key has it.
    pub fn instrument(&self, context: &str, parameters: &Parameters) -> Result<String, Error> {
        let header = Header::new(parameters, &self.observatory);
        match self.context(context)? {
            Context::Pipeline(pipeline) => self.instrument_name(&pipeline, &header),
            Context::Instrument(instrument) => Ok(instrument.mapping.instrument().to_owned()),
            Context::Rules(rules) => Ok(rules.instrument().to_owned()),
        }
    }

    /// The mappings that answers for an exposure may come from: the instrument's and its rule files.
    ///
    /// # Errors
    /// As for [`Rules::best_references`].
    pub fn mapping_names(
        &self,
        context: &str,
        parameters: &Parameters,
    ) -> Result<Vec<String>, Error> {
        let header = Header::new(parameters, &self.observatory);
        let instrument = match self.context(context)? {
            Context::Pipeline(pipeline) => self.instrument_of(&pipeline, &header)?,
            Context::Instrument(instrument) => instrument,
            Context::Rules(rules) => return Ok(vec![rules.file().to_owned()]),
        };
        let mut names = vec![instrument.mapping.file().to_owned()];
        names.extend(instrument.mapping.rule_files().map(str::to_owned));
        Ok(names)
    }

    /// Reads every mapping below `context`; gives their names in order of the alphabet.
    ///
    /// # Errors
    /// The first mapping that cannot be read.
    pub fn load_all(&self, context: &str) -> Result<Vec<String>, Error> {
        let mut names = std::collections::BTreeSet::from([context.to_owned()]);
        let instruments = match self.context(context)? {
            Context::Pipeline(pipeline) => {
                let mut instruments = Vec::new();
                for name in pipeline.instruments() {
                    if let Some(Entry::File(file)) = pipeline.entry(name) {
                        instruments.push(self.instrument_mapping(file)?);
                    }
                }
                instruments
            }
            Context::Instrument(instrument) => vec![instrument],
            Context::Rules(_) => Vec::new(),
        };
        let mut rules = Vec::new();
        for instrument in &instruments {
            names.insert(instrument.mapping.file().to_owned());
            for kind in instrument.mapping.types() {
                if let Some((place, Entry::File(file))) = instrument.mapping.entry(kind) {
                    rules.push((instrument, place, file.as_str()));
                    names.insert(file.clone());
                }
            }
        }
        self.load_at_once(&rules)?;
        Ok(names.into_iter().collect())
    }

    /// Reads rule files by several threads: each file is a matter of its own.
    fn load_at_once(&self, rules: &[(&Arc<Instrument>, usize, &str)]) -> Result<(), Error> {
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get().min(8));
        let share = rules.len().div_ceil(threads).max(16);
        std::thread::scope(|scope| {
            let load = |part: &[(&Arc<Instrument>, usize, &str)]| {
                part.iter().try_for_each(|(instrument, place, file)| {
                    self.rules_at(instrument, *place, file).map(|_| ())
                })
            };
            let mut parts = rules.chunks(share);
            let first = parts.next().unwrap_or_default();
            let others: Vec<_> = parts.map(|part| scope.spawn(move || load(part))).collect();
            let mut done = load(first);
            for other in others {
                // A panic of a thread is a panic of ours.
                let result = other
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                done = done.and(result);
            }
            done
        })
    }

    /// Parity: crds/core/rmap.py `get_instrument`: the mapping's own key first, then other names for it; a key that
    /// says `UNDEFINED` is passed over.
    fn instrument_name(
        &self,
        pipeline: &PipelineMapping,
        header: &Header,
    ) -> Result<String, Error> {
        let own = pipeline.instrument_key();
        let others = self
            .observatory
            .instrument_keys()
            .iter()
            .map(String::as_str);
        let mut values = std::iter::once(own)
            .chain(others)
            .filter_map(|key| header.get(key));
        let found = values.find(|value| value.to_uppercase() != UNDEFINED);
        let missing = || Error::NoInstrument {
            key: own.to_owned(),
        };
        found.map(str::to_lowercase).ok_or_else(missing)
    }

    /// Parity: crds/core/rmap.py `minimize_header`: after the instrument is known, only parameters of its rules are left, and
    /// the instrument is looked up once more among them. Under the first contexts of JWST, whose key is `META.INSTRUMENT.TYPE`,
    /// an exposure that has its instrument under another name gets no answers.
    fn require_instrument(
        &self,
        pipeline: &PipelineMapping,
        instrument: &Instrument,
        header: &Header,
    ) -> Result<(), Error> {
        let own = pipeline.instrument_key();
        let says = |key: &str| header.value(key).to_uppercase() != UNDEFINED;
        let mut others = self.observatory.instrument_keys().iter();
        if says(own) || others.any(|key| says(key) && self.knows(instrument, key)) {
            return Ok(());
        }
        let key = own.to_owned();
        Err(Error::NoInstrument { key })
    }

    fn instrument_of(
        &self,
        pipeline: &PipelineMapping,
        header: &Header,
    ) -> Result<Arc<Instrument>, Error> {
        let name = self.instrument_name(pipeline, header)?;
        match pipeline.entry(&name) {
            Some(Entry::File(file)) => self.instrument_mapping(file),
            _ => Err(Error::UnknownInstrument {
                context: pipeline.file().to_owned(),
                instrument: name,
                known: pipeline.instruments().map(str::to_owned).collect(),
            }),
        }
    }

    fn answers(
        &self,
        instrument: &Instrument,
        instrument_key: Option<&str>,
        header: &Header,
        types: Option<&[&str]>,
    ) -> Result<BTreeMap<String, BestReference>, Error> {
        let mut answers = BTreeMap::new();
        let mapping = &instrument.mapping;
        let mut add = |kind: &str| -> Result<(), Error> {
            let answer = match mapping.entry(kind) {
                None => Some(BestReference::NotFound(format!(
                    "{} names no type '{kind}'",
                    mapping.file()
                ))),
                Some((_, Entry::NotApplicable)) => Some(BestReference::NotApplicable),
                Some((_, Entry::Omitted)) => None,
                Some((place, Entry::File(file))) => {
                    let rules = self.rules_at(instrument, place, file)?;
                    let is_own = |name: &str| {
                        instrument_key
                            .is_some_and(|key| key == name || key.replace('.', "_") == name)
                    };
                    let is_known = |name: &str| is_own(name) || self.knows(instrument, name);
                    answer_of(rules.choose(&Scope {
                        header,
                        is_known: &is_known,
                    }))
                }
            };
            if let Some(answer) = answer {
                answers.insert(kind.to_owned(), answer);
            }
            Ok(())
        };
        match types {
            Some(types) => types
                .iter()
                .try_for_each(|kind| add(&kind.to_lowercase()))?,
            None => mapping.types().try_for_each(&mut add)?,
        }
        Ok(answers)
    }

    /// True if any rule file of the instrument has a parameter of that name, written with `_` for `.` or as it is.
    fn knows(&self, instrument: &Instrument, name: &str) -> bool {
        let names = instrument.names.get_or_init(|| {
            let mut names = HashSet::new();
            for kind in instrument.mapping.types() {
                let Some((place, Entry::File(file))) = instrument.mapping.entry(kind) else {
                    continue;
                };
                if let Ok(rules) = self.rules_at(instrument, place, file) {
                    for key in rules.parameters() {
                        names.insert(key.to_owned());
                        names.insert(key.replace('.', "_"));
                    }
                }
            }
            names
        });
        names.contains(name)
    }

    fn rules_at(
        &self,
        instrument: &Instrument,
        place: usize,
        file: &str,
    ) -> Result<Arc<RuleFile>, Error> {
        if let Some(rules) = instrument.rules[place].get() {
            return Ok(Arc::clone(rules));
        }
        match self.context(file)? {
            Context::Rules(rules) => Ok(Arc::clone(instrument.rules[place].get_or_init(|| rules))),
            _ => Err(Error::NotAContext(file.to_owned())),
        }
    }

    fn instrument_mapping(&self, file: &str) -> Result<Arc<Instrument>, Error> {
        match self.context(file)? {
            Context::Instrument(instrument) => Ok(instrument),
            _ => Err(Error::NotAContext(file.to_owned())),
        }
    }

    /// A mapping from memory or from the source. Two threads may read the same one at first; the first to finish is kept.
    fn context(&self, name: &str) -> Result<Context, Error> {
        if let Ok(loaded) = self.loaded.read()
            && let Some(context) = loaded.get(name)
        {
            return Ok(context.clone());
        }
        if !is_file_name(name) {
            return Err(Error::Name(name.to_owned()));
        }
        let context = self.load(name)?;
        match self.loaded.write() {
            Ok(mut loaded) => Ok(loaded.entry(name.to_owned()).or_insert(context).clone()),
            Err(_) => Ok(context),
        }
    }

    fn load(&self, name: &str) -> Result<Context, Error> {
        let kind = name.rsplit_once('.').map_or("", |(_, kind)| kind);
        if !["pmap", "imap", "rmap"].contains(&kind) {
            return Err(Error::NotAContext(name.to_owned()));
        }
        let mapping = Mapping::parse(name, &self.source.read_mapping(name)?, self.policy)?;
        Ok(match kind {
            "pmap" => Context::Pipeline(Arc::new(PipelineMapping::new(&mapping)?)),
            "imap" => {
                let mapping = InstrumentMapping::new(&mapping)?;
                let rules = mapping.types().map(|_| OnceLock::new()).collect();
                let names = OnceLock::new();
                Context::Instrument(Arc::new(Instrument {
                    mapping,
                    rules,
                    names,
                }))
            }
            _ => Context::Rules(Arc::new(RuleFile::new(&mapping, &self.observatory)?)),
        })
    }
}

fn answer_of(outcome: Outcome<'_>) -> Option<BestReference> {
    match outcome {
        Outcome::Found(terminal) => Some(match terminal.as_ref() {
            Terminal::Name(name) => BestReference::File(name.clone()),
            several => {
                let mut names = Vec::new();
                several.collect(&mut names);
                BestReference::Files(names.into_iter().map(str::to_owned).collect())
            }
        }),
        Outcome::NotApplicable => Some(BestReference::NotApplicable),
        Outcome::Omitted => None,
        Outcome::NotFound(reason) => Some(BestReference::NotFound(reason)),
    }
}
