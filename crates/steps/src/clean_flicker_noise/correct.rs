//! The correction of an exposure, image by image.

use datamodels::dq::group;
use datamodels::metadata::Metadata;
use datamodels::models::{ExposureModel, IntermediateModel, RateModel};
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayD, ArrayView3, ArrayViewMut2, ArrayViewMut3, Axis};
use stcal::clean_flicker_noise::fourier::{FrameFit, LowPass, Readout, SubarrayFit};
use stcal::clean_flicker_noise::{
    Across, Background, BackgroundImage, CleanError, Cleaned, Cleaner, LineMedians, MeshSize,
    NoiseFit, mask_flagged,
};
use stpipe::{Outcome, StepError};

use super::draft::DraftRate;
use super::median_image::MedianImage;
use super::prepare::{FlickerReferences, Loaded};
use super::scene::{Regions, SceneMask, scene_mask};
use super::{CleanFlickerNoiseParams, WithIntermediates, autoparam};
use crate::metadata_error;

/// Amplifiers of a full frame.
const CHANNELS: usize = 4;
/// Side of a full frame.
const FRAME: usize = 2048;
/// Filter of the readout of subarrays [Hz].
const LOW_PASS: LowPass = LowPass([1061.0, 1211.0, 49943.0, 49957.0]);
/// The same for ALLSLITS, which takes less of the high frequencies.
const LOW_PASS_ALL_SLITS: LowPass = LowPass([150.0, 200.0, 49943.0, 49957.0]);
const MEDIAN_IMAGE: &str = "median_image";

pub(super) fn run(
    params: &CleanFlickerNoiseParams,
    references: FlickerReferences,
    exposure: ExposureModel,
) -> Result<Outcome<ExposureModel, WithIntermediates>, StepError> {
    let mut loaded = match references {
        FlickerReferences::Impossible(reason) => return Ok(failed(exposure, reason)),
        FlickerReferences::Loaded(loaded) => *loaded,
    };
    let mut params = params.clone();
    if params.autoparam {
        autoparam::choose(&mut params, &exposure, &loaded)?;
    }
    if !params.apply_flat_field {
        loaded.flat = None;
    }
    let kind = exposure.meta().exposure().kind().map_err(metadata_error)?;
    tracing::info!("Input exposure type is {kind}");
    let plan = Plan::new(&params, &kind, &exposure)?;
    let (mask, rate) = match find_mask(&plan, &params, &loaded, &exposure)? {
        Ok(found) => found,
        Err(reason) => return Ok(failed(exposure, reason)),
    };
    if let Err(reason) = check_shapes(&exposure, &mask) {
        return Ok(failed(exposure, reason));
    }
    let median = match &rate {
        Some(rate) if plan.median_image => match median_image(&exposure, rate) {
            Ok(median) => Some(median),
            Err(reason) => return Ok(failed(exposure, reason)),
        },
        _ => None,
    };
    let mut intermediates = Vec::new();
    if params.save_mask {
        let meta = rate.as_ref().map_or(exposure.meta(), |rate| &rate.meta);
        intermediates.push(("mask", IntermediateModel::new(meta, mask.to_values())));
    }
    drop(rate);
    tracing::info!(
        "Cleaning image {}",
        exposure.meta().text("meta.filename").unwrap_or_default()
    );
    let job = Job {
        cleaner: Cleaner {
            background: plan.background,
            n_sigma: params.n_sigma,
            fit: plan.fit,
            flat: loaded.flat.as_ref().map(|flat| flat.view()),
        },
        mask: &mask,
        median: median.as_ref(),
    };
    clean_exposure(&job, &params, exposure, intermediates)
}

fn failed(input: ExposureModel, reason: String) -> Outcome<ExposureModel, WithIntermediates> {
    Outcome::Failed { input, reason }
}

/// What parameters mean for an exposure.
struct Plan {
    background: Background,
    median_image: bool,
    single_mask: bool,
    is_miri_image: bool,
    fit: NoiseFit,
}

