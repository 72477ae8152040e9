//! Transforms that depend on the region in which a point lies.

use super::{Model, names};
use crate::transform::{Transform, TransformError};

/// The number of a region. 0 stands for none.
pub type Label = f64;

/// Regions drawn into an image. The inputs count pixels from 0, x first; what lies outside has the label 0.
///
/// Labels that are texts are numbered from 1 on; the empty text is 0.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelArray {
    labels: Vec<i64>,
    /// Lengths, slowest first.
    shape: Vec<usize>,
    /// The texts of the labels 1, 2 and so on; none if labels are numbers.
    texts: Vec<String>,
    inputs: Vec<String>,
    /// The inputs that count pixels; all of them in order if it is not given.
    picks: Option<Vec<usize>>,
}

/// Labels by one of the inputs, which has to be near one of the keys.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelDict {
    /// Names of the inputs.
    pub inputs: Vec<String>,
    /// The input that is compared with the keys, counted from 0.
    pub key_input: usize,
    /// How near, in absolute terms. 1e-5 of the key is added.
    pub tolerance: f64,
    /// Keys, and the transforms of all inputs that give the labels.
    pub entries: Vec<(f64, Transform)>,
}

/// Labels by the range in which one of the inputs lies.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelRange {
    /// Names of the inputs.
    pub inputs: Vec<String>,
    /// The input that is compared with the ranges, counted from 0.
    pub key_input: usize,
    /// Ranges without their ends, and the transforms of all inputs that give the labels.
    pub entries: Vec<((f64, f64), Transform)>,
}

/// Labels by a transform of the inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelTransform {
    /// Names of the inputs.
    pub inputs: Vec<String>,
    /// What is done to the inputs first.
    pub inputs_mapping: Option<Transform>,
    /// The transform that gives the labels.
    pub mapper: Transform,
    /// The label that stands for none.
    pub no_label: Label,
}

/// A transform for each region.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionsSelector {
    /// Names of the inputs.
    pub inputs: Vec<String>,
    /// Names of the outputs.
    pub outputs: Vec<String>,
    /// Gives the label of a point.
    pub label_mapper: Transform,
    /// Labels and transforms.
    pub selector: Vec<(Label, Transform)>,
    /// All outputs of points without a region.
    pub undefined: f64,
}

impl LabelArray {
    /// Labels in C order.
    ///
    /// # Errors
    /// They are not as many as the shape asks for.
    pub fn new(labels: Vec<i64>, shape: Vec<usize>) -> Result<Self, TransformError> {
        let expected = shape
            .iter()
            .try_fold(1_usize, |product, length| product.checked_mul(*length));
        if expected != Some(labels.len()) || shape.is_empty() {
            return Err(TransformError::Parameter {
                model: "label_mapper",
                message: format!("{} labels for shape {shape:?}", labels.len()),
            });
        }
        let inputs = match shape.len() {
            2 => names(&["x", "y"]),
            n => super::numbered('x', n),
        };
        Ok(Self {
            labels,
            shape,
            texts: Vec::new(),
            inputs,
            picks: None,
        })
    }

    /// Labels that are texts, in C order.
    ///
    /// # Errors
    /// They are not as many as the shape asks for.
    pub fn from_texts(labels: &[String], shape: Vec<usize>) -> Result<Self, TransformError> {
        let mut texts: Vec<String> = Vec::new();
        let numbers = labels.iter().map(|label| number_of(label, &mut texts));
        let numbers = numbers.collect();
        Ok(Self {
            texts,
            ..Self::new(numbers, shape)?
        })
    }

    /// With other inputs, of which `picks`, counted from 0, are the pixels; x first.
    ///
    /// # Errors
    /// The inputs are not as many as the array has dimensions.
    pub fn with_inputs(
        mut self,
        inputs: Vec<String>,
        picks: Option<Vec<usize>>,
    ) -> Result<Self, TransformError> {
        let chosen = picks.as_ref().map_or(inputs.len(), Vec::len);
        let exist = picks.iter().flatten().all(|pick| *pick < inputs.len());
        if chosen != self.shape.len() || !exist {
            return Err(TransformError::Parameter {
                model: "label_mapper",
                message: format!(
                    "inputs {inputs:?}, of which {picks:?}, for shape {:?}",
                    self.shape
                ),
            });
        }
        (self.inputs, self.picks) = (inputs, picks);
        Ok(self)
    }

    /// The inputs that count pixels, x first, unless they are all inputs in order.
    pub fn picks(&self) -> Option<&[usize]> {
        self.picks.as_deref()
    }

    /// The texts of the labels 1, 2 and so on; none if labels are numbers.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The number of a label that is a text; a new one if it is not in the array.
    pub fn number_of(&mut self, text: &str) -> Label {
        number_of(text, &mut self.texts) as Label
    }

    /// Labels in C order, and lengths.
    pub fn labels(&self) -> (&[i64], &[usize]) {
        (&self.labels, &self.shape)
    }
}

fn number_of(text: &str, texts: &mut Vec<String>) -> i64 {
    if text.is_empty() {
        return 0;
    }
    let known = texts.iter().position(|known| known == text);
    let index = known.unwrap_or_else(|| {
        texts.push(text.to_string());
        texts.len() - 1
    });
    index as i64 + 1
}

