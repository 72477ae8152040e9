//! Products that show how outliers were found.

use std::path::Path;

use datamodels::io::scratch::{Scratch, ScratchArray};
use datamodels::library::{Exposure, Library};
use datamodels::metadata::Metadata;
use datamodels::models::{Model, ResampledModel};
use datamodels::{CubeModel, PlainImageModel};
use ndarray::{Array2, Array3};
use stpipe::{BoxError, Product, Provenance, SkipReason, Status, StepError, Values};

/// An image to be saved, kept in a temporary file until then.
#[derive(Debug)]
pub struct Intermediate {
    suffix: &'static str,
    meta: Metadata,
    shape: (usize, usize),
    data: ScratchArray<f32>,
    weight: Option<ScratchArray<f32>>,
}

pub(super) fn side_products(
    intermediate: &mut [Intermediate],
) -> Vec<(&'static str, &mut dyn Product)> {
    let products = intermediate.iter_mut();
    products
        .map(|product| (product.suffix, product as &mut dyn Product))
        .collect()
}

impl Intermediate {
    fn read(&self, array: &ScratchArray<f32>) -> Result<Array2<f32>, BoxError> {
        let mut image = Array2::zeros(self.shape);
        array.read_into(0, image.as_slice_mut().unwrap_or_default())?;
        Ok(image)
    }
}

impl Product for Intermediate {
    fn selection(&self) -> Values {
        datamodels::product::selection(&self.meta)
    }

    fn describe(&self) -> String {
        format!("ImageModel{:?}", self.shape)
    }

    fn file_name(&self) -> Option<String> {
        self.meta.text("meta.filename").map(str::to_owned)
    }

    fn set_file_name(&mut self, name: &str) {
        self.meta.set("meta.filename", name);
    }

    fn set_status(&mut self, _key: &str, _status: Status) {}

    fn set_skip_reason(&mut self, _key: &str, _reason: &SkipReason) {}

    fn record(&mut self, _provenance: &Provenance<'_>) {}

    fn save(&mut self, path: &Path) -> Result<(), BoxError> {
        let (meta, extra) = (self.meta.clone(), Vec::new());
        let data = self.read(&self.data)?;
        let Some(weight) = &self.weight else {
            return Ok(PlainImageModel { meta, data, extra }.save(path)?);
        };
        let model = ResampledModel {
            wht: self.read(weight)?,
            meta,
            data,
            err: None,
            dq: None,
            con: None,
            var_poisson: None,
            var_rnoise: None,
            var_flat: None,
            hdrtab: None,
            extra,
        };
        Ok(model.save(path)?)
    }
}

/// Images that are made on the way, if they are wanted.
pub(super) struct Intermediates {
    wanted: bool,
    scratch: Scratch,
    association: Option<String>,
    made: Vec<Intermediate>,
}

impl Intermediates {
    pub(super) fn new(library: &Library, wanted: bool) -> Self {
        Self {
            wanted,
            scratch: library.scratch().clone(),
            association: library.association().id.clone(),
            made: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> Vec<Intermediate> {
        self.made
    }

    /// A resampled group, named after its first exposure.
    pub(super) fn push_resampled(
        &mut self,
        first: &Exposure,
        image: &ResampledModel,
    ) -> Result<(), StepError> {
        if !self.wanted {
            return Ok(());
        }
        let mut meta = image.meta.clone();
        meta.set("meta.cal_step.resample", "COMPLETE");
        // The suffix replaces one that is known, and that is the last part alone.
        meta.set("meta.filename", self.name(first.file_name(), "i2d"));
        self.push("outlier_i2d", meta, &image.data, Some(&image.wht))
    }

    /// The median of the resampled groups, with the metadata of the first one.
    pub(super) fn push_median(&mut self, median: &Array2<f32>) -> Result<(), StepError> {
        let Some(first) = self.made.first() else {
            return Ok(());
        };
        let mut meta = median_meta(&first.meta)?;
        let name = meta.text("meta.filename").unwrap_or_default();
        let name = name.replace("_i2d.", "_median.");
        meta.set("meta.filename", name);
        self.push("median", meta, median, None)
    }

    /// The median of aligned exposures, with the metadata of the first one.
    pub(super) fn push_aligned_median(
        &mut self,
        first: &Exposure,
        median: &Array2<f32>,
    ) -> Result<(), StepError> {
        if !self.wanted {
            return Ok(());
        }
        let mut meta = median_meta(&first.meta)?;
        meta.set("meta.filename", self.name(first.file_name(), "median"));
        self.push("median", meta, median, None)
    }

    /// The median as an exposure would have seen it.
    pub(super) fn push_blot(
        &mut self,
        exposure: &Exposure,
        blotted: &Array2<f32>,
    ) -> Result<(), StepError> {
        if !self.wanted {
            return Ok(());
        }
        // Parity: jwst 3.0.0 leaves out the WCS of the exposure.
        let mut meta = exposure.meta.derive_keywords(PlainImageModel::MODEL_TYPE);
        meta.set("meta.filename", self.name(exposure.file_name(), "blot"));
        self.push("blot", meta, blotted, None)
    }

    fn push(
        &mut self,
        suffix: &'static str,
        meta: Metadata,
        data: &Array2<f32>,
        weight: Option<&Array2<f32>>,
    ) -> Result<(), StepError> {
        let keep = |image: &Array2<f32>| {
            let image = image.as_standard_layout();
            let kept = self.scratch.store(image.as_slice().unwrap_or_default());
            kept.map_err(StepError::algorithm)
        };
        let intermediate = Intermediate {
            suffix,
            meta,
            shape: data.dim(),
            data: keep(data)?,
            weight: weight.map(keep).transpose()?,
        };
        self.made.push(intermediate);
        Ok(())
    }

    /// The name of an exposure's file with the association's identifier and another suffix.
    fn name(&self, file_name: &str, suffix: &str) -> String {
        let root = file_name
            .rsplit_once('_')
            .map_or(file_name, |(root, _)| root);
        match &self.association {
            Some(id) => format!("{root}_{id}_{suffix}.fits"),
            None => format!("{root}_{suffix}.fits"),
        }
    }
}

/// What a median takes over from the image that it begins with: the keywords and the WCS.
fn median_meta(first: &Metadata) -> Result<Metadata, StepError> {
    let mut meta = first.derive_keywords(PlainImageModel::MODEL_TYPE);
    if let Some(wcs) = first.wcs().map_err(StepError::algorithm)? {
        meta.set_wcs(&wcs).map_err(StepError::algorithm)?;
    }
    Ok(meta)
}

/// The median of the integrations of a cube, as an image or a cube.
#[derive(Debug)]
pub(super) enum CubeMedian {
    Image(Array2<f32>),
    Cube(Array3<f32>),
}

impl CubeMedian {
    /// A product with the metadata of the cube.
    pub(super) fn product(self, cube: &CubeModel) -> Box<dyn Product> {
        let meta = cube.meta.clone();
        let extra = Vec::new();
        match self {
            Self::Image(data) => {
                let mut meta = meta;
                meta.set_model_type(PlainImageModel::MODEL_TYPE);
                Box::new(PlainImageModel { meta, data, extra })
            }
            Self::Cube(data) => Box::new(CubeModel {
                meta,
                err: Array3::zeros(data.dim()),
                dq: Array3::zeros(data.dim()),
                var_poisson: Array3::zeros(data.dim()),
                var_rnoise: Array3::zeros(data.dim()),
                var_flat: None,
                area: None,
                int_times: None,
                int_times_stripe: None,
                data,
                extra,
            }),
        }
    }
}
