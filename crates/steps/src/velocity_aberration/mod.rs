//! Keywords of velocity aberration in an exposure: what ground processing does before the calibration.

use std::path::Path;

use datamodels::Result;
use datamodels::metadata::Metadata;
use datamodels::models::edit_metadata;
use stcal::velocity_aberration::{Aberration, aberration};

/// Sets `VA_SCALE`, `VA_RA` and `VA_DEC` of a file from the telescope's velocity (`JWST_DX`, `JWST_DY`, `JWST_DZ`) and the reference
/// point (`RA_REF`, `DEC_REF`). Its arrays stay as they are.
///
/// # Errors
/// The file cannot be read or written, or a keyword is missing; it is unchanged then.
pub fn set_velocity_aberration(path: &Path) -> Result<Aberration> {
    edit_metadata(path, set)
}

/// Sets the keywords in metadata.
///
/// # Errors
/// A keyword that is needed is missing.
pub fn set(meta: &mut Metadata) -> Result<Aberration> {
    let velocity = |axis| meta.require_number(&format!("meta.ephemeris.velocity_{axis}_bary"));
    let velocity = [velocity("x")?, velocity("y")?, velocity("z")?];
    let field = [
        meta.require_number("meta.wcsinfo.ra_ref")?,
        meta.require_number("meta.wcsinfo.dec_ref")?,
    ];
    let result = aberration(velocity, field);
    let mut put = |name: &str, value: f64| {
        meta.set(&format!("meta.velocity_aberration.{name}"), value);
    };
    put("scale_factor", result.scale_factor);
    put("va_ra_ref", result.apparent_deg[0]);
    put("va_dec_ref", result.apparent_deg[1]);
    Ok(result)
}
