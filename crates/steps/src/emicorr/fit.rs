//! The two algorithms on a ramp, over the thread pool.

use datamodels::RampModel;
use datamodels::reference::EmiCase;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis, s};
use rayon::slice::ParallelSlice;
use stcal::emicorr::joint::{self, Fitted, PhaseSums};
use stcal::emicorr::sequential::{self, Schedule, Template};
use stcal::emicorr::{EmiError, Outputs, Timing, Waveform};
use stpipe::StepError;

use super::EmicorrParams;
use super::readout::Readout;
use crate::bands;
use crate::median::median;

/// Removes known waves, one after the other, each by a fit of its amplitude and phase together with the ramps.
pub(super) fn joint(
    ramp: &mut RampModel,
    case: &EmiCase,
    readout: &Readout,
    each_integration: bool,
) -> Result<(), StepError> {
    for wave in &case.waves {
        let shape = Waveform::new(&wave.amplitudes).map_err(StepError::algorithm)?;
        let period = Readout::period(wave.frequency_hz);
        let timing =
            Timing::new(readout.clock, readout.samples, period).map_err(StepError::algorithm)?;
        let fitted =
            fit(ramp, &shape, &timing, readout, each_integration).map_err(StepError::algorithm)?;
        if fitted.iter().all(|fitted| fitted.amplitude == 0.0) {
            tracing::warn!(
                "No amplitude of {} could be fitted: no pixel is usable, or the wave is in phase with the groups",
                wave.name
            );
        }
        each_group(ramp, |(integration, group), image| {
            joint::subtract(
                image,
                group,
                &fitted[integration],
                (&shape, &timing, &readout.outputs),
            )
        })?;
    }
    Ok(())
}

/// Amplitude and phase in each integration.
fn fit(
    ramp: &RampModel,
    wave: &Waveform,
    timing: &Timing,
    readout: &Readout,
    each_integration: bool,
) -> Result<Vec<Fitted>, EmiError> {
    let (integrations, groups, rows, columns) = ramp.data.dim();
    let mut scatter = Array3::zeros((integrations, rows, columns));
    ramp.data
        .axis_iter(Axis(0))
        .into_par_iter()
        .zip(scatter.axis_iter_mut(Axis(0)))
        .try_for_each(|(data, mut scatter)| {
            let data = data.axis_chunks_iter(Axis(1), bands::ROWS).into_par_iter();
            let scatter = scatter
                .axis_chunks_iter_mut(Axis(0), bands::ROWS)
                .into_par_iter();
            data.zip(scatter)
                .try_for_each(|(data, scatter)| joint::scatter(data, scatter))
        })?;
    let weights = select_pixels(scatter, &ramp.pixeldq.view())?;
    let sums = sums_by_phase(ramp, &weights, (wave, timing), &readout.outputs)?;
    let trials = (0..joint::TRIALS)
        .into_par_iter()
        .map(|trial| joint::trial(wave, timing, &sums, trial));
    let trials: Vec<_> = trials.collect();
    Ok(joint::fit(&trials, timing, groups, each_integration))
}

/// Weights of the pixels of all integrations, from their scatter.
fn select_pixels(
    mut scatter: Array3<f32>,
    pixel_dq: &ArrayView2<'_, u32>,
) -> Result<Array3<f32>, EmiError> {
    let (pixels, (median_dn, numbers)) = (
        scatter.len(),
        median(scatter.as_slice().unwrap_or_default()),
    );
    let limit_dn = joint::scatter_limit(median_dn, numbers, pixels);
    scatter
        .axis_iter_mut(Axis(0))
        .into_par_iter()
        .try_for_each(|scatter| joint::select_pixels(scatter, limit_dn, *pixel_dq))?;
    Ok(scatter)
}

/// The sums of each integration.
fn sums_by_phase(
    ramp: &RampModel,
    weights: &Array3<f32>,
    (wave, timing): (&Waveform, &Timing),
    outputs: &Outputs,
) -> Result<Vec<PhaseSums>, EmiError> {
    let (integrations, groups, rows, columns) = ramp.data.dim();
    let intervals = joint::intervals(timing, wave);
    let ones = Array2::ones((rows, columns));
    // One image more than there are groups counts the pixels.
    let sums = (0..integrations * (groups + 1))
        .into_par_iter()
        .with_max_len(1)
        .map(|task| {
            let (i, group) = (task / (groups + 1), task % (groups + 1));
            let image = if group == groups {
                ones.view()
            } else {
                ramp.data.slice(s![i, group, .., ..])
            };
            let weights = weights.index_axis(Axis(0), i);
            joint::sum_by_phase(image, weights, &intervals, outputs, wave)
        });
    let sums: Vec<Vec<f64>> = sums.collect::<Result<_, _>>()?;
    sums.par_chunks(groups + 1)
        .map(|sums| PhaseSums::new(sums[groups].clone(), &sums[..groups]))
        .collect()
}

