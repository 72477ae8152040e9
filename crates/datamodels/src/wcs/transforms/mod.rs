//! Transforms of JWST's instruments, which `gwcs` does not know: the tags `tag:stsci.edu:jwst_pipeline/…`.
//!
//! All versions are read, the latest is written. Where not stated otherwise a model computes what the model of the same
//! purpose does in stdatamodels 6.0.0, `jwst.transforms.models`; what that refuses gives NaN.

/// Numbers and names of inputs and outputs of a model.
macro_rules! signature {
    ([$($input:literal),+] -> [$($output:literal),+]) => {
        fn n_inputs(&self) -> usize {
            [$($input),+].len()
        }

        fn n_outputs(&self) -> usize {
            [$($output),+].len()
        }

        fn input_names(&self) -> Vec<String> {
            [$($input),+].map(str::to_string).to_vec()
        }

        fn output_names(&self) -> Vec<String> {
            [$($output),+].map(str::to_string).to_vec()
        }
    };
}

mod convert;
mod dispersion;
mod optics;
mod selection;
#[cfg(test)]
mod tests;

pub use convert::registry;
pub use dispersion::{Direction, Dispersion, Grism, Order, Trace};
pub use optics::{
    AnglesFromGrating, DirectionCosinesToPlane, PlaneToDirectionCosines, Prism,
    RefractionIndexFromPrism, RotationToGrating, WavelengthFromGrating,
};
pub use selection::{
    Comparison, Logical, OrderTransforms, SliceFromBeta, SlitKind, SlitTransforms,
};
