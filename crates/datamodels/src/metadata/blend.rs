//! The metadata of several exposures as those of their combination, and as a table.
//!
//! # Source
//! jwst 3.0.0 `model_blender`; columns and rules are those that the schemas of stdatamodels 6.0.0 name.

use std::collections::HashMap;
use std::sync::LazyLock;

use asdf::Node;
use serde::Deserialize;

use super::Metadata;
use crate::io::fits::{ColumnValues, Table};

#[derive(Deserialize)]
struct Data {
    columns: Vec<(String, String)>,
    rules: HashMap<String, Rule>,
}

static DATA: LazyLock<Data> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/blend.json"))
        .expect("the table is part of this crate and valid")
});

/// How values of several exposures become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rule {
    /// The common one, else `MULTIPLE`.
    Multi,
    Mean,
    Sum,
    #[serde(alias = "mindate", alias = "mintime", alias = "mindatetime")]
    Min,
    #[serde(alias = "maxdate", alias = "maxtime", alias = "maxdatetime")]
    Max,
    /// The worst of the positions of a wheel.
    WheelTol,
}

/// What the wheels of filters say when they do not stand where they should.
const OUTSIDE: &str = "outside calibration tolerance";
/// What they say otherwise.
const WITHIN: &str = "within commanded tolerance";

/// Gathers the metadata of exposures.
///
/// ```
/// use datamodels::metadata::{Blender, Metadata};
/// let mut blender = Blender::default();
/// for filter in ["F150W", "F200W"] {
///     let mut meta = Metadata::new("ImageModel");
///     meta.set("meta.instrument.filter", filter);
///     blender.add(&meta);
/// }
/// let mut combined = Metadata::new("ImageModel");
/// let table = blender.finish(&mut combined).unwrap();
/// assert_eq!(combined.text("meta.instrument.filter"), Some("MULTIPLE"));
/// assert_eq!(table.strings("FILTER").unwrap(), ["F150W", "F200W"]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Blender {
    /// Values by path, one for each exposure.
    values: HashMap<&'static str, Vec<Option<Node>>>,
    exposures: usize,
}

impl Blender {
    /// Adds an exposure.
    pub fn add(&mut self, meta: &Metadata) {
        let columns = DATA.columns.iter().map(|(path, _)| path);
        let blended = DATA.rules.keys().filter(|path| !is_column(path));
        for path in columns.chain(blended) {
            let value = meta.get(path).filter(|node| is_scalar(node)).cloned();
            let values = self.values.entry(path).or_default();
            values.push(value);
        }
        self.exposures += 1;
    }

    /// Blends the values in the metadata of a combination, and gives the table of all values: a row for each exposure,
    /// a column for each path that any exposure has. `None` if there is nothing to show.
    pub fn finish(self, meta: &mut Metadata) -> Option<Table> {
        for (path, rule) in &DATA.rules {
            let values = self.values.get(path.as_str()).into_iter().flatten();
            let values: Vec<&Node> = values.flatten().collect();
            if let Some(value) = rule.blend(&values) {
                meta.set(path, value);
            }
        }
        let columns: Vec<(&str, ColumnValues)> = DATA
            .columns
            .iter()
            .filter_map(|(path, name)| {
                let values = self.values.get(path.as_str())?;
                Some((name.as_str(), column(values)?))
            })
            .collect();
        (!columns.is_empty()).then(|| Table::new(&columns))?
    }
}

fn is_column(path: &str) -> bool {
    DATA.columns.iter().any(|(column, _)| column == path)
}

fn is_scalar(node: &Node) -> bool {
    matches!(
        node,
        Node::Bool(_) | Node::Int(_) | Node::Float(_) | Node::String(_)
    )
}

impl Rule {
    /// One value for several; `None` if there is none or they are not of the rule's kind.
    fn blend(self, values: &[&Node]) -> Option<Node> {
        let first = *values.first()?;
        match self {
            Self::Multi if values.iter().all(|value| *value == first) => Some(first.clone()),
            Self::Multi => Some(Node::from("MULTIPLE")),
            Self::WheelTol => {
                let outside = values.iter().any(|value| value.as_str() == Some(OUTSIDE));
                Some(Node::from(if outside { OUTSIDE } else { WITHIN }))
            }
            Self::Min => extreme(values, std::cmp::Ordering::Less),
            Self::Max => extreme(values, std::cmp::Ordering::Greater),
            Self::Sum => numbers(values).map(|numbers| Node::Float(numbers.iter().sum())),
            Self::Mean => numbers(values)
                .map(|numbers| Node::Float(numbers.iter().sum::<f64>() / numbers.len() as f64)),
        }
    }
}

fn numbers(values: &[&Node]) -> Option<Vec<f64>> {
    values.iter().map(|value| value.as_f64()).collect()
}

/// The least or greatest of texts or numbers.
fn extreme(values: &[&Node], wanted: std::cmp::Ordering) -> Option<Node> {
    let compare = |a: &Node, b: &Node| match (a, b) {
        (Node::String(a), Node::String(b)) => Some(a.cmp(b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    };
    let mut found = *values.first()?;
    for &value in values {
        if compare(value, found)? == wanted {
            found = value;
        }
    }
    Some(found.clone())
}

/// Bytes of a text in a column whose values are not all there: that of a number as text.
const WIDTH_WITH_MISSING: usize = 32;

/// The values of a column: texts if any is one, else real numbers if any is one or is missing; `None` if all are missing.
fn column(values: &[Option<Node>]) -> Option<ColumnValues> {
    let known: Vec<&Node> = values.iter().flatten().collect();
    let any = |test: fn(&Node) -> bool| known.iter().any(|node| test(node));
    if known.is_empty() {
        return None;
    }
    let missing = known.len() < values.len();
    if any(|node| node.as_str().is_some()) {
        let text = |value: &Option<Node>| match value {
            None => "nan".to_owned(),
            Some(Node::String(text)) => text.clone(),
            Some(Node::Bool(true)) => "True".to_owned(),
            Some(Node::Bool(false)) => "False".to_owned(),
            Some(Node::Int(number)) => number.to_string(),
            Some(other) => other
                .as_f64()
                .map_or_else(String::new, |number| number.to_string()),
        };
        let values: Vec<String> = values.iter().map(text).collect();
        let longest = values.iter().map(String::len).max().unwrap_or(0);
        let least = if missing { WIDTH_WITH_MISSING } else { 1 };
        let width = longest.max(least);
        return Some(ColumnValues::Text { width, values });
    }
    if !missing && !any(|node| !matches!(node, Node::Bool(_))) {
        let values = known.iter().map(|node| **node == Node::Bool(true));
        return Some(ColumnValues::Bool(values.collect()));
    }
    if !missing && !any(|node| matches!(node, Node::Float(_))) {
        let values = known.iter().map(|node| {
            node.as_i64()
                .unwrap_or(i64::from(**node == Node::Bool(true)))
        });
        return Some(ColumnValues::I64(values.collect()));
    }
    let number = |value: &Option<Node>| match value {
        Some(Node::Bool(value)) => f64::from(u8::from(*value)),
        Some(node) => node.as_f64().unwrap_or(f64::NAN),
        None => f64::NAN,
    };
    Some(ColumnValues::F64(values.iter().map(number).collect()))
}
