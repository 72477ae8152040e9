//! The stages of jump detection, spread over the thread pool.

use datamodels::RampModel;
use ndarray::parallel::prelude::*;
use ndarray::{ArrayView4, ArrayViewMut, ArrayViewMut4, Axis, s};
use rayon::slice::ParallelSlice;
use stcal::jump::{
    CoreExtension, FreshSaturation, Hits, JumpError, JumpParams, JumpPlan, JumpSummary,
    SaturatedCores, ShowerInput, ShowerNoise, SnowballParams, find_showers, flag_bad_gain,
    flag_cores_of_previous_integration, flag_group, flag_showers, showers_possible,
};

use super::JumpReferences;
use crate::median::median;
use crate::{bands, flags};

/// Detects jumps; the same stages as [`stcal::jump::detect_jumps`], with bands and integrations in parallel.
pub(super) fn detect(
    ramp: &mut RampModel,
    references: &JumpReferences,
    params: &JumpParams,
) -> Result<JumpSummary, JumpError> {
    let gain = &references.gain.gain_e_per_dn;
    let read_noise = &references.read_noise.read_noise_dn;
    let showers_wanted = params.showers.is_some();
    let plan = JumpPlan::new(
        &params.detection,
        flags::GROUP,
        ramp.groupdq.view(),
        || median(gain.as_slice().unwrap_or_default()).0 as f32,
        showers_wanted,
    )?;
    let pixel_dq = ramp
        .pixeldq
        .axis_chunks_iter_mut(Axis(0), bands::ROWS)
        .into_par_iter();
    pixel_dq
        .zip(gain.axis_chunks_iter(Axis(0), bands::ROWS))
        .try_for_each(|(pixel_dq, gain)| flag_bad_gain(pixel_dq, gain, flags::PIXEL))?;
    let hits = primary(ramp, references, &plan)?;
    let snowballs = params
        .snowballs
        .as_ref()
        .map(|params| snowballs(ramp.groupdq.view_mut(), params))
        .transpose()?;
    let showers = match &params.showers {
        None => None,
        Some(params) => {
            let input = ShowerInput {
                ramp_dn: ramp.data.view(),
                pixel_dq: ramp.pixeldq.view(),
                gain_e_per_dn: gain.view(),
                read_noise_dn: read_noise.view(),
                hits: &hits,
                flags: flags::GROUP,
                pixel_flags: flags::PIXEL,
                params,
            };
            Some(showers(&input, ramp.groupdq.view_mut())?)
        }
    };
    let primary = hits.primary;
    stpipe::give_back(hits);
    Ok(JumpSummary {
        primary,
        snowballs,
        showers,
    })
}

/// Jumps of single pixels, their neighbours and the groups after them.
fn primary(
    ramp: &mut RampModel,
    references: &JumpReferences,
    plan: &JumpPlan,
) -> Result<Hits, JumpError> {
    let data = ramp
        .data
        .axis_chunks_iter(Axis(2), bands::ROWS)
        .into_par_iter();
    let dq = ramp
        .groupdq
        .axis_chunks_iter_mut(Axis(2), bands::ROWS)
        .into_par_iter();
    let gain = references
        .gain
        .gain_e_per_dn
        .axis_chunks_iter(Axis(0), bands::ROWS)
        .into_par_iter();
    let noise = references
        .read_noise
        .read_noise_dn
        .axis_chunks_iter(Axis(0), bands::ROWS)
        .into_par_iter();
    let found = data
        .zip(dq)
        .zip(gain.zip(noise))
        .with_max_len(1)
        .map(|((data, dq), (gain, noise))| plan.detect_band(data, dq, gain, noise))
        .collect::<Result<Vec<_>, _>>()?;
    let mut hits = Hits::join(found)?;
    hits.release_full_groups(plan, ramp.groupdq.view_mut());
    let dq = ramp
        .groupdq
        .axis_chunks_iter_mut(Axis(2), bands::ROWS)
        .into_par_iter();
    dq.enumerate()
        .with_max_len(1)
        .try_for_each(|(band, dq)| plan.follow_band(dq, band * bands::ROWS, &hits))?;
    Ok(hits)
}

