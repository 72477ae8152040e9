//! Parameters chosen from the data, for images of NIRCam and NIRISS.

use datamodels::models::ExposureModel;
use ndarray::{Array2, Axis, Zip};
use stcal::clean_flicker_noise::scene::{clip_by_lower_half, clip_scene};
use stcal::clean_flicker_noise::{
    Background, BackgroundImage, LineMedians, MeshSize, SortedValues, background_of,
};
use stpipe::StepError;

use super::CleanFlickerNoiseParams;
use super::correct::across;
use super::draft::DraftRate;
use super::prepare::Loaded;
use crate::metadata_error;

/// Side of a full frame, and of an amplifier's part of it.
const FRAME: usize = 2048;
const CHANNEL: usize = 512;

/// What an image looks like once the noise is removed provisionally.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Survey {
    /// Share of pixels that show no background.
    pub(super) masked: f64,
    /// Largest step from one amplifier to the next.
    pub(super) offset: f64,
    /// Larger slope along rows and columns [per pixel], and its ratio to the smaller one.
    pub(super) slope: f64,
    pub(super) slope_ratio: f64,
    /// Scatter across amplifiers.
    pub(super) scatter: f64,
}

/// From where on a number of the survey counts as high.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    masked: f64,
    offset: f64,
    slope_low_offset: f64,
    slope_high_offset: f64,
    slope_ratio: f64,
    scatter: f64,
}

/// Source: jwst 3.0.0 `autoparam.py::nircam_image_parameters`.
pub(super) const NIRCAM: Limits = Limits {
    masked: 0.1,
    offset: 0.07,
    slope_low_offset: 1e-5,
    slope_high_offset: 1e-5,
    slope_ratio: 3.0,
    scatter: 0.02,
};

/// Source: jwst 3.0.0 `autoparam.py::niriss_image_parameters`.
pub(super) const NIRISS: Limits = Limits {
    masked: 0.07,
    offset: 0.07,
    slope_low_offset: 1e-5,
    slope_high_offset: 1e-4,
    slope_ratio: 5.0,
    scatter: 0.02,
};

/// Changes the parameters to those that suit the data; leaves them where that is not known.
pub(super) fn choose(
    params: &mut CleanFlickerNoiseParams,
    exposure: &ExposureModel,
    loaded: &Loaded,
) -> Result<(), StepError> {
    let kind = exposure.meta().exposure().kind().map_err(metadata_error)?;
    let (is_nircam, limits) = match kind.as_str() {
        "NRC_IMAGE" => (true, NIRCAM),
        "NIS_IMAGE" => (false, NIRISS),
        _ => {
            tracing::warn!("Auto parameters are not available for exposure type {kind}");
            tracing::info!("Using input parameters as provided; no overrides applied.");
            return Ok(());
        }
    };
    let Some(survey) = survey(exposure, loaded, &kind, is_nircam)? else {
        tracing::warn!("Auto parameter setting failed.");
        tracing::info!("Using input parameters as provided; no overrides applied.");
        return Ok(());
    };
    let (background, by_channel) = decide(&survey, &limits);
    params.apply_flat_field = loaded.flat.is_some();
    params.background_method = Some(background.to_owned());
    params.fit_by_channel = by_channel;
    tracing::info!("Auto parameters set for {kind}:");
    tracing::info!("  apply_flat_field: {}", params.apply_flat_field);
    tracing::info!("  background_method: {background}");
    tracing::info!("  fit_by_channel: {by_channel}");
    Ok(())
}

/// Background method, and whether amplifiers are fitted apart.
///
/// # Source
/// jwst 3.0.0 `autoparam.py::_image_decision_tree`.
pub(super) fn decide(survey: &Survey, limits: &Limits) -> (&'static str, bool) {
    let high_offset = survey.offset >= limits.offset;
    let steep = survey.slope >= limits.slope_low_offset;
    let very_steep = survey.slope >= limits.slope_high_offset;
    let model = |yes: bool| if yes { "model" } else { "median" };
    if survey.masked >= limits.masked {
        return (model(if high_offset { very_steep } else { steep }), false);
    }
    if high_offset {
        return ("median", true);
    }
    let background = model(very_steep || (steep && survey.slope_ratio < limits.slope_ratio));
    (
        background,
        survey.offset > 0.0 && survey.scatter >= limits.scatter,
    )
}

