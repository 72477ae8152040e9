//! Up-the-ramp exposures: what stage 1 works on.

use ndarray::{Array2, Array3, Array4, ArrayViewD, Ix3};
use rayon::prelude::*;

use super::{
    ExtraHdu, Field, Model, companion, field, read_array, read_companion, read_extra, read_table,
    reals,
};
use crate::error::Result;
use crate::io::fits::{FitsReader, KeptImage, Payload, Table};
use crate::metadata::Metadata;
use crate::stripes::StripeLayout;

/// An exposure as a ramp of groups; also what an uncalibrated (`_uncal`) file is opened as.
#[derive(Debug, Clone)]
pub struct RampModel {
    /// Metadata.
    pub meta: Metadata,
    /// Counts, `(integration, group, row, column)` [DN].
    pub data: Array4<f32>,
    /// Quality of each pixel, `(row, column)`; of superstripes that are not collated the images of all stripes, one
    /// after the other along rows. Files have them as planes.
    pub pixeldq: Array2<u32>,
    /// Quality of each sample, shaped as the data.
    pub groupdq: Array4<u8>,
    /// First frame of each integration, `(integration, row, column)` [DN], where it was downlinked apart.
    pub zeroframe: Option<Array3<f32>>,
    /// Reference output, `(integration, group, row, column)` [DN]; no step works on it.
    pub refout: Option<KeptImage>,
    /// Times of the groups.
    pub group: Option<Table>,
    /// Times of the integrations.
    pub int_times: Option<Table>,
    /// Times of the stripes that were collated to integrations.
    pub int_times_stripe: Option<Table>,
    /// Dark current that was subtracted, averaged over the ramp, `(row, column)` [e-/s].
    pub average_dark_current: Option<Array2<f32>>,
    /// HDUs that this model does not know.
    pub extra: Vec<ExtraHdu>,
}

impl RampModel {
    /// A model of data with clear quality arrays.
    ///
    /// Where the metadata tell of superstripes that can be (see [`Self::check_dimensions`]), each has its own pixel
    /// quality.
    pub fn new(meta: Metadata, data: Array4<f32>) -> Self {
        let (integrations, groups, rows, columns) = data.dim();
        let mut meta = meta;
        let stripes = n_superstripes(&meta, integrations);
        meta.set_model_type(if stripes.is_some() {
            SUPERSTRIPES
        } else {
            Self::MODEL_TYPE
        });
        let planes = stripes.unwrap_or(1);
        Self {
            meta,
            data,
            pixeldq: Array2::zeros((planes * rows, columns)),
            groupdq: Array4::zeros((integrations, groups, rows, columns)),
            zeroframe: None,
            refout: None,
            group: None,
            int_times: None,
            int_times_stripe: None,
            average_dark_current: None,
            extra: Vec::new(),
        }
    }
}

/// Writes zeros over new zeros, by all threads.
///
/// Flags are read before they are set. A page of new memory that is read first costs a second fault when it is written,
/// and an interrupt of all other processors: a tenth of the time of a whole pipeline.
fn write_pages<T: Copy + Default + Send>(new: Option<&mut [T]>) {
    const CHUNK: usize = 1 << 18;
    let chunks = new.unwrap_or_default().par_chunks_mut(CHUNK);
    chunks.for_each(|chunk| chunk.fill(T::default()));
}

/// DATAMODL of ramps with superstripes that are not collated.
const SUPERSTRIPES: &str = "SuperstripeRampModel";
/// Path of the number of superstripes.
const STRIPES: &str = "meta.subarray.num_superstripe";

/// The number of superstripes that the header names, if so many integrations can hold them.
fn n_superstripes(meta: &Metadata, integrations: usize) -> Option<usize> {
    let count = usize::try_from(meta.integer(STRIPES)?).ok()?;
    (count > 0 && count <= integrations && integrations.is_multiple_of(count)).then_some(count)
}

impl RampModel {
    /// Number of images of pixel quality: one, or one for each superstripe.
    pub fn n_planes(&self) -> usize {
        self.pixeldq.nrows() / self.data.dim().2.max(1)
    }

    /// Checks that NGROUPS is the number of groups of the data; NINTS may count more than one segment holds. Stripes
    /// have to fit the images and the integrations.
    ///
    /// # Errors
    /// [`DataModelError::Keyword`](crate::DataModelError::Keyword) where it is another number.
    pub fn check_dimensions(&self) -> Result<()> {
        const GROUPS: &str = "meta.exposure.ngroups";
        let (integrations, _, rows, columns) = self.data.dim();
        StripeLayout::of(&self.meta, (rows, columns))?;
        if self.meta.integer(STRIPES).unwrap_or(0) > 0
            && n_superstripes(&self.meta, integrations).is_none()
        {
            let expected = format!("a divisor of {integrations}, the integrations of HDU SCI");
            return Err(self.meta.keyword_error(STRIPES, &expected));
        }
        let groups = self.data.dim().1;
        match self.meta.integer(GROUPS) {
            Some(count) if count != groups as i64 => {
                let expected = format!("{groups}, the groups of HDU SCI");
                Err(self.meta.keyword_error(GROUPS, &expected))
            }
            _ => Ok(()),
        }
    }
}

