//! Label mappers and the selectors that use them.

use asdf::{Mapping as Tree, Node};

use super::fields::{Fields, array, number, ordered};
use super::read_models::made;
use super::write::texts;
use super::write_models::{GWCS, Written, gwcs, integer, numbers, tree};
use super::{ConvertError, Writer, read};
use crate::model::{
    LabelArray, LabelDict, LabelRange, LabelTransform, Mapping, Model, RegionsSelector,
};
use crate::transform::{Form, Properties, Transform};

type Read<T> = Result<T, ConvertError>;

const LABEL_MAPPER: &str = "label_mapper-1.3.0";

/// The inputs that a transform picks, if it does nothing else.
fn picked(transform: &Transform) -> Option<Vec<usize>> {
    match transform.form() {
        Form::Model(model) => model.mapping().map(<[usize]>::to_vec),
        _ => None,
    }
}

fn inputs_mapping(fields: &Fields<'_>) -> Read<Option<Transform>> {
    let node = fields.get("inputs_mapping");
    node.map(|node| read::transform(node, fields.reader))
        .transpose()
}

/// A list below a key of a mapping that may be an ordered one.
fn listed<'n>(node: &'n Node, key: &str) -> Option<&'n [Node]> {
    ordered(node, key).and_then(Node::as_sequence)
}

pub(super) fn read_label_mapper(fields: &Fields<'_>) -> Read<Transform> {
    let mapper = fields.require("mapper")?;
    if mapper.as_ndarray().is_some() {
        return made(fields, Ok(label_array(fields)?));
    }
    let inputs = fields
        .texts("inputs")?
        .ok_or_else(|| fields.error("inputs", "names of the inputs"))?;
    let wrong = || fields.error("mapper", "an array, or labels and models");
    let (Some(labels), Some(models)) = (listed(mapper, "labels"), listed(mapper, "models")) else {
        if mapper.tag().is_none() {
            return Err(wrong());
        }
        return Ok(LabelTransform {
            inputs,
            inputs_mapping: inputs_mapping(fields)?,
            mapper: read::transform(mapper, fields.reader)?,
            no_label: fields.number_or("no_label", f64::NAN).unwrap_or(f64::NAN),
        }
        .into());
    };
    if labels.len() != models.len() {
        return Err(wrong());
    }
    let models = models
        .iter()
        .map(|node| read::transform(node, fields.reader))
        .collect::<Read<Vec<_>>>()?;
    if models
        .iter()
        .any(|model| (model.n_inputs(), model.n_outputs()) != (inputs.len(), 1))
    {
        return Err(fields.error("mapper", "models of all inputs and of one output"));
    }
    let key_input = match inputs_mapping(fields)?.as_ref().map(picked) {
        None => 0,
        Some(Some(picks)) if picks.len() == 1 && picks[0] < inputs.len() => picks[0],
        Some(_) => return Err(fields.error("inputs_mapping", "remap_axes to one of the inputs")),
    };
    let ranges = labels.iter().map(|label| {
        let (values, _) = array(label, fields.reader).ok()??;
        match values.as_slice() {
            [low, high] => Some((*low, *high)),
            _ => None,
        }
    });
    if let Some(ranges) = ranges.collect::<Option<Vec<_>>>() {
        let entries = ranges.into_iter().zip(models).collect();
        return Ok(LabelRange {
            inputs,
            key_input,
            entries,
        }
        .into());
    }
    let keys = labels.iter().map(|label| number(label, fields.reader));
    let keys = keys.collect::<Option<Vec<f64>>>().ok_or_else(wrong)?;
    Ok(LabelDict {
        inputs,
        key_input,
        tolerance: fields.number_or("atol", 1e-8)?,
        entries: keys.into_iter().zip(models).collect(),
    }
    .into())
}

