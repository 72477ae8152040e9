//! `tweakreg`: aligns exposures with each other and with a catalogue.
//!
//! Sources are found in each exposure, or read from a catalogue of the user; exposures taken at the same time move
//! together. What [`stcal::tweakreg`] finds corrects the world coordinate systems by a linear transform in the plane
//! that touches the sky at the telescope's reference point.
//!
//! # Source
//! jwst 3.0.0 `tweakreg.TweakRegStep`.

mod catalogs;
mod correction;
mod detection;
mod events;
mod gaia;
mod plane;
mod reference;
mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use datamodels::io::ecsv::{Column, Meta, Table, Values};
use datamodels::library::{Attachment, Exposure, Library, TableFormat};
use rayon::prelude::*;
use stcal::tweakreg::{
    Alignment, Clipping, Geometry, Image, Matching, Outcome as Fared, Sources, Statistic,
    TangentPlane, TweakregError, align_absolute, align_relative,
};
use stpipe::{Outcome, Prepared, ReferenceFiles, Step, StepError};

use crate::assign_wcs::keywords::{self, Approximation};
use crate::metadata_error;
use crate::source_catalog::{Finder, Levels, Neighbours};
use detection::Found;
use plane::SkyPlane;

pub use catalogs::UserCatalog;
pub use gaia::{AstrometricService, ConeSearch, SERVICE_CATALOGS, ServiceError, WebService};
pub use reference::Absolute;