/// Looks at a count-rate image; `None` if there is none.
fn survey(
    exposure: &ExposureModel,
    loaded: &Loaded,
    kind: &str,
    is_nircam: bool,
) -> Result<Option<Survey>, StepError> {
    let Some(rate) = DraftRate::of_exposure(exposure, loaded.draft.as_ref(), false)? else {
        return Ok(None);
    };
    let mut image = average(&rate);
    if let Some(flat) = &loaded.flat {
        image /= flat;
    }
    let lines = LineMedians {
        across: across(exposure.meta(), kind)?,
        channels: 1,
    };
    let mut mask = Array2::from_elem(image.raw_dim(), true);
    clean_quickly(&mut image, &mut mask, lines);
    let size = MeshSize::dividing(image.dim());
    match background_of(image.view(), mask.view_mut(), Background::Mesh(size)) {
        BackgroundImage::Level(level) => Zip::from(&mut image)
            .and(&mask)
            .for_each(|value, &used| *value = if used { *value } else { level }),
        BackgroundImage::Image(smooth) => Zip::from(&mut image)
            .and(&mask)
            .and(&smooth)
            .for_each(|value, &used, &smooth| *value = if used { *value } else { smooth }),
    }
    let masked = mask.iter().filter(|used| !**used).count() as f64 / mask.len() as f64;
    let over_rows = profile(&image, Axis(0), (3, 5, 8));
    let over_columns = profile(&image, Axis(1), (3, 5, 8));
    let (along_columns, scatter) = line_fit(&over_rows);
    let (along_rows, _) = line_fit(&over_columns);
    let (a, b) = (along_rows.abs(), along_columns.abs());
    let (offset, scatter) = if is_nircam {
        (channel_offset(&over_rows), scatter)
    } else {
        // The first amplifier of NIRISS can look quite unlike the others.
        let top = profile(&image, Axis(0), (10, 11, 12));
        (channel_offset(&over_columns), line_fit(&top).1)
    };
    Ok(Some(Survey {
        masked,
        offset,
        slope: a.max(b),
        slope_ratio: a.max(b) / a.min(b),
        scatter,
    }))
}

/// The rate of the exposure; integrations are averaged.
fn average(rate: &DraftRate) -> Array2<f32> {
    rate.data.map_axis(Axis(0), |lane| {
        let (sum, count) = lane
            .iter()
            .filter(|value| !value.is_nan())
            .fold((0.0_f32, 0_u32), |(sum, count), value| {
                (sum + value, count + 1)
            });
        sum / count as f32
    })
}

/// Removes noise with defaults.
///
/// # Source
/// jwst 3.0.0 `autoparam.py::quick_clean`.
fn clean_quickly(image: &mut Array2<f32>, mask: &mut Array2<bool>, lines: LineMedians) {
    const ABOVE: f64 = 2.0;
    const BELOW: f64 = 3.0;
    clip_scene(image.view(), mask.view_mut(), ABOVE, false);
    let unknown = image.mapv(f32::is_nan);
    Zip::from(&mut *image)
        .and(&mut *mask)
        .and(&unknown)
        .for_each(|value, mask, &unknown| {
            if unknown {
                *value = 0.0;
                *mask = false;
            }
        });
    let background = background_of(image.view(), mask.view_mut(), Background::Level);
    background.subtract_from(image.view_mut());
    clip_by_lower_half(image.view(), mask.view_mut(), (BELOW, ABOVE));
    lines.subtract(image.view_mut(), mask.view());
    background.add_to(image.view_mut());
    Zip::from(image).and(&unknown).for_each(|value, &unknown| {
        if unknown {
            *value = f32::NAN;
        }
    });
}

/// The mean along an axis over a part of it, `from/of` to `to/of`, NaN left out.
fn profile(image: &Array2<f32>, axis: Axis, (from, to, of): (usize, usize, usize)) -> Vec<f64> {
    let length = image.len_of(axis);
    // Rounded, halves to even.
    let at = |part: usize| {
        let (whole, rest) = (part * length / of, part * length % of);
        whole + usize::from(2 * rest > of || (2 * rest == of && whole % 2 == 1))
    };
    let part = image.slice_axis(axis, ndarray::Slice::from(at(from)..at(to)));
    part.map_axis(axis, |lane| {
        let good = lane.iter().filter(|value| !value.is_nan());
        let (sum, count) = good.fold((0.0, 0.0), |(sum, count), &v| {
            (sum + f64::from(v), count + 1.0)
        });
        sum / count
    })
    .to_vec()
}

/// Slope of the line through a profile, and the scatter about it.
fn line_fit(profile: &[f64]) -> (f64, f64) {
    const SCATTER_LIMIT: f64 = 10.0;
    let good = || {
        profile
            .iter()
            .enumerate()
            .filter(|(_, y)| y.is_finite())
            .map(|(x, &y)| (x as f64, y))
    };
    let count = good().count() as f64;
    let (x_mean, y_mean) = (
        good().map(|p| p.0).sum::<f64>() / count,
        good().map(|p| p.1).sum::<f64>() / count,
    );
    let squares: f64 = good().map(|(x, _)| (x - x_mean).powi(2)).sum();
    let slope = if squares > 0.0 {
        good()
            .map(|(x, y)| (x - x_mean) * (y - y_mean))
            .sum::<f64>()
            / squares
    } else {
        0.0
    };
    let residuals = good().map(|(x, y)| (y - y_mean - slope * (x - x_mean)) as f32);
    (
        slope,
        SortedValues::new(residuals).clipped(SCATTER_LIMIT).sigma,
    )
}

/// The largest step between neighbouring amplifiers of a full frame.
fn channel_offset(profile: &[f64]) -> f64 {
    const CLIP: f64 = 3.0;
    if profile.len() != FRAME {
        return 0.0;
    }
    let means: Vec<f64> = profile
        .chunks(CHANNEL)
        .map(|part| {
            SortedValues::new(part.iter().map(|&v| v as f32))
                .clipped(CLIP)
                .mean
        })
        .collect();
    means
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .fold(0.0, f64::max)
}