impl RampModel {
    /// The pixel quality with the dimensions that it has in files.
    fn quality_in_file(&self) -> ArrayViewD<'_, u32> {
        let (_, _, rows, columns) = self.data.dim();
        let planes = (self.n_planes(), rows, columns);
        if self.meta.model_type() == SUPERSTRIPES
            && let Ok(planes) = self.pixeldq.view().into_shape_with_order(planes)
        {
            return planes.into_dyn();
        }
        self.pixeldq.view().into_dyn()
    }
}

impl Model for RampModel {
    const MODEL_TYPE: &'static str = "RampModel";

    fn read(reader: &FitsReader) -> Result<Self> {
        const KNOWN: [&str; 9] = [
            "SCI",
            "PIXELDQ",
            "GROUPDQ",
            "ZEROFRAME",
            "REFOUT",
            "GROUP",
            "INT_TIMES",
            "INT_TIMES_STRIPE",
            "AVDRKCUR",
        ];
        let data = read_array(reader, "SCI")?;
        let mut model = Self::new(Metadata::read(reader)?, data);
        let shape = model.data.raw_dim();
        let [integrations, groups, rows, columns] = [shape[0], shape[1], shape[2], shape[3]];
        let image = [rows, columns];
        if model.n_planes() == 1 && model.meta.model_type() != SUPERSTRIPES {
            match read_companion(reader, "PIXELDQ", &image)? {
                Some(dq) => model.pixeldq = dq,
                None => write_pages(model.pixeldq.as_slice_mut()),
            }
        } else {
            let planes = [model.n_planes(), rows, columns];
            if let Some(dq) = read_companion::<u32, Ix3>(reader, "PIXELDQ", &planes)? {
                let stacked = dq.into_shape_with_order((planes[0] * rows, columns));
                model.pixeldq = stacked.expect("images along rows are planes in the same order");
            }
        }
        let samples = [integrations, groups, rows, columns];
        match read_companion(reader, "GROUPDQ", &samples)? {
            Some(dq) => model.groupdq = dq,
            None => write_pages(model.groupdq.as_slice_mut()),
        }
        model.zeroframe = read_companion(reader, "ZEROFRAME", &[integrations, rows, columns])?;
        let refout = companion(reader, "REFOUT");
        model.refout = refout.map(|hdu| reader.kept_image(hdu)).transpose()?;
        model.average_dark_current = read_companion(reader, "AVDRKCUR", &image)?;
        model.group = read_table(reader, "GROUP")?;
        model.int_times = read_table(reader, "INT_TIMES")?;
        model.int_times_stripe = read_table(reader, "INT_TIMES_STRIPE")?;
        model.extra = read_extra(reader, &KNOWN)?;
        Ok(model)
    }

    fn metadata(&self) -> &Metadata {
        &self.meta
    }

    fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.meta
    }

    fn fields(&self) -> Vec<Field<'_>> {
        let mut fields = vec![
            Field {
                node: "data",
                hdu: "SCI",
                payload: Payload::F32(self.data.view().into_dyn()),
            },
            Field {
                node: "pixeldq",
                hdu: "PIXELDQ",
                payload: Payload::U32(self.quality_in_file()),
            },
            Field {
                node: "groupdq",
                hdu: "GROUPDQ",
                payload: Payload::U8(self.groupdq.view().into_dyn()),
            },
        ];
        if let Some(frames) = &self.zeroframe {
            fields.push(field("zeroframe", "ZEROFRAME", reals(frames)));
        }
        if let Some(image) = &self.refout {
            fields.push(field("refout", "REFOUT", Payload::F32Rows(image)));
        }
        if let Some(dark) = &self.average_dark_current {
            fields.push(field("average_dark_current", "AVDRKCUR", reals(dark)));
        }
        for (node, hdu, table) in [
            ("group", "GROUP", &self.group),
            ("int_times", "INT_TIMES", &self.int_times),
            (
                "int_times_stripe",
                "INT_TIMES_STRIPE",
                &self.int_times_stripe,
            ),
        ] {
            fields.extend(table.as_ref().map(|table| Field {
                node,
                hdu,
                payload: Payload::Table(table),
            }));
        }
        fields
    }

    fn extra_hdus(&self) -> &[ExtraHdu] {
        &self.extra
    }
}