/// Removes waves by folding what straight ramps leave; gives back the folded waves.
pub(super) fn sequential(
    ramp: &mut RampModel,
    case: &EmiCase,
    readout: &Readout,
    params: &EmicorrParams,
) -> Result<Vec<Vec<f64>>, StepError> {
    let (integrations, groups, _, _) = ramp.data.dim();
    let mut wanted = params.nints_to_phase;
    let mut found = Vec::new();
    for (i, wave) in case.waves.iter().enumerate() {
        tracing::info!(
            "Correcting for frequency: {} Hz  ({} out of {})",
            wave.frequency_hz,
            i + 1,
            case.waves.len()
        );
        let period = Readout::period(wave.frequency_hz);
        let timing =
            Timing::new(readout.clock, readout.samples, period).map_err(StepError::algorithm)?;
        let schedule = Schedule {
            timing: &timing,
            groups,
            last_sample_delay: readout.last_sample_delay,
        };
        // Parity: jwst emicorr/emicorr.py finds the number for the first frequency, and keeps it for the others.
        let number = *wanted.get_or_insert_with(|| match params.use_n_cycles {
            None => integrations as i64,
            Some(cycles) => {
                (cycles as f64 * period / (case.frame_clocks * groups as f64)).ceil() as i64
            }
        });
        let folded = fold(
            ramp,
            leading(number, integrations),
            &schedule,
            readout,
            params.nbins,
        )
        .map_err(StepError::algorithm)?;
        let template = Template {
            values: &wave.amplitudes,
            scale: params.scale_reference,
        };
        let template = (!wave.amplitudes.is_empty()).then_some(template);
        let table =
            sequential::lookup_table(&folded, period, template).map_err(StepError::algorithm)?;
        each_group(ramp, |place, image| {
            sequential::subtract(image, place, &table, &schedule, &readout.outputs)
        })?;
        found.push(folded);
    }
    Ok(found)
}

/// How many of the integrations `number` means: a negative one leaves out as many at the end.
fn leading(number: i64, integrations: usize) -> usize {
    let count = integrations as i64;
    if number < 0 {
        (count + number).max(0) as usize
    } else {
        number.min(count) as usize
    }
}

/// The wave in the residuals of the leading integrations.
fn fold(
    ramp: &RampModel,
    integrations: usize,
    schedule: &Schedule<'_>,
    readout: &Readout,
    bins: Option<i64>,
) -> Result<Vec<f64>, EmiError> {
    let bins = sequential::bins(schedule.timing.period(), bins)?;
    let (rows, samples) = readout.samples;
    let mut residuals = Vec::with_capacity(integrations);
    for data in ramp.data.outer_iter().take(integrations) {
        let mut residual = Array3::<f32>::zeros((schedule.groups, rows, samples));
        let data = data.axis_chunks_iter(Axis(1), bands::ROWS).into_par_iter();
        let out = residual
            .axis_chunks_iter_mut(Axis(1), bands::ROWS)
            .into_par_iter();
        data.zip(out)
            .try_for_each(|(data, out)| sequential::residuals(data, out, &readout.outputs))?;
        residual
            .outer_iter_mut()
            .into_par_iter()
            .for_each(sequential::level);
        residuals.push(residual);
    }
    let views: Vec<ArrayView3<'_, f32>> = residuals.iter().map(|array| array.view()).collect();
    sequential::fold(&views, schedule, bins)
}

/// Applies a function to the image of every group, with the numbers of integration and group.
fn each_group(
    ramp: &mut RampModel,
    change: impl Fn((usize, usize), ndarray::ArrayViewMut2<'_, f32>) -> Result<(), EmiError> + Sync,
) -> Result<(), StepError> {
    let integrations = ramp.data.axis_iter_mut(Axis(0)).into_par_iter().enumerate();
    integrations
        .try_for_each(|(i, mut integration)| {
            let groups = integration
                .axis_iter_mut(Axis(0))
                .into_par_iter()
                .enumerate();
            groups.try_for_each(|(group, image)| change((i, group), image))
        })
        .map_err(StepError::algorithm)
}
