//! What a product says of its exposure, and of the steps, references and parameters that made it.

use asdf::{Mapping, Node};
use datamodels::metadata::Metadata;
use serde::Serialize;
use serde_json::Value;

/// What became of a step.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct StepRecord {
    /// The key of the status, as in `meta.cal_step`.
    pub(super) step: String,
    /// `COMPLETE`, `SKIPPED`, `FAILED` and the like.
    pub(super) status: String,
    /// Why it was skipped, where the product says so.
    pub(super) reason: Option<String>,
    /// What it found.
    pub(super) found: serde_json::Map<String, Value>,
}

/// A reference file that was used.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct ReferenceFile {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) name: String,
}

/// A parameter of a step that ran.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Parameter {
    /// Task, steps and name, with dots.
    pub(super) name: String,
    pub(super) value: Value,
    /// Where the value came from.
    pub(super) origin: String,
}

/// What tells an exposure from others.
const EXPOSURE: &[(&str, &str)] = &[
    ("telescope", "meta.telescope"),
    ("instrument", "meta.instrument.name"),
    ("detector", "meta.instrument.detector"),
    ("filter", "meta.instrument.filter"),
    ("pupil", "meta.instrument.pupil"),
    ("grating", "meta.instrument.grating"),
    ("exposure type", "meta.exposure.type"),
    ("read pattern", "meta.exposure.readpatt"),
    ("integrations", "meta.exposure.nints"),
    ("groups", "meta.exposure.ngroups"),
    ("group time [s]", "meta.exposure.group_time"),
    ("exposure time [s]", "meta.exposure.effective_exposure_time"),
    ("subarray", "meta.subarray.name"),
    ("date", "meta.observation.date"),
    ("time", "meta.observation.time"),
    ("target", "meta.target.catalog_name"),
    ("program", "meta.observation.program_number"),
    ("association", "meta.asn.table_name"),
    ("reference type", "meta.reftype"),
    ("useafter", "meta.useafter"),
    ("pedigree", "meta.pedigree"),
];

pub(super) fn exposure(text: &dyn Fn(&str) -> Option<String>) -> Vec<(&'static str, String)> {
    let known = EXPOSURE
        .iter()
        .filter_map(|(name, path)| Some((*name, text(path)?)));
    known.filter(|(_, value)| !value.is_empty()).collect()
}

/// A number, a text or a truth value as text.
pub(super) fn scalar_text(node: &Node) -> Option<String> {
    match node.untagged() {
        Node::Bool(value) => Some(value.to_string()),
        Node::Int(value) => Some(value.to_string()),
        Node::Float(value) => Some(value.to_string()),
        Node::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The steps in the order of the metadata.
pub(super) fn steps(meta: &Metadata) -> Vec<StepRecord> {
    let Some(steps) = mapping(meta, "meta.cal_step") else {
        return Vec::new();
    };
    let reasons = mapping(meta, "cal_skip_reasons");
    let summaries = mapping(meta, "cal_summaries");
    let steps = steps.iter().filter_map(|(key, status)| {
        let step = key.as_str()?;
        let reason = reasons.and_then(|reasons| reasons.get(step)?.as_str());
        let found = summaries.and_then(|found| found.get(step)?.as_mapping());
        let pairs = found.into_iter().flatten();
        Some(StepRecord {
            step: step.to_owned(),
            status: status.as_str()?.trim().to_owned(),
            reason: reason.map(str::to_owned),
            found: pairs
                .filter_map(|(name, value)| Some((name.as_str()?.to_owned(), json(value))))
                .collect(),
        })
    });
    steps.collect()
}

/// References by type.
pub(super) fn references(meta: &Metadata) -> Vec<ReferenceFile> {
    let files = mapping(meta, "meta.ref_file").into_iter().flatten();
    let files = files.filter_map(|(kind, entry)| {
        Some(ReferenceFile {
            kind: kind.as_str()?.to_owned(),
            name: entry.get("name")?.as_str()?.to_owned(),
        })
    });
    files.collect()
}

/// Parameters of all tasks that say which they had.
pub(super) fn parameters(meta: &Metadata) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for (task, node) in mapping(meta, "cal_parameters").into_iter().flatten() {
        add(task.as_str().unwrap_or_default(), node, &mut parameters);
    }
    parameters
}

fn add(prefix: &str, node: &Node, parameters: &mut Vec<Parameter>) {
    let below = |name: &str| node.get(name).and_then(Node::as_mapping);
    for (name, entry) in below("parameters").into_iter().flatten() {
        let origin = entry.get("origin").and_then(Node::as_str);
        parameters.push(Parameter {
            name: format!("{prefix}.{}", name.as_str().unwrap_or_default()),
            value: entry.get("value").map_or(Value::Null, json),
            origin: origin.unwrap_or_default().to_owned(),
        });
    }
    for (step, node) in below("steps").into_iter().flatten() {
        let prefix = format!("{prefix}.{}", step.as_str().unwrap_or_default());
        add(&prefix, node, parameters);
    }
}

fn mapping<'a>(meta: &'a Metadata, path: &str) -> Option<&'a Mapping> {
    meta.get(path)?.as_mapping()
}

/// A node as JSON; what JSON has not becomes text.
fn json(node: &Node) -> Value {
    match node.untagged() {
        Node::Null => Value::Null,
        Node::Bool(value) => Value::from(*value),
        Node::Int(value) => Value::from(*value),
        Node::Float(value) if value.is_finite() => Value::from(*value),
        Node::Float(value) => Value::from(value.to_string()),
        Node::String(text) => Value::from(text.as_str()),
        Node::Sequence(items) => items.iter().map(json).collect(),
        Node::Mapping(mapping) => {
            let pairs = mapping.iter();
            let pairs = pairs.filter_map(|(k, v)| Some((k.as_str()?.to_owned(), json(v))));
            Value::Object(pairs.collect())
        }
        other => Value::from(format!("{other:?}")),
    }
}
