//! The text of a lock file: JSON, one parameter a line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::{FORMAT, Fixed, Lock, Pinned, Software};
use crate::{Origin, ParamValue};

/// A text that is no lock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongText {
    /// Not JSON, or an entry is missing, unknown or of the wrong kind.
    #[error("expected a lock file: {0}")]
    Form(String),
    /// An entry that cannot have this value.
    #[error("{key}: expected {expected}, found {found}")]
    Entry {
        /// The entry.
        key: String,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
}

/// The entries of the file, in their order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    format: String,
    software: Software,
    context: Option<String>,
    class: String,
    name: String,
    inputs: Map<String, Json>,
    references: BTreeMap<String, Pinned>,
    files: BTreeMap<String, Pinned>,
    parameters: Map<String, Json>,
    /// Of the parameters whose values are not the defaults of their declarations.
    origins: Map<String, Json>,
}

impl Lock {
    /// The lock as text that [`Self::from_text`] reads.
    pub fn to_text(&self) -> String {
        let pinned = |pinned: &Pinned| json!({"size": pinned.size, "sha1": pinned.sha1});
        let inputs = self.inputs.iter();
        let parameters = self.parameters.iter();
        let set = parameters.clone();
        let set = set.filter(|(_, fixed)| fixed.origin != Origin::Default);
        let entries = Entries {
            format: FORMAT.to_owned(),
            software: self.software.clone(),
            context: self.context.clone(),
            class: self.class.clone(),
            name: self.name.clone(),
            inputs: inputs
                .map(|(name, file)| (name.clone(), pinned(file)))
                .collect(),
            references: self.references.clone(),
            files: self.files.clone(),
            parameters: parameters
                .map(|(path, fixed)| (path.clone(), to_json(&fixed.value)))
                .collect(),
            origins: set
                .map(|(path, fixed)| (path.clone(), fixed.origin.to_string().into()))
                .collect(),
        };
        let mut text = String::new();
        lay_out(&json!(entries), "", &mut text);
        text + "\n"
    }

    /// Reads the text of a lock file.
    ///
    /// # Errors
    /// [`WrongText`] names the entry.
    pub fn from_text(text: &str) -> Result<Self, WrongText> {
        let entries: Entries =
            serde_json::from_str(text).map_err(|error| WrongText::Form(error.to_string()))?;
        if entries.format != FORMAT {
            return Err(WrongText::Entry {
                key: "format".to_owned(),
                expected: FORMAT,
                found: entries.format,
            });
        }
        let mut inputs = Vec::new();
        for (name, json) in entries.inputs {
            let pinned = Pinned::deserialize(&json)
                .map_err(|error| WrongText::Form(format!("inputs, {name}: {error}")))?;
            inputs.push((name, pinned));
        }
        let mut parameters = Vec::new();
        for (path, json) in &entries.parameters {
            let value = from_json(json).ok_or_else(|| WrongText::Entry {
                key: format!("parameters, {path}"),
                expected: "a value or a list of values",
                found: json.to_string(),
            })?;
            let origin = origin_of(path, entries.origins.get(path))?;
            parameters.push((path.clone(), Fixed { value, origin }));
        }
        Ok(Self {
            software: entries.software,
            class: entries.class,
            name: entries.name,
            context: entries.context,
            inputs,
            references: entries.references,
            files: entries.files,
            parameters,
        })
    }
}

fn origin_of(path: &str, json: Option<&Json>) -> Result<Origin, WrongText> {
    let Some(json) = json else {
        return Ok(Origin::Default);
    };
    let origin = json.as_str().and_then(Origin::from_text);
    origin.ok_or_else(|| WrongText::Entry {
        key: format!("origins, {path}"),
        expected: "the origin of a value, such as `command line`",
        found: json.to_string(),
    })
}

/// JSON has no number for what is not finite; such a value is its text, which declarations take as well.
fn to_json(value: &ParamValue) -> Json {
    match value {
        ParamValue::Null => Json::Null,
        ParamValue::Bool(value) => (*value).into(),
        ParamValue::Int(value) => (*value).into(),
        ParamValue::Float(number) if !number.is_finite() => number.to_string().into(),
        ParamValue::Float(number) => (*number).into(),
        ParamValue::String(text) => text.as_str().into(),
        ParamValue::List(items) => items.iter().map(to_json).collect(),
    }
}

fn from_json(json: &Json) -> Option<ParamValue> {
    Some(match json {
        Json::Null => ParamValue::Null,
        Json::Bool(value) => ParamValue::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => ParamValue::Int(whole),
            None => ParamValue::Float(number.as_f64()?),
        },
        Json::String(text) => ParamValue::String(text.clone()),
        Json::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(from_json).collect();
            ParamValue::List(items?)
        }
        Json::Object(_) => return None,
    })
}

/// A dictionary on several lines, unless it holds nothing but a size and a sum; lists and all else on one.
fn lay_out(json: &Json, indent: &str, text: &mut String) {
    let entries = match json {
        Json::Object(entries) if !entries.contains_key("sha1") => entries,
        other => {
            *text += &other.to_string();
            return;
        }
    };
    let inner = format!("{indent}  ");
    *text += "{";
    for (number, (key, value)) in entries.iter().enumerate() {
        *text += if number == 0 { "\n" } else { ",\n" };
        *text += &inner;
        *text += &Json::from(key.as_str()).to_string();
        *text += ": ";
        lay_out(value, &inner, text);
    }
    if !entries.is_empty() {
        *text += "\n";
        *text += indent;
    }
    *text += "}";
}
