//! Fits count rates to plain arrays, as another mission would.
//!
//! `cargo run --release -p stcal --example ramp_fit`
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use ndarray::{Array2, Array4};
use stcal::ramp_fit::{GroupWindow, OlsParams, OlsPlan, Ramp, RampFitError, RampTiming, fit_ols};

fn main() -> Result<(), RampFitError> {
    // One integration of eight groups of 10 s; each pixel gains 5 DN/s for every column it is away from the left.
    let (groups, rows, columns) = (8, 2, 4);
    let data = Array4::from_shape_fn((1, groups, rows, columns), |(_, group, _, column)| {
        100.0 + 50.0 * (group * column) as f32
    });
    let mut group_dq = Array4::<u8>::zeros(data.raw_dim());
    // A cosmic ray hit the last pixel before its fifth group: the fit cuts the ramp there.
    group_dq[[0, 4, 1, 3]] = OlsParams::default().flags.group.jump;
    let (pixel_dq, read_noise, gain) = (
        Array2::zeros((rows, columns)),
        Array2::from_elem((rows, columns), 12.0),
        Array2::from_elem((rows, columns), 2.0),
    );
    let ramp = Ramp {
        data_dn: data.view(),
        group_dq: group_dq.view(),
        pixel_dq: pixel_dq.view(),
        read_noise_dn: read_noise.view(),
        gain_e_per_dn: gain.view(),
        zero_frame_dn: None,
        dark_rate: None,
    };
    let timing = RampTiming {
        group_time_s: 10.0,
        frame_time_s: 10.0,
        frames_per_group: 1,
        group_gap: 0,
        dropped_frames: 0,
    };
    let plan = OlsPlan::new(
        groups,
        GroupWindow::all(groups),
        &timing,
        OlsParams::default(),
    )?;
    let fit = fit_ols(&plan, &ramp)?;
    println!("rates [DN/s]:\n{:.3}", fit.exposure.slope);
    println!("errors [DN/s]:\n{:.3}", fit.exposure.err);
    Ok(())
}
