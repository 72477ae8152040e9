//! `outlier_detection`: flags pixels of exposures that differ from the median of all of them.
//!
//! Images are resampled to a common grid group by group, and their median is interpolated back at the pixels of each exposure;
//! without `resample_data`, pixels of aligned exposures are compared directly, as are those of the integrations of a
//! coronagraphic exposure or a time series. What resampling leaves goes to temporary files: memory does not grow with the
//! number of exposures.
//!
//! # Source
//! jwst 3.0.0 `outlier_detection` (imaging, coron, tso) with stcal 1.20.0 `outlier_detection`; the algorithms are in
//! [`stcal::outlier_detection`].

mod aligned;
mod cube;
mod intermediate;
mod quality;
mod resampled;
mod stack;
#[cfg(test)]
mod tests;

use datamodels::library::Library;
use datamodels::metadata::Metadata;
use stcal::outlier_detection::Thresholds;
use stpipe::{Outcome, Prepared, Product, Products, ReferenceFiles, Status, Step, StepError};

pub use cube::{CubeOutlierDetection, CubeOutliers};
pub use intermediate::Intermediate;

stpipe::params! {
    /// Parameters of `outlier_detection`.
    pub struct OutlierDetectionParams {
        /// Weights: inverse variance of the read noise, or exposure time
        pub weight_type: String = "ivm", choices(&["ivm", "exptime"]);
        /// Side of the shrunken pixel in units of the pixel
        pub pixfrac: f64 = 1.0, min(0.0), max(1.0);
        /// Shape of the kernel that spreads a pixel
        pub kernel: String = "square", choices(&["square", "point", "turbo"]);
        /// Value of pixels that nothing fell on
        pub fillval: String = "NAN";
        /// Part of the mean weight below which pixels do not count
        pub maskpt: f64 = 0.7;
        /// Signal-to-noise ratio of outliers in the first and the second pass
        pub snr: String = "5.0 4.0";
        /// Factor of the derivative in the first and the second pass
        pub scale: String = "1.2 0.7";
        /// Background that exposures have and the median has not, unless they say so [BUNIT]
        pub backg: f64 = 0.0;
        /// Size of the window of the median (integral field units)
        pub kernel_size: String = "7 7";
        /// Percentile of outliers (integral field units)
        pub threshold_percent: f64 = 99.8;
        /// Integrations of the moving median (time series)
        pub rolling_window_width: i64 = 25;
        /// Look a second time (integral field units)
        pub ifu_second_check: bool = false;
        /// Save resampled groups, median and interpolated median (`_outlier_i2d`, `_median`, `_blot`)
        pub save_intermediate_results: bool = false;
        /// Resample exposures before they are combined
        pub resample_data: bool = true;
        /// Quality bits that pixels may have
        pub good_bits: String = "~DO_NOT_USE";
        /// Use the output file defined in the pipeline
        pub search_output_file: bool = false;
        /// Keep changed exposures in memory
        pub in_memory: bool = true;
        /// Distance of exactly mapped pixels, those between are interpolated [pixel]
        pub pixmap_stepsize: f64 = 1.0;
        /// Order of the interpolation, 1 or 3
        pub pixmap_order: i64 = 1;
    }
}

/// `EXP_TYPE` of images.
pub const IMAGES: [&str; 5] = [
    "NRC_IMAGE",
    "MIR_IMAGE",
    "NRS_IMAGE",
    "NIS_IMAGE",
    "FGS_IMAGE",
];

/// Flags outliers in a library of images.
#[derive(Debug, Clone, Copy)]
pub struct OutlierDetection;

/// Exposures with their outliers flagged.
#[derive(Debug)]
pub struct OutliersFlagged {
    /// The exposures.
    pub library: Library,
    /// What shows how outliers were found, where it is to be saved.
    pub intermediate: Vec<Intermediate>,
}

impl Products for OutliersFlagged {
    fn products(&mut self) -> Vec<Option<&mut dyn Product>> {
        self.library.products()
    }

    fn name_parts(&self) -> Vec<String> {
        self.library.association().id.clone().into_iter().collect()
    }

    fn always_numbered(&self) -> bool {
        true
    }

    fn side_products(&mut self) -> Vec<(&'static str, &mut dyn Product)> {
        intermediate::side_products(&mut self.intermediate)
    }
}

impl Step for OutlierDetection {
    const NAME: &'static str = "outlier_detection";
    const CLASS: &'static str =
        "jwst.outlier_detection.outlier_detection_step.OutlierDetectionStep";
    const ABOUT: &'static str = "Flags pixels that differ from the median of several exposures";
    const STATUS_KEY: &'static str = "outlier_detection";
    type Params = OutlierDetectionParams;
    type References = ();
    type Input = Library;
    type Output = OutliersFlagged;

    fn prepare(
        _params: &OutlierDetectionParams,
        library: &Library,
        _files: &ReferenceFiles,
    ) -> Result<Prepared<()>, StepError> {
        if let Some(first) = library.exposures().first() {
            let kind = exposure_type(&first.meta);
            if !IMAGES.contains(&kind) {
                let expected = "that of an image; outliers of other exposures of an association cannot be found in this version";
                return Err(StepError::input("keyword EXP_TYPE", expected, kind));
            }
        }
        tracing::info!("Outlier Detection mode: imaging");
        let id = library.association().id.as_deref().unwrap_or("None");
        tracing::info!("Outlier Detection asn_id: {id}");
        Ok(Prepared::Ready(()))
    }

    fn run(
        params: &OutlierDetectionParams,
        (): (),
        library: Library,
    ) -> Result<Outcome<Library, OutliersFlagged>, StepError> {
        let flagged = if library.len() < 2 {
            unflagged(library)
        } else if params.resample_data {
            resampled::flag(params, library)?
        } else {
            aligned::flag(params, library)?
        };
        Ok(Outcome::Complete(flagged))
    }
}

/// Notes how many pixels were found.
fn note(meta: &mut Metadata, count: usize) {
    meta.note(OutlierDetection::STATUS_KEY, "outlier_pixels", count as i64);
}

/// A single exposure as it is.
///
/// Parity: it is saved as others are, and its status is FAILED.
fn unflagged(mut library: Library) -> OutliersFlagged {
    tracing::warn!("Input only contains {} exposures", library.len());
    tracing::warn!("Outlier detection will be skipped");
    for exposure in library.exposures_mut() {
        exposure.settle_status(OutlierDetection::STATUS_KEY, Status::Failed.as_str());
    }
    OutliersFlagged {
        library,
        intermediate: Vec::new(),
    }
}

/// `EXP_TYPE`.
pub fn exposure_type(meta: &Metadata) -> &str {
    meta.text("meta.exposure.type").unwrap_or_default()
}

impl OutlierDetectionParams {
    /// A parameter of two numbers, the first of which may be alone if only that is asked for.
    fn pair(name: &str, text: &str) -> Result<[f32; 2], StepError> {
        let numbers: Result<Vec<f32>, _> = text.split_whitespace().map(str::parse).collect();
        match numbers.as_deref() {
            Ok([first, second]) => Ok([*first, *second]),
            _ => Err(StepError::input(name, "two numbers", text)),
        }
    }

    /// Thresholds for exposures without a background of their own.
    fn thresholds(&self) -> Result<Thresholds, StepError> {
        Ok(Thresholds {
            snr: Self::pair("snr", &self.snr)?,
            scale: Self::pair("scale", &self.scale)?,
            background: self.backg as f32,
        })
    }
}
