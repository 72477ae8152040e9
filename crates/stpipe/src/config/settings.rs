//! The effective value of every parameter, and where each came from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use asdf::{Mapping, Node};

use super::{ConfigError, ConfigTree, read};
use crate::params::PathRole;
use crate::{BaseParams, ParamError, ParamSpec, ParamValue, Parameters, TaskSpec, Values, suggest};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The declaration of the parameter.
    Default,
    /// A parameter file of the reference system.
    Crds(String),
    /// A parameter file of the user.
    File(PathBuf),
    /// An option of the command line.
    CommandLine,
    /// The program that calls this library.
    Caller,
    /// The pipeline, which sets it for its steps.
    Pipeline(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Crds(name) => write!(f, "crds://{name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::CommandLine => f.write_str("command line"),
            Self::Caller => f.write_str("caller"),
            Self::Pipeline(name) => write!(f, "pipeline {name}"),
        }
    }
}

impl Origin {
    /// Reads what [`Display`](fmt::Display) writes.
    ///
    /// ```
    /// use stpipe::Origin;
    /// for text in ["default", "command line", "caller", "crds://a.asdf", "file /a/b.asdf", "pipeline X"] {
    ///     assert_eq!(Origin::from_text(text).map(|origin| origin.to_string()).as_deref(), Some(text));
    /// }
    /// assert_eq!(Origin::from_text("hearsay"), None);
    /// ```
    pub fn from_text(text: &str) -> Option<Self> {
        Some(match text {
            "default" => Self::Default,
            "command line" => Self::CommandLine,
            "caller" => Self::Caller,
            _ => {
                if let Some(name) = text.strip_prefix("crds://") {
                    Self::Crds(name.to_owned())
                } else if let Some(path) = text.strip_prefix("file ") {
                    Self::File(path.into())
                } else {
                    Self::Pipeline(text.strip_prefix("pipeline ")?.to_owned())
                }
            }
        })
    }
}

/// What to do with a name that no parameter or step has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownKeys {
    /// It is an error: the user meant something.
    Refuse,
    /// It is logged: files of the reference system name parameters of other versions.
    Warn,
}

/// A value and its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The value, checked.
    pub value: ParamValue,
    /// Where it came from.
    pub origin: Origin,
}

/// The effective values of a task and its steps.
///
/// ```
/// use std::sync::Arc;
/// use stpipe::{TaskSpec, config::{ConfigTree, Origin, Settings, UnknownKeys}};
/// stpipe::params! { /// Parameters.
///     pub struct Params { /// Limit [DN]
///         pub limit: f64 = 1.0, min(0.0); } }
/// let spec = TaskSpec::pipeline::<Params>("toy", "pkg.ToyPipeline", "A toy", vec![]);
/// let mut settings = Settings::defaults(&Arc::new(spec));
/// let mut line = ConfigTree::default();
/// line.set_path("limit", "2.5");
/// settings.apply(&line, &Origin::CommandLine, UnknownKeys::Refuse)?;
/// assert_eq!(settings.params::<Params>()?.limit, 2.5);
/// assert_eq!(settings.setting("limit").map(|s| s.origin.to_string()).as_deref(), Some("command line"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    spec: Arc<TaskSpec>,
    name: String,
    /// In the order of the declarations, overrides of reference files last.
    values: Vec<(String, Setting)>,
    steps: Vec<Settings>,
}

impl Settings {
    /// The defaults of a task.
    ///
    /// Its name is the class name; that of a step in a pipeline is its key.
    pub fn defaults(spec: &Arc<TaskSpec>) -> Self {
        Self::named(spec, spec.class_name())
    }

    fn named(spec: &Arc<TaskSpec>, name: &str) -> Self {
        let values = spec.all_parameters().map(|parameter| {
            let setting = Setting {
                value: parameter.default.clone(),
                origin: Origin::Default,
            };
            (parameter.name.to_string(), setting)
        });
        Self {
            spec: Arc::clone(spec),
            name: name.to_owned(),
            values: values.collect(),
            steps: spec
                .steps
                .iter()
                .map(|step| Self::named(step, &step.name))
                .collect(),
        }
    }

    /// What the values belong to.
    pub fn spec(&self) -> &Arc<TaskSpec> {
        &self.spec
    }

    /// Name in logs; in lower case, suffix of output files unless there is another.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the task another name.
    pub fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    /// The steps of a pipeline.
    pub fn steps(&self) -> &[Self] {
        &self.steps
    }

    /// The step called `name`.
    pub fn step(&self, name: &str) -> Option<&Self> {
        self.steps.iter().find(|step| step.spec.name == name)
    }

