//! One exposure of a library.

mod rows;
mod saving;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{Array2, Axis, CowArray, Ix2};
use rayon::prelude::*;

use super::{AssociationInfo, MemberFile, Stash};
use crate::error::{DataModelError, Result};
use crate::io::fits::{Element, FitsReader, HduInfo};
use crate::io::scratch::{Scratch, ScratchArray};
use crate::metadata::Metadata;
use crate::models::{ImageModel, Model, companion, read_companion};

pub use rows::{PlaneRows, Room};

/// An exposure of a [`Library`](super::Library).
#[derive(Debug)]
pub struct Exposure {
    /// Its metadata as they are now.
    pub meta: Metadata,
    arrays: Arrays,
    shape: (usize, usize),
    group: String,
    catalog: Option<PathBuf>,
    /// Where changed arrays go; in memory without.
    aside: Option<Scratch>,
    data: Option<Kept<f32>>,
    dq: Option<Quality>,
    /// Quality bits of pixels that are NaN in all arrays.
    hidden: u32,
    /// A step that did something else for this exposure than for the others, and what.
    settled: Option<(&'static str, &'static str)>,
}

/// Where the unchanged arrays are.
#[derive(Debug)]
enum Arrays {
    File(PathBuf),
    Memory(Arc<ImageModel>),
}

/// An array of an exposure, `(row, column)`: borrowed where it is in memory, read where it is in a file.
pub type Plane<'a, T> = CowArray<'a, T, Ix2>;

/// An array that takes the place of the original one.
#[derive(Debug)]
enum Kept<T> {
    Memory(Array2<T>),
    Scratch(ScratchArray<T>),
}

/// Quality that takes the place of the original one.
#[derive(Debug)]
enum Quality {
    Whole(Kept<u32>),
    /// Pixels, counted along the rows, and their quality; the others have that of the file.
    Changes(Vec<(usize, u32)>),
}

/// Changed pixels are listed if they are less than one in so many.
const SMALLEST_PART: usize = 8;

/// Rows that are compared at a time.
const COMPARED_ROWS: usize = 16;

/// Which variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variance {
    /// Of the photon noise.
    Poisson,
    /// Of the read noise.
    ReadNoise,
    /// What the flat field brought in.
    Flat,
}

impl Variance {
    /// EXTNAME.
    fn hdu(self) -> &'static str {
        match self {
            Self::Poisson => "VAR_POISSON",
            Self::ReadNoise => "VAR_RNOISE",
            Self::Flat => "VAR_FLAT",
        }
    }
}

impl Exposure {
    pub(super) fn open(
        index: usize,
        member: &MemberFile,
        association: &AssociationInfo,
        aside: Option<&Scratch>,
    ) -> Result<Self> {
        let reader = FitsReader::open(&member.path)?;
        let mut meta = Metadata::read(&reader)?;
        let hdu = reader.require("SCI")?;
        let &[rows, columns] = hdu.shape() else {
            return Err(reader.shape_error(hdu, "an image of 2 dimensions"));
        };
        // Mosaics have no quality; steps on exposures need it.
        reader.require("DQ")?;
        meta.set_model_type(ImageModel::MODEL_TYPE);
        let mut set = |path: &str, value: Option<&str>| {
            if let Some(value) = value {
                meta.set(path, value);
            }
        };
        // A file that was renamed goes by the name that it has, so that no two exposures have products of one name.
        let name = member.path.file_name();
        set("meta.filename", name.and_then(|name| name.to_str()));
        set("meta.asn.exptype", Some(&member.role));
        set("meta.asn.table_name", association.table_name.as_deref());
        set("meta.asn.pool_name", association.pool_name.as_deref());
        let catalog = member.catalog.as_deref();
        set("meta.tweakreg_catalog", catalog.and_then(Path::to_str));
        let group = member.group_id.clone().or_else(|| group_id(&meta));
        let group = group.unwrap_or_else(|| unnamed_group(index));
        meta.set("meta.group_id", group.as_str());
        Ok(Self {
            meta,
            arrays: Arrays::File(member.path.clone()),
            shape: (rows, columns),
            group,
            catalog: member.catalog.clone(),
            aside: aside.cloned(),
            data: None,
            dq: None,
            hidden: 0,
            settled: None,
        })
    }

    pub(super) fn of_image(index: usize, image: Arc<ImageModel>) -> Self {
        let meta = image.meta.clone();
        let catalog = meta.text("meta.tweakreg_catalog").map(PathBuf::from);
        Self {
            group: group_id(&meta).unwrap_or_else(|| unnamed_group(index)),
            meta,
            shape: image.data.dim(),
            arrays: Arrays::Memory(image),
            catalog,
            aside: None,
            data: None,
            dq: None,
            hidden: 0,
            settled: None,
        }
    }