/// Snowballs of all integrations, each group by itself; the cores of an integration are flagged in the next.
fn snowballs(
    mut group_dq: ArrayViewMut4<'_, u8>,
    params: &SnowballParams,
) -> Result<u64, JumpError> {
    let groups = group_dq.len_of(Axis(1));
    let cores = match &params.saturated_core {
        Some(core) => Some(saturated_cores(&group_dq.view(), params, core)?),
        None => None,
    };
    let planes: Vec<_> = group_dq
        .outer_iter_mut()
        .flat_map(ArrayViewMut::into_outer_iter_mut)
        .collect();
    let counts = planes
        .into_par_iter()
        .enumerate()
        .with_max_len(1)
        .map(|(index, plane)| {
            let (integration, group) = (index / groups, index % groups);
            let cores = cores.as_ref().map(|cores| &cores[integration]);
            flag_group(plane, group, cores, params, flags::GROUP)
        })
        .collect::<Result<Vec<_>, _>>()?;
    if let (Some(cores), Some(core)) = (&cores, &params.saturated_core) {
        let masked = core.groups_masked_next_integration;
        for (integration, before) in group_dq.outer_iter_mut().skip(1).zip(cores) {
            let (mask, jump) = (before.mask(), flags::GROUP.jump);
            flag_cores_of_previous_integration(integration, mask, masked, jump);
        }
    }
    Ok(counts.iter().map(|count| *count as u64).sum())
}

/// The saturated cores of each integration.
fn saturated_cores(
    group_dq: &ArrayView4<'_, u8>,
    params: &SnowballParams,
    core: &CoreExtension,
) -> Result<Vec<SaturatedCores>, JumpError> {
    let integrations = group_dq.axis_iter(Axis(0)).into_par_iter();
    integrations
        .map(|integration| {
            let bands = integration.axis_chunks_iter(Axis(1), bands::ROWS);
            let fresh: Vec<_> = bands
                .into_par_iter()
                .map(|band| FreshSaturation::of_band(band, flags::GROUP.saturated))
                .collect();
            let fresh = FreshSaturation::join(fresh)?;
            Ok(SaturatedCores::find(&fresh, params, core))
        })
        .collect()
}

/// Groups of an integration in which one task searches for showers.
const GROUPS_TOGETHER: usize = 4;

/// Showers of all integrations.
fn showers(input: &ShowerInput<'_>, mut group_dq: ArrayViewMut4<'_, u8>) -> Result<u64, JumpError> {
    if !showers_possible(group_dq.view(), input.flags.do_not_use) {
        return Ok(0);
    }
    let (integrations, groups, rows, _) = group_dq.dim();
    let starts: Vec<usize> = (0..rows).step_by(bands::ROWS).collect();
    let noise = starts
        .into_par_iter()
        .with_max_len(1)
        .map(|start| {
            ShowerNoise::of_band(input, group_dq.view(), start..rows.min(start + bands::ROWS))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let noise = ShowerNoise::join(noise)?;
    let parts: Vec<_> = (0..integrations)
        .flat_map(|integration| {
            let starts = (0..groups).step_by(GROUPS_TOGETHER);
            starts.map(move |start| (integration, start..groups.min(start + GROUPS_TOGETHER)))
        })
        .collect();
    let found = parts
        .into_par_iter()
        .with_max_len(1)
        .map(|(integration, groups)| {
            let view = group_dq.slice(s![integration, .., .., ..]);
            find_showers(input, &noise, view, integration, groups)
        })
        .collect::<Result<Vec<_>, _>>()?;
    let found: Vec<_> = found.into_iter().flatten().collect();
    group_dq
        .axis_iter_mut(Axis(0))
        .into_par_iter()
        .zip(found.par_chunks(groups))
        .enumerate()
        .try_for_each(|(integration, (group_dq, found))| {
            flag_showers(input, group_dq, integration, found)
        })?;
    stpipe::give_back(noise);
    Ok(found.iter().map(|group| group.len() as u64).sum())
}
