//! Transforms that choose by the value of an input: slits, spectral orders, slices, conditions.

use asdf::Node;
use gwcs::Transform;
use gwcs::model::{Model, each_point};

/// The distinct labels and the points that have them; what is not a number is no label.
pub(super) fn groups(labels: &[f64]) -> Vec<(f64, Vec<usize>)> {
    let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
    for (at, label) in labels
        .iter()
        .enumerate()
        .filter(|(_, label)| !label.is_nan())
    {
        match groups.iter_mut().find(|(known, _)| known == label) {
            Some((_, points)) => points.push(at),
            None => groups.push((*label, vec![at])),
        }
    }
    groups
}

/// The inputs at some of the points.
pub(super) fn gather(inputs: &[&[f64]], points: &[usize]) -> Vec<Vec<f64>> {
    let inputs = inputs.iter();
    inputs
        .map(|input| points.iter().map(|&at| input[at]).collect())
        .collect()
}

/// Puts results for some of the points in their places.
pub(super) fn scatter(results: &[Vec<f64>], points: &[usize], outputs: &mut [&mut [f64]]) {
    for (output, result) in outputs.iter_mut().zip(results) {
        for (&at, value) in points.iter().zip(result) {
            output[at] = *value;
        }
    }
}

/// Runs for each label the transform that belongs to it; points of other labels are not a number.
fn by_label<'a>(
    labels: &[f64],
    transform_of: impl Fn(f64) -> Option<&'a Transform>,
    inputs: &[&[f64]],
    outputs: &mut [&mut [f64]],
) {
    for output in outputs.iter_mut() {
        output.fill(f64::NAN);
    }
    for (label, points) in groups(labels) {
        let Some(transform) = transform_of(label) else {
            continue;
        };
        let chosen = gather(inputs, &points);
        let chosen: Vec<&[f64]> = chosen.iter().map(Vec::as_slice).collect();
        // What a transform takes is checked when it is read.
        if let Ok(results) = transform.compile().run(&chosen) {
            scatter(&results, &points, outputs);
        }
    }
}

/// Between which planes a [`SlitTransforms`] goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlitKind {
    /// From angles at the grating wheel to the slit and the wavelength; the label comes first and goes along.
    GratingToSlit,
    /// The way back.
    SlitToGrating,
    /// From the slit to the plane of the slits; the label comes first and goes along last.
    SlitToMsa,
    /// The same of files before 2024, without the label at the end.
    SlitToMsaLegacy,
    /// The way back; the label comes last and goes along first.
    MsaToSlit,
}

/// A transform for each slit of NIRSpec. Slits are told apart by a number; of slits in older files that have names
/// only, the position in the list, counted from 0, takes its place.
#[derive(Debug, Clone, PartialEq)]
pub struct SlitTransforms {
    /// Between which planes.
    pub kind: SlitKind,
    /// The slits as the file describes them: numbers, names, or lists of properties.
    pub slits: Vec<Node>,
    /// A transform for each, without the label.
    pub models: Vec<Transform>,
}

/// Place of the number of a slit in its list of properties.
const SLIT_ID: usize = 19;
/// The number of a slit that has none.
const NO_ID: f64 = -9999.0;

impl SlitTransforms {
    /// The number by which a slit is chosen.
    pub fn label(&self, position: usize) -> Option<f64> {
        let slit = self.slits.get(position)?;
        let number = match slit.untagged() {
            Node::Sequence(properties) => {
                let id = properties.get(SLIT_ID).and_then(Node::as_f64);
                let id = id.filter(|id| *id != NO_ID);
                id.or_else(|| properties.first().and_then(Node::as_f64))
            }
            other => other.as_f64(),
        };
        Some(number.unwrap_or(position as f64))
    }

    fn model_of(&self, label: f64) -> Option<&Transform> {
        let position = (0..self.slits.len()).find(|&at| self.label(at) == Some(label))?;
        self.models.get(position)
    }

    /// Inputs and outputs of each slit's transform.
    pub(super) fn model_shape(&self) -> (usize, usize) {
        match self.kind {
            SlitKind::GratingToSlit | SlitKind::SlitToGrating => (3, 3),
            _ => (2, 2),
        }
    }

