//! World coordinate systems in files.

use asdf::{AsdfFile, Mapping, Node};

use super::fields::Fields;
use super::read::{self, Reader};
use super::{ConvertError, Registry, Writer, frame};
use crate::wcs::{Step, Wcs};

/// Reads a world coordinate system.
///
/// # Errors
/// [`ConvertError`] with the tag and the property at fault.
pub fn read_wcs(node: &Node, file: &AsdfFile, registry: &Registry) -> Result<Wcs, ConvertError> {
    let reader = Reader::new(file, registry);
    let tag = node.tag().unwrap_or_default();
    if !tag.contains("wcs/wcs-") {
        return Err(ConvertError::Unexpected {
            expected: "a node with the tag tag:stsci.edu:gwcs/wcs",
            found: super::fields::short(node),
        });
    }
    let fields = Fields::new(tag, node, &reader)?;
    let steps = fields.list("steps")?.iter().map(|node| {
        let fields = Fields::new(node.tag().unwrap_or_default(), node, &reader)?;
        let transform = match fields.get("transform") {
            Some(node) => Some(read::transform(node, &reader)?),
            None => None,
        };
        Ok(Step {
            frame: frame::frame(fields.require("frame")?, &reader)?,
            transform,
        })
    });
    let steps = steps.collect::<Result<Vec<_>, ConvertError>>()?;
    let name = fields
        .get("name")
        .and_then(Node::as_str)
        .unwrap_or_default();
    let mut wcs = Wcs::new(name, steps)?;
    if let Some(shape) = fields.get("pixel_shape").and_then(Node::as_sequence) {
        let lengths = shape.iter().map(|length| {
            length
                .as_i64()
                .and_then(|length| usize::try_from(length).ok())
        });
        wcs.pixel_shape = lengths.collect();
    }
    Ok(wcs)
}

/// Writes a world coordinate system; its large arrays become blocks of the file.
///
/// # Errors
/// A model has no form in a file.
pub fn write_wcs(
    wcs: &Wcs,
    file: &mut AsdfFile,
    registry: &Registry,
) -> Result<Node, ConvertError> {
    let mut writer = Writer { file, registry };
    let mut steps = Vec::new();
    for step in wcs.steps() {
        let mut node = Mapping::new();
        node.insert("frame", frame::frame_node(&step.frame));
        let transform = match &step.transform {
            Some(transform) => writer.transform(transform)?,
            None => Node::Null,
        };
        node.insert("transform", transform);
        steps.push(Node::tagged("tag:stsci.edu:gwcs/step-1.3.0", node));
    }
    let mut node = Mapping::new();
    node.insert("name", wcs.name.as_str());
    node.insert("steps", Node::Sequence(steps));
    let shape = wcs.pixel_shape.as_ref().map_or(Node::Null, |shape| {
        Node::Sequence(
            shape
                .iter()
                .map(|length| Node::Int(*length as i64))
                .collect(),
        )
    });
    node.insert("pixel_shape", shape);
    Ok(Node::tagged("tag:stsci.edu:gwcs/wcs-1.4.0", node))
}
