//! Saving an exposure: its arrays go from file to file some rows at a time, and are never in memory as a whole.

use std::path::Path;

use super::{Arrays, Exposure, Kept, OpenExposure, PlaneRows, Variance};
use crate::error::Result;
use crate::io::fits::{FitsReader, Payload};
use crate::models::{ImageModel, Model, companion, field, write_model};

impl Exposure {
    /// Writes the exposure as it is now, whole or not at all.
    ///
    /// # Errors
    /// Its arrays cannot be read, or the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let open = self.open_arrays()?;
        let (Arrays::File(_), Some(reader)) = (&self.arrays, &open.reader) else {
            return Model::save(&self.image()?, path);
        };
        let dq = open.dq()?;
        let (dq, bits) = (dq.view(), self.hidden);
        let data = self.data_rows(reader)?.hiding(&dq, bits);
        let err = open.err_rows()?.hiding(&dq, bits);
        let poisson = variance(&open, Variance::Poisson)?.hiding(&dq, bits);
        let read_noise = variance(&open, Variance::ReadNoise)?.hiding(&dq, bits);
        let flat = open.variance_rows(Variance::Flat)?;
        let flat = flat.map(|flat| flat.hiding(&dq, bits));
        let area = area(reader)?;
        let mut fields = vec![
            field("data", "SCI", Payload::F32Rows(&data)),
            field("err", "ERR", Payload::F32Rows(&err)),
            field("dq", "DQ", Payload::U32(dq.into_dyn())),
        ];
        if let Some(area) = &area {
            fields.push(field("area", "AREA", Payload::F32Rows(area)));
        }
        fields.extend([
            field("var_poisson", "VAR_POISSON", Payload::F32Rows(&poisson)),
            field("var_rnoise", "VAR_RNOISE", Payload::F32Rows(&read_noise)),
        ]);
        if let Some(flat) = &flat {
            fields.push(field("var_flat", "VAR_FLAT", Payload::F32Rows(flat)));
        }
        let extra = ImageModel::extra_of(reader)?;
        write_model(path, &self.meta, fields, &extra)
    }

    /// The values, hidden pixels included.
    fn data_rows<'a>(&'a self, reader: &'a FitsReader) -> Result<PlaneRows<'a, f32>> {
        match &self.data {
            Some(Kept::Memory(data)) => Ok(PlaneRows::of(&data.view())),
            Some(Kept::Scratch(data)) => Ok(PlaneRows::stored(data, self.shape)),
            None => PlaneRows::of_file(reader, reader.require("SCI")?, self.shape),
        }
    }
}

/// A variance; zeros where the file has none, as in an image in memory.
fn variance<'a>(open: &'a OpenExposure<'_>, which: Variance) -> Result<PlaneRows<'a, f32>> {
    let found = open.variance_rows(which)?;
    Ok(found.unwrap_or_else(|| PlaneRows::zeros(open.exposure.shape)))
}

/// The areas of pixels, of whatever shape.
fn area(reader: &FitsReader) -> Result<Option<PlaneRows<'_, f32>>> {
    let Some(hdu) = companion(reader, "AREA") else {
        return Ok(None);
    };
    let &[rows, columns] = hdu.shape() else {
        return Err(reader.shape_error(hdu, "an image of 2 dimensions"));
    };
    PlaneRows::of_file(reader, hdu, (rows, columns)).map(Some)
}