    fn kinds_names(&self) -> (&'static [&'static str], &'static [&'static str]) {
        match self.kind {
            SlitKind::GratingToSlit => (
                &["name", "angle1", "angle2", "angle3"],
                &["name", "x_slit", "y_slit", "lam"],
            ),
            SlitKind::SlitToGrating => (
                &["name", "x_slit", "y_slit", "lam"],
                &["name", "angle1", "angle2", "angle3"],
            ),
            SlitKind::SlitToMsa => (&["name", "x_slit", "y_slit"], &["x_msa", "y_msa", "name"]),
            SlitKind::SlitToMsaLegacy => (&["name", "x_slit", "y_slit"], &["x_msa", "y_msa"]),
            SlitKind::MsaToSlit => (&["x_msa", "y_msa", "name"], &["name", "x_slit", "y_slit"]),
        }
    }
}

impl Model for SlitTransforms {
    fn n_inputs(&self) -> usize {
        self.kinds_names().0.len()
    }

    fn n_outputs(&self) -> usize {
        self.kinds_names().1.len()
    }

    fn input_names(&self) -> Vec<String> {
        self.kinds_names()
            .0
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn output_names(&self) -> Vec<String> {
        self.kinds_names()
            .1
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let (labels, inputs) = match self.kind {
            SlitKind::MsaToSlit => (inputs[2], &inputs[..2]),
            _ => (inputs[0], &inputs[1..]),
        };
        let results = match self.kind {
            SlitKind::SlitToMsaLegacy => outputs,
            SlitKind::SlitToMsa => {
                outputs[2].copy_from_slice(labels);
                &mut outputs[..2]
            }
            _ => {
                outputs[0].copy_from_slice(labels);
                &mut outputs[1..]
            }
        };
        by_label(labels, |label| self.model_of(label), inputs, results);
    }

    fn inverse(&self) -> Option<Transform> {
        let kind = match self.kind {
            SlitKind::GratingToSlit => SlitKind::SlitToGrating,
            SlitKind::SlitToMsa => SlitKind::MsaToSlit,
            _ => return None,
        };
        let models = self.models.iter().map(|model| model.inverse().ok());
        let inverse = Self {
            kind,
            slits: self.slits.clone(),
            models: models.collect::<Option<_>>()?,
        };
        Some(inverse.into())
    }
}

/// A transform for each spectral order of NIRISS SOSS, from pixels to the sky and the wavelength.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderTransforms {
    /// Orders and their transforms of two inputs and three outputs.
    pub orders: Vec<(i64, Transform)>,
}

impl Model for OrderTransforms {
    signature!(["x", "y", "spectral_order"] -> ["ra", "dec", "lam"]);

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let transform_of = |order: f64| {
            let mut orders = self.orders.iter();
            let found = orders.find(|(known, _)| *known == order.trunc() as i64);
            found.map(|(_, transform)| transform)
        };
        by_label(inputs[2], transform_of, &inputs[..2], outputs);
    }
}

/// The number of a slice of MIRI's spectrometer, from the coordinate across the slices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SliceFromBeta {
    /// Coordinate of the first slice.
    pub beta_zero: f64,
    /// Width of a slice.
    pub beta_del: f64,
    /// Channel, 1 to 4, which makes the hundreds of the number.
    pub channel: f64,
}

impl Model for SliceFromBeta {
    signature!(["beta"] -> ["slice"]);

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        each_point(inputs, outputs, |[beta]: [f64; 1]| {
            let slice = self.channel * 100.0 + (beta - self.beta_zero) / self.beta_del + 1.0;
            [(slice + 0.5).floor()]
        });
    }
}

/// How a [`Logical`] compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Greater.
    Greater,
    /// Less.
    Less,
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
}

/// Replaces numbers that fulfil a condition. What is not a number stays so.
#[derive(Debug, Clone, PartialEq)]
pub struct Logical {
    /// The condition.
    pub comparison: Comparison,
    /// What is compared with: one number for all points, or one for each.
    pub compare_to: Vec<f64>,
    /// What replaces the numbers: one for all points, or one for each.
    pub value: Vec<f64>,
}

impl Model for Logical {
    signature!(["x"] -> ["x"]);

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let at = |list: &[f64], index: usize| match list {
            [one] => *one,
            many => many.get(index).copied().unwrap_or(f64::NAN),
        };
        let Some(output) = outputs.first_mut() else {
            return;
        };
        for (index, (output, x)) in output.iter_mut().zip(inputs[0]).enumerate() {
            let other = at(&self.compare_to, index);
            let holds = match self.comparison {
                Comparison::Greater => *x > other,
                Comparison::Less => *x < other,
                Comparison::Equal => *x == other,
                Comparison::NotEqual => *x != other && !x.is_nan(),
            };
            *output = if holds { at(&self.value, index) } else { *x };
        }
    }
}
