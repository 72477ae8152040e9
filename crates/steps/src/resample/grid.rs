//! Where the output lies on the sky.

use std::path::Path;

use asdf::{AsdfFile, Node};
use datamodels::library::Library;
use gwcs::Wcs;
use gwcs::convert::read_wcs;
use gwcs::mosaic::{Footprint, Layout, TangentPlane, mean_pixel_area, pixel_scale};
use stpipe::StepError;

use super::region;

const ARCSEC_PER_DEG: f64 = 3600.0;

/// How the output is to lie, as far as the user says so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridOptions {
    /// Rows and columns.
    pub shape: Option<(usize, usize)>,
    /// Reference pixel (x, y), counted from 0.
    pub crpix: Option<[f64; 2]>,
    /// Right ascension and declination at it [deg].
    pub crval_deg: Option<[f64; 2]>,
    /// Position angle of the y axis [deg].
    pub rotation_deg: Option<f64>,
    /// Side of an output pixel in units of an input pixel.
    pub scale_ratio: f64,
    /// Side of an output pixel [arcsec]; instead of the ratio.
    pub scale_arcsec: Option<f64>,
}

/// The output image on the sky.
#[derive(Debug, Clone)]
pub struct OutputGrid {
    /// World coordinate system.
    pub wcs: Wcs,
    /// Rows and columns.
    pub shape: (usize, usize),
    /// Side of a pixel [arcsec].
    pub scale_arcsec: f64,
    /// Side of a pixel in units of a pixel of the first input; `None`: to be measured with the first input.
    pub scale_ratio: Option<f64>,
}

impl OutputGrid {
    /// A tangential plane that holds all exposures, with the orientation of the first one.
    ///
    /// # Errors
    /// Keywords of the pointing are missing, there is no exposure, or no such plane.
    pub fn for_library(library: &Library, options: &GridOptions) -> Result<Self, StepError> {
        let first = library
            .exposures()
            .first()
            .ok_or_else(|| StepError::input("inputs", "one or more", 0))?;
        let wcs = first.meta.require_wcs().map_err(StepError::algorithm)?;
        let number = |key: &str| {
            let path = format!("meta.wcsinfo.{key}");
            first
                .meta
                .require_number(&path)
                .map_err(StepError::algorithm)
        };
        let (scale_deg, ratio) = if let Some(scale) = options.scale_arcsec {
            let scale = scale / ARCSEC_PER_DEG;
            let area = mean_pixel_area(&wcs, first.shape()).map_err(StepError::algorithm)?;
            let ratio = scale / area.sqrt().to_degrees();
            tracing::info!("Output pixel scale: {} arcsec.", ARCSEC_PER_DEG * scale);
            tracing::info!("Computed pixel scale ratio (pscale_out/pscale_in): {ratio}.");
            (scale, ratio)
        } else {
            let at = [number("ra_ref")?, number("dec_ref")?];
            let scale = pixel_scale(&wcs, at).map_err(StepError::algorithm)?;
            let scale = scale * options.scale_ratio;
            tracing::info!(
                "Pixel scale ratio (pscale_out/pscale_in): {}",
                options.scale_ratio
            );
            tracing::info!(
                "Computed output pixel scale: {} arcsec.",
                ARCSEC_PER_DEG * scale
            );
            (scale, options.scale_ratio)
        };
        let parity = number("vparity")? as i32;
        let y_angle = number("v3yangle")?;
        let roll = match options.rotation_deg {
            Some(rotation) => rotation + f64::from(parity) * y_angle,
            None => number("roll_ref")?,
        };
        let footprints = footprints(library)?;
        let layout = Layout {
            shape: options.shape,
            crpix: options.crpix,
            crval_deg: options.crval_deg,
        };
        let orientation = TangentPlane::orientation(roll, y_angle, parity);
        let plane = TangentPlane::new(&footprints, orientation, scale_deg, &layout)
            .map_err(StepError::algorithm)?;
        let wcs = plane
            .wcs(wcs.input_frame(), wcs.output_frame())
            .map_err(StepError::algorithm)?;
        tracing::info!("Output pixel scale: {} arcsec.", ARCSEC_PER_DEG * scale_deg);
        Ok(Self {
            wcs,
            shape: plane.shape(),
            scale_arcsec: ARCSEC_PER_DEG * scale_deg,
            scale_ratio: Some(ratio),
        })
    }

