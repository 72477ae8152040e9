//! The properties of a tagged node, with errors that name them.

use asdf::{Mapping, NdArray, Node};

use super::ConvertError;
use super::read::{self, Reader};
use crate::transform::Transform;

/// The properties of a tagged node.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    tag: &'a str,
    mapping: &'a Mapping,
    pub(super) reader: &'a Reader<'a>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(
        tag: &'a str,
        node: &'a Node,
        reader: &'a Reader<'a>,
    ) -> Result<Self, ConvertError> {
        let mapping = node.as_mapping().ok_or_else(|| ConvertError::Unexpected {
            expected: "a mapping",
            found: short(node),
        })?;
        Ok(Self {
            tag,
            mapping,
            reader,
        })
    }

    /// The tag of the node.
    pub fn tag(&self) -> &'a str {
        self.tag
    }

    /// Names of the properties.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.mapping.keys()
    }

    /// An error about a property.
    pub fn error(&self, property: &str, expected: impl Into<String>) -> ConvertError {
        ConvertError::Property {
            tag: self.tag.to_string(),
            property: property.to_string(),
            expected: expected.into(),
            found: self
                .mapping
                .get(property)
                .map_or_else(|| "nothing".to_string(), short),
        }
    }

    /// A property that is there and not null.
    pub fn get(&self, property: &str) -> Option<&'a Node> {
        self.mapping.get(property).filter(|node| !node.is_null())
    }

    /// A property that has to be there.
    ///
    /// # Errors
    /// It is not.
    pub fn require(&self, property: &str) -> Result<&'a Node, ConvertError> {
        self.get(property)
            .ok_or_else(|| self.error(property, "a value"))
    }

    /// A number, also one with a unit.
    ///
    /// # Errors
    /// It is missing or something else.
    pub fn number(&self, property: &str) -> Result<f64, ConvertError> {
        number(self.require(property)?, self.reader).ok_or_else(|| self.error(property, "a number"))
    }

    /// A number, or another one if it is missing.
    ///
    /// # Errors
    /// It is something else.
    pub fn number_or(&self, property: &str, default: f64) -> Result<f64, ConvertError> {
        match self.get(property) {
            Some(_) => self.number(property),
            None => Ok(default),
        }
    }

    /// The unit of a quantity, as the VO writes it.
    pub fn unit(&self, property: &str) -> Option<&'a str> {
        let mapping = self.get(property)?.as_mapping()?;
        mapping.get("value")?;
        mapping.get("unit")?.as_str()
    }

    /// An angle \[deg\]; one with a unit is converted.
    ///
    /// # Errors
    /// It is missing or something else.
    pub fn angle_deg(&self, property: &str) -> Result<f64, ConvertError> {
        let value = self.number(property)?;
        Ok(value * self.unit(property).and_then(degrees_per).unwrap_or(1.0))
    }

    /// A text.
    ///
    /// # Errors
    /// It is missing or something else.
    pub fn text(&self, property: &str) -> Result<&'a str, ConvertError> {
        self.require(property)?
            .as_str()
            .ok_or_else(|| self.error(property, "a text"))
    }

    /// A list of texts, if there is one.
    ///
    /// # Errors
    /// It is something else.
    pub fn texts(&self, property: &str) -> Result<Option<Vec<String>>, ConvertError> {
        let Some(node) = self.get(property) else {
            return Ok(None);
        };
        let texts = node.as_sequence().and_then(|items| {
            items
                .iter()
                .map(|item| item.as_str().map(ToString::to_string))
                .collect()
        });
        texts
            .map(Some)
            .ok_or_else(|| self.error(property, "a list of texts"))
    }

    /// A list.
    ///
    /// # Errors
    /// It is missing or something else.
    pub fn list(&self, property: &str) -> Result<&'a [Node], ConvertError> {
        self.require(property)?
            .as_sequence()
            .ok_or_else(|| self.error(property, "a list"))
    }

    /// Numbers in C order with their shape: an array, a list of lists, or a single number.
    ///
    /// # Errors
    /// The property is missing, something else, or its block is damaged.
    pub fn array(&self, property: &str) -> Result<(Vec<f64>, Vec<usize>), ConvertError> {
        array(self.require(property)?, self.reader)?
            .ok_or_else(|| self.error(property, "an array of numbers"))
    }

    /// A given number of numbers.
    ///
    /// # Errors
    /// As [`Fields::array`], or there are more or fewer.
    pub fn numbers<const N: usize>(&self, property: &str) -> Result<[f64; N], ConvertError> {
        let (values, _) = self.array(property)?;
        values
            .try_into()
            .map_err(|_| self.error(property, format!("{N} numbers")))
    }

    /// A transform.
    ///
    /// # Errors
    /// It is missing, or no transform.
    pub fn transform(&self, property: &str) -> Result<Transform, ConvertError> {
        read::transform(self.require(property)?, self.reader)
    }

    /// A list of transforms.
    ///
    /// # Errors
    /// It is missing, or something in it is no transform.
    pub fn transforms(&self, property: &str) -> Result<Vec<Transform>, ConvertError> {
        self.list(property)?
            .iter()
            .map(|node| self.transform_of(node))
            .collect()
    }

    /// The transform of a node that lies deeper in a property.
    ///
    /// # Errors
    /// It is no transform.
    pub fn transform_of(&self, node: &Node) -> Result<Transform, ConvertError> {
        read::transform(node, self.reader)
    }
}

/// Degrees in a unit of angles, if it is one.
pub(super) fn degrees_per(unit: &str) -> Option<f64> {
    match unit {
        "deg" | "degree" => Some(1.0),
        "rad" | "radian" => Some(1.0_f64.to_degrees()),
        "arcmin" => Some(1.0 / 60.0),
        "arcsec" => Some(1.0 / 3600.0),
        "mas" => Some(1.0 / 3.6e6),
        _ => None,
    }
}

/// The value of a key in a mapping, or in an ordered one: a list of mappings of one key each.
pub(super) fn ordered<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    match node.as_sequence() {
        Some(items) => items.iter().find_map(|item| item.get(key)),
        None => node.get(key),
    }
}

/// The number of a node; of a quantity its value.
pub(super) fn number(node: &Node, reader: &Reader<'_>) -> Option<f64> {
    if let Some(value) = node.as_f64() {
        return Some(value);
    }
    if let Some(value) = node.as_mapping().and_then(|mapping| mapping.get("value")) {
        return number(value, reader);
    }
    let (values, _) = array(node, reader).ok()??;
    match values.as_slice() {
        [value] => Some(*value),
        _ => None,
    }
}

/// Numbers in C order, and their shape.
pub(super) type Numbers = (Vec<f64>, Vec<usize>);

/// The numbers of a node; of a quantity those of its value.
pub(super) fn array(node: &Node, reader: &Reader<'_>) -> Result<Option<Numbers>, ConvertError> {
    match node.untagged() {
        Node::NdArray(array) => Ok(Some(reader.file.array::<f64>(array)?)),
        Node::Sequence(_) => {
            let array = NdArray::from_node(
                "tag:stsci.edu:asdf/core/ndarray-1.1.0",
                node.untagged().clone(),
            )?;
            Ok(Some(reader.file.array::<f64>(&array)?))
        }
        Node::Mapping(mapping) => match mapping.get("value") {
            Some(value) => self::array(value, reader),
            None => Ok(None),
        },
        scalar => Ok(scalar.as_f64().map(|value| (vec![value], Vec::new()))),
    }
}

/// The beginning of a node, for an error.
pub(super) fn short(node: &Node) -> String {
    let text = format!("{node:?}");
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