fn label_array(fields: &Fields<'_>) -> Read<LabelArray> {
    let node = fields.require("mapper")?;
    let mapper = node
        .as_ndarray()
        .ok_or_else(|| fields.error("mapper", "an array"))?;
    let wrong = |source| ConvertError::Transform {
        tag: fields.tag().to_string(),
        source,
    };
    let file = fields.reader.file;
    let labels = match file.array::<i64>(mapper) {
        Ok((labels, shape)) => LabelArray::new(labels, shape),
        Err(not_integers) => match file.array::<String>(mapper) {
            Ok((labels, shape)) => LabelArray::from_texts(&labels, shape),
            Err(_) => return Err(not_integers.into()),
        },
    };
    let labels = labels.map_err(wrong)?;
    let inputs = fields
        .texts("inputs")?
        .unwrap_or_else(|| labels.input_names());
    let picks = match inputs_mapping(fields)? {
        Some(mapping) => {
            Some(picked(&mapping).ok_or_else(|| fields.error("inputs_mapping", "remap_axes"))?)
        }
        None => None,
    };
    labels.with_inputs(inputs, picks).map_err(wrong)
}

pub(super) fn read_regions(fields: &Fields<'_>) -> Read<Transform> {
    let names = |property: &str| {
        fields
            .texts(property)?
            .ok_or_else(|| fields.error(property, "a list of names"))
    };
    let wrong = || fields.error("selector", "labels and transforms");
    let selector = fields.require("selector")?;
    let (Some(labels), Some(transforms)) =
        (listed(selector, "labels"), listed(selector, "transforms"))
    else {
        return Err(wrong());
    };
    if labels.len() != transforms.len() {
        return Err(wrong());
    }
    let mut label_mapper = fields.transform("label_mapper")?;
    let mut entries = Vec::with_capacity(labels.len());
    for (label, node) in labels.iter().zip(transforms) {
        let label = match label.as_str() {
            Some(text) => numbered(text, &mut label_mapper).ok_or_else(wrong)?,
            None => number(label, fields.reader).ok_or_else(wrong)?,
        };
        entries.push((label, read::transform(node, fields.reader)?));
    }
    let (inputs, outputs) = (names("inputs")?, names("outputs")?);
    let sizes = (inputs.len(), outputs.len());
    let fit = |transform: &Transform| (transform.n_inputs(), transform.n_outputs()) == sizes;
    if !entries.iter().all(|(_, transform)| fit(transform)) {
        return Err(fields.error("selector", "transforms of all inputs and outputs"));
    }
    if (label_mapper.n_inputs(), label_mapper.n_outputs()) != (sizes.0, 1) {
        return Err(fields.error("label_mapper", "a mapper of all inputs"));
    }
    Ok(RegionsSelector {
        inputs,
        outputs,
        label_mapper,
        selector: entries,
        undefined: fields.number_or("undefined_transform_value", f64::NAN)?,
    }
    .into())
}

/// The number of a label that is a text, which a label mapper of texts gets to know if it does not yet.
fn numbered(text: &str, label_mapper: &mut Transform) -> Option<f64> {
    let Form::Model(model) = label_mapper.form() else {
        return None;
    };
    let mut labels = model.downcast_ref::<LabelArray>()?.clone();
    let known = labels.texts().len();
    let number = labels.number_of(text);
    if labels.texts().len() > known {
        let properties: Properties = label_mapper.properties().clone();
        *label_mapper = Transform::from(labels).with_properties(properties).ok()?;
    }
    Some(number)
}

/// The texts of labels, if they are texts.
fn label_texts(label_mapper: &Transform) -> Option<&[String]> {
    let Form::Model(model) = label_mapper.form() else {
        return None;
    };
    let texts = model.downcast_ref::<LabelArray>()?.texts();
    (!texts.is_empty()).then_some(texts)
}

pub(super) fn write(model: &dyn Model, writer: &mut Writer<'_>) -> Option<Written> {
    if let Some(mapper) = model.downcast_ref::<LabelArray>() {
        return Some(array_node(mapper, writer));
    }
    if let Some(mapper) = model.downcast_ref::<LabelDict>() {
        let keys = mapper.entries.iter().map(|(key, _)| Node::Float(*key));
        let models = mapper.entries.iter().map(|(_, model)| model);
        let mut written = chosen(
            writer,
            keys.collect(),
            models,
            &mapper.inputs,
            mapper.key_input,
        );
        if let Ok((_, tree)) = &mut written {
            tree.insert("atol", mapper.tolerance);
        }
        return Some(written);
    }
    if let Some(mapper) = model.downcast_ref::<LabelRange>() {
        let keys = mapper
            .entries
            .iter()
            .map(|((low, high), _)| numbers(&[*low, *high]));
        let models = mapper.entries.iter().map(|(_, model)| model);
        let keys = keys.collect();
        return Some(chosen(
            writer,
            keys,
            models,
            &mapper.inputs,
            mapper.key_input,
        ));
    }
    if let Some(mapper) = model.downcast_ref::<LabelTransform>() {
        return Some(transform_node(mapper, writer));
    }
    Some(regions(model.downcast_ref()?, writer))
}

