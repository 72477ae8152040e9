//! `source_catalog`: finds the sources of a resampled image and measures them.
//!
//! # Source
//! jwst 3.0.0 `source_catalog`, `tweakreg/tweakreg_catalog.py`; finding is in [`stcal::source_finding`], photometry in
//! [`stcal::source_photometry`].

mod apertures;
mod columns;
mod detection;
mod photometry;
#[cfg(test)]
mod tests;

use datamodels::library::Stash;
use datamodels::models::{ResampledModel, SegmentationMapModel, SourceCatalogModel};
use datamodels::reference::{ApertureCorrections, VegaOffsets};
use ndarray::{Array2, Zip};
use stpipe::{Outcome, Prepared, Product, Products, ReferenceFiles, Step, StepError};

use crate::metadata_error;

pub use apertures::Apertures;
pub use detection::{FinderSettings, Pixels, StarFinder, find_sources, make_background};

stpipe::choices! {
    /// What looks for sources.
    pub enum Finder {
        /// Fits of marginal sums.
        Dao = "dao",
        /// Moments of peaks.
        Iraf = "iraf",
        /// Connected pixels.
        Segmentation = "segmentation",
    }
}

stpipe::choices! {
    /// Which neighbours of a pixel are connected with it.
    pub enum Neighbours {
        /// Those that share an edge.
        Four = "4",
        /// Those that share an edge or a corner.
        Eight = "8",
    }
}

stpipe::choices! {
    /// How thresholds of deblending are spaced.
    pub enum Levels {
        /// In even factors.
        Exponential = "exponential",
        /// In even steps.
        Linear = "linear",
        /// As a hyperbolic sine.
        Sinh = "sinh",
    }
}

stpipe::params! {
    /// Parameters of `source_catalog`.
    pub struct SourceCatalogParams {
        /// Encircled energy of the smallest aperture [%]
        pub aperture_ee1: i64 = 30;
        /// Encircled energy of the middle aperture [%]
        pub aperture_ee2: i64 = 50;
        /// Encircled energy of the largest aperture [%]
        pub aperture_ee3: i64 = 70;
        /// Extended sources have a greater ratio of the middle and the smallest aperture's flux
        pub ci1_star_threshold: f64 = 2.0;
        /// Extended sources have a greater ratio of the largest and the middle aperture's flux
        pub ci2_star_threshold: f64 = 1.8;
        /// Suffix of the catalogue's name
        pub suffix: String = "cat";
        /// What looks for sources
        pub starfinder: Finder = Finder::Segmentation;
        /// Threshold above the background [sigma]
        pub snr_threshold: f64 = 3.0;
        /// Side of a box of the background's mesh [pixel]
        pub bkg_boxsize: i64 = 1000;
        /// Full width at half maximum of the kernel [pixel]
        pub kernel_fwhm: f64 = 2.0;
        /// Least distance of two stars (dao, iraf) [kernel_fwhm]
        pub minsep_fwhm: f64 = 0.0;
        /// Radius at which the kernel is cut off (dao, iraf) [sigma]
        pub sigma_radius: f64 = 1.5;
        /// Least sharpness of a star (dao, iraf)
        pub sharplo: f64 = 0.5;
        /// Greatest sharpness of a star (dao, iraf)
        pub sharphi: f64 = 2.0;
        /// Least roundness of a star (dao, iraf)
        pub roundlo: f64 = 0.0;
        /// Greatest roundness of a star (dao, iraf)
        pub roundhi: f64 = 0.2;
        /// How many stars to keep, the brightest (dao, iraf)
        pub brightest: i64 = 200;
        /// Leave out stars with brighter pixels (dao, iraf)
        pub peakmax: Option<f64> = None;
        /// Least number of connected pixels of a source
        pub npixels: i64 = 25;
        /// Which neighbours of a pixel are connected with it: 4 or 8
        pub connectivity: Neighbours = Neighbours::Eight;
        /// Number of thresholds of deblending
        pub nlevels: i64 = 32;
        /// Least share of a deblended source in the flux
        pub contrast: f64 = 0.001;
        /// How thresholds of deblending are spaced
        pub multithresh_mode: Levels = Levels::Exponential;
        /// Width of the ring in which the background of a source is measured; 0 for none [pixel]
        pub localbkg_width: i64 = 0;
        /// What becomes of neighbours in Kron apertures, which are in no product
        pub apermask_method: String = "correct", choices(&["correct", "mask", "none"]);
        /// Scale and least radii of Kron apertures, which are in no product
        pub kron_params: Option<Vec<f64>> = None, items(2..=3);
        /// Take apart sources that overlap
        pub deblend: bool = true;
    }
}

