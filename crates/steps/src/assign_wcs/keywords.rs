//! Keywords that describe the world coordinate system: the footprint and the approximation in FITS.

use datamodels::metadata::Metadata;
use gwcs::Wcs;
use gwcs::fits::{FitsError, FitsValue, FitsWcs, SipOptions};
use gwcs::mosaic::Footprint;
use stpipe::StepError;

/// How the world coordinate system is approximated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Approximation {
    /// Degree of the distortion; by default the lowest that is accurate enough.
    pub(crate) degree: Option<i64>,
    /// Error at which no higher degree is tried [pixel].
    pub(crate) max_error_pixels: f64,
    /// Degree of the inverse distortion.
    pub(crate) inverse_degree: Option<i64>,
    /// Error of the inverse at which no higher degree is tried [pixel].
    pub(crate) max_inverse_error_pixels: f64,
    /// Points along each side of the grid.
    pub(crate) points: i64,
}

/// The highest degree that is tried unless the user asks for it.
const HIGHEST_DEGREE: usize = 5;

/// Sets `S_REGION` to the corners of the bounding box on the sky.
///
/// # Errors
/// The chain cannot be evaluated.
pub(crate) fn set_footprint(meta: &mut Metadata, wcs: &Wcs) -> Result<(), StepError> {
    let corners = wcs.footprint(false).map_err(StepError::algorithm)?.corners;
    let corners = corners.iter();
    let footprint = Footprint {
        vertices: corners
            .map(|corner| [corner[0].rem_euclid(360.0), corner[1]])
            .collect(),
    };
    if footprint
        .vertices
        .iter()
        .flatten()
        .any(|angle| angle.is_nan())
    {
        tracing::info!("corners of the image are not on the sky: S_REGION is left as it was");
        return Ok(());
    }
    let region = Footprint::region(&[footprint]);
    tracing::info!("S_REGION is {region}");
    meta.set("meta.wcsinfo.s_region", region);
    Ok(())
}

/// Sets the keywords of the approximation; an approximation that fails leaves them and says so.
pub(crate) fn set_approximation(meta: &mut Metadata, wcs: &Wcs, wanted: &Approximation) {
    match approximate(meta, wcs, wanted) {
        Ok(fits) => store(meta, &fits),
        Err(error) => {
            tracing::warn!("no approximation by FITS keywords: {error}");
        }
    }
}

fn approximate(meta: &Metadata, wcs: &Wcs, wanted: &Approximation) -> Result<FitsWcs, FitsError> {
    let degrees = |degree: Option<i64>, name: &'static str| match degree {
        None => Ok((1..=HIGHEST_DEGREE).collect()),
        Some(degree) => match usize::try_from(degree) {
            Ok(degree) => Ok(vec![degree]),
            Err(_) => Err(FitsError::Parameter {
                name,
                expected: "a degree from 1 to 6",
                found: degree.to_string(),
            }),
        },
    };
    let reference = ["meta.wcsinfo.crpix1", "meta.wcsinfo.crpix2"].map(|path| meta.number(path));
    let reference_pixel = match reference {
        [Some(x), Some(y)] => Some([x - 1.0, y - 1.0]),
        _ => None,
    };
    let fits = wcs.to_fits_sip(&SipOptions {
        degrees: degrees(wanted.degree, "sip_degree")?,
        max_error_pixels: wanted.max_error_pixels,
        inverse_degrees: degrees(wanted.inverse_degree, "sip_inv_degree")?,
        max_inverse_error_pixels: wanted.max_inverse_error_pixels,
        points: usize::try_from(wanted.points).unwrap_or(0),
        reference_pixel,
    })?;
    let tolerances = [
        (
            Some(fits.max_error_pixels),
            wanted.max_error_pixels,
            "forward",
        ),
        (
            fits.max_inverse_error_pixels,
            wanted.max_inverse_error_pixels,
            "inverse",
        ),
    ];
    for (error, tolerance, which) in tolerances {
        if let Some(error) = error.filter(|error| *error > tolerance) {
            tracing::warn!(
                "the {which} approximation by FITS keywords is accurate to {error:.3} pixel only, not to {tolerance}"
            );
        }
    }
    Ok(fits)
}

/// Replaces the keywords of the linear coordinate system that the exposure came with.
fn store(meta: &mut Metadata, fits: &FitsWcs) {
    let linear = [
        "naxis", "cdelt1", "cdelt2", "pc1_1", "pc1_2", "pc2_1", "pc2_2",
    ];
    for name in linear {
        meta.remove(&format!("meta.wcsinfo.{name}"));
    }
    for part in ["a", "b", "ap", "bp"] {
        meta.remove(&format!("meta.wcsinfo.{part}_order"));
        for (p, q) in (0..10).flat_map(|p| (0..10).map(move |q| (p, q))) {
            meta.remove(&format!("meta.wcsinfo.{part}_{p}_{q}"));
        }
    }
    for (keyword, value) in fits.keywords() {
        let path = format!("meta.wcsinfo.{}", keyword.to_lowercase());
        match value {
            FitsValue::Integer(value) => meta.set(&path, value),
            FitsValue::Real(value) => meta.set(&path, value),
            FitsValue::Text(value) => meta.set(&path, value),
        }
    }
}