    /// The step called `name`, to change it.
    pub fn step_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.steps.iter_mut().find(|step| step.spec.name == name)
    }

    /// A value with its origin.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        let entry = self.values.iter().find(|(key, _)| key == name);
        entry.map(|(_, setting)| setting)
    }

    /// Every value with its origin.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.values
            .iter()
            .map(|(name, setting)| (name.as_str(), setting))
    }

    /// A value, [`ParamValue::Null`] if there is no such parameter.
    pub fn value(&self, name: &str) -> &ParamValue {
        self.setting(name).map_or(&ParamValue::Null, |s| &s.value)
    }

    /// Sets a value after checking it.
    ///
    /// # Errors
    /// [`ParamError`] if there is no such parameter or it does not take this value.
    pub fn set(
        &mut self,
        name: &str,
        value: impl Into<ParamValue>,
        origin: Origin,
    ) -> Result<(), ParamError> {
        let value = value.into();
        let spec = self.spec.parameter(name).ok_or_else(|| {
            let known: Vec<_> = self.values.iter().map(|(key, _)| key.as_str()).collect();
            ParamError::unknown(name, known.into_iter())
        })?;
        let value = spec.check(&value)?;
        if let Some((_, setting)) = self.values.iter_mut().find(|(key, _)| key == name) {
            *setting = Setting { value, origin };
        }
        Ok(())
    }

    /// A value with its origin by its dotted path: `steps.jump.rejection_threshold`.
    pub fn at_path(&self, path: &str) -> Option<&Setting> {
        match step_of(path) {
            Some((step, rest)) => self.step(step)?.at_path(rest),
            None => self.setting(path),
        }
    }

    /// Sets a value by its dotted path, as [`Self::set`].
    ///
    /// # Errors
    /// As [`Self::set`]; also if there is no such step.
    pub fn set_path(
        &mut self,
        path: &str,
        value: impl Into<ParamValue>,
        origin: Origin,
    ) -> Result<(), ParamError> {
        let Some((step, rest)) = step_of(path) else {
            return self.set(path, value, origin);
        };
        match self.step_mut(step) {
            Some(settings) => settings.set_path(rest, value, origin),
            None => Err(ParamError::unknown(path, std::iter::empty())),
        }
    }

    /// Lays the values of one source over those that are there.
    ///
    /// Files named by `config_file` are read first; relative paths in a file begin at its directory.
    ///
    /// # Errors
    /// [`ConfigError`] for a value that cannot be used, hooks, an unreadable `config_file`, and, with
    /// [`UnknownKeys::Refuse`], for a name that does not exist.
    pub fn apply(
        &mut self,
        tree: &ConfigTree,
        origin: &Origin,
        unknown: UnknownKeys,
    ) -> Result<(), ConfigError> {
        self.apply_at(tree, origin, unknown, "", 0)
    }

    fn apply_at(
        &mut self,
        tree: &ConfigTree,
        origin: &Origin,
        unknown: UnknownKeys,
        path: &str,
        depth: usize,
    ) -> Result<(), ConfigError> {
        if let Some(file) = &tree.config_file {
            self.apply_config_file(file, origin, unknown, path, depth)?;
        }
        for (name, value) in tree.values.iter() {
            let value = self.located(name, value, origin);
            let Err(error) = self.set(name, value.clone(), origin.clone()) else {
                self.refuse_hooks(name, origin)?;
                continue;
            };
            let error = error.within(path);
            if unknown == UnknownKeys::Warn && matches!(error, ParamError::Unknown { .. }) {
                tracing::warn!("{origin}: {error}; ignored");
                continue;
            }
            return Err(ConfigError::Value {
                origin: origin.clone(),
                source: error,
            });
        }
        for (name, tree) in &tree.steps {
            let task = self.spec.class_name().to_owned();
            let Some(place) = self.steps.iter().position(|s| s.spec.name == *name) else {
                let known = self.steps.iter().map(|step| step.spec.name.as_ref());
                let error = ConfigError::UnknownStep {
                    origin: origin.clone(),
                    task,
                    step: name.clone(),
                    suggestion: suggest::closest(name, known).map(str::to_owned),
                };
                if unknown == UnknownKeys::Refuse {
                    return Err(error);
                }
                tracing::warn!("{error}; ignored");
                continue;
            };
            let path = if path.is_empty() {
                format!("steps.{name}")
            } else {
                format!("{path}.steps.{name}")
            };
            self.steps[place].apply_at(tree, origin, unknown, &path, depth)?;
        }
        Ok(())
    }

    /// Reads the further file that a source names.
    fn apply_config_file(
        &mut self,
        file: &str,
        origin: &Origin,
        unknown: UnknownKeys,
        path: &str,
        depth: usize,
    ) -> Result<(), ConfigError> {
        let file = relative_to_origin(file, origin);
        if depth >= MAX_FILE_DEPTH {
            return Err(ConfigError::unreadable(
                &file,
                "parameter files name each other in a circle",
            ));
        }
        let tree = read(&file)?;
        self.apply_at(&tree, &Origin::File(file), unknown, path, depth + 1)
    }

    /// Hooks in files would run what the file says: refused, whoever sets them.
    fn refuse_hooks(&self, name: &str, origin: &Origin) -> Result<(), ConfigError> {
        if !matches!(name, "pre_hooks" | "post_hooks") {
            return Ok(());
        }
        match self.value(name) {
            ParamValue::List(items) if items.is_empty() => Ok(()),
            value => Err(ConfigError::Hooks {
                origin: origin.clone(),
                name: name.to_owned(),
                value: value.clone(),
            }),
        }
    }

    /// A path given in a file begins at the file's directory.
    fn located(&self, name: &str, value: &ParamValue, origin: &Origin) -> ParamValue {
        let is_path = |spec: &ParamSpec| spec.path != PathRole::None;
        match (self.spec.parameter(name), value.as_str()) {
            (Some(spec), Some(text)) if is_path(&spec) && text != "None" => {
                ParamValue::from(relative_to_origin(text, origin).display().to_string())
            }
            _ => value.clone(),
        }
    }

    /// Checks that the input files that parameters name exist.
    ///
    /// # Errors
    /// [`ConfigError::NoSuchFile`] for the first that does not.
    pub fn check_files(&self) -> Result<(), ConfigError> {
        for (name, setting) in &self.values {
            let spec = self.spec.parameter(name);
            let is_input = spec.is_some_and(|spec| spec.path == PathRole::Input);
            let Some(text) = setting.value.as_str().filter(|_| is_input) else {
                continue;
            };
            if !Path::new(text).exists() {
                return Err(ConfigError::NoSuchFile {
                    origin: setting.origin.clone(),
                    name: name.clone(),
                    path: text.into(),
                });
            }
        }
        self.steps.iter().try_for_each(Self::check_files)
    }

    /// The typed parameters of the task's own struct.
    ///
    /// # Errors
    /// [`ParamError`] if `P` is not the struct that the task was declared with.
    pub fn params<P: Parameters>(&self) -> Result<P, ParamError> {
        let own: Values = P::specs()
            .iter()
            .map(|spec| (spec.name.as_ref(), self.value(&spec.name).clone()))
            .collect();
        P::from_values(&own)
    }

    /// The parameters that every task has.
    ///
    /// # Errors
    /// [`ParamError`] if the task redeclared one with another type.
    pub fn base(&self) -> Result<BaseParams, ParamError> {
        self.params()
    }

    /// Whether the task is to be skipped.
    pub fn skip(&self) -> bool {
        self.value("skip").as_bool().unwrap_or(false)
    }

    /// The user's choice of a reference file: a path, or `N/A`.
    pub fn reference_override(&self, kind: &str) -> Option<&str> {
        let text = self.value(&format!("override_{kind}")).as_str()?;
        Some(text.trim()).filter(|text| !text.is_empty())
    }

    /// What a product records: for each parameter its value and its origin.
    ///
    /// `{class, parameters: {name: {value, origin}}, steps: {name: ..}}`; overrides that were not
    /// given are left out.
    pub fn to_node(&self) -> Node {
        let mut parameters = Mapping::new();
        for (name, setting) in &self.values {
            if name.starts_with("override_") && setting.value == ParamValue::Null {
                continue;
            }
            let mut entry = Mapping::new();
            entry.insert("value", Node::from(&setting.value));
            entry.insert("origin", setting.origin.to_string());
            parameters.insert(name.as_str(), entry);
        }
        let mut node = Mapping::new();
        node.insert("class", self.spec.class.as_ref());
        node.insert("parameters", parameters);
        if !self.steps.is_empty() {
            let steps = self.steps.iter();
            let steps: Mapping = steps.map(|s| (s.name.clone(), s.to_node())).collect();
            node.insert("steps", steps);
        }
        Node::Mapping(node)
    }
}

/// The step that a dotted path begins with, and the rest.
fn step_of(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("steps.")?.split_once('.')
}

/// How many parameter files may name a further one in a chain.
const MAX_FILE_DEPTH: usize = 8;

fn relative_to_origin(text: &str, origin: &Origin) -> PathBuf {
    match origin {
        Origin::File(file) => file.parent().unwrap_or(Path::new("")).join(text),
        _ => PathBuf::from(text),
    }
}