fn array_node(mapper: &LabelArray, writer: &mut Writer<'_>) -> Written {
    let (labels, shape) = mapper.labels();
    let known = mapper.texts();
    let (labels, no_label) = if known.is_empty() {
        (writer.integers(labels, shape)?, Node::Int(0))
    } else {
        let text = |label: &i64| match usize::try_from(*label - 1) {
            Ok(index) => known.get(index).cloned().unwrap_or_default(),
            Err(_) => String::new(),
        };
        let labels: Vec<String> = labels.iter().map(text).collect();
        (writer.file.push_array(shape, &labels)?, Node::from(""))
    };
    let (tag, mut node) = gwcs(
        LABEL_MAPPER,
        [
            ("no_label", no_label),
            ("mapper", labels.into()),
            ("inputs", texts(&mapper.input_names())),
        ],
    )?;
    if let Some(picks) = mapper.picks() {
        let n_inputs = mapper.input_names().len();
        node.insert(
            "inputs_mapping",
            picks_node(picks.to_vec(), n_inputs, writer)?,
        );
    }
    Ok((tag, node))
}

fn transform_node(mapper: &LabelTransform, writer: &mut Writer<'_>) -> Written {
    let (tag, mut node) = gwcs(
        LABEL_MAPPER,
        [
            ("no_label", mapper.no_label.into()),
            ("mapper", writer.transform(&mapper.mapper)?),
            ("inputs", texts(&mapper.inputs)),
        ],
    )?;
    if let Some(first) = &mapper.inputs_mapping {
        node.insert("inputs_mapping", writer.transform(first)?);
    }
    Ok((tag, node))
}

fn picks_node(
    picks: Vec<usize>,
    n_inputs: usize,
    writer: &mut Writer<'_>,
) -> Result<Node, ConvertError> {
    let picks = Mapping::new(picks, Some(n_inputs)).map_err(|source| ConvertError::Transform {
        tag: format!("{GWCS}{LABEL_MAPPER}"),
        source,
    })?;
    writer.transform(&picks.into())
}

/// Labels, and transforms that belong to keys of one input.
fn chosen<'t>(
    writer: &mut Writer<'_>,
    labels: Vec<Node>,
    models: impl Iterator<Item = &'t Transform>,
    inputs: &[String],
    key_input: usize,
) -> Written {
    let models = models
        .map(|model| writer.transform(model))
        .collect::<Result<Vec<_>, _>>()?;
    let mapper: Tree = tree([
        ("labels", Node::Sequence(labels)),
        ("models", Node::Sequence(models)),
    ]);
    let properties = [
        ("no_label", Node::Int(0)),
        ("mapper", Node::Mapping(mapper)),
        ("inputs", texts(inputs)),
        (
            "inputs_mapping",
            picks_node(vec![key_input], inputs.len(), writer)?,
        ),
    ];
    gwcs(LABEL_MAPPER, properties)
}

fn regions(regions: &RegionsSelector, writer: &mut Writer<'_>) -> Written {
    let known = label_texts(&regions.label_mapper);
    let (mut labels, mut transforms) = (Vec::new(), Vec::new());
    for (label, transform) in &regions.selector {
        labels.push(match known {
            Some(texts) => texts.get((*label as usize).wrapping_sub(1)).cloned().into(),
            None if label.fract() == 0.0 => integer(*label as i64),
            None => Node::Float(*label),
        });
        transforms.push(writer.transform(transform)?);
    }
    let selector = tree([
        ("labels", Node::Sequence(labels)),
        ("transforms", Node::Sequence(transforms)),
    ]);
    let properties = [
        ("label_mapper", writer.transform(&regions.label_mapper)?),
        ("inputs", texts(&regions.inputs)),
        ("outputs", texts(&regions.outputs)),
        ("selector", Node::Mapping(selector)),
        ("undefined_transform_value", regions.undefined.into()),
    ];
    gwcs("regions_selector-1.3.0", properties)
}