impl Model for LabelArray {
    fn n_inputs(&self) -> usize {
        self.inputs.len()
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let pixels: Vec<&[f64]> = match &self.picks {
            Some(picks) => picks.iter().map(|pick| inputs[*pick]).collect(),
            None => inputs.to_vec(),
        };
        for (index, output) in outputs[0].iter_mut().enumerate() {
            let place =
                self.shape
                    .iter()
                    .zip(pixels.iter().rev())
                    .try_fold(0, |place, (length, input)| {
                        let pixel = (input[index] + 0.5).floor();
                        let inside = pixel >= 0.0 && pixel < *length as f64;
                        inside.then(|| place * length + pixel as usize)
                    });
            *output = place.map_or(0.0, |place| self.labels[place] as f64);
        }
    }

    fn input_names(&self) -> Vec<String> {
        self.inputs.clone()
    }

    fn output_names(&self) -> Vec<String> {
        names(&["label"])
    }
}

/// Evaluates a transform at those points that are chosen. What cannot be evaluated gives NaN.
fn at_points(
    transform: &Transform,
    inputs: &[&[f64]],
    chosen: &[usize],
    mut store: impl FnMut(usize, usize, f64),
) {
    if chosen.is_empty() {
        return;
    }
    let gathered: Vec<Vec<f64>> = inputs
        .iter()
        .map(|input| chosen.iter().map(|index| input[*index]).collect())
        .collect();
    let gathered: Vec<&[f64]> = gathered.iter().map(Vec::as_slice).collect();
    if let Ok(outputs) = transform.evaluate(&gathered) {
        for (number, output) in outputs.iter().enumerate() {
            for (index, value) in chosen.iter().zip(output) {
                store(number, *index, *value);
            }
        }
    }
}

fn indices(values: &[f64], choose: impl Fn(f64) -> bool) -> Vec<usize> {
    values
        .iter()
        .enumerate()
        .filter(|(_, value)| choose(**value))
        .map(|(index, _)| index)
        .collect()
}

/// Labels of points by one of their inputs: the transform of the last key that `fits` gives them.
fn label_by_key<K>(
    entries: &[(K, Transform)],
    inputs: &[&[f64]],
    key_input: usize,
    fits: impl Fn(&K, f64) -> bool,
    outputs: &mut [&mut [f64]],
) {
    outputs[0].fill(0.0);
    for (key, transform) in entries {
        let chosen = indices(inputs[key_input], |value| fits(key, value));
        at_points(transform, inputs, &chosen, |_, index, value| {
            outputs[0][index] = value;
        });
    }
}

impl Model for LabelDict {
    fn n_inputs(&self) -> usize {
        self.inputs.len()
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let near =
            |key: &f64, value: f64| (key - value).abs() <= self.tolerance + 1e-5 * value.abs();
        label_by_key(&self.entries, inputs, self.key_input, near, outputs);
    }

    fn input_names(&self) -> Vec<String> {
        self.inputs.clone()
    }

    fn output_names(&self) -> Vec<String> {
        names(&["labels"])
    }
}

impl Model for LabelRange {
    fn n_inputs(&self) -> usize {
        self.inputs.len()
    }

    fn n_outputs(&self) -> usize {
        1
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let within = |(low, high): &(f64, f64), value: f64| *low < value && value < *high;
        label_by_key(&self.entries, inputs, self.key_input, within, outputs);
    }

    fn input_names(&self) -> Vec<String> {
        self.inputs.clone()
    }

    fn output_names(&self) -> Vec<String> {
        names(&["labels"])
    }
}

impl Model for LabelTransform {
    fn n_inputs(&self) -> usize {
        self.inputs.len()
    }

    fn n_outputs(&self) -> usize {
        self.mapper.n_outputs()
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        for output in outputs.iter_mut() {
            output.fill(f64::NAN);
        }
        let first = self
            .inputs_mapping
            .as_ref()
            .map(|first| first.evaluate(inputs));
        let picked = match &first {
            Some(Ok(lists)) => lists.iter().map(Vec::as_slice).collect(),
            Some(Err(_)) => return,
            None => inputs.to_vec(),
        };
        if let Ok(labels) = self.mapper.evaluate(&picked) {
            for (output, labels) in outputs.iter_mut().zip(&labels) {
                output.copy_from_slice(labels);
            }
        }
    }

    fn input_names(&self) -> Vec<String> {
        self.inputs.clone()
    }
}

impl Model for RegionsSelector {
    fn n_inputs(&self) -> usize {
        self.inputs.len()
    }

    fn n_outputs(&self) -> usize {
        self.outputs.len()
    }

    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        for output in outputs.iter_mut() {
            output.fill(self.undefined);
        }
        let Ok(labels) = self.label_mapper.evaluate(inputs) else {
            return;
        };
        for (label, transform) in &self.selector {
            let chosen = indices(&labels[0], |value| value == *label);
            at_points(transform, inputs, &chosen, |number, index, value| {
                outputs[number][index] = value;
            });
        }
    }

    fn inverse(&self) -> Option<Transform> {
        let label_mapper = self.label_mapper.inverse().ok()?;
        let selector: Option<Vec<_>> = self
            .selector
            .iter()
            .map(|(label, transform)| Some((*label, transform.inverse().ok()?)))
            .collect();
        Some(
            Self {
                inputs: self.outputs.clone(),
                outputs: self.inputs.clone(),
                label_mapper,
                selector: selector?,
                undefined: self.undefined,
            }
            .into(),
        )
    }

    fn input_names(&self) -> Vec<String> {
        self.inputs.clone()
    }

    fn output_names(&self) -> Vec<String> {
        self.outputs.clone()
    }
}
