//! What can be wrong with a transform.

/// A transform cannot be made, inverted or evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransformError {
    /// One after the other, but the numbers do not match.
    #[error("a transform of {outputs} outputs cannot be followed by one of {inputs} inputs")]
    Compose {
        /// Outputs of the first.
        outputs: usize,
        /// Inputs of the second.
        inputs: usize,
    },
    /// Arithmetic with outputs that do not match.
    #[error("transforms of {a:?} and {b:?} inputs and outputs cannot be combined")]
    Combine {
        /// Inputs and outputs of the first.
        a: (usize, usize),
        /// Inputs and outputs of the second.
        b: (usize, usize),
    },
    /// An input that cannot be fixed.
    #[error("input {input} (counted from 0) of {n} cannot be fixed")]
    Fix {
        /// The input.
        input: usize,
        /// How many there are.
        n: usize,
    },
    /// A property for another number of inputs or outputs.
    #[error("{what}: expected {expected}, found {found}")]
    Property {
        /// Which property.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// No way back.
    #[error("no inverse is known for {0}")]
    NoInverse(String),
    /// Points that do not fit.
    #[error("expected {expected} lists of coordinates of one length, found lengths {found:?}")]
    Points {
        /// How many lists there should be.
        expected: usize,
        /// The lengths found.
        found: Vec<usize>,
    },
    /// A model cannot have such a parameter.
    #[error("{model}: {message}")]
    Parameter {
        /// Which model.
        model: &'static str,
        /// What is wrong.
        message: String,
    },
}
