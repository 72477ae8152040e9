//! `resample`: puts exposures onto a common image without distortion.
//!
//! The work is that of [`Resampler`], which takes exposures one at a time and keeps only running sums: the step for one
//! exposure and the combination of many use it alike. Where the output lies is an [`OutputGrid`].
//!
//! # Source
//! stcal 1.20.0 `resample.Resample`, jwst 3.0.0 `resample.ResampleImage`; drizzling is in [`drizzle`].

mod accumulate;
mod grid;
mod input;
mod maps;
mod metadata;
mod pixmap;
mod spline;
#[cfg(test)]
mod tests;
mod variances;

use std::path::Path;

use datamodels::library::{AssociationInfo, Library};
use datamodels::metadata::Metadata;
use datamodels::models::ResampledModel;
use drizzle::Kernel;
use stpipe::{Outcome, Prepared, ReferenceFiles, Step, StepError, give_back};

pub use accumulate::{ErrorKind, Resampler, Settings};
pub use grid::{CustomGrid, GridOptions, OutputGrid};
pub use input::{ResampleInput, WeightKind};
pub use maps::{MapRows, Maps};
pub use pixmap::{MapOptions, PixelMapper, Planes};

stpipe::params! {
    /// Parameters of `resample`.
    pub struct ResampleParams {
        /// Side of the shrunken pixel in units of the pixel
        pub pixfrac: f64 = 1.0, min(0.0), max(1.0);
        /// Shape of the kernel that spreads a pixel
        pub kernel: String = "square", choices(&["square", "gaussian", "point", "turbo", "lanczos2", "lanczos3"]);
        /// Value of pixels that nothing fell on
        pub fillval: String = "NAN";
        /// Weights: inverse variance of the read noise, or exposure time
        pub weight_type: Option<String> = Some("ivm"), choices(&["ivm", "exptime"]);
        /// Size of the output (x, y) [pixel]
        pub output_shape: Option<Vec<i64>> = None;
        /// Reference pixel (x, y), counted from 0 [pixel]
        pub crpix: Option<Vec<f64>> = None;
        /// Right ascension and declination of the reference pixel [deg]
        pub crval: Option<Vec<f64>> = None;
        /// Position angle of the output's y axis [deg]
        pub rotation: Option<f64> = None;
        /// Side of an output pixel in units of an input pixel
        pub pixel_scale_ratio: f64 = 1.0;
        /// Side of an output pixel [arcsec]
        pub pixel_scale: Option<f64> = None;
        /// ASDF file with a world coordinate system to be used
        pub output_wcs: String = "";
        /// Give each input an output of its own
        pub single: bool = false;
        /// Blend the metadata of the inputs
        pub blendheaders: bool = true;
        /// Keep the inputs in memory
        pub in_memory: bool = true;
        /// Make the context image
        pub enable_ctx: bool = true;
        /// Make the error image
        pub enable_err: bool = true;
        /// Write the variance images
        pub report_var: bool = true;
        /// Gather the quality bits of the inputs
        pub propagate_dq: bool = false;
        /// Distance of exactly mapped pixels, those between are interpolated [pixel]
        pub pixmap_stepsize: f64 = 1.0;
        /// Order of the interpolation, 1 or 3
        pub pixmap_order: i64 = 1;
    }
}

/// Resamples an exposure onto an image without distortion.
#[derive(Debug, Clone, Copy)]
pub struct Resample;

impl Step for Resample {
    const NAME: &'static str = "resample";
    const CLASS: &'static str = "jwst.resample.resample_step.ResampleStep";
    const ABOUT: &'static str = "Puts exposures onto a common image without distortion";
    const STATUS_KEY: &'static str = "resample";
    type Params = ResampleParams;
    type References = Option<CustomGrid>;
    type Input = Library;
    type Output = Vec<ResampledModel>;

    fn prepare(
        params: &ResampleParams,
        _exposures: &Library,
        _files: &ReferenceFiles,
    ) -> Result<Prepared<Option<CustomGrid>>, StepError> {
        if params.output_wcs.is_empty() {
            return Ok(Prepared::Ready(None));
        }
        CustomGrid::load(Path::new(&params.output_wcs), params.shape()?)
            .map(|grid| Prepared::Ready(Some(grid)))
    }