stpipe::params! {
    /// Parameters of `tweakreg`.
    pub struct TweakRegParams {
        /// Write the catalogues of sources
        pub save_catalogs: bool = false;
        /// Take sources from catalogues of your own
        pub use_custom_catalogs: bool = false;
        /// Form of the catalogues that are written, ecsv or fits
        pub catalog_format: String = "ecsv";
        /// List of exposures and their catalogues
        pub catfile: String = "";
        /// How sources are found
        pub starfinder: Finder = Finder::Iraf;
        /// Least signal of a source [noise of the background]
        pub snr_threshold: f64 = 10.0;
        /// Full width at half maximum of a star [pixel]
        pub kernel_fwhm: f64 = 2.5;
        /// Side of the boxes in which the background is measured [pixel]
        pub bkg_boxsize: i64 = 400;
        /// Least distance of two sources [kernel_fwhm]
        pub minsep_fwhm: f64 = 0.0;
        /// Radius at which the kernel is cut [standard deviations]
        pub sigma_radius: f64 = 1.5;
        /// Least sharpness of a source
        pub sharplo: f64 = 0.5;
        /// Greatest sharpness of a source
        pub sharphi: f64 = 2.0;
        /// Least roundness of a source
        pub roundlo: f64 = 0.0;
        /// Greatest roundness of a source
        pub roundhi: f64 = 0.2;
        /// How many sources are kept, the brightest
        pub brightest: i64 = 200;
        /// Sources with a pixel as bright as this are left out
        pub peakmax: Option<f64> = None;
        /// Fewest connected pixels of a source (segmentation)
        pub npixels: i64 = 10;
        /// Neighbours of a pixel that are connected to it, 4 or 8 (segmentation)
        pub connectivity: Neighbours = Neighbours::Eight;
        /// Levels at which sources are parted (segmentation)
        pub nlevels: i64 = 32;
        /// Least part of the flux that a parted source has (segmentation)
        pub contrast: f64 = 0.001;
        /// How the levels are spaced (segmentation)
        pub multithresh_mode: Levels = Levels::Exponential;
        /// Width of the ring around a source that gives its background, 0 for none [pixel] (segmentation)
        pub localbkg_width: i64 = 0;
        /// What becomes of pixels of neighbours in apertures (segmentation)
        pub apermask_method: String = "correct", choices(&["correct", "mask", "none"]);
        /// Scale, least radius and least circular radius of Kron apertures (segmentation)
        pub kron_params: Option<Vec<f64>> = None, items(2..=3);
        /// Part sources that overlap (segmentation)
        pub deblend: bool = true;
        /// Align exposures in the order in which they come
        pub enforce_user_order: bool = false;
        /// Add sources of aligned exposures to the reference
        pub expand_refcat: bool = false;
        /// Fewest matches for a fit
        pub minobj: i64 = 15;
        /// What a fit adjusts: shift; and rotation; and scale; or all
        pub fitgeometry: String = "rshift", choices(&["shift", "rshift", "rscale", "general"]);
        /// Fits with distant matches left out, at most
        pub nclip: i64 = 3, min(0.0);
        /// Distance at which matches are left out [root mean square]
        pub sigma: f64 = 3.0, min(0.0);
        /// Largest offset of an exposure [arcsec]
        pub searchrad: f64 = 2.0;
        /// Find the offset of an exposure from all differences between sources
        pub use2dhist: bool = true;
        /// Least distance of two sources that are matched [arcsec]
        pub separation: f64 = 1.0;
        /// Largest distance of a match once the offset is taken off [arcsec]
        pub tolerance: f64 = 0.7;
        /// Offset along x, if it is not searched for [arcsec]
        pub xoffset: f64 = 0.0;
        /// Offset along y, if it is not searched for [arcsec]
        pub yoffset: f64 = 0.0;
        /// Catalogue of places on the sky: a file, or GAIAREFCAT, GAIADR3, GAIADR2 or GAIADR1
        pub abs_refcat: String = "";
        /// Write the catalogue that came from a service
        pub save_abs_catalog: bool = false;
        /// The same as minobj, with the catalogue
        pub abs_minobj: i64 = 15;
        /// The same as fitgeometry, with the catalogue
        pub abs_fitgeometry: String = "rshift", choices(&["shift", "rshift", "rscale", "general"]);
        /// The same as nclip, with the catalogue
        pub abs_nclip: i64 = 3, min(0.0);
        /// The same as sigma, with the catalogue
        pub abs_sigma: f64 = 3.0, min(0.0);
        /// The same as searchrad, with the catalogue [arcsec]
        pub abs_searchrad: f64 = 6.0;
        /// The same as use2dhist, with the catalogue; without it the offset is zero
        pub abs_use2dhist: bool = true;
        /// The same as separation, with the catalogue [arcsec]
        pub abs_separation: f64 = 1.0;
        /// The same as tolerance, with the catalogue [arcsec]
        pub abs_tolerance: f64 = 0.7;
        /// Approximate the world coordinate system by FITS keywords
        pub sip_approx: bool = true;
        /// Largest error at which no higher degree of the distortion is tried [pixel]
        pub sip_max_pix_error: f64 = 0.01;
        /// Degree of the distortion; by default the lowest that is accurate enough
        pub sip_degree: Option<i64> = None, max(6);
        /// The same as sip_max_pix_error, of the inverse distortion [pixel]
        pub sip_max_inv_pix_error: f64 = 0.01;
        /// Degree of the inverse distortion; by default the lowest that is accurate enough
        pub sip_inv_degree: Option<i64> = None, max(6);
        /// Points along each side of the grid on which the distortion is fitted
        pub sip_npoints: i64 = 12;
        /// Name the output after the file name in the metadata
        pub output_use_model: bool = true;
        /// Keep arrays that change in memory
        pub in_memory: bool = true;
    }
}

/// Aligns exposures with each other and with a catalogue.
#[derive(Debug, Clone, Copy)]
pub struct TweakReg;

/// What the user gave besides the exposures.
#[derive(Debug, Clone, Default)]
pub struct TweakRegReferences {
    /// Catalogues of sources, one for each exposure that has one.
    pub catalogs: Vec<Option<UserCatalog>>,
    /// What exposures are aligned with in the end.
    pub absolute: Option<Absolute>,
}

impl Step for TweakReg {
    const NAME: &'static str = "tweakreg";
    const CLASS: &'static str = "jwst.tweakreg.tweakreg_step.TweakRegStep";
    const ABOUT: &'static str = "Aligns exposures with each other and with a catalogue";
    const STATUS_KEY: &'static str = "tweakreg";
    type Params = TweakRegParams;
    type References = TweakRegReferences;
    type Input = Library;
    type Output = Library;

