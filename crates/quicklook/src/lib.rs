//! Pictures of JWST products, and a page that reports on a run.
//!
//! [`preview`] draws one product as PNG; [`report`] writes one HTML page about many. Both take options whose values were
//! checked when they were made, so that an option that exists is sound. Nothing here changes a product.
//!
//! ```
//! use std::path::Path;
//! use ndarray::Array2;
//! use datamodels::io::fits::{HduSpec, Payload, write_plain_fits};
//! use quicklook::{PreviewOptions, PictureSize, Stretch, preview};
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! // Any FITS file with an image in SCI will do.
//! let file = folder.join("x_rate.fits");
//! let image = Array2::from_shape_fn((32, 32), |(row, column)| (row * column) as f32);
//! let hdu = |name: &str, payload| HduSpec { name: name.into(), version: 1, cards: Vec::new(), payload };
//! let sci = Payload::F32(image.view().into_dyn());
//! write_plain_fits(&file, &[hdu("PRIMARY", Payload::Empty), hdu("SCI", sci)])?;
//!
//! let options = PreviewOptions {
//!     stretch: Stretch::Sqrt,
//!     limits: "1,99.5%".parse()?,
//!     size: PictureSize::new(512)?,
//!     ..PreviewOptions::default()
//! };
//! let picture = preview(&file, &options)?;
//! assert!(picture.description.contains("Values from 0 to 961"));
//! picture.save(&folder.join("x_rate.png"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod catalog;
mod colour;
mod compass;
mod error;
mod figure;
mod limits;
mod options;
mod preview;
mod product;
mod ramp;
mod report;
mod scene;
mod shrink;
mod stretch;

pub use colour::{ColourMap, Palette, Rgb, Theme};
pub use error::{QuicklookError, Result};
pub use limits::{Limits, Percentiles, Range};
pub use options::{
    CountFrom, PictureSize, PixelPosition, PreviewOptions, QualityBit, QualityBits, ReportOptions,
};
pub use preview::{Picture, preview};
pub use report::{Report, report};
pub use shrink::{Statistics, block_means};
pub use stretch::Stretch;
