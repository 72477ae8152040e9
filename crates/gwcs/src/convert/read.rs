//! Nodes to transforms.

use std::cell::Cell;

use asdf::{AsdfFile, Node};

use super::fields::{Fields, array, number, short};
use super::{ConvertError, Registry, read_models, split_tag};
use crate::bounding_box::{BoundingBox, Interval, Order};
use crate::transform::{Operator, Properties, Transform, TransformError};

/// Deeper than any real file; keeps hostile ones from exhausting the stack.
const MAX_DEPTH: usize = 200;

/// What is needed to read.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) file: &'a AsdfFile,
    pub(super) registry: &'a Registry,
    depth: Cell<usize>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a AsdfFile, registry: &'a Registry) -> Self {
        Self {
            file,
            registry,
            depth: Cell::new(0),
        }
    }
}

/// The transform of a node.
pub(super) fn transform(node: &Node, reader: &Reader<'_>) -> Result<Transform, ConvertError> {
    let depth = reader.depth.get();
    if depth >= MAX_DEPTH {
        return Err(ConvertError::TooDeep(MAX_DEPTH));
    }
    reader.depth.set(depth + 1);
    let result = transform_here(node, reader);
    reader.depth.set(depth);
    result
}

fn transform_here(node: &Node, reader: &Reader<'_>) -> Result<Transform, ConvertError> {
    let tag = node.tag().ok_or_else(|| ConvertError::Unexpected {
        expected: "a transform",
        found: short(node),
    })?;
    let mut fields = Fields::new(tag, node, reader)?;
    let (stem, _) = split_tag(tag);
    let bare = match stem.strip_prefix("tag:stsci.edu:asdf/transform/") {
        Some(
            name @ ("compose" | "concatenate" | "add" | "subtract" | "multiply" | "divide"
            | "power"),
        ) => pair(&fields, name)?,
        Some("fix_inputs") => fix_inputs(&fields)?,
        _ => match reader.registry.reader(stem) {
            Some(read) => Transform::from_model(read(&mut fields)?),
            None => read_models::model(stem, &fields)?,
        },
    };
    with_properties(bare, &fields)
}

fn wrong(fields: &Fields<'_>) -> impl Fn(TransformError) -> ConvertError {
    let tag = fields.tag().to_string();
    move |source| ConvertError::Transform {
        tag: tag.clone(),
        source,
    }
}

fn pair(fields: &Fields<'_>, name: &str) -> Result<Transform, ConvertError> {
    let [a, b] = <[Transform; 2]>::try_from(fields.transforms("forward")?)
        .map_err(|_| fields.error("forward", "two transforms"))?;
    let combined = match name {
        "compose" => a.then(b),
        "concatenate" => Ok(a.join(b)),
        "add" => a.combine(Operator::Add, b),
        "subtract" => a.combine(Operator::Subtract, b),
        "multiply" => a.combine(Operator::Multiply, b),
        "divide" => a.combine(Operator::Divide, b),
        _ => a.combine(Operator::Power, b),
    };
    combined.map_err(wrong(fields))
}

fn fix_inputs(fields: &Fields<'_>) -> Result<Transform, ConvertError> {
    let expected = || fields.error("forward", "a transform and a mapping of keys and values");
    let [inner, fixed] = fields.list("forward")? else {
        return Err(expected());
    };
    let inner = transform(inner, fields.reader)?;
    let list = |key: &str| {
        fixed
            .get(key)
            .and_then(Node::as_sequence)
            .ok_or_else(expected)
    };
    let names = inner.input_names();
    let values = list("keys")?
        .iter()
        .zip(list("values")?)
        .map(|(key, value)| {
            let input = match key.as_str() {
                Some(name) => names.iter().position(|known| known == name),
                None => key.as_i64().and_then(|key| usize::try_from(key).ok()),
            };
            Some((input?, number(value, fields.reader)?))
        });
    let values = values.collect::<Option<Vec<_>>>().ok_or_else(expected)?;
    inner.fix(values).map_err(wrong(fields))
}

/// Adds what every transform may have.
fn with_properties(bare: Transform, fields: &Fields<'_>) -> Result<Transform, ConvertError> {
    let inputs = fields.texts("inputs")?;
    let input_names = inputs.clone().unwrap_or_else(|| bare.input_names());
    let properties = Properties {
        name: fields
            .get("name")
            .and_then(Node::as_str)
            .map(ToString::to_string),
        inputs,
        outputs: fields.texts("outputs")?,
        inverse: match fields.get("inverse") {
            Some(node) => Some(transform(node, fields.reader)?),
            None => None,
        },
        bounding_box: match fields.get("bounding_box") {
            Some(node) => Some(bounding_box(node, &input_names, fields)?),
            None => None,
        },
    };
    bare.with_properties(properties).map_err(wrong(fields))
}

fn bounding_box(
    node: &Node,
    inputs: &[String],
    fields: &Fields<'_>,
) -> Result<BoundingBox, ConvertError> {
    let expected = || fields.error("bounding_box", "intervals of the inputs");
    let interval = |node: &Node| -> Result<Interval, ConvertError> {
        match array(node, fields.reader)?
            .as_ref()
            .map(|(values, _)| values.as_slice())
        {
            Some([low, high]) => Ok(Interval {
                low: *low,
                high: *high,
            }),
            _ => Err(expected()),
        }
    };
    let Some(intervals) = node.get("intervals") else {
        // In old files a list, the last input first; of a single input the interval itself.
        let items = node.as_sequence().ok_or_else(expected)?;
        let intervals = if inputs.len() == 1 && items.iter().all(|item| item.as_f64().is_some()) {
            vec![Some(interval(node)?)]
        } else {
            let listed = items.iter().rev().map(|item| interval(item).map(Some));
            listed.collect::<Result<_, _>>()?
        };
        return Ok(BoundingBox {
            intervals,
            order: Order::C,
        });
    };
    let order = match node.get("order").and_then(Node::as_str) {
        Some("F") => Order::F,
        _ => Order::C,
    };
    let intervals = inputs
        .iter()
        .map(|name| intervals.get(name).map(interval).transpose())
        .collect::<Result<_, _>>()?;
    Ok(BoundingBox { intervals, order })
}
