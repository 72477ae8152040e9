//! Exposures that are resampled before they are compared.

use datamodels::library::{Exposure, Library, Plane, Stash, Variance};
use datamodels::models::ResampledModel;
use drizzle::{BlotSettings, Interpolation, PixelMap, blot};
use ndarray::{Array2, Axis, Zip, s};
use rayon::prelude::*;
use stcal::outlier_detection::{Compared, Thresholds, flag_resampled, weight_threshold};
use stpipe::{StepError, give_back};

use super::intermediate::Intermediates;
use super::quality::{OUTLIER, flag_rows, settle};
use super::stack::Stack;
use super::{OutlierDetectionParams, OutliersFlagged};
use crate::bands;
use crate::good_bits::bad_bits;
use crate::resample::{
    Maps, OutputGrid, Planes, ResampleInput, ResampleParams, Resampler, Settings, WeightKind,
};

/// How many rows above and below tell whether a pixel is an outlier: those of its neighbours, and their neighbours for the
/// derivative.
const REACH: usize = 2;

/// Flags the outliers of all exposures.
pub(super) fn flag(
    params: &OutlierDetectionParams,
    mut library: Library,
) -> Result<OutliersFlagged, StepError> {
    let thresholds = params.thresholds()?;
    let resample = ResampleParams {
        kernel: params.kernel.clone(),
        pixfrac: params.pixfrac,
        fillval: params.fillval.clone(),
        weight_type: Some(params.weight_type.clone()),
        pixmap_stepsize: params.pixmap_stepsize,
        pixmap_order: params.pixmap_order,
        enable_ctx: false,
        enable_err: false,
        report_var: false,
        ..ResampleParams::default()
    };
    let settings = resample.settings()?;
    let grid = OutputGrid::for_library(&library, &resample.grid()?)?;
    let mut intermediates = Intermediates::new(&library, params.save_intermediate_results);
    let median = median(params, &library, &grid, &settings, &mut intermediates)?;
    // Two exposures at a time: while one of them begins or ends, threads have the other to work on.
    let together = library.at_once().min(2);
    for start in (0..library.len()).step_by(together) {
        let indices = start..(start + together).min(library.len());
        let maps = maps(&library, &grid, &settings);
        let flagged = indices.clone().into_par_iter().map(|index| {
            let blotted = blotted(&median, &maps, index)?;
            let exposure = &library.exposures()[index];
            let dq = flag_exposure(exposure, library.stash(), &blotted, thresholds)?;
            Ok((blotted, dq))
        });
        let flagged = flagged.collect::<Result<Vec<_>, StepError>>()?;
        for (index, (blotted, dq)) in indices.zip(flagged) {
            intermediates.push_blot(&library.exposures()[index], &blotted)?;
            library.stash().put_by_image(Plane::from(blotted));
            settle(&mut library.exposures_mut()[index], dq)?;
        }
    }
    let intermediate = intermediates.finish();
    Ok(OutliersFlagged {
        library,
        intermediate,
    })
}

/// The maps of the exposures: they serve the resampling of groups, the way back, and the mosaic.
fn maps<'a>(library: &'a Library, grid: &'a OutputGrid, settings: &Settings) -> Maps<'a> {
    Maps {
        library,
        grid: &grid.wcs,
        options: settings.map,
        keep: true,
    }
}

