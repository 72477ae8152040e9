//! Transforms to nodes.

use asdf::{Mapping, NdArray, Node};

use super::read_models::UNITS_MAPPING;
use super::{ConvertError, Writer, write_models};
use crate::bounding_box::{BoundingBox, CompoundBox, Order};
use crate::transform::{Form, Operator, ParameterNote, Transform};

/// Tags of the ASDF standard 1.6.0 and of gwcs that goes with it.
pub(super) const TRANSFORM: &str = "tag:stsci.edu:asdf/transform/";

impl Writer<'_> {
    /// The node of a transform.
    ///
    /// # Errors
    /// A model has no form in a file.
    pub fn transform(&mut self, transform: &Transform) -> Result<Node, ConvertError> {
        let (tag, mut node) = match transform.form() {
            Form::Model(model) => {
                let registry = self.registry;
                let mut known = registry.writers.iter();
                let foreign = known.find_map(|write| write(model.as_ref(), self));
                match foreign {
                    Some(written) => written?,
                    None => write_models::model(model.as_ref(), self)?,
                }
            }
            Form::Compose(a, b) => self.pair("compose-1.4.0", a, b)?,
            Form::Join(a, b) => self.pair("concatenate-1.4.0", a, b)?,
            Form::Arithmetic(operator, a, b) => {
                let name = match operator {
                    Operator::Add => "add-1.4.0",
                    Operator::Subtract => "subtract-1.4.0",
                    Operator::Multiply => "multiply-1.4.0",
                    Operator::Divide => "divide-1.4.0",
                    Operator::Power => "power-1.4.0",
                };
                self.pair(name, a, b)?
            }
            Form::Fix(inner, values) => {
                let names = inner.input_names();
                let mut fixed = Mapping::new();
                let keys = values
                    .iter()
                    .map(|(input, _)| names[*input].as_str().into());
                fixed.insert("keys", Node::Sequence(keys.collect()));
                let numbers = values.iter().map(|(_, value)| Node::Float(*value));
                fixed.insert("values", Node::Sequence(numbers.collect()));
                let forward = vec![self.transform(inner)?, Node::Mapping(fixed)];
                let mut node = Mapping::new();
                node.insert("forward", Node::Sequence(forward));
                (format!("{TRANSFORM}fix_inputs-1.4.0"), node)
            }
        };
        if tag.starts_with(UNITS_MAPPING) {
            // It has names of its own, and nothing else.
            if let Some(name) = &transform.properties().name {
                node.insert("name", name.as_str());
            }
        } else {
            self.properties(transform, &mut node)?;
        }
        Ok(Node::tagged(tag, node))
    }

    fn pair(
        &mut self,
        tag: &str,
        a: &Transform,
        b: &Transform,
    ) -> Result<(String, Mapping), ConvertError> {
        let mut node = Mapping::new();
        let forward = vec![self.transform(a)?, self.transform(b)?];
        node.insert("forward", Node::Sequence(forward));
        Ok((format!("{TRANSFORM}{tag}"), node))
    }

    fn properties(
        &mut self,
        transform: &Transform,
        node: &mut Mapping,
    ) -> Result<(), ConvertError> {
        let properties = transform.properties();
        if let Some(name) = &properties.name {
            node.insert("name", name.as_str());
        }
        let inputs = transform.input_names();
        node.insert("inputs", texts(&inputs));
        node.insert("outputs", texts(&transform.output_names()));
        if let Some(inverse) = &properties.inverse {
            let inverse = self.transform(inverse)?;
            node.insert("inverse", inverse);
        }
        if let Some(bounding_box) = &properties.bounding_box {
            node.insert("bounding_box", bounding_box_node(bounding_box, &inputs));
        } else if let Some(compound_box) = &properties.compound_box {
            node.insert("bounding_box", compound_box_node(compound_box, &inputs));
        }
        notes(&properties.parameters, node);
        if let Some(equivalencies) = &properties.equivalencies {
            node.insert("input_units_equivalencies", equivalencies.clone());
        }
        Ok(())
    }

    /// An array in a block of the file.
    ///
    /// # Errors
    /// The shape asks for another number of values.
    pub fn array(&mut self, values: &[f64], shape: &[usize]) -> Result<NdArray, ConvertError> {
        Ok(self.file.push_array(shape, values)?)
    }

    /// An array of integers in a block of the file.
    ///
    /// # Errors
    /// The shape asks for another number of values.
    pub fn integers(&mut self, values: &[i64], shape: &[usize]) -> Result<NdArray, ConvertError> {
        Ok(self.file.push_array(shape, values)?)
    }
}

