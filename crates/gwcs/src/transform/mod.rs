//! Trees of transforms.

mod error;
mod names;
mod program;
mod separability;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::bounding_box::{BoundingBox, CompoundBox};
use crate::model::{Mapping, Model};

pub use error::TransformError;
pub use program::Program;

/// A transform of points, simple or put together from others. Clones share what they hold.
#[derive(Debug, Clone)]
pub struct Transform(Arc<Whole>);

#[derive(Debug, Clone)]
struct Whole {
    form: Form,
    properties: Properties,
}

/// How a transform is put together.
#[derive(Debug, Clone)]
pub enum Form {
    /// A simple one.
    Model(Arc<dyn Model>),
    /// The outputs of the first are the inputs of the second.
    Compose(Transform, Transform),
    /// Side by side: the first takes the first inputs, the second the rest.
    Join(Transform, Transform),
    /// Both take the same inputs; their outputs are combined one by one.
    Arithmetic(Operator, Transform, Transform),
    /// Some inputs, counted from 0, have fixed values.
    Fix(Transform, Vec<(usize, f64)>),
}

/// An operation on the outputs of two transforms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `a + b`
    Add,
    /// `a − b`
    Subtract,
    /// `a b`
    Multiply,
    /// `a / b`
    Divide,
    /// `a` to the power of `b`
    Power,
}

/// What a transform has besides its form.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Properties {
    /// Its name.
    pub name: Option<String>,
    /// Names of the inputs, where they are not the usual ones.
    pub inputs: Option<Vec<String>>,
    /// Names of the outputs, where they are not the usual ones.
    pub outputs: Option<Vec<String>>,
    /// An inverse of its own, in place of the one that follows from the form.
    pub inverse: Option<Transform>,
    /// Where it is valid. Only that of a whole transform counts, not those of its parts.
    pub bounding_box: Option<BoundingBox>,
    /// Where it is valid, if that depends on some of the inputs. It counts only if there is no simple box.
    pub compound_box: Option<CompoundBox>,
    /// What a file says about parameters besides their values, by name. It has no effect here.
    pub parameters: Vec<(String, ParameterNote)>,
    /// Units that a file takes for each other. It has no effect here.
    #[cfg(feature = "asdf")]
    pub equivalencies: Option<asdf::Node>,
}

/// What a file says about a parameter besides its value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ParameterNote {
    /// Its unit, as the VO writes it.
    pub unit: Option<String>,
    /// Whether a fit may not change it, where that is stated.
    pub fixed: Option<bool>,
    /// Least and greatest value that a fit may give it, where they are stated.
    pub bounds: Option<[Option<f64>; 2]>,
}

impl PartialEq for Transform {
    /// Transforms are equal if they are the same object, or if they print alike.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || format!("{self:?}") == format!("{other:?}")
    }
}

impl<M: Model> From<M> for Transform {
    fn from(model: M) -> Self {
        Self::from_model(Arc::new(model))
    }
}

impl Transform {
    /// A simple transform.
    pub fn from_model(model: Arc<dyn Model>) -> Self {
        Self::from_form(Form::Model(model))
    }

    fn from_form(form: Form) -> Self {
        let properties = Properties::default();
        Self(Arc::new(Whole { form, properties }))
    }

    /// The points pass unchanged.
    pub fn identity(n: usize) -> Self {
        Mapping::identity(n).into()
    }

    /// This transform, then `next`.
    ///
    /// # Errors
    /// This one has not as many outputs as `next` has inputs.
    pub fn then(self, next: Self) -> Result<Self, TransformError> {
        if self.n_outputs() != next.n_inputs() {
            return Err(TransformError::Compose {
                outputs: self.n_outputs(),
                inputs: next.n_inputs(),
            });
        }
        Ok(Self::from_form(Form::Compose(self, next)))
    }

