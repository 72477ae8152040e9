//! Transforms made ready for many points.
//!
//! A tree is laid out as a list of steps that work on registers, each a block of [`BLOCK`] values. Composition, joining
//! and the reordering of axes cost nothing then: they only say which registers a step reads. Registers are used again
//! once nobody reads them any more, so that those of a typical imaging transform stay in the first- and second-level
//! cache.

use std::sync::Arc;

use super::{Form, Operator, Transform, TransformError};
use crate::model::{Directional, Model, Vectors};

/// Points that are transformed together.
const BLOCK: usize = 256;

/// A transform made ready for many points. It does not know the bounding box.
#[derive(Debug, Clone)]
pub struct Program {
    n_inputs: usize,
    steps: Vec<Step>,
    outputs: Vec<usize>,
    n_registers: usize,
}

#[derive(Debug, Clone)]
enum Step {
    Model {
        model: Arc<dyn Model>,
        inputs: Vec<usize>,
        outputs: Vec<usize>,
        /// Which sides are vectors in place of angles.
        vectors: Vectors,
    },
    Arithmetic {
        operator: Operator,
        a: usize,
        b: usize,
        output: usize,
    },
    Constant {
        value: f64,
        output: usize,
    },
}

impl Step {
    fn inputs(&self) -> Vec<usize> {
        match self {
            Self::Model { inputs, .. } => inputs.clone(),
            Self::Arithmetic { a, b, .. } => vec![*a, *b],
            Self::Constant { .. } => Vec::new(),
        }
    }

    fn outputs(&self) -> Vec<usize> {
        match self {
            Self::Model { outputs, .. } => outputs.clone(),
            Self::Arithmetic { output, .. } | Self::Constant { output, .. } => vec![*output],
        }
    }

    fn rename(&mut self, place: impl Fn(usize) -> usize) {
        let all = |registers: &mut Vec<usize>| {
            for register in registers {
                *register = place(*register);
            }
        };
        match self {
            Self::Model {
                inputs, outputs, ..
            } => {
                all(inputs);
                all(outputs);
            }
            Self::Arithmetic { a, b, output, .. } => {
                (*a, *b, *output) = (place(*a), place(*b), place(*output));
            }
            Self::Constant { output, .. } => *output = place(*output),
        }
    }
}

impl Program {
    pub(super) fn new(transform: &Transform) -> Self {
        let n_inputs = transform.n_inputs();
        let mut program = Self {
            n_inputs,
            steps: Vec::new(),
            outputs: Vec::new(),
            n_registers: n_inputs,
        };
        let inputs: Vec<usize> = (0..n_inputs).collect();
        program.outputs = program.emit(transform, &inputs);
        program.pass_vectors();
        program.reuse_registers();
        program
    }

    /// Where a direction goes from one model to another only, lets it pass as a vector.
    fn pass_vectors(&mut self) {
        for giver in 0..self.steps.len() {
            let Step::Model { model, outputs, .. } = &self.steps[giver] else {
                continue;
            };
            let gives = model.directional().is_some_and(Directional::gives);
            let pair = outputs.clone();
            if !gives || self.outputs.iter().any(|output| pair.contains(output)) {
                continue;
            }
            let mut users = (giver + 1..self.steps.len()).filter(|index| {
                let inputs = self.steps[*index].inputs();
                inputs.iter().any(|input| pair.contains(input))
            });
            let (Some(taker), None) = (users.next(), users.next()) else {
                continue;
            };
            let takes = match &self.steps[taker] {
                Step::Model { model, inputs, .. } => {
                    *inputs == pair && model.directional().is_some_and(Directional::takes)
                }
                _ => false,
            };
            if takes {
                let three: Vec<usize> = (0..3).map(|_| self.register()).collect();
                if let Step::Model {
                    outputs, vectors, ..
                } = &mut self.steps[giver]
                {
                    outputs.clone_from(&three);
                    vectors.given = true;
                }
                if let Step::Model {
                    inputs, vectors, ..
                } = &mut self.steps[taker]
                {
                    *inputs = three;
                    vectors.taken = true;
                }
            }
        }
    }

    fn register(&mut self) -> usize {
        self.n_registers += 1;
        self.n_registers - 1
    }

