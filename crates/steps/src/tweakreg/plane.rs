//! The world coordinate system of an exposure, as alignment needs it.

use std::sync::Arc;

use datamodels::metadata::Metadata;
use gwcs::frame::Frame;
use gwcs::model::Affine2d;
use gwcs::{Transform, Wcs, WcsError};
use stcal::tweakreg::{BoxError, TangentPlane};
use stpipe::StepError;

use super::correction::{self, ReferencePoint};
use crate::metadata_error;

/// The frame that a correction leads to.
const CORRECTED: &str = "v2v3corr";

/// The world coordinate system of an exposure with the plane \[arcsec\] that touches the sky at its reference point.
#[derive(Debug, Clone)]
pub(super) struct SkyPlane {
    wcs: Wcs,
    original: Arc<Wcs>,
    point: ReferencePoint,
    affine: Affine2d,
    bounds: [(f64, f64); 2],
    paths: Arc<Paths>,
}

/// The ways between pixels, the plane and the sky.
#[derive(Debug)]
struct Paths {
    sky_from_pixel: Transform,
    plane_from_pixel: Transform,
    pixel_from_plane: Option<Transform>,
    plane_from_sky: Transform,
    sky_from_plane: Transform,
}

impl SkyPlane {
    /// That of an exposure.
    ///
    /// # Errors
    /// It has no world coordinate system of an image, a keyword of the reference point is missing, or the pointing was
    /// corrected about another point.
    pub(super) fn of(meta: &Metadata) -> Result<Self, StepError> {
        let number = |name: &str| {
            let path = format!("meta.wcsinfo.{name}");
            meta.require_number(&path).map_err(metadata_error)
        };
        let point = ReferencePoint {
            v2_deg: number("v2_ref")? / 3600.0,
            v3_deg: number("v3_ref")? / 3600.0,
            roll_deg: number("roll_ref")?,
        };
        let wcs = meta.require_wcs().map_err(metadata_error)?;
        Self::new(wcs, point)
    }

    fn new(wcs: Wcs, point: ReferencePoint) -> Result<Self, StepError> {
        let expected = "the world coordinate system of an image with the frame v2v3";
        let unusable = |found: String| StepError::input("meta.wcs", expected, found);
        let intervals = wcs.bounding_box().map(|bounds| bounds.intervals.as_slice());
        let Some([Some(x), Some(y)]) = intervals else {
            return Err(unusable("no bounding box".to_string()));
        };
        let bounds = [(x.low, x.high), (y.low, y.high)];
        let mut affine = Affine2d {
            matrix: [[1.0, 0.0], [0.0, 1.0]],
            translation: [0.0; 2],
        };
        let corrected = wcs.frames().position(|name| name == CORRECTED);
        if let Some(index) = corrected {
            let before = index
                .checked_sub(1)
                .and_then(|index| wcs.steps()[index].transform.as_ref());
            let (about, known) = before.and_then(correction::read).ok_or_else(|| {
                unusable("Unsupported tangent-plane correction type.".to_string())
            })?;
            if !about.is_close(&point) {
                let found = "WCS/TPCorr parameters 'v2ref', 'v3ref', and/or 'roll' differ from the corresponding reference values.";
                return Err(unusable(found.to_string()));
            }
            affine = known;
        }
        let paths = Paths::new(&wcs, point, affine).map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            original: Arc::new(wcs.clone()),
            paths: Arc::new(paths),
            wcs,
            point,
            affine,
            bounds,
        })
    }

    /// The world coordinate system as it is now.
    pub(super) fn wcs(&self) -> &Wcs {
        &self.wcs
    }
}

impl ReferencePoint {
    /// Whether both are the same point but for rounding.
    ///
    /// Parity: tweakwcs 0.9.3 compares with `numpy.isclose` \[arcsec\].
    fn is_close(&self, other: &Self) -> bool {
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-8 + 10.0 * f64::EPSILON * b.abs();
        close(3600.0 * other.v2_deg, 3600.0 * self.v2_deg)
            && close(3600.0 * other.v3_deg, 3600.0 * self.v3_deg)
            && close(other.roll_deg, self.roll_deg)
    }
}

/// The telescope's frame in which corrections are made.
fn telescope_frame(wcs: &Wcs) -> Option<&str> {
    [CORRECTED, "v2v3vacorr", "v2v3"]
        .into_iter()
        .find(|name| wcs.frames().any(|frame| frame == *name))
}

