//! ASDF parameter files: the present schema, the first one, and writing.

use std::path::Path;

use asdf::{AsdfFile, Mapping, Node, WriteOptions};

use super::{ConfigTree, Settings};
use crate::{BoxError, ParamValue};

/// What a file says where its author must still fill something in.
const TO_SPECIFY: &str = "<SPECIFY>";

/// A tree that is no parameter file.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// Not an ASDF file.
    #[error(transparent)]
    Asdf(#[from] asdf::Error),
    /// A node has the wrong kind.
    #[error("`{path}`: expected {expected}, found {found}")]
    Node {
        /// Dotted path of the node.
        path: String,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
}

/// Reads an ASDF parameter file from its bytes.
///
/// Both layouts are known: `class`, `name`, `parameters` and a list `steps` at the top
/// (`step_config-1.0.0`), and all of it inside `parameters` with `steps` a mapping (`0.1.0`).
///
/// # Errors
/// `TreeError` if it is no ASDF file or no parameter file.
pub fn from_asdf(bytes: &[u8]) -> Result<ConfigTree, TreeError> {
    let file = AsdfFile::from_bytes(bytes)?;
    let tree = &file.tree;
    if tree.get("class").is_some() {
        return present_layout(tree, "");
    }
    let parameters = mapping(tree.get("parameters"), "parameters")?;
    if !parameters.contains_key("class") {
        return Err(wrong("class", "the class of a step", None));
    }
    first_layout(parameters, "parameters")
}

fn present_layout(tree: &Node, path: &str) -> Result<ConfigTree, TreeError> {
    let at = |key: &str| join(path, key);
    let mut config = ConfigTree::default();
    for key in ["class", "name"] {
        if let Some(node) = tree.get(key).filter(|node| !node.is_null()) {
            let text = node
                .as_str()
                .ok_or_else(|| wrong(&at(key), "a string", Some(node)))?;
            config.set_own(key, ParamValue::from(text));
        }
    }
    if tree.get("parameters").is_some() || path.is_empty() {
        let parameters = mapping(tree.get("parameters"), &at("parameters"))?;
        read_values(&mut config, parameters, &at("parameters"))?;
    }
    let Some(steps) = tree.get("steps") else {
        return Ok(config);
    };
    let steps = steps
        .as_sequence()
        .ok_or_else(|| wrong(&at("steps"), "a list of steps", Some(steps)))?;
    for (index, step) in steps.iter().enumerate() {
        let path = at(&format!("steps[{index}]"));
        let step = present_layout(step, &path)?;
        let name = step
            .name
            .clone()
            .ok_or_else(|| wrong(&join(&path, "name"), "the name of a step", None))?;
        config.steps.push((name, step));
    }
    Ok(config)
}

fn first_layout(parameters: &Mapping, path: &str) -> Result<ConfigTree, TreeError> {
    let mut config = ConfigTree::default();
    read_values(&mut config, parameters, path)?;
    if let Some(steps) = parameters.get("steps") {
        let path = join(path, "steps");
        for (name, step) in mapping(Some(steps), &path)? {
            let name = name.as_str().unwrap_or_default();
            let path = join(&path, name);
            let step = first_layout(mapping(Some(step), &path)?, &path)?;
            config.steps.push((name.to_owned(), step));
        }
    }
    Ok(config)
}

fn read_values(config: &mut ConfigTree, parameters: &Mapping, path: &str) -> Result<(), TreeError> {
    for (key, node) in parameters {
        let key = key
            .as_str()
            .ok_or_else(|| wrong(path, "names of parameters", Some(key)))?;
        // A step of a pipeline may be written here, too: that is what `steps` of the first layout is.
        if key != "steps" {
            config.set_own(key, value(node, &join(path, key))?);
        }
    }
    Ok(())
}

fn value(node: &Node, path: &str) -> Result<ParamValue, TreeError> {
    Ok(match node.untagged() {
        Node::Null => ParamValue::Null,
        Node::Bool(value) => ParamValue::Bool(*value),
        Node::Int(value) => ParamValue::Int(*value),
        Node::Float(value) => ParamValue::Float(*value),
        Node::String(text) => ParamValue::String(text.clone()),
        Node::Sequence(items) => {
            let items: Result<_, _> = items.iter().map(|item| value(item, path)).collect();
            ParamValue::List(items?)
        }
        other => return Err(wrong(path, "a parameter's value", Some(other))),
    })
}

impl From<&ParamValue> for Node {
    fn from(value: &ParamValue) -> Self {
        match value {
            ParamValue::Null => Self::Null,
            ParamValue::Bool(value) => Self::Bool(*value),
            ParamValue::Int(value) => Self::Int(*value),
            ParamValue::Float(value) => Self::Float(*value),
            ParamValue::String(text) => Self::String(text.clone()),
            ParamValue::List(items) => Self::Sequence(items.iter().map(Self::from).collect()),
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn mapping<'a>(node: Option<&'a Node>, path: &str) -> Result<&'a Mapping, TreeError> {
    node.and_then(Node::as_mapping)
        .ok_or_else(|| wrong(path, "a mapping", node))
}

fn wrong(path: &str, expected: &'static str, found: Option<&Node>) -> TreeError {
    let found = match found.map(Node::untagged) {
        None => "nothing",
        Some(Node::Null) => "null",
        Some(Node::Bool(_)) => "a boolean",
        Some(Node::Int(_) | Node::Float(_)) => "a number",
        Some(Node::String(_)) => "a string",
        Some(Node::Sequence(_)) => "a list",
        Some(Node::NdArray(_)) => "an array",
        Some(_) => "a mapping",
    };
    TreeError::Node {
        path: path.to_owned(),
        expected,
        found,
    }
}

/// The tree of a parameter file with the effective values of `settings`, without overrides of
/// reference files, and with a template of the metadata that CRDS wants (`date`: `YYYY-MM-DDThh:mm:ss`).
pub fn parameter_file(settings: &Settings, date: &str) -> Node {
    let mut tree = task_node(settings);
    let mut instrument = Mapping::new();
    instrument.insert("name", TO_SPECIFY);
    let mut meta = Mapping::new();
    meta.insert("author", TO_SPECIFY);
    meta.insert("date", date);
    let class = &settings.spec().class;
    meta.insert(
        "description",
        format!("Parameters for calibration step {class}"),
    );
    meta.insert("instrument", instrument);
    for key in ["origin", "pedigree", "reftype", "telescope", "useafter"] {
        meta.insert(key, TO_SPECIFY);
    }
    tree.insert("meta", meta);
    Node::Mapping(tree)
}

fn task_node(settings: &Settings) -> Mapping {
    let spec = settings.spec();
    let parameters: Mapping = spec
        .parameters
        .iter()
        .map(|p| (p.name.to_string(), Node::from(settings.value(&p.name))))
        .collect();
    let mut tree = Mapping::new();
    tree.insert("class", spec.class.as_ref());
    tree.insert("name", settings.name());
    tree.insert("parameters", parameters);
    if spec.is_pipeline() {
        let steps = settings.steps().iter().map(task_node).map(Node::Mapping);
        tree.insert("steps", Node::Sequence(steps.collect()));
    }
    tree
}

/// Writes the effective values of `settings` to an ASDF parameter file, whole or not at all.
///
/// # Errors
/// Whatever prevents the file from being written.
pub fn save(settings: &Settings, path: &Path) -> Result<(), BoxError> {
    let date = jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S")
        .to_string();
    let file = AsdfFile::from_tree(parameter_file(settings, &date));
    let bytes = file.to_bytes(&WriteOptions::default())?;
    let directory = path.parent().filter(|p| !p.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    if !directory.is_dir() {
        return Err(format!("there is no directory {}", directory.display()).into());
    }
    Ok(crds::write_file(path, &bytes)?)
}