    /// The name of its file; that in the metadata if it comes from memory.
    pub fn file_name(&self) -> &str {
        self.meta.text("meta.filename").unwrap_or_default()
    }

    /// The name of the group of exposures that it belongs to.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// `(rows, columns)`.
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// A catalogue of its stars that the association names.
    pub fn catalog(&self) -> Option<&Path> {
        self.catalog.as_deref()
    }

    /// Opens the file, if the arrays are in one, to read several of them.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open_arrays(&self) -> Result<OpenExposure<'_>> {
        let reader = match &self.arrays {
            Arrays::File(path) => Some(FitsReader::open(path)?),
            Arrays::Memory(_) => None,
        };
        Ok(OpenExposure {
            exposure: self,
            reader,
            stash: None,
        })
    }

    /// As [`Self::open_arrays`]; images are read into memory that was [put by](Stash::put_by_image).
    ///
    /// # Errors
    /// As [`Self::open_arrays`].
    pub fn open_arrays_in<'a>(&'a self, stash: &'a Stash) -> Result<OpenExposure<'a>> {
        Ok(OpenExposure {
            stash: Some(stash),
            ..self.open_arrays()?
        })
    }

    /// The values, `(row, column)` [BUNIT].
    ///
    /// # Errors
    /// They cannot be read.
    pub fn data(&self) -> Result<Array2<f32>> {
        if let (Some(kept), 0) = (&self.data, self.hidden) {
            return kept.read(self.shape).map(Plane::into_owned);
        }
        self.open_arrays()?.data().map(Plane::into_owned)
    }

    /// The standard deviations [BUNIT]; zeros where the file has none.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn err(&self) -> Result<Array2<f32>> {
        self.open_arrays()?.err().map(Plane::into_owned)
    }

    /// The quality of each pixel.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn dq(&self) -> Result<Array2<u32>> {
        if let Some(Quality::Whole(kept)) = &self.dq {
            return kept.read(self.shape).map(Plane::into_owned);
        }
        self.open_arrays()?.dq().map(Plane::into_owned)
    }

    /// A variance [BUNIT²]; `None` where the exposure does not have it.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn variance(&self, which: Variance) -> Result<Option<Array2<f32>>> {
        let variance = self.open_arrays()?.variance(which)?;
        Ok(variance.map(Plane::into_owned))
    }

    /// The exposure with all its arrays.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn image(&self) -> Result<ImageModel> {
        let mut image = match &self.arrays {
            Arrays::Memory(image) => ImageModel::clone(image),
            Arrays::File(path) => ImageModel::open(path)?,
        };
        image.meta = self.meta.clone();
        if let Some(kept) = &self.data {
            image.data = kept.read(self.shape)?.into_owned();
        }
        if self.dq.is_some() {
            image.dq = self.dq()?;
        }
        hide_pixels(&mut image, self.hidden);
        Ok(image)
    }

    /// Replaces the values.
    ///
    /// # Errors
    /// They have another shape, or cannot be put aside.
    pub fn set_data(&mut self, data: Array2<f32>) -> Result<()> {
        self.check("SCI", data.dim())?;
        if let Arrays::Memory(image) = &mut self.arrays {
            Arc::make_mut(image).data = data;
        } else {
            self.data = Some(Kept::new(data, self.aside.as_ref())?);
        }
        Ok(())
    }

    /// Replaces the quality.
    ///
    /// # Errors
    /// It has another shape, or cannot be put aside.
    pub fn set_dq(&mut self, dq: Array2<u32>) -> Result<()> {
        self.check("DQ", dq.dim())?;
        if let Arrays::Memory(image) = &mut self.arrays {
            Arc::make_mut(image).dq = dq;
        } else {
            self.dq = Some(match self.changes(&dq)? {
                Some(changes) => Quality::Changes(changes),
                None => Quality::Whole(Kept::new(dq, self.aside.as_ref())?),
            });
        }
        Ok(())
    }

    /// The pixels whose quality is not that of the file; `None` if they are too many to be listed.
    fn changes(&self, dq: &Array2<u32>) -> Result<Option<Vec<(usize, u32)>>> {
        let Arrays::File(path) = &self.arrays else {
            return Ok(None);
        };
        let reader = FitsReader::open(path)?;
        let original = rows_of::<u32>(&reader, "DQ", self.shape)?;
        let Some(now) = dq.as_slice() else {
            return Ok(None);
        };
        let (width, most) = (self.shape.1.max(1), dq.len() / SMALLEST_PART);
        // Beyond the limit nothing is listed any more; the count alone is looked at then.
        let count = AtomicUsize::new(0);
        let bands = now.par_chunks(COMPARED_ROWS * width).enumerate();
        let changed = bands.map_init(Room::default, |room, (band, now)| {
            let first = band * COMPARED_ROWS;
            let before = original.read(first..first + now.len() / width, room)?;
            let pixels = (first * width..).zip(before.iter().zip(now));
            let changed = pixels.filter(|(_, (before, now))| before != now);
            let found = count.fetch_add(changed.clone().count(), Ordering::Relaxed);
            let listed = changed.map(|(pixel, (_, now))| (pixel, *now));
            Ok(if found <= most {
                listed.collect()
            } else {
                Vec::new()
            })
        });
        let changed = changed.collect::<Result<Vec<Vec<_>>>>()?;
        Ok((count.into_inner() <= most).then(|| changed.concat()))
    }

    /// From now on pixels that have any of these quality bits are NaN in the data, errors and variances.
    pub fn hide(&mut self, bits: u32) {
        self.hidden |= bits;
        if let Arrays::Memory(image) = &mut self.arrays {
            hide_pixels(Arc::make_mut(image), bits);
        }
    }

    /// Quality bits of pixels that are [hidden](Self::hide).
    pub fn hidden_bits(&self) -> u32 {
        self.hidden
    }

    /// Says what became of a step, by its status key, for this exposure alone; what is recorded for all exposures does not
    /// change it any more.
    pub fn settle_status(&mut self, key: &'static str, status: &'static str) {
        self.settled = Some((key, status));
    }

    /// What was settled about a step.
    pub fn settled_status(&self, key: &str) -> Option<&'static str> {
        self.settled
            .filter(|(settled, _)| *settled == key)
            .map(|(_, status)| status)
    }

    fn check(&self, hdu: &str, found: (usize, usize)) -> Result<()> {
        if found == self.shape {
            return Ok(());
        }
        Err(DataModelError::Shape {
            path: PathBuf::from(self.file_name()),
            hdu: hdu.to_owned(),
            expected: format!("{:?}", self.shape),
            found: format!("{found:?}"),
        })
    }
}