impl Plan {
    fn new(
        params: &CleanFlickerNoiseParams,
        kind: &str,
        exposure: &ExposureModel,
    ) -> Result<Self, StepError> {
        let meta = exposure.meta();
        let subarray = meta.subarray().name();
        let median_image = params.background_method.as_deref() == Some(MEDIAN_IMAGE);
        if median_image && params.single_mask {
            tracing::warn!("The median_image background method requires draft rateints files.");
            tracing::warn!("Setting single_mask to False.");
        }
        let mut by_channel = params.fit_by_channel;
        if by_channel && (subarray != "FULL" || kind.starts_with("MIR")) {
            tracing::warn!("Fit by channel can only be used for full-frame NIR data.");
            tracing::warn!("Setting fit_by_channel to False.");
            by_channel = false;
        }
        let shape = exposure.image_shape();
        let fit = if params.fit_method == "fft" {
            fourier_fit(meta, &subarray, shape)?
        } else {
            let across = across(meta, kind)?;
            let length = if across == Across::Rows {
                shape.1
            } else {
                shape.0
            };
            let channels = if by_channel && length == FRAME {
                CHANNELS
            } else {
                1
            };
            NoiseFit::Lines(LineMedians { across, channels })
        };
        Ok(Self {
            background: background(params, shape)?,
            median_image,
            single_mask: params.single_mask && !median_image,
            is_miri_image: kind == "MIR_IMAGE",
            fit,
        })
    }
}

fn background(
    params: &CleanFlickerNoiseParams,
    shape: (usize, usize),
) -> Result<Background, StepError> {
    Ok(match params.background_method.as_deref() {
        Some("median") => Background::Level,
        Some("model") => {
            let size = match params.background_box_size.as_deref() {
                Some(&[rows, columns]) => {
                    let side = |length| usize::try_from(length).unwrap_or_default();
                    MeshSize::new(side(rows), side(columns)).map_err(StepError::algorithm)?
                }
                _ => MeshSize::dividing(shape),
            };
            if !size.divides(shape) {
                tracing::warn!(
                    "Background box size {size:?} does not divide evenly into the image shape {shape:?}."
                );
            }
            Background::Mesh(size)
        }
        _ => Background::None,
    })
}

/// Lines along which the noise of MIRI flickers are columns; those of other detectors lie along the slow axis.
pub(super) fn across(meta: &Metadata, kind: &str) -> Result<Across, StepError> {
    if kind.starts_with("MIR") {
        return Ok(Across::Columns);
    }
    let slow = meta
        .require_integer("meta.subarray.slowaxis", -2)
        .map_err(metadata_error)?;
    Ok(if slow.abs() == 1 {
        Across::Columns
    } else {
        Across::Rows
    })
}

fn fourier_fit(
    meta: &Metadata,
    subarray: &str,
    shape: (usize, usize),
) -> Result<NoiseFit, StepError> {
    let detector = meta.instrument().detector().map_err(metadata_error)?;
    let readout = if detector == "NRS1" {
        Readout::Columns
    } else {
        Readout::ColumnsReversed
    };
    Ok(if shape == (FRAME, FRAME) {
        NoiseFit::Frame(FrameFit { readout })
    } else {
        let low_pass = if subarray == "ALLSLITS" {
            LOW_PASS_ALL_SLITS
        } else {
            LOW_PASS
        };
        NoiseFit::Subarray(SubarrayFit { readout, low_pass })
    })
}

type Found = (SceneMask, Option<DraftRate>);

/// The mask, and the draft rate where one was made; a reason if there is none.
fn find_mask(
    plan: &Plan,
    params: &CleanFlickerNoiseParams,
    loaded: &Loaded,
    exposure: &ExposureModel,
) -> Result<Result<Found, String>, StepError> {
    let user_mask = loaded
        .user_mask
        .as_ref()
        .map(|(planes, by_integration)| SceneMask {
            planes: planes.clone(),
            by_integration: *by_integration,
        });
    if let (Some(mask), false) = (&user_mask, plan.median_image) {
        return Ok(Ok((mask.clone(), None)));
    }
    let rate = DraftRate::of_exposure(exposure, loaded.draft.as_ref(), !plan.single_mask)?;
    let Some(mut rate) = rate else {
        return Ok(Err("no rate can be fitted to the ramps".to_owned()));
    };
    if let Some(flat) = &loaded.science_flat {
        rate.add_flat_quality(flat);
    }
    if let Some(flat) = &loaded.flat {
        for mut image in rate.data.outer_iter_mut() {
            image /= flat;
        }
    }
    let mask = user_mask.unwrap_or_else(|| {
        let regions = Regions {
            illuminated: loaded.traces.clone(),
            by_quality: params.mask_science_regions && plan.is_miri_image,
        };
        scene_mask(
            &rate,
            &regions,
            params.n_sigma,
            params.fit_histogram,
            plan.single_mask,
        )
    });
    Ok(Ok((mask, Some(rate))))
}

/// Number of integrations; 1 for rates of the exposure as a whole.
fn integrations(exposure: &ExposureModel) -> usize {
    match exposure {
        ExposureModel::Ramp(ramp) => ramp.data.dim().0,
        ExposureModel::Rate(rate) => match &**rate {
            RateModel::Image(_) => 1,
            RateModel::Cube(cube) => cube.data.dim().0,
        },
    }
}