    /// Adds the steps of a transform; the registers of its outputs.
    fn emit(&mut self, transform: &Transform, inputs: &[usize]) -> Vec<usize> {
        match transform.form() {
            Form::Model(model) => {
                if let Some(mapping) = model.mapping() {
                    return mapping.iter().map(|input| inputs[*input]).collect();
                }
                let outputs: Vec<usize> = (0..model.n_outputs()).map(|_| self.register()).collect();
                self.steps.push(Step::Model {
                    model: Arc::clone(model),
                    inputs: inputs.to_vec(),
                    outputs: outputs.clone(),
                    vectors: Vectors::default(),
                });
                outputs
            }
            Form::Compose(first, second) => {
                let middle = self.emit(first, inputs);
                self.emit(second, &middle)
            }
            Form::Join(a, b) => {
                let (of_a, of_b) = inputs.split_at(a.n_inputs());
                let mut outputs = self.emit(a, of_a);
                outputs.extend(self.emit(b, of_b));
                outputs
            }
            Form::Arithmetic(operator, a, b) => {
                let (a, b) = (self.emit(a, inputs), self.emit(b, inputs));
                a.into_iter()
                    .zip(b)
                    .map(|(a, b)| {
                        let output = self.register();
                        self.steps.push(Step::Arithmetic {
                            operator: *operator,
                            a,
                            b,
                            output,
                        });
                        output
                    })
                    .collect()
            }
            Form::Fix(inner, values) => {
                let mut free = inputs.iter();
                let all: Vec<usize> = (0..inner.n_inputs())
                    .filter_map(|index| {
                        let fixed = values.iter().find(|(input, _)| *input == index);
                        if let Some((_, value)) = fixed {
                            let output = self.register();
                            self.steps.push(Step::Constant {
                                value: *value,
                                output,
                            });
                            return Some(output);
                        }
                        free.next().copied()
                    })
                    .collect();
                self.emit(inner, &all)
            }
        }
    }

    /// Gives registers that are not read any more to later steps.
    fn reuse_registers(&mut self) {
        let mut last_use = vec![0; self.n_registers];
        for (index, step) in self.steps.iter().enumerate() {
            for register in step.inputs().into_iter().chain(step.outputs()) {
                last_use[register] = index;
            }
        }
        for register in &self.outputs {
            last_use[*register] = usize::MAX;
        }
        let mut place: Vec<usize> = (0..self.n_registers).collect();
        let mut free: Vec<usize> = Vec::new();
        let mut count = self.n_inputs;
        for (index, step) in self.steps.iter_mut().enumerate() {
            let (reads, writes) = (step.inputs(), step.outputs());
            for register in &writes {
                place[*register] = free.pop().unwrap_or_else(|| {
                    count += 1;
                    count - 1
                });
            }
            step.rename(|register| place[register]);
            let mut ended: Vec<usize> = reads.into_iter().chain(writes).collect();
            ended.sort_unstable();
            ended.dedup();
            free.extend(
                ended
                    .into_iter()
                    .filter(|register| last_use[*register] == index)
                    .map(|register| place[register]),
            );
        }
        for register in &mut self.outputs {
            *register = place[*register];
        }
        self.n_registers = count;
    }

    /// Number of inputs.
    pub fn n_inputs(&self) -> usize {
        self.n_inputs
    }

    /// Number of outputs.
    pub fn n_outputs(&self) -> usize {
        self.outputs.len()
    }

    /// Transforms points; a list for each input, and one for each output.
    ///
    /// # Errors
    /// There are not as many lists as inputs, or they differ in length.
    pub fn run(&self, inputs: &[&[f64]]) -> Result<Vec<Vec<f64>>, TransformError> {
        let count = self.check(inputs)?;
        let mut outputs = vec![vec![0.0; count]; self.n_outputs()];
        let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        self.fill(inputs, &mut slices);
        Ok(outputs)
    }

    /// Transforms points into given places.
    ///
    /// # Errors
    /// There are not as many lists as inputs and outputs, or they differ in length.
    pub fn run_into(
        &self,
        inputs: &[&[f64]],
        outputs: &mut [&mut [f64]],
    ) -> Result<(), TransformError> {
        let count = self.check(inputs)?;
        if outputs.len() != self.n_outputs() || outputs.iter().any(|list| list.len() != count) {
            return Err(TransformError::Points {
                expected: self.n_outputs(),
                found: outputs.iter().map(|list| list.len()).collect(),
            });
        }
        self.fill(inputs, outputs);
        Ok(())
    }