/// The arrays of an exposure, with its file open if they are in one.
#[derive(Debug)]
pub struct OpenExposure<'a> {
    exposure: &'a Exposure,
    reader: Option<FitsReader>,
    stash: Option<&'a Stash>,
}

impl<'a> OpenExposure<'a> {
    /// The values [BUNIT].
    ///
    /// # Errors
    /// They cannot be read.
    pub fn data(&self) -> Result<Plane<'a, f32>> {
        let data = self.data_with_hidden()?;
        self.shown(data)
    }

    /// The values, hidden pixels included as far as they are known.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn data_with_hidden(&self) -> Result<Plane<'a, f32>> {
        let exposure = self.exposure;
        match (&exposure.data, &exposure.arrays) {
            (Some(kept), _) => kept.read(exposure.shape),
            (None, Arrays::Memory(image)) => Ok(image.data.view().into()),
            (None, Arrays::File(_)) => self.image("SCI"),
        }
    }

    /// The standard deviations [BUNIT]; zeros where the file has none.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn err(&self) -> Result<Plane<'a, f32>> {
        let err = self.err_with_hidden()?;
        self.shown(err)
    }

    /// The standard deviations, hidden pixels included as far as they are known.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn err_with_hidden(&self) -> Result<Plane<'a, f32>> {
        match &self.exposure.arrays {
            Arrays::Memory(image) => Ok(image.err.view().into()),
            Arrays::File(_) => self.image("ERR"),
        }
    }

    /// The quality of each pixel.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn dq(&self) -> Result<Plane<'a, u32>> {
        let exposure = self.exposure;
        let original = || match &exposure.arrays {
            Arrays::Memory(image) => Ok(Plane::from(image.dq.view())),
            Arrays::File(_) => match &self.reader {
                Some(reader) => plane(reader, "DQ", exposure.shape).map(Plane::from),
                None => Ok(Array2::zeros(exposure.shape).into()),
            },
        };
        match &exposure.dq {
            None => original(),
            Some(Quality::Whole(kept)) => kept.read(exposure.shape),
            Some(Quality::Changes(changes)) => {
                let mut dq = original()?.into_owned();
                if let Some(pixels) = dq.as_slice_mut() {
                    for &(pixel, quality) in changes {
                        pixels[pixel] = quality;
                    }
                }
                Ok(dq.into())
            }
        }
    }

    /// The values row by row, hidden pixels included as far as they are known.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn data_rows(&self) -> Result<PlaneRows<'_, f32>> {
        let shape = self.exposure.shape;
        match (&self.exposure.data, &self.exposure.arrays, &self.reader) {
            (Some(Kept::Memory(data)), ..) => Ok(PlaneRows::of(&data.view())),
            (Some(Kept::Scratch(data)), ..) => Ok(PlaneRows::stored(data, shape)),
            (None, Arrays::Memory(image), _) => Ok(PlaneRows::of(&image.data.view())),
            (None, _, Some(reader)) => rows_of(reader, "SCI", shape),
            (None, _, None) => Ok(PlaneRows::zeros(shape)),
        }
    }

    /// The standard deviations row by row, hidden pixels included as far as they are known.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn err_rows(&self) -> Result<PlaneRows<'_, f32>> {
        match (&self.exposure.arrays, &self.reader) {
            (Arrays::Memory(image), _) => Ok(PlaneRows::of(&image.err.view())),
            (_, Some(reader)) => rows_of(reader, "ERR", self.exposure.shape),
            (_, None) => Ok(PlaneRows::zeros(self.exposure.shape)),
        }
    }

    /// The quality row by row.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn dq_rows(&self) -> Result<PlaneRows<'_, u32>> {
        let shape = self.exposure.shape;
        let original = || match (&self.exposure.arrays, &self.reader) {
            (Arrays::Memory(image), _) => Ok(PlaneRows::of(&image.dq.view())),
            (_, Some(reader)) => rows_of(reader, "DQ", shape),
            (_, None) => Ok(PlaneRows::zeros(shape)),
        };
        match &self.exposure.dq {
            None => original(),
            Some(Quality::Whole(Kept::Memory(dq))) => Ok(PlaneRows::of(&dq.view())),
            Some(Quality::Whole(Kept::Scratch(dq))) => Ok(PlaneRows::stored(dq, shape)),
            Some(Quality::Changes(changes)) => Ok(original()?.with_changes(changes)),
        }
    }

    /// A variance row by row, hidden pixels included as far as they are known; `None` where the exposure does not have
    /// it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn variance_rows(&self, which: Variance) -> Result<Option<PlaneRows<'_, f32>>> {
        let image = match (&self.exposure.arrays, &self.reader) {
            (Arrays::Memory(image), _) => image,
            (_, Some(reader)) => {
                let hdu = companion(reader, which.hdu());
                let rows = hdu.map(|hdu| PlaneRows::of_file(reader, hdu, self.exposure.shape));
                return rows.transpose();
            }
            (_, None) => return Ok(None),
        };
        Ok(match which {
            Variance::Poisson => Some(PlaneRows::of(&image.var_poisson.view())),
            Variance::ReadNoise => Some(PlaneRows::of(&image.var_rnoise.view())),
            Variance::Flat => image
                .var_flat
                .as_ref()
                .map(|flat| PlaneRows::of(&flat.view())),
        })
    }

    /// A variance [BUNIT²]; `None` where the exposure does not have it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn variance(&self, which: Variance) -> Result<Option<Plane<'a, f32>>> {
        let variance = self.variance_with_hidden(which)?;
        variance.map(|variance| self.shown(variance)).transpose()
    }

    /// A variance, hidden pixels included as far as they are known.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn variance_with_hidden(&self, which: Variance) -> Result<Option<Plane<'a, f32>>> {
        let Arrays::Memory(image) = &self.exposure.arrays else {
            return self.found_image(which.hdu());
        };
        Ok(match which {
            Variance::Poisson => Some(image.var_poisson.view().into()),
            Variance::ReadNoise => Some(image.var_rnoise.view().into()),
            Variance::Flat => image.var_flat.as_ref().map(|flat| flat.view().into()),
        })
    }

    /// An image of the file; zeros where it has none.
    fn image(&self, name: &str) -> Result<Plane<'a, f32>> {
        let zeros = || Array2::zeros(self.exposure.shape).into();
        self.found_image(name)
            .map(|image| image.unwrap_or_else(zeros))
    }

    /// An image of the file.
    fn found_image(&self, name: &str) -> Result<Option<Plane<'a, f32>>> {
        let shape = self.exposure.shape;
        let Some(reader) = &self.reader else {
            return Ok(None);
        };
        let Some(stash) = self.stash else {
            let found = read_companion(reader, name, &[shape.0, shape.1])?;
            return Ok(found.map(|found: Array2<f32>| found.into()));
        };
        let Some(hdu) = companion(reader, name) else {
            return Ok(None);
        };
        check_shape(reader, hdu, shape)?;
        let mut image = stash.image(shape);
        if let Some(values) = image.as_slice_mut() {
            reader.image_into(hdu, values)?;
        }
        Ok(Some(image.into()))
    }

    /// An array without its hidden pixels.
    fn shown(&self, array: Plane<'a, f32>) -> Result<Plane<'a, f32>> {
        if self.exposure.hidden == 0 || self.reader.is_none() {
            return Ok(array);
        }
        let mut array = array.into_owned();
        hide_in(&mut array, &self.dq()?, self.exposure.hidden);
        Ok(array.into())
    }
}