    fn prepare(
        params: &TweakRegParams,
        library: &Library,
        _files: &ReferenceFiles,
    ) -> Result<Prepared<TweakRegReferences>, StepError> {
        if library.is_empty() {
            return Err(StepError::input(
                "the input",
                "at least one image model",
                "none",
            ));
        }
        let absolute = Absolute::open(&params.abs_refcat, || Arc::new(WebService::from_env()))?;
        let catalogs = catalogs::user_catalogs(params, library)?;
        Ok(Prepared::Ready(TweakRegReferences { catalogs, absolute }))
    }

    fn run(
        params: &TweakRegParams,
        references: TweakRegReferences,
        mut library: Library,
    ) -> Result<Outcome<Library, Library>, StepError> {
        let TweakRegReferences { catalogs, absolute } = references;
        // Parity: the status of what cannot be aligned is FAILED.
        if absolute.is_none() && !params.save_catalogs && library.groups().len() == 1 {
            tracing::warn!("At least two exposures are required for image alignment.");
            return Ok(Outcome::Failed {
                input: library,
                reason: TOO_FEW.to_owned(),
            });
        }
        let mut images = images(params, catalogs, &mut library)?;
        let groups = library.groups().len();
        tracing::info!("");
        tracing::info!("Number of image groups to be aligned: {groups}.");
        let mut failure = None;
        if groups > 1 {
            let alignment = params.relative(absolute.is_some())?;
            let aligned = align_relative(&mut images, &alignment, &mut events::tell);
            failure = expected(aligned)?;
        } else if absolute.is_none() {
            failure = Some(TOO_FEW.to_owned());
        }
        if let Some(absolute) = &absolute {
            tracing::info!(
                "Aligning to absolute reference catalog: {}",
                params.abs_refcat
            );
            failure = to_catalog(params, absolute, &mut library, &mut images)?;
        }
        if let Some(reason) = failure {
            return Ok(Outcome::Failed {
                input: library,
                reason,
            });
        }
        apply(params, absolute.is_some(), &mut library, &images)?;
        Ok(Outcome::Complete(library))
    }
}

/// Why a single group is left where it is.
const TOO_FEW: &str = "at least two groups of exposures are required for image alignment";

/// The reason why images of this kind cannot be aligned; other errors end the step.
fn expected(aligned: Result<(), TweakregError>) -> Result<Option<String>, StepError> {
    match aligned {
        Ok(()) => Ok(None),
        Err(error) if error.is_expected() => {
            tracing::warn!("{error}");
            Ok(Some(error.to_string()))
        }
        Err(error) => Err(StepError::algorithm(error)),
    }
}

/// The sources of an exposure.
struct Detected {
    catalog: Option<UserCatalog>,
    found: Vec<Found>,
}