fn check_shapes(exposure: &ExposureModel, mask: &SceneMask) -> Result<(), String> {
    let (planes, rows, columns) = mask.planes.dim();
    let is_image =
        matches!(exposure, ExposureModel::Rate(rate) if matches!(**rate, RateModel::Image(_)));
    let count = integrations(exposure);
    if (mask.by_integration && planes != count && !is_image)
        || (rows, columns) != exposure.image_shape()
    {
        return Err(format!(
            "Mask does not match data shape: {planes} of {rows} x {columns} for {count} integrations of {:?}",
            exposure.image_shape()
        ));
    }
    if !mask.by_integration && count > 1 {
        tracing::info!(
            "Data has multiple integrations, but mask is 2D: the same mask will be used for all integrations."
        );
    }
    Ok(())
}

fn median_image(exposure: &ExposureModel, rate: &DraftRate) -> Result<MedianImage, String> {
    let count = integrations(exposure);
    if count <= 1 {
        return Err(format!(
            "The median_image background method cannot be used with nints={count}"
        ));
    }
    MedianImage::new(exposure, rate)
        .ok_or_else(|| "A median image could not be created: No valid flux for scaling".to_owned())
}

/// What is done to every image.
struct Job<'a> {
    cleaner: Cleaner<'a>,
    mask: &'a SceneMask,
    median: Option<&'a MedianImage>,
}

/// Where the background and the noise of images go, if they are wanted.
#[derive(Default)]
struct Records<'a> {
    background: Option<ArrayViewMut3<'a, f32>>,
    noise: Option<ArrayViewMut3<'a, f32>>,
}

/// Cleans all images; the exposure is as it was if that fails.
fn clean_exposure(
    job: &Job<'_>,
    params: &CleanFlickerNoiseParams,
    mut exposure: ExposureModel,
    mut intermediates: Vec<(&'static str, IntermediateModel)>,
) -> Result<Outcome<ExposureModel, WithIntermediates>, StepError> {
    let mut data = take_data(&mut exposure);
    let shape = data.raw_dim();
    let new = |wanted: bool| wanted.then(|| ArrayD::<f32>::zeros(shape.clone()));
    let (mut background, mut noise) = (new(params.save_background), new(params.save_noise));
    // Medians always exist; Fourier fits may fail in the last image, and then all are put back.
    let backup = (!matches!(job.cleaner.fit, NoiseFit::Lines(_))).then(|| data.clone());
    let quality = match &exposure {
        ExposureModel::Ramp(ramp) => Some(ramp.groupdq.view()),
        ExposureModel::Rate(_) => None,
    };
    let images = planes(&mut data);
    let count = images.len();
    let records = split(background.as_mut(), count)
        .into_iter()
        .zip(split(noise.as_mut(), count));
    let parts: Vec<_> = images.into_iter().zip(records).collect();
    let done = parts.into_par_iter().enumerate().try_for_each(
        |(integration, (images, (background, noise)))| {
            let records = Records { background, noise };
            let dq = quality
                .as_ref()
                .map(|dq| dq.index_axis(Axis(0), integration));
            clean_integration(job, integration, images, dq, records)
        },
    );
    let restored = match (&done, backup) {
        (Err(_), Some(backup)) => backup,
        _ => data,
    };
    put_data(&mut exposure, restored);
    match done {
        Ok(()) => {}
        Err(CleanError::NoBackground) => {
            return Ok(failed(exposure, CleanError::NoBackground.to_string()));
        }
        Err(error) => return Err(StepError::algorithm(error)),
    }
    let meta = exposure.meta();
    let kept = [("flicker_bkg", background), ("flicker_noise", noise)];
    intermediates.extend(
        kept.into_iter()
            .filter_map(|(suffix, data)| Some((suffix, IntermediateModel::new(meta, data?)))),
    );
    Ok(Outcome::Complete(WithIntermediates {
        exposure,
        intermediates,
    }))
}

/// Takes the images out of an exposure.
fn take_data(exposure: &mut ExposureModel) -> ArrayD<f32> {
    match exposure {
        ExposureModel::Ramp(ramp) => std::mem::take(&mut ramp.data).into_dyn(),
        ExposureModel::Rate(rate) => match &mut **rate {
            RateModel::Image(image) => std::mem::take(&mut image.data).into_dyn(),
            RateModel::Cube(cube) => std::mem::take(&mut cube.data).into_dyn(),
        },
    }
}

/// Puts the images back, which have the dimensions that they had.
fn put_data(exposure: &mut ExposureModel, data: ArrayD<f32>) {
    const SAME: &str = "the images have the dimensions that they were taken out with";
    match exposure {
        ExposureModel::Ramp(ramp) => ramp.data = data.into_dimensionality().expect(SAME),
        ExposureModel::Rate(rate) => match &mut **rate {
            RateModel::Image(image) => image.data = data.into_dimensionality().expect(SAME),
            RateModel::Cube(cube) => cube.data = data.into_dimensionality().expect(SAME),
        },
    }
}

/// The images of each integration, `(group, row, column)`; rates have one group.
fn planes(data: &mut ArrayD<f32>) -> Vec<ArrayViewMut3<'_, f32>> {
    let dimensions = data.ndim();
    let mut view = data.view_mut();
    for _ in dimensions..4 {
        // Before the rows: first as the group, then as the integration.
        let axis = Axis(view.ndim() - 2);
        view = view.insert_axis(axis);
    }
    let view = view.into_dimensionality::<ndarray::Ix4>();
    view.map(|view| {
        let (count, groups, rows, columns) = view.dim();
        let mut parts = Vec::with_capacity(count);
        let mut rest = view;
        for _ in 0..count {
            let (first, others) = rest.split_at(Axis(0), 1);
            debug_assert_eq!(first.dim(), (1, groups, rows, columns));
            parts.push(first.index_axis_move(Axis(0), 0));
            rest = others;
        }
        parts
    })
    .unwrap_or_default()
}