/// The references of the step.
#[derive(Debug, Clone)]
pub struct CatalogReferences {
    /// Apertures and their corrections.
    pub apertures: ApertureCorrections,
    /// Offsets between AB and Vega magnitudes.
    pub offsets: VegaOffsets,
}

/// What the step makes of an image.
#[derive(Debug, Clone)]
pub struct Cataloged {
    /// The image, as it was.
    pub image: ResampledModel,
    /// The catalogue; none without sources.
    pub catalog: Option<SourceCatalogModel>,
    /// Which pixels belong to which source, if sources are segments.
    pub segmentation: Option<SegmentationMapModel>,
}

impl Cataloged {
    /// An image without sources.
    fn without_sources(image: ResampledModel) -> Self {
        Self {
            image,
            catalog: None,
            segmentation: None,
        }
    }
}

impl Products for Cataloged {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        let catalog = self.catalog.as_mut();
        vec![catalog.map(|catalog| catalog as &mut dyn Product)]
    }

    /// The segments, which name the catalogue's file.
    fn companions(&mut self) -> Vec<(&'static str, &mut dyn Product)> {
        let (Some(catalog), Some(segmentation)) = (&self.catalog, &mut self.segmentation) else {
            return Vec::new();
        };
        if let Some(name) = &catalog.file_name {
            segmentation.meta.set("meta.source_catalog", name.as_str());
        }
        vec![("segm", segmentation)]
    }
}

/// Finds and measures sources.
#[derive(Debug, Clone, Copy)]
pub struct SourceCatalog;

impl Step for SourceCatalog {
    const NAME: &'static str = "source_catalog";
    const CLASS: &'static str = "jwst.source_catalog.source_catalog_step.SourceCatalogStep";
    const ABOUT: &'static str = "Finds and measures the sources of an image";
    const STATUS_KEY: &'static str = "source_catalog";
    const REFERENCES: &'static [&'static str] = &["apcorr", "abvegaoffset"];
    type Params = SourceCatalogParams;
    type References = Option<CatalogReferences>;
    type Input = ResampledModel;
    type Output = Cataloged;

    fn prepare(
        _params: &SourceCatalogParams,
        _image: &ResampledModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<Option<CatalogReferences>>, StepError> {
        let apertures = load(files, "apcorr", ApertureCorrections::load)?;
        let Some(apertures) = apertures else {
            return Ok(Prepared::Ready(None));
        };
        let offsets = load(files, "abvegaoffset", VegaOffsets::load)?;
        Ok(Prepared::Ready(
            offsets.map(|offsets| CatalogReferences { apertures, offsets }),
        ))
    }

    fn run(
        params: &SourceCatalogParams,
        references: Option<CatalogReferences>,
        mut image: ResampledModel,
    ) -> Result<Outcome<ResampledModel, Cataloged>, StepError> {
        let apertures = match references {
            Some(references) => apertures::select(params, &references, &image.meta)?,
            None => None,
        };
        let Some(apertures) = apertures else {
            return Ok(Outcome::Complete(Cataloged::without_sources(image)));
        };
        let factor = convert_to_jy(&mut image)?;
        let found = catalog(params, &apertures, &image);
        convert_to_mjy_sr(&mut image, factor);
        let Some((table, labels)) = found? else {
            tracing::warn!("No sources found in the image. Catalog will be empty.");
            return Ok(Outcome::Complete(Cataloged::without_sources(image)));
        };
        let segmentation = labels
            .map(|labels| {
                SegmentationMapModel::of_image(&image.meta, labels.mapv(i32::cast_unsigned))
            })
            .transpose()
            .map_err(metadata_error)?;
        let catalog = SourceCatalogModel {
            file_name: image.meta.text("meta.filename").map(str::to_owned),
            table,
        };
        Ok(Outcome::Complete(Cataloged {
            image,
            catalog: Some(catalog),
            segmentation,
        }))
    }
}