/// The exposures with their sources.
fn images(
    params: &TweakRegParams,
    catalogs: Vec<Option<UserCatalog>>,
    library: &mut Library,
) -> Result<Vec<Image<SkyPlane>>, StepError> {
    let format = match params.catalog_format.as_str() {
        "ecsv" => TableFormat::Ecsv,
        "fits" => TableFormat::Fits,
        other => {
            return Err(StepError::input(
                "'catalog_format'",
                "\"ecsv\" or \"fits\"",
                other,
            ));
        }
    };
    let (finder, needs_errors) = params.finder()?;
    let look = |(exposure, catalog): (&Exposure, Option<UserCatalog>)| {
        let plane = SkyPlane::of(&exposure.meta)?;
        let found = match &catalog {
            Some(_) => Vec::new(),
            None => detection::sources(&finder, needs_errors, exposure, library.stash())?,
        };
        Ok((plane, Detected { catalog, found }))
    };
    let mut detected: Vec<(SkyPlane, Detected)> = Vec::new();
    let mut catalogs = catalogs.into_iter();
    for exposures in library.exposures().chunks(library.at_once()) {
        let catalogs: Vec<_> = catalogs.by_ref().take(exposures.len()).collect();
        let together = exposures.par_iter().zip(catalogs).map(look);
        detected.extend(together.collect::<Result<Vec<_>, StepError>>()?);
    }
    let mut images = Vec::new();
    for (index, (plane, detected)) in detected.into_iter().enumerate() {
        let exposure = &mut library.exposures_mut()[index];
        let file_name = exposure.file_name().to_string();
        let bounds = plane.bounding_box();
        let inside = |p: &[f64; 2]| (0..2).all(|k| bounds[k].0 < p[k] && p[k] < bounds[k].1);
        let Detected { catalog, mut found } = detected;
        let finder = (!found.is_empty()).then_some(params.starfinder);
        found.retain(|source| inside(&source.pixel));
        let sources = if let Some(UserCatalog { path, sources }) = catalog {
            let path = path.display().to_string();
            tracing::info!("Using user-provided input catalog '{path}'");
            exposure.meta.set("meta.tweakreg_catalog", path);
            within(sources, inside)
        } else {
            Sources {
                name: catalogs::catalog_name(&file_name),
                pixels: found.iter().map(|source| source.pixel).collect(),
                weights: None,
            }
        };
        match sources.pixels.len() {
            0 => tracing::warn!("No sources found in {file_name}."),
            count => tracing::info!("Detected {count} sources in {file_name}."),
        }
        let group = exposure.group().to_string();
        if params.save_catalogs && found.len() == sources.pixels.len() {
            let extension = &params.catalog_format;
            let name = file_name.replace(".fits", &format!("_cat.{extension}"));
            tracing::info!("Wrote source catalog: {name}");
            exposure.meta.set("meta.tweakreg_catalog", name.as_str());
            let table = table(&sources.name, finder, &found);
            library.attach(Attachment {
                name,
                format,
                table,
            });
        }
        images.push(Image {
            plane,
            sources,
            group,
            outcome: None,
        });
    }
    Ok(images)
}

/// Sources at pixels of a kind.
fn within(sources: Sources, wanted: impl Fn(&[f64; 2]) -> bool) -> Sources {
    let kept: Vec<bool> = sources.pixels.iter().map(wanted).collect();
    let mut flags = kept.iter();
    let mut pixels = sources.pixels;
    pixels.retain(|_| flags.next().is_some_and(|kept| *kept));
    let weights = sources.weights.map(|weights| {
        let kept = weights.into_iter().zip(&kept).filter(|(_, kept)| **kept);
        kept.map(|(weight, _)| weight).collect()
    });
    Sources {
        pixels,
        weights,
        name: sources.name,
    }
}

/// Sources as a table to be saved; no finder if it found none.
fn table(name: &str, finder: Option<Finder>, found: &[Found]) -> Table {
    let numbers = |value: fn(&Found) -> f64| Values::F64(found.iter().map(value).collect());
    // Parity: photutils 3.0.0 sums fluxes of `dao` in the precision of the image, and labels of segments have 32 bits.
    let flux = match finder {
        Some(Finder::Dao) => Values::F32(found.iter().map(|source| source.flux as f32).collect()),
        _ => numbers(|source| source.flux),
    };
    let ids = found.iter().map(|source| source.id);
    let ids = match finder {
        Some(Finder::Segmentation) => Values::I32(ids.map(|id| id as i32).collect()),
        _ => Values::I64(ids.collect()),
    };
    Table {
        meta: vec![("name".to_string(), Meta::Text(name.to_string()))],
        columns: vec![
            Column::new("id", ids),
            Column::new("x", numbers(|source| source.pixel[0])),
            Column::new("y", numbers(|source| source.pixel[1])),
            Column::new("flux", flux),
        ],
    }
}

