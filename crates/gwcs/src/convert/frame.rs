//! Frames in files.

use asdf::{Mapping, Node};

use super::fields::{Fields, short};
use super::read::Reader;
use super::write::{texts, unit_node};
use super::{ConvertError, split_tag};
use crate::frame::{CoordinateFrame, Frame, FrameKind, Reference};

const SYSTEM: &str = "tag:astropy.org:astropy/coordinates/frames/";

/// The frame of a node.
pub(super) fn frame(node: &Node, reader: &Reader<'_>) -> Result<Frame, ConvertError> {
    if let (None, Some(name)) = (node.tag(), node.as_str()) {
        return Ok(Frame::Named(name.to_string()));
    }
    let tag = node.tag().ok_or_else(|| ConvertError::Unexpected {
        expected: "a frame",
        found: short(node),
    })?;
    if !tag.contains("/composite_frame-") {
        return single(node, reader).map(Frame::Single);
    }
    let fields = Fields::new(tag, node, reader)?;
    let frames = fields
        .list("frames")?
        .iter()
        .map(|node| single(node, reader));
    Ok(Frame::Composite {
        name: fields.text("name")?.to_string(),
        frames: frames.collect::<Result<_, _>>()?,
    })
}

fn single(node: &Node, reader: &Reader<'_>) -> Result<CoordinateFrame, ConvertError> {
    let tag = node.tag().unwrap_or_default();
    let (stem, _) = split_tag(tag);
    let kind = match stem.rsplit_once('/').map(|(_, name)| name) {
        Some("frame") => FrameKind::Generic,
        Some("frame2d") => FrameKind::Plane,
        Some("celestial_frame") => FrameKind::Celestial,
        Some("spectral_frame") => FrameKind::Spectral,
        Some("temporal_frame") => FrameKind::Temporal,
        Some("stokes_frame") => FrameKind::Stokes,
        _ => return Err(ConvertError::UnknownTag(tag.to_string())),
    };
    let fields = Fields::new(tag, node, reader)?;
    let units = match fields.get("unit") {
        Some(node) => node
            .as_sequence()
            .unwrap_or_default()
            .iter()
            .map(|unit| unit.as_str().unwrap_or_default().to_string())
            .collect(),
        None => Vec::new(),
    };
    let order = match fields.get("axes_order").and_then(Node::as_sequence) {
        Some(items) => items
            .iter()
            .map(|item| item.as_i64().and_then(|axis| usize::try_from(axis).ok()))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| fields.error("axes_order", "axes counted from 0"))?,
        None => match kind {
            FrameKind::Plane | FrameKind::Celestial => vec![0, 1],
            _ => vec![0],
        },
    };
    let axes_types = match fields.get("axes_type") {
        Some(node) => match node.as_str() {
            Some(text) => vec![text.to_string()],
            None => fields.texts("axes_type")?.unwrap_or_default(),
        },
        None => Vec::new(),
    };
    Ok(CoordinateFrame {
        kind,
        name: fields.text("name")?.to_string(),
        axes_order: order,
        axes_names: fields.texts("axes_names")?.unwrap_or_default(),
        axes_types,
        units,
        physical_types: fields.texts("axis_physical_types")?.unwrap_or_default(),
        reference: fields.get("reference_frame").map(reference),
    })
}

fn reference(node: &Node) -> Reference {
    let (stem, _) = split_tag(node.tag().unwrap_or_default());
    let system = stem.rsplit_once('/').map_or(stem, |(_, name)| name);
    Reference {
        system: system.to_string(),
        node: Some(node.clone()),
    }
}

/// The node of a frame.
pub(super) fn frame_node(frame: &Frame) -> Node {
    match frame {
        Frame::Named(name) => name.as_str().into(),
        Frame::Single(frame) => single_node(frame),
        Frame::Composite { name, frames } => {
            let mut node = Mapping::new();
            node.insert("name", name.as_str());
            let frames = frames.iter().map(single_node).collect();
            node.insert("frames", Node::Sequence(frames));
            Node::tagged("tag:stsci.edu:gwcs/composite_frame-1.0.0", node)
        }
    }
}

fn single_node(frame: &CoordinateFrame) -> Node {
    let tag = match frame.kind {
        FrameKind::Generic => "frame-1.2.0",
        FrameKind::Plane => "frame2d-1.2.0",
        FrameKind::Celestial => "celestial_frame-1.2.0",
        FrameKind::Spectral => "spectral_frame-1.2.0",
        FrameKind::Temporal => "temporal_frame-1.2.0",
        FrameKind::Stokes => "stokes_frame-1.0.0",
    };
    let mut node = Mapping::new();
    node.insert("name", frame.name.as_str());
    if frame.kind == FrameKind::Generic {
        node.insert("axes_type", texts(&frame.axes_types));
        node.insert("naxes", frame.axes_order.len() as i64);
    }
    let order = frame.axes_order.iter().map(|axis| Node::Int(*axis as i64));
    node.insert("axes_order", Node::Sequence(order.collect()));
    if !frame.axes_names.is_empty() {
        node.insert("axes_names", texts(&frame.axes_names));
    }
    if let Some(Reference { system, node: own }) = &frame.reference {
        let reference = own.clone().unwrap_or_else(|| {
            let mut attributes = Mapping::new();
            attributes.insert("frame_attributes", Mapping::new());
            Node::tagged(format!("{SYSTEM}{system}-1.1.0"), attributes)
        });
        node.insert("reference_frame", reference);
    }
    if !frame.units.is_empty() {
        let units = frame.units.iter().map(|unit| unit_node(unit));
        node.insert("unit", Node::Sequence(units.collect()));
    }
    if !frame.physical_types.is_empty() {
        node.insert("axis_physical_types", texts(&frame.physical_types));
    }
    Node::tagged(format!("tag:stsci.edu:gwcs/{tag}"), node)
}
