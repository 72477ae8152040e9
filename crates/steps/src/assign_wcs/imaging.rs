//! The chain of an image, from the pixels to the sky.

use datamodels::metadata::Metadata;
use datamodels::reference::FilterOffsetReference;
use gwcs::frame::{CoordinateFrame, Frame};
use gwcs::model::Shift;
use gwcs::{BoundingBox, Transform, Wcs, WcsError};
use stpipe::StepError;

use super::{AssignWcsReferences, pointing};
use crate::metadata_error;

/// The world coordinate system of an image of `(rows, columns)`.
///
/// # Errors
/// A keyword of the pointing is missing, or the transforms do not fit together.
pub(super) fn wcs(
    meta: &Metadata,
    shape: (usize, usize),
    references: AssignWcsReferences,
) -> Result<Wcs, StepError> {
    let distortion = distortion(meta, shape, references)?;
    let aberration = pointing::velocity_aberration(meta)?;
    let sky = pointing::telescope_to_sky(meta)?;
    let step = |frame, transform| gwcs::Step {
        frame: Frame::Single(frame),
        transform,
    };
    let steps = vec![
        step(CoordinateFrame::pixels("detector"), Some(distortion)),
        step(telescope("v2v3"), Some(aberration)),
        step(telescope("v2v3vacorr"), Some(sky)),
        step(CoordinateFrame::icrs("world"), None),
    ];
    Wcs::new("", steps).map_err(StepError::algorithm)
}

/// The telescope's frame, which the instruments share.
fn telescope(name: &str) -> CoordinateFrame {
    let list = |texts: [&str; 2]| texts.map(str::to_string).to_vec();
    CoordinateFrame {
        axes_names: list(["v2", "v3"]),
        units: list(["arcsec", "arcsec"]),
        physical_types: list(["custom:v2", "custom:v3"]),
        ..CoordinateFrame::pixels(name)
    }
}

/// How far the exposure's filter moves the image [pixel].
///
/// # Errors
/// Several rows are for the exposure.
///
/// Parity: jwst 3.0.0 matches FILTER and PUPIL for NIRCam and NIRISS, and takes the first row of the FILTER for MIRI.
pub(super) fn filter_offset(
    meta: &Metadata,
    offsets: &FilterOffsetReference,
) -> Result<Option<[f64; 2]>, StepError> {
    let filter = meta.text("meta.instrument.filter").unwrap_or_default();
    let pupil = meta.text("meta.instrument.pupil");
    let miri = meta.instrument().name().map_err(metadata_error)? == "MIRI";
    let mut rows = offsets
        .rows
        .iter()
        .filter(|row| row.filter == filter && (miri || row.pupil.as_deref() == pupil));
    let Some(first) = rows.next() else {
        tracing::warn!("the FILTEROFFSET reference has no row for the filter {filter}");
        return Ok(None);
    };
    if !miri && rows.next().is_some() {
        let what = format!("rows of the filter {filter} in the FILTEROFFSET reference");
        return Err(StepError::input(what, "one", "several"));
    }
    Ok(first.offset)
}

/// From the pixels of the exposure to V2 and V3 [arcsec], valid inside of the image.
fn distortion(
    meta: &Metadata,
    (rows, columns): (usize, usize),
    references: AssignWcsReferences,
) -> Result<Transform, StepError> {
    let image = BoundingBox::new(&[(-0.5, columns as f64 - 0.5), (-0.5, rows as f64 - 0.5)]);
    let whole = references.distortion.transform;
    let bounds = whole.properties().bounding_box.clone();
    let build = || -> Result<Transform, WcsError> {
        let mut transform = match references.filter_offset {
            Some(offset) => shift(offset).then(whole)?,
            None => whole,
        };
        transform = transform.with_bounding_box(Some(bounds.unwrap_or(image)))?;
        match subarray_to_detector(meta) {
            Some(subarray) => {
                let transform = subarray.then(transform)?;
                Ok(transform.with_bounding_box(Some(subarray_bounds(meta)))?)
            }
            None => Ok(transform),
        }
    };
    build().map_err(StepError::algorithm)
}

fn shift([x, y]: [f64; 2]) -> Transform {
    Transform::from(Shift(x)).join(Shift(y).into())
}

/// From the pixels of the subarray to those of the detector; `None` if both start with the same pixel.
fn subarray_to_detector(meta: &Metadata) -> Option<Transform> {
    let [x, y] = ["meta.subarray.xstart", "meta.subarray.ystart"]
        .map(|path| meta.number(path).map_or(0.0, |start| start - 1.0));
    // Parity: an axis that is not shifted is an identity and no shift by zero, which shows in the names of the inputs.
    let axis = |origin: f64| {
        if origin == 0.0 {
            Transform::identity(1)
        } else {
            Shift(origin).into()
        }
    };
    ((x, y) != (0.0, 0.0)).then(|| axis(x).join(axis(y)))
}

/// All pixels of the subarray.
fn subarray_bounds(meta: &Metadata) -> BoundingBox {
    let high = |path| meta.number(path).unwrap_or(0.0) - 0.5;
    BoundingBox::new(&[
        (-0.5, high("meta.subarray.xsize")),
        (-0.5, high("meta.subarray.ysize")),
    ])
}