/// Aligns all exposures with the catalogue; the reason why they cannot be.
fn to_catalog(
    params: &TweakRegParams,
    absolute: &Absolute,
    library: &mut Library,
    images: &mut [Image<SkyPlane>],
) -> Result<Option<String>, StepError> {
    let alignment = params.absolute()?;
    if alignment.matching.may_confuse() {
        return expected(Err(TweakregError::Separation { prefix: "abs_" }));
    }
    let corrected: Vec<_> = images.iter().map(|image| image.plane.wcs()).collect();
    let (sources, table) = absolute.sources(&library.exposures()[0].meta, &corrected)?;
    if let Some(table) = table.filter(|table| params.save_abs_catalog && !table.is_empty()) {
        library.attach(reference::attachment(&params.abs_refcat, table));
    }
    expected(align_absolute(
        images,
        &sources,
        &alignment,
        &mut events::tell,
    ))
}

/// Stores the world coordinate systems that were corrected.
fn apply(
    params: &TweakRegParams,
    is_absolute: bool,
    library: &mut Library,
    images: &[Image<SkyPlane>],
) -> Result<(), StepError> {
    let approximation = Approximation {
        degree: params.sip_degree,
        max_error_pixels: params.sip_max_pix_error,
        inverse_degree: params.sip_inv_degree,
        max_inverse_error_pixels: params.sip_max_inv_pix_error,
        points: params.sip_npoints,
    };
    let exposures = library.exposures_mut().par_iter_mut().zip(images);
    exposures.try_for_each(|(exposure, image)| {
        if !matches!(image.outcome, Some(Fared::Success(_))) {
            return Ok(());
        }
        let mut wcs = image.plane.wcs().clone();
        if is_absolute {
            wcs.name = format!("FIT-LVL3-{}", params.abs_refcat);
        }
        exposure.meta.set_wcs(&wcs).map_err(metadata_error)?;
        exposure.meta.note(TweakReg::STATUS_KEY, "aligned", 1_i64);
        keywords::set_footprint(&mut exposure.meta, &wcs)?;
        if params.sip_approx {
            keywords::set_approximation(&mut exposure.meta, &wcs, &approximation);
        }
        Ok(())
    })
}

impl TweakRegParams {
    /// How exposures are aligned with each other.
    fn relative(&self, with_catalog: bool) -> Result<Alignment, StepError> {
        let offset = [self.xoffset, self.yoffset];
        let matching = Matching {
            search_radius: self.searchrad,
            separation: self.separation,
            tolerance: self.tolerance,
            offset: (!self.use2dhist).then_some(offset),
        };
        let fits = (
            self.fitgeometry.as_str(),
            self.nclip,
            self.sigma,
            self.minobj,
        );
        Ok(Alignment {
            keep_order: self.enforce_user_order,
            // Without it sources of several exposures would come twice when all are aligned with the catalogue.
            expand: self.expand_refcat || with_catalog,
            ..alignment(matching, fits)?
        })
    }

    /// How exposures are aligned with a catalogue.
    fn absolute(&self) -> Result<Alignment, StepError> {
        let matching = Matching {
            search_radius: self.abs_searchrad,
            separation: self.abs_separation,
            tolerance: self.abs_tolerance,
            offset: (!self.abs_use2dhist).then_some([0.0; 2]),
        };
        let fits = (
            self.abs_fitgeometry.as_str(),
            self.abs_nclip,
            self.abs_sigma,
            self.abs_minobj,
        );
        alignment(matching, fits)
    }
}

/// An alignment by matches and by geometry, iterations, limit and fewest matches of fits.
fn alignment(
    matching: Matching,
    (geometry, iterations, sigma, fewest): (&str, i64, f64, i64),
) -> Result<Alignment, StepError> {
    let iterations = usize::try_from(iterations).unwrap_or(0);
    if iterations > 0 && sigma <= 0.0 {
        return Err(StepError::input("sigma", "a positive number", sigma));
    }
    Ok(Alignment {
        matching,
        geometry: Geometry::from_name(geometry)
            .ok_or_else(|| StepError::input("fitgeometry", "the name of a geometry", geometry))?,
        clipping: Clipping {
            iterations,
            sigma,
            statistic: Statistic::Rmse,
            accumulate: false,
        },
        minimum_matches: usize::try_from(fewest).unwrap_or(0),
        keep_order: false,
        expand: false,
    })
}
