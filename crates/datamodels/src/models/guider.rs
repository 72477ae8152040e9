//! Exposures of guide stars: raw ramps and calibrated images, with the tables that the flight software sends along.

use std::path::Path;

use ndarray::{Array2, Array3, Array4};

use super::{ExtraHdu, Field, Model, read_array, read_companion, read_extra, read_table};
use crate::error::Result;
use crate::io::fits::{FitsReader, Payload, Table};
use crate::metadata::Metadata;

/// Names of the tables: in the tree, and as EXTNAME.
const TABLES: [(&str, &str); 5] = [
    ("planned_star_table", "PLANNED REFERENCE STARS"),
    ("flight_star_table", "FLIGHT REFERENCE STARS"),
    ("pointing_table", "POINTING"),
    ("centroid_table", "FGS CENTROID PACKET"),
    ("track_sub_table", "TRACK SUBARRAY TABLE"),
];

/// The tables of a guide star exposure, as far as its mode has them.
#[derive(Debug, Clone, Default)]
pub struct GuiderTables {
    /// Tables in the order of the file: planned stars, stars in flight, pointing, centroids, subarrays of the track.
    tables: [Option<Table>; 5],
}

impl GuiderTables {
    fn read(reader: &FitsReader) -> Result<Self> {
        let mut tables = Self::default();
        for (slot, (_, hdu)) in tables.tables.iter_mut().zip(TABLES) {
            *slot = read_table(reader, hdu)?;
        }
        Ok(tables)
    }

    /// A table by its EXTNAME.
    pub fn get(&self, hdu: &str) -> Option<&Table> {
        let index = TABLES.iter().position(|(_, name)| *name == hdu)?;
        self.tables[index].as_ref()
    }

    fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let named = self.tables.iter().zip(TABLES);
        named.filter_map(|(table, (node, hdu))| {
            Some(Field {
                node,
                hdu,
                payload: Payload::Table(table.as_ref()?),
            })
        })
    }
}

/// HDUs that the models know.
fn known() -> Vec<&'static str> {
    let tables = TABLES.iter().map(|(_, hdu)| *hdu);
    ["SCI", "ERR", "DQ"].into_iter().chain(tables).collect()
}

/// The ramps of a guide star exposure.
#[derive(Debug, Clone)]
pub struct GuiderRawModel {
    /// Metadata.
    pub meta: Metadata,
    /// Counts, `(integration, group, row, column)` [DN].
    pub data: Array4<f32>,
    /// Standard deviation; zeros, as nothing is known of it.
    pub err: Array4<f32>,
    /// Quality of each pixel, `(row, column)`.
    pub dq: Array2<u32>,
    /// Tables.
    pub tables: GuiderTables,
    /// HDUs that this model does not know.
    pub extra: Vec<ExtraHdu>,
}

/// The count rates of a guide star exposure.
#[derive(Debug, Clone)]
pub struct GuiderCalModel {
    /// Metadata.
    pub meta: Metadata,
    /// Rates, `(integration, row, column)` [DN/s].
    pub data: Array3<f32>,
    /// Standard deviation [DN/s].
    pub err: Array3<f32>,
    /// Quality of each pixel, `(row, column)`.
    pub dq: Array2<u32>,
    /// Tables.
    pub tables: GuiderTables,
    /// HDUs that this model does not know.
    pub extra: Vec<ExtraHdu>,
}

macro_rules! guider_model {
    ($model:ident, $name:literal) => {
        impl Model for $model {
            const MODEL_TYPE: &'static str = $name;

            fn read(reader: &FitsReader) -> Result<Self> {
                let mut meta = Metadata::read(reader)?;
                meta.set_model_type(Self::MODEL_TYPE);
                let data: ndarray::Array<f32, _> = read_array(reader, "SCI")?;
                let shape = data.shape().to_vec();
                let err = read_companion(reader, "ERR", &shape)?;
                let image = &shape[shape.len() - 2..];
                let dq = read_companion(reader, "DQ", image)?;
                Ok(Self {
                    meta,
                    err: err.unwrap_or_else(|| ndarray::Array::zeros(data.raw_dim())),
                    data,
                    dq: dq.unwrap_or_else(|| Array2::zeros((image[0], image[1]))),
                    tables: GuiderTables::read(reader)?,
                    extra: read_extra(reader, &known())?,
                })
            }

            fn metadata(&self) -> &Metadata {
                &self.meta
            }

            fn metadata_mut(&mut self) -> &mut Metadata {
                &mut self.meta
            }

            fn fields(&self) -> Vec<Field<'_>> {
                let images = [
                    ("data", "SCI", Payload::F32(self.data.view().into_dyn())),
                    ("err", "ERR", Payload::F32(self.err.view().into_dyn())),
                    ("dq", "DQ", Payload::U32(self.dq.view().into_dyn())),
                ];
                let images =
                    images
                        .into_iter()
                        .map(|(node, hdu, payload)| Field { node, hdu, payload });
                images.chain(self.tables.fields()).collect()
            }

            fn extra_hdus(&self) -> &[ExtraHdu] {
                &self.extra
            }
        }
    };
}

guider_model!(GuiderRawModel, "GuiderRawModel");
guider_model!(GuiderCalModel, "GuiderCalModel");

/// A guide star exposure at either stage.
#[derive(Debug, Clone)]
pub enum GuiderModel {
    /// Ramps.
    Raw(GuiderRawModel),
    /// Rates.
    Cal(GuiderCalModel),
}

impl GuiderModel {
    /// Opens a file; the dimensions of its SCI image decide.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub fn open(path: &Path) -> Result<Self> {
        let reader = FitsReader::open(path)?;
        if reader.require("SCI")?.shape().len() == 3 {
            GuiderCalModel::read(&reader).map(Self::Cal)
        } else {
            GuiderRawModel::read(&reader).map(Self::Raw)
        }
    }

    /// The metadata.
    pub fn meta(&self) -> &Metadata {
        match self {
            Self::Raw(model) => &model.meta,
            Self::Cal(model) => &model.meta,
        }
    }

    /// The metadata, to be changed.
    pub fn meta_mut(&mut self) -> &mut Metadata {
        match self {
            Self::Raw(model) => &mut model.meta,
            Self::Cal(model) => &mut model.meta,
        }
    }

    /// The quality of each pixel, `(row, column)`, to be changed.
    pub fn dq_mut(&mut self) -> &mut Array2<u32> {
        match self {
            Self::Raw(model) => &mut model.dq,
            Self::Cal(model) => &mut model.dq,
        }
    }

    /// Rows and columns of its images.
    pub fn image_size(&self) -> (usize, usize) {
        match self {
            Self::Raw(model) => model.dq.dim(),
            Self::Cal(model) => model.dq.dim(),
        }
    }
}