fn split(data: Option<&mut ArrayD<f32>>, count: usize) -> Vec<Option<ArrayViewMut3<'_, f32>>> {
    match data {
        Some(data) => planes(data).into_iter().map(Some).collect(),
        None => (0..count).map(|_| None).collect(),
    }
}

/// Cleans the images of an integration, `(group, row, column)`.
///
/// Without a median image, differences of successive groups are cleaned and added up again from the first group on,
/// which stays as it is; an only image is cleaned as it is.
fn clean_integration(
    job: &Job<'_>,
    integration: usize,
    mut images: ArrayViewMut3<'_, f32>,
    dq: Option<ArrayView3<'_, u8>>,
    mut records: Records<'_>,
) -> Result<(), CleanError> {
    let plane = if job.mask.by_integration {
        integration
    } else {
        0
    };
    let scene = job.mask.planes.index_axis(Axis(0), plane);
    let differences = dq.is_some() && job.median.is_none();
    let first = usize::from(differences);
    let groups = images.len_of(Axis(0));
    let scenes: Vec<Option<Array2<f32>>> = (first..groups)
        .map(|group| job.median.map(|median| median.of(integration, group)))
        .collect();
    let cleaned = (first..groups)
        .into_par_iter()
        .zip(&scenes)
        .map(|(group, median)| {
            let mut image = images.index_axis(Axis(0), group).to_owned();
            let mut mask = scene.to_owned();
            match (median, &dq) {
                (Some(median), _) => image -= median,
                (None, Some(dq)) => {
                    image -= &images.index_axis(Axis(0), group - 1);
                    let bits = group::DO_NOT_USE | group::JUMP_DET;
                    mask_flagged(mask.view_mut(), dq.index_axis(Axis(0), group), bits);
                }
                (None, None) => {}
            }
            let cleaned = job.cleaner.clean(image.view_mut(), mask.view_mut())?;
            Ok((image, cleaned))
        })
        .collect::<Result<Vec<_>, CleanError>>()?;
    if let Some(noise) = &mut records.noise {
        noise.assign(&images);
    }
    for ((group, (mut image, cleaned)), median) in (first..groups).zip(cleaned).zip(scenes) {
        match cleaned {
            Cleaned::NoData => {
                tracing::warn!(
                    "No usable data in integration {}, group {}. Skipping correction for this image.",
                    integration + 1,
                    group + 1 - first
                );
                continue;
            }
            Cleaned::Done(background) => {
                if let Some(records) = &mut records.background {
                    keep_background(
                        records.index_axis_mut(Axis(0), group),
                        &background,
                        median.as_ref(),
                    );
                }
            }
        }
        if let Some(median) = &median {
            image += median;
        } else if differences {
            image += &images.index_axis(Axis(0), group - 1);
        }
        images.index_axis_mut(Axis(0), group).assign(&image);
    }
    if let Some(noise) = &mut records.noise {
        noise.zip_mut_with(&images, |noise, &value| *noise = value - *noise);
    }
    Ok(())
}

fn keep_background(
    to: ArrayViewMut2<'_, f32>,
    background: &BackgroundImage,
    median: Option<&Array2<f32>>,
) {
    match median {
        Some(median) => BackgroundImage::Image(median.clone()).fill(to),
        None => background.fill(to),
    }
}