    fn check(&self, inputs: &[&[f64]]) -> Result<usize, TransformError> {
        let count = inputs.first().map_or(0, |list| list.len());
        if inputs.len() == self.n_inputs && inputs.iter().all(|list| list.len() == count) {
            return Ok(count);
        }
        Err(TransformError::Points {
            expected: self.n_inputs,
            found: inputs.iter().map(|list| list.len()).collect(),
        })
    }

    fn fill(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let count = inputs.first().map_or(0, |list| list.len());
        let mut registers = vec![vec![0.0; BLOCK.min(count)]; self.n_registers];
        let mut taken = Vec::new();
        for start in (0..count).step_by(BLOCK) {
            let end = count.min(start + BLOCK);
            for register in &mut registers {
                register.resize(end - start, 0.0);
            }
            for (register, input) in registers.iter_mut().zip(inputs) {
                register.copy_from_slice(&input[start..end]);
            }
            for step in &self.steps {
                step.run(&mut registers, &mut taken);
            }
            for (output, register) in outputs.iter_mut().zip(&self.outputs) {
                output[start..end].copy_from_slice(&registers[*register]);
            }
        }
    }
}

impl Step {
    fn run(&self, registers: &mut [Vec<f64>], taken: &mut Vec<Vec<f64>>) {
        match self {
            Self::Model {
                model,
                inputs,
                outputs,
                vectors,
            } => {
                taken.clear();
                taken.extend(
                    outputs
                        .iter()
                        .map(|output| std::mem::take(&mut registers[*output])),
                );
                let inputs = inputs.iter().map(|input| registers[*input].as_slice());
                let values = taken.iter_mut().map(Vec::as_mut_slice);
                match model.directional() {
                    Some(model) if *vectors != Vectors::default() => {
                        listed(inputs, values, |inputs, outputs| {
                            model.evaluate_vectors(*vectors, inputs, outputs);
                        });
                    }
                    _ => listed(inputs, values, |inputs, outputs| {
                        model.evaluate(inputs, outputs);
                    }),
                }
                for (output, values) in outputs.iter().zip(taken.drain(..)) {
                    registers[*output] = values;
                }
            }
            Self::Arithmetic {
                operator,
                a,
                b,
                output,
            } => {
                let mut result = std::mem::take(&mut registers[*output]);
                operator.apply_all(&registers[*a], &registers[*b], &mut result);
                registers[*output] = result;
            }
            Self::Constant { value, output } => registers[*output].fill(*value),
        }
    }
}

/// Inputs and outputs that most models do not exceed.
const USUAL: usize = 6;

/// Hands lists of inputs and outputs on, without taking memory for them where there are as few as usual.
fn listed<'a>(
    inputs: impl ExactSizeIterator<Item = &'a [f64]>,
    outputs: impl ExactSizeIterator<Item = &'a mut [f64]>,
    work: impl FnOnce(&[&[f64]], &mut [&mut [f64]]),
) {
    let count = (inputs.len(), outputs.len());
    if count.0.max(count.1) > USUAL {
        let (inputs, mut outputs): (Vec<_>, Vec<_>) = (inputs.collect(), outputs.collect());
        return work(&inputs, &mut outputs);
    }
    let mut from: [&[f64]; USUAL] = [&[]; USUAL];
    let mut to: [&mut [f64]; USUAL] = [(); USUAL].map(|()| &mut [][..]);
    for (place, input) in from.iter_mut().zip(inputs) {
        *place = input;
    }
    for (place, output) in to.iter_mut().zip(outputs) {
        *place = output;
    }
    work(&from[..count.0], &mut to[..count.1]);
}

impl Operator {
    /// The result for one pair of values.
    pub fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Power => a.powf(b),
        }
    }

    /// The results for pairs of values.
    fn apply_all(self, a: &[f64], b: &[f64], results: &mut [f64]) {
        let pairs = results.iter_mut().zip(a.iter().zip(b));
        // A loop for each operator: asked inside, it would keep the compiler from making vector instructions.
        match self {
            Self::Add => pairs.for_each(|(result, (a, b))| *result = Self::Add.apply(*a, *b)),
            Self::Subtract => {
                pairs.for_each(|(result, (a, b))| *result = Self::Subtract.apply(*a, *b));
            }
            Self::Multiply => {
                pairs.for_each(|(result, (a, b))| *result = Self::Multiply.apply(*a, *b));
            }
            Self::Divide => pairs.for_each(|(result, (a, b))| *result = Self::Divide.apply(*a, *b)),
            Self::Power => pairs.for_each(|(result, (a, b))| *result = Self::Power.apply(*a, *b)),
        }
    }
}