/// The median of the groups of exposures.
fn median(
    params: &OutlierDetectionParams,
    library: &Library,
    grid: &OutputGrid,
    settings: &Settings,
    intermediates: &mut Intermediates,
) -> Result<Array2<f32>, StepError> {
    let bad = bad_bits("good_bits", &params.good_bits)?.unwrap_or(0);
    let groups = library.groups();
    let mut stack = Stack::new(library.scratch(), groups.len(), grid.shape)?;
    let regions: Vec<String> = (library.exposures().iter())
        .map(|exposure| {
            exposure
                .meta
                .text("meta.wcsinfo.s_region")
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    let resampled = |members: &[usize], room: Option<Room>| {
        tracing::info!("{} exposures to drizzle together", members.len());
        let mut resampler = Resampler::new(grid.clone(), settings.clone());
        if let Some(Room { values, weights }) = room {
            resampler = resampler.within(values, weights);
        }
        for &member in members {
            let mut input = input(library, member, settings.weight, bad)?;
            let maps = maps(library, grid, settings);
            let planes = maps.of(member)?;
            resampler.add_mapped(&mut input, &planes)?;
            input.put_by(library.stash());
            maps.put_by(planes);
        }
        resampler.finish(&regions)
    };
    // An image is put on the stack while the next one is resampled, in the memory of the one before.
    let mut done: Option<ResampledModel> = None;
    let mut room = None;
    for (_, members) in &groups {
        let (mut stacked, before) = (Ok(None), done.take());
        let next = rayon::in_place_scope(|scope| {
            scope.spawn(|_| {
                let stacking = before.map(|image| put_on(&mut stack, image, params));
                stacked = stacking.transpose();
            });
            resampled(members, room.take())
        });
        room = stacked?;
        let next = next?;
        intermediates.push_resampled(&library.exposures()[members[0]], &next)?;
        done = Some(next);
    }
    drop(room);
    if let Some(image) = done {
        put_on(&mut stack, image, params)?;
    }
    let median = stack.median()?;
    give_back(stack);
    intermediates.push_median(&median)?;
    Ok(median)
}

/// Arrays of a resampled image that is not needed any more.
struct Room {
    values: Array2<f32>,
    weights: Array2<f32>,
}

/// Puts the pixels of a resampled image that have enough weight on the stack.
fn put_on(
    stack: &mut Stack,
    image: ResampledModel,
    params: &OutlierDetectionParams,
) -> Result<Room, StepError> {
    let (mut values, weights) = (image.data, image.wht);
    let threshold = weight_threshold(weights.as_slice().unwrap_or_default(), params.maskpt) as f32;
    Zip::from(&mut values)
        .and(&weights)
        .par_for_each(|value, &weight| {
            *value = if weight < threshold { f32::NAN } else { *value };
        });
    stack.push(&values)?;
    Ok(Room { values, weights })
}

/// An exposure as the resampler takes it, with the bits that are bad here.
fn input(
    library: &Library,
    member: usize,
    kind: WeightKind,
    bad: u32,
) -> Result<ResampleInput<'_>, StepError> {
    let (exposure, stash) = (&library.exposures()[member], library.stash());
    let open = exposure
        .open_arrays_in(stash)
        .map_err(StepError::algorithm)?;
    let mut input = ResampleInput::without_arrays(exposure)?;
    let mut bad = bad;
    if kind == WeightKind::InverseVariance {
        let noise = open.variance_with_hidden(Variance::ReadNoise);
        input.variances[0] = noise.map_err(StepError::algorithm)?;
        bad |= exposure.hidden_bits();
    }
    let dq = open.dq_rows().map_err(StepError::algorithm)?;
    let room = stash.image(exposure.shape());
    input.weights = Some(input.weights_unless(kind, bad, &dq, room)?);
    // It was for the weights only.
    if let Some(noise) = input.variances[0].take() {
        stash.put_by_image(noise);
    }
    input.data = open.data().map_err(StepError::algorithm)?;
    Ok(input)
}

/// The median at the pixels of an exposure; NaN beyond its borders.
fn blotted(median: &Array2<f32>, maps: &Maps<'_>, index: usize) -> Result<Array2<f32>, StepError> {
    let map = maps.rows_of(index)?;
    let shape = maps.library.exposures()[index].shape();
    let mut blotted = maps.library.stash().image(shape);
    let (rows, columns) = median.dim();
    tracing::info!("Blotting {shape:?} <-- ({rows}, {columns})");
    let settings = BlotSettings {
        interpolation: Interpolation::Linear,
        fill: f32::NAN,
        ..BlotSettings::default()
    };
    let parts = blotted
        .axis_chunks_iter_mut(Axis(0), bands::ROWS)
        .into_par_iter();
    parts
        .enumerate()
        .try_for_each_init(Planes::default, |planes, (number, part)| {
            let first = number * bands::ROWS;
            planes.reshape(part.dim());
            map.read(first..first + part.nrows(), planes)?;
            // Beyond the border of the median, too.
            for plane in [&mut planes.x, &mut planes.y] {
                plane.mapv_inplace(|at| if at.is_nan() { -1.0 } else { at });
            }
            let map = PixelMap::new(planes.x.view(), planes.y.view());
            let map = map.map_err(StepError::algorithm)?;
            blot(median.view(), &map, &settings, part)
                .map(|_| ())
                .map_err(StepError::algorithm)
        })?;
    Ok(blotted)
}

/// The quality of an exposure with its outliers.
fn flag_exposure(
    exposure: &Exposure,
    stash: &Stash,
    blotted: &Array2<f32>,
    mut thresholds: Thresholds,
) -> Result<Array2<u32>, StepError> {
    let open = exposure
        .open_arrays_in(stash)
        .map_err(StepError::algorithm)?;
    let subtracted = exposure.meta.flag("meta.background.subtracted");
    if let (Some(level), Some(false)) = (exposure.meta.number("meta.background.level"), subtracted)
    {
        tracing::debug!("Adding background level {level} to blotted image");
        thresholds.background = level as f32;
    }
    let (dq, count) = flag_rows(exposure, &open, REACH, |rows, mut dq| {
        let compared = Compared {
            data: rows.data,
            err: rows.err,
            blot: blotted.slice(s![rows.around.clone(), ..]),
        };
        let mut outliers = Array2::from_elem(dq.dim(), false);
        let count = flag_resampled(&compared, &thresholds, rows.inner(), outliers.view_mut());
        Zip::from(&mut dq).and(&outliers).for_each(|dq, outlier| {
            *dq |= u32::from(*outlier) * OUTLIER;
        });
        count.map_err(StepError::algorithm)
    })?;
    tracing::info!("{count} pixels marked as outliers");
    Ok(dq)
}