    /// A grid of the user's.
    ///
    /// # Errors
    /// The area of its pixels cannot be measured and is not given.
    pub fn custom(custom: CustomGrid) -> Result<Self, StepError> {
        let scale_arcsec = if let Some(scale) = custom.scale_arcsec {
            scale
        } else {
            let area = mean_pixel_area(&custom.wcs, custom.shape).map_err(StepError::algorithm)?;
            ARCSEC_PER_DEG * area.sqrt().to_degrees()
        };
        tracing::info!("Output pixel scale: {scale_arcsec} arcsec.");
        Ok(Self {
            wcs: custom.wcs,
            shape: custom.shape,
            scale_arcsec,
            scale_ratio: None,
        })
    }
}

/// The footprints of all exposures.
fn footprints(library: &Library) -> Result<Vec<Footprint>, StepError> {
    let mut footprints = Vec::new();
    for exposure in library.exposures() {
        let region = region(&exposure.meta).ok_or_else(|| {
            let what = format!("{}: S_REGION", exposure.file_name());
            StepError::input(what, "a polygon, as assign_wcs makes it", "nothing")
        })?;
        footprints.extend(Footprint::parse(region));
    }
    Ok(footprints)
}

/// A world coordinate system from a file of the user's.
#[derive(Debug, Clone)]
pub struct CustomGrid {
    /// World coordinate system.
    pub wcs: Wcs,
    /// Rows and columns.
    pub shape: (usize, usize),
    /// Side of a pixel [arcsec], where the file says so.
    pub scale_arcsec: Option<f64>,
}

impl CustomGrid {
    /// Reads a file with a world coordinate system under `wcs`, and optionally `pixel_scale` [arcsec], `pixel_area`
    /// [arcsec²], `array_shape` or `pixel_shape`. `shape` (rows, columns) takes precedence over what the file says.
    ///
    /// # Errors
    /// The file cannot be read, or the size of the image is not known.
    pub fn load(path: &Path, shape: Option<(usize, usize)>) -> Result<Self, StepError> {
        let wrong = |message: String| {
            StepError::input(
                "output_wcs",
                "an ASDF file with a world coordinate system under wcs",
                format!("{}: {message}", path.display()),
            )
        };
        let bytes = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
        let file = AsdfFile::from_bytes(&bytes).map_err(|e| wrong(e.to_string()))?;
        let node = file.tree.get("wcs").ok_or_else(|| wrong("no wcs".into()))?;
        let mut wcs = read_wcs(node, &file, &datamodels::wcs::registry())
            .map_err(|e| wrong(e.to_string()))?;
        let number = |key: &str| file.tree.get(key).and_then(Node::as_f64);
        let pair = |key: &str| match file.tree.get(key).and_then(Node::as_sequence) {
            Some([a, b]) => Some((a.as_i64()? as usize, b.as_i64()? as usize)),
            _ => None,
        };
        let flipped = |(a, b): (usize, usize)| (b, a);
        let own = match wcs.pixel_shape.as_deref() {
            Some([x, y]) => Some((*y, *x)),
            _ => None,
        };
        let boxed = || {
            let high = |axis: usize| {
                let interval = wcs.bounding_box()?.intervals.get(axis)?.as_ref()?;
                Some((interval.high + 0.5) as usize)
            };
            Some((high(1)?, high(0)?))
        };
        let shape = shape
            .or(own)
            .or_else(|| pair("array_shape"))
            .or_else(|| pair("pixel_shape").map(flipped))
            .or_else(boxed)
            .ok_or_else(|| {
                wrong(
                    "output_shape is required: no array_shape, pixel_shape or bounding_box".into(),
                )
            })?;
        wcs.pixel_shape = Some(vec![shape.1, shape.0]);
        Ok(Self {
            wcs,
            shape,
            scale_arcsec: number("pixel_scale").or_else(|| number("pixel_area").map(f64::sqrt)),
        })
    }
}
