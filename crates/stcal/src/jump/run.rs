//! All stages one after another.

use ndarray::{ArrayView2, ArrayView4, ArrayViewMut2, ArrayViewMut4, Axis, s};

use super::error::JumpError;
use super::params::JumpParams;
use super::plan::{Hits, JumpPlan};
use super::shower::{ShowerInput, ShowerNoise, find_showers, flag_showers, showers_possible};
use super::snowball::{CoreMask, flag_cores_of_previous_integration, flag_snowballs};
use crate::flags::{GroupFlags, PixelFlags};
use crate::ranks::long_median;

/// Rows that are worked on at a time.
const BAND_ROWS: usize = 64;

/// The arrays of an exposure.
#[derive(Debug)]
pub struct Exposure<'a> {
    /// Signal, `(integration, group, row, column)` [DN]; not changed.
    pub ramp_dn: ArrayView4<'a, f32>,
    /// Quality of the samples, same shape; gains the jumps.
    pub group_dq: ArrayViewMut4<'a, u8>,
    /// Quality of the pixels, `(row, column)`; pixels without a usable gain are marked.
    pub pixel_dq: ArrayViewMut2<'a, u32>,
    /// Gain, `(row, column)` [e-/DN].
    pub gain_e_per_dn: ArrayView2<'a, f32>,
    /// Read noise of the difference of two frames, `(row, column)` [DN].
    pub read_noise_dn: ArrayView2<'a, f32>,
}

/// What was found in an exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JumpSummary {
    /// Samples with a jump before neighbours and later groups were flagged; `None`: too few usable groups.
    pub primary: Option<u64>,
    /// Snowballs, counted in each group; `None`: not searched.
    pub snowballs: Option<u64>,
    /// Showers; `None`: not searched.
    pub showers: Option<u64>,
}

impl JumpSummary {
    /// The number of primary jumps that the reference package reports: -99 for too few usable groups.
    pub fn reported_primary(&self) -> i64 {
        self.primary.map_or(-99, |count| count as i64)
    }

    /// The number of extended events that the reference package reports.
    ///
    /// Parity: stcal 1.20.0 `jump/jump.py::detect_jumps_data`: the number of showers replaces that of snowballs.
    pub fn reported_extended(&self) -> u64 {
        self.showers.or(self.snowballs).unwrap_or(0)
    }
}

/// Marks pixels whose gain is NaN, zero or negative: they have no gain value and are not to be used.
///
/// # Errors
/// [`JumpError::Shape`] if the shapes differ.
///
/// # Source
/// stcal 1.20.0 `jump/jump.py::setup_pdq`.
pub fn flag_bad_gain(
    mut pixel_dq: ArrayViewMut2<'_, u32>,
    gain_e_per_dn: ArrayView2<'_, f32>,
    flags: PixelFlags,
) -> Result<(), JumpError> {
    JumpError::check("the gain", pixel_dq.shape(), gain_e_per_dn.shape())?;
    pixel_dq.zip_mut_with(&gain_e_per_dn, |dq, gain| {
        if gain.is_nan() || *gain <= 0.0 {
            *dq |= flags.no_gain_value | flags.do_not_use;
        }
    });
    Ok(())
}

