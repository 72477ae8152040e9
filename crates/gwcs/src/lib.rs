//! Generalized world coordinate systems.
//!
//! A [`Transform`] takes points of one space to another. Simple ones ([`model`]) are put together one after the other,
//! side by side or by arithmetic; most have an inverse. A [`Wcs`] is a chain of transforms between named coordinate
//! frames, from the pixels of a detector to the sky or the spectrum.
//!
//! ```
//! use gwcs::Transform;
//! use gwcs::model::{Rotation2d, Scale, Shift};
//!
//! // Pixels counted from a reference pixel, rotated, in arcseconds.
//! let centred = Transform::from(Shift(-511.5)).join(Shift(-511.5).into());
//! let scaled = Transform::from(Scale(0.03)).join(Scale(0.03).into());
//! let sky_from_pixel = centred
//!     .then(Rotation2d { angle_deg: 90.0 }.into())?
//!     .then(scaled)?;
//! let at = sky_from_pixel.evaluate_point(&[611.5, 511.5])?;
//! assert!(at[0].abs() < 1e-12 && (at[1] - 3.0).abs() < 1e-12);
//! let back = sky_from_pixel.inverse()?.evaluate_point(&at)?;
//! assert!((back[0] - 611.5).abs() < 1e-9);
//! # Ok::<(), gwcs::TransformError>(())
//! ```
//!
//! The crate does no input or output and knows no mission: models of an instrument implement [`model::Model`] where
//! that instrument is known.

#![expect(
    clippy::inline_always,
    reason = "vector instructions are chosen when the program runs: only what is inlined there is compiled for them"
)]

mod bounding_box;
#[cfg(feature = "asdf")]
pub mod convert;
pub mod fits;
pub mod frame;
pub mod model;
pub mod mosaic;
mod transform;
mod wcs;

pub use bounding_box::{BoundingBox, CompoundBox, Interval, Order, Selector};
pub use transform::{
    Form, Operator, ParameterNote, Program, Properties, Transform, TransformError,
};
pub use wcs::{Footprint, InvertOptions, Step, Wcs, WcsError};
