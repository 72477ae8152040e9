//! References of the steps that remove patterns: picture frames, SOSS traces.

use std::path::Path;

use asdf::{AsdfFile, Node};
use ndarray::Array2;

use super::ReferenceFile;
use crate::error::{DataModelError, Result};

/// The thermal pattern of a detector's frame.
#[derive(Debug, Clone)]
pub struct PictureFrameReference {
    /// Count rate of the pattern [DN/s].
    pub rate: Array2<f32>,
}

impl PictureFrameReference {
    /// Reads the whole image.
    ///
    /// # Errors
    /// The file cannot be read or has no image.
    pub fn load(path: &Path) -> Result<Self> {
        let file = ReferenceFile::open(path)?;
        let rate = file.whole_image("SCI")?;
        let rate = rate
            .into_dimensionality()
            .map_err(|_| file.error("HDU SCI: expected an image of two dimensions"))?;
        Ok(Self { rate })
    }
}

/// Where NIRISS SOSS traces lie, by the position of the pupil wheel (PASTASOSS).
#[derive(Debug, Clone, PartialEq)]
pub struct SossTraceReference {
    /// Commanded position of the pupil wheel [deg].
    pub commanded_deg: f64,
    /// Positions for which the model holds [deg].
    pub bounds_deg: [f64; 2],
    /// First and last wavelength of the grid [µm], and the number of its points.
    pub wavelengths_um: (f64, f64, usize),
    /// The traces.
    pub traces: Vec<SossTrace>,
}

/// A trace of a spectral order.
#[derive(Debug, Clone, PartialEq)]
pub struct SossTrace {
    /// Column and row of each point [pixel].
    pub points: Vec<[f64; 2]>,
    /// The point about which the trace turns [pixel].
    pub pivot: [f64; 2],
    /// Coefficients of the wavelength in scaled column and wheel offset, by total order.
    pub coefficients: Vec<f64>,
    /// Smallest and largest column and wheel offset, which are scaled to 0 and 1.
    pub extents: [[f64; 2]; 2],
}

impl SossTraceReference {
    /// Reads the file.
    ///
    /// # Errors
    /// The file cannot be read or lacks an entry.
    pub fn load(path: &Path) -> Result<Self> {
        let damaged = |message: String| DataModelError::Reference {
            path: path.to_path_buf(),
            message,
        };
        let file = AsdfFile::open(path).map_err(|error| damaged(error.to_string()))?;
        let tree = Tree { file: &file };
        Self::from_tree(&tree).map_err(damaged)
    }

    fn from_tree(tree: &Tree<'_>) -> Result<Self, String> {
        let bounds = tree.numbers(tree.node("meta.pwcpos_bounds")?)?.0;
        let [low, high] = bounds[..] else {
            return Err("meta.pwcpos_bounds: expected two numbers".to_owned());
        };
        let traces = tree.sequence("traces")?;
        let models = tree.sequence("wavecal_models")?;
        if traces.len() != models.len() {
            return Err(
                "traces and wavecal_models: expected as many of one as of the other".to_owned(),
            );
        }
        let pairs = traces.iter().zip(models);
        Ok(Self {
            commanded_deg: tree.number("meta.pwcpos_cmd")?,
            bounds_deg: [low, high],
            wavelengths_um: (
                tree.number("meta.wavemap_wlmin")?,
                tree.number("meta.wavemap_wlmax")?,
                tree.number("meta.wavemap_nwl")? as usize,
            ),
            traces: pairs
                .map(|(trace, model)| tree.trace(trace, model))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// An ASDF file as numbers by name; errors say what is missing.
struct Tree<'a> {
    file: &'a AsdfFile,
}

impl<'a> Tree<'a> {
    fn node(&self, path: &str) -> Result<&'a Node, String> {
        let found = self.file.tree.get_path(path);
        found.ok_or_else(|| format!("{path}: expected in the file, not found"))
    }

    fn number(&self, path: &str) -> Result<f64, String> {
        let number = self.node(path)?.as_f64();
        number.ok_or_else(|| format!("{path}: expected a number"))
    }

    fn sequence(&self, path: &str) -> Result<&'a [Node], String> {
        let sequence = self.node(path)?.as_sequence();
        sequence.ok_or_else(|| format!("{path}: expected a list"))
    }

    /// An array, or a list of numbers, and its shape.
    fn numbers(&self, node: &Node) -> Result<(Vec<f64>, Vec<usize>), String> {
        if let Some(array) = node.as_ndarray() {
            return self
                .file
                .array_f64(array)
                .map_err(|error| error.to_string());
        }
        let numbers: Option<Option<Vec<f64>>> = node
            .as_sequence()
            .map(|list| list.iter().map(Node::as_f64).collect());
        match numbers {
            Some(Some(numbers)) => {
                let shape = vec![numbers.len()];
                Ok((numbers, shape))
            }
            _ => Err("expected an array of numbers".to_owned()),
        }
    }

    fn trace(&self, trace: &Node, model: &Node) -> Result<SossTrace, String> {
        let number = |node: &Node, key: &str| {
            let value = node.get(key).and_then(Node::as_f64);
            value.ok_or_else(|| format!("{key}: expected a number in every trace"))
        };
        let array = |node: &Node, key: &str| {
            let value = node
                .get(key)
                .ok_or_else(|| format!("{key}: expected in every trace and wavecal model"))?;
            self.numbers(value)
        };
        let pairs = |(values, shape): (Vec<f64>, Vec<usize>), key: &str| match shape[..] {
            [_, 2] => Ok(values
                .chunks_exact(2)
                .map(|pair| [pair[0], pair[1]])
                .collect::<Vec<_>>()),
            _ => Err(format!("{key}: expected pairs of numbers")),
        };
        let extents = pairs(array(model, "scale_extents")?, "scale_extents")?;
        let [low, high] = extents[..] else {
            return Err("scale_extents: expected two pairs".to_owned());
        };
        Ok(SossTrace {
            points: pairs(array(trace, "trace")?, "trace")?,
            pivot: [number(trace, "pivot_x")?, number(trace, "pivot_y")?],
            coefficients: array(model, "coefficients")?.0,
            extents: [low, high],
        })
    }
}
