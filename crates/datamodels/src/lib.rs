//! JWST product and reference models, and the files that hold them.

pub mod dq;
pub mod error;
pub mod io;
pub mod library;
pub mod metadata;
pub mod models;
#[cfg(feature = "stpipe")]
pub mod product;
pub mod reference;
pub mod stripes;
pub mod wcs;
pub use error::{DataModelError, Result};
pub use models::{CubeModel, ImageModel, Model, PlainImageModel, RampFitOutputModel, RampModel};