/// Gives parameters their units, and says what a fit may do to them.
fn notes(notes: &[(String, ParameterNote)], node: &mut Mapping) {
    let (mut fixed, mut bounds) = (Mapping::new(), Mapping::new());
    for (name, note) in notes {
        if let (Some(unit), Some(value)) = (&note.unit, node.get_mut(name)) {
            let mut quantity = Mapping::new();
            quantity.insert("value", std::mem::replace(value, Node::Null));
            quantity.insert("unit", unit_node(unit));
            *value = Node::tagged("tag:stsci.edu:asdf/unit/quantity-1.3.0", quantity);
        }
        if let Some(is_fixed) = note.fixed {
            fixed.insert(name.as_str(), is_fixed);
        }
        if let Some(ends) = note.bounds {
            bounds.insert(name.as_str(), ends.map(Node::from).to_vec());
        }
    }
    for (property, mapping) in [("fixed", fixed), ("bounds", bounds)] {
        if !mapping.is_empty() {
            node.insert(property, mapping);
        }
    }
}

/// A unit, as the VO writes it.
pub(super) fn unit_node(unit: &str) -> Node {
    Node::tagged("tag:stsci.edu:asdf/unit/unit-1.0.0", unit)
}

/// A list of texts.
pub(super) fn texts(texts: &[String]) -> Node {
    Node::Sequence(texts.iter().map(|text| text.as_str().into()).collect())
}

fn bounding_box_node(bounding_box: &BoundingBox, inputs: &[String]) -> Node {
    let mut intervals = Mapping::new();
    let mut ignored = Vec::new();
    // Parity: Python's asdf sorts the names, and what reads the file prints the box in that order.
    let mut named: Vec<_> = inputs.iter().zip(&bounding_box.intervals).collect();
    named.sort_by_key(|(name, _)| *name);
    for (name, interval) in named {
        match interval {
            Some(interval) => {
                let ends = vec![Node::Float(interval.low), Node::Float(interval.high)];
                intervals.insert(name.as_str(), Node::Sequence(ends));
            }
            None => ignored.push(Node::from(name.as_str())),
        }
    }
    let mut node = Mapping::new();
    node.insert("intervals", intervals);
    node.insert("ignore", Node::Sequence(ignored));
    node.insert("order", order_name(bounding_box.order));
    Node::tagged(format!("{TRANSFORM}property/bounding_box-1.2.0"), node)
}

fn order_name(order: Order) -> &'static str {
    match order {
        Order::C => "C",
        Order::F => "F",
    }
}

fn compound_box_node(compound_box: &CompoundBox, inputs: &[String]) -> Node {
    let name = |input: usize| inputs.get(input).map_or("", String::as_str);
    let selectors = compound_box.selectors.iter().map(|selector| {
        let mut node = Mapping::new();
        node.insert("argument", name(selector.input));
        node.insert("ignore", selector.ignore);
        node
    });
    let boxes = compound_box.boxes.iter().map(|(key, of_key)| {
        let mut node = Mapping::new();
        node.insert(
            "key",
            key.iter().map(|value| key_node(*value)).collect::<Vec<_>>(),
        );
        node.insert("bbox", bounding_box_node(of_key, inputs));
        node
    });
    let mut node = Mapping::new();
    node.insert("selector_args", selectors.collect::<Vec<_>>());
    node.insert("cbbox", boxes.collect::<Vec<_>>());
    let ignored = compound_box.ignored.iter().map(|input| name(*input));
    node.insert("ignore", ignored.collect::<Vec<_>>());
    node.insert("order", order_name(compound_box.order));
    let tag = format!("{TRANSFORM}property/compound_bounding_box-1.2.0");
    Node::tagged(tag, node)
}

/// A key as an integer if it is one: that is what the inputs are compared with in Python.
fn key_node(value: f64) -> Node {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        Node::Int(value as i64)
    } else {
        Node::Float(value)
    }
}
