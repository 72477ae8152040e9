//! Which geometry an exposure has.

use datamodels::metadata::Metadata;
use stpipe::{SkipReason, StepError};

/// The geometry of an exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// An image of the sky.
    Imaging,
    /// None: darks, flats and lamps.
    None,
}

const IMAGING: &[&str] = &[
    "NRC_IMAGE",
    "NRC_TACQ",
    "NRC_TACONFIRM",
    "NRC_CORON",
    "NRC_FOCUS",
    "NRC_TSIMAGE",
    "NIS_IMAGE",
    "NIS_AMI",
    "NIS_TACQ",
    "NIS_TACONFIRM",
    "NIS_FOCUS",
    "FGS_IMAGE",
    "FGS_FOCUS",
    "MIR_IMAGE",
    "MIR_TACQ",
    "MIR_TACONFIRM",
    "MIR_LYOT",
    "MIR_4QPM",
    "MIR_CORONCAL",
];

const NONE: &[&str] = &[
    "NRC_LED",
    "NRC_DARK",
    "NRC_FLAT",
    "NRC_GRISM",
    "NIS_DARK",
    "NIS_LAMP",
    "FGS_SKYFLAT",
    "FGS_INTFLAT",
    "FGS_DARK",
    "MIR_FLATMRS",
    "MIR_FLATIMAGE",
    "MIR_FLAT-MRS",
    "MIR_FLAT-IMAGE",
    "MIR_DARK",
];

impl Mode {
    /// The mode of an exposure.
    ///
    /// # Errors
    /// Its `EXP_TYPE` is missing or not known here.
    pub(super) fn of(meta: &Metadata) -> Result<Self, StepError> {
        let kind = meta.exposure().kind().map_err(crate::metadata_error)?;
        if IMAGING.contains(&kind.as_str()) {
            Ok(Self::Imaging)
        } else if NONE.contains(&kind.as_str()) {
            Ok(Self::None)
        } else {
            Err(StepError::input(
                "keyword EXP_TYPE (step assign_wcs)",
                "an imaging exposure; spectroscopic ones are not available in this version",
                kind,
            ))
        }
    }
}

/// Why an exposure without a geometry has no world coordinate system.
pub(super) fn no_geometry(meta: &Metadata) -> Result<SkipReason, StepError> {
    let kind = meta.exposure().kind().map_err(crate::metadata_error)?;
    let why = format!("exposures of the type {kind} have no world coordinate system");
    Ok(SkipReason::not_applicable(why))
}