impl<T: bytemuck::Pod> Kept<T> {
    fn new(array: Array2<T>, aside: Option<&Scratch>) -> Result<Self> {
        match aside {
            None => Ok(Self::Memory(array)),
            Some(scratch) => {
                let array = array.as_standard_layout();
                let values = array.as_slice().unwrap_or_default();
                scratch.store(values).map(Self::Scratch)
            }
        }
    }

    fn read(&self, shape: (usize, usize)) -> Result<Plane<'_, T>> {
        match self {
            Self::Memory(array) => Ok(array.view().into()),
            Self::Scratch(stored) => {
                let mut array = Array2::from_elem(shape, T::zeroed());
                if let Some(values) = array.as_slice_mut() {
                    stored.read_into(0, values)?;
                }
                Ok(array.into())
            }
        }
    }
}

/// Makes the pixels that have any of these quality bits NaN in all arrays.
fn hide_pixels(image: &mut ImageModel, bits: u32) {
    let arrays = [
        &mut image.data,
        &mut image.err,
        &mut image.var_poisson,
        &mut image.var_rnoise,
    ];
    let dq = Plane::from(image.dq.view());
    for array in arrays.into_iter().chain(image.var_flat.as_mut()) {
        hide_in(array, &dq, bits);
    }
}

fn hide_in(array: &mut Array2<f32>, dq: &Plane<'_, u32>, bits: u32) {
    if bits == 0 || array.dim() != dq.dim() {
        return;
    }
    let rows = array.axis_iter_mut(Axis(0)).into_par_iter();
    rows.zip(dq.axis_iter(Axis(0))).for_each(|(mut row, dq)| {
        row.zip_mut_with(&dq, |value, dq| {
            *value = if dq & bits == 0 { *value } else { f32::NAN };
        });
    });
}