/// Detects the jumps of an exposure, all stages in turn on one thread.
///
/// # Errors
/// [`JumpError::Shape`] if the arrays do not agree, [`JumpError::TooFewGroups`] for a single group; nothing has been
/// modified then.
///
/// # Example
/// A ramp of one pixel with a jump before its fourth group:
/// ```
/// use ndarray::{Array2, Array4};
/// use stcal::flags::{GroupFlags, PixelFlags};
/// use stcal::jump::*;
///
/// let signal = vec![0.0, 10.0, 20.0, 530.0, 540.0, 550.0];
/// let ramp = Array4::from_shape_vec((1, 6, 1, 1), signal).unwrap();
/// let mut group_dq = Array4::<u8>::zeros((1, 6, 1, 1));
/// let mut pixel_dq = Array2::<u32>::zeros((1, 1));
/// let (gain, read_noise) = (Array2::from_elem((1, 1), 1.0), Array2::from_elem((1, 1), 5.0));
/// let detection = DetectionParams {
///     rejection_threshold: 4.0,
///     four_group_rejection_threshold: 5.0,
///     three_group_rejection_threshold: 6.0,
///     frames_per_group: 1,
///     min_diffs_single_pass: 10,
///     minimum_groups: 3,
///     minimum_sigma_clip_groups: 100,
///     sigma_clip_groups: SigmaClipGroups::AcrossIntegrations,
///     neighbours: Some(NeighbourWindow { min_sigma: 10.0, max_sigma: 1000.0 }),
///     after_jump: [AfterJump { amplitude_dn: 0.0, groups: 0 }; 2],
/// };
/// let params = JumpParams { detection, snowballs: None, showers: None };
/// let exposure = Exposure {
///     ramp_dn: ramp.view(),
///     group_dq: group_dq.view_mut(),
///     pixel_dq: pixel_dq.view_mut(),
///     gain_e_per_dn: gain.view(),
///     read_noise_dn: read_noise.view(),
/// };
/// let found = detect_jumps(exposure, &params, GroupFlags::default(), PixelFlags::default()).unwrap();
/// assert_eq!(found.primary, Some(1));
/// assert_eq!(group_dq.into_raw_vec_and_offset().0, [0, 0, 0, 4, 0, 0]);
/// ```
///
/// # Source
/// stcal 1.20.0 `jump/jump.py::detect_jumps_data`.
pub fn detect_jumps(
    exposure: Exposure<'_>,
    params: &JumpParams,
    flags: GroupFlags,
    pixel_flags: PixelFlags,
) -> Result<JumpSummary, JumpError> {
    let Exposure {
        ramp_dn,
        mut group_dq,
        mut pixel_dq,
        gain_e_per_dn,
        read_noise_dn,
    } = exposure;
    let (_, _, rows, columns) = ramp_dn.dim();
    JumpError::check("the group quality", ramp_dn.shape(), group_dq.shape())?;
    JumpError::check("the pixel quality", &[rows, columns], pixel_dq.shape())?;
    JumpError::check("the gain", &[rows, columns], gain_e_per_dn.shape())?;
    JumpError::check("the read noise", &[rows, columns], read_noise_dn.shape())?;
    let plan = JumpPlan::new(
        &params.detection,
        flags,
        group_dq.view(),
        || {
            let gain = gain_e_per_dn.as_standard_layout();
            long_median(gain.as_slice().unwrap_or_default())
        },
        params.showers.is_some(),
    )?;
    flag_bad_gain(pixel_dq.view_mut(), gain_e_per_dn, pixel_flags)?;

    let bands = || {
        (0..rows)
            .step_by(BAND_ROWS)
            .map(|first| first..rows.min(first + BAND_ROWS))
    };
    let mut found = Vec::new();
    for band in bands() {
        found.push(plan.detect_band(
            ramp_dn.slice(s![.., .., band.clone(), ..]),
            group_dq.slice_mut(s![.., .., band.clone(), ..]),
            gain_e_per_dn.slice(s![band.clone(), ..]),
            read_noise_dn.slice(s![band, ..]),
        )?);
    }
    let mut hits = Hits::join(found)?;
    hits.release_full_groups(&plan, group_dq.view_mut());
    for band in bands() {
        plan.follow_band(
            group_dq.slice_mut(s![.., .., band.clone(), ..]),
            band.start,
            &hits,
        )?;
    }
    let input = ShowerInput {
        ramp_dn,
        pixel_dq: pixel_dq.view(),
        gain_e_per_dn,
        read_noise_dn,
        hits: &hits,
        flags,
        pixel_flags,
        params: match &params.showers {
            Some(showers) => showers,
            None => {
                return Ok(JumpSummary {
                    primary: hits.primary,
                    snowballs: snowballs(&mut group_dq, params, flags),
                    showers: None,
                });
            }
        },
    };
    Ok(JumpSummary {
        primary: hits.primary,
        snowballs: snowballs(&mut group_dq, params, flags),
        showers: Some(showers(&input, &mut group_dq, bands())?),
    })
}

/// Flags the snowballs of all integrations, and in each the cores of the one before.
fn snowballs(
    group_dq: &mut ArrayViewMut4<'_, u8>,
    params: &JumpParams,
    flags: GroupFlags,
) -> Option<u64> {
    let params = params.snowballs.as_ref()?;
    let masked = params
        .saturated_core
        .as_ref()
        .map_or(0, |core| core.groups_masked_next_integration);
    let mut count = 0;
    let mut before = CoreMask::default();
    for mut integration in group_dq.outer_iter_mut() {
        let found = flag_snowballs(integration.view_mut(), params, flags);
        flag_cores_of_previous_integration(integration, &before, masked, flags.jump);
        count += found.count as u64;
        before = found.cores;
    }
    Some(count)
}

/// Flags the showers of all integrations.
fn showers(
    input: &ShowerInput<'_>,
    group_dq: &mut ArrayViewMut4<'_, u8>,
    bands: impl Iterator<Item = std::ops::Range<usize>>,
) -> Result<u64, JumpError> {
    if !showers_possible(group_dq.view(), input.flags.do_not_use) {
        return Ok(0);
    }
    let noise = bands
        .map(|band| ShowerNoise::of_band(input, group_dq.view(), band))
        .collect::<Result<Vec<_>, _>>()?;
    let noise = ShowerNoise::join(noise)?;
    let mut count = 0;
    for (integration, mut group_dq) in group_dq.outer_iter_mut().enumerate() {
        let groups = 0..group_dq.len_of(Axis(0));
        let found = find_showers(input, &noise, group_dq.view(), integration, groups)?;
        count += found.iter().map(|group| group.len() as u64).sum::<u64>();
        flag_showers(input, group_dq.view_mut(), integration, &found)?;
    }
    Ok(count)
}
