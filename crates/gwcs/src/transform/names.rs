//! Names of inputs and outputs.

use super::{Form, Transform};

impl Transform {
    /// Names of the inputs: its own, or those that follow from its form.
    ///
    /// Parity: astropy 7 `modeling/core.py`, `CompoundModel`; files refer to inputs by these names.
    pub fn input_names(&self) -> Vec<String> {
        if let Some(names) = &self.properties().inputs {
            return names.clone();
        }
        match self.form() {
            Form::Model(model) => model.input_names(),
            Form::Compose(first, _) => first.input_names(),
            Form::Join(a, b) => joined(a.input_names(), b.input_names()),
            Form::Arithmetic(_, a, _) => a.input_names(),
            Form::Fix(inner, values) => inner
                .input_names()
                .into_iter()
                .enumerate()
                .filter(|(index, _)| values.iter().all(|(input, _)| input != index))
                .map(|(_, name)| name)
                .collect(),
        }
    }

    /// Names of the outputs: its own, or those that follow from its form.
    pub fn output_names(&self) -> Vec<String> {
        if let Some(names) = &self.properties().outputs {
            return names.clone();
        }
        match self.form() {
            Form::Model(model) => model.output_names(),
            Form::Compose(_, second) => second.output_names(),
            Form::Join(a, b) => joined(a.output_names(), b.output_names()),
            Form::Arithmetic(_, a, _) => a.output_names(),
            Form::Fix(inner, _) => inner.output_names(),
        }
    }
}

/// Both lists; if they share a name, all names are numbered by the side that they come from.
fn joined(mut a: Vec<String>, mut b: Vec<String>) -> Vec<String> {
    if a.iter().any(|name| b.contains(name)) {
        for name in &mut a {
            name.push('0');
        }
        for name in &mut b {
            name.push('1');
        }
    }
    a.extend(b);
    a
}