/// A plane of the shape of the data; zeros where the file has none.
fn plane<T: Element>(
    reader: &FitsReader,
    name: &str,
    (rows, columns): (usize, usize),
) -> Result<Array2<T>> {
    let found = read_companion(reader, name, &[rows, columns])?;
    Ok(found.unwrap_or_else(|| Array2::from_elem((rows, columns), T::default())))
}

/// The rows of an array that has the shape of the data; zeros where the file has none.
fn rows_of<'a, T: Element>(
    reader: &'a FitsReader,
    name: &str,
    shape: (usize, usize),
) -> Result<PlaneRows<'a, T>> {
    match companion(reader, name) {
        Some(hdu) => PlaneRows::of_file(reader, hdu, shape),
        None => Ok(PlaneRows::zeros(shape)),
    }
}

/// Refuses an image that does not have the shape of the data.
fn check_shape(reader: &FitsReader, hdu: &HduInfo, (rows, columns): (usize, usize)) -> Result<()> {
    let expected = [rows, columns];
    if hdu.shape() == expected {
        return Ok(());
    }
    let expected = format!("the shape that belongs to the data, {expected:?}");
    Err(reader.shape_error(hdu, &expected))
}

/// The name of the group that an exposure belongs to: that in its metadata, else one made of the numbers of program,
/// observation, visit and exposure; `None` without them.
///
/// Source: jwst 3.0.0 `datamodels.utils.group_id`.
pub fn group_id(meta: &Metadata) -> Option<String> {
    if let Some(name) = meta.text("meta.group_id").filter(|name| !name.is_empty()) {
        return Some(name.to_owned());
    }
    let part = |name: &str| meta.text(&format!("meta.observation.{name}"));
    Some(format!(
        "jw{}{}{}_{}{}{}_{}",
        part("program_number")?,
        part("observation_number")?,
        part("visit_number")?,
        part("visit_group")?,
        part("sequence_id")?,
        part("activity_id")?,
        part("exposure_number")?
    ))
}

/// An exposure without those numbers is a group of its own.
fn unnamed_group(index: usize) -> String {
    format!("exposure{:04}", index + 1)
}