impl Paths {
    fn new(wcs: &Wcs, point: ReferencePoint, affine: Affine2d) -> Result<Self, WcsError> {
        // Without one, the error names the frames that there are.
        let frame = telescope_frame(wcs).unwrap_or("v2v3");
        let (first, last) = (wcs.input_frame().name(), wcs.output_frame().name());
        let (to_plane, back) = correction::to_plane_and_back(point, affine)?;
        let telescope_from_pixel = wcs.transform(first, frame)?.with_bounding_box(None)?;
        let pixel_from_telescope = wcs.transform(frame, first);
        let telescope_from_sky = wcs.transform(last, frame)?;
        let sky_from_telescope = wcs.transform(frame, last)?.with_bounding_box(None)?;
        let pixel_from_plane = pixel_from_telescope
            .ok()
            .map(|next| back.clone().then(next));
        Ok(Self {
            sky_from_pixel: wcs.forward()?,
            plane_from_pixel: telescope_from_pixel.then(to_plane.clone())?,
            pixel_from_plane: pixel_from_plane.transpose()?,
            plane_from_sky: telescope_from_sky.then(to_plane)?,
            sky_from_plane: back.then(sky_from_telescope)?,
        })
    }
}

/// Transforms points.
fn points(transform: &Transform, points: &[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError> {
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().map(|[x, y]| (*x, *y)).unzip();
    let outputs = transform.evaluate(&[&x, &y])?;
    match outputs.as_slice() {
        [x, y] => Ok(x.iter().zip(y).map(|(x, y)| [*x, *y]).collect()),
        other => Err(format!("a transform to {} coordinates in place of 2", other.len()).into()),
    }
}

impl TangentPlane for SkyPlane {
    fn sky_from_pixel(&self, pixels: &[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError> {
        points(&self.paths.sky_from_pixel, pixels)
    }

    fn plane_from_pixel(&self, pixels: &[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError> {
        points(&self.paths.plane_from_pixel, pixels)
    }

    fn pixel_from_plane(&self, places: &[[f64; 2]]) -> Option<Vec<[f64; 2]>> {
        points(self.paths.pixel_from_plane.as_ref()?, places).ok()
    }

    fn plane_from_sky(&self, sky: &[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError> {
        points(&self.paths.plane_from_sky, sky)
    }

    fn sky_from_plane(&self, places: &[[f64; 2]]) -> Result<Vec<[f64; 2]>, BoxError> {
        points(&self.paths.sky_from_plane, places)
    }

    fn bounding_box(&self) -> [(f64, f64); 2] {
        self.bounds
    }

    fn corners(&self) -> Result<[Vec<[f64; 2]>; 2], BoxError> {
        let corners = |wcs: &Wcs| -> Result<Vec<[f64; 2]>, BoxError> {
            let corners = wcs.footprint(false)?.corners;
            Ok(corners
                .iter()
                .map(|corner| [corner[0], corner[1]])
                .collect())
        };
        Ok([corners(&self.original)?, corners(&self.wcs)?])
    }

    fn correct(&mut self, matrix: [[f64; 2]; 2], shift: [f64; 2]) -> Result<(), BoxError> {
        let affine = correction::followed_by(self.affine, matrix, shift);
        let correction = correction::correction(self.point, affine)?;
        let frames: Vec<&str> = self.wcs.frames().collect();
        let mut wcs = self.wcs.clone();
        if let Some(index) = frames.iter().position(|name| *name == CORRECTED) {
            wcs.set_transform(frames[index - 1], correction)?;
        } else {
            let from = telescope_frame(&self.wcs).unwrap_or("v2v3");
            let step = self
                .wcs
                .steps()
                .iter()
                .find(|step| step.frame.name() == from);
            let frame =
                step.map_or_else(|| Frame::Named(from.to_string()), |step| step.frame.clone());
            wcs.insert_frame(from, correction, renamed(frame))?;
        }
        // Parity: tweakwcs makes a new chain of the frames, which knows no size.
        wcs.pixel_shape = None;
        self.paths = Arc::new(Paths::new(&wcs, self.point, affine)?);
        self.affine = affine;
        self.wcs = wcs;
        Ok(())
    }
}

fn renamed(frame: Frame) -> Frame {
    let new = CORRECTED.to_string();
    match frame {
        Frame::Single(mut frame) => {
            frame.name = new;
            Frame::Single(frame)
        }
        Frame::Composite { frames, .. } => Frame::Composite { name: new, frames },
        Frame::Named(_) => Frame::Named(new),
    }
}
