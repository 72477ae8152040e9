//! Variable-pixel linear reconstruction: *drizzle*, and its inverse, *blot*.
//!
//! Drizzle spreads each pixel of an exposure over the pixels of an output image that its shrunken footprint covers, and
//! keeps for each output pixel the weighted mean of all that fell on it, the total weight, and which exposures gave to
//! it. Where an input pixel lies in the output is a [`PixelMap`]: two planes of coordinates, made by whoever knows
//! about the sky.
//!
//! The work on one exposure has two parts. A [`Plan`] is made once from the geometry: which input pixels meet the
//! output, and the constants of the kernel. Then [`Plan::drizzle`] adds the exposure to a [`Band`] of output rows.
//! Bands are independent of each other, and each output pixel takes its contributions in the order of the input
//! pixels: the result has the same bits however the output is cut into bands and whoever works on them. [`Mosaic`] owns
//! the output images, hands out its bands and grows the context as exposures are added.
//!
//! The crate does no I/O, starts no thread and knows no instrument.
//!
//! ```
//! use drizzle::{Exposure, Mosaic, PixelMap, Settings};
//! use ndarray::Array2;
//!
//! // A 4 x 4 exposure that lies half a pixel to the right in the output.
//! let x = Array2::from_shape_fn((4, 4), |(_, column)| column as f64 + 0.5);
//! let y = Array2::from_shape_fn((4, 4), |(row, _)| row as f64);
//! let data = Array2::from_elem((4, 4), 2.0_f32);
//!
//! let mut mosaic = Mosaic::new((4, 6));
//! let pixmap = PixelMap::new(x.view(), y.view())?;
//! mosaic.add(&Exposure::new(data.view()), &pixmap, &Settings::default())?;
//! mosaic.fill(f32::NAN);
//!
//! assert_eq!(mosaic.weight.row(1).to_vec(), [0.5, 1.0, 1.0, 1.0, 0.5, 0.0]);
//! assert_eq!(mosaic.mean[[1, 0]], 2.0);
//! assert!(mosaic.mean[[1, 5]].is_nan());
//! assert_eq!(mosaic.context[0][[1, 4]], 1);
//! # Ok::<(), drizzle::DrizzleError>(())
//! ```
//!
//! # Source
//! Fruchter & Hook 2002, PASP 114, 144 (doi:10.1086/338393), eqs. 3 to 5. Numbers agree with the Python package drizzle
//! 2.2.0 to the last bit of its 32-bit output, see the tests.

#![expect(
    clippy::inline_always,
    reason = "a pixel passes through all of it some twenty times; left to itself the compiler keeps calls"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "views of arrays are handed over by value, as ndarray does"
)]
#![forbid(unsafe_code)]

mod band;
mod blot;
mod error;
mod exposure;
mod geometry;
mod kernel;
mod mosaic;
mod plan;
mod settings;
#[cfg(test)]
mod tests;

pub use band::{Band, Images, Tally};
pub use blot::{BlotSettings, Interpolation, blot};
pub use error::DrizzleError;
pub use exposure::{Exposure, Layer};
pub use geometry::{PixelMap, Section};
pub use mosaic::Mosaic;
pub use plan::{Hits, Plan};
pub use settings::{Kernel, Settings, Units};
