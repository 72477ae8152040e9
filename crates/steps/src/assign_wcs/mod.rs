//! `assign_wcs`: the world coordinate system of an exposure.
//!
//! Imaging modes of NIRCam, NIRISS, FGS and MIRI, coronagraphs, time series and aperture masks included:
//!
//! ```text
//! detector -> v2v3         subarray to whole detector, offset of the filter, distortion
//! v2v3 -> v2v3vacorr       velocity aberration
//! v2v3vacorr -> world      rotation of the telescope to the sky
//! ```

mod imaging;
pub(crate) mod keywords;
mod mode;
mod pointing;
#[cfg(test)]
mod tests;

pub(crate) use keywords::set_footprint;

use datamodels::models::RateModel;
use datamodels::reference::{DistortionReference, FilterOffsetReference};
use stpipe::{Outcome, Prepared, ReferenceFiles, SkipReason, Step, StepError};

use mode::Mode;

stpipe::params! {
    /// Parameters of `assign_wcs`.
    pub struct AssignWcsParams {
        /// Approximate imaging modes by FITS keywords: a tangential projection with SIP distortion
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
        /// Lower edge of a slit, in its own heights (NIRSpec)
        pub slit_y_low: f64 = -0.55;
        /// Upper edge of a slit, in its own heights (NIRSpec)
        pub slit_y_high: f64 = 0.55;
        /// Keep the coordinate systems of the slices in place of one for all (NIRSpec IFU)
        pub nrs_ifu_slice_wcs: bool = false;
    }
}

impl AssignWcsParams {
    fn approximation(&self) -> keywords::Approximation {
        keywords::Approximation {
            degree: self.sip_degree,
            max_error_pixels: self.sip_max_pix_error,
            inverse_degree: self.sip_inv_degree,
            max_inverse_error_pixels: self.sip_max_inv_pix_error,
            points: self.sip_npoints,
        }
    }
}

/// Attaches the world coordinate system, the footprint on the sky and its approximation by keywords.
#[derive(Debug, Clone, Copy)]
pub struct AssignWcs;

/// The geometry of the detector.
#[derive(Debug)]
pub struct AssignWcsReferences {
    /// Distortion of the whole detector.
    pub distortion: DistortionReference,
    /// How far the exposure's filter moves the image [pixel].
    pub filter_offset: Option<[f64; 2]>,
}

impl Step for AssignWcs {
    const NAME: &'static str = "assign_wcs";
    const CLASS: &'static str = "jwst.assign_wcs.assign_wcs_step.AssignWcsStep";
    const ABOUT: &'static str = "Attaches the world coordinate system of the exposure";
    const STATUS_KEY: &'static str = "assign_wcs";
    const REFERENCES: &'static [&'static str] = &[
        "distortion",
        "filteroffset",
        "specwcs",
        "regions",
        "wavelengthrange",
        "camera",
        "chromcorr",
        "collimator",
        "disperser",
        "fore",
        "fpa",
        "msa",
        "ote",
        "ifupost",
        "ifufore",
        "ifuslicer",
    ];
    type Params = AssignWcsParams;
    type References = AssignWcsReferences;
    type Input = RateModel;
    type Output = RateModel;

    fn prepare(
        _params: &AssignWcsParams,
        rate: &RateModel,
        files: &ReferenceFiles,
    ) -> Result<Prepared<AssignWcsReferences>, StepError> {
        // Parity: products name all of them, most as N/A.
        for kind in &Self::REFERENCES[2..] {
            files.path(kind)?;
        }
        let mode = Mode::of(rate.meta())?;
        let distortion = crate::load(files, "distortion", DistortionReference::load)?;
        let offsets = crate::load(files, "filteroffset", FilterOffsetReference::load)?;
        if mode == Mode::None {
            return Ok(Prepared::Skip(mode::no_geometry(rate.meta())?));
        }
        let Some(distortion) = distortion else {
            return Ok(Prepared::Skip(SkipReason::NoReference("distortion")));
        };
        let filter_offset = match offsets {
            Some(offsets) => imaging::filter_offset(rate.meta(), &offsets)?,
            None => None,
        };
        Ok(Prepared::Ready(AssignWcsReferences {
            distortion,
            filter_offset,
        }))
    }

    fn run(
        params: &AssignWcsParams,
        references: AssignWcsReferences,
        mut rate: RateModel,
    ) -> Result<Outcome<RateModel, RateModel>, StepError> {
        let shape = match &rate {
            RateModel::Image(image) => image.data.dim(),
            RateModel::Cube(cube) => (cube.data.dim().1, cube.data.dim().2),
        };
        let wcs = imaging::wcs(rate.meta(), shape, references)?;
        keywords::set_footprint(rate.meta_mut(), &wcs)?;
        if params.sip_approx {
            keywords::set_approximation(rate.meta_mut(), &wcs, &params.approximation());
        }
        let stored = rate.meta_mut().set_wcs(&wcs);
        stored.map_err(StepError::algorithm)?;
        Ok(Outcome::Complete(rate))
    }
}
