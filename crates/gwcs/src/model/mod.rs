//! Simple transforms.
//!
//! A model takes lists of coordinates, one list for each input, and fills one list for each output. What cannot be
//! computed is not a number. Angles are in degrees, unless a model says otherwise.
//!
//! Where not stated otherwise a model computes what the model of the same name does in astropy 7.2 (`modeling`), gwcs
//! 1.0 or FITS paper II (Calabretta & Greisen 2002, doi:10.1051/0004-6361:20021327).

mod affine;
mod analytic;
mod constant;
mod direction;
mod fits_imaging;
mod function;
mod linear;
mod mapping;
mod orthogonal;
mod polynomial;
pub mod projection;
mod rotation;
mod selector;
mod spectroscopy;
mod spherical;
mod spline;
mod tabular;
#[cfg(test)]
mod tests;
mod units_mapping;

use std::any::Any;
use std::fmt;

use crate::transform::Transform;

pub use affine::{Affine2d, Rotation2d};
pub use analytic::{Analytic, Parameter, Profile};
pub use constant::Constant;
pub use direction::{Directional, Vectors};
pub use fits_imaging::FitsImaging;
pub use function::Function;
pub use linear::{Linear1d, Multiply, Scale, Shift};
pub use mapping::Mapping;
pub use orthogonal::{Basis, Orthogonal1d, Orthogonal2d};
pub use polynomial::{Axis, Polynomial1d, Polynomial2d};
pub use projection::{Direction, Projection, Projector};
pub use rotation::{EulerRotation, RotationSequence, SkyRotation, SphericalRotationSequence};
pub use selector::{Label, LabelArray, LabelDict, LabelRange, LabelTransform, RegionsSelector};
pub use spectroscopy::{
    AnglesFromGrating, SellmeierGlass, SellmeierZemax, Snell3d, WavelengthFromGrating,
};
pub use spherical::{
    CartesianToSpherical, FromDirectionCosines, SphericalToCartesian, ToDirectionCosines, WrapAt,
};
pub use spline::Spline1d;
pub use tabular::{Interpolation, Tabular};
pub use units_mapping::{UnitInput, UnitsMapping};

/// A simple transform.
///
/// Implement it for models of your own instrument; [`Transform::from_model`] makes a transform of it.
pub trait Model: fmt::Debug + Any + Send + Sync {
    /// Number of inputs.
    fn n_inputs(&self) -> usize;

    /// Number of outputs.
    fn n_outputs(&self) -> usize;

    /// Transforms points: a list for each input, one to be filled for each output, all of one length.
    fn evaluate(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]);

    /// The way back, where there is one.
    fn inverse(&self) -> Option<Transform> {
        None
    }

    /// Names of the inputs: x, or x0, x1 and so on.
    fn input_names(&self) -> Vec<String> {
        match self.n_inputs() {
            1 => vec!["x".to_string()],
            n => numbered('x', n),
        }
    }

    /// Names of the outputs: y, or y0, y1 and so on.
    fn output_names(&self) -> Vec<String> {
        match self.n_outputs() {
            1 => vec!["y".to_string()],
            n => numbered('y', n),
        }
    }

    /// Which outputs depend on which inputs: a row for each output. All on all, if a model does not know better.
    fn separability(&self) -> Vec<Vec<bool>> {
        vec![vec![true; self.n_inputs()]; self.n_outputs()]
    }

    /// The model as one that takes or gives directions, if it can do without angles.
    fn directional(&self) -> Option<&dyn Directional> {
        None
    }

    /// For a model that only reorders its inputs: the input, counted from 0, that each output is.
    fn mapping(&self) -> Option<&[usize]> {
        None
    }
}

impl dyn Model {
    /// The model, if it is of the type `M`.
    pub fn downcast_ref<M: Model>(&self) -> Option<&M> {
        (self as &dyn Any).downcast_ref()
    }
}

fn numbered(letter: char, n: usize) -> Vec<String> {
    (0..n).map(|index| format!("{letter}{index}")).collect()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// Runs `work` with the vector instructions that the machine has. No version contracts or reorders arithmetic: results
/// have the same bits with all of them. Only what is inlined into `work` gains by it.
#[inline]
pub(crate) fn vectorised<R>(work: impl FnMut() -> R) -> R {
    pulp::Arch::new().dispatch(Work(work))
}

/// What is run with vector instructions. A closure as such would be called through a function that is compiled without.
struct Work<F>(F);

impl<R, F: FnMut() -> R> pulp::WithSimd for Work<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(mut self, _instructions: S) -> R {
        (self.0)()
    }
}

/// Applies a function of one number.
fn each(inputs: &[&[f64]], outputs: &mut [&mut [f64]], function: impl Fn(f64) -> f64) {
    for (output, input) in outputs[0].iter_mut().zip(inputs[0]) {
        *output = function(*input);
    }
}

/// Applies a function of two numbers that gives one.
fn each_pair(inputs: &[&[f64]], outputs: &mut [&mut [f64]], function: impl Fn(f64, f64) -> f64) {
    let [x, y, ..] = inputs else { return };
    for (output, (x, y)) in outputs[0].iter_mut().zip(x.iter().zip(*y)) {
        *output = function(*x, *y);
    }
}

/// Applies a function of `I` numbers that gives `O` of them, for [`Model::evaluate`].
pub fn each_point<const I: usize, const O: usize>(
    inputs: &[&[f64]],
    outputs: &mut [&mut [f64]],
    function: impl Fn([f64; I]) -> [f64; O],
) {
    let count = outputs.first().map_or(0, |output| output.len());
    let (Some(inputs), Some(outputs)) = (inputs.first_chunk::<I>(), outputs.first_chunk_mut::<O>())
    else {
        return;
    };
    let inputs = inputs.map(|list| &list[..count]);
    let mut outputs = outputs.each_mut().map(|list| &mut list[..count]);
    vectorised(
        #[inline(always)]
        || {
            for start in (0..count).step_by(TOGETHER) {
                let end = count.min(start + TOGETHER);
                // In arrays of their own, which nothing else can be part of.
                let (mut from, mut to) = ([[0.0; TOGETHER]; I], [[0.0; TOGETHER]; O]);
                for (from, input) in from.iter_mut().zip(&inputs) {
                    *from = load(&input[start..end]);
                }
                for k in 0..end - start {
                    let values = function(std::array::from_fn(|input| from[input][k]));
                    for (to, value) in to.iter_mut().zip(values) {
                        to[k] = value;
                    }
                }
                for (output, to) in outputs.iter_mut().zip(&to) {
                    store(to, &mut output[start..end]);
                }
            }
        },
    );
}

/// Points that go through a function side by side.
const TOGETHER: usize = 32;

/// Values in an array with room for more; a full one is copied in registers.
#[inline(always)]
fn load<const N: usize>(values: &[f64]) -> [f64; N] {
    if let Ok(all) = values.try_into() {
        return all;
    }
    let mut lanes = [0.0; N];
    lanes[..values.len()].copy_from_slice(values);
    lanes
}

/// The reverse of [`load`].
#[inline(always)]
fn store<const N: usize>(lanes: &[f64; N], values: &mut [f64]) {
    let count = values.len();
    match values.first_chunk_mut::<N>() {
        Some(all) => *all = *lanes,
        None => values.copy_from_slice(&lanes[..count]),
    }
}