    /// One image of all exposures; with `single` one of each group of exposures.
    fn run(
        params: &ResampleParams,
        custom: Option<CustomGrid>,
        mut library: Library,
    ) -> Result<Outcome<Library, Vec<ResampledModel>>, StepError> {
        let grid = match custom {
            Some(custom) => OutputGrid::custom(custom)?,
            None => OutputGrid::for_library(&library, &params.grid()?)?,
        };
        let regions: Vec<String> = library
            .exposures()
            .iter()
            .map(|exposure| region(&exposure.meta).unwrap_or_default().to_owned())
            .collect();
        tracing::info!("Resampling science and variance data");
        let groups = if params.single {
            library
                .groups()
                .into_iter()
                .map(|(_, members)| members)
                .collect()
        } else {
            vec![(0..library.len()).collect::<Vec<_>>()]
        };
        let combined = groups.iter().map(|members| {
            let settings = params.settings()?;
            let maps = Maps {
                library: &library,
                grid: &grid.wcs,
                options: settings.map,
                keep: false,
            };
            let mut resampler = Resampler::new(grid.clone(), settings);
            if params.blendheaders {
                resampler = resampler.with_blended_metadata();
            }
            for &member in members {
                let mut input = resampler.read(&library, member)?;
                let planes = maps.of(member)?;
                resampler.add_mapped(&mut input, &planes)?;
                input.put_by(library.stash());
                maps.put_by(planes);
            }
            let mut image = resampler.finish(&regions)?;
            name_association(&mut image.meta, library.association());
            let exposures = members.len() as i64;
            image.meta.note(Self::STATUS_KEY, "exposures", exposures);
            Ok(image)
        });
        let images = combined.collect::<Result<_, StepError>>()?;
        // The stash alone: the exposures may belong to others, too, who wait for them.
        give_back(library.take_stash());
        Ok(Outcome::Complete(images))
    }
}

/// Names the association that an image was made from.
fn name_association(meta: &mut Metadata, association: &AssociationInfo) {
    for (key, name) in [
        ("pool_name", &association.pool_name),
        ("table_name", &association.table_name),
    ] {
        if let Some(name) = name {
            meta.set(&format!("meta.asn.{key}"), name.as_str());
        }
    }
}

/// `S_REGION` of an exposure.
fn region(meta: &Metadata) -> Option<&str> {
    meta.text("meta.wcsinfo.s_region")
}

impl ResampleParams {
    /// A list of two values, `None` if it is not given.
    fn pair<T: Copy>(name: &str, list: Option<&Vec<T>>) -> Result<Option<[T; 2]>, StepError> {
        match list.map(Vec::as_slice) {
            None => Ok(None),
            Some([x, y]) => Ok(Some([*x, *y])),
            Some(other) => Err(StepError::input(name, "two elements", other.len())),
        }
    }

    /// Rows and columns asked for.
    fn shape(&self) -> Result<Option<(usize, usize)>, StepError> {
        match Self::pair("output_shape", self.output_shape.as_ref())? {
            None => Ok(None),
            Some([x, y]) if x >= 1 && y >= 1 => Ok(Some((y as usize, x as usize))),
            Some([x, y]) => Err(StepError::input(
                "output_shape",
                "values larger or equal to 1",
                format!("[{x}, {y}]"),
            )),
        }
    }

    /// How the output is to lie.
    ///
    /// # Errors
    /// A list does not have two elements, or the shape is not positive.
    pub fn grid(&self) -> Result<GridOptions, StepError> {
        Ok(GridOptions {
            shape: self.shape()?,
            crpix: Self::pair("crpix", self.crpix.as_ref())?,
            crval_deg: Self::pair("crval", self.crval.as_ref())?,
            rotation_deg: self.rotation,
            scale_ratio: self.pixel_scale_ratio,
            scale_arcsec: self.pixel_scale,
        })
    }

    /// How exposures are to be combined.
    ///
    /// # Errors
    /// A value is not among those that are known.
    pub fn settings(&self) -> Result<Settings, StepError> {
        let kernel = Kernel::from_name(&self.kernel)
            .ok_or_else(|| StepError::input("kernel", "the name of a kernel", &self.kernel))?;
        let weight = match self.weight_type.as_deref() {
            Some("exptime") => WeightKind::ExposureTime,
            Some(_) => WeightKind::InverseVariance,
            // Parity: jwst 3.0.0 declares None and fails on it.
            None => return Err(StepError::input("weight_type", "ivm or exptime", "None")),
        };
        let errors = match (self.single, self.enable_err) {
            (true, _) => ErrorKind::Drizzled,
            (false, true) => ErrorKind::FromVariances,
            (false, false) => ErrorKind::None,
        };
        Ok(Settings {
            kernel,
            kernel_name: self.kernel.clone(),
            pixfrac: self.pixfrac,
            fill: fill_value(&self.fillval)?,
            fill_text: self.fillval.clone(),
            weight,
            errors,
            with_context: self.enable_ctx,
            report_variances: self.report_var,
            propagate_dq: self.propagate_dq,
            map: MapOptions::new(self.pixmap_stepsize, self.pixmap_order)?,
        })
    }
}

/// The value of empty pixels; `INDEF` leaves them undefined.
fn fill_value(text: &str) -> Result<f32, StepError> {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case("indef") || text.eq_ignore_ascii_case("none") {
        return Ok(f32::NAN);
    }
    text.parse()
        .map_err(|_| StepError::input("fillval", "a number, NAN or INDEF", text))
}
