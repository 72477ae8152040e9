//! Product models: metadata and typed arrays, read from and written to FITS with an ASDF extension.

mod background;
mod cube;
mod edit;
mod exposure;
mod guider;
mod image;
mod plain_image;
mod ramp;
mod ramp_fit_output;
mod rate;
mod resampled;
mod segmentation_map;
mod source_catalog;
mod writing;

use std::path::Path;

use ndarray::{Array, ArrayD, Dimension};

use crate::error::Result;
use crate::io::fits::{Card, Element, FitsReader, HduInfo, Payload, Table};
use crate::metadata::Metadata;

pub use background::MeanBackgroundModel;
pub use cube::CubeModel;
pub use edit::edit_metadata;
pub use exposure::{ExposureModel, IntermediateModel};
pub use guider::{GuiderCalModel, GuiderModel, GuiderRawModel, GuiderTables};
pub use image::ImageModel;
pub use plain_image::PlainImageModel;
pub use ramp::RampModel;
pub use ramp_fit_output::RampFitOutputModel;
pub use rate::{RateModel, RatePlanesMut};
pub use resampled::ResampledModel;
pub use segmentation_map::SegmentationMapModel;
pub use source_catalog::SourceCatalogModel;
pub(crate) use writing::write_model;

/// A product.
pub trait Model: Sized {
    /// The name that DATAMODL holds.
    const MODEL_TYPE: &'static str;

    /// Reads the arrays of an open file.
    ///
    /// # Errors
    /// An HDU is missing or has other dimensions than the model.
    fn read(reader: &FitsReader) -> Result<Self>;

    /// The metadata.
    fn metadata(&self) -> &Metadata;

    /// The metadata, to be changed.
    fn metadata_mut(&mut self) -> &mut Metadata;

    /// The arrays and tables, in the order of the file.
    fn fields(&self) -> Vec<Field<'_>>;

    /// HDUs that the model does not know, kept as they were.
    fn extra_hdus(&self) -> &[ExtraHdu];

    /// Opens a file.
    ///
    /// # Errors
    /// As [`FitsReader::open`] and [`Model::read`].
    fn open(path: &Path) -> Result<Self> {
        Self::read(&FitsReader::open(path)?)
    }

    /// Writes the model atomically: the file appears when it is complete.
    ///
    /// # Errors
    /// The file cannot be written; what stood at `path` before is still there.
    fn save(&self, path: &Path) -> Result<()> {
        write_model(path, self.metadata(), self.fields(), self.extra_hdus())
    }
}

/// An array or table of a model and the HDU that holds it.
#[derive(Debug, Clone)]
pub struct Field<'a> {
    /// Name in the ASDF tree, such as `data`.
    pub node: &'static str,
    /// EXTNAME, such as `SCI`.
    pub hdu: &'static str,
    /// The values.
    pub payload: Payload<'a>,
}

/// Real values as they are written.
fn reals<D: Dimension>(array: &Array<f32, D>) -> Payload<'_> {
    Payload::F32(array.view().into_dyn())
}

pub(crate) fn field<'a>(node: &'static str, hdu: &'static str, payload: Payload<'a>) -> Field<'a> {
    Field { node, hdu, payload }
}

/// An HDU that the model does not know, as it stood in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtraHdu {
    /// EXTNAME.
    pub name: String,
    /// EXTVER.
    pub version: i64,
    /// All cards, structural ones included.
    pub cards: Vec<Card>,
    /// The data unit without padding.
    pub bytes: Vec<u8>,
}

/// Reads the HDUs that are not among `known`.
fn read_extra(reader: &FitsReader, known: &[&str]) -> Result<Vec<ExtraHdu>> {
    let mut extra = Vec::new();
    for hdu in reader.hdus().iter().skip(1) {
        let typed = known.contains(&hdu.name.as_str()) && hdu.version == 1;
        if !typed && hdu.name != "ASDF" {
            extra.push(ExtraHdu {
                name: hdu.name.clone(),
                version: hdu.version,
                cards: hdu.header.cards.clone(),
                bytes: reader.bytes(hdu)?,
            });
        }
    }
    Ok(extra)
}

/// Reads an array of `D` dimensions.
fn read_array<T: Element, D: Dimension>(
    reader: &FitsReader,
    name: &str,
) -> Result<ndarray::Array<T, D>> {
    let hdu = reader.require(name)?;
    let array: ArrayD<T> = reader.image(hdu)?;
    let expected = || format!("an image of {} dimensions", D::NDIM.unwrap_or_default());
    array
        .into_dimensionality()
        .map_err(|_| reader.shape_error(hdu, &expected()))
}

/// Reads an array where the file has one; an HDU without data counts as none.
fn read_optional<T: Element, D: Dimension>(
    reader: &FitsReader,
    name: &str,
) -> Result<Option<ndarray::Array<T, D>>> {
    match reader.find(name, 1) {
        Some(hdu) if !hdu.shape().is_empty() => read_array(reader, name).map(Some),
        _ => Ok(None),
    }
}

/// An HDU that a file may have; one without data counts as none.
pub(crate) fn companion<'a>(reader: &'a FitsReader, name: &str) -> Option<&'a HduInfo> {
    let found = reader.find(name, 1);
    found.filter(|hdu| !hdu.shape().is_empty())
}

/// Reads an array that has to fit the data, where the file has one.
pub(crate) fn read_companion<T: Element, D: Dimension>(
    reader: &FitsReader,
    name: &str,
    shape: &[usize],
) -> Result<Option<ndarray::Array<T, D>>> {
    let array = read_optional::<T, D>(reader, name)?;
    match &array {
        Some(array) if array.shape() != shape => {
            let expected = format!("the shape that belongs to the data, {shape:?}");
            Err(reader.shape_error(reader.require(name)?, &expected))
        }
        _ => Ok(array),
    }
}

/// Reads a table where the file has one.
fn read_table(reader: &FitsReader, name: &str) -> Result<Option<Table>> {
    reader
        .find(name, 1)
        .map(|hdu| reader.table(hdu))
        .transpose()
}
