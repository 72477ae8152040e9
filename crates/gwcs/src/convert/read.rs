//! Nodes to transforms.

use std::cell::Cell;

use asdf::{AsdfFile, Node};

use super::fields::{Fields, array, degrees_per, number, short};
use super::{ConvertError, Registry, read_models, split_tag};
use crate::bounding_box::{BoundingBox, CompoundBox, Interval, Order, Selector};
use crate::transform::{Operator, ParameterNote, Properties, Transform, TransformError};

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
    let mut properties = Properties {
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
        parameters: notes(fields)?,
        equivalencies: fields.get("input_units_equivalencies").cloned(),
        ..Properties::default()
    };
    if let Some(node) = fields.get("bounding_box") {
        if node.get("cbbox").is_some() {
            properties.compound_box = Some(compound_box(node, &input_names, fields)?);
        } else {
            properties.bounding_box = Some(bounding_box(node, &input_names, fields)?);
        }
    }
    bare.with_properties(properties).map_err(wrong(fields))
}

/// What the file says about parameters: units, and what a fit may do to them.
fn notes(fields: &Fields<'_>) -> Result<Vec<(String, ParameterNote)>, ConvertError> {
    let mut notes: Vec<(String, ParameterNote)> = Vec::new();
    for name in fields.names() {
        if let Some(unit) = fields.unit(name) {
            note(&mut notes, name).unit = Some(unit_kept(fields.tag(), name, unit));
        }
    }
    for (name, fixed) in entries(fields, "fixed")? {
        note(&mut notes, name).fixed = fixed.as_bool();
    }
    for (name, bounds) in entries(fields, "bounds")? {
        let [low, high] = bounds.as_sequence().unwrap_or_default() else {
            return Err(fields.error("bounds", "two numbers, or nothing, for each parameter"));
        };
        note(&mut notes, name).bounds = Some([low.as_f64(), high.as_f64()]);
    }
    Ok(notes)
}

/// The unit in which the value is kept here, and written again: angles are converted.
fn unit_kept(tag: &str, name: &str, unit: &str) -> String {
    let profile = name == "theta" && !tag.contains("/rotate3d-");
    match degrees_per(unit) {
        Some(_) if profile => "rad".to_string(),
        Some(_) if matches!(name, "angle" | "phi" | "theta" | "psi") => "deg".to_string(),
        _ => unit.to_string(),
    }
}

fn note<'n>(notes: &'n mut Vec<(String, ParameterNote)>, name: &str) -> &'n mut ParameterNote {
    let known = notes.iter().position(|(known, _)| known == name);
    let index = known.unwrap_or_else(|| {
        notes.push((name.to_string(), ParameterNote::default()));
        notes.len() - 1
    });
    &mut notes[index].1
}

/// The entries of a property that is a mapping.
fn entries<'f>(
    fields: &Fields<'f>,
    property: &str,
) -> Result<Vec<(&'f str, &'f Node)>, ConvertError> {
    let Some(node) = fields.get(property) else {
        return Ok(Vec::new());
    };
    let mapping = node
        .as_mapping()
        .ok_or_else(|| fields.error(property, "a mapping"))?;
    Ok(mapping
        .iter()
        .filter_map(|(key, value)| Some((key.as_str()?, value)))
        .collect())
}

/// Boxes by the values of some inputs.
fn compound_box(
    node: &Node,
    inputs: &[String],
    fields: &Fields<'_>,
) -> Result<CompoundBox, ConvertError> {
    let expected = || fields.error("bounding_box", "selector_args and cbbox");
    let list = |key: &str| node.get(key).and_then(Node::as_sequence);
    let input = |node: &Node| {
        let name = node.as_str()?;
        inputs.iter().position(|known| known == name)
    };
    let selectors = list("selector_args")
        .ok_or_else(expected)?
        .iter()
        .map(|node| {
            Some(Selector {
                input: input(node.get("argument")?)?,
                ignore: node.get("ignore").and_then(Node::as_bool).unwrap_or(true),
            })
        });
    let mut boxes = Vec::new();
    for entry in list("cbbox").ok_or_else(expected)? {
        let key = entry
            .get("key")
            .and_then(Node::as_sequence)
            .ok_or_else(expected)?;
        let key = key.iter().map(|value| number(value, fields.reader));
        let key = key.collect::<Option<Vec<f64>>>().ok_or_else(expected)?;
        let of_key = entry.get("bbox").ok_or_else(expected)?;
        boxes.push((key, bounding_box(of_key, inputs, fields)?));
    }
    let ignored = list("ignore").unwrap_or_default().iter().map(input);
    Ok(CompoundBox {
        selectors: selectors.collect::<Option<_>>().ok_or_else(expected)?,
        boxes,
        ignored: ignored.collect::<Option<_>>().ok_or_else(expected)?,
        order: order(node),
    })
}

fn order(node: &Node) -> Order {
    match node.get("order").and_then(Node::as_str) {
        Some("F") => Order::F,
        _ => Order::C,
    }
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
    let order = order(node);
    let intervals = inputs
        .iter()
        .map(|name| intervals.get(name).map(interval).transpose())
        .collect::<Result<_, _>>()?;
    Ok(BoundingBox { intervals, order })
}