    /// This transform and `other` side by side, on inputs of their own.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self::from_form(Form::Join(self, other))
    }

    /// This transform and `other` on the same inputs, their outputs combined one by one.
    ///
    /// # Errors
    /// They differ in the number of inputs or outputs.
    pub fn combine(self, operator: Operator, other: Self) -> Result<Self, TransformError> {
        let (a, b) = (
            (self.n_inputs(), self.n_outputs()),
            (other.n_inputs(), other.n_outputs()),
        );
        if a != b {
            return Err(TransformError::Combine { a, b });
        }
        Ok(Self::from_form(Form::Arithmetic(operator, self, other)))
    }

    /// This transform with fixed values for some inputs, which are counted from 0.
    ///
    /// # Errors
    /// There is no such input, or one is fixed twice.
    pub fn fix(self, values: Vec<(usize, f64)>) -> Result<Self, TransformError> {
        let n = self.n_inputs();
        for (index, (input, _)) in values.iter().enumerate() {
            if *input >= n || values[..index].iter().any(|(other, _)| other == input) {
                return Err(TransformError::Fix { input: *input, n });
            }
        }
        Ok(Self::from_form(Form::Fix(self, values)))
    }

    /// How it is put together.
    pub fn form(&self) -> &Form {
        &self.0.form
    }

    /// What it has besides.
    pub fn properties(&self) -> &Properties {
        &self.0.properties
    }

    /// The same transform with other properties.
    ///
    /// # Errors
    /// Names or bounding box are not for as many inputs and outputs as it has.
    pub fn with_properties(mut self, properties: Properties) -> Result<Self, TransformError> {
        let (n_inputs, n_outputs) = (self.n_inputs(), self.n_outputs());
        let expect = |what: &'static str, expected: usize, found: usize| {
            if expected == found {
                Ok(())
            } else {
                Err(TransformError::Property {
                    what,
                    expected,
                    found,
                })
            }
        };
        if let Some(names) = &properties.inputs {
            expect("names of inputs", n_inputs, names.len())?;
        }
        if let Some(names) = &properties.outputs {
            expect("names of outputs", n_outputs, names.len())?;
        }
        // The inverse may be of another number of inputs: files give a reordering of axes, and what follows it, inverses
        // that fit only together. Whether they do shows when they are composed.
        if let Some(bounding_box) = &properties.bounding_box {
            let found = bounding_box.intervals.len();
            expect("intervals of the bounding box", n_inputs, found)?;
        }
        if let Some(compound_box) = &properties.compound_box {
            for found in compound_box.lengths() {
                expect("intervals of a bounding box", n_inputs, found)?;
            }
        }
        Arc::make_mut(&mut self.0).properties = properties;
        Ok(self)
    }

    /// The same transform with an inverse of its own.
    #[must_use]
    pub fn with_inverse(mut self, inverse: Self) -> Self {
        Arc::make_mut(&mut self.0).properties.inverse = Some(inverse);
        self
    }

    /// The same transform, valid inside a box only; `None` for everywhere.
    ///
    /// # Errors
    /// The box is not for as many inputs.
    pub fn with_bounding_box(
        self,
        bounding_box: Option<BoundingBox>,
    ) -> Result<Self, TransformError> {
        let properties = Properties {
            bounding_box,
            ..self.0.properties.clone()
        };
        self.with_properties(properties)
    }

    /// The same transform with a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).properties.name = Some(name.into());
        self
    }

    /// Number of inputs.
    pub fn n_inputs(&self) -> usize {
        match self.form() {
            Form::Model(model) => model.n_inputs(),
            Form::Compose(first, _) => first.n_inputs(),
            Form::Join(a, b) => a.n_inputs() + b.n_inputs(),
            Form::Arithmetic(_, a, _) => a.n_inputs(),
            Form::Fix(inner, values) => inner.n_inputs() - values.len(),
        }
    }

    /// Number of outputs.
    pub fn n_outputs(&self) -> usize {
        match self.form() {
            Form::Model(model) => model.n_outputs(),
            Form::Compose(_, second) => second.n_outputs(),
            Form::Join(a, b) => a.n_outputs() + b.n_outputs(),
            Form::Arithmetic(_, a, _) => a.n_outputs(),
            Form::Fix(inner, _) => inner.n_outputs(),
        }
    }

    /// The inverse: its own one where it has it, otherwise the one that follows from its form. It has no bounding box.
    ///
    /// # Errors
    /// A part has no inverse.
    pub fn inverse(&self) -> Result<Self, TransformError> {
        if let Some(inverse) = &self.0.properties.inverse {
            return Ok(inverse.clone());
        }
        match self.form() {
            Form::Model(model) => model
                .inverse()
                .ok_or_else(|| TransformError::NoInverse(format!("{model:?}"))),
            Form::Compose(first, second) => second.inverse()?.then(first.inverse()?),
            Form::Join(a, b) => Ok(a.inverse()?.join(b.inverse()?)),
            Form::Arithmetic(operator, ..) => Err(TransformError::NoInverse(format!(
                "the operation {operator:?}"
            ))),
            Form::Fix(..) => Err(TransformError::NoInverse("a fixed input".to_string())),
        }
    }

    /// Prepares the transform for many points.
    pub fn compile(&self) -> Program {
        Program::new(self)
    }

    /// Transforms points; `inputs` has a list for each input, the result one for each output. Points outside the
    /// bounding box give NaN.
    ///
    /// To transform points again and again, [`Transform::compile`] once.
    ///
    /// # Errors
    /// There are not as many lists as inputs, or they differ in length.
    pub fn evaluate(&self, inputs: &[&[f64]]) -> Result<Vec<Vec<f64>>, TransformError> {
        let mut outputs = self.compile().run(inputs)?;
        let Properties {
            bounding_box,
            compound_box,
            ..
        } = &self.0.properties;
        let outside = match (bounding_box, compound_box) {
            (Some(bounding_box), _) => Some(bounding_box.outside(inputs)),
            (None, Some(compound_box)) => Some(compound_box.outside(inputs)),
            (None, None) => None,
        };
        if let Some(outside) = outside {
            for output in &mut outputs {
                for (value, outside) in output.iter_mut().zip(&outside) {
                    if *outside {
                        *value = f64::NAN;
                    }
                }
            }
        }
        Ok(outputs)
    }

    /// Transforms one point.
    ///
    /// # Errors
    /// The point has not as many coordinates as there are inputs.
    pub fn evaluate_point(&self, point: &[f64]) -> Result<Vec<f64>, TransformError> {
        let inputs: Vec<&[f64]> = point.iter().map(std::slice::from_ref).collect();
        let outputs = self.evaluate(&inputs)?;
        Ok(outputs.iter().map(|output| output[0]).collect())
    }
}