/// Loads a reference; none, with a warning, if there is none for the image.
fn load<R>(
    files: &ReferenceFiles,
    kind: &'static str,
    read: impl FnOnce(&std::path::Path) -> datamodels::error::Result<R>,
) -> Result<Option<R>, StepError> {
    let path = match files.path(kind) {
        Ok(Some(path)) => path,
        Ok(None) => {
            tracing::warn!("There is no {kind} reference. Source catalog will not be created.");
            return Ok(None);
        }
        Err(error) => {
            tracing::warn!("{error} Source catalog will not be created.");
            return Ok(None);
        }
    };
    let name = path.display().to_string();
    tracing::info!("Using {} reference file: {name}", kind.to_uppercase());
    let reference = read(path).map_err(|source| StepError::reference(kind, name, source))?;
    Ok(Some(reference))
}

/// Multiplies image and errors so that they are in Jy; gives the factor.
fn convert_to_jy(image: &mut ResampledModel) -> Result<f32, StepError> {
    for path in ["meta.bunit_data", "meta.bunit_err"] {
        let unit = image.meta.text(path).unwrap_or("none");
        if unit != "MJy/sr" {
            let what = "units of the image and its errors (BUNIT)";
            return Err(StepError::input(what, "MJy/sr", unit));
        }
    }
    let area = image.meta.number("meta.photometry.pixelarea_steradians");
    let Some(area) = area else {
        let what = "area of a pixel (PIXAR_SR)";
        return Err(StepError::input(what, "a number", "none"));
    };
    let factor = (1e6 * area) as f32;
    scale(image, |value| *value *= factor);
    Ok(factor)
}

/// Undoes [`convert_to_jy`].
fn convert_to_mjy_sr(image: &mut ResampledModel, factor: f32) {
    scale(image, |value| *value /= factor);
}

fn scale(image: &mut ResampledModel, change: impl Fn(&mut f32) + Sync) {
    photometry::for_rows(image.data.view_mut(), |_, mut rows| {
        rows.iter_mut().for_each(&change);
    });
    if let Some(err) = &mut image.err {
        photometry::for_rows(err.view_mut(), |_, mut rows| {
            rows.iter_mut().for_each(&change);
        });
    }
}

/// The catalogue and the labels of segments; none without sources.
type Found = Option<(datamodels::io::ecsv::Table, Option<Array2<i32>>)>;

fn catalog(
    params: &SourceCatalogParams,
    apertures: &Apertures,
    image: &ResampledModel,
) -> Result<Found, StepError> {
    let zeros;
    let err = if let Some(err) = &image.err {
        err.view()
    } else {
        zeros = Array2::zeros(image.data.dim());
        zeros.view()
    };
    let mask = Zip::from(err)
        .and(&image.wht)
        .map_collect(|err, weight| err.is_nan() || *weight == 0.0);
    let settings = FinderSettings::try_from(params)?;
    let pixels = detection::Pixels {
        data: image.data.view(),
        err,
        mask: mask.view(),
    };
    let Some(sources) = find_sources(&pixels, &settings, &Stash::default())? else {
        return Ok(None);
    };
    let measured = photometry::measure(&pixels, &sources, apertures, params);
    let table = columns::table(&sources, &measured, apertures, params, &image.meta)?;
    Ok(Some((table, sources.labels)))
}
