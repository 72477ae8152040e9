//! The fits under study.

use anyhow::Result;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, Array4, Axis, Ix2, Ix3, s};
use stcal::flags::{GroupFlags, PixelFlags};
use stcal::jump::{
    AfterJump, DetectionParams, Exposure, JumpParams, SigmaClipGroups, detect_jumps,
};
use stcal::ramp_fit::cas22::{Cas22Params, Cas22Plan, JumpThreshold, Resultants, fit_cas22_band};
use stcal::ramp_fit::{
    GroupWindow, LikelyFit, LikelyParams, LikelyPlan, OlsParams, OlsPlan, Ramp, RampTiming, Rates,
    ReadTimes, fit_likely_band, fit_ols_band,
};
use stcal::read_pattern::ReadPattern;

use super::simulate::{Detector, Ramps};

/// Rows that a thread works on.
const ROWS: usize = 8;

/// Rates and errors of an algorithm \[DN/s\].
#[derive(Debug)]
pub(crate) struct Fitted {
    pub(crate) algorithm: &'static str,
    pub(crate) slope: Array2<f32>,
    pub(crate) err: Array2<f32>,
}

/// Fits all ramps with all algorithms.
///
/// `OLS_C` and `LIKELY` get the flags of the jump step; `CAS22` looks for jumps itself.
pub(crate) fn fit_all(detector: &Detector, ramps: &Ramps) -> Result<[Fitted; 3]> {
    let shape = ramps.data_dn.dim();
    let image = (shape.2, shape.3);
    let gain = Array2::from_elem(image, detector.gain_e_per_dn as f32);
    let read_noise = Array2::from_elem(image, detector.read_noise_dn());
    let mut pixel_dq = Array2::zeros(image);
    let mut group_dq = Array4::zeros(shape);
    if ramps.with_jumps {
        let exposure = Exposure {
            ramp_dn: ramps.data_dn.view(),
            group_dq: group_dq.view_mut(),
            pixel_dq: pixel_dq.view_mut(),
            gain_e_per_dn: gain.view(),
            read_noise_dn: read_noise.view(),
        };
        let flags = (GroupFlags::default(), PixelFlags::default());
        detect_jumps(exposure, &jump_params(detector), flags.0, flags.1)?;
    }
    let ramp = Ramp {
        data_dn: ramps.data_dn.view(),
        group_dq: group_dq.view(),
        pixel_dq: pixel_dq.view(),
        read_noise_dn: read_noise.view(),
        gain_e_per_dn: gain.view(),
        zero_frame_dn: None,
        dark_rate: None,
    };
    Ok([
        ols(detector, &ramp)?,
        likely(detector, &ramp)?,
        cas22(detector, ramps)?,
    ])
}

/// The step's defaults, but for neighbours: the ramps beside a ramp here have nothing to do with it.
fn jump_params(detector: &Detector) -> JumpParams {
    let nothing = AfterJump {
        amplitude_dn: 0.0,
        groups: 0,
    };
    JumpParams {
        detection: DetectionParams {
            rejection_threshold: 4.0,
            four_group_rejection_threshold: 5.0,
            three_group_rejection_threshold: 6.0,
            frames_per_group: detector.frames_per_group as u32,
            min_diffs_single_pass: 10,
            minimum_groups: 3,
            minimum_sigma_clip_groups: 100,
            sigma_clip_groups: SigmaClipGroups::AcrossIntegrations,
            neighbours: None,
            after_jump: [nothing; 2],
        },
        snowballs: None,
        showers: None,
    }
}

fn timing(detector: &Detector) -> RampTiming {
    RampTiming {
        group_time_s: detector.group_time_s(),
        frame_time_s: detector.frame_time_s,
        frames_per_group: detector.frames_per_group as u32,
        group_gap: detector.group_gap as u32,
        dropped_frames: 0,
    }
}

fn ols(detector: &Detector, ramp: &Ramp<'_>) -> Result<Fitted> {
    let window = GroupWindow::all(detector.groups);
    let plan = OlsPlan::new(
        detector.groups,
        window,
        &timing(detector),
        OlsParams::default(),
    )?;
    let (count, _, rows, columns) = ramp.data_dn.dim();
    let mut exposure = Rates::zeros(Ix2(rows, columns));
    let mut each = Rates::zeros(Ix3(count, rows, columns));
    let targets = exposure.row_bands_mut(ROWS).into_iter();
    let targets: Vec<_> = targets.zip(each.row_bands_mut(ROWS)).collect();
    ramp.row_bands(ROWS)?
        .par_iter()
        .zip(targets)
        .try_for_each(|(band, (exposure, each))| {
            fit_ols_band(&plan, band, exposure, each).map(|_| ())
        })?;
    Ok(Fitted {
        algorithm: "OLS_C",
        slope: exposure.slope,
        err: exposure.err,
    })
}

fn likely(detector: &Detector, ramp: &Ramp<'_>) -> Result<Fitted> {
    let times = ReadTimes::even(detector.groups, &timing(detector));
    let plan = LikelyPlan::new(times, LikelyParams::default())?;
    let mut fit = LikelyFit::zeros(ramp);
    let targets = fit.exposure.row_bands_mut(ROWS).into_iter();
    let targets: Vec<_> = targets
        .zip(fit.integrations.row_bands_mut(ROWS))
        .zip(fit.chi_square.axis_chunks_iter_mut(Axis(0), ROWS))
        .collect();
    ramp.row_bands(ROWS)?.par_iter().zip(targets).try_for_each(
        |(band, ((exposure, each), chi_square))| {
            fit_likely_band(&plan, band, exposure, each, chi_square)
        },
    )?;
    Ok(Fitted {
        algorithm: "LIKELY",
        slope: fit.exposure.slope,
        err: fit.exposure.err,
    })
}

fn cas22(detector: &Detector, ramps: &Ramps) -> Result<Fitted> {
    let (frames, period) = (
        detector.frames_per_group,
        detector.frames_per_group + detector.group_gap,
    );
    let reads = |group| {
        (1..=frames)
            .map(|read| (group * period + read) as u32)
            .collect()
    };
    let pattern = ReadPattern::new((0..detector.groups).map(reads).collect())?;
    let params = Cas22Params {
        jumps: ramps.with_jumps.then(JumpThreshold::default),
        ..Cas22Params::default()
    };
    let plan = Cas22Plan::new(&pattern, detector.frame_time_s, params);
    let gain = detector.gain_e_per_dn as f32;
    let data = ramps.data_dn.slice(s![0, .., .., ..]).mapv(|dn| dn * gain);
    let mut dq = ndarray::Array3::zeros(data.raw_dim());
    let (_, rows, columns) = data.dim();
    let read_noise = Array2::from_elem((rows, columns), detector.read_noise_e as f32);
    let mut rates = Rates::zeros(Ix2(rows, columns));
    let bands: Vec<_> = data
        .axis_chunks_iter(Axis(1), ROWS)
        .zip(dq.axis_chunks_iter_mut(Axis(1), ROWS))
        .zip(read_noise.axis_chunks_iter(Axis(0), ROWS))
        .zip(rates.row_bands_mut(ROWS))
        .collect();
    bands
        .into_par_iter()
        .try_for_each(|(((data_e, dq), read_noise_e), rates)| {
            let ramp = Resultants {
                data_e,
                dq,
                read_noise_e,
            };
            fit_cas22_band(&plan, ramp, rates)
        })?;
    Ok(Fitted {
        algorithm: "CAS22",
        slope: rates.slope / gain,
        err: rates.err / gain,
    })
}
