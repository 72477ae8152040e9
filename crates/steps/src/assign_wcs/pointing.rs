//! From the telescope to the sky.

use datamodels::metadata::Metadata;
use gwcs::model::{
    CartesianToSpherical, RotationSequence, Scale, Shift, SphericalToCartesian, WrapAt,
};
use gwcs::{Transform, TransformError};
use stpipe::StepError;

use crate::metadata_error;

/// From V2 and V3 [arcsec] to right ascension and declination [deg].
///
/// The reference point (`V2_REF`, `V3_REF`) is turned to (`RA_REF`, `DEC_REF`), and V3 there to the position angle `ROLL_REF`.
///
/// # Errors
/// A keyword of the reference point is missing.
///
/// # Source
/// JWST-STScI-001550 (Cox and Lallo), section 7; jwst 3.0.0 `assign_wcs.pointing.v23tosky`.
pub(super) fn telescope_to_sky(meta: &Metadata) -> Result<Transform, StepError> {
    let number = |name: &str| {
        let value = meta.require_number(&format!("meta.wcsinfo.{name}"));
        value.map_err(metadata_error)
    };
    let angles = vec![
        number("v2_ref")? / 3600.0,
        -number("v3_ref")? / 3600.0,
        number("roll_ref")?,
        number("dec_ref")?,
        -number("ra_ref")?,
    ];
    let build = || -> Result<Transform, TransformError> {
        let degrees = || Transform::from(Scale(1.0 / 3600.0));
        let to_vector = SphericalToCartesian {
            wrap_at: WrapAt::Half,
        };
        let to_sky = CartesianToSpherical {
            wrap_at: WrapAt::Full,
        };
        degrees()
            .join(degrees())
            .then(to_vector.into())?
            .then(RotationSequence::new(angles, "zyxyz")?.into())?
            .then(to_sky.into())
    };
    let transform = build().map_err(StepError::algorithm)?;
    Ok(transform.named("v23tosky"))
}

/// The change of scale by the telescope's velocity, about the reference point.
///
/// # Errors
/// `VA_SCALE` is not positive.
///
/// # Source
/// jwst 3.0.0 `assign_wcs.pointing.dva_corr_model`.
pub(super) fn velocity_aberration(meta: &Metadata) -> Result<Transform, StepError> {
    const SCALE: &str = "meta.velocity_aberration.scale_factor";
    let scale = meta.number(SCALE).unwrap_or(1.0);
    if scale == 1.0 {
        return Ok(Transform::identity(2));
    }
    // Written so that NaN is refused, too.
    if !(scale > 0.0 && scale.is_finite()) {
        let error = meta.keyword_error(SCALE, "a positive number");
        return Err(metadata_error(error));
    }
    let scaled = |name: &str| Transform::from(Scale(scale)).named(name);
    let scaling = scaled("dva_scale_v2").join(scaled("dva_scale_v3"));
    let reference =
        ["meta.wcsinfo.v2_ref", "meta.wcsinfo.v3_ref"].map(|path| meta.number(path).unwrap_or(0.0));
    if reference == [0.0, 0.0] {
        return Ok(scaling);
    }
    let [v2, v3] = reference.map(|at| Transform::from(Shift((1.0 - scale) * at)));
    let back = v2.named("dva_v2_shift").join(v3.named("dva_v3_shift"));
    let transform = scaling.then(back).map_err(StepError::algorithm)?;
    Ok(transform.named("DVA_Correction"))
}
