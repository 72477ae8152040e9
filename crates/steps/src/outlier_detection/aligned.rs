//! Exposures that show the same sky in the same pixels.

use datamodels::library::{Exposure, Library, Variance};
use ndarray::{Array2, Zip, s};
use stcal::outlier_detection::{flag_aligned, weight_threshold};
use stpipe::StepError;

use super::intermediate::Intermediates;
use super::quality::{OUTLIER, flag_rows, settle};
use super::stack::Stack;
use super::{OutlierDetectionParams, OutliersFlagged};
use crate::good_bits::bad_bits;

/// Flags the outliers of all exposures.
pub(super) fn flag(
    params: &OutlierDetectionParams,
    mut library: Library,
) -> Result<OutliersFlagged, StepError> {
    let [snr, _] = OutlierDetectionParams::pair("snr", &params.snr)?;
    let bad = bad_bits("good_bits", &params.good_bits)?.unwrap_or(0);
    let mut intermediates = Intermediates::new(&library, params.save_intermediate_results);
    let shape = library.exposures()[0].shape();
    let mut stack = Stack::new(library.scratch(), library.len(), shape)?;
    for exposure in library.exposures() {
        let weights = weights(exposure, params, bad)?;
        let pixels = weights.as_slice().unwrap_or_default();
        let threshold = weight_threshold(pixels, params.maskpt) as f32;
        let mut data = exposure.data().map_err(StepError::algorithm)?;
        Zip::from(&mut data)
            .and(&weights)
            .par_for_each(|value, &weight| {
                if weight < threshold {
                    *value = f32::NAN;
                }
            });
        stack.push(&data)?;
    }
    let median = stack.median()?;
    intermediates.push_aligned_median(&library.exposures()[0], &median)?;
    for exposure in library.exposures_mut() {
        let open = exposure.open_arrays().map_err(StepError::algorithm)?;
        let (dq, count) = flag_rows(exposure, &open, 0, |rows, dq| {
            let median = median.slice(s![rows.own.clone(), ..]);
            flag_aligned(rows.data, rows.err, median, snr, OUTLIER, dq)
                .map_err(StepError::algorithm)
        })?;
        drop(open);
        settle(exposure, dq)?;
        tracing::info!("{count} pixels marked as outliers");
        super::note(&mut exposure.meta, count);
    }
    let intermediate = intermediates.finish();
    Ok(OutliersFlagged {
        library,
        intermediate,
    })
}

/// The weight of each pixel: 0 for bad ones.
fn weights(
    exposure: &Exposure,
    params: &OutlierDetectionParams,
    bad: u32,
) -> Result<Array2<f32>, StepError> {
    let dq = exposure.dq().map_err(StepError::algorithm)?;
    let variance = if params.weight_type == "ivm" {
        exposure
            .variance(Variance::ReadNoise)
            .map_err(StepError::algorithm)?
    } else {
        None
    };
    let Some(mut weights) = variance else {
        let time = |key: &str| exposure.meta.number(&format!("meta.exposure.{key}"));
        let time = match params.weight_type.as_str() {
            "ivm" => Some(1.0),
            _ => time("measurement_time").or_else(|| time("exposure_time")),
        };
        let time =
            time.ok_or_else(|| StepError::input("EFFEXPTM", "the exposure time", "nothing"))?;
        return Ok(dq.mapv(|dq| if dq & bad == 0 { time as f32 } else { 0.0 }));
    };
    Zip::from(&mut weights)
        .and(&dq)
        .par_for_each(|weight, &dq| {
            let inverse = 1.0 / *weight;
            let usable = inverse.is_finite() && dq & bad == 0;
            *weight = if usable { inverse } else { 0.0 };
        });
    Ok(weights)
}
